/**
 * Logarithm, exponential, sine and cosine to any number of bits, for results that have to be those of mpmath and of C's
 * mathematical library bit for bit: JavaScript's own may be off in the last place.
 *
 * Numbers are in fixed point: an integer that stands for itself divided by `2 ** bits`. Results are off by a few units
 * (at most 2^8), so a caller asks for more bits than it keeps.
 */
import { bitLength } from "./Rounding.ts"

/** Bits of a constant beyond those that are given out: its error is in them. */
const hidden = 64

/** A constant that is computed anew only when more bits of it are asked for. */
const constant = (compute: (bits: number) => bigint): (bits: number) => bigint => {
  let known = 0n
  let knownBits = 0
  return (bits) => {
    if (bits > knownBits) {
      knownBits = bits + 128
      known = compute(knownBits + hidden)
    }
    return known >> BigInt(knownBits + hidden - bits)
  }
}

/** `1/n + sign/(3 n^3) + 1/(5 n^5) + ...`: the inverse hyperbolic tangent of 1/n, or with sign -1 the inverse tangent. */
const inverseTangent = (n: bigint, sign: 1n | -1n, bits: number): bigint => {
  const divisor = sign * n * n
  let power = (1n << BigInt(bits)) / n
  let sum = 0n
  for (let odd = 1n; power !== 0n; odd += 2n) {
    sum += power / odd
    power /= divisor
  }
  return sum
}

/** ln(2). */
export const ln2 = constant((bits) =>
  18n * inverseTangent(26n, 1n, bits) - 2n * inverseTangent(4801n, 1n, bits) + 8n * inverseTangent(8749n, 1n, bits)
)

/** Pi, by Machin's formula. */
export const pi = constant((bits) => 16n * inverseTangent(5n, -1n, bits) - 4n * inverseTangent(239n, -1n, bits))

/** `e ** x` for x from 0 up to 1. */
export const exp = (x: bigint, bits: number): bigint => {
  // Of x halved often enough, a few terms of the series do; squaring undoes the halving, and doubles the error each time.
  const halvings = Math.ceil(Math.sqrt(bits) / 1.5)
  const work = BigInt(bits + 2 * halvings)
  const small = (x << BigInt(2 * halvings)) >> BigInt(halvings)
  let term = 1n << work
  let sum = term
  for (let k = 1n; term !== 0n; k++) {
    term = ((term * small) >> work) / k
    sum += term
  }
  for (let i = 0; i < halvings; i++) sum = (sum * sum) >> work
  return sum >> BigInt(2 * halvings)
}

/** ln(x) for x from 1 up to 2, by Halley's iteration: each round triples the bits. */
const lnOfMantissa = (x: bigint, bits: number): bigint => {
  if (bits <= 50) return BigInt(Math.round(Math.log(Number(x) / 2 ** bits) * 2 ** bits))
  const fewer = Math.ceil(bits / 3) + 4
  const near = lnOfMantissa(x >> BigInt(bits - fewer), fewer) << BigInt(bits - fewer)
  const power = exp(near, bits)
  return near + ((2n * (x - power)) << BigInt(bits)) / (x + power)
}

/** ln(mantissa * 2 ** exponent) of a positive number. */
export const ln = (mantissa: bigint, exponent: number, bits: number): bigint => {
  const whole = bitLength(mantissa) - 1
  const shift = BigInt(bits - whole)
  const x = shift >= 0n ? mantissa << shift : mantissa >> -shift
  return lnOfMantissa(x, bits) + ((BigInt(exponent + whole) * ln2(bits + hidden)) >> BigInt(hidden))
}

/** A sum of every second term of the exponential series with alternating signs, from x ** first / first!. */
const alternating = (first: bigint, term: bigint, square: bigint, bits: bigint): bigint => {
  let sum = 0n
  let next = term
  for (let k = first; next !== 0n; k += 2n) {
    sum += next
    next = -((next * square) >> bits) / ((k + 1n) * (k + 2n))
  }
  return sum
}

/** Cosine and sine of x, which is not negative. */
export const cosineAndSine = (x: bigint, bits: number): readonly [cosine: bigint, sine: bigint] => {
  const places = BigInt(bits)
  // As many bits of pi more as there are before the point, so that what is left of x is exact to its last bit.
  const extra = Math.max(bitLength(x) - bits, 0)
  const quarter = pi(bits + extra) >> 1n
  const scaled = x << BigInt(extra)
  const quarters = (2n * scaled + quarter) / (2n * quarter)
  const angle = (scaled - quarters * quarter) >> BigInt(extra)
  const square = (angle * angle) >> places
  const cosine = alternating(0n, 1n << places, square, places)
  const sine = alternating(1n, angle, square, places)
  const turns = [[cosine, sine], [-sine, cosine], [-cosine, -sine], [sine, -cosine]] as const
  return turns[Number(quarters % 4n)]!
}
