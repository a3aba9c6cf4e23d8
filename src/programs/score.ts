/** Scores BFCL's result files as the official scorer does, one model after the other, and writes its score files. */
import { Effect } from "effect"
import type { Benchmark } from "../domain/bfcl/Benchmark.ts"
import type { Category, Entry } from "../domain/bfcl/Entry.ts"
import * as ResultFile from "../domain/bfcl/ResultFile.ts"
import * as Score from "../domain/bfcl/Score.ts"
import type * as Scores from "../domain/bfcl/Scores.ts"
import { TasksError } from "../domain/Tasks.ts"
import * as BfclFolder from "../layers/BfclFolder.ts"
import * as ResultFolder from "../layers/ResultFolder.ts"

export interface ScoreOptions {
  /** The benchmark's folder. */
  readonly data: string
  /** The folder of results, of many models or of one. */
  readonly results: string
  /** Where to write score files; nowhere when absent. */
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
  /** Category -> entries that are scored, by id, in file order. */
  readonly wanted: ReadonlyMap<Category, ReadonlyMap<string, Entry>>
  readonly known: ReadonlyMap<string, Entry>
  readonly benchmark: Benchmark
}

const examOf = (benchmark: Benchmark): Exam => {
  const wanted = new Map<Category, Map<string, Entry>>()
  for (const entry of benchmark.entries) {
    if (!benchmark.split.test.has(entry.id)) continue
    const known = wanted.get(entry.category)
    if (known === undefined) wanted.set(entry.category, new Map([[entry.id, entry]]))
    else known.set(entry.id, entry)
  }
  return { wanted, known: new Map(benchmark.entries.map((entry) => [entry.id, entry])), benchmark }
}

/** An id that the data does not have, or that is of another category than its file. */
const misplaced = ({ known }: Exam, located: ReadonlyArray<ResultFolder.Located>) => {
  const stray = located.find(({ category, said }) => known.get(said.id)?.category !== category)
  if (stray === undefined) return Effect.void
  const { category, line, path, said } = stray
  const detail = `${said.id} is no entry of multi_turn_${category} in the data`
  return Effect.fail(new ResultFolder.ResultsError({ path, line, detail }))
}

const scoreModel = Effect.fnUntraced(function*(
  exam: Exam,
  source: ResultFolder.ModelSource,
  options: Pick<ScoreOptions, "mode" | "out">
) {
  const located = yield* ResultFolder.read(source)
  yield* misplaced(exam, located)
  const form = options.mode ?? ResultFile.formOf(located.map(({ said }) => said))
  const said = new Map(located.map((one) => [one.said.id, one.said]))
  const categories = new Map<string, Scores.Verdicts>()
  const gaps: Array<Gap> = []
  for (const { category, path } of source.files) {
    const entries = [...exam.wanted.get(category)?.values() ?? []]
    const scoring = { form, model: source.model, longContext: exam.benchmark.longContext }
    const scored = entries.flatMap((entry) => {
      const result = said.get(entry.id)
      return result === undefined ? [] : [Score.score(entry, result, scoring)]
    })
    const missing = entries.flatMap(({ id }) => said.has(id) ? [] : [id])
    if (missing.length > 0) gaps.push({ path, missing })
    categories.set(
      `multi_turn_${category}`,
      new Map(scored.map(({ entry, judgement }) => [entry.id, Score.officialError(judgement)]))
    )
    if (options.out !== undefined) {
      yield* ResultFolder.writeScores(options.out, source, category, Score.lines(scored, source.model))
    }
  }
  return { run: { name: source.sample, categories } satisfies Scores.Run, gaps }
})

/** Scores the test side of a benchmark's split. Fails with the file, and the line where there is one, of what is no result. */
export const scoreResults = Effect.fn("score")(function*(
  benchmark: Benchmark,
  { mode, out, results }: Pick<ScoreOptions, "mode" | "out" | "results">
) {
  const exam = examOf(benchmark)
  const sources = yield* ResultFolder.list(results)
  if (out !== undefined) yield* ResultFolder.refuseScores(out, sources)
  const models = new Map<string, Array<Scores.Run>>()
  const gaps: Array<Gap> = []
  for (const source of sources) {
    const scored = yield* scoreModel(exam, source, { mode, out })
    gaps.push(...scored.gaps)
    models.set(source.model, [...models.get(source.model) ?? [], scored.run])
  }
  const scoring: Scoring = { models: Array.from(models, ([model, runs]) => ({ model, runs })), gaps }
  return scoring
})

/** The benchmark with the split whose test side is meant; everything when there is none. */
export const readBenchmark = (data: string, split: string | undefined) =>
  BfclFolder.read(data, split ?? "all").pipe(Effect.mapError((reason) => new TasksError({ reason })))

export const score = (options: ScoreOptions) =>
  Effect.flatMap(readBenchmark(options.data, options.split), (benchmark) => scoreResults(benchmark, options))
