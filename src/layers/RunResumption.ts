/**
 * Takes a run up again where it was left: finds the last point it can go on from, moves what
 * followed into `superseded/<n>/` of the run's folder, and extends the record from there.
 *
 * Everything is copied and on the disk before anything is cut off, the journal is cut first, and no
 * other file counts beyond it: whenever this is killed, the next attempt finds the same point.
 */
import type { Scope } from "effect"
import { Effect, FileSystem, Path, Stream } from "effect"
import type * as Journal from "../domain/Journal.ts"
import type { Manifest } from "../domain/Manifest.ts"
import type { StepReport } from "../domain/Report.ts"
import { type Outcomes, type RunStore, type RunStoreError, unwritable } from "../domain/RunStore.ts"
import * as Standing from "../domain/Standing.ts"
import * as UnderWay from "../domain/UnderWay.ts"
import * as Folder from "./Folder.ts"
import { files, lock, makeStore, openGrowth, writing } from "./RunFolder.ts"
import type { Located } from "./RunJournal.ts"
import * as RunReader from "./RunReader.ts"

/** What lies beyond the point that a run goes on from. */
export interface Beyond {
  /** Steps that were done after it, and will be done again. */
  readonly steps: number
  /** Episodes recorded after it. */
  readonly episodes: number
  /** Episodes that were neither finished nor given up. */
  readonly underWay: UnderWay.UnderWay
  /** Why the journal's last line does not count, where it does not. */
  readonly torn?: string
}

export interface Resumable {
  readonly manifest: Manifest
  readonly standing: Standing.Standing
  /** Of the stage that goes on, oldest first. */
  readonly reports: ReadonlyArray<StepReport>
  readonly evaluated: { readonly before?: Outcomes; readonly after?: Outcomes }
  /** Paths of the weights that the run began with, and of those it goes on with; absent when none were saved. */
  readonly weights?: { readonly start: string; readonly current: string }
  readonly beyond: Beyond
  /** Moves what lies beyond aside, if anything does, and opens the record behind the point. */
  readonly goOn: Effect.Effect<GoingOn, RunStoreError, Scope.Scope>
}

export interface GoingOn {
  readonly store: RunStore["Service"]
  /** Where what lay beyond the point is, relative to the folder. */
  readonly superseded?: string
}

/** A folder that is locked by this process, and where its run can go on. */
interface Opened {
  readonly folder: string
  readonly kept: ReadonlyArray<Located>
  readonly point: Standing.Point
}

const isSaved = (event: Journal.Event): event is Journal.WeightsSaved => event._tag === "WeightsSaved"

const endOf = ({ kept }: Opened): number => kept.at(-1)?.end ?? 0

/** Copies what a file holds from `offset` on. */
const copyTail = Effect.fnUntraced(function*(from: string, offset: number, to: string) {
  const fs = yield* FileSystem.FileSystem
  yield* Effect.scoped(Effect.gen(function*() {
    const file = yield* fs.open(to, { flag: "wx" })
    yield* fs.stream(from, { offset }).pipe(Stream.runForEach((bytes) => file.writeAll(bytes)))
    yield* file.sync
  })).pipe(writing(to))
})

const truncate = Effect.fnUntraced(function*(file: string, length: number) {
  const fs = yield* FileSystem.FileSystem
  yield* Effect.scoped(Effect.gen(function*() {
    const opened = yield* fs.open(file, { flag: "r+" })
    yield* opened.truncate(length)
    yield* opened.sync
  })).pipe(writing(file))
})

/** The first of `superseded/1`, `superseded/2`, ... that is not there. */
const makeNext = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  for (let n = 1;; n++) {
    const name = path.join(files.superseded, String(n))
    const at = path.join(folder, name)
    if (yield* fs.exists(at).pipe(writing(at))) continue
    yield* Folder.create(at).pipe(writing(at))
    return name
  }
})

/** Whether a folder is there. */
const exists = (at: string): Effect.Effect<boolean, RunStoreError, FileSystem.FileSystem> =>
  FileSystem.FileSystem.use((fs) => fs.exists(at)).pipe(writing(at))

/** The run's files with the bytes of each that stay. */
const staying = (opened: Opened): ReadonlyArray<readonly [string, number]> => {
  const { episodes, evaluations, metrics } = opened.point.lengths
  return [
    [files.journal, endOf(opened)],
    [files.metrics, metrics],
    [files.episodes, episodes],
    [files.evaluations, evaluations]
  ]
}

const supersede = Effect.fnUntraced(function*(opened: Opened) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { folder, kept } = opened
  const at = (name: string) => path.join(folder, name)
  const tails: Array<readonly [string, number]> = []
  for (const [name, length] of staying(opened)) {
    const { size } = yield* fs.stat(at(name)).pipe(writing(at(name)))
    if (Number(size) > length) tails.push([name, length])
  }
  const saved = new Set(kept.flatMap(({ entry }) => entry.events.filter(isSaved).map(({ path }) => path)))
  const weights = (yield* fs.readDirectory(at(files.checkpoints)).pipe(writing(at(files.checkpoints))))
    .map((name) => path.join(files.checkpoints, name))
    .filter((name) => !saved.has(name))
  if (tails.length + weights.length === 0) return undefined
  const aside = yield* makeNext(folder)
  for (const [name, length] of tails) yield* copyTail(at(name), length, at(path.join(aside, name)))
  if (weights.length > 0) yield* Folder.create(at(path.join(aside, files.checkpoints))).pipe(writing(at(aside)))
  for (const name of weights) yield* fs.rename(at(name), at(path.join(aside, name))).pipe(writing(at(name)))
  for (const [name, length] of tails) yield* truncate(at(name), length)
  return aside
})

const goOn = Effect.fnUntraced(function*(opened: Opened): Effect.fn.Return<
  GoingOn,
  RunStoreError,
  FileSystem.FileSystem | Path.Path | Scope.Scope
> {
  const { folder, kept, point } = opened
  const fs = yield* FileSystem.FileSystem
  const superseded = yield* supersede(opened)
  const growth = yield* openGrowth(
    folder,
    (file) => fs.open(file, { flag: "a" }).pipe(writing(file)),
    { journal: endOf(opened), ...point.lengths }
  )
  const store = yield* makeStore(folder, growth, kept.flatMap(({ entry }) => entry.events), () => Effect.void)
  return { store, ...(superseded !== undefined && { superseded }) }
})

const beyond = (
  contents: ReadonlyArray<Located>,
  history: Standing.History,
  point: Standing.Point,
  torn: string | undefined
): Beyond => {
  const events = contents.slice(point.entries).flatMap(({ entry }) => entry.events)
  return {
    steps: history.standing.steps - point.standing.steps,
    episodes: events.reduce((sum, event) => sum + (event._tag === "EpisodesWritten" ? event.episodes : 0), 0),
    underWay: UnderWay.after(contents.map(({ entry }) => entry)),
    ...(torn !== undefined && { torn })
  }
}

/** The last point whose weights are there. */
const findPoint = Effect.fnUntraced(function*(folder: string, points: ReadonlyArray<Standing.Point>) {
  const path = yield* Path.Path
  for (const point of points.toReversed()) {
    if (point.weights === undefined || (yield* exists(path.join(folder, point.weights)))) return point
  }
  return Standing.beginning
})

/** Takes the lock of a run that is not complete, until the scope closes, and finds where it can go on. */
export const open = Effect.fn("RunResumption.open")(function*(folder: string) {
  const path = yield* Path.Path
  const platform = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  // Before the lock, so that a folder without a run stays as it is.
  yield* RunReader.open(folder)
  yield* lock(folder)
  const { evaluations, journal, manifest, reports } = yield* RunReader.open(folder)
  if (journal === undefined) {
    return yield* unwritable(
      folder,
      `it has no journal (${files.journal}), so it cannot go on; an older version made it`
    )
  }
  const history = journal.entries.reduce((before, { entry }) => Standing.next(before, entry), Standing.none)
  if (history.ended === "completed") return yield* unwritable(folder, "the run is complete; nothing is left to do")
  const point = yield* findPoint(folder, history.points)
  const { standing, weights } = point
  const opened: Opened = { folder, kept: journal.entries.slice(0, point.entries), point }
  const start = opened.kept.flatMap(({ entry }) => entry.events).filter(isSaved).find(({ kind }) => kind === "start")
  const isOfStage = ({ stageIndex, step }: StepReport) => stageIndex === standing.stageIndex && step < standing.steps
  const ofStage = yield* reports.pipe(
    Stream.runFold((): Array<StepReport> => [], (all, line) => {
      if (line._tag === "Line" && isOfStage(line.value)) all.push(line.value)
      return all
    })
  )
  const evaluated = yield* evaluations.pipe(
    Stream.runFold(
      (): Resumable["evaluated"] => ({}),
      (all, line) =>
        line._tag === "Line" && standing.evaluated[line.value.when]
          ? { ...all, [line.value.when]: line.value.tasks }
          : all
    )
  )
  const resumable: Resumable = {
    manifest,
    standing,
    reports: ofStage,
    evaluated,
    ...(weights !== undefined && start !== undefined && {
      weights: { start: path.join(folder, start.path), current: path.join(folder, weights) }
    }),
    beyond: beyond(journal.entries, history, point, journal.torn?.detail),
    goOn: Effect.provide(goOn(opened), platform)
  }
  return resumable
})
