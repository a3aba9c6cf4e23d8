import { assert, describe, it } from "@effect/vitest"
import type { Category } from "../../../src/domain/bfcl/Entry.ts"
import * as Leaderboard from "../../../src/domain/bfcl/Leaderboard.ts"

const row = (model: string, correct: Partial<Record<Category, number>>): Leaderboard.Row => ({
  model,
  counts: new Map(
    (["base", "miss_func", "miss_param", "long_context"] as const).flatMap((category) => {
      const of = correct[category]
      return of === undefined ? [] : [[category, { correct: of, total: 800 }]]
    })
  )
})

describe("the table of multi-turn scores", () => {
  it("has a row for each model, the best first, with a category that was not scored as 0 in the mean", () => {
    assert.strictEqual(
      Leaderboard.table([
        row("one", { base: 800 }),
        row("some, of them", { base: 401, miss_func: 400, miss_param: 0, long_context: 799 }),
        row("other", { miss_param: 800 })
      ]),
      "Rank,Model,Multi Turn Overall Acc,Base,Miss Func,Miss Param,Long Context\n" +
        "1,\"some, of them\",50.00%,50.12%,50.00%,0.00%,99.88%\n" +
        "2,one,25.00%,100.00%,N/A,N/A,N/A\n" +
        "3,other,25.00%,N/A,N/A,100.00%,N/A"
    )
  })
})
