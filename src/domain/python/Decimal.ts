/** Python's `decimal` module, as far as the square root of a number needs it. */
import { beyond } from "./Limits.ts"
import { PythonError } from "./PythonError.ts"
import * as Rounding from "./Rounding.ts"
import { Instance } from "./Value.ts"

/** `MAX_PREC`, and the largest integer that CPython passes on to C. */
const largestPrecision = 10n ** 18n - 1n
const largestSize = 2n ** 63n - 1n

/** Digits of an inexact root that we compute. Python would go on until memory ends. */
const maximumDigits = 4000n

/** A `Decimal` as it prints; there is no arithmetic on it. */
export class Decimal extends Instance {
  readonly typeName = "decimal.Decimal"
  private readonly text: string

  constructor(text: string) {
    super()
    this.text = text
  }

  override str(): string {
    return this.text
  }

  override repr(): string {
    return `Decimal('${this.text}')`
  }

  override truthy(): boolean {
    return /[^-0.]/.test(this.text)
  }
}

/** `coefficient * 10 ** exponent`; neither is negative zero, which has no coefficient of its own. */
interface Scaled {
  readonly coefficient: bigint
  readonly exponent: number
}

/** A size exactly. */
const scaled = (size: bigint | number): Scaled => {
  if (typeof size === "bigint") return { coefficient: size, exponent: 0 }
  const [numerator, places] = Rounding.fraction(size)
  // A power of two in the denominator is one of five in the numerator.
  return { coefficient: numerator * 5n ** places, exponent: -Number(places) }
}

const textOf = ({ coefficient, exponent }: Scaled): string => {
  const digits = coefficient.toString()
  const adjusted = exponent + digits.length - 1
  if (exponent > 0 || adjusted < -6) {
    const point = digits.length > 1 ? "." : ""
    return `${digits[0]}${point}${digits.slice(1)}E${adjusted < 0 ? "" : "+"}${adjusted}`
  }
  if (exponent === 0) return digits
  const padded = digits.padStart(1 - exponent, "0")
  return `${padded.slice(0, exponent)}.${padded.slice(exponent)}`
}

/** At most `precision` digits, half-even. Of a number that is not exact there is more beyond the last digit. */
const rounded = ({ coefficient, exponent }: Scaled, precision: number, isExact: boolean): Scaled => {
  const excess = coefficient.toString().length - precision
  if (excess <= 0) return { coefficient, exponent }
  const unit = 10n ** BigInt(excess)
  const rest = coefficient % unit
  const nearest = isExact || rest === 0n
    ? Rounding.divideHalfEven(coefficient, unit)
    : Rounding.divideHalfEven(2n * coefficient + 1n, 2n * unit)
  // 99.9 rounds to 100, which has a digit too many.
  const isLonger = nearest.toString().length > precision
  return { coefficient: isLonger ? nearest / 10n : nearest, exponent: exponent + excess + (isLonger ? 1 : 0) }
}

/** The root of a positive number: of an exact one the exponent is half of the number's, as long as the digits fit. */
const rootOf = ({ coefficient, exponent }: Scaled, precision: bigint): Scaled => {
  const half = Math.floor(exponent / 2)
  const radicand = exponent % 2 === 0 ? coefficient : coefficient * 10n
  const root = Rounding.squareRoot(radicand)
  const digits = root.toString().length
  if (root * root === radicand) {
    return precision < BigInt(digits) ? rounded({ coefficient: root, exponent: half }, Number(precision), true) : {
      coefficient: root,
      exponent: half
    }
  }
  if (precision > maximumDigits) {
    throw beyond(`envtune computes at most ${maximumDigits} digits`)
  }
  // One digit more than are kept, at least.
  const more = Math.max(0, Number(precision) + 1 - digits)
  const longer = more === 0 ? root : Rounding.squareRoot(radicand * 100n ** BigInt(more))
  return rounded({ coefficient: longer, exponent: half - more }, Number(precision), false)
}

/** `getcontext().prec = precision`. Throws Python's ValueError and OverflowError. */
const checkPrecision = (precision: bigint): void => {
  if (precision > largestSize || precision < -largestSize - 1n) {
    throw new PythonError("OverflowError", "Python int too large to convert to C ssize_t")
  }
  if (precision < 1n || precision > largestPrecision) {
    throw new PythonError("ValueError", "valid range for prec is [1, MAX_PREC]")
  }
}

/**
 * `getcontext().prec = precision; Decimal(value).sqrt()` of a number that is not below zero.
 * Throws Python's ValueError and OverflowError.
 */
export const squareRoot = (value: bigint | number, precision: bigint): Decimal => {
  checkPrecision(precision)
  if (typeof value === "number" && !Number.isFinite(value)) return new Decimal(Number.isNaN(value) ? "NaN" : "Infinity")
  if (Object.is(value, -0)) return new Decimal("-0")
  const number = scaled(value)
  return new Decimal(number.coefficient === 0n ? "0" : textOf(rootOf(number, precision)))
}
