/** `envtune tune`: a whole run of a curriculum, recorded in a folder of its own. */
import { Clock, DateTime, Effect, Option } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as RunFolder from "../../layers/RunFolder.ts"
import { conduct } from "../conduct.ts"
import { prepare, type Request } from "../prepare.ts"
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
  minutes: Flags.minutes.pipe(
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
  singleStage: Flag.Boolean("single-stage").pipe(
    Flag.withDefault(false),
    Flag.withDescription("All tasks from the first step on, in the built-in curriculum (the paper's ablation)")
  ),
  saveEvery: Flags.positive("save-every").pipe(
    Flag.withDescription("Steps after which weights to resume from are saved; 20 when absent, and every minute"),
    Flag.optional
  ),
  stages: Flags.list("stages").pipe(Flag.withDescription("Only these stages, by position or name: 1,2")),
  weights: Flags.weights,
  json: Flags.json
}

type Given = Omit<Command.Command.Config.Infer<typeof flags>, "json" | "seed" | "workers">

/** The options that were given. */
const request = (
  { curriculum, data, minutes, noAugment, out, reward, saveEvery, singleStage, split, stages, weights }: Given
): Request => ({
  ...(Option.isSome(curriculum) && { curriculum: curriculum.value }),
  ...(data !== undefined && { data }),
  ...(split !== undefined && { split }),
  ...(Option.isSome(minutes) && { minutes: minutes.value }),
  ...(Option.isSome(out) && { out: out.value }),
  ...(noAugment && { "no-augment": noAugment }),
  ...(Option.isSome(reward) && { reward: reward.value }),
  ...(singleStage && { "single-stage": singleStage }),
  ...(Option.isSome(saveEvery) && { "save-every": saveEvery.value }),
  ...(stages.length > 0 && { stages }),
  ...(weights !== undefined && { weights })
})

/** `runs/20260131-235959-7`. */
const defaultFolder = (milliseconds: number, seed: number): string => {
  const time = DateTime.formatIso(DateTime.makeUnsafe(milliseconds)).slice(0, 19).replaceAll(/[-:]/g, "")
  return `runs/${time.replace("T", "-")}-${seed}`
}

export const tune = Command.make(
  "tune",
  flags,
  Effect.fn(function*({ json, seed, workers, ...given }) {
    const prepared = yield* prepare(request(given), { seed, workers })
    const now = yield* Clock.currentTimeMillis
    const folder = Option.getOrElse(given.out, () => defaultFolder(now, seed))
    yield* conduct(prepared, { folder, json, store: RunFolder.layer(folder) })
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
