/**
 * The record of a run as a folder:
 *
 *   run.json            what was asked for, with versions, hashes and seeds; written first
 *   events.jsonl        the journal: every event in order, an append a line, with the lengths of the next three
 *   metrics.jsonl       one StepReport a line
 *   episodes.jsonl.gz   one EpisodeRecord a line, every attempted episode
 *   evaluations.jsonl   one evaluation a line: task -> passed of n
 *   summary.json        how it went, by the journal: kept current, and final when the run has ended
 *   checkpoints/        weights
 *   superseded/         what followed the points from which the run was resumed
 *   episodes.index.gz   what a viewer found in many episodes, for the next time; can be deleted
 *   lock                there while a process writes
 *
 * An append is committed by its line in the journal, which is written last; what the other files
 * hold beyond it does not count. So a folder can be read at any moment, and a crash at any byte costs
 * no more than the append it met. What ends a step or more is on the disk when the append returns.
 *
 * All times are in fields called `seconds` or `milliseconds`: but for the journal, two runs of one
 * seed differ nowhere else. The reading side is RunReader.
 */
import type { Scope } from "effect"
import { Cause, Effect, Exit, FileSystem, Layer, Option, Path, Semaphore } from "effect"
import type { PlatformError } from "effect/PlatformError"
import { gzip } from "node:zlib"
import * as EpisodeRecord from "../domain/EpisodeRecord.ts"
import * as Journal from "../domain/Journal.ts"
import {
  type Attempted,
  type Evaluated,
  type RunEvent,
  RunStore,
  type RunStoreError,
  unwritable
} from "../domain/RunStore.ts"
import * as Summary from "../domain/Summary.ts"
import { inWords } from "./FileProblem.ts"
import * as Folder from "./Folder.ts"
import * as RunJournal from "./RunJournal.ts"
import * as RunLock from "./RunLock.ts"

/** Changes when a reader of the previous format would misread the folder. */
export const format = 1

export const files = {
  run: "run.json",
  journal: "events.jsonl",
  metrics: "metrics.jsonl",
  episodes: "episodes.jsonl.gz",
  evaluations: "evaluations.jsonl",
  summary: "summary.json",
  checkpoints: "checkpoints",
  superseded: "superseded",
  index: "episodes.index.gz",
  lock: "lock"
} as const

/** JSON text per gzip member: bounds what an append holds in memory besides the episodes themselves. */
const memberLength = 4 * 1024 * 1024

/** Maps a platform's failure to write `path`. */
export const writing = (path: string) => Effect.mapError((error: PlatformError) => unwritable(path, inWords(error)))

export const compress = (text: string): Effect.Effect<Uint8Array> =>
  Effect.callback((resume) => {
    gzip(text, { level: 1 }, (error, bytes) => resume(error === null ? Effect.succeed(bytes) : Effect.die(error)))
  })

const line = (value: unknown): string => `${JSON.stringify(value)}\n`

/** Lines in pieces of about `memberLength`, at least one line each. */
export function* members(lines: Iterable<string>): Generator<{ readonly text: string; readonly count: number }> {
  let text = ""
  let count = 0
  for (const next of lines) {
    text += next
    count += 1
    if (text.length >= memberLength) {
      yield { text, count }
      text = ""
      count = 0
    }
  }
  if (count > 0) yield { text, count }
}

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): Pick<Summary.Summary, "outcome" | "detail"> => {
  if (Exit.isSuccess(exit)) return { outcome: "completed", detail: "" }
  if (Cause.hasInterruptsOnly(exit.cause)) return { outcome: "interrupted", detail: "interrupted" }
  const error = Cause.squash(exit.cause)
  return { outcome: "failed", detail: error instanceof Error ? error.message : String(error) }
}

/** A file that grows. */
interface Growing {
  readonly path: string
  readonly file: FileSystem.File
  /** Bytes that are committed, and bytes that are there. */
  committed: number
  written: number
}

/** The files that an append extends. */
export type Growth = Readonly<Record<"journal" | keyof Journal.Lengths, Growing>>

/** Opens the growing files of a folder, each of which has so many bytes. */
export const openGrowth = Effect.fnUntraced(function*<R>(
  folder: string,
  open: (file: string) => Effect.Effect<FileSystem.File, RunStoreError, R>,
  lengths: Readonly<Record<keyof Growth, number>>
) {
  const path = yield* Path.Path
  const opened = Effect.fnUntraced(function*(name: keyof Growth) {
    const at = path.join(folder, files[name])
    const growing: Growing = { path: at, file: yield* open(at), committed: lengths[name], written: lengths[name] }
    return growing
  })
  const growth: Growth = {
    journal: yield* opened("journal"),
    metrics: yield* opened("metrics"),
    episodes: yield* opened("episodes"),
    evaluations: yield* opened("evaluations")
  }
  return growth
})

const encoder = new TextEncoder()

const extend = (to: Growing, bytes: Uint8Array): Effect.Effect<void, RunStoreError> =>
  to.file.writeAll(bytes).pipe(
    writing(to.path),
    Effect.andThen(Effect.sync(() => {
      to.written += bytes.length
    }))
  )

const sync = ({ file, path }: Growing): Effect.Effect<void, RunStoreError> => writing(path)(file.sync)

/** What the journal keeps of an event; episodes are noted where they are written. */
const noted = (event: RunEvent): ReadonlyArray<Journal.Event> => {
  switch (event._tag) {
    case "RunStarted":
      return [{ _tag: "RunStarted", milliseconds: event.milliseconds }]
    case "EpisodeAttempted":
      return []
    case "StepDone": {
      const { stageIndex, step, update } = event.report
      return [{ _tag: "StepDone", stageIndex, step, trained: update !== undefined }]
    }
    case "Evaluated":
      return [{ _tag: "Evaluated", when: event.when, scores: event.scores, seconds: event.seconds }]
    default:
      return [event]
  }
}

/** The step that an episode's id names: that which it was played for. */
export const stepOf = (id: string): number => Number(id.split("/")[1])

/** Episodes as gzip members, each of one step. */
const compressEpisodes = Effect.fnUntraced(function*(attempts: ReadonlyArray<Attempted>) {
  const compressed: Array<{ readonly step: number; readonly count: number; readonly bytes: Uint8Array }> = []
  for (const [step, of] of Map.groupBy(attempts, ({ id }) => stepOf(id))) {
    const lines = Iterator.from(of).map((attempted) => line(EpisodeRecord.make(attempted)))
    for (const { count, text } of members(lines)) compressed.push({ step, count, bytes: yield* compress(text) })
  }
  return compressed
})

const isPassing = (event: Journal.Event): event is Journal.WeightsSaved =>
  event._tag === "WeightsSaved" && !Journal.isLasting(event.kind)

/** Whether an append ends in the middle of a step, which has no place to go on from. */
const isWithinStep = (events: ReadonlyArray<RunEvent>): boolean => {
  const last = events.at(-1)?._tag
  return last === "EpisodesMoved" || last === "EpisodeAttempted" || last === "RoundJudged" || last === "UpdateStarted"
}

const heldBy = (folder: string, { host, pid }: RunLock.Holder): RunStoreError =>
  unwritable(folder, `process ${pid} on ${host} is writing this run; one at a time can`)

/** Takes the folder's lock until the scope closes, or fails with who holds it. */
export const lock = Effect.fnUntraced(function*(folder: string) {
  const path = yield* Path.Path
  const file = path.join(folder, files.lock)
  const holder = yield* RunLock.acquire(file).pipe(writing(file))
  if (Option.isSome(holder)) return yield* heldBy(folder, holder.value)
})

/** Writes run.json: what was asked for. */
type Begin = (event: RunEvent & { readonly _tag: "RunStarted" }) => Effect.Effect<void, RunStoreError>

/** The store that extends a folder's files, whose journal has these events so far. */
export const makeStore = Effect.fnUntraced(function*(
  folder: string,
  growth: Growth,
  history: ReadonlyArray<Journal.Event>,
  begin: Begin
): Effect.fn.Return<RunStore["Service"], RunStoreError, FileSystem.FileSystem | Path.Path | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const at = (name: string) => path.join(folder, name)
  const oneAtATime = yield* Semaphore.make(1)
  const { episodes, evaluations, journal, metrics } = growth
  const payloads = [metrics, episodes, evaluations]
  const growing = [journal, ...payloads]

  /** Fails once another process writes this run. */
  const own = Effect.flatMap(
    RunLock.other(at(files.lock)),
    Option.match({
      onNone: () => Effect.void,
      onSome: (other) => Effect.fail(heldBy(folder, other))
    })
  ).pipe(Effect.provideService(FileSystem.FileSystem, fs))

  let summary = history.reduce(Summary.next, Summary.empty)
  const writeSummary = Effect.suspend(() => {
    const text = `${pretty(summary)}\n`
    return Folder.replace(at(files.summary), (beside) => fs.writeFileString(beside, text))
  }).pipe(Effect.provideService(FileSystem.FileSystem, fs), writing(at(files.summary)))
  yield* writeSummary
  yield* Effect.addFinalizer((exit) => {
    if (summary.outcome !== "running") return Effect.void
    summary = { ...summary, ...outcomeOf(exit) }
    return Effect.catch(Effect.andThen(own, writeSummary), (error) => Effect.logError(error.message))
  })

  const passing = history.filter(isPassing)
  const retire = Effect.fnUntraced(function*(events: ReadonlyArray<Journal.Event>) {
    passing.push(...events.filter(isPassing))
    for (const { path } of passing.splice(0, Math.max(0, passing.length - Journal.passing))) {
      yield* fs.remove(at(path), { recursive: true, force: true }).pipe(writing(at(path)))
    }
  })

  let failed = false
  /** Takes back what an append left behind that failed halfway. */
  const takeBack = Effect.suspend(() =>
    failed
      ? Effect.forEach(growing, (one) => {
        one.written = one.committed
        return one.file.truncate(one.committed).pipe(writing(one.path))
      }, { discard: true })
      : Effect.void
  )

  const append = Effect.fnUntraced(function*(events: ReadonlyArray<RunEvent>) {
    yield* own
    yield* takeBack
    failed = true
    for (const event of events) if (event._tag === "RunStarted") yield* begin(event)
    const attempts = events.flatMap((event) => event._tag === "EpisodeAttempted" ? [event.attempted] : [])
    const notes: Array<Journal.EpisodesWritten> = []
    for (const member of yield* compressEpisodes(attempts)) {
      const { bytes, count, step } = member
      notes.push({ _tag: "EpisodesWritten", step, at: episodes.written, bytes: bytes.length, episodes: count })
      yield* extend(episodes, bytes)
    }
    for (const event of events) {
      if (event._tag === "StepDone") yield* extend(metrics, encoder.encode(line(event.report)))
      if (event._tag !== "Evaluated") continue
      const { tasks, when } = event
      yield* extend(evaluations, encoder.encode(line({ when, tasks } satisfies Evaluated)))
    }
    const synced = !isWithinStep(events)
    if (synced) yield* Effect.forEach(payloads, sync, { concurrency: "unbounded", discard: true })
    const kept = [...notes, ...events.flatMap(noted)]
    const lengths = { metrics: metrics.written, episodes: episodes.written, evaluations: evaluations.written }
    yield* extend(journal, encoder.encode(RunJournal.encode({ events: kept, lengths })))
    if (synced) yield* sync(journal)
    for (const one of growing) one.committed = one.written
    failed = false
    yield* retire(kept)
    const after = kept.reduce(Summary.next, summary)
    if (after !== summary) {
      summary = after
      yield* writeSummary
    }
  })
  return RunStore.of({
    // Whole or not at all as far as an interruption goes: a line is never cut by Ctrl-C.
    append: (events) => append(events).pipe(oneAtATime.withPermits(1), Effect.uninterruptible)
  })
})

const pretty = (value: unknown): string => JSON.stringify(value, null, 2)

const make = Effect.fnUntraced(function*(folder: string): Effect.fn.Return<
  RunStore["Service"],
  RunStoreError,
  FileSystem.FileSystem | Path.Path | Scope.Scope
> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  yield* Folder.create(path.join(folder, files.checkpoints)).pipe(writing(folder))
  // Opened for exclusive creation, so that of two runs given one folder the second is refused, whoever wins.
  const create = (file: string) =>
    fs.open(file, { flag: "ax" }).pipe(
      Effect.mapError((error) =>
        error.reason._tag === "AlreadyExists"
          ? unwritable(folder, `the folder already holds a run (${path.basename(file)}); nothing was overwritten`)
          : unwritable(file, inWords(error))
      )
    )
  const run = path.join(folder, files.run)
  const manifest = yield* create(run)
  yield* lock(folder)
  const growth = yield* openGrowth(folder, create, { journal: 0, ...Journal.empty })
  return yield* makeStore(folder, growth, [], (event) => {
    const contents = { format, seconds: { started: event.milliseconds / 1000 }, ...event.manifest }
    return manifest.writeAll(encoder.encode(`${pretty(contents)}\n`)).pipe(Effect.andThen(manifest.sync), writing(run))
  })
})

/** Makes the folder; refused when it holds a run. A run that ends without saying how is summarised by how its scope closes. */
export const layer = (folder: string): Layer.Layer<RunStore, RunStoreError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(RunStore, make(folder))
