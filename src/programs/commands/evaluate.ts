/** `envtune evaluate`: what a policy can do on tasks as they are. */
import { Console, Effect, Layer, Option, Schema } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Augmentor from "../../domain/Augmentor.ts"
import type { Mode } from "../../domain/bfcl/Official.ts"
import type { Policy } from "../../domain/Policy.ts"
import { Part } from "../../domain/Task.ts"
import * as PolicyEngine from "../../layers/PolicyEngine.ts"
import * as PolicyScripted from "../../layers/PolicyScripted.ts"
import * as ResultFolder from "../../layers/ResultFolder.ts"
import * as ScriptFile from "../../layers/ScriptFile.ts"
import { evaluate as evaluatePolicy } from "../evaluate.ts"
import { Parts, type PartsError, type Platform, Unavailable } from "../parts.ts"
import * as Tables from "../tables.ts"
import * as Flags from "./flags.ts"

const flags = {
  policy: Flag.Literals("policy", ["engine", "oracle", "scripted"]).pipe(
    Flag.withDefault("engine"),
    Flag.withDescription("engine: the model; oracle: the ground truth; scripted: messages from --script")
  ),
  script: Flag.String("script").pipe(
    Flag.withDescription(
      "JSON lines { \"task\": id, \"messages\": [text or [{name: arguments}], ...] } for --policy scripted"
    ),
    Flag.optional
  ),
  data: Flags.data,
  split: Flags.split,
  loop: Flag.Literals("loop", ["training", "fc", "prompting"]).pipe(
    Flag.withDefault("training"),
    Flag.withDescription(
      "training: the paper's protocol; fc, prompting: BFCL's own evaluation, function calling or not, for --data"
    )
  ),
  results: Flag.String("results").pipe(
    Flag.withDescription(
      "A folder for what was said, in BFCL's result files: DIR/<model>/multi_turn/...; for --loop fc or prompting"
    ),
    Flag.optional
  ),
  model: Flag.String("model").pipe(
    Flag.withSchema(Schema.NonEmptyString),
    Flag.withDescription("Name of the model's folder in --results; after the policy and the loop when absent"),
    Flag.optional
  ),
  weights: Flags.weights,
  workers: Flags.workers,
  seed: Flags.seed,
  part: Flags.list("part").pipe(Flag.withDescription("train, test, transfer; test,transfer when absent")),
  category: Flags.list("category").pipe(Flag.withDescription("Only these categories: base,miss_param")),
  samples: Flags.positive("samples").pipe(Flag.withDefault(1), Flag.withDescription("Episodes per task")),
  temperature: Flag.Finite("temperature").pipe(
    Flag.withSchema(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))),
    Flag.withDescription("Of sampling; 0 takes the likeliest token; the tasks' own when absent"),
    Flag.optional
  ),
  concurrency: Flags.positive("concurrency").pipe(Flag.withDescription("Episodes in flight at once"), Flag.optional),
  json: Flags.json
}

const parsePart = Schema.decodeUnknownEffect(Part)

type Loop = "training" | Mode

interface PolicyChoice {
  readonly policy: "engine" | "oracle" | "scripted"
  readonly loop: Loop
  readonly script: Option.Option<string>
  readonly data: string | undefined
  readonly weights: string | undefined
  readonly workers: number | undefined
}

/** What is played, without an augmentor whatever the loop. Models that run here read results as their chat template has them. */
const playable = Effect.fnUntraced(function*(
  { data, loop, policy, split }: {
    readonly loop: Loop
    readonly data: string | undefined
    readonly split: string | undefined
    readonly policy: PolicyChoice["policy"]
  }
) {
  const parts = yield* Parts
  if (loop === "training") {
    const world = yield* parts.world({ data, split })
    return { ...world, environment: Layer.provide(world.environment, Augmentor.layerNone) }
  }
  if (data === undefined) {
    return yield* new Unavailable({
      detail:
        `--loop ${loop} is for BFCL's own tasks: say where they are with --data, or get them with \`envtune data pull\``
    })
  }
  return yield* parts.official({ data, split, mode: loop, resultsAs: policy === "engine" ? "tool" : "user" })
})

type PolicyLayer = Layer.Layer<Policy, PartsError, Platform>

const policyOf = Effect.fnUntraced(function*(
  { data, loop, policy, script, weights, workers }: PolicyChoice,
  oracle: PolicyLayer
): Effect.fn.Return<PolicyLayer, PartsError, Parts | Platform> {
  switch (policy) {
    case "engine":
      return Layer.provide(
        loop === "fc" ? PolicyEngine.layerFunctionCalling : PolicyEngine.layer,
        (yield* Parts).machine({ data, weights, workers })
      )
    case "oracle":
      return oracle
    case "scripted":
      return Option.isNone(script)
        ? yield* new Unavailable({ detail: "--policy scripted needs --script FILE" })
        : PolicyScripted.layerRecorded(yield* ScriptFile.read(script.value))
  }
})

/** Writes every episode to the results' folder, where there is to be one. */
const recorder = Effect.fnUntraced(function*(
  folder: Option.Option<string>,
  loop: Loop,
  { model, policy, samples }: {
    readonly model: Option.Option<string>
    readonly policy: string
    readonly samples: number
  }
) {
  if (Option.isNone(folder)) {
    if (Option.isNone(model)) return () => Effect.void
    return yield* new Unavailable({ detail: "--model names a folder within --results, which is missing" })
  }
  if (loop === "training") {
    return yield* new Unavailable({
      detail: "BFCL's result files are of its own loops: --results goes with --loop fc or --loop prompting"
    })
  }
  const name = Option.getOrElse(model, () => loop === "fc" ? `${policy}-FC` : policy)
  const { write } = yield* ResultFolder.writer(folder.value, { model: name, mode: loop, samples })
  return write
})

export const evaluate = Command.make(
  "evaluate",
  flags,
  Effect.fn(
    function*(given) {
      const { category, concurrency, json, loop, part, policy, samples, seed, temperature } = given
      const playing = yield* playable(given)
      const wanted = yield* Effect.forEach(part, (name) =>
        Effect.mapError(
          parsePart(name),
          () => new Unavailable({ detail: `there is no part "${name}"; there are train, test and transfer` })
        ))
      const { evaluation } = playing
      const policyLayer = yield* policyOf(given, playing.oracle)
      const record = yield* recorder(given.results, loop, { model: given.model, policy, samples })
      const result = yield* evaluatePolicy({
        ...evaluation,
        seed,
        parts: wanted.length === 0 ? evaluation.parts : wanted,
        categories: category,
        samples,
        sampling: {
          ...evaluation.sampling,
          temperature: Option.getOrElse(temperature, () => evaluation.sampling.temperature)
        },
        concurrency: Option.getOrElse(concurrency, () => evaluation.concurrency)
      }, record).pipe(
        Effect.provide(Layer.mergeAll(playing.tasks, playing.environment, policyLayer))
      )
      if (json) yield* Console.log(JSON.stringify(result))
      else yield* Effect.forEach(Tables.evaluation(result), (line) => Console.log(line), { discard: true })
    }
  )
).pipe(
  Command.withDescription("Play tasks as they are, without hints, and count what passed"),
  Command.withExamples([
    {
      command: "envtune evaluate --weights runs/mine/checkpoints/final",
      description: "Tuned weights on the held-out drills"
    },
    {
      command: "envtune evaluate --policy oracle --part train,test,transfer",
      description: "Check that the ground truth passes"
    },
    {
      command: "envtune evaluate --part test --category base --samples 4 --temperature 1",
      description: "Four samples a task"
    },
    {
      command: "envtune evaluate --policy scripted --script answers.jsonl --data DIR",
      description: "Answers recorded elsewhere"
    },
    {
      command: "envtune evaluate --data DIR --loop fc --policy oracle --results result",
      description: "BFCL's own evaluation, with result files that envtune score and the official scorer read"
    }
  ])
)
