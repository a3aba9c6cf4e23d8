/** Looks at a split of BFCL's tasks: how many are on each side, and what the sides have in common. */
import { Effect } from "effect"
import { Category } from "../domain/bfcl/Entry.ts"
import * as Split from "../domain/bfcl/Split.ts"
import { TasksError } from "../domain/Tasks.ts"
import * as BfclFolder from "../layers/BfclFolder.ts"
import type { Parts } from "./parts.ts"
import * as Text from "./text.ts"

export const inspect: Parts["Service"]["split"] = Effect.fn("split")(function*({ data, split }) {
  const benchmark = yield* BfclFolder.read(data, split).pipe(
    Effect.mapError((reason) => new TasksError({ reason }))
  )
  const row = (side: "train" | "test") => {
    const of = benchmark.entries.filter(({ id }) => benchmark.split[side].has(id))
    const counts = Category.literals.map((name) => of.filter(({ category }) => category === name).length)
    return [side, ...[...counts, of.length].map(String)]
  }
  const emptySides = (["train", "test"] as const).filter((side) => benchmark.split[side].size === 0)
  const leakage = Split.leakage(benchmark.entries, benchmark.split)
  return {
    leaks: Split.leaks(leakage),
    lines: [
      ...Text.table([["", ...Category.literals, "all"], row("train"), row("test")]),
      ...emptySides.map((side) => `nothing is in ${side}`),
      `train and test have in common: ${Split.summary(leakage)}`,
      ...Split.details(leakage).map((line) => `  ${line}`)
    ]
  }
})
