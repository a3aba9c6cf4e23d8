/** `envtune evaluate`: what a policy can do on tasks as they are. */
import { Console, Effect, FileSystem, Layer, Option, Result, Schema } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Augmentor from "../../domain/Augmentor.ts"
import type { Policy } from "../../domain/Policy.ts"
import { Part } from "../../domain/Task.ts"
import { TasksError, TasksUnreadable } from "../../domain/Tasks.ts"
import * as PolicyEngine from "../../layers/PolicyEngine.ts"
import * as PolicyScripted from "../../layers/PolicyScripted.ts"
import { inWords } from "../../layers/RunFolder.ts"
import { evaluate as evaluatePolicy } from "../evaluate.ts"
import { Parts, type PartsError, type Platform, Unavailable } from "../parts.ts"
import * as Tables from "../tables.ts"
import { oneLine } from "../text.ts"
import * as Flags from "./flags.ts"

const flags = {
  policy: Flag.Literals("policy", ["engine", "oracle", "scripted"]).pipe(
    Flag.withDefault("engine"),
    Flag.withDescription("engine: the model; oracle: the ground truth; scripted: messages from --script")
  ),
  script: Flag.String("script").pipe(
    Flag.withDescription("JSON lines { \"task\": id, \"messages\": [text, ...] } for --policy scripted"),
    Flag.optional
  ),
  data: Flags.data,
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

const ScriptLine = Schema.fromJsonString(
  Schema.Struct({ task: Schema.String, messages: Schema.Array(Schema.String) })
)
const decodeLine = Schema.decodeUnknownResult(ScriptLine)

const readScript = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const unreadable = (detail: string, line?: number) =>
    new TasksError({ reason: new TasksUnreadable({ path, detail, ...(line !== undefined && { line }) }) })
  const text = yield* fs.readFileString(path).pipe(Effect.mapError((error) => unreadable(inWords(error))))
  const script = new Map<string, ReadonlyArray<string>>()
  for (const [at, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue
    const decoded = decodeLine(line)
    if (Result.isFailure(decoded)) return yield* unreadable(oneLine(decoded.failure.message), at + 1)
    script.set(decoded.success.task, decoded.success.messages)
  }
  return script
})

const parsePart = Schema.decodeUnknownEffect(Part)

export const evaluate = Command.make(
  "evaluate",
  flags,
  Effect.fn(
    function*(
      { category, concurrency, data, json, part, policy, samples, script, seed, temperature, weights, workers }
    ) {
      const parts = yield* Parts
      const world = yield* parts.world({ data, seed: undefined })
      const wanted = yield* Effect.forEach(part, (name) =>
        Effect.mapError(
          parsePart(name),
          () => new Unavailable({ detail: `there is no part "${name}"; there are train, test and transfer` })
        ))
      const policyLayer: () => Effect.Effect<Layer.Layer<Policy, PartsError, Platform>, PartsError, Platform> = Effect
        .fnUntraced(function*() {
          switch (policy) {
            case "engine":
              return Layer.provide(PolicyEngine.layer, parts.machine({ data, weights, workers }))
            case "oracle":
              return world.oracle
            case "scripted": {
              if (Option.isNone(script)) {
                return yield* new Unavailable({ detail: "--policy scripted needs --script FILE" })
              }
              return PolicyScripted.layerRecorded(yield* readScript(script.value))
            }
          }
        })
      const { evaluation } = world
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
      }).pipe(
        Effect.provide(
          Layer.mergeAll(
            world.tasks,
            Layer.provide(world.environment, Augmentor.layerNone),
            yield* policyLayer()
          )
        )
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
    }
  ])
)
