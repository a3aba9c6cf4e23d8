/**
 * What models reach by category, over one run of the benchmark or several: the numbers, and the JSON that
 * `envtune score` prints and `envtune compare` reads.
 */
import { Schema } from "effect"
import type { Counts, Rate } from "../Report.ts"
import { type Interval, mean, passAtK, passHatK, variance, wilson, wilsonClustered } from "../Statistics.ts"
import { Category } from "./Entry.ts"
import * as Leaderboard from "./Leaderboard.ts"
import type { OfficialError } from "./Score.ts"

/** Id -> nothing for a valid entry, else the type and the message of its error. */
export type Verdicts = ReadonlyMap<string, OfficialError | undefined>

/** One run of the benchmark by one model: category (`multi_turn_base`) -> verdicts. */
export interface Run {
  /** What sets it apart from the model's other runs; empty when there is but one. */
  readonly name: string
  readonly categories: ReadonlyMap<string, Verdicts>
}

/** The runs of one model. */
export interface ModelRuns {
  readonly model: string
  readonly runs: ReadonlyArray<Run>
}

/** Over tasks that were run once or several times. */
export interface Summary {
  readonly tasks: number
  readonly runs: number
  /** Mean share of valid samples over tasks, pass@1. */
  readonly accuracy: number
  /** 95 %, Wilson's; samples of one task do not count as independent. */
  readonly interval: Interval
  /** pass@k and pass^k for k from 1 to the number of samples that every task has. */
  readonly passAt: ReadonlyArray<number>
  readonly passHat: ReadonlyArray<number>
  /** Standard deviation of the accuracies of single runs; 0 below two. */
  readonly deviation: number
  /** Error type, without `multi_turn:` -> samples. */
  readonly errors: Counts
}

const rateOf = (verdicts: Iterable<OfficialError | undefined>): Rate => {
  const all = [...verdicts]
  return { n: all.length, passed: all.filter((error) => error === undefined).length }
}

const share = ({ n, passed }: Rate): number => n === 0 ? 0 : passed / n

/** Task -> passed of its samples. */
export const rates = (runs: ReadonlyArray<Verdicts>): ReadonlyMap<string, Rate> => {
  const byTask = new Map<string, Array<OfficialError | undefined>>()
  for (const verdicts of runs) {
    for (const [id, verdict] of verdicts) {
      const known = byTask.get(id)
      if (known === undefined) byTask.set(id, [verdict])
      else known.push(verdict)
    }
  }
  return new Map(Array.from(byTask, ([id, verdicts]) => [id, rateOf(verdicts)]))
}

const count = (verdicts: Iterable<OfficialError | undefined>): Counts => {
  const counts: Record<string, number> = {}
  for (const error of verdicts) {
    const type = error?.[0].replace("multi_turn:", "")
    if (type !== undefined) counts[type] = (counts[type] ?? 0) + 1
  }
  return counts
}

/** One category, or several together, over all runs. */
export const summarise = (runs: ReadonlyArray<Verdicts>): Summary => {
  const tasks = [...rates(runs).values()]
  const samples = tasks.length === 0 ? 0 : Math.min(...tasks.map(({ n }) => n))
  const over = (of: (n: number, passed: number, k: number) => number) =>
    Array.from({ length: samples }, (_, i) => mean(tasks.map(({ n, passed }) => of(n, passed, i + 1))))
  return {
    tasks: tasks.length,
    runs: runs.length,
    accuracy: mean(tasks.map(share)),
    interval: wilsonClustered(tasks),
    passAt: over(passAtK),
    passHat: over(passHatK),
    deviation: Math.sqrt(variance(runs.map((verdicts) => share(rateOf(verdicts.values()))))),
    errors: count(runs.flatMap((verdicts) => [...verdicts.values()]))
  }
}

/** The categories of a model, in the order in which they were met. */
export const categoriesOf = ({ runs }: ModelRuns): ReadonlyArray<string> => [
  ...new Set(runs.flatMap(({ categories }) => [...categories.keys()]))
]

/** The verdicts of one category, by runs that have it. */
export const ofCategory = ({ runs }: ModelRuns, category: string): ReadonlyArray<Verdicts> =>
  runs.flatMap(({ categories }) => categories.get(category) ?? [])

const nameOf = (category: Category): string => `multi_turn_${category}`

/** The original's overall accuracy, see `Leaderboard.overall`; the mean over runs. */
export const overall = ({ runs }: ModelRuns): number =>
  mean(runs.map(({ categories }) =>
    Leaderboard.overall((category) => {
      const verdicts = categories.get(nameOf(category))
      return verdicts && share(rateOf(verdicts.values()))
    })
  ))

/** The categories of which a model has no results. */
export const absentCategories = (model: ModelRuns): ReadonlyArray<Category> => {
  const there = categoriesOf(model)
  return Category.literals.filter((category) => !there.includes(nameOf(category)))
}

/** The verdicts of all categories together, by runs. */
export const ofAll = ({ runs }: ModelRuns): ReadonlyArray<Verdicts> =>
  runs.map(({ categories }) => new Map([...categories.values()].flatMap((verdicts) => [...verdicts])))

const Verdict = Schema.NullOr(
  Schema.Tuple([Schema.String, Schema.Union([Schema.String, Schema.Tuple([Schema.String])])])
)

const numbers = {
  accuracy: Schema.Finite,
  total: Schema.Natural,
  /** 95 %. The official scorer has none. */
  interval: Schema.optionalKey(Schema.Struct({ low: Schema.Finite, high: Schema.Finite }))
}

/** `entries`: id -> null when valid, else the type and the message of the error. */
const Single = Schema.Struct({ ...numbers, entries: Schema.Record(Schema.String, Verdict) })

const Shares = Schema.Array(Schema.Finite)

/** `passAt` and `passHat` are for k = 1, 2, ...; `runs`: name of the run -> its scores. */
const Several = Schema.Struct({
  ...numbers,
  passAt: Shares,
  passHat: Shares,
  deviation: Schema.Finite,
  runs: Schema.Record(Schema.String, Single)
})

/** Model -> category -> scores, with those of each run where there are several. */
export const Json = Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Union([Single, Several])))
export type Json = typeof Json.Type

const single = (verdicts: Verdicts): typeof Single.Type => {
  const rate = rateOf(verdicts.values())
  return {
    accuracy: share(rate),
    total: rate.n,
    interval: wilson(rate.passed, rate.n),
    entries: Object.fromEntries(Array.from(verdicts, ([id, error]) => [id, error ?? null]))
  }
}

const several = (model: ModelRuns, category: string): typeof Several.Type => {
  const { accuracy, deviation, interval, passAt, passHat, tasks } = summarise(ofCategory(model, category))
  return {
    accuracy,
    total: tasks,
    interval,
    passAt,
    passHat,
    deviation,
    runs: Object.fromEntries(model.runs.flatMap(({ categories, name }) => {
      const verdicts = categories.get(category)
      return verdicts === undefined ? [] : [[name, single(verdicts)]]
    }))
  }
}

const scoresOf = (model: ModelRuns, category: string): typeof Single.Type | typeof Several.Type => {
  const [only] = ofCategory(model, category)
  return model.runs.length === 1 && only !== undefined ? single(only) : several(model, category)
}

/** The shape of what the official scorer's verdicts were recorded in, with intervals. */
export const toJson = (models: ReadonlyArray<ModelRuns>): Json =>
  Object.fromEntries(models.map((model) => [
    model.model,
    Object.fromEntries(categoriesOf(model).map((category) => [category, scoresOf(model, category)]))
  ]))

const verdictsOf = ({ entries }: typeof Single.Type): Verdicts =>
  new Map(Object.entries(entries).map(([id, error]) => [id, error ?? undefined]))

/** The runs that a JSON of scores tells of. */
export const fromJson = (json: Json): ReadonlyArray<ModelRuns> =>
  Object.entries(json).map(([model, categories]) => {
    const runs = new Map<string, Map<string, Verdicts>>()
    const add = (name: string, category: string, scores: typeof Single.Type) => {
      const known = runs.get(name) ?? new Map<string, Verdicts>()
      runs.set(name, known.set(category, verdictsOf(scores)))
    }
    for (const [category, scores] of Object.entries(categories)) {
      if ("entries" in scores) add("", category, scores)
      else for (const [name, one] of Object.entries(scores.runs)) add(name, category, one)
    }
    return { model, runs: Array.from(runs, ([name, of]) => ({ name, categories: of })) }
  })
