/** `envtune evaluate`: what a policy can do on tasks as they are. */
import { Console, Effect, Layer, Option, Schema } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Augmentor from "../../domain/Augmentor.ts"
import type { Loop } from "../../domain/bfcl/ResultFile.ts"
import type { Evaluation } from "../../domain/Evaluation.ts"
import type { Policy } from "../../domain/Policy.ts"
import { total } from "../../domain/Report.ts"
import { Part } from "../../domain/Task.ts"
import { Tasks } from "../../domain/Tasks.ts"
import * as EvaluationFolder from "../../layers/EvaluationFolder.ts"
import * as Fingerprint from "../../layers/Fingerprint.ts"
import * as PolicyEngine from "../../layers/PolicyEngine.ts"
import * as PolicyOpenai from "../../layers/PolicyOpenai.ts"
import * as PolicyScripted from "../../layers/PolicyScripted.ts"
import * as ScriptFile from "../../layers/ScriptFile.ts"
import { evaluate as evaluatePolicy, type EvaluateOptions } from "../evaluate.ts"
import { Parts, type PartsError } from "../parts.ts"
import type { Patience } from "../persist.ts"
import { type Platform, Unavailable } from "../refusal.ts"
import * as Tables from "../tables.ts"
import { oneLine } from "../text.ts"
import * as Flags from "./flags.ts"
import * as Openai from "./openai.ts"

const flags = {
  policy: Flag.Literals("policy", ["engine", "oracle", "scripted", "openai"]).pipe(
    Flag.withDefault("engine"),
    Flag.withDescription(
      "engine: the model; oracle: the ground truth; scripted: messages from --script; openai: a model behind --base-url"
    )
  ),
  script: Flags.path("script").pipe(
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
  results: Flags.path("results").pipe(
    Flag.withDescription(
      "A folder for what was said, in BFCL's result files where the loop is BFCL's: DIR/<model>/multi_turn/...; the same " +
        "command goes on with what is there"
    ),
    Flag.optional
  ),
  model: Flag.String("model").pipe(
    Flag.withSchema(Schema.NonEmptyString),
    Flag.withDescription(
      "The server's name of the model, for --policy openai; and of its folder in --results, which is named after the " +
        "policy and the loop when absent"
    ),
    Flag.optional
  ),
  ...Openai.flags,
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
  maxTokens: Flags.positive("max-tokens").pipe(
    Flag.withDescription("New tokens in a message at most; the tasks' own when absent"),
    Flag.optional
  ),
  concurrency: Flags.positive("concurrency").pipe(Flag.withDescription("Episodes in flight at once"), Flag.optional),
  json: Flags.json
}

const parsePart = Schema.decodeUnknownEffect(Part)

interface PolicyChoice extends Openai.Given {
  readonly policy: "engine" | "oracle" | "scripted" | "openai"
  readonly script: Option.Option<string>
  readonly data: string | undefined
  readonly weights: string | undefined
  readonly workers: number | undefined
  readonly loop: Loop
}

/** What is played, without an augmentor whatever the loop. Models that run here read results as their chat template has them. */
const playable = Effect.fnUntraced(function*(
  { data, loop, model, policy, split }: Pick<PolicyChoice, "data" | "loop" | "model" | "policy"> & {
    readonly split: string | undefined
  }
) {
  const parts = yield* Parts
  if (loop === "training") {
    const world = yield* parts.world({ data, split, explained: policy === "openai" })
    return { ...world, environment: Layer.provide(world.environment, Augmentor.layerNone) }
  }
  if (data === undefined) {
    return yield* new Unavailable({
      detail:
        `--loop ${loop} is for BFCL's own tasks: say where they are with --data, or get them with \`envtune data pull\``
    })
  }
  return yield* parts.official({
    data,
    split,
    mode: loop,
    resultsAs: policy === "engine" ? "tool" : "user",
    modelName: Option.getOrElse(model, () => policy)
  })
})

/** Who plays. */
interface Player {
  readonly layer: Layer.Layer<Policy, PartsError, Platform>
  /** What follows from who it is: its messages, beside the tasks and the sampling. */
  readonly settings: Readonly<Record<string, string>>
  /** Of its folder in the results, when none is given. */
  readonly name: string
  /** Of an evaluation by it. */
  readonly patience: Partial<Patience>
}

/** A request is repeated by itself, and a busy server may take its time over the many of an episode. */
const patienceOfServers: Partial<Patience> = { retries: 0, deadlineSeconds: 6 * 3600 }

const playerOf = Effect.fnUntraced(function*(
  choice: PolicyChoice,
  oracle: Player["layer"],
  { concurrency, sampling }: Pick<EvaluateOptions, "concurrency" | "sampling">
): Effect.fn.Return<Player, PartsError, Parts | Platform> {
  const { data, loop, policy, script, weights, workers } = choice
  const parts = yield* Parts
  const name = loop === "fc" ? `${policy}-FC` : policy
  switch (policy) {
    case "engine":
      return {
        layer: Layer.provide(
          loop === "fc" ? PolicyEngine.layerFunctionCalling : PolicyEngine.layer,
          parts.machine({ data, weights, workers })
        ),
        settings: { weights: weights ?? "base" },
        name,
        patience: {}
      }
    case "oracle":
      return { layer: oracle, settings: {}, name, patience: {} }
    case "scripted": {
      if (Option.isNone(script)) return yield* new Unavailable({ detail: "--policy scripted needs --script FILE" })
      const layer = PolicyScripted.layerRecorded(yield* ScriptFile.read(script.value))
      return { layer, settings: { script: script.value }, name, patience: {} }
    }
    case "openai": {
      const server = yield* Openai.server(choice)
      const { baseUrl, model } = server
      const { temperature } = sampling
      return {
        layer: parts.openai({ ...PolicyOpenai.defaults, ...server, tools: loop === "fc", temperature, concurrency }),
        settings: { baseUrl, model },
        name: loop === "fc" ? `${model}-FC` : model,
        patience: patienceOfServers
      }
    }
  }
})

/** What is written to the results' folder, and was there; nothing where there is none. */
const recordOf = Effect.fnUntraced(function*(
  { model, policy, results }: Pick<PolicyChoice, "model" | "policy"> & { readonly results: Option.Option<string> },
  loop: Loop,
  player: Player,
  { samples, sampling, seed }: EvaluateOptions
) {
  if (Option.isNone(results)) {
    if (Option.isNone(model) || policy === "openai") return Option.none<EvaluationFolder.EvaluationFolder>()
    return yield* new Unavailable({ detail: "--model names a folder within --results, which is missing" })
  }
  const { all } = yield* Tasks
  const folder = yield* EvaluationFolder.open(results.value, {
    model: policy === "openai" ? player.name : Option.getOrElse(model, () => player.name),
    loop,
    samples,
    settings: { loop, policy, ...player.settings, samples, seed, ...sampling, tasks: Fingerprint.ofTasks(all) }
  })
  yield* Effect.forEach(folder.cuts, (cut) => Console.error(cut), { discard: true })
  if (folder.episodes > 0) {
    yield* Console.error(`${results.value}: ${folder.episodes} episodes are there, and are not played again`)
  }
  return Option.some(folder)
})

const unfinishedOf = ({ parts }: Evaluation): number =>
  Object.values(parts).reduce((sum, { unfinished }) => sum + total(unfinished), 0)

export const evaluate = Command.make(
  "evaluate",
  flags,
  Effect.fn(
    function*(given) {
      const { category, json, loop, part, policy, samples, seed } = given
      const playing = yield* playable(given)
      const wanted = yield* Effect.forEach(part, (name) =>
        Effect.mapError(
          parsePart(name),
          () => new Unavailable({ detail: `there is no part "${name}"; there are train, test and transfer` })
        ))
      const { evaluation } = playing
      const asked: EvaluateOptions = {
        ...evaluation,
        seed,
        parts: wanted.length === 0 ? evaluation.parts : wanted,
        categories: category,
        samples,
        sampling: {
          temperature: Option.getOrElse(given.temperature, () => evaluation.sampling.temperature),
          maxTokens: Option.getOrElse(given.maxTokens, () => evaluation.sampling.maxTokens)
        },
        concurrency: Option.getOrElse(given.concurrency, () => evaluation.concurrency)
      }
      if (policy !== "openai") yield* Openai.refuse(given)
      const player = yield* playerOf(given, playing.oracle, asked)
      const prices = yield* Openai.pricesOf(given)
      yield* Effect.gen(function*() {
        const record = yield* recordOf(given, loop, player, asked)
        // What kept an episode from its end, the first of each cause.
        const reasons = new Map<string, string>()
        const { result, spending } = yield* Effect.gen(function*() {
          const result = yield* evaluatePolicy(
            { ...asked, ...player.patience },
            (played) => {
              if (played._tag === "Finished") return Option.isSome(record) ? record.value.write(played) : Effect.void
              if (!reasons.has(played.cause)) reasons.set(played.cause, played.detail)
              return Effect.void
            },
            Option.match(record, { onNone: () => undefined, onSome: ({ recorded }) => recorded })
          )
          if (Option.isSome(record)) yield* record.value.sort
          const meter = yield* Effect.serviceOption(PolicyOpenai.Meter)
          return { result, spending: yield* Effect.transposeOption(Option.map(meter, ({ spending }) => spending)) }
        }).pipe(Effect.provide(Layer.merge(playing.environment, player.layer)))
        const unfinished = unfinishedOf(result)
        if (unfinished > 0) {
          yield* Console.error(`${unfinished} episodes were not finished: ${oneLine([...reasons.values()].join("; "))}`)
          if (Option.isSome(record)) {
            yield* Console.error("they are not in the results; the same command plays them again")
          }
        }
        if (json) {
          yield* Console.log(JSON.stringify({ ...result, ...Option.isSome(spending) && { spending: spending.value } }))
        } else {
          yield* Effect.forEach(Tables.evaluation(result), (line) => Console.log(line), { discard: true })
          if (Option.isSome(spending)) yield* Console.log(Openai.told(spending.value, prices))
        }
      }).pipe(Effect.provide(playing.tasks))
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
    },
    {
      command:
        "envtune evaluate --data DIR --loop fc --policy openai --base-url http://localhost:8000/v1 --model Qwen3-8B",
      description: "A model behind an OpenAI-compatible server"
    }
  ])
)
