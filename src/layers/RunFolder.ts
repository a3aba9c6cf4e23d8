/**
 * The record of a run as a folder:
 *
 *   run.json            what was asked for, with versions, hashes and seeds; written first
 *   metrics.jsonl       one StepReport a line
 *   episodes.jsonl.gz   one EpisodeRecord a line, every attempted episode
 *   evaluations.jsonl   one evaluation a line: task -> passed of n
 *   summary.json        how it went: kept current, and final when the run has ended
 *   checkpoints/        weights
 *
 * Each append writes whole gzip members, so a folder can be read at any moment, and what was
 * appended before a crash stays readable. All times are in fields called `seconds`: two runs of
 * one seed differ nowhere else. The reading side is RunReader.
 */
import type { Scope } from "effect"
import { Cause, Effect, Exit, FileSystem, Layer, Path, Semaphore } from "effect"
import type { PlatformError } from "effect/PlatformError"
import { gzip } from "node:zlib"
import * as EpisodeRecord from "../domain/EpisodeRecord.ts"
import { type Evaluated, type RunEvent, RunStore, RunStoreError, StoreUnwritable } from "../domain/RunStore.ts"
import * as Summary from "../domain/Summary.ts"
import { inWords } from "./FileProblem.ts"
import * as Folder from "./Folder.ts"

/** Changes when a reader of the previous format would misread the folder. */
export const format = 1

export const files = {
  run: "run.json",
  metrics: "metrics.jsonl",
  episodes: "episodes.jsonl.gz",
  evaluations: "evaluations.jsonl",
  summary: "summary.json",
  checkpoints: "checkpoints"
} as const

/** JSON text per gzip member: bounds what an append holds in memory besides the episodes themselves. */
const memberLength = 4 * 1024 * 1024

const unwritable = (path: string, detail: string): RunStoreError =>
  new RunStoreError({ reason: new StoreUnwritable({ path, detail }) })

const writing = (path: string) => Effect.mapError((error: PlatformError) => unwritable(path, inWords(error)))

const compress = (text: string): Effect.Effect<Uint8Array> =>
  Effect.callback((resume) => {
    gzip(text, { level: 1 }, (error, bytes) => resume(error === null ? Effect.succeed(bytes) : Effect.die(error)))
  })

const line = (value: unknown): string => `${JSON.stringify(value)}\n`

/** Lines in pieces of about `memberLength`, at least one line each. */
function* members(lines: Iterable<string>): Generator<string> {
  let text = ""
  for (const next of lines) {
    text += next
    if (text.length >= memberLength) {
      yield text
      text = ""
    }
  }
  if (text.length > 0) yield text
}

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): Pick<Summary.Summary, "outcome" | "detail"> => {
  if (Exit.isSuccess(exit)) return { outcome: "completed", detail: "" }
  if (Cause.hasInterruptsOnly(exit.cause)) return { outcome: "interrupted", detail: "interrupted" }
  const error = Cause.squash(exit.cause)
  return { outcome: "failed", detail: error instanceof Error ? error.message : String(error) }
}

const make = Effect.fnUntraced(function*(folder: string): Effect.fn.Return<
  RunStore["Service"],
  RunStoreError,
  FileSystem.FileSystem | Path.Path | Scope.Scope
> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const at = (name: string) => path.join(folder, name)
  const oneAtATime = yield* Semaphore.make(1)

  yield* Folder.create(at(files.checkpoints)).pipe(writing(folder))
  // Opened for exclusive creation, so that of two runs given one folder the second is refused, whoever wins.
  const create = (name: string) =>
    fs.open(at(name), { flag: "wx" }).pipe(
      Effect.mapError((error) =>
        error.reason._tag === "AlreadyExists"
          ? unwritable(folder, `the folder already holds a run (${name}); nothing was overwritten`)
          : unwritable(at(name), inWords(error))
      )
    )
  const run = yield* create(files.run)
  const metrics = yield* create(files.metrics)
  const episodes = yield* create(files.episodes)
  const evaluations = yield* create(files.evaluations)

  let summary = Summary.empty
  // Renamed into place, so that whoever looks sees the old one or the new one.
  const writeSummary = Effect.suspend(() => fs.writeFileString(at("summary.json.new"), `${pretty(summary)}\n`)).pipe(
    Effect.andThen(fs.rename(at("summary.json.new"), at(files.summary))),
    writing(at(files.summary))
  )
  yield* writeSummary
  yield* Effect.addFinalizer((exit) => {
    if (summary.outcome !== "running") return Effect.void
    summary = { ...summary, ...outcomeOf(exit) }
    return Effect.catch(writeSummary, (error) => Effect.logError(error.message))
  })

  const append = Effect.fnUntraced(function*(events: ReadonlyArray<RunEvent>) {
    const encoder = new TextEncoder()
    for (const event of events) {
      if (event._tag !== "RunStarted") continue
      const contents = { format, seconds: { started: event.milliseconds / 1000 }, ...event.manifest }
      yield* run.writeAll(encoder.encode(`${pretty(contents)}\n`)).pipe(writing(at(files.run)))
    }
    const attempts = events.flatMap((event) => event._tag === "EpisodeAttempted" ? [event.attempted] : [])
    const lines = Iterator.from(attempts).map((attempted) => line(EpisodeRecord.make(attempted)))
    for (const text of members(lines)) {
      yield* episodes.writeAll(yield* compress(text)).pipe(writing(at(files.episodes)))
    }
    const reports = events.flatMap((event) => event._tag === "StepDone" ? [line(event.report)] : [])
    if (reports.length > 0) {
      yield* metrics.writeAll(encoder.encode(reports.join(""))).pipe(writing(at(files.metrics)))
    }
    const evaluated = events.flatMap((event) =>
      event._tag === "Evaluated" ? [line({ when: event.when, tasks: event.tasks } satisfies Evaluated)] : []
    )
    if (evaluated.length > 0) {
      yield* evaluations.writeAll(encoder.encode(evaluated.join(""))).pipe(writing(at(files.evaluations)))
    }
    const after = events.reduce(Summary.next, summary)
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

/** Makes the folder; refused when it holds a run. A run that ends without saying how is summarised by how its scope closes. */
export const layer = (folder: string): Layer.Layer<RunStore, RunStoreError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(RunStore, make(folder))
