import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { dyadic, exactFma, fma } from "../../../src/domain/python/Fma.ts"

const Significand = Schema.Finite.check(Schema.isBetween({ minimum: -2, maximum: 2 }))
/** So that all that is lost on the way lies above a float's smallest, and beyond. */
const Exponent = Schema.Int.check(Schema.isBetween({ minimum: -430, maximum: 430 }))

const scaled = (significand: number, exponent: number): number =>
  Math.abs(significand) < 2 ** -20 ? 0 : significand * 2 ** exponent

describe("fma", () => {
  it.prop(
    "is what integers say",
    [Significand, Significand, Significand, Exponent, Exponent],
    ([x, y, z, big, small]) => {
      const [a, b] = [scaled(x, big), scaled(y, small - big)]
      // A sum far apart, one of equal size, and one in which nearly all cancels.
      for (const c of [scaled(z, small), scaled(z, small - 60), -(a * b), -(a * b) * (1 + 2 ** -52), 0]) {
        assert.strictEqual(fma(a, b, c), exactFma(a, b, c) + 0, `${a} * ${b} + ${c}`)
      }
    }
  )

  it("rounds once", () => {
    const almostOne = 1 - 2 ** -53
    assert.strictEqual(almostOne * almostOne - 1, -(2 ** -52))
    assert.strictEqual(fma(almostOne, almostOne, -1), -(2 ** -52) + 2 ** -106)
    assert.strictEqual(fma(0.1, 10, -1), 2 ** -54)
  })
})

describe("dyadic", () => {
  it.prop("takes a float apart", [Schema.Finite], ([value]) => {
    const { exponent, mantissa } = dyadic(value)
    const half = Math.trunc(exponent / 2)
    assert.strictEqual(Number(mantissa) * 2 ** half * 2 ** (exponent - half) + 0, value + 0)
  })
})
