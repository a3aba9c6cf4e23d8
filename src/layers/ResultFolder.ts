/**
 * Folders of BFCL's result files, `<folder>/<model>/multi_turn/BFCL_v4_multi_turn_<category>_result.json`, as the
 * official runner and `envtune evaluate` write them. Of several samples each has a folder of its own around that:
 * `<folder>/<sample>/<model>/...`.
 */
import { Effect, FileSystem, Path, Result, Schema, Stream } from "effect"
import type { PlatformError } from "effect/PlatformError"
import { Category } from "../domain/bfcl/Entry.ts"
import * as ResultFile from "../domain/bfcl/ResultFile.ts"
import * as Score from "../domain/bfcl/Score.ts"
import { inWords } from "./FileProblem.ts"

/** Results or scores that cannot be read or written: which file, where, and why. */
export class ResultsError extends Schema.TaggedError<ResultsError>()("ResultsError", {
  path: Schema.String,
  line: Schema.optionalKey(Schema.Int),
  detail: Schema.String
}) {
  override get message() {
    return this.line === undefined ? `${this.path}: ${this.detail}` : `${this.path}:${this.line}: ${this.detail}`
  }
  readonly isRetryable = false
}

/** A platform's failure with a path as one of results. */
export const failed = (path: string) =>
  Effect.mapError((error: PlatformError) => new ResultsError({ path, detail: inWords(error) }))

export interface ResultSource {
  readonly category: Category
  readonly path: string
}

/** The files of one model, and of one sample of it where there are several. */
export interface ModelSource {
  readonly model: string
  /** The folder between the results' and the model's; empty when there is none. */
  readonly sample: string
  /** In BFCL's order of categories. */
  readonly files: ReadonlyArray<ResultSource>
}

/** Groups of categories, which the current layout has folders for, and the first ones had not. */
export const groupFolder = "multi_turn"

const discover = Effect.fnUntraced(function*(folder: string, kind: "result" | "score") {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = yield* fs.readDirectory(folder, { recursive: true }).pipe(failed(folder))
  const models = new Map<string, { model: string; sample: string; files: Array<ResultSource> }>()
  for (const name of names.toSorted()) {
    const category = ResultFile.categoryOf(path.basename(name), kind)
    if (category === undefined) continue
    const parents = path.dirname(path.join(path.resolve(folder), name)).split(path.sep)
    if (parents.at(-1) === groupFolder) parents.pop()
    const depth = parents.length - path.resolve(folder).split(path.sep).length
    const model = parents.at(-1) ?? ""
    const sample = depth < 2 ? "" : parents.slice(-depth, -1).join("/")
    const key = `${sample}/${model}`
    const known = models.get(key) ?? { model, sample, files: [] }
    const twice = known.files.find((file) => file.category === category)
    const file = path.join(folder, name)
    if (twice !== undefined) {
      return yield* new ResultsError({ path: file, detail: `${twice.path} is of the same category and model` })
    }
    known.files.push({ category, path: file })
    models.set(key, known)
  }
  return Array.from(models.values(), ({ files, ...model }): ModelSource => ({
    ...model,
    files: Category.literals.flatMap((category) => files.filter((file) => file.category === category))
  }))
})

/** The models in a folder of results, or in one model's folder, by name. There is one at least. */
export const list = Effect.fn("ResultFolder.list")(function*(folder: string) {
  const models = yield* discover(folder, "result")
  if (models.length > 0) return models
  const detail = `no ${ResultFile.fileNameOf("base", "result")} or its like is in it or in its folders`
  return yield* new ResultsError({ path: folder, detail })
})

/** The models in a folder of scores; none when it holds no score files. */
export const listScores = (folder: string) => discover(folder, "score")

/** What was said in an entry, and where that stands. */
export interface Located {
  readonly said: ResultFile.ResultEntry
  readonly category: Category
  readonly path: string
  /** From 1. */
  readonly line: number
}

const lines = ({ category, path }: ResultSource): Stream.Stream<Located, ResultsError, FileSystem.FileSystem> =>
  Stream.unwrap(Effect.map(FileSystem.FileSystem, (fs) => fs.stream(path))).pipe(
    Stream.mapError((error) => new ResultsError({ path, detail: inWords(error) })),
    Stream.decodeText,
    Stream.splitLines,
    Stream.zipWithIndex,
    Stream.filter(([text]) => text.trim() !== ""),
    Stream.mapEffect(([text, index]) =>
      Effect.fromResult(Result.mapBoth(ResultFile.decodeLine(text), {
        onFailure: (detail) => new ResultsError({ path, line: index + 1, detail }),
        onSuccess: (said) => ({ said, category, path, line: index + 1 })
      }))
    )
  )

/** What a model said, category by category, in the order of the files. An entry that is there twice is refused. */
export const read = Effect.fn("ResultFolder.read")(function*({ files }: ModelSource) {
  const located = (yield* Effect.forEach(files, (file) => Stream.runCollect(lines(file)))).flat()
  const seen = new Map<string, Located>()
  for (const one of located) {
    const { line, path, said: { id } } = one
    const before = seen.get(id)
    if (before !== undefined) {
      return yield* new ResultsError({ path, line, detail: `${id} is there already, in ${before.path}:${before.line}` })
    }
    seen.set(id, one)
  }
  return located
})

/** A score file: its header and the ids of its invalid entries. */
export const readScores = Effect.fnUntraced(function*({ path }: ResultSource) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs.readFileString(path).pipe(failed(path))
  return yield* Effect.fromResult(Result.mapError(
    Score.decode({ path, text }),
    ({ detail, line }) => new ResultsError({ path, detail, ...(line !== undefined && { line }) })
  ))
})

const scoresHome = (path: Path.Path, folder: string, { model, sample }: Omit<ModelSource, "files">): string =>
  path.join(folder, sample, model, groupFolder)

/** Fails when a folder has scores of any of these models: nothing is overwritten. */
export const refuseScores = Effect.fnUntraced(function*(folder: string, sources: ReadonlyArray<ModelSource>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  for (const source of sources) {
    const home = scoresHome(path, folder, source)
    if (yield* fs.exists(home).pipe(failed(home))) {
      const detail = `there are scores of ${source.model} already; nothing was overwritten`
      return yield* new ResultsError({ path: home, detail })
    }
  }
})

/** A new score file, `<folder>/<model>/multi_turn/BFCL_v4_multi_turn_<category>_score.json`. */
export const writeScores = Effect.fnUntraced(function*(
  folder: string,
  source: ModelSource,
  category: Category,
  text: ReadonlyArray<string>
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const home = scoresHome(path, folder, source)
  const file = path.join(home, ResultFile.fileNameOf(category, "score"))
  yield* fs.makeDirectory(home, { recursive: true }).pipe(failed(home))
  yield* fs.writeFileString(file, text.map((line) => `${line}\n`).join(""), { flag: "wx" }).pipe(failed(file))
})
