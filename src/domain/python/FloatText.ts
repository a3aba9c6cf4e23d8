/** A float's digits at a given precision, as C's `printf` has them: rounded from the exact binary value, ties to even. */
import { fixed } from "./Number.ts"
import { divideHalfEven, fraction } from "./Rounding.ts"

/** `%e`, `%f`, `%g`, and Python's own, like `%g`, which leaves no doubt that it is a float. */
export type FloatForm = "e" | "f" | "g" | ""

/** No float has more decimal places, or more digits, that are not zero. */
const maximumPlaces = 1074
const maximumDigits = 767

/** With so many digits, nothing but a power of ten reads as one. */
const enough = 40

/** The first `count` digits of a size, and the power of ten of the first one. */
const significant = (size: number, count: number): readonly [digits: string, exponent: number] => {
  if (size === 0) return ["0".repeat(count), 0]
  const exponent = Number(size.toExponential(enough).split("e")[1])
  const places = Math.min(count, maximumDigits) - 1
  const [numerator, bits] = fraction(size)
  const shift = places - exponent
  const digits = shift >= 0
    ? divideHalfEven(numerator * 10n ** BigInt(shift), 1n << bits)
    : divideHalfEven(numerator, 10n ** BigInt(-shift) << bits)
  const text = digits.toString()
  // 9.99 rounds to 10.0, which has a digit too many.
  return [text.slice(0, places + 1).padEnd(count, "0"), exponent + text.length - 1 - places]
}

const withPoint = (whole: string, places: string, keepsPoint: boolean): string =>
  places === "" && !keepsPoint ? whole : `${whole}.${places}`

const scientific = (size: number, precision: number, alternate: boolean): string => {
  const [digits, exponent] = significant(size, precision + 1)
  const power = String(Math.abs(exponent)).padStart(2, "0")
  return `${withPoint(digits.slice(0, 1), digits.slice(1), alternate)}e${exponent < 0 ? "-" : "+"}${power}`
}

const positional = (size: number, precision: number, alternate: boolean): string => {
  const text = fixed(size, Math.min(precision, maximumPlaces)) + "0".repeat(Math.max(precision - maximumPlaces, 0))
  return precision === 0 && alternate ? `${text}.` : text
}

/** The one with an exponent from ten to the power of `most` on, without the zeros at its end unless it is the alternate form. */
const shorter = (size: number, count: number, most: number, alternate: boolean): string => {
  const [, exponent] = significant(size, count)
  const text = exponent < -4 || exponent >= most
    ? scientific(size, count - 1, alternate)
    : positional(size, count - 1 - exponent, alternate)
  return alternate ? text : text.replace(/(\.\d*?)0+(?=e|$)/, "$1").replace(/\.(?=e|$)/, "")
}

const general = (size: number, precision: number, alternate: boolean): string => {
  const count = Math.max(precision, 1)
  return shorter(size, count, count, alternate)
}

const evident = (size: number, precision: number, alternate: boolean): string => {
  const count = Math.max(precision, 1)
  const text = shorter(size, count, count - 1, alternate)
  return /[.e]/.test(text) ? text : `${text}.0`
}

const forms = { e: scientific, f: positional, g: general, "": evident }

/** A size, which is finite and not below zero. The alternate form (`#`) has a point whatever follows it. */
export const floatText = (form: FloatForm, size: number, precision: number, alternate: boolean): string =>
  forms[form](size, precision, alternate)
