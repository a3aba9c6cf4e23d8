import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Paired from "../../src/domain/Paired.ts"
import * as Seed from "../../src/domain/Seed.ts"

const count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 }))

const pair = (id: number, first: boolean, second: boolean): Paired.Pair => ({
  id: String(id),
  first: { n: 1, passed: first ? 1 : 0 },
  second: { n: 1, passed: second ? 1 : 0 }
})

/** So many of each kind of pair. */
const pairs = (fixed: number, broken: number, both: number, neither: number): ReadonlyArray<Paired.Pair> =>
  [
    ...Array.from({ length: fixed }, () => [false, true] as const),
    ...Array.from({ length: broken }, () => [true, false] as const),
    ...Array.from({ length: both }, () => [true, true] as const),
    ...Array.from({ length: neither }, () => [false, false] as const)
  ].map(([first, second], i) => pair(i, first, second))

describe("McNemar's exact test", () => {
  it("has the values of exact arithmetic", () => {
    // The approval ratings of Agresti's Categorical Data Analysis, by R's exact2x2: 3.716e-05.
    assert.closeTo(Paired.mcnemar(86, 150), 3.715936139571442e-5, 1e-16)
    assert.closeTo(Paired.mcnemar(10, 2), 0.03857421875, 1e-14)
    assert.closeTo(Paired.mcnemar(0, 5), 0.0625, 1e-15)
    assert.closeTo(Paired.mcnemar(400, 380), 0.4963335474319288, 1e-12)
    assert.closeTo(Paired.mcnemar(1200, 1000), 2.1817026407914712e-5, 1e-15)
  })

  it("finds nothing where nothing differs", () => {
    assert.strictEqual(Paired.mcnemar(0, 0), 1)
    assert.strictEqual(Paired.mcnemar(3, 3), 1)
  })

  it.prop("does not care which policy is the first, and shrinks as the sides part", [count, count], ([a, b]) => {
    assert.strictEqual(Paired.mcnemar(a, b), Paired.mcnemar(b, a))
    if (a >= b) assert.isTrue(Paired.mcnemar(a + 1, b) <= Paired.mcnemar(a, b) + 1e-12)
  })
})

describe("the bootstrap", () => {
  it("agrees with the normal interval where that is good", () => {
    const differences = [...Array.from({ length: 120 }, () => 1), ...Array.from({ length: 280 }, () => 0)]
    const half = 1.96 * Math.sqrt(0.3 * 0.7 / 400)
    const { high, low } = Paired.bootstrap(differences.map((difference) => [difference]), 3)
    assert.closeTo(low, 0.3 - half, 0.004)
    assert.closeTo(high, 0.3 + half, 0.004)
  })

  it("is the same for a seed, and another for another", () => {
    const draws = new Seed.Draws(1)
    const differences = Array.from({ length: 40 }, () => [draws.uniform() - 0.5])
    assert.deepStrictEqual(Paired.bootstrap(differences, 1), Paired.bootstrap(differences, 1))
    assert.notDeepEqual(Paired.bootstrap(differences, 1), Paired.bootstrap(differences, 2))
  })

  it("draws the tasks of a scenario together: four that agree say no more than one", () => {
    const single = Array.from({ length: 100 }, (_, i) => [i < 30 ? 1 : 0])
    const fourfold = single.map(([difference = 0]) => [difference, difference, difference, difference])
    assert.deepStrictEqual(Paired.bootstrap(fourfold, 7), Paired.bootstrap(single, 7))
  })

  it("knows nothing of no pairs", () => {
    assert.deepStrictEqual(Paired.bootstrap([], 1), { low: -1, high: 1 })
  })
})

/** Connor's sample size for a difference, which the effect is solved from. */
const sampleSize = (disagreement: number, effect: number): number =>
  (1.959963984540054 * Math.sqrt(disagreement) + 0.8416212335729143 * Math.sqrt(disagreement - effect ** 2)) ** 2 /
  effect ** 2

describe("the minimum detectable effect", () => {
  it("is the difference that a sample of this size was planned for", () => {
    assert.closeTo(Paired.minimumDetectableEffect(233.0945382046738, 0.3) ?? 0, 0.1, 1e-12)
    assert.closeTo(Paired.minimumDetectableEffect(782.5259552102937, 0.25) ?? 0, 0.05, 1e-12)
  })

  it.prop("is the inverse of Connor's sample size", [
    Schema.Finite.check(Schema.isBetween({ minimum: 0.02, maximum: 1 })),
    Schema.Finite.check(Schema.isBetween({ minimum: 0.05, maximum: 0.95 }))
  ], ([disagreement, part]) => {
    const effect = disagreement * part
    const found = Paired.minimumDetectableEffect(sampleSize(disagreement, effect), disagreement) ?? 0
    assert.closeTo(found, effect, 1e-9)
  })

  it("is unknown where nothing differs", () => {
    assert.isUndefined(Paired.minimumDetectableEffect(400, 0))
    assert.isUndefined(Paired.minimumDetectableEffect(0, 0.5))
  })
})

const width = ({ interval: { high, low } }: Paired.Comparison): number => high - low

describe("compare", () => {
  it("pairs outcomes", () => {
    const comparison = Paired.compare(pairs(4, 1, 3, 2), 1)
    assert.deepStrictEqual(comparison.fixed, ["0", "1", "2", "3"])
    assert.deepStrictEqual(comparison.broken, ["4"])
    const { alike, both, first, neither, second, tasks } = comparison
    assert.deepStrictEqual({ alike, both, first, neither, second, tasks }, {
      alike: 0,
      both: 3,
      first: 0.4,
      neither: 2,
      second: 0.7,
      tasks: 10
    })
    assert.strictEqual(comparison.p, Paired.mcnemar(4, 1))
  })

  it("compares shares where there are several samples, and leaves out tasks without any", () => {
    const comparison = Paired.compare([
      { id: "a", first: { n: 4, passed: 1 }, second: { n: 2, passed: 1 } },
      { id: "b", first: { n: 4, passed: 2 }, second: { n: 2, passed: 1 } },
      { id: "c", first: { n: 4, passed: 4 }, second: { n: 0, passed: 0 } }
    ], 1)
    assert.deepStrictEqual(comparison.fixed, ["a"])
    assert.strictEqual(comparison.alike, 1)
    assert.strictEqual(comparison.tasks, 2)
    assert.closeTo(comparison.difference, 0.125, 1e-12)
  })

  it("is surer of tasks of many scenarios than of as many tasks of few", () => {
    const alone = pairs(12, 4, 30, 14)
    const inFours = alone.map((one, i) => ({ ...one, scenario: String(Math.floor(i / 4)) }))
    assert.isAbove(width(Paired.compare(inFours, 1)), 1.3 * width(Paired.compare(alone, 1)))
  })

  it.prop("counts every pair once, and its interval holds the difference", [count, count, count, count], (
    [fixed, broken, both, neither]
  ) => {
    const comparison = Paired.compare(pairs(fixed, broken, both, neither), 5)
    const { difference, interval: { high, low } } = comparison
    assert.deepStrictEqual([comparison.fixed.length, comparison.broken.length], [fixed, broken])
    assert.deepStrictEqual([comparison.both, comparison.neither, comparison.alike], [both, neither, 0])
    assert.isTrue(low <= difference + 1e-12 && difference <= high + 1e-12)
    assert.closeTo(comparison.second - comparison.first, difference, 1e-12)
  })
})
