/** `envtune tune`: a whole run of a curriculum, recorded in a folder of its own. */
import { Clock, Console, DateTime, Effect, Option, Schema } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Family } from "../../domain/chat/Family.ts"
import { Name as ProfileName } from "../../domain/tinker/ServerProfile.ts"
import * as RunFolder from "../../layers/RunFolder.ts"
import { conduct } from "../conduct.ts"
import { foresee } from "../foresee.ts"
import { prepare, type Request } from "../prepare.ts"
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
  minutes: Flags.minutes.pipe(
    Flag.withDescription("Training time at most; stage i of n is over when i/n of it has passed"),
    Flag.optional
  ),
  out: Flags.path("out").pipe(
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
  trainer: Flag.String("trainer").pipe(
    Flag.withDescription("A server that speaks Tinker's protocol, to train a model there; see envtune doctor"),
    Flag.optional
  ),
  profile: Flag.Literals("profile", ProfileName.literals).pipe(
    Flag.withDescription("What kind of server it is"),
    Flag.optional
  ),
  baseModel: Flag.String("base-model").pipe(
    Flag.withDescription("The model to train, as the server calls it"),
    Flag.optional
  ),
  model: Flags.path("model").pipe(
    Flag.withDescription("A folder with this model's tokenizer and chat template"),
    Flag.optional
  ),
  family: Flag.Literals("family", Family.literals).pipe(
    Flag.withDescription("How the model writes calls"),
    Flag.optional
  ),
  rank: Flag.Int("rank").pipe(
    Flag.withSchema(Schema.Natural),
    Flag.withDescription("Of the adapters that are trained, or 0 for all weights; 32 when absent"),
    Flag.optional
  ),
  thinking: Flag.Literals("thinking", ["on", "off"]).pipe(
    Flag.withDescription(
      "Whether the model thinks before it speaks, where its family can be told; as its template has it"
    ),
    Flag.optional
  ),
  history: Flag.Literals("history", ["template", "sampled"]).pipe(
    Flag.withDescription(
      "What a prompt holds of earlier messages: what the model's template makes of them (often without thoughts), or what " +
        "was sampled, so that an episode is one sequence; template when absent"
    ),
    Flag.optional
  ),
  context: Flags.positive("context").pipe(
    Flag.withDescription("The longest sequence the server takes, in tokens; 32768 when absent"),
    Flag.optional
  ),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Say what the run would take, check its settings against the engine, and end")
  ),
  gpu: Flag.Literals("gpu", ["a100", "h100", "h200", "b200"]).pipe(
    Flag.withDefault("h100"),
    Flag.withDescription("What --dry-run counts hours of")
  ),
  parameters: Flag.Finite("parameters").pipe(
    Flag.withSchema(Schema.Finite.check(Schema.isGreaterThan(0))),
    Flag.withDescription("Of the model, for --dry-run where the engine does not say: 7.6e9"),
    Flag.optional
  ),
  json: Flags.json
}

type Given = Omit<
  Command.Command.Config.Infer<typeof flags>,
  "dryRun" | "gpu" | "json" | "parameters" | "seed" | "workers"
>

const named = <Name extends keyof Request>(name: Name, value: Option.Option<Request[Name]>): Pick<Request, Name> | {} =>
  Option.isSome(value) ? { [name]: value.value } : {}

/** The options that were given. */
const request = ({ data, noAugment, singleStage, split, stages, weights, ...given }: Given): Request => ({
  ...named("curriculum", given.curriculum),
  ...(data !== undefined && { data }),
  ...(split !== undefined && { split }),
  ...named("minutes", given.minutes),
  ...named("out", given.out),
  ...(noAugment && { "no-augment": noAugment }),
  ...named("reward", given.reward),
  ...(singleStage && { "single-stage": singleStage }),
  ...named("save-every", given.saveEvery),
  ...(stages.length > 0 && { stages }),
  ...(weights !== undefined && { weights }),
  ...named("trainer", given.trainer),
  ...named("profile", given.profile),
  ...named("base-model", given.baseModel),
  ...named("model", given.model),
  ...named("family", given.family),
  ...named("rank", given.rank),
  ...named("thinking", given.thinking),
  ...named("history", given.history),
  ...named("context", given.context)
})

/** `runs/20260131-235959-7`. */
const defaultFolder = (milliseconds: number, seed: number): string => {
  const time = DateTime.formatIso(DateTime.makeUnsafe(milliseconds)).slice(0, 19).replaceAll(/[-:]/g, "")
  return `runs/${time.replace("T", "-")}-${seed}`
}

export const tune = Command.make(
  "tune",
  flags,
  Effect.fn(function*({ dryRun, gpu, json, parameters, seed, workers, ...given }) {
    const prepared = yield* prepare(request(given), { seed, workers })
    if (dryRun) {
      const forecast = yield* foresee(prepared, Option.getOrUndefined(parameters))
      const lines = json ? [JSON.stringify(forecast)] : Tables.forecast(forecast, gpu)
      return yield* Effect.forEach(lines, (line) => Console.log(line), { discard: true })
    }
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
    { command: "envtune tune --data bfcl --dry-run", description: "What a run would take, without starting it" },
    { command: "envtune tune --no-augment", description: "The ablation without actionable hints" },
    { command: "envtune tune --reward binary --stages 1,2 --json", description: "Two stages, as JSON lines" }
  ])
)
