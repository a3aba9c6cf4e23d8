/**
 * Task by task outcomes from wherever they were written: BFCL's result or score files, the JSON of `envtune score` or
 * `envtune evaluate`, the folder of a run.
 */
import { Effect, FileSystem, Path, Result, Schema, Stream } from "effect"
import type { Benchmark } from "../domain/bfcl/Benchmark.ts"
import type { Form } from "../domain/bfcl/ResultFile.ts"
import * as Scores from "../domain/bfcl/Scores.ts"
import type { Rate } from "../domain/Report.ts"
import { type Evaluated, Outcomes as TaskRates } from "../domain/RunStore.ts"
import { inWords } from "../layers/FileProblem.ts"
import * as ResultFolder from "../layers/ResultFolder.ts"
import { files as runFiles } from "../layers/RunFolder.ts"
import * as RunReader from "../layers/RunReader.ts"
import * as ScoreFolder from "../layers/ScoreFolder.ts"
import { Unavailable } from "./refusal.ts"
import { scoreResults } from "./score.ts"
import * as Scored from "./scored.ts"

/** Task id -> passed of its samples. */
export type ByTask = ReadonlyMap<string, Rate>

export interface Outcomes {
  readonly tasks: ByTask
  /** What is doubtful about them, a sentence each. */
  readonly warnings: ReadonlyArray<string>
}

const sure = (tasks: ByTask): Outcomes => ({ tasks, warnings: [] })

/** A path, and which of what is there: `runs/mine#before`, `result#some-model`. */
interface Place {
  readonly path: string
  readonly choice: string | undefined
}

const placeOf = (given: string): Place => {
  const at = given.lastIndexOf("#")
  return at < 0 ? { path: given, choice: undefined } : { path: given.slice(0, at), choice: given.slice(at + 1) }
}

const unavailable = (path: string, detail: string): Unavailable => new Unavailable({ detail: `${path}: ${detail}` })

/** The model that was chosen, or the only one. */
const chosen = <A extends {}>(
  { choice, path }: Place,
  models: ReadonlyMap<string, A>
): Effect.Effect<A, Unavailable> => {
  const names = [...models.keys()]
  const name = choice ?? (names.length === 1 ? names[0] : undefined)
  const found = name === undefined ? undefined : models.get(name)
  if (found !== undefined) return Effect.succeed(found)
  const held = choice === undefined ? `it holds ${names.length} models` : `it holds no model ${choice}`
  return Effect.fail(unavailable(path, `${held}; name one: ${names.map((one) => `${path}#${one}`).join(", ")}`))
}

const chosenModel = (place: Place, models: ReadonlyArray<Scores.ModelRuns>) =>
  chosen(place, new Map(models.map((model) => [model.model, model])))

const ofResults = Effect.fnUntraced(function*(place: Place, benchmark: Benchmark, mode: Form | undefined) {
  const scoring = yield* scoreResults(benchmark, { results: place.path, mode })
  const model = yield* chosenModel(place, scoring.models)
  const outcomes: Outcomes = {
    tasks: Scores.rates(Scores.ofAll(model)),
    warnings: Scored.warnings(scoring, model.model)
  }
  return outcomes
})

/** The ids that a score file is about: it has those of invalid entries only, and how many were scored. */
const scoredIds = Effect.fnUntraced(function*(
  { entries, split }: Benchmark,
  { category, path }: ResultFolder.ResultSource,
  total: number
) {
  const all = entries.flatMap((entry) => entry.category === category ? [entry.id] : [])
  const tested = all.filter((id) => split.test.has(id))
  const scored = [all, tested].find(({ length }) => length === total)
  if (scored !== undefined) return scored
  return yield* unavailable(
    path,
    `${total} entries were scored, which are not all ${all.length} of the category, nor the ${tested.length} on the ` +
      "test side of the split; name the split, or compare the results"
  )
})

const ofScores = Effect.fnUntraced(function*(
  place: Place,
  sources: ReadonlyArray<ResultFolder.ModelSource>,
  benchmark: Benchmark
) {
  const models = new Map<string, Map<string, Rate>>()
  for (const { files, model } of sources) {
    const rates = models.get(model) ?? new Map<string, Rate>()
    models.set(model, rates)
    for (const file of files) {
      const { invalid, total } = yield* ScoreFolder.read(file)
      for (const id of yield* scoredIds(benchmark, file, total)) {
        const { n, passed } = rates.get(id) ?? { n: 0, passed: 0 }
        rates.set(id, { n: n + 1, passed: passed + (invalid.has(id) ? 0 : 1) })
      }
    }
  }
  return yield* chosen(place, models)
})

/** The last evaluation of a run, or the one that was chosen. */
const ofRun = Effect.fnUntraced(function*({ choice = "after", path }: Place) {
  const evaluations = yield* RunReader.open(path).pipe(
    Effect.flatMap((record) => Stream.runCollect(record.evaluations)),
    Effect.mapError(({ message }) => new Unavailable({ detail: message }))
  )
  const found = evaluations
    .flatMap((line): ReadonlyArray<Evaluated> => line._tag === "Line" ? [line.value] : [])
    .findLast(({ when }) => when === choice)
  if (found !== undefined) return new Map(Object.entries(found.tasks))
  return yield* unavailable(path, `the run has no evaluation "${choice}"; there may be ${path}#before and #after`)
})

const decodeEvaluation = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Struct({ tasks: TaskRates })))
const decodeScores = Schema.decodeUnknownResult(Schema.fromJsonString(Scores.Json))

const ofJson = Effect.fnUntraced(function*(place: Place) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(fs.readFileString(place.path), (error) => unavailable(place.path, inWords(error)))
  const evaluation = decodeEvaluation(text)
  if (Result.isSuccess(evaluation)) return new Map(Object.entries(evaluation.success.tasks))
  const scores = decodeScores(text)
  if (Result.isFailure(scores)) {
    return yield* unavailable(place.path, "it is neither what envtune score --json prints, nor envtune evaluate --json")
  }
  return Scores.rates(Scores.ofAll(yield* chosenModel(place, Scores.fromJson(scores.success))))
})

const ofFolder = Effect.fnUntraced(function*(place: Place, benchmark: Benchmark | undefined, mode: Form | undefined) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const isRun = yield* fs.exists(path.join(place.path, runFiles.run)).pipe(Effect.orElseSucceed(() => false))
  if (isRun) return sure(yield* ofRun(place))
  const scores = yield* ScoreFolder.list(place.path)
  if (scores.length === 0) yield* ResultFolder.list(place.path)
  if (benchmark === undefined) {
    return yield* unavailable(
      place.path,
      "results and scores need the benchmark: say where it is with --data, or get it with `envtune data pull`"
    )
  }
  if (scores.length > 0) return sure(yield* ofScores(place, scores, benchmark))
  return yield* ofResults(place, benchmark, mode)
})

/** The outcomes at a path. Result and score files need the benchmark they are of. */
export const readOutcomes = Effect.fn("readOutcomes")(function*(
  given: string,
  benchmark: Benchmark | undefined,
  mode: Form | undefined
) {
  const fs = yield* FileSystem.FileSystem
  const place = placeOf(given)
  const { type } = yield* Effect.mapError(fs.stat(place.path), (error) => unavailable(place.path, inWords(error)))
  const outcomes: Outcomes = type === "Directory"
    ? yield* ofFolder(place, benchmark, mode)
    : sure(yield* ofJson(place))
  return outcomes
})
