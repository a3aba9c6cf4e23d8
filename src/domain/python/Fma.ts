/** Fused multiply-add, which JavaScript has not got: `a * b + c` rounded once. */
import { type Dyadic, toPrecision } from "./Rounding.ts"

const view = new DataView(new ArrayBuffer(8))

/** A finite float, exactly. */
export const dyadic = (value: number): Dyadic => {
  view.setFloat64(0, value)
  const bits = view.getBigUint64(0)
  const exponent = Number((bits >> 52n) & 0x7ffn)
  const digits = (bits & 0xfffffffffffffn) | (exponent === 0 ? 0n : 1n << 52n)
  return { mantissa: bits >> 63n === 0n ? digits : -digits, exponent: Math.max(exponent, 1) - 1075 }
}

/** In integers, for any size. */
export const exactFma = (a: number, b: number, c: number): number => {
  const [x, y, z] = [dyadic(a), dyadic(b), dyadic(c)]
  const product = { mantissa: x.mantissa * y.mantissa, exponent: x.exponent + y.exponent }
  const exponent = c === 0 ? product.exponent : Math.min(product.exponent, z.exponent)
  const sum = (product.mantissa << BigInt(product.exponent - exponent))
    + (c === 0 ? 0n : z.mantissa << BigInt(z.exponent - exponent))
  const rounded = toPrecision({ mantissa: sum, exponent }, 53)
  return Number(rounded.mantissa) * 2 ** rounded.exponent
}

/** Half of a float's digits, by Veltkamp: the halves multiply without rounding. */
const upper = (value: number): number => {
  const shifted = 134217729 * value
  return shifted - (shifted - value)
}

/** What `a * b` loses by rounding. */
const lostByProduct = (a: number, b: number, product: number): number => {
  const [aHigh, bHigh] = [upper(a), upper(b)]
  const [aLow, bLow] = [a - aHigh, b - bHigh]
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow)
}

/** What `a + b` loses by rounding. */
const lostBySum = (a: number, b: number, sum: number): number => {
  const partOfB = sum - a
  return a - (sum - partOfB) + (b - partOfB)
}

/** `a + b`, of the two floats about it the one whose last digit is odd: rounded again, it rounds as the exact sum does. */
const sumToOdd = (a: number, b: number): number => {
  const sum = a + b
  const lost = lostBySum(a, b, sum)
  if (lost === 0) return sum
  view.setFloat64(0, sum)
  const low = view.getUint32(4)
  if (low % 2 === 1) return sum
  if (lost > 0 === sum > 0) view.setUint32(4, low + 1)
  else view.setBigUint64(0, view.getBigUint64(0) - 1n)
  return view.getFloat64(0)
}

/** Sizes at which nothing that is lost on the way falls below a float's smallest or above its largest. */
const isModerate = (value: number): boolean => value > 2 ** -400 && value < 2 ** 400

/**
 * `a * b + c`, rounded once (S. Boldo, G. Melquiond: Emulation of FMA and correctly rounded sums). All of them, and the
 * result, are finite and normal or zero.
 */
export const fma = (a: number, b: number, c: number): number => {
  if (a === 0 || b === 0) return c
  const product = a * b
  const isSafe = isModerate(Math.abs(a)) && isModerate(Math.abs(b)) && isModerate(Math.abs(product))
    && (c === 0 || isModerate(Math.abs(c)))
  if (!isSafe) return exactFma(a, b, c)
  const rest = lostByProduct(a, b, product)
  const low = c + rest
  const high = product + low
  return high + sumToOdd(lostBySum(c, rest, low), lostBySum(product, low, high))
}
