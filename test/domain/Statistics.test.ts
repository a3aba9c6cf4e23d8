import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Statistics from "../../src/domain/Statistics.ts"

const Numbers = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: -1000, maximum: 1000 })))

describe("Statistics", () => {
  it("has Wilson's interval as tables have it", () => {
    const known = [
      [8, 10, 0.4901624715366418, 0.9433178485456248],
      [0, 10, 0, 0.2775327998628892],
      [10, 10, 0.7224672001371107, 1],
      [200, 400, 0.451234504169709, 0.548765495830291],
      [148, 400, 0.3241319808189903, 0.4183412157079268]
    ] as const
    for (const [passed, n, low, high] of known) {
      const interval = Statistics.wilson(passed, n)
      assert.closeTo(interval.low, low, 1e-12)
      assert.closeTo(interval.high, high, 1e-12)
    }
    assert.deepStrictEqual(Statistics.wilson(0, 0), { low: 0, high: 1 })
  })

  const count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 500 }))

  it.prop("Wilson's interval holds the rate, stays in [0, 1] and mirrors", [count, count], ([a, b]) => {
    const [passed, n] = [Math.min(a, b), Math.max(a, b, 1)]
    const { high, low } = Statistics.wilson(passed, n)
    const mirrored = Statistics.wilson(n - passed, n)
    assert.isTrue(0 <= low && low <= passed / n + 1e-12 && passed / n <= high + 1e-12 && high <= 1)
    assert.closeTo(mirrored.low, 1 - high, 1e-12)
    assert.closeTo(mirrored.high, 1 - low, 1e-12)
  })

  it.prop("Wilson's interval narrows with more of the same", [count, count], ([a, b]) => {
    const [passed, n] = [Math.min(a, b), Math.max(a, b, 1)]
    const few = Statistics.wilson(passed, n)
    const many = Statistics.wilson(4 * passed, 4 * n)
    assert.isBelow(many.high - many.low, few.high - few.low)
  })

  it("has the interval of a difference as Newcombe's example has it", () => {
    const { high, low } = Statistics.wilsonDifference({ n: 80, passed: 48 }, { n: 70, passed: 56 })
    assert.closeTo(low, 0.0524, 5e-5)
    assert.closeTo(high, 0.3339, 5e-5)
    assert.deepStrictEqual(Statistics.wilsonDifference({ n: 0, passed: 0 }, { n: 9, passed: 9 }), { low: -1, high: 1 })
  })

  it.prop("a difference's interval holds the difference, and turns with it", [count, count, count, count], (counts) => {
    const [a, b, c, d] = counts
    const first = { n: Math.max(a, b, 1), passed: Math.min(a, b) }
    const second = { n: Math.max(c, d, 1), passed: Math.min(c, d) }
    const difference = second.passed / second.n - first.passed / first.n
    const { high, low } = Statistics.wilsonDifference(first, second)
    const turned = Statistics.wilsonDifference(second, first)
    assert.isTrue(low <= difference + 1e-12 && difference <= high + 1e-12)
    assert.closeTo(turned.low, -high, 1e-12)
    assert.closeTo(turned.high, -low, 1e-12)
  })

  it("has the shares of k samples that pass, of which at least one and all", () => {
    // Exact fractions: 1 - C(7, 5) / C(10, 5), and C(3, 2) / C(10, 2).
    assert.closeTo(Statistics.passAtK(10, 3, 5), 11 / 12, 1e-12)
    assert.closeTo(Statistics.passHatK(10, 3, 2), 1 / 15, 1e-12)
    assert.strictEqual(Statistics.passAtK(5, 0, 2), 0)
    assert.strictEqual(Statistics.passAtK(5, 4, 2), 1)
    assert.strictEqual(Statistics.passHatK(5, 5, 5), 1)
    assert.strictEqual(Statistics.passHatK(5, 1, 2), 0)
  })

  it.prop("one of k passes more often, and all of k less often, the larger k is; of one they are the share", [
    count,
    count,
    count
  ], ([a, b, c]) => {
    const n = Math.max(a, 1)
    const passed = Math.min(b, n)
    const k = 1 + c % n
    assert.closeTo(Statistics.passAtK(n, passed, 1), passed / n, 1e-12)
    assert.closeTo(Statistics.passHatK(n, passed, 1), passed / n, 1e-12)
    if (k === n) return
    assert.isTrue(Statistics.passAtK(n, passed, k) <= Statistics.passAtK(n, passed, k + 1) + 1e-12)
    assert.isTrue(Statistics.passHatK(n, passed, k) >= Statistics.passHatK(n, passed, k + 1) - 1e-12)
    // A sample fails or passes: none of k pass exactly as often as all of k fail.
    assert.closeTo(Statistics.passAtK(n, passed, k), 1 - Statistics.passHatK(n, n - passed, k), 1e-9)
  })

  it("has the mean and the unbiased variance", () => {
    assert.strictEqual(Statistics.mean([1, 2, 6]), 3)
    assert.strictEqual(Statistics.variance([1, 2, 6]), 7)
    assert.strictEqual(Statistics.mean([]), 0)
    assert.strictEqual(Statistics.variance([5]), 0)
  })

  it.prop("variance ignores shifts and squares scales", [Numbers], ([values]) => {
    const variance = Statistics.variance(values)
    assert.closeTo(Statistics.variance(values.map((x) => x + 7)), variance, 1e-6)
    assert.closeTo(Statistics.variance(values.map((x) => 3 * x)), 9 * variance, 1e-5)
  })

  it("has the normal interval of a mean, unbounded below two values", () => {
    const { high, low } = Statistics.meanInterval([1, 2, 6])
    assert.closeTo(high - 3, 1.959963984540054 * Math.sqrt(7 / 3), 1e-12)
    assert.closeTo(3 - low, high - 3, 1e-12)
    assert.deepStrictEqual(Statistics.meanInterval([2]), { low: -Infinity, high: Infinity })
  })

  it.prop("finds the slope of a line", [Schema.Int, Schema.Int, count], ([start, rise, n]) => {
    const [a, b] = [start % 1000, rise % 1000]
    const slope = Statistics.slope(Array.from({ length: n + 2 }, (_, x) => a + b * x))
    assert.closeTo(slope, b, 1e-6)
  })

  it("has slope 0 below two values", () => {
    assert.strictEqual(Statistics.slope([3]), 0)
  })
})
