import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Paired from "../../src/domain/Paired.ts"
import * as PairedOutcomes from "../../src/domain/PairedOutcomes.ts"
import type { Rate } from "../../src/domain/Report.ts"

const Outcome = Schema.Struct({ first: Schema.Boolean, second: Schema.Boolean })
const Outcomes = Schema.Array(Outcome)

const rate = (passed: boolean, n = 1): Rate => ({ n, passed: passed ? n : 0 })

/** Outcomes of tasks with these ids in turn. */
const pairsOf = (outcomes: typeof Outcomes.Type, id: (at: number) => string) =>
  PairedOutcomes.pairs(
    outcomes.map(({ first }, at) => [id(at), rate(first)]),
    new Map(outcomes.map(({ second }, at) => [id(at), rate(second)]))
  )

const counted = (pairs: ReadonlyArray<Paired.Pair>, side: "first" | "second"): Rate => ({
  n: pairs.length,
  passed: pairs.filter((pair) => pair[side].passed > 0).length
})

const tasks = (all: Readonly<Record<string, Paired.Comparison>>) =>
  Object.values(all).reduce((sum, one) => sum + one.tasks, 0)

describe("ids", () => {
  it("name the cell a task is counted in", () => {
    assert.strictEqual(PairedOutcomes.cellOf("drill_test_miss_func_3"), "test/miss_func")
    assert.strictEqual(PairedOutcomes.cellOf("drill_transfer_base_30"), "transfer/base")
    assert.strictEqual(PairedOutcomes.cellOf("multi_turn_long_context_17"), "long_context")
    assert.isUndefined(PairedOutcomes.cellOf("database_7"))
  })

  it("say which tasks are variants of one scenario", () => {
    const ids = [
      "drill_test_base_1",
      "drill_test_miss_func_1",
      "drill_transfer_base_1",
      "multi_turn_base_1",
      "t1",
      "t2"
    ]
    const pairs = PairedOutcomes.pairs(ids.map((id) => [id, rate(true)]), new Map(ids.map((id) => [id, rate(true)])))
    assert.strictEqual(new Set(pairs.map(({ scenario }) => scenario)).size, ids.length - 1)
    assert.strictEqual(pairs[0]?.scenario, pairs[1]?.scenario)
  })
})

describe("two evaluations", () => {
  it("leave out what one of them has not", () => {
    const pairs = PairedOutcomes.pairs([["a", rate(true)], ["b", rate(true)]], new Map([["b", rate(false)]]))
    assert.deepStrictEqual(pairs.map(({ id }) => id), ["b"])
  })

  it.prop("are compared by cell, by part and together", [Outcomes], ([outcomes]) => {
    const ids = ["drill_test_base", "drill_test_miss_func", "drill_transfer_base"]
    const pairs = pairsOf(outcomes, (at) => `${ids[at % ids.length]}_${at}`)
    const { cells, overall, parts } = PairedOutcomes.compare(pairs, 1)
    assert.deepStrictEqual([tasks(cells), tasks(parts), overall.tasks], [pairs.length, pairs.length, pairs.length])
    for (const [name, comparison] of Object.entries(cells)) {
      const own = pairs.filter(({ id }) => PairedOutcomes.cellOf(id) === name)
      assert.deepStrictEqual(comparison, Paired.compare(own, 1))
    }
  })
})

describe("the comparison of a name", () => {
  it.prop("is about exactly what was counted under it", [Outcomes, Outcomes], ([some, others]) => {
    const test = pairsOf(some, (at) => `drill_test_base_${at}`)
    const transfer = pairsOf(others, (at) => `drill_transfer_base_${at}`)
    const all = PairedOutcomes.compare([...test, ...transfer], 1)
    for (const [part, own] of [["test", test], ["transfer", transfer]] as const) {
      const [first, second] = [counted(own, "first"), counted(own, "second")]
      for (const name of [part, `${part}/base`]) {
        const found = Paired.about(all, name, first, second)
        assert.strictEqual(found?.tasks, own.length === 0 ? undefined : own.length)
      }
      const { n, passed } = second
      if (passed * 2 !== n) assert.isUndefined(Paired.about(all, part, first, { n, passed: n - passed }))
    }
  })

  it("is found where ids name no part, and no category", () => {
    const bfcl = PairedOutcomes.compare(pairsOf([{ first: true, second: false }], () => "multi_turn_base_1"), 1)
    assert.strictEqual(Paired.about(bfcl, "test/base", rate(true), rate(false))?.difference, -1)
    const own = PairedOutcomes.compare(pairsOf([{ first: false, second: true }], () => "mine"), 1)
    assert.strictEqual(Paired.about(own, "test/mine", rate(false), rate(true))?.difference, 1)
    assert.isUndefined(Paired.about(own, "test/mine", rate(true), rate(true)))
  })
})
