import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import * as Number from "../../../src/domain/python/Number.ts"
import { PythonError } from "../../../src/domain/python/PythonError.ts"
import { repr } from "../../../src/domain/python/Text.ts"
import { Dict, Tuple, type Value } from "../../../src/domain/python/Value.ts"
import { float, integer } from "./values.ts"

const message = (run: () => Value): string => {
  try {
    return repr(run())
  } catch (error) {
    if (error instanceof PythonError) return error.message
    throw error
  }
}

/** A float as mantissa and exponent, from its bits: an account of its value that the module does not share. */
const bitsOf = (value: number): readonly [mantissa: bigint, exponent: number] => {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  const bits = view.getBigUint64(0)
  const exponent = globalThis.Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xfffffffffffffn
  const size = exponent === 0 ? fraction : fraction | (1n << 52n)
  return [bits >> 63n === 1n ? -size : size, Math.max(exponent, 1) - 1075]
}

describe("arithmetic", () => {
  it("keeps int with int and makes float of anything else", () => {
    assert.strictEqual(message(() => Number.add(1n, 2n)), "3")
    assert.strictEqual(message(() => Number.add(true, true)), "2")
    assert.strictEqual(message(() => Number.add(1n, 2)), "3.0")
    assert.strictEqual(message(() => Number.divide(4n, 2n)), "2.0")
    assert.strictEqual(message(() => Number.divide(10n ** 400n, 10n ** 399n)), "10.0")
    assert.strictEqual(message(() => Number.power(2n, -1n)), "0.5")
    assert.strictEqual(message(() => Number.power(2n, 100n)), "1267650600228229401496703205376")
    assert.strictEqual(message(() => Number.power(1.1, 10n)), "2.5937424601000023")
    assert.strictEqual(message(() => Number.power(-8n, 0.5)), "(1.7319121124709868e-16+2.8284271247461903j)")
    assert.strictEqual(message(() => Number.floorDivide(-7n, 2n)), "-4")
    assert.strictEqual(message(() => Number.modulo(7, -3n)), "-2.0")
    assert.strictEqual(message(() => Number.bitwise("&", true, false)), "False")
  })

  it("raises CPython's exceptions", () => {
    for (
      const [run, expected] of [
        [() => Number.add("a", 1n), "can only concatenate str (not \"int\") to str"],
        [() => Number.add(1n, "a"), "unsupported operand type(s) for +: 'int' and 'str'"],
        [() => Number.add(null, 1n, "+="), "unsupported operand type(s) for +=: 'NoneType' and 'int'"],
        [() => Number.multiply("a", 1.5), "can't multiply sequence by non-int of type 'float'"],
        [() => Number.divide(1n, 0n), "division by zero"],
        [() => Number.divide(1, 0n), "float division by zero"],
        [() => Number.modulo(1n, 0n), "integer modulo by zero"],
        [() => Number.add(1.5, 10n ** 400n), "int too large to convert to float"],
        [() => Number.divide(10n ** 400n, 3n), "integer division result too large for a float"],
        [() => Number.power(0n, -1n), "0.0 cannot be raised to a negative power"],
        [() => Number.power(10, 400n), "(34, 'Numerical result out of range')"],
        [() => Number.power(-1e300, 1.5), "complex exponentiation"],
        [() => Number.negate("a"), "bad operand type for unary -: 'str'"],
        [() => Number.bitwise("<<", 1n, -1n), "negative shift count"],
        [() => Number.isLess("a", 1n), "'<' not supported between instances of 'str' and 'int'"],
        [() => Number.isGreater(new Dict(), new Dict()), "'>' not supported between instances of 'dict' and 'dict'"]
      ] as const
    ) assert.strictEqual(message(run), expected)
  })

  it("does not compute what would not fit into memory", () => {
    assert.include(message(() => Number.power(10n, 10n ** 9n)), "more bits than the 65536 that envtune computes")
    assert.include(message(() => Number.multiply("a", 10n ** 9n)), "more characters than the 65536 that envtune")
    assert.include(message(() => Number.bitwise("<<", 1n, 10n ** 9n)), "more bits than the 65536 that envtune computes")
  })

  it.prop("floor division and remainder make the dividend again", [integer, integer], ([a, b]) => {
    if (b === 0n) return
    const quotient = Number.floorDivide(a, b)
    const rest = Number.modulo(a, b)
    assert.strictEqual(Number.add(Number.multiply(quotient, b), rest), a)
    assert.isTrue(rest === 0n || (typeof rest === "bigint" && rest < 0n === b < 0n))
  })

  it.prop("division of integers leaves at most half a unit in the last place", [integer, integer], ([a, b]) => {
    const [dividend, divisor] = [a % 10n ** 60n, b % 10n ** 60n]
    if (divisor === 0n) return
    const quotient = Number.divide(dividend, divisor)
    const [mantissa, exponent] = bitsOf(typeof quotient === "number" ? quotient : NaN)
    // Everything times 2^1074, so that the comparison is one of integers.
    const unit = 2n ** BigInt(exponent + 1074)
    const error = 2n * (dividend * 2n ** 1074n - divisor * mantissa * unit)
    const bound = divisor * unit
    assert.isTrue((error < 0n ? -error : error) <= (bound < 0n ? -bound : bound))
  })
})

describe("order", () => {
  it("is exact across int and float and lexicographic in sequences", () => {
    assert.isTrue(Number.isGreater(9007199254740993n, 9007199254740992))
    assert.isTrue(Number.isLess([1n, 2n], [1n, 2n, 0n]))
    assert.isTrue(Number.isLess(new Tuple(["a", 1n]), new Tuple(["b", 0n])))
    assert.deepStrictEqual(Number.sorted(["b", "\uffff", "😀", "a"]), ["a", "b", "\uffff", "😀"])
  })
})

describe("rounding", () => {
  it("goes to even from the exact binary value", () => {
    for (
      const [value, digits, expected] of [
        [2.675, 2n, "2.67"],
        [0.125, 2n, "0.12"],
        [1.125, 2n, "1.12"],
        [2.5, null, "2"],
        [0.5, 0n, "0.0"],
        [-0.4, 0n, "-0.0"],
        [-0, -310n, "-0.0"],
        [1234.5678, -2n, "1200.0"],
        [1250n, -2n, "1200"],
        [1350n, -2n, "1400"],
        [1e22, -20n, "1e+22"],
        [1e300, 2n, "1e+300"],
        [true, 0n, "1"]
      ] as const
    ) assert.strictEqual(repr(Number.round(value, digits)), expected)
  })

  it.prop(
    "of a float to digits after the point leaves at most half a unit, and an even digit where it is just that",
    [float, Arbitrary.schema(Schema.Literals([0, 1, 2, 5, 17]))],
    ([value, digits]) => {
      const [mantissa, exponent] = bitsOf(value)
      const shown = BigInt(Number.fixed(value, digits).replace(".", ""))
      // Both as multiples of 10^-digits * 2^-1074, so that the comparison is one of integers.
      const exact = mantissa * 10n ** BigInt(digits) * 2n ** BigInt(exponent + 1074)
      const unit = 2n ** 1074n
      const error = 2n * (shown * unit - exact)
      assert.isTrue(error <= unit && error >= -unit)
      if (error === unit || error === -unit) assert.strictEqual(shown % 2n, 0n)
    }
  )
})

describe("conversions", () => {
  it("read numbers as Python does", () => {
    for (
      const [text, expected] of [
        [" 1_000.5 ", "1000.5"],
        ["\uff11\uff12", "12.0"],
        ["+inf", "inf"],
        ["nan", "nan"],
        [".5", "0.5"],
        ["5.", "5.0"],
        ["1e5", "100000.0"],
        ["1_", "could not convert string to float: '1_'"],
        ["", "could not convert string to float: ''"],
        [".", "could not convert string to float: '.'"]
      ] as const
    ) assert.strictEqual(message(() => Number.toFloat(text)), expected)
    assert.strictEqual(message(() => Number.toInt(" -\u0663 ")), "-3")
    assert.strictEqual(message(() => Number.toInt("1__0")), "invalid literal for int() with base 10: '1__0'")
    assert.strictEqual(message(() => Number.toInt("\u00b2")), "invalid literal for int() with base 10: '\u00b2'")
    assert.strictEqual(message(() => Number.toInt(-2.9)), "-2")
    assert.strictEqual(message(() => Number.toInt(Infinity)), "cannot convert float infinity to integer")
    assert.strictEqual(
      message(() => Number.toFloat(null)),
      "float() argument must be a string or a real number, not 'NoneType'"
    )
    assert.include(message(() => Number.toInt("1".repeat(4301))), "value has 4301 digits")
  })
})
