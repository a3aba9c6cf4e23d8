import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { squareRoot } from "../../../src/domain/python/Decimal.ts"
import { raised } from "./values.ts"

describe("Decimal's square root", () => {
  it("has half the exponent where it is exact, and all digits where it is not", () => {
    for (
      const [value, precision, expected] of [
        [144n, 5n, "Decimal('12')"],
        [2.25, 5n, "Decimal('1.5')"],
        [100n, 1n, "Decimal('1E+1')"],
        [1e10, 3n, "Decimal('1.00E+5')"],
        [1e-10, 6n, "Decimal('0.0000100000')"],
        [2n, 28n, "Decimal('1.414213562373095048801688724')"],
        [0.1, 30n, "Decimal('0.316227766016837941976973025885')"],
        [99980001n, 3n, "Decimal('1.00E+4')"],
        [152399025n, 4n, "Decimal('1.234E+4')"],
        [1e-7, 2n, "Decimal('0.00032')"],
        [5e-324, 3n, "Decimal('2.22E-162')"],
        [1.7976931348623157e308, 4n, "Decimal('1.341E+154')"],
        [10n ** 400n, 2n, "Decimal('1.0E+200')"],
        [0, 4n, "Decimal('0')"],
        [-0, 4n, "Decimal('-0')"],
        [Infinity, 4n, "Decimal('Infinity')"],
        [NaN, 4n, "Decimal('NaN')"]
      ] as const
    ) assert.strictEqual(squareRoot(value, precision).repr(), expected)
  })

  it("raises Python's exceptions for a precision", () => {
    assert.strictEqual(raised(() => squareRoot(2n, 0n)).message, "valid range for prec is [1, MAX_PREC]")
    assert.strictEqual(raised(() => squareRoot(2n, 10n ** 18n)).message, "valid range for prec is [1, MAX_PREC]")
    assert.strictEqual(raised(() => squareRoot(2n, 2n ** 63n)).message, "Python int too large to convert to C ssize_t")
    assert.strictEqual(squareRoot(4n, 10n ** 18n - 1n).repr(), "Decimal('2')")
    assert.include(raised(() => squareRoot(2n, 1_000_000n)).message, "envtune computes at most")
  })

  const Radicand = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }))
  const Precision = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60 }))

  it.prop("is the nearest number of so many digits", [Radicand, Precision], ([radicand, precision]) => {
    const [, whole = "", part = "", power = "0"] =
      /^(\d+)(?:\.(\d+))?(?:E\+(\d+))?$/.exec(squareRoot(BigInt(radicand), BigInt(precision)).str()) ?? []
    const coefficient = BigInt(whole + part)
    const exponent = Number(power) - part.length
    assert.isAtMost(String(coefficient).length, precision)
    // The radicand lies between the squares of what is half a unit less and half a unit more.
    const scaled = 4n * BigInt(radicand) * 10n ** 200n
    const unit = 10n ** BigInt(2 * exponent + 200)
    assert.isTrue((2n * coefficient - 1n) ** 2n * unit <= scaled && scaled <= (2n * coefficient + 1n) ** 2n * unit)
  })
})
