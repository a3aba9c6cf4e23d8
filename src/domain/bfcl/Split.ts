/**
 * Which entries are trained on and which are tested on, and what both sides have in common.
 *
 * The four categories are variants of the same scenarios, so a fair split has all variants of a scenario on one side.
 */
import { Result, Schema } from "effect"
import type { TasksUnreadable } from "../Tasks.ts"
import { Category, type Entry } from "./Entry.ts"
import * as Lines from "./Lines.ts"
import type { Source } from "./Lines.ts"

/** Ids of entries. An entry on neither side is left out. */
export interface Split {
  readonly train: ReadonlySet<string>
  readonly test: ReadonlySet<string>
}

const Numbers = Schema.Array(Schema.Natural)

/** Numbers of scenarios, in all categories; numbers by category; or ids. */
const Side = Schema.Union([
  Numbers,
  Schema.Struct({
    multi_turn_base: Schema.optionalKey(Numbers),
    multi_turn_miss_func: Schema.optionalKey(Numbers),
    multi_turn_miss_param: Schema.optionalKey(Numbers),
    multi_turn_long_context: Schema.optionalKey(Numbers)
  }),
  Schema.Array(Schema.NonEmptyString)
])

const SplitFile = Schema.fromJsonString(
  Schema.Struct({ about: Schema.optionalKey(Schema.String), train: Side, test: Side })
)

const decodeFile = Schema.decodeUnknownResult(SplitFile)

const isIds = (side: typeof Side.Type): side is ReadonlyArray<string> =>
  Array.isArray(side) && typeof side[0] === "string"

const idOf = (category: Category, scenario: number): string => `multi_turn_${category}_${scenario}`

/** The groups of ids that a side names: one for a scenario in all categories. */
const namedBy = (
  side: typeof Side.Type
): ReadonlyArray<{ readonly name: string; readonly ids: ReadonlyArray<string> }> => {
  if (isIds(side)) return side.map((id) => ({ name: id, ids: [id] }))
  if ("length" in side) {
    return side.map((scenario) => ({
      name: `scenario ${scenario}`,
      ids: Category.literals.map((category) => idOf(category, scenario))
    }))
  }
  return Category.literals.flatMap((category) =>
    (side[`multi_turn_${category}`] ?? []).map((scenario) => {
      const id = idOf(category, scenario)
      return { name: id, ids: [id] }
    })
  )
}

const shown = 5

const some = (items: ReadonlyArray<string>): string =>
  items.slice(0, shown).join(", ") + (items.length > shown ? ` and ${items.length - shown} more` : "")

/** `{ "train": side, "test": side }`, of the entries that there are. Refused when a side names what none of them is. */
export const decode = (source: Source, entries: ReadonlyArray<Entry>): Result.Result<Split, TasksUnreadable> =>
  Result.gen(function*() {
    const { test, train } = yield* Result.mapError(
      decodeFile(source.text, { errors: "all", onExcessProperty: "error" }),
      ({ message }) => Lines.unreadable(source, undefined, message)
    )
    const known = new Set(entries.map(({ id }) => id))
    const named = { train: namedBy(train), test: namedBy(test) }
    const unknown = Object.entries(named).flatMap(([side, groups]) => {
      const names = groups.filter(({ ids }) => !ids.some((id) => known.has(id))).map(({ name }) => name)
      return names.length === 0 ? [] : [`its ${side} side names what the data do not have: ${some(names)}`]
    })
    if (unknown.length > 0) return yield* Result.fail(Lines.unreadable(source, undefined, unknown.join("; ")))
    const idsOf = (groups: typeof named.train) =>
      new Set(groups.flatMap(({ ids }) => ids).filter((id) => known.has(id)))
    return { train: idsOf(named.train), test: idsOf(named.test) }
  })

/** Everything is tested on: what a leaderboard does. */
export const all = (entries: ReadonlyArray<Entry>): Split => ({
  train: new Set(),
  test: new Set(entries.map(({ id }) => id))
})

/** A tested entry, and a trained one that has the same. */
export interface Pair {
  readonly test: string
  readonly train: string
}

/** What both sides of a split have in common. */
export interface Leakage {
  readonly ids: ReadonlyArray<string>
  readonly scenarios: ReadonlyArray<number>
  /** Entries that start in the same configuration. */
  readonly initialStates: ReadonlyArray<Pair>
  /** Entries whose ground truth is the same, call by call. */
  readonly answers: ReadonlyArray<Pair>
}

const pairs = (
  train: ReadonlyArray<Entry>,
  test: ReadonlyArray<Entry>,
  key: (entry: Entry) => string
): ReadonlyArray<Pair> => {
  const known = new Map(train.map((entry) => [key(entry), entry.id]))
  return test.flatMap((entry) => {
    const other = known.get(key(entry))
    return other === undefined ? [] : [{ test: entry.id, train: other }]
  })
}

export const leakage = (entries: ReadonlyArray<Entry>, split: Split): Leakage => {
  const train = entries.filter(({ id }) => split.train.has(id))
  const test = entries.filter(({ id }) => split.test.has(id))
  const trained = new Set(train.map(({ scenario }) => scenario))
  return {
    ids: test.map(({ id }) => id).filter((id) => split.train.has(id)),
    scenarios: [...new Set(test.map(({ scenario }) => scenario))].filter((scenario) => trained.has(scenario)),
    initialStates: pairs(train, test, ({ initialConfig }) => initialConfig),
    answers: pairs(train, test, ({ turns }) => JSON.stringify(turns.map(({ groundTruth }) => groundTruth)))
  }
}

/** Whether both sides have scenarios in common, which makes a test say little about anything else. */
export const leaks = ({ ids, scenarios }: Leakage): boolean => ids.length > 0 || scenarios.length > 0

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

/** `3 ids, 2 scenarios, 8 initial states, 2 answers`. */
export const summary = ({ answers, ids, initialStates, scenarios }: Leakage): string =>
  [
    counted(ids.length, "id"),
    counted(scenarios.length, "scenario"),
    counted(initialStates.length, "initial state"),
    counted(answers.length, "answer")
  ].join(", ")

const pairText = ({ test, train }: Pair): string => test === train ? test : `${test} like ${train}`

/** What was found, a line each, with the first few by name. */
export const details = ({ answers, ids, initialStates, scenarios }: Leakage): ReadonlyArray<string> =>
  Object.entries({
    ids,
    scenarios: scenarios.map(String),
    "initial states": initialStates.map(pairText),
    answers: answers.map(pairText)
  }).flatMap(([what, items]) => items.length === 0 ? [] : [`${what}: ${some(items)}`])
