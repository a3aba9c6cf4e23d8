/**
 * Speed and size of the BFCL environment: the ground truth replayed and checked, executed alone, and what an open episode
 * takes of memory. On the drills, or on the instances of a BFCL folder whose tool sets are all there.
 */
import { Effect, Layer, Option } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Augmentor from "../src/domain/Augmentor.ts"
import * as Benchmark from "../src/domain/bfcl/Benchmark.ts"
import { multiTurn } from "../src/domain/bfcl/Check.ts"
import { type Entry, groundTruth } from "../src/domain/bfcl/Entry.ts"
import { execute, open } from "../src/domain/bfcl/Execute.ts"
import type { LongContext } from "../src/domain/bfcl/LongContext.ts"
import { toolsetOf } from "../src/domain/bfcl/Toolsets.ts"
import { announcement, systemMessage } from "../src/domain/drills/Documents.ts"
import * as DrillsLongContext from "../src/domain/drills/LongContext.ts"
import { Environment } from "../src/domain/Environment.ts"
import type { Task } from "../src/domain/Task.ts"
import { Tasks } from "../src/domain/Tasks.ts"
import * as BfclFolder from "../src/layers/BfclFolder.ts"
import * as Drills from "../src/layers/Drills.ts"
import * as EnvironmentBfcl from "../src/layers/EnvironmentBfcl.ts"
import * as Figures from "./Figures.ts"
import { entryOf, gold } from "./Scripts.ts"

interface Subject {
  readonly about: string
  readonly tasks: ReadonlyArray<Task>
  readonly longContext: LongContext
  readonly environment: Layer.Layer<Environment>
  /** The original's rates on the same instances, where they are known. */
  readonly original?: { readonly replay: number; readonly execution: number }
}

const drills = Tasks.useSync(({ all }): Subject => ({
  about: `${all.length} drills`,
  tasks: all,
  longContext: DrillsLongContext.longContext,
  environment: Layer.provide(Drills.environment, Augmentor.layerNone)
})).pipe(Effect.provide(Drills.tasks({ seed: 1 })))

/**
 * Instances per second of CPU of the original Python, CPython 3.11.7, on all 800 instances and two cores of an AMD EPYC.
 * It has not been run beside this benchmark, so ratios to it are only as good as the two machines are alike.
 */
const recordedOriginal = { replay: 1310, execution: 2800 }

const benchmark = Effect.fnUntraced(function*(folder: string) {
  const read = yield* BfclFolder.read(folder)
  const tasks = Benchmark.tasks(read)
  const complete = tasks.filter((task) => entryOf(task).classes.every((name) => toolsetOf(name) !== undefined))
  const subject: Subject = {
    about: `${complete.length} of ${tasks.length} BFCL instances, those whose tool sets are implemented`,
    tasks: complete,
    longContext: read.longContext,
    environment: EnvironmentBfcl.layerStandard({
      documents: read.documents,
      longContext: read.longContext,
      system: systemMessage,
      announce: announcement
    }),
    original: recordedOriginal
  }
  return subject
})

/** Whatever the ground truth does is what it should: a replay that fails is a fault of the environment. */
const replay = (entries: ReadonlyArray<Entry>, longContext: LongContext) => {
  const decoded = entries.map((entry) => groundTruth(entry).map((calls) => [calls]))
  return (): void =>
    entries.forEach((entry, i) => {
      if (!multiTurn(entry, decoded[i]!, { longContext }).valid) throw new Error(`${entry.id} does not pass`)
    })
}

const executeAll = (
  entries: ReadonlyArray<Entry>,
  longContext: LongContext,
  textOf: (call: string) => string = (call) => call
) =>
(): void => {
  for (const entry of entries) {
    const session = open(entry, { name: entry.id, longContext })
    for (const turn of entry.turns) for (const call of turn.groundTruth) execute(session, textOf(call))
  }
}

const callsOf = (entries: ReadonlyArray<Entry>): number =>
  entries.reduce((sum, entry) => sum + groundTruth(entry).flat().length, 0)

/** Instances, or calls, per second of CPU. */
const rates = (
  kind: string,
  entries: ReadonlyArray<Entry>,
  { longContext, original }: Subject,
  rounds: number
): ReadonlyArray<Figures.Figure> => {
  const calls = callsOf(entries)
  const replays = Figures.perCpuSecond(rounds, replay(entries, longContext))
  const executions = Figures.perCpuSecond(rounds, executeAll(entries, longContext))
  let texts = 0
  const unread = executeAll(entries, longContext, (call) => `${call} # ${texts++}`)
  const readings = Figures.perCpuSecond(rounds, unread)
  const whole = kind === "all" && original !== undefined
  return [
    {
      name: `replay with checks, ${kind}`,
      value: replays * entries.length,
      unit: "instances / CPU s",
      ...(whole && {
        ratio: { value: replays * entries.length / original.replay, to: "CPython (recorded)" },
        target: { of: "ratio", bound: "at least", value: 30 }
      })
    },
    { name: `  its ground-truth calls, each executed twice`, value: replays * calls, unit: "calls / CPU s" },
    {
      name: `execution alone, ${kind}`,
      value: executions * entries.length,
      unit: "instances / CPU s",
      ...(whole && { ratio: { value: executions * entries.length / original.execution, to: "CPython (recorded)" } })
    },
    { name: `  its calls`, value: executions * calls, unit: "calls / CPU s" },
    { name: `  its calls, none seen before`, value: readings * calls, unit: "calls / CPU s" }
  ]
}

/** Bytes in use once nothing is left to collect. */
const inUse = Effect.sync(() => {
  globalThis.gc?.()
  globalThis.gc?.()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
})

const episodes = 1000

/** Growth of the heap by episodes that are open at once, over what their tasks keep: just opened, and before they end. */
const sizes = Effect.fnUntraced(function*(kind: string, tasks: ReadonlyArray<Task>) {
  const environment = yield* Environment
  yield* Effect.forEach(tasks, (task) => Effect.scoped(environment.open(task, 0)), { discard: true })
  const scripts = tasks.map((task) => gold(entryOf(task)).slice(0, -1))
  const before = yield* inUse
  const sessions = yield* Effect.forEach(
    Array.from({ length: episodes }, (_, seed) => seed),
    (seed) => environment.open(tasks[seed % tasks.length]!, seed)
  )
  const opened = yield* inUse
  yield* Effect.forEach(
    sessions,
    ({ step }, i) =>
      Effect.forEach(scripts[i % tasks.length]!, (content) => step({ role: "assistant", content }), { discard: true }),
    { discard: true }
  )
  const played = yield* inUse
  const unit = "KB"
  const kilobytes = (bytes: number): number => bytes / sessions.length / 1000
  const figures: ReadonlyArray<Figures.Figure> = [
    {
      name: `open episode, ${kind}`,
      value: kilobytes(opened - before),
      unit,
      target: { of: "value", bound: "at most", value: 20 }
    },
    { name: `  before its last message, with all results so far`, value: kilobytes(played - before), unit }
  ]
  return figures
}, Effect.scoped)

const isLong = (task: Task): boolean => entryOf(task).longContext

export interface Options {
  readonly data: Option.Option<string>
  readonly rounds: number
}

export const measure = Effect.fnUntraced(function*({ data, rounds }: Options) {
  const subject = Option.isSome(data) ? yield* benchmark(data.value) : yield* drills
  const { about, environment, tasks } = subject
  const kinds = [
    ["all", tasks],
    ["standard", tasks.filter((task) => !isLong(task))],
    ["long context", tasks.filter(isLong)]
  ] as const
  const figures = [
    ...kinds.map(([kind, of]) => rates(kind, of.map(entryOf), subject, rounds)),
    ...yield* Effect.forEach(kinds.slice(1), ([kind, of]) => Effect.provide(sizes(kind, of), environment))
  ]
  const findings: Figures.Findings = { bench: "environment", about, figures: figures.flat() }
  return findings
})

export const command = Command.make(
  "environment",
  {
    data: Flag.String("data").pipe(
      Flag.withDescription("A folder with BFCL's multi-turn data; the built-in drills when absent"),
      Flag.optional
    ),
    rounds: Figures.rounds(5),
    json: Figures.json
  },
  Effect.fnUntraced(function*(options) {
    yield* Figures.print(yield* measure(options), options)
  })
).pipe(Command.withDescription("Measures the BFCL environment, without any policy"))
