import { assert, describe, it } from "@effect/vitest"
import * as Spending from "../../../src/domain/openai/Spending.ts"

const spent: Spending.Spending = {
  ...Spending.none,
  tokens: { prompt: 1_000_000, cached: 400_000, completion: 200_000 }
}

describe("spending", () => {
  it("counts requests, those that asked again, and tokens where they are known", () => {
    const first = Spending.answered(Spending.asked(Spending.none, 1), { prompt: 5, cached: 1, completion: 2 })
    assert.deepStrictEqual(Spending.answered(Spending.asked(first, 2), undefined), {
      requests: 2,
      retries: 1,
      uncounted: 1,
      tokens: { prompt: 5, cached: 1, completion: 2 }
    })
  })

  it("costs less for what was cached, where the price says so", () => {
    assert.closeTo(Spending.cost(spent, { prompt: 2, completion: 8 }), 3.6, 1e-12)
    assert.closeTo(Spending.cost(spent, { prompt: 2, cached: 0.5, completion: 8 }), 3, 1e-12)
  })
})
