import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { cosineAndSine, exp, ln, ln2, pi } from "../../../src/domain/python/Elementary.ts"

/** Within the few units that results may be off. */
const assertNear = (a: bigint, b: bigint): void => {
  const distance = a < b ? b - a : a - b
  assert.isTrue(distance <= 1n << 8n, `${distance} units apart`)
}

const decimals = (value: bigint): string => String((value * 10n ** 50n) >> 200n)

const Bits = Schema.Int.check(Schema.isBetween({ minimum: 60, maximum: 1500 }))
const Whole = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 52 }))
const Size = Schema.Int.check(Schema.isBetween({ minimum: -1000, maximum: 1000 }))

describe("elementary functions", () => {
  it("know their constants", () => {
    assert.strictEqual(decimals(pi(200)), "314159265358979323846264338327950288419716939937510")
    assert.strictEqual(decimals(ln2(200)), "69314718055994530941723212145817656807550013436025")
    assert.strictEqual(decimals(exp(1n << 200n, 200) - 1n), "271828182845904523536028747135266249775724709369995")
  })

  it.prop(
    "the logarithm of a product is the sum of logarithms",
    [Whole, Whole, Size, Bits],
    ([a, b, exponent, bits]) => {
      const [x, y] = [BigInt(a), BigInt(b)]
      assertNear(ln(x * y, exponent, bits), ln(x, 0, bits) + ln(y, exponent, bits))
    }
  )

  it.prop("the exponential undoes the logarithm", [Whole, Bits], ([a, bits]) => {
    const x = (1n << BigInt(bits)) + (BigInt(a) << BigInt(bits - 53))
    assertNear(exp(ln(x, -bits, bits), bits), x)
  })

  it.prop("sine and cosine of a sum", [Whole, Whole, Bits], ([a, b, bits]) => {
    const [x, y] = [BigInt(a) << BigInt(bits - 50), BigInt(b) << BigInt(bits - 50)]
    const [cosX, sinX] = cosineAndSine(x, bits)
    const [cosY, sinY] = cosineAndSine(y, bits)
    const [cosine, sine] = cosineAndSine(x + y, bits)
    assertNear(cosine, (cosX * cosY - sinX * sinY) >> BigInt(bits))
    assertNear(sine, (sinX * cosY + cosX * sinY) >> BigInt(bits))
  })
})
