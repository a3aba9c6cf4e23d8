/** Scores BFCL's result files as the official scorer does, one model after the other, and writes its score files. */
import { Effect } from "effect"
import type { Benchmark } from "../domain/bfcl/Benchmark.ts"
import { Category, type Entry, questionsOf } from "../domain/bfcl/Entry.ts"
import type * as ResultFile from "../domain/bfcl/ResultFile.ts"
import * as ResultForm from "../domain/bfcl/ResultForm.ts"
import * as Score from "../domain/bfcl/Score.ts"
import * as ScoreFile from "../domain/bfcl/ScoreFile.ts"
import type * as Scores from "../domain/bfcl/Scores.ts"
import { PythonError } from "../domain/python/PythonError.ts"
import { TasksError } from "../domain/Tasks.ts"
import * as BfclFolder from "../layers/BfclFolder.ts"
import * as ResultFolder from "../layers/ResultFolder.ts"
import { ResultsError } from "../layers/ResultsError.ts"
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
  readonly model: string
  readonly path: string
  readonly missing: ReadonlyArray<string>
}

/** How the steps of a model's results were read. */
export interface Reading extends ResultForm.Told {
  readonly model: string
}

/** An entry whose verdict may be another than the official one, because calls met a limit of ours. */
export interface Limited extends Score.LimitMet {
  readonly model: string
  readonly path: string
  readonly line: number
  readonly id: string
}

export interface Scoring {
  readonly models: ReadonlyArray<Scores.ModelRuns>
  readonly gaps: ReadonlyArray<Gap>
  /** One for each model, or for each sample of it. */
  readonly readings: ReadonlyArray<Reading>
  readonly limited: ReadonlyArray<Limited>
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
    return Effect.fail(new ResultsError({ path, line: number, detail }))
  }
  return Effect.void
}

/** What there is of a model, and how it is read. */
interface Surveyed {
  readonly source: ResultFolder.ModelSource
  readonly places: ResultFolder.Survey["places"]
  readonly told: ResultForm.Told
}

const survey = Effect.fnUntraced(function*(exam: Exam, source: ResultFolder.ModelSource) {
  const { evidence, places } = yield* ResultFolder.survey(source)
  yield* checkPlaces(exam, places.values())
  const { mode } = exam.options
  const told = mode === undefined ? ResultForm.tell(evidence) : { form: mode, reason: "--mode says so", doubts: [] }
  return { source, places, told } satisfies Surveyed
})

const scoreEntry = Effect.fnUntraced(function*(entry: Entry, place: ResultFolder.Place, options: Score.ScoreOptions) {
  const said = yield* ResultFolder.readAt(place)
  return yield* Effect.try({
    try: () => Score.score(entry, said, options),
    catch: (error) => {
      if (!(error instanceof PythonError)) throw error
      const detail = `the official scorer breaks off at ${entry.id}: ${error.message}`
      return new ResultsError({ path: place.path, line: place.number, detail })
    }
  })
})

/** Scores one entry after the other, in the order of the data; none of them is kept. */
const scoreFile = Effect.fnUntraced(function*(
  { benchmark, questions, wanted }: Exam,
  { places, source, told }: Surveyed,
  category: Category,
  scores: ScoreFolder.ScoreFolder | undefined
) {
  const { documents, longContext } = benchmark
  const scoring = { form: told.form, model: source.model, longContext }
  const file = yield* scores?.begin(source, category) ?? Effect.undefined
  const verdicts = new Map<string, Score.OfficialError | undefined>()
  const missing: Array<string> = []
  const limited: Array<Limited> = []
  let correct = 0
  for (const entry of wanted.get(category) ?? []) {
    const place = places.get(entry.id)
    if (place === undefined) {
      missing.push(entry.id)
      continue
    }
    const scored = yield* scoreEntry(entry, place, scoring)
    verdicts.set(entry.id, Score.officialError(scored.judgement))
    const { number: line, path } = place
    limited.push(...scored.limitsMet.map((met) => ({ ...met, model: source.model, path, line, id: entry.id })))
    if (scored.judgement.valid) correct += 1
    else if (file !== undefined) yield* file.add(ScoreFile.lineOf(scored, { ...scoring, documents, questions }))
  }
  if (file !== undefined) yield* file.end(ScoreFile.headerOf({ correct, total: verdicts.size }))
  return { verdicts, missing, limited }
}, Effect.scoped)

const scoreModel = Effect.fnUntraced(
  function*(exam: Exam, surveyed: Surveyed, scores: ScoreFolder.ScoreFolder | undefined) {
    const { files, model, sample } = surveyed.source
    const categories = new Map<string, Scores.Verdicts>()
    const gaps: Array<Gap> = []
    const limited: Array<Limited> = []
    for (const { category, path } of files) {
      const scored = yield* scoreFile(exam, surveyed, category, scores)
      if (scored.missing.length > 0) gaps.push({ model, path, missing: scored.missing })
      limited.push(...scored.limited)
      categories.set(`multi_turn_${category}`, scored.verdicts)
    }
    return { run: { name: sample, categories } satisfies Scores.Run, gaps, limited }
  }
)

/**
 * Scores the test side of a benchmark's split. Fails with the file, and the line where there is one, of what is no result.
 * Score files are written when all models have been scored.
 */
export const scoreResults = Effect.fn("score")(function*(
  benchmark: Benchmark,
  { mode, out, results }: Pick<ScoreOptions, "mode" | "out" | "results">
) {
  const exam = examOf(benchmark, { mode, out })
  const sources = yield* ResultFolder.list(results)
  const surveyed = yield* Effect.forEach(sources, (source) => survey(exam, source))
  const scores = out === undefined ? undefined : yield* ScoreFolder.open(out)
  const models = new Map<string, Array<Scores.Run>>()
  const gaps: Array<Gap> = []
  const limited: Array<Limited> = []
  for (const each of surveyed) {
    const { model } = each.source
    const scored = yield* scoreModel(exam, each, scores)
    gaps.push(...scored.gaps)
    limited.push(...scored.limited)
    models.set(model, [...models.get(model) ?? [], scored.run])
  }
  if (scores !== undefined) yield* scores.publish
  const scoring: Scoring = {
    models: Array.from(models, ([model, runs]) => ({ model, runs })),
    readings: surveyed.map(({ source: { model }, told }) => ({ model, ...told })),
    gaps,
    limited
  }
  return scoring
}, Effect.scoped)

/** The benchmark with the split whose test side is meant; everything when there is none. */
export const readBenchmark = (data: string, split: string | undefined) =>
  BfclFolder.read(data, split ?? "all").pipe(Effect.mapError((reason) => new TasksError({ reason })))

export const score = (options: ScoreOptions) =>
  Effect.flatMap(readBenchmark(options.data, options.split), (benchmark) => scoreResults(benchmark, options))
