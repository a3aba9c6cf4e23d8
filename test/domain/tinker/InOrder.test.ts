import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Seed from "../../../src/domain/Seed.ts"
import { InOrder } from "../../../src/domain/tinker/InOrder.ts"

const Size = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 }))

describe("InOrder", () => {
  it.prop("gives requests their turn by number, each once, as soon as those before it have arrived", [
    Size,
    Schema.Natural
  ], ([size, seed]) => {
    const numbers = Array.from({ length: size }, (_, i) => i + 1)
    const order = new InOrder<number>()
    const arrived = new Set<number>()
    const due: Array<number> = []
    for (const number of new Seed.Draws(seed).shuffle(numbers)) {
      arrived.add(number)
      due.push(...order.add(number, number))
      const missing = numbers.find((each) => !arrived.has(each)) ?? size + 1
      assert.strictEqual(order.awaited, missing)
      assert.deepStrictEqual(due, numbers.slice(0, missing - 1))
      assert.isTrue(due.every((each) => order.isPast(each)))
      assert.isFalse(order.isPast(missing))
    }
    assert.deepStrictEqual(due, numbers)
  })
})
