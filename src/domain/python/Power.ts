/**
 * `**` of floats as CPython has it, which asks C's library: glibc's, on a processor with fused multiply-add.
 *
 * Its `pow` is not rounded correctly. It is off where the exact result lies very close to the middle between two floats,
 * which squares of whole numbers do. So the algorithm is repeated here operation by operation: x ** y = exp(y * log(x)),
 * the logarithm in two floats, both functions by a table and a polynomial (S. Nagy, Arm Optimized Routines). Tables are
 * computed by their definitions; the polynomials' coefficients and the order of operations are the algorithm's.
 */
import { exp, ln, ln2 } from "./Elementary.ts"
import { dyadic, fma } from "./Fma.ts"
import { divideHalfEven, ratio } from "./Rounding.ts"

const view = new DataView(new ArrayBuffer(8))

const bitsOf = (value: number): bigint => {
  view.setFloat64(0, value)
  return view.getBigUint64(0)
}

const floatOf = (bits: bigint): number => {
  view.setBigUint64(0, BigInt.asUintN(64, bits))
  return view.getFloat64(0)
}

/** Intervals of each table. */
const intervals = 128
/** Bits in which table entries are computed. */
const places = 200

const nearest = (value: bigint, bits: number): number => ratio(value, 1n << BigInt(bits))

/** The logarithm's argument is reduced to the interval from this number's bits on, up to its double. */
const offset = 0x3fe6955500000000n

/** Of every interval, about its middle c: 1/c in eight bits, and log(c) as a float of few digits with a tail. */
interface LogarithmEntry {
  readonly inverse: number
  readonly log: number
  readonly tail: number
}

const logarithmEntry = (index: number): LogarithmEntry => {
  const middle = floatOf(offset + (BigInt(index) << 45n) + (1n << 44n))
  const grid = middle < 1 ? 128 : 256
  const steps = Math.round(grid / middle)
  const exact = -ln(BigInt(steps), -Math.log2(grid), places)
  const unit = 1n << BigInt(places - 43)
  const log = divideHalfEven(exact, unit)
  return { inverse: steps / grid, log: Number(log) / 2 ** 43, tail: nearest(exact - log * unit, places) }
}

/** 2 ** (index / 128) as a float, and by which part of it the exact value is larger. */
interface PowerEntry {
  readonly power: number
  readonly tail: number
}

const powerEntry = (index: number): PowerEntry => {
  const exact = exp((ln2(places) * BigInt(index)) / BigInt(intervals), places)
  const power = nearest(exact, places)
  const { exponent, mantissa } = dyadic(power)
  const float = mantissa << BigInt(places + exponent)
  return { power, tail: ratio(exact - float, float) }
}

/** Filled as they are asked for: few processes need all of them. */
const logarithmTable: Array<LogarithmEntry | undefined> = []
const powerTable: Array<PowerEntry | undefined> = []

/** ln(2) as a float of few digits and the rest: whole for the logarithm, by intervals for the exponential. */
const ln2High = 0x162e42fefa3800 / 2 ** 53
const ln2Low = 0x1ef35793c76730 / 2 ** 97
const ln2PartHigh = 0x162e42fefa0000 / 2 ** 60
const ln2PartLow = 0x1cf79abc9e3b39 / 2 ** 99
const partsPerUnit = 0x171547652b82fe / 2 ** 52 * intervals

/** log(1 + r), from the square on, by powers of r; scaled as they are used. */
const a1 = 0x15555555555560 / 2 ** 54 * -2
const a2 = 0x10000000000006 / 2 ** 54 * 2
const a3 = 0x1999999959554e / 2 ** 55 * 4
const a4 = 0x1555555529a47a / 2 ** 55 * -4
const a5 = 0x12495b9b4845e9 / 2 ** 55 * -8
const a6 = 0x10002b8b263fc3 / 2 ** 55 * 8

/** exp(r), from the square on. */
const c2 = 0x1ffffffffffdbd / 2 ** 54
const c3 = 0x1555555555543c / 2 ** 55
const c4 = 0x155555cf172b91 / 2 ** 57
const c5 = 0x11111167a4d017 / 2 ** 59

/** log(x) as the sum of two floats; x is given by its bits, with an exponent that may be below a float's. */
const logarithm = (bits: bigint): readonly [high: number, low: number] => {
  const from = bits - offset
  const index = Number((from >> 45n) & 127n)
  const { inverse, log, tail } = logarithmTable[index] ??= logarithmEntry(index)
  const exponent = from >> 52n
  const k = Number(exponent)
  const r = fma(floatOf(bits - (exponent << 52n)), inverse, -1)
  const t1 = k * ln2High + log
  const t2 = t1 + r
  const low1 = fma(k, ln2Low, tail)
  const low2 = t1 - t2 + r
  const half = -0.5 * r
  const square = r * half
  const cube = r * square
  const high = t2 + square
  const low3 = fma(half, r, -square)
  const low4 = t2 - high + square
  const series = fma(square, fma(square, fma(r, a6, a5), fma(r, a4, a3)), fma(r, a2, a1))
  const low = fma(cube, series, low1 + low2 + low3 + low4)
  const sum = high + low
  return [sum, high - sum + low]
}

/** exp(x + tail) where it may be beyond the floats' range or below the normal ones. */
const exponentialAtTheEdge = (part: number, power: number, doublings: number): number => {
  if (doublings > 0) {
    const scale = power * 2 ** (doublings - 1009)
    return 2 ** 1009 * fma(scale, part, scale)
  }
  const scale = power * 2 ** (doublings + 1022)
  const result = scale + scale * part
  if (result >= 1) return 2 ** -1022 * result
  // Rounded to the digits that a float below the normal ones has, before it becomes one.
  const low = scale - result + scale * part
  const high = 1 + result
  return 2 ** -1022 * (high + (1 - high + result + low) - 1)
}

/** exp(x + tail); without a tail, C's `exp`. */
export const exponential = (x: number, tail = 0): number => {
  const size = Math.abs(x)
  if (size < 2 ** -54) return 1
  if (size >= 1024) return x > 0 ? Infinity : 0
  const shift = 1.5 * 2 ** 52
  const k = fma(partsPerUnit, x, shift) - shift
  const r = fma(k, -ln2PartLow, fma(k, -ln2PartHigh, x)) + tail
  const index = ((k % intervals) + intervals) % intervals
  const doublings = (k - index) / intervals
  const { power, tail: powerTail } = powerTable[index] ??= powerEntry(index)
  const square = r * r
  const part = fma(square * square, fma(r, c5, c4), fma(square, fma(r, c3, c2), powerTail + r))
  if (size >= 512) return exponentialAtTheEdge(part, power, doublings)
  const scale = power * 2 ** doublings
  return fma(scale, part, scale)
}

/** C's `pow(base, exponent)`: infinite where the result is too large, NaN where it is not real. */
export const pow = (base: number, exponent: number): number => {
  // JavaScript says NaN.
  if (base === 1 || (base === -1 && Math.abs(exponent) === Infinity)) return 1
  if (base === 0 || exponent === 0 || !Number.isFinite(base) || !Number.isFinite(exponent)) return base ** exponent
  if (base < 0) {
    if (!Number.isInteger(exponent)) return NaN
    return exponent % 2 === 0 ? pow(-base, exponent) : -pow(-base, exponent)
  }
  const size = Math.abs(exponent)
  if (size < 2 ** -65) return 1
  if (size >= 2 ** 63) return base > 1 === exponent > 0 ? Infinity : 0
  const isSubnormal = base < 2 ** -1022
  const [high, low] = logarithm(isSubnormal ? bitsOf(base * 2 ** 52) - (52n << 52n) : bitsOf(base))
  const product = exponent * high
  return exponential(product, fma(exponent, low, fma(exponent, high, -product)))
}
