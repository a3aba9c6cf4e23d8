/** `envtune tune`: a whole run of a curriculum, recorded in a folder of its own. */
import { Clock, Console, DateTime, Effect, Layer, Option, Path, Schema } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Augmentor from "../../domain/Augmentor.ts"
import type { Curriculum } from "../../domain/Curriculum.ts"
import * as Reward from "../../domain/Reward.ts"
import { Tasks } from "../../domain/Tasks.ts"
import * as PolicyEngine from "../../layers/PolicyEngine.ts"
import * as RunFolder from "../../layers/RunFolder.ts"
import * as TrainerGrpo from "../../layers/TrainerGrpo.ts"
import * as Versions from "../../layers/Versions.ts"
import { type EvaluateOptions, select as selectTasks } from "../evaluate.ts"
import { load, type Loaded, select } from "../load.ts"
import { Parts, Unavailable, type World } from "../parts.ts"
import { writeReport } from "../report.ts"
import { run, type RunOptions, type RunResult } from "../run.ts"
import * as Show from "../show.ts"
import * as Tables from "../tables.ts"
import * as Flags from "./flags.ts"

const flags = {
  curriculum: Argument.String("curriculum").pipe(
    Argument.withDescription(
      "A TypeScript file whose default export is a curriculum; the paper's four stages when absent"
    ),
    Argument.optional
  ),
  data: Flags.data,
  split: Flags.split,
  seed: Flags.seed,
  minutes: Flag.Finite("minutes").pipe(
    Flag.withSchema(Schema.Finite.check(Schema.isGreaterThan(0))),
    Flag.withDescription("Training time at most; stage i of n is over when i/n of it has passed"),
    Flag.optional
  ),
  out: Flag.String("out").pipe(
    Flag.withDescription("The run's folder, which must not hold a run; runs/<time>-<seed> when absent"),
    Flag.optional
  ),
  workers: Flags.workers,
  noAugment: Flag.Boolean("no-augment").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Leave failed calls unexplained in every stage (the paper's ablation)")
  ),
  reward: Flag.Literals("reward", ["progress", "binary"]).pipe(
    Flag.withDescription("What an episode is worth after stage 1, in the built-in curriculum; progress when absent"),
    Flag.optional
  ),
  stages: Flags.list("stages").pipe(Flag.withDescription("Only these stages, by position or name: 1,2")),
  weights: Flags.weights,
  json: Flags.json
}

/** The same stages with the environment as it is. */
const unaugmented = <E, R>(curriculum: Curriculum<E, R>): Curriculum<E, R> => ({
  ...curriculum,
  name: `${curriculum.name} without augmentation`,
  stages: curriculum.stages.map((stage) => ({ ...stage, services: Layer.merge(stage.services, Augmentor.layerNone) }))
})

type Rewards = "progress" | "binary"

const chosen = Effect.fnUntraced(function*(
  world: World,
  file: Option.Option<string>,
  reward: Option.Option<Rewards>
): Effect.fn.Return<
  Loaded,
  Effect.Error<ReturnType<typeof load>> | Unavailable,
  Effect.Services<ReturnType<typeof load>>
> {
  const rule = Option.contains(reward, "binary") ? Reward.binary : Reward.progress
  if (Option.isNone(file)) return world.curriculum({ reward: rule })
  if (Option.isSome(reward)) {
    return yield* new Unavailable({
      detail: `--reward is for the built-in curriculum; ${file.value} chooses its own rewards`
    })
  }
  return yield* load(file.value)
})

/** `runs/20260131-235959-7`. */
const defaultFolder = (milliseconds: number, seed: number): string => {
  const time = DateTime.formatIso(DateTime.makeUnsafe(milliseconds)).slice(0, 19).replaceAll(/[-:]/g, "")
  return `runs/${time.replace("T", "-")}-${seed}`
}

const sizeOf = (evaluation: EvaluateOptions) =>
  Tasks.useSync(({ all }) => selectTasks(all, evaluation).length * evaluation.samples)

/** What a finished run has to say for itself. */
const conclusion = (folder: string, report: string, { after, before }: RunResult): ReadonlyArray<string> => [
  "",
  ...(before === undefined || after === undefined ? [] : [...Tables.comparison(before, after), ""]),
  `run     ${folder}`,
  `report  ${report}`
]

/** Runs in a folder that is made once everything else is there, so that a mistake leaves no folder behind. */
const record = Effect.fnUntraced(function*(
  curriculum: Loaded,
  folder: string,
  options: Omit<RunOptions, "weights" | "watch"> & { readonly json: boolean; readonly evaluation: EvaluateOptions }
) {
  const path = yield* Path.Path
  const { evaluation, ...others } = options
  const evaluationSize = yield* sizeOf(evaluation)
  const show = yield* Show.make({ json: options.json, evaluationSize })
  return yield* run(curriculum, {
    ...others,
    // A curriculum with tasks of its own may have none to hold out.
    ...(evaluationSize > 0 && { evaluation }),
    watch: show.played,
    weights: (name) => {
      const recorded = `${RunFolder.files.checkpoints}/${name}`
      return { path: path.join(folder, recorded), recorded }
    }
  }).pipe(
    Effect.provide(Layer.provide(Show.layerShown(show), RunFolder.layer(folder))),
    Effect.onInterrupt(() => Console.error(`interrupted; the record and the weights so far are in ${folder}`))
  )
}, Effect.scoped)

/** The options that were given, for the manifest. */
const asked = (options: Readonly<Record<string, Option.Option<Schema.Json>>>): Readonly<Record<string, Schema.Json>> =>
  Object.fromEntries(
    Object.entries(options).flatMap(([name, value]) => Option.isSome(value) ? [[name, value.value]] : [])
  )

export const tune = Command.make(
  "tune",
  flags,
  Effect.fn(function*(given) {
    const { curriculum, data, json, minutes, noAugment, out, reward, seed, split, stages, weights, workers } = given
    const parts = yield* Parts
    const world = yield* parts.world({ data, split })
    const selected = yield* select(yield* chosen(world, curriculum, reward), stages)
    const now = yield* Clock.currentTimeMillis
    const folder = Option.getOrElse(out, () => defaultFolder(now, seed))
    const result = yield* record(noAugment ? unaugmented(selected) : selected, folder, {
      seed,
      ...(Option.isSome(minutes) && { seconds: minutes.value * 60 }),
      evaluation: { ...world.evaluation, seed },
      json,
      about: {
        versions: Versions.all,
        options: asked({
          curriculum,
          data: Option.fromUndefinedOr(data),
          minutes,
          out,
          reward,
          split: Option.fromUndefinedOr(split),
          stages: Option.liftPredicate(stages, (names) => names.length > 0),
          weights: Option.fromUndefinedOr(weights),
          "no-augment": Option.liftPredicate(noAugment, (on) => on)
        })
      }
    }).pipe(
      Effect.provide(
        Layer.merge(TrainerGrpo.layer, PolicyEngine.layer).pipe(
          Layer.provideMerge(parts.machine({ data, weights, workers })),
          Layer.merge(selected.tasks ?? world.tasks)
        )
      )
    )
    const report = yield* writeReport(folder, undefined)
    if (json) yield* Console.log(JSON.stringify({ _tag: "Written", folder, report }))
    else yield* Effect.forEach(conclusion(folder, report, result), (line) => Console.log(line), { discard: true })
  })
).pipe(
  Command.withDescription("Tune a model through a curriculum, and evaluate it before and after"),
  Command.withExamples([
    {
      command: "envtune tune --minutes 6",
      description: "The paper's four stages on the built-in drills, in six minutes"
    },
    { command: "envtune tune curriculum.ts --seed 3 --out runs/mine", description: "A curriculum of your own" },
    { command: "envtune tune --no-augment", description: "The ablation without actionable hints" },
    { command: "envtune tune --reward binary --stages 1,2 --json", description: "Two stages, as JSON lines" }
  ])
)
