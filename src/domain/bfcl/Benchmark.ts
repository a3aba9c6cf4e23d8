/** The benchmark as a whole, as its folder holds it, and its entries as tasks. */
import type { Task } from "../Task.ts"
import type { Documents } from "./Documents.ts"
import type { Entry } from "./Entry.ts"
import type { Source } from "./Lines.ts"
import type { LongContext } from "./LongContext.ts"
import type { Split } from "./Split.ts"

export interface Benchmark {
  /** base, miss_func, miss_param, long_context, each in file order. */
  readonly entries: ReadonlyArray<Entry>
  /** The question files that the entries were decoded from. */
  readonly questions: ReadonlyArray<Source>
  readonly documents: Documents
  readonly longContext: LongContext
  readonly split: Split
}

/** The entries as tasks with the entry as payload. An entry that is in no part of the split is no task. */
export const tasks = ({ entries, split }: Pick<Benchmark, "entries" | "split">): ReadonlyArray<Task> =>
  entries.flatMap((entry) => {
    const part = split.train.has(entry.id) ? "train" : split.test.has(entry.id) ? "test" : undefined
    return part === undefined
      ? []
      : [{ id: entry.id, category: entry.category, scenario: `bfcl-${entry.scenario}`, part, payload: entry }]
  })
