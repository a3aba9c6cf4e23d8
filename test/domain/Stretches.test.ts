import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { type Stretch, Stretches } from "../../src/domain/Stretches.ts"

const between = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

const itemsOf = ({ end, start }: Stretch): ReadonlyArray<number> =>
  Array.from({ length: end - start }, (_, i) => start + i)

describe("Stretches", () => {
  it.prop(
    "gives every item to one worker, however fast each of them is",
    [between(0, 60), between(1, 5), between(1, 7), Arbitrary.array(between(0, 4))],
    ([items, workers, most, turns]) => {
      const stretches = new Stretches(items, workers)
      const taken: Array<number> = []
      const take = (worker: number): boolean => {
        const stretch = stretches.take(worker, most)
        if (stretch === undefined) return false
        const some = itemsOf(stretch)
        assert.isTrue(some.length > 0 && some.length <= most)
        taken.push(...some)
        return true
      }
      for (const turn of turns) take(turn % workers)
      // Whoever asks last gets whatever is left.
      while (take(0)) assert.isAtMost(taken.length, items)
      assert.deepStrictEqual(taken.toSorted((a, b) => a - b), itemsOf({ start: 0, end: items }))
    }
  )

  it("goes through a worker's own stretch from its start, and helps at the end of the longest", () => {
    const stretches = new Stretches(9, 3)
    const take = (worker: number) => stretches.take(worker, 2)
    assert.deepStrictEqual([take(0), take(0)], [{ start: 0, end: 2 }, { start: 2, end: 3 }])
    assert.deepStrictEqual(take(1), { start: 3, end: 5 })
    assert.deepStrictEqual([take(0), take(0), take(0)], [{ start: 7, end: 9 }, { start: 5, end: 6 }, {
      start: 6,
      end: 7
    }])
    assert.deepStrictEqual([take(0), take(1), take(2)], [undefined, undefined, undefined])
  })
})
