/** Scores BFCL's result files as the official scorer does, one model after the other, and writes its score files. */
import { Effect } from "effect"
import type { Benchmark } from "../domain/bfcl/Benchmark.ts"
import { Category, type Entry, questionsOf } from "../domain/bfcl/Entry.ts"
import type * as ResultFile from "../domain/bfcl/ResultFile.ts"
import * as Score from "../domain/bfcl/Score.ts"
import * as ScoreFile from "../domain/bfcl/ScoreFile.ts"
import type * as Scores from "../domain/bfcl/Scores.ts"
import { TasksError } from "../domain/Tasks.ts"
import * as BfclFolder from "../layers/BfclFolder.ts"
import * as ResultFolder from "../layers/ResultFolder.ts"
import * as ScoreFolder from "../layers/ScoreFolder.ts"

export interface ScoreOptions {
  /** The benchmark's folder. */
  readonly data: string
  /** The folder of results, of many models or of one. */
  readonly results: string
  /** Where to write score files, and a table over those that are there; nowhere when absent. */
  readonly out?: string | undefined
  /** How steps are to be read; told from them when absent. */
  readonly mode?: ResultFile.Form | undefined
  /** Whose test side is scored; everything when absent. */
  readonly split?: string | undefined
}

/** Entries that should be in a file, and are not. */
export interface Gap {
  readonly path: string
  readonly missing: ReadonlyArray<string>
}

export interface Scoring {
  readonly models: ReadonlyArray<Scores.ModelRuns>
  readonly gaps: ReadonlyArray<Gap>
}

interface Exam {
  /** Category -> entries that are scored, in file order. */
  readonly wanted: ReadonlyMap<Category, ReadonlyArray<Entry>>
  /** Every id of the data. */
  readonly categories: ReadonlyMap<string, Category>
  readonly benchmark: Benchmark
  readonly options: Pick<ScoreOptions, "mode" | "out">
  /** What score files quote of the data; nothing where none are written. */
  readonly questions: ReturnType<typeof questionsOf>
}

const examOf = (benchmark: Benchmark, options: Exam["options"]): Exam => {
  const tested = benchmark.entries.filter(({ id }) => benchmark.split.test.has(id))
  return {
    wanted: new Map(
      Category.literals.map((category) => [category, tested.filter((entry) => entry.category === category)])
    ),
    categories: new Map(benchmark.entries.map(({ category, id }) => [id, category])),
    benchmark,
    options,
    questions: questionsOf(options.out === undefined ? [] : benchmark.questions)
  }
}

/** Fails for an id that the data does not have, or that is of another category than its file. */
const checkPlaces = ({ categories }: Exam, places: Iterable<ResultFolder.Place>) => {
  for (const { category, id, number, path } of places) {
    if (categories.get(id) === category) continue
    const detail = `${id} is no entry of multi_turn_${category} in the data`
    return Effect.fail(new ResultFolder.ResultsError({ path, line: number, detail }))
  }
  return Effect.void
}

/** Scores one entry after the other, in the order of the data; none of them is kept. */
const scoreFile = Effect.fnUntraced(function*(
  { benchmark, options: { mode, out }, questions, wanted }: Exam,
  source: ResultFolder.ModelSource,
  { form, places }: ResultFolder.Survey,
  category: Category
) {
  const { documents, longContext } = benchmark
  const scoring = { form: mode ?? form, model: source.model, longContext }
  const draft = out === undefined ? undefined : yield* ScoreFolder.draft(out, source, category)
  const verdicts = new Map<string, Score.OfficialError | undefined>()
  const missing: Array<string> = []
  let correct = 0
  for (const entry of wanted.get(category) ?? []) {
    const place = places.get(entry.id)
    if (place === undefined) {
      missing.push(entry.id)
      continue
    }
    const scored = Score.score(entry, yield* ResultFolder.readAt(place), scoring)
    verdicts.set(entry.id, Score.officialError(scored.judgement))
    if (scored.judgement.valid) correct += 1
    else if (draft !== undefined) yield* draft.add(ScoreFile.lineOf(scored, { ...scoring, documents, questions }))
  }
  if (draft !== undefined) yield* draft.finish(ScoreFile.headerOf({ correct, total: verdicts.size }))
  return { verdicts, missing }
}, Effect.scoped)

const scoreModel = Effect.fnUntraced(function*(exam: Exam, source: ResultFolder.ModelSource) {
  const survey = yield* ResultFolder.survey(source)
  yield* checkPlaces(exam, survey.places.values())
  const categories = new Map<string, Scores.Verdicts>()
  const gaps: Array<Gap> = []
  for (const { category, path } of source.files) {
    const { missing, verdicts } = yield* scoreFile(exam, source, survey, category)
    if (missing.length > 0) gaps.push({ path, missing })
    categories.set(`multi_turn_${category}`, verdicts)
  }
  return { run: { name: source.sample, categories } satisfies Scores.Run, gaps }
})

/** Scores the test side of a benchmark's split. Fails with the file, and the line where there is one, of what is no result. */
export const scoreResults = Effect.fn("score")(function*(
  benchmark: Benchmark,
  { mode, out, results }: Pick<ScoreOptions, "mode" | "out" | "results">
) {
  const exam = examOf(benchmark, { mode, out })
  const sources = yield* ResultFolder.list(results)
  if (out !== undefined) yield* ScoreFolder.refuse(out, sources)
  const models = new Map<string, Array<Scores.Run>>()
  const gaps: Array<Gap> = []
  for (const source of sources) {
    const scored = yield* scoreModel(exam, source)
    gaps.push(...scored.gaps)
    models.set(source.model, [...models.get(source.model) ?? [], scored.run])
  }
  if (out !== undefined) yield* ScoreFolder.writeTables(out, sources)
  const scoring: Scoring = { models: Array.from(models, ([model, runs]) => ({ model, runs })), gaps }
  return scoring
})

/** The benchmark with the split whose test side is meant; everything when there is none. */
export const readBenchmark = (data: string, split: string | undefined) =>
  BfclFolder.read(data, split ?? "all").pipe(Effect.mapError((reason) => new TasksError({ reason })))

export const score = (options: ScoreOptions) =>
  Effect.flatMap(readBenchmark(options.data, options.split), (benchmark) => scoreResults(benchmark, options))
