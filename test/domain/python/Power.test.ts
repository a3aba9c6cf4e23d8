import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Complex } from "../../../src/domain/python/Complex.ts"
import { complexPower } from "../../../src/domain/python/ComplexPower.ts"
import { pow } from "../../../src/domain/python/Power.ts"
import { fraction } from "../../../src/domain/python/Rounding.ts"
import { repr } from "../../../src/domain/python/Text.ts"

const Base = Schema.Finite.check(Schema.isBetween({ minimum: 0.001, maximum: 1000 }))
const Exponent = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 }))

describe("pow", () => {
  it("gives what CPython 3.11 gives on glibc 2.36, squares and cubes that are ties among them", () => {
    for (
      const [base, exponent, expected] of [
        [6755399441030719, 2, "4.563542160787815e+31"],
        [134217727, 2, "1.8014398241046528e+16"],
        [100663297, 2, "1.0133099362910208e+16"],
        [262143, 3, "1.8014192351838208e+16"],
        [87.73746769957194, 11.25, "7.258256718540944e+21"],
        [1.1, 10, "2.5937424601000023"],
        [2, 0.5, "1.4142135623730951"],
        [10, -5, "1e-05"],
        [-3, 5, "-243.0"],
        [1.5, 1e-70, "1.0"],
        [1.7976931348623157e308, 0.3, "2.995123040109037e+92"],
        [0.9999999999999999, 1e15, "0.8949187898136988"],
        [1.0000000000000002, -3e18, "5.032224803488667e-290"],
        [5e-324, 0.5, "2.2227587494850775e-162"],
        [1e-300, 1.05, "1e-315"],
        [2, -1074, "5e-324"]
      ] as const
    ) assert.strictEqual(repr(pow(base, exponent)), expected)
  })

  it("has C's special cases", () => {
    assert.deepStrictEqual(
      [[1, NaN], [-1, Infinity], [NaN, 0], [-0, 3], [-0, 0.5], [-Infinity, 3], [Infinity, -1], [0.5, 1e300], [2, 1e300]]
        .map(([base, exponent]) => pow(base!, exponent!)),
      [1, 1, 1, -0, 0, -Infinity, 0, 0, Infinity]
    )
    assert.isNaN(pow(-8, 1 / 3))
  })

  it.prop("is off by less than 0.55 units of the last place", [Base, Exponent], ([base, exponent]) => {
    const [mantissa, bits] = fraction(base)
    const result = pow(base, exponent)
    const [numerator, places] = fraction(result)
    const unit = BigInt(Math.floor(Math.log2(result)) - 52)
    // All times 2^scale, so that the comparison is one of integers.
    const scale = bits * BigInt(exponent) + places + 2000n
    const exact = mantissa ** BigInt(exponent) << (scale - bits * BigInt(exponent))
    const error = exact - (numerator << (scale - places))
    assert.isTrue((error < 0n ? -error : error) * 100n <= 55n << (scale + unit))
  })
})

describe("complexPower", () => {
  it("gives what CPython gives", () => {
    for (
      const [base, exponent, expected] of [
        [-8, 1 / 3, "(1.0000000000000002+1.7320508075688772j)"],
        [-1, 0.5, "(6.123233995736766e-17+1j)"],
        [-2.5, -1.5, "(-4.6472078574484644e-17+0.25298221281347033j)"],
        [-1e-300, 0.5, "(6.123233995736766e-167+1e-150j)"],
        [-2, 1e-300, "(1+3.141592653589793e-300j)"]
      ] as const
    ) assert.strictEqual(repr(complexPower(new Complex(base, 0), new Complex(exponent, 0))), expected)
  })
})
