/**
 * `npm run live:openai`: a real OpenAI-compatible server, `transformers serve`, on a CPU, asked by the policy of
 * `envtune evaluate --policy openai` to play instances of BFCL in both official loops. Its model is tiny_model.py's: what
 * it says is noise, but the protocol is real. Each evaluation is run again from its folder, which has to ask for nothing.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Clock, Console, Effect, FileSystem, Path } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Category } from "../../src/domain/bfcl/Entry.ts"
import type { Mode } from "../../src/domain/bfcl/Official.ts"
import type { Task } from "../../src/domain/Task.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import * as BfclCache from "../../src/layers/BfclCache.ts"
import * as BfclFolder from "../../src/layers/BfclFolder.ts"
import * as EnvironmentBfclOfficial from "../../src/layers/EnvironmentBfclOfficial.ts"
import * as EvaluationFolder from "../../src/layers/EvaluationFolder.ts"
import * as PolicyOpenai from "../../src/layers/PolicyOpenai.ts"
import { benchmark, positive } from "../../src/programs/commands/flags.ts"
import * as Openai from "../../src/programs/commands/openai.ts"
import { defaults, evaluate } from "../../src/programs/evaluate.ts"
import * as Tables from "../../src/programs/tables.ts"
import * as Process from "./Process.ts"

/** `requests` is imported by the server, and not among what it says it needs. */
const packages = ["transformers[serving]==5.8.0", "torch", "openai", "requests"]

const offline = { HF_HUB_OFFLINE: "1", CUDA_VISIBLE_DEVICES: "" }

/** The base URL of a server of the tiny model, and the model's name there. */
const serving = Effect.fnUntraced(function*(python: string) {
  const path = yield* Path.Path
  const own = yield* Process.environment({ name: "openai", packages, python })
  const model = path.join(Process.folder, "tiny-qwen3")
  yield* Process.run(own, [Process.script("tiny_model.py"), model])
  const url = yield* Process.start(
    path.join(path.dirname(own), "transformers"),
    ["serve", model, "--host", "127.0.0.1", "--port", "0", "--device", "cpu", "--log-level", "info"],
    (line) => /running on (http:\S+)/.exec(line)?.[1],
    { env: offline }
  )
  return { baseUrl: `${url}/v1`, model }
})

const concurrency = 4

interface Subject {
  readonly tasks: ReadonlyArray<Task>
  readonly read: Effect.Success<ReturnType<typeof BfclFolder.read>>
  readonly baseUrl: string
  readonly model: string
  readonly maxTokens: number
  readonly results: string
}

/** The first instances of each category. */
const picked = (all: ReadonlyArray<Task>, instances: number): ReadonlyArray<Task> =>
  Category.literals.flatMap((category) =>
    all.filter((task) => task.category === category).slice(0, instances / Category.literals.length)
  )

const play = Effect.fnUntraced(function*(subject: Subject, mode: Mode) {
  const { baseUrl, maxTokens, model, read: { documents, longContext }, results, tasks } = subject
  const folder = yield* EvaluationFolder.open(results, { model: mode, loop: mode, samples: 1, settings: { baseUrl } })
  const begin = yield* Clock.currentTimeMillis
  const sampling = { temperature: 1, maxTokens }
  const { result, spending } = yield* Effect.gen(function*() {
    const result = yield* evaluate(
      { ...defaults, parts: ["train", "test"], sampling, concurrency, retries: 0, maxSteps: 1000 },
      (played) => played._tag === "Finished" ? folder.write(played) : Effect.void,
      folder.recorded
    )
    return { result, spending: yield* (yield* PolicyOpenai.Meter).spending }
  }).pipe(
    Effect.provide([
      Tasks.layer(tasks, { source: "BFCL multi-turn" }),
      EnvironmentBfclOfficial.layer({ documents, longContext, mode }),
      PolicyOpenai.layer({
        ...PolicyOpenai.defaults,
        baseUrl,
        model,
        tools: mode === "fc",
        temperature: sampling.temperature,
        concurrency
      })
    ])
  )
  return { result, spending, recorded: folder.episodes, seconds: ((yield* Clock.currentTimeMillis) - begin) / 1000 }
})

const check = Effect.fnUntraced(function*(subject: Subject, mode: Mode) {
  const { result, seconds, spending } = yield* play(subject, mode)
  yield* Effect.forEach(Tables.evaluation(result), (line) => Console.log(line), { discard: true })
  yield* Console.log(`${mode}: ${Openai.told(spending)}; ${seconds.toFixed(1)} s`)
  const again = yield* play(subject, mode)
  const { requests } = again.spending
  // One is the trial of the server.
  if (
    again.recorded !== subject.tasks.length || requests !== 1 || Object.keys(result.tasks).length !== again.recorded
  ) {
    return yield* new Process.LiveError({
      detail:
        `${mode}: ${again.recorded} of ${subject.tasks.length} episodes were recorded, and ${requests} requests made again`
    })
  }
})

Command.make(
  "live:openai",
  {
    python: Process.python,
    data: benchmark,
    instances: positive("instances").pipe(Flag.withDefault(20), Flag.withDescription("A fourth of each category")),
    maxTokens: positive("max-tokens").pipe(Flag.withDefault(24))
  },
  Effect.fnUntraced(function*({ data, instances, maxTokens, python }) {
    const fs = yield* FileSystem.FileSystem
    const folder = data ?? (yield* BfclCache.folder)
    const read = yield* BfclFolder.read(folder)
    const { all } = yield* Effect.provide(Tasks.Tasks, BfclFolder.tasksOf(read, folder))
    const results = yield* fs.makeTempDirectoryScoped({ prefix: "envtune-" })
    const served = yield* serving(python)
    yield* Effect.forEach(
      ["fc", "prompting"] as const,
      (mode) => check({ read, tasks: picked(all, instances), ...served, maxTokens, results }, mode),
      { discard: true }
    )
  }, Effect.scoped)
).pipe(
  Command.withDescription("A real OpenAI-compatible server on a CPU, through the policy of envtune evaluate"),
  Command.run({ version: "0" }),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
