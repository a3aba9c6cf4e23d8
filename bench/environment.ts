/**
 * Speed and size of the BFCL environment: the ground truth replayed and checked, executed alone, and what an open episode
 * takes of memory. On the drills, or on the instances of a BFCL folder whose tool sets are all there.
 *
 * All instances are played one after the other, over and over, so that their configurations and calls have been read;
 * "no call seen before" is with the reading of every call. A group plays each of them several times in a row, as training
 * does. The original does the same work in the same order. Rates are those of the quickest round, of either.
 */
import { Effect, Layer, Option } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Augmentor from "../src/domain/Augmentor.ts"
import * as Benchmark from "../src/domain/bfcl/Benchmark.ts"
import { type Entry, groundTruth } from "../src/domain/bfcl/Entry.ts"
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
import * as Replays from "./Replays.ts"
import { entryOf, gold } from "./Scripts.ts"

interface Subject {
  readonly about: string
  readonly tasks: ReadonlyArray<Task>
  readonly longContext: LongContext
  readonly environment: Layer.Layer<Environment>
  /** The original's rates, where they are known. */
  readonly recorded?: { readonly replay: number; readonly execute: number }
}

const drills = Tasks.useSync(({ all }): Subject => ({
  about: `${all.length} drills`,
  tasks: all,
  longContext: DrillsLongContext.longContext,
  environment: Layer.provide(Drills.environment, Augmentor.layerNone)
})).pipe(Effect.provide(Drills.tasks({ seed: 1 })))

/**
 * Instances per second of CPU of the original Python, CPython 3.11.7, on all 800 instances and two cores of an AMD EPYC:
 * what there is to compare with when the original is not run beside this benchmark.
 */
const recorded = { replay: 1310, execute: 2800 }

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
    recorded
  }
  return subject
})

const callsOf = (entries: ReadonlyArray<Entry>): number =>
  entries.reduce((sum, entry) => sum + groundTruth(entry).flat().length, 0)

/** Calls per second of CPU when every one has to be read. */
const readings = Effect.fnUntraced(function*(entries: ReadonlyArray<Entry>, { longContext }: Subject, rounds: number) {
  const { quickest } = yield* Replays.measure("read", entries, longContext, rounds, undefined)
  const figure: Figures.Figure = {
    name: "execution alone, all, no call seen before",
    value: quickest.own * callsOf(entries) / entries.length,
    unit: "calls / CPU s"
  }
  return figure
})

/** Instances, or calls, per second of CPU. */
const rates = Effect.fnUntraced(function*(
  kind: string,
  entries: ReadonlyArray<Entry>,
  { longContext, recorded }: Subject,
  rounds: number,
  original: Replays.Original | undefined
) {
  const callsPerEntry = callsOf(entries) / entries.length
  const isWhole = kind === "all"
  const instances = Effect.fnUntraced(function*(work: "replay" | "execute", name: string, bound: number) {
    const { median, quickest } = yield* Replays.measure(work, entries, longContext, rounds, original)
    const figure = (named: string, { own, original: measured }: Replays.Rates): Figures.Figure => {
      const theirs = measured ?? (isWhole ? recorded?.[work] : undefined)
      const to = measured === undefined ? "CPython (recorded)" : `CPython ${original?.version}, n = ${entries.length}`
      return {
        name: named,
        value: own,
        unit: "instances / CPU s",
        ...(theirs !== undefined && { ratio: { value: own / theirs, to } })
      }
    }
    const best = figure(`${name}, ${kind}`, quickest)
    const target: Figures.Target = { of: "ratio", bound: "at least", value: bound }
    return [isWhole ? { ...best, target } : best, figure("  the median of the rounds", median)]
  })
  const calls = (name: string, { value }: Figures.Figure): Figures.Figure => ({
    name: `  ${name}`,
    value: value * callsPerEntry,
    unit: "calls / CPU s"
  })
  const replays = yield* instances("replay", "replay with checks", 30)
  const executions = yield* instances("execute", "execution alone", 50)
  return [
    ...replays,
    calls("its ground-truth calls, each executed twice", replays[0]!),
    ...executions,
    calls("its calls", executions[0]!)
  ]
})

const episodes = 1000

/** Plays a thousand episodes, one after the other. */
const playAll = (environment: Environment["Service"], tasks: ReadonlyArray<Task>) => {
  const scripts = tasks.map((task) => gold(entryOf(task)))
  return Effect.forEach(
    Array.from({ length: episodes }, (_, seed) => seed),
    (seed) =>
      Effect.scoped(Effect.flatMap(
        environment.open(tasks[seed % tasks.length]!, seed),
        ({ step }) => Effect.forEach(scripts[seed % tasks.length]!, (content) => step({ role: "assistant", content }))
      )),
    { discard: true }
  )
}

/** Growth of the heap by episodes that are over. */
const kept = Effect.fnUntraced(function*(tasks: ReadonlyArray<Task>) {
  const play = playAll(yield* Environment, tasks)
  yield* play
  const before = yield* Figures.inUse
  yield* Effect.repeat(play, { times: 4 })
  const figure: Figures.Figure = {
    name: "kept of a finished episode",
    value: ((yield* Figures.inUse) - before) / (5 * episodes) / 1000,
    unit: "KB",
    target: { of: "value", bound: "at most", value: 0.05 }
  }
  return figure
})

/** Growth of the heap by episodes that are open at once, over what their tasks keep: just opened, and before they end. */
const sizes = Effect.fnUntraced(function*(kind: string, tasks: ReadonlyArray<Task>) {
  const environment = yield* Environment
  yield* playAll(environment, tasks)
  const scripts = tasks.map((task) => gold(entryOf(task)).slice(0, -1))
  const before = yield* Figures.inUse
  const sessions = yield* Effect.forEach(
    Array.from({ length: episodes }, (_, seed) => seed),
    (seed) => environment.open(tasks[seed % tasks.length]!, seed)
  )
  const opened = yield* Figures.inUse
  yield* Effect.forEach(
    sessions,
    ({ step }, i) =>
      Effect.forEach(scripts[i % tasks.length]!, (content) => step({ role: "assistant", content }), { discard: true }),
    { discard: true }
  )
  const played = yield* Figures.inUse
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

/** Episodes of a group, as in the curriculum of the drills. */
const groupSize = 8

/** Each task as often as a group plays it, one after the other: what an instance touches is still in the caches. */
const inGroups = (tasks: ReadonlyArray<Task>): ReadonlyArray<Task> =>
  tasks.flatMap((task) => Array.from({ length: groupSize }, () => task))

export interface Options {
  readonly data: Option.Option<string>
  readonly original: Option.Option<string>
  readonly rounds: number
}

export const measure = Effect.fnUntraced(function*({ data, original: folder, rounds }: Options) {
  const subject = Option.isSome(data) ? yield* benchmark(data.value) : yield* drills
  const { about, environment, tasks } = subject
  const original = Option.isSome(folder)
    ? yield* Replays.startOriginal(folder.value, tasks.map(entryOf))
    : undefined
  const kinds = [
    ["all", tasks],
    [`in groups of ${groupSize}`, inGroups(tasks)],
    ["standard", tasks.filter((task) => !isLong(task))],
    ["long context", tasks.filter(isLong)]
  ] as const
  const figures = [
    ...yield* Effect.forEach(kinds, ([kind, of]) => rates(kind, of.map(entryOf), subject, rounds, original)),
    [yield* readings(tasks.map(entryOf), subject, rounds)],
    ...yield* Effect.forEach(kinds.slice(2), ([kind, of]) => Effect.provide(sizes(kind, of), environment)),
    [yield* Effect.provide(kept(tasks), environment)]
  ]
  const beside = original === undefined ? "" : `; beside the original on CPython ${original.version}`
  const findings: Figures.Findings = { bench: "environment", about: about + beside, figures: figures.flat() }
  return findings
}, Effect.scoped)

export const command = Command.make(
  "environment",
  {
    data: Flag.String("data").pipe(
      Flag.withDescription("A folder with BFCL's multi-turn data; the built-in drills when absent"),
      Flag.optional
    ),
    original: Flag.String("python-reference").pipe(
      Flag.withDescription(
        "A virtual environment or folder of wheels with bfcl-eval and mpmath: does the same work in turns"
      ),
      Flag.optional
    ),
    rounds: Figures.rounds(9),
    json: Figures.json
  },
  Effect.fnUntraced(function*(options) {
    yield* Figures.print(yield* measure(options), options)
  })
).pipe(Command.withDescription("Measures the BFCL environment, without any policy"))
