/** Exact binary fractions: a float taken apart without loss, and fractions rounded correctly. */

/** `mantissa * 2 ** exponent`, exactly. */
export interface Dyadic {
  readonly mantissa: bigint
  readonly exponent: number
}

/** Whole numbers up to here are floats, whose quotient is rounded correctly. */
const maximumExact = BigInt(Number.MAX_SAFE_INTEGER)

/** Binary digits of a size; 0 has none. */
export const bitLength = (value: bigint): number => {
  const size = value < 0n ? -value : value
  if (size <= maximumExact) return bitLengthOfNumber(Number(size))
  const digits = size.toString(16)
  return digits.length * 4 - Math.clz32(Number.parseInt(digits[0]!, 16)) + 28
}

/** Of an integer from 0 up to 2^53. */
export const bitLengthOfNumber = (size: number): number =>
  size < 2 ** 32 ? 32 - Math.clz32(size) : 64 - Math.clz32(Math.floor(size / 2 ** 32))

/**
 * The float nearest to `numerator / denominator`, ties to even; infinite when there is none.
 * The denominator is positive.
 */
export const ratio = (numerator: bigint, denominator: bigint): number => {
  if (numerator < 0n) return -ratio(-numerator, denominator)
  if (numerator <= maximumExact && denominator <= maximumExact) return Number(numerator) / Number(denominator)
  const excess = bitLength(numerator) - bitLength(denominator)
  // 66 bits of quotient, and fewer where the result is subnormal and has less precision.
  const shift = BigInt(Math.min(66 - excess, 1074))
  const scaled = shift >= 0n ? numerator << shift : numerator
  const divisor = shift >= 0n ? denominator : denominator << -shift
  const quotient = scaled / divisor
  const remainder = scaled % divisor
  if (shift === 1074n && quotient < 1n << 53n) {
    return Number(quotient + halfUp(quotient, remainder, divisor)) * Number.MIN_VALUE
  }
  // One bit more says whether anything is left, which is all that rounding still needs to know.
  return scale(Number(quotient * 2n + (remainder === 0n ? 0n : 1n)), -1 - Number(shift))
}

/** 1 when the rest of an integer division rounds its quotient away from zero, ties to even. */
const halfUp = (quotient: bigint, remainder: bigint, divisor: bigint): bigint => {
  const twice = remainder * 2n
  return twice > divisor || (twice === divisor && (quotient & 1n) === 1n) ? 1n : 0n
}

/** `x * 2 ** exponent` without an intermediate over- or underflow. */
const scale = (x: number, exponent: number): number => {
  const half = Math.trunc(exponent / 2)
  return x * 2 ** half * 2 ** (exponent - half)
}

/** A finite float as `numerator / 2 ** exponent`, exactly. */
export const fraction = (value: number): readonly [numerator: bigint, exponent: bigint] => {
  let numerator = value
  let exponent = 0
  // What stays below 1 is no integer yet.
  while (numerator !== 0 && Math.abs(numerator) < 2 ** -60) {
    numerator *= 2 ** 60
    exponent += 60
  }
  while (!Number.isInteger(numerator)) {
    numerator *= 2
    exponent++
  }
  return [BigInt(numerator), BigInt(exponent)]
}

/** The integer nearest to `numerator / divisor`, ties to even. The divisor is positive. */
export const divideHalfEven = (numerator: bigint, divisor: bigint): bigint => {
  const size = numerator < 0n ? -numerator : numerator
  const quotient = size / divisor
  const rounded = quotient + halfUp(quotient, size % divisor, divisor)
  return numerator < 0n ? -rounded : rounded
}

/** The nearest number of at most `precision` binary digits, ties to even. */
export const toPrecision = ({ exponent, mantissa }: Dyadic, precision: number): Dyadic => {
  const excess = bitLength(mantissa) - precision
  return excess <= 0
    ? { mantissa, exponent }
    : { mantissa: divideHalfEven(mantissa, 1n << BigInt(excess)), exponent: exponent + excess }
}

/** The largest integer whose square is not above `value`, which is not negative. */
export const squareRoot = (value: bigint): bigint => {
  if (value === 0n) return 0n
  // From above, so that Newton's steps go down until they are done.
  let root = 1n << BigInt(Math.ceil(bitLength(value) / 2))
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}
