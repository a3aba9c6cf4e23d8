/**
 * Folders of BFCL's score files, `<folder>/<model>/multi_turn/BFCL_v4_multi_turn_<category>_score.json`, as the official
 * scorer and `envtune score` write them, with a table over their models beside them. Of several samples each has a folder
 * of its own around that: `<folder>/<sample>/<model>/...`.
 */
import { Effect, FileSystem, Path, Result, Stream } from "effect"
import type { Category } from "../domain/bfcl/Entry.ts"
import * as Leaderboard from "../domain/bfcl/Leaderboard.ts"
import * as ResultFile from "../domain/bfcl/ResultFile.ts"
import * as ScoreFile from "../domain/bfcl/ScoreFile.ts"
import { discover, failed, groupFolder, type ModelSource, ResultsError, type ResultSource } from "./ResultFolder.ts"
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

/** The table over the models of a folder, one sample each; nothing when there is none. */
const tableOf = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* fs.exists(folder).pipe(failed(folder)))) return undefined
  const rows = yield* Effect.forEach(
    (yield* list(folder)).filter(({ sample }) => sample === ""),
    Effect.fnUntraced(function*({ files, model }) {
      const counts = yield* Effect.forEach(
        files,
        (file) => Effect.map(countIn(file), (count) => [file.category, count] as const)
      )
      const row: Leaderboard.Row = { model, counts: new Map(counts) }
      return row
    })
  )
  return rows.length === 0 ? undefined : Leaderboard.table(rows)
})

const homeOf = (path: Path.Path, folder: string, { model, sample }: Omit<ModelSource, "files">): string =>
  path.join(folder, sample, model, groupFolder)

/** The folders with a table that scores of these models are for: one for each sample. */
const tablesFor = Effect.fnUntraced(function*(folder: string, sources: ReadonlyArray<ModelSource>) {
  const path = yield* Path.Path
  return [...new Set(sources.map(({ sample }) => path.join(folder, sample)))].map((home) => ({
    home,
    file: path.join(home, Leaderboard.fileName)
  }))
})

/**
 * Fails when a folder has scores of any of these models, or a table that says anything but what the scores there say:
 * nothing is overwritten that could not be made again.
 */
export const refuse = Effect.fnUntraced(function*(folder: string, sources: ReadonlyArray<ModelSource>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  for (const source of sources) {
    const home = homeOf(path, folder, source)
    if (yield* fs.exists(home).pipe(failed(home))) {
      const detail = `there are scores of ${source.model} already; nothing was overwritten`
      return yield* new ResultsError({ path: home, detail })
    }
  }
  for (const { file, home } of yield* tablesFor(folder, sources)) {
    if (!(yield* fs.exists(file).pipe(failed(file)))) continue
    if ((yield* fs.readFileString(file).pipe(failed(file))) !== (yield* tableOf(home))) {
      const detail = "the table is not of the score files beside it; nothing was overwritten"
      return yield* new ResultsError({ path: file, detail })
    }
  }
})

/** Writes the tables anew, once there are scores of these models. */
export const writeTables = Effect.fnUntraced(function*(folder: string, sources: ReadonlyArray<ModelSource>) {
  const fs = yield* FileSystem.FileSystem
  for (const { file, home } of yield* tablesFor(folder, sources)) {
    const table = yield* tableOf(home)
    if (table === undefined) continue
    // Renamed into place, so that it is whole wherever it is.
    yield* fs.writeFileString(`${file}.new`, table).pipe(Effect.andThen(fs.rename(`${file}.new`, file)), failed(file))
  }
})

/** A score file in the making. Its lines wait on the disk for the header, which goes first and is known last. */
export interface Draft {
  readonly add: (line: string) => Effect.Effect<void, ResultsError>
  /** Writes the file, which must not be there. */
  readonly finish: (header: string) => Effect.Effect<void, ResultsError>
}

export const draft = Effect.fnUntraced(function*(folder: string, source: ModelSource, category: Category) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const home = homeOf(path, folder, source)
  const file = path.join(home, ResultFile.fileNameOf(category, "score"))
  const waiting = yield* fs.makeTempFileScoped({ prefix: "envtune-" }).pipe(failed(file))
  const lines = yield* fs.open(waiting, { flag: "a" }).pipe(failed(waiting))
  const encoder = new TextEncoder()
  const made: Draft = {
    add: (line) => lines.writeAll(encoder.encode(`${line}\n`)).pipe(failed(waiting)),
    finish: (header) =>
      Effect.gen(function*() {
        yield* fs.makeDirectory(home, { recursive: true })
        const whole = yield* fs.open(file, { flag: "wx" })
        yield* whole.writeAll(encoder.encode(`${header}\n`))
        yield* Stream.runForEach(fs.stream(waiting), (bytes) => whole.writeAll(bytes))
      }).pipe(Effect.scoped, failed(file))
  }
  return made
})
