import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { PySet } from "../../../src/domain/python/Set.ts"
import { repr } from "../../../src/domain/python/Text.ts"

const printed = (...numbers: ReadonlyArray<number | bigint>): string => repr(new PySet(numbers.map(BigInt)))

describe("a set of integers", () => {
  it("is gone through as CPython goes through its table", () => {
    assert.strictEqual(printed(3, 1, 2), "{1, 2, 3}")
    assert.strictEqual(
      printed(95405, 59756, 37519, 22302, 73944, 13715),
      "{59756, 95405, 37519, 13715, 73944, 22302}"
    )
    assert.strictEqual(
      printed(61093, 66723, 89618, 10276, 68377, 44908, 39984, 87483, 23399, 51606, 14009, 12925, 13335),
      "{66723, 10276, 61093, 23399, 44908, 39984, 89618, 14009, 51606, 13335, 68377, 87483, 12925}"
    )
    assert.strictEqual(
      printed(-1, -2, -3, 2n ** 61n - 1n, 2n ** 61n, -(2n ** 70n), 2n ** 64n, 5, 7, 8),
      "{2305843009213693951, 2305843009213693952, -1180591620717411303424, 5, 7, 18446744073709551616, 8, -2, -3, -1}"
    )
  })

  it.prop("goes through each of them once", [Schema.Array(Schema.BigInt)], ([integers]) => {
    const items = new PySet(integers).items()
    assert.strictEqual(items.length, new Set(integers).size)
    assert.deepStrictEqual(new Set(items), new Set(integers))
  })
})
