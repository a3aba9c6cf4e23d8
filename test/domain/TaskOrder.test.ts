import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as TaskOrder from "../../src/domain/TaskOrder.ts"
import { task } from "./Playing.ts"

const Size = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 12 }))
const tasks = (n: number) => Array.from({ length: n }, (_, i) => task(`t${i}`))
const ids = (taken: ReturnType<ReturnType<typeof TaskOrder.make>>) => taken.map(({ id }) => id)

describe("TaskOrder", () => {
  it.prop("every epoch is a permutation of the tasks", [Size, Schema.Int], ([n, seed]) => {
    const all = tasks(n)
    const next = TaskOrder.make(all, seed)
    for (let epoch = 0; epoch < 3; epoch++) {
      const met = Array.from({ length: n }, () => next(1)).flat()
      assert.deepStrictEqual(ids(met).toSorted(), ids(all).toSorted())
    }
  })

  it.prop("no batch holds a task twice", [Size, Size, Schema.Int], ([n, batch, seed]) => {
    const next = TaskOrder.make(tasks(n), seed)
    for (let step = 0; step < 10; step++) {
      const taken = ids(next(batch))
      assert.strictEqual(taken.length, Math.min(n, batch))
      assert.strictEqual(new Set(taken).size, taken.length)
    }
  })

  it.prop("no task is met twice more often than another", [Size, Size, Schema.Int], ([n, batch, seed]) => {
    const next = TaskOrder.make(tasks(n), seed)
    const met = new Map(tasks(n).map(({ id }) => [id, 0]))
    for (let step = 0; step < 10; step++) {
      for (const id of ids(next(batch))) met.set(id, met.get(id)! + 1)
      assert.isAtMost(Math.max(...met.values()) - Math.min(...met.values()), 1)
    }
  })

  it.prop("is a function of the seed", [Size, Schema.Int], ([n, seed]) => {
    const [a, b] = [TaskOrder.make(tasks(n), seed), TaskOrder.make(tasks(n), seed)]
    assert.deepStrictEqual(Array.from({ length: 9 }, () => ids(a(2))), Array.from({ length: 9 }, () => ids(b(2))))
  })

  it("differs between epochs and between seeds", () => {
    const next = TaskOrder.make(tasks(20), 1)
    const [first, second] = [ids(next(20)), ids(next(20))]
    assert.notDeepEqual(first, second)
    assert.notDeepEqual(first, ids(TaskOrder.make(tasks(20), 2)(20)))
  })
})
