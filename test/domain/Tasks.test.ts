import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Part } from "../../src/domain/Task.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import { task } from "./Playing.ts"

const Scenario = Schema.Literals(["a", "b", "c", "d"])
const Parts = Schema.Array(Schema.Struct({ scenario: Scenario, part: Part }))

const tasksOf = (parts: typeof Parts.Type) => parts.map((each, i) => task(`t${i}`, each))

describe("Tasks", () => {
  it.prop("overlap is every scenario that is trained on and evaluated", [Parts], ([parts]) => {
    const has = (scenario: string, trained: boolean) =>
      parts.some((each) => each.scenario === scenario && (each.part === "train") === trained)
    const expected = Scenario.literals.filter((scenario) => has(scenario, true) && has(scenario, false))
    assert.deepStrictEqual(Tasks.overlap(tasksOf(parts)).toSorted(), expected)
  })

  it.effect("refuses tasks whose scenarios are trained on and evaluated, and names them", () =>
    Effect.gen(function*() {
      const leaking = [
        task("1", { scenario: "tyres" }),
        task("2", { scenario: "tyres", part: "test", category: "miss_func" }),
        task("3", { scenario: "taxes" })
      ]
      const error = yield* Effect.flip(Effect.provide(Tasks.Tasks, Tasks.layer(leaking, {})))
      assert.strictEqual(error.message, "1 scenarios are in the training part and in an evaluated part: tyres")
      assert.isFalse(error.isRetryable)
    }))

  it.effect("takes tasks whose parts share none", () =>
    Effect.gen(function*() {
      const all = [task("1", { scenario: "a" }), task("2", { scenario: "b", part: "test" })]
      const tasks = yield* Effect.provide(Tasks.Tasks, Tasks.layer(all, { seed: "7" }))
      assert.deepStrictEqual(tasks, { all, provenance: { seed: "7" } })
      assert.deepStrictEqual(Tasks.ofPart(tasks.all, "test").map(({ id }) => id), ["2"])
    }))
})
