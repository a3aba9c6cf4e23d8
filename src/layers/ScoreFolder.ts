/**
 * Folders of BFCL's score files, `<folder>/<model>/multi_turn/BFCL_v4_multi_turn_<category>_score.json`, as the official
 * scorer and `envtune score` write them, with a table over their models beside them. Of several samples each has a folder
 * of its own around that: `<folder>/<sample>/<model>/...`.
 */
import { Effect, FileSystem, Path, Result, type Scope, Stream } from "effect"
import type { Category } from "../domain/bfcl/Entry.ts"
import * as Leaderboard from "../domain/bfcl/Leaderboard.ts"
import * as ResultFile from "../domain/bfcl/ResultFile.ts"
import * as ScoreFile from "../domain/bfcl/ScoreFile.ts"
import * as Folder from "./Folder.ts"
import { discover, groupFolder, type ModelSource, type ResultSource } from "./ResultFolder.ts"
import { failed, ResultsError } from "./ResultsError.ts"
import * as TextFile from "./TextFile.ts"

/** The models in a folder of scores; none when it holds no score files. */
export const list = (folder: string) => discover(folder, "score")

/** A score file: its header and the ids of its invalid entries. */
export const read = Effect.fnUntraced(function*({ path }: ResultSource) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs.readFileString(path).pipe(failed(path))
  return yield* Effect.fromResult(Result.mapError(
    ScoreFile.decode({ path, text }),
    ({ detail, line }) => new ResultsError({ path, detail, ...(line !== undefined && { line }) })
  ))
})

/** How many entries a score file is of, which its first line says. */
const countIn = Effect.fnUntraced(function*({ path }: ResultSource) {
  const [first] = yield* TextFile.lines(path).pipe(
    Stream.take(1),
    Stream.runCollect,
    Effect.mapError(({ detail }) => new ResultsError({ path, detail }))
  )
  return yield* Effect.fromResult(
    Result.mapError(ScoreFile.decodeHeader(first?.text ?? ""), (detail) => new ResultsError({ path, line: 1, detail }))
  )
})

/** The table over the models of a folder, one sample each, without these files; nothing when there is none. */
const tableOf = Effect.fnUntraced(function*(folder: string, without: ReadonlySet<string> = new Set()) {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* fs.exists(folder).pipe(failed(folder)))) return undefined
  const rows = yield* Effect.forEach(
    (yield* list(folder)).filter(({ sample }) => sample === ""),
    Effect.fnUntraced(function*({ files, model }) {
      const counts = yield* Effect.forEach(
        files.filter(({ path }) => !without.has(path)),
        (file) => Effect.map(countIn(file), (count) => [file.category, count] as const)
      )
      const row: Leaderboard.Row = { model, counts: new Map(counts) }
      return row
    })
  )
  const scored = rows.filter(({ counts }) => counts.size > 0)
  return scored.length === 0 ? undefined : Leaderboard.table(scored)
})

/** A score file that waits for its place: its lines are on the disk, and its header goes first and is known last. */
interface Draft {
  readonly model: string
  /** The folder that has the table. */
  readonly home: string
  readonly file: string
  readonly header: Uint8Array
  readonly lines: string
}

const encoder = new TextEncoder()
const lineOf = (text: string): Uint8Array => encoder.encode(`${text}\n`)

/** Whether a score file is there that says just what a draft says. */
const isThere = Effect.fnUntraced(function*({ file, header, lines }: Draft) {
  const fs = yield* FileSystem.FileSystem
  const sizes = yield* Effect.all([fs.stat(file), fs.stat(lines)]).pipe(failed(file))
  if (sizes[0].size !== sizes[1].size + BigInt(header.length)) return false
  const [there, rest] = yield* Effect.all([fs.readFile(file), fs.readFile(lines)]).pipe(failed(file))
  return Buffer.concat([header, rest]).equals(there)
})

const writeDraft = (beside: string, { header, lines }: Draft) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const whole = yield* fs.open(beside, { flag: "w" })
    yield* whole.writeAll(header)
    yield* Stream.runForEach(fs.stream(lines), (bytes) => whole.writeAll(bytes))
  }).pipe(Effect.scoped)

/** Score files in the making. None is in the folder before all are done. */
export interface ScoreFolder {
  /** Begins the file of a category. */
  readonly begin: (source: Omit<ModelSource, "files">, category: Category) => Effect.Effect<
    {
      readonly add: (line: string) => Effect.Effect<void, ResultsError>
      /** Ends the file. */
      readonly end: (header: string) => Effect.Effect<void, ResultsError>
    },
    ResultsError,
    Scope.Scope
  >
  /**
   * Puts all files into the folder, and the tables of their models. Nothing is overwritten that could not be made again: a
   * score file that is there must say the same, and a table what the scores there say, else nothing at all is written.
   */
  readonly publish: Effect.Effect<void, ResultsError>
}

/** Begins the score files of a folder; they wait elsewhere, as long as the scope is open. */
export const open = Effect.fnUntraced(function*(folder: string) {
  const context = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const waiting = yield* fs.makeTempDirectoryScoped({ prefix: "envtune-" }).pipe(failed(folder))
  const drafts: Array<Draft> = []

  const begin: ScoreFolder["begin"] = Effect.fnUntraced(function*({ model, sample }, category) {
    const home = path.join(folder, sample)
    const file = path.join(home, model, groupFolder, ResultFile.fileNameOf(category, "score"))
    const lines = path.join(waiting, String(drafts.length))
    const opened = yield* fs.open(lines, { flag: "w" }).pipe(failed(lines))
    return {
      add: (line) => opened.writeAll(lineOf(line)).pipe(failed(lines)),
      end: (header) => Effect.sync(() => void drafts.push({ model, home, file, header: lineOf(header), lines }))
    }
  })

  /** Those that are not in their places; fails when something else is. */
  const missing = Effect.gen(function*() {
    const absent: Array<Draft> = []
    for (const draft of drafts) {
      const { file, model } = draft
      if (!(yield* fs.exists(file).pipe(failed(file)))) absent.push(draft)
      else if (!(yield* isThere(draft))) {
        const detail = `there are scores of ${model} already, which are not these; nothing was overwritten`
        return yield* new ResultsError({ path: file, detail })
      }
    }
    return absent
  })

  const homes = () => [...new Set(drafts.map(({ home }) => home))]
  const tableIn = (home: string) => path.join(home, Leaderboard.fileName)

  const checkTables = Effect.gen(function*() {
    const ours = new Set(drafts.map(({ file }) => file))
    for (const home of homes()) {
      const file = tableIn(home)
      if (!(yield* fs.exists(file).pipe(failed(file)))) continue
      const there = yield* fs.readFileString(file).pipe(failed(file))
      // One that broke off may have left files of ours that the table does not know.
      if (there === (yield* tableOf(home)) || there === (yield* tableOf(home, ours))) continue
      const detail = "the table is not of the score files beside it; nothing was overwritten"
      return yield* new ResultsError({ path: file, detail })
    }
  })

  const publish = Effect.gen(function*() {
    const absent = yield* missing
    yield* checkTables
    for (const draft of absent) {
      yield* Folder.create(path.dirname(draft.file)).pipe(failed(draft.file))
      yield* Folder.replace(draft.file, (beside) => writeDraft(beside, draft)).pipe(failed(draft.file))
    }
    for (const home of homes()) {
      const table = yield* tableOf(home)
      if (table === undefined) continue
      const file = tableIn(home)
      yield* Folder.replace(file, (beside) => fs.writeFileString(beside, table)).pipe(failed(file))
    }
  }).pipe(Effect.provideContext(context))

  const opened: ScoreFolder = { begin, publish }
  return opened
})
