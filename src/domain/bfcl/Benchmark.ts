/** The benchmark as a whole, as its folder holds it, and its split into train and test. */
import { Result, Schema } from "effect"
import type { Task } from "../Task.ts"
import type { TasksUnreadable } from "../Tasks.ts"
import type { Documents } from "./Documents.ts"
import type { Entry } from "./Entry.ts"
import * as Lines from "./Lines.ts"
import type { Source } from "./Lines.ts"
import type { LongContext } from "./LongContext.ts"

/** Scenario numbers of each part: all four variants of a scenario are on one side. */
export interface Split {
  readonly train: ReadonlySet<number>
  readonly test: ReadonlySet<number>
}

export interface Benchmark {
  /** base, miss_func, miss_param, long_context, each in file order. */
  readonly entries: ReadonlyArray<Entry>
  readonly documents: Documents
  readonly longContext: LongContext
  readonly split: Split
}

const Scenarios = Schema.Array(Schema.Natural)
const SplitFile = Schema.Struct({ train: Scenarios, test: Scenarios })
const decodeSplitFile = Lines.decodeJson(SplitFile)

/** `split_by_scenario.json`: `{ "train": [numbers], "test": [numbers] }`. */
export const decodeSplit = (source: Source): Result.Result<Split, TasksUnreadable> =>
  Result.mapBoth(decodeSplitFile(source.text), {
    onFailure: (detail) => Lines.unreadable(source, undefined, detail),
    onSuccess: ({ test, train }) => ({ train: new Set(train), test: new Set(test) })
  })

/** The entries as tasks with the entry as payload. An entry whose scenario is in no part of the split is no task. */
export const tasks = ({ entries, split }: Pick<Benchmark, "entries" | "split">): ReadonlyArray<Task> =>
  entries.flatMap((entry) => {
    const part = split.train.has(entry.scenario) ? "train" : split.test.has(entry.scenario) ? "test" : undefined
    return part === undefined
      ? []
      : [{ id: entry.id, category: entry.category, scenario: `bfcl-${entry.scenario}`, part, payload: entry }]
  })
