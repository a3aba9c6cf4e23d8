import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { bitLength, fraction, ratio, squareRoot, toPrecision } from "../../../src/domain/python/Rounding.ts"
import { float, integer } from "./values.ts"

const size = (value: bigint): bigint => value < 0n ? -value : value

const Precision = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 80 }))

describe("rounding", () => {
  it.prop("counts binary digits", [integer], ([value]) => {
    assert.strictEqual(bitLength(value), value === 0n ? 0 : size(value).toString(2).length)
  })

  it.prop("puts a float together again", [float], ([value]) => {
    const [numerator, exponent] = fraction(value)
    assert.strictEqual(ratio(numerator, 1n << exponent), value === 0 ? 0 : value)
  })

  it.prop("to a precision leaves at most half a unit of the last digit, and an even one of a tie", [
    integer,
    Precision
  ], ([value, precision]) => {
    const { exponent, mantissa } = toPrecision({ mantissa: value, exponent: 0 }, precision)
    assert.isAtMost(bitLength(mantissa), precision + 1)
    const unit = 1n << BigInt(exponent)
    const twice = 2n * size(value - mantissa * unit)
    assert.isTrue(exponent === 0 ? twice === 0n : twice <= unit)
    if (exponent > 0 && twice === unit) assert.strictEqual(mantissa % 2n, 0n)
  })

  it.prop("down to a square root", [integer, integer], ([a, b]) => {
    const value = size(a * b)
    const root = squareRoot(value)
    assert.isTrue(root * root <= value && value < (root + 1n) * (root + 1n))
    assert.strictEqual(squareRoot(a * a), size(a))
  })
})
