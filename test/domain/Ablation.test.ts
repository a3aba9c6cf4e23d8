import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Ablation from "../../src/domain/Ablation.ts"
import * as Paired from "../../src/domain/Paired.ts"
import type { Outcomes } from "../../src/domain/RunStore.ts"
import * as Seed from "../../src/domain/Seed.ts"
import { holm } from "../../src/domain/Statistics.ts"
import type { Task } from "../../src/domain/Task.ts"
import { statements } from "../../src/programs/contrasts.ts"
import { task } from "./Playing.ts"

/** Forty scenarios in two categories, and a few tasks that are not compared. */
const tasks: ReadonlyArray<Task> = [
  ...Array.from({ length: 40 }, (_, i) =>
    ["base", "miss_func"].map((category) => (
      task(`${category}_${i}`, { category, scenario: `s${i}`, part: "test" })
    ))).flat(),
  ...Array.from({ length: 5 }, (_, i) => task(`x${i}`, { part: "transfer" }))
]

/** Each task passes with a probability of its category, by a die of its own. */
const outcomes = (seed: number, base: number, missing: number): Outcomes =>
  Object.fromEntries(tasks.map(({ category, id }) => [id, {
    n: 1,
    passed: Seed.uniform(Seed.derive(seed, id), 0) < (category === "base" ? base : missing) ? 1 : 0
  }]))

const trained = (arm: string, seed: number, base: number, missing: number): Ablation.Trained => ({
  arm,
  seed,
  before: outcomes(0, 0.1, 0.1),
  after: outcomes(seed, base, missing)
})

describe("an ablation", () => {
  const seeds = [1, 2, 3]
  const result = Ablation.analyse(
    [
      ...seeds.map((seed) => trained("full", seed, 0.8, 0.7)),
      ...seeds.map((seed) => trained("worse", seed, 0.8, 0.3)),
      ...seeds.map((seed) => trained("same", seed, 0.8, 0.7))
    ],
    tasks,
    1
  )
  const [worse, same] = result.contrasts

  it("finds the arm that is worse, where it is worse, and not the one that is the same", () => {
    assert.deepStrictEqual(result.contrasts.map(({ arm, significant }) => [arm, significant]), [
      ["worse", true],
      ["same", false]
    ])
    assert.isBelow(worse!.categories["miss_func"]!.interval.high, 0)
    assert.strictEqual(worse!.categories["base"]!.difference, 0)
    assert.deepStrictEqual(same!.bySeed.map(({ difference }) => difference), [0, 0, 0])
    assert.strictEqual(same!.p, 1)
  })

  it("pools the seeds of an arm task by task", () => {
    const { before, after } = result.arms[0]!.cells["test, all"]!
    assert.strictEqual(after.rate.n, 240)
    assert.strictEqual(before.rate.n, 240)
    assert.strictEqual(
      after.rate.passed,
      seeds.flatMap((seed) =>
        tasks.filter(({ part }) => part === "test").map(({ id }) => outcomes(seed, 0.8, 0.7)[id]!)
      )
        .reduce((sum, { passed }) => sum + passed, 0)
    )
    assert.strictEqual(worse!.overall.tasks, 80)
    assert.deepStrictEqual(Object.keys(result.arms[0]!.cells), [
      "test/base",
      "test/miss_func",
      "test, all",
      "transfer/base"
    ])
  })

  it("compares the seeds that both have", () => {
    const partial = Ablation.analyse(
      [
        trained("full", 1, 0.8, 0.7),
        trained("full", 2, 0.8, 0.7),
        trained("worse", 2, 0.8, 0.3)
      ],
      tasks,
      1
    )
    const alone = Ablation.analyse([trained("full", 2, 0.8, 0.7), trained("worse", 2, 0.8, 0.3)], tasks, 1)
    assert.deepStrictEqual(partial.contrasts, alone.contrasts)
  })

  it("says in sentences what is significant, and of how many trainings", () => {
    const [about, other, caveat] = statements(result)
    assert.match(
      about!,
      /^worse: .* points, p 0\.000\d after Holm, significant over tasks; of one sign in all trainings: -/
    )
    assert.match(
      other!,
      /^same: .* not significant over tasks; of one sign in all trainings: \+0\.0, \+0\.0, \+0\.0\.$/
    )
    assert.match(caveat!, /these 3 trainings of every arm/)
    const once = Ablation.analyse([trained("full", 1, 0.8, 0.7), trained("worse", 1, 0.8, 0.3)], tasks, 1)
    assert.match(statements(once).at(-1)!, /^Every arm was trained once/)
    assert.deepStrictEqual(statements(Ablation.analyse([trained("full", 1, 0.8, 0.7)], tasks, 1)), [])
  })
})

const probability = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

describe("Holm's adjustment", () => {
  it("has the values of its definition", () => {
    assert.deepStrictEqual(holm([0.01, 0.04, 0.03]).map((p) => p.toFixed(4)), ["0.0300", "0.0600", "0.0600"])
    assert.deepStrictEqual(holm([]), [])
  })

  it.prop("is never below the probability nor above Bonferroni's, and keeps the order", [
    Schema.Array(probability).check(Schema.isMaxLength(8))
  ], ([ps]) => {
    const adjusted = holm(ps)
    ps.forEach((p, i) => {
      assert.isAtLeast(adjusted[i]!, p)
      assert.isAtMost(adjusted[i]!, Math.min(1, p * ps.length) + 1e-12)
      ps.forEach((other, j) => {
        if (p < other) assert.isAtMost(adjusted[i]!, adjusted[j]!)
      })
    })
  })
})

const pairs = (fixed: number, broken: number, perScenario = 1): ReadonlyArray<Paired.Pair> =>
  Array.from({ length: (fixed + broken) * perScenario }, (_, i) => ({
    id: String(i),
    scenario: String(Math.floor(i / perScenario)),
    first: { n: 1, passed: i < fixed * perScenario ? 0 : 1 },
    second: { n: 1, passed: i < fixed * perScenario ? 1 : 0 }
  }))

describe("the permutation test", () => {
  it("agrees with McNemar's exact test where every task is a scenario of its own", () => {
    for (const [fixed, broken] of [[10, 2], [30, 20], [6, 5]] as const) {
      assert.closeTo(Paired.permutation(pairs(fixed, broken), 1), Paired.mcnemar(fixed, broken), 0.015)
    }
  })

  it("takes four tasks of a scenario that agree for one", () => {
    assert.strictEqual(Paired.permutation(pairs(10, 2, 4), 1), Paired.permutation(pairs(10, 2), 1))
  })

  it("finds nothing where nothing differs", () => {
    assert.strictEqual(Paired.permutation([], 1), 1)
  })
})
