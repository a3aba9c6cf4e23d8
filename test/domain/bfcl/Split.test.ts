import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { tasks } from "../../../src/domain/bfcl/Benchmark.ts"
import type { Category, Entry } from "../../../src/domain/bfcl/Entry.ts"
import * as Split from "../../../src/domain/bfcl/Split.ts"
import { carEntry, lockAll, pressBrake } from "./entries.ts"

const entry = (category: Category, scenario: number, more: Partial<Entry> = {}): Entry => ({
  ...carEntry([lockAll]),
  id: `multi_turn_${category}_${scenario}`,
  category,
  scenario,
  initialConfig: JSON.stringify({ scenario }),
  ...more
})

const categories = ["base", "miss_func", "miss_param", "long_context"] as const
const data = Array.from({ length: 10 }, (_, scenario) => categories.map((category) => entry(category, scenario))).flat()

const decoded = (file: object, entries = data) =>
  Split.decode({ path: "split.json", text: JSON.stringify(file) }, entries)

const refused = (file: object, entries = data): string => {
  const result = decoded(file, entries)
  return Result.isFailure(result) ? result.failure.message : "decoded"
}

const split = (file: object): Split.Split => Result.getOrThrow(decoded(file))

describe("a split", () => {
  it("has scenarios in all categories, numbers by category, or ids", () => {
    const { test, train } = split({ about: "", train: [7], test: { multi_turn_miss_func: [8, 9] } })
    assert.deepStrictEqual([...train], [
      "multi_turn_base_7",
      "multi_turn_miss_func_7",
      "multi_turn_miss_param_7",
      "multi_turn_long_context_7"
    ])
    assert.deepStrictEqual([...test], ["multi_turn_miss_func_8", "multi_turn_miss_func_9"])
    assert.deepStrictEqual([...split({ train: ["multi_turn_base_1"], test: [] }).train], ["multi_turn_base_1"])
  })

  it("is named when it cannot be read, keys with a typo included", () => {
    for (const broken of [{ train: [0.5], test: [] }, { train: [1] }, { train: { multi_turn_bas: [1] }, test: [] }]) {
      const result = decoded(broken)
      assert.match(Result.isFailure(result) ? result.failure.message : "", /^split\.json: /)
    }
  })

  it("names only what is there", () => {
    assert.strictEqual(
      refused({ train: [1, 900], test: { multi_turn_base: [10] } }),
      "split.json: its train side names what the data do not have: scenario 900; " +
        "its test side names what the data do not have: multi_turn_base_10"
    )
    assert.strictEqual(
      refused({ train: ["a", "b", "c", "d", "e", "f", "multi_turn_base_1"], test: [] }),
      "split.json: its train side names what the data do not have: a, b, c, d, e and 1 more"
    )
    assert.strictEqual(refused({ train: [1], test: [] }, [entry("base", 1)]), "decoded")
  })

  it("makes tasks of entries, and none of those that it leaves out", () => {
    const entries = [entry("base", 7), entry("base", 8), entry("base", 9)]
    const made = tasks({ entries, split: split({ train: [7], test: [8] }) })
    assert.deepStrictEqual(made.map(({ part, scenario }) => [part, scenario]), [["train", "bfcl-7"], [
      "test",
      "bfcl-8"
    ]])
    assert.strictEqual(made[0]?.payload, entries[0])
  })
})

describe("what both sides have in common", () => {
  it("is found by id, scenario, initial state and answer", () => {
    const entries = [
      entry("base", 1),
      entry("miss_func", 1, { turns: carEntry([pressBrake]).turns }),
      entry("base", 2, { initialConfig: "{\"scenario\": 1}" }),
      entry("base", 3, { initialConfig: "{\"scenario\":1}", turns: carEntry([pressBrake]).turns })
    ]
    const sides = { train: ["multi_turn_base_1"], test: ["multi_turn_base_1", "multi_turn_miss_func_1"] }
    const same = Split.leakage(entries, split(sides))
    assert.deepStrictEqual(same.ids, ["multi_turn_base_1"])
    assert.deepStrictEqual(same.scenarios, [1])
    assert.strictEqual(Split.summary(same), "1 id, 1 scenario, 2 initial states, 1 answer")
    assert.isTrue(Split.leaks(same))
    const other = Split.leakage(entries, split({ train: [1], test: [2, 3] }))
    assert.isFalse(Split.leaks(other), "initial states and answers do not make a scenario")
    assert.deepStrictEqual(Split.details(other), [
      "initial states: multi_turn_base_3 like multi_turn_miss_func_1",
      "answers: multi_turn_base_2 like multi_turn_base_1, multi_turn_base_3 like multi_turn_miss_func_1"
    ])
  })

  const Numbers = Schema.Array(Schema.Literals([0, 1, 2, 3, 4]))

  it.prop("is a scenario exactly when it is on both sides", [Numbers, Numbers], ([train, test]) => {
    const entries = [0, 1, 2, 3, 4].flatMap((number) => [entry("base", number), entry("long_context", number)])
    const both = [0, 1, 2, 3, 4].filter((number) => train.some((n) => n === number) && test.some((n) => n === number))
    const found = Split.leakage(entries, split({ train, test }))
    assert.deepStrictEqual(found.scenarios, both)
    assert.strictEqual(found.ids.length, 2 * both.length)
    assert.strictEqual(Split.leaks(found), both.length > 0)
  })
})
