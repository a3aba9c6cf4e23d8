import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { EpisodeQuery, type EpisodeSummary, groupOf, matches, select } from "../../src/domain/RunView.ts"

const Few = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 }))

const Drawn = Schema.Array(Schema.Struct({
  stage: Schema.Literals(["one", "two"]),
  step: Few,
  category: Schema.Literals(["base", "miss_func"]),
  fate: Schema.Literals(["trained", "filtered", "failed"]),
  reward: Schema.optionalKey(Few),
  passed: Schema.Boolean,
  steps: Few,
  hints: Schema.Array(Schema.Literals(["a", "b"]))
}))

const summaries = (drawn: typeof Drawn.Type): ReadonlyArray<EpisodeSummary> =>
  drawn.map((one, at) => ({
    ...one,
    at,
    id: `0/${one.step}/task/${at}`,
    member: at,
    task: "task",
    turns: 1,
    turnsPassed: one.passed ? 1 : 0,
    calls: 0
  }))

describe("select", () => {
  it.prop("gives the episodes that match, each once", [Drawn, EpisodeQuery], ([drawn, query]) => {
    const all = summaries(drawn)
    const selected = select(all, query)
    assert.deepStrictEqual(selected.toSorted((a, b) => a.at - b.at), all.filter(matches(query)))
  })

  it.prop(
    "orders by a value, those without one last, whichever way around",
    [Drawn, Schema.Boolean],
    ([drawn, descending]) => {
      const rewards = select(summaries(drawn), { order: "reward", descending }).map(({ reward }) => reward)
      const known = rewards.filter((reward) => reward !== undefined)
      assert.deepStrictEqual(known, known.toSorted((a, b) => descending ? b - a : a - b))
      assert.deepStrictEqual(rewards.slice(0, known.length), known)
    }
  )

  it("narrows by every facet", () => {
    const all = summaries([
      { stage: "one", step: 0, category: "base", fate: "trained", reward: 1, passed: true, steps: 1, hints: ["a"] },
      { stage: "two", step: 1, category: "miss_func", fate: "filtered", reward: 0, passed: false, steps: 2, hints: [] }
    ])
    const ats = (query: EpisodeQuery) => select(all, query).map(({ at }) => at)
    assert.deepStrictEqual(ats({ stage: "two" }), [1])
    assert.deepStrictEqual(ats({ step: 0 }), [0])
    assert.deepStrictEqual(ats({ category: "base" }), [0])
    assert.deepStrictEqual(ats({ fate: "filtered" }), [1])
    assert.deepStrictEqual(ats({ verdict: "failed" }), [1])
    assert.deepStrictEqual(ats({ hint: "a" }), [0])
    assert.deepStrictEqual(ats({ text: "/1/task" }), [1])
    assert.deepStrictEqual(ats({ failure: "state" }), [])
    assert.deepStrictEqual(ats({ order: "hints", descending: true }), [0, 1])
  })
})

describe("groupOf", () => {
  it("is what members have in common", () => {
    assert.strictEqual(groupOf("2/17/task/with/slashes/3"), "2/17/task/with/slashes")
  })
})
