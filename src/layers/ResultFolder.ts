/**
 * Folders of BFCL's result files, `<folder>/<model>/multi_turn/BFCL_v4_multi_turn_<category>_result.json`, as the
 * official runner and `envtune evaluate` write them. Of several samples each has a folder of its own around that:
 * `<folder>/<sample>/<model>/...`.
 */
import { Effect, FileSystem, Path, Result, Stream } from "effect"
import { Category } from "../domain/bfcl/Entry.ts"
import type { Line } from "../domain/bfcl/Lines.ts"
import * as ResultFile from "../domain/bfcl/ResultFile.ts"
import * as ResultForm from "../domain/bfcl/ResultForm.ts"
import * as EvaluationSettings from "./EvaluationSettings.ts"
import { failed, ResultsError } from "./ResultsError.ts"
import * as TextFile from "./TextFile.ts"

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

/** The models in a folder of results or of scores, by name. */
export const discover = Effect.fnUntraced(function*(folder: string, kind: "result" | "score") {
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

/** Where what was said in an entry stands. */
export interface Place extends Omit<TextFile.Located, "text"> {
  readonly id: string
  readonly category: Category
  readonly path: string
}

const decoded = (path: string, { number, text }: Line) =>
  Effect.fromResult(
    Result.mapError(ResultFile.decodeLine(text), (detail) => new ResultsError({ path, line: number, detail }))
  )

const asResultsError = ({ detail, line, path }: TextFile.TextUnreadable): ResultsError =>
  new ResultsError({ path, detail, ...(line !== undefined && { line }) })

/** What there is of a model: where each entry is, in the order of the files, and what tells the form of its steps. */
export interface Survey {
  readonly places: ReadonlyMap<string, Place>
  readonly evidence: ResultForm.Evidence
}

/** The folder of the model that a file is of. */
const homeOf = (path: Path.Path, file: string): string => {
  const folder = path.dirname(file)
  return path.basename(folder) === groupFolder ? path.dirname(folder) : folder
}

/** Looks through the files of a model; nothing of what is said in them is kept. An entry that is there twice is refused. */
export const survey = Effect.fn("ResultFolder.survey")(function*({ files, model }: ModelSource) {
  const path = yield* Path.Path
  const places = new Map<string, Place>()
  let tally = ResultForm.tally([])
  for (const { category, path: file } of files) {
    const visit = Effect.fnUntraced(function*({ text, ...where }: TextFile.Located) {
      if (text.trim() === "") return
      const said = yield* decoded(file, { text, number: where.number })
      const before = places.get(said.id)
      if (before !== undefined) {
        const detail = `${said.id} is there already, in ${before.path}:${before.number}`
        return yield* new ResultsError({ path: file, line: where.number, detail })
      }
      places.set(said.id, { ...where, id: said.id, category, path: file })
      tally = ResultForm.tally([said], tally)
    })
    yield* Stream.runForEach(Stream.mapError(TextFile.locatedLines(file), asResultsError), visit)
  }
  const homes = new Set(files.map((file) => homeOf(path, file.path)))
  const loops = yield* Effect.forEach(homes, EvaluationSettings.loopOf)
  const found: Survey = { places, evidence: { model, loop: loops.find((loop) => loop !== undefined), tally } }
  return found
})

/** What was said in an entry, from its place. */
export const readAt = Effect.fnUntraced(function*(place: Place) {
  const text = yield* Effect.mapError(TextFile.lineAt(place.path, place), asResultsError)
  return yield* decoded(place.path, { text, number: place.number })
})
