import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { logarithmToBase, precisionOf } from "../../../src/domain/python/Mpmath.ts"
import type { Value } from "../../../src/domain/python/Value.ts"
import { raised } from "./values.ts"

const logarithm = (value: Value, base: Value, digits: Value): string =>
  logarithmToBase(value, base, precisionOf(digits)).repr()

describe("mpmath's logarithm", () => {
  it("prints the digits that its precision has", () => {
    for (
      const [value, base, digits, expected] of [
        [8n, 2n, 5n, "mpf('3.0')"],
        [2n, 10n, 15n, "mpf('0.30102999566398114')"],
        [2n, 10n, 25n, "mpf('0.301029995663981195213738892')"],
        [2n, 10n, "7", "mpf('0.3010299951')"],
        [2.5, 3.25, -1n, "mpf('1.0')"],
        [718n, 0.9303816019307717, 0n, "mpf('-96.0')"],
        [1000n, 3n, 2.9, "mpf('6.2891')"],
        [99999.995, 4n, 20n, "mpf('8.3048202011510289121841')"],
        [2n, 1.0000000000000002, true, "mpf('3.131e+15')"],
        [0.9999999911169467, 8488n, -1n, "mpf('-9.313e-10')"],
        ["100", 10n, 5n, "mpf('2.0')"],
        [" 1/3l", 2n, 5n, "mpf('-1.5849628')"],
        ["1e-500", 10n, 15n, "mpf('-499.99999999999994')"]
      ] as const
    ) assert.strictEqual(logarithm(value, base, digits), expected)
  })

  it("is complex of a negative number", () => {
    assert.strictEqual(logarithm(-1n, 10n, 5n), "mpc(real='0.0', imag='1.3643761')")
    assert.strictEqual(logarithm(2.5, -7n, 8n), "mpc(real='0.13056511013', imag='-0.21079205093')")
    assert.strictEqual(logarithm(-8n, -2n, 10n), "mpc(real='1.092840647092', imag='-0.4207872484185')")
  })

  it("knows infinities and NaN", () => {
    for (
      const [value, base, expected] of [
        [0n, 10n, "mpf('-inf')"],
        [2n, 0n, "mpf('0.0')"],
        [0n, 0n, "mpf('nan')"],
        [0n, -2n, "mpc(real='-inf', imag='+inf')"],
        [-Infinity, 2n, "mpc(real='+inf', imag='4.5323639')"],
        [2n, -Infinity, "mpc(real='nan', imag='0.0')"],
        ["inf", 2n, "mpf('+inf')"],
        [1n, -2n, "mpc(real='0.0', imag='0.0')"]
      ] as const
    ) assert.strictEqual(logarithm(value, base, 5n), expected)
  })

  it("raises what mpmath raises", () => {
    assert.strictEqual(raised(() => logarithm(10n, 1n, 5n)).type, "ZeroDivisionError")
    for (
      const [value, digits, expected] of [
        ["abc", 5n, "cannot create mpf from 'abc'"],
        ["1/2/3", 5n, "cannot create mpf from '1/2/3'"],
        [".0", 5n, "cannot create mpf from '.0'"],
        ["infinity", 5n, "cannot create mpf from 'infinity'"],
        [[1n], 5n, "cannot create mpf from [1]"],
        ["jane", 5n, "'NoneType' object has no attribute 'group'"],
        [2n, "x", "invalid literal for int() with base 10: 'x'"],
        [2n, Infinity, "cannot convert float infinity to integer"],
        [2n, 10n ** 400n, "int too large to convert to float"],
        [2n, 10_000n, "envtune computes at most 2500 digits"],
        ["1e999999999", 5n, "the number is beyond what envtune computes with"]
      ] as const
    ) {
      assert.strictEqual(
        raised(() => logarithm(typeof value === "object" ? [...value] : value, 10n, digits)).message,
        expected
      )
    }
  })

  it("does not dwell on a hostile text", () => {
    for (const text of ["0", "l", " ", "1/", "1e"].map((part) => `1.${part.repeat(500_000)}1`)) {
      assert.include(raised(() => logarithm(text, 10n, 5n)).message, "cannot create mpf from '1.")
    }
  })

  const Number = Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 1_000_000 }))
  const Digits = Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 60 }))

  it.prop("has all digits but the last few in common with one of more digits", [Number, Number, Digits], (
    [value, base, digits]
  ) => {
    const parts = (precision: number): bigint => {
      const [whole = "", part = ""] = logarithm(BigInt(value), BigInt(base), BigInt(precision)).slice(5, -2).split(".")
      return BigInt(whole + part.padEnd(120, "0"))
    }
    const [rough, exact] = [parts(digits), parts(digits + 30)]
    const error = rough < exact ? exact - rough : rough - exact
    assert.isTrue(error * 10n ** BigInt(digits) <= exact)
  })
})
