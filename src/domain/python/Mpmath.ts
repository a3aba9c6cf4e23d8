/**
 * mpmath's real and complex numbers, as far as a quotient of two logarithms needs them (mpmath 1.3).
 *
 * A number is exact; operations round to a precision in bits. What prints are the decimal digits that tell the number
 * from its neighbours at that precision. There is no arithmetic on the values beyond this module, and no complex input.
 *
 * Within 1e-12 of 1, mpmath's logarithm may be off in its last digit, for its own errors then decide a tie. Here it is not.
 */
import { ln, pi } from "./Elementary.ts"
import { beyond } from "./Limits.ts"
import { isNumeric, toFloat, toInt } from "./Number.ts"
import { PythonError } from "./PythonError.ts"
import { bitLength, divideHalfEven, type Dyadic, fraction, toPrecision } from "./Rounding.ts"
import { repr, strip, stripCharacters } from "./Text.ts"
import { Instance, type Value } from "./Value.ts"

/** Infinities and NaN are JavaScript's. */
type Real = Dyadic | number

const zero: Dyadic = { mantissa: 0n, exponent: 0 }

const dyadic = (numerator: bigint, denominatorExponent = 0n): Dyadic => ({
  mantissa: numerator,
  exponent: -Number(denominatorExponent)
})

/** As mpmath has it, the last digit included. */
const bitsPerDigit = 3.3219280948873626

/** Digits of precision that we compute. mpmath would go on, for seconds and minutes. */
const maximumDigits = 2500

/** The same in bits. */
export const maximumPrecision = Math.round((maximumDigits + 1) * bitsPerDigit)

/** `mp.dps = precision`: decimal digits as binary ones. Throws what `int(precision)` throws. */
export const precisionOf = (precision: Value): number => {
  const digits = toInt(precision)
  // The digits are multiplied by a float, which is what fails first for the largest.
  toFloat(digits)
  return Math.max(1, Math.round((Number(digits) + 1) * bitsPerDigit))
}

const notANumber = (value: Value): PythonError => new PythonError("TypeError", `cannot create mpf from ${repr(value)}`)

const specialNames: ReadonlyMap<string, number> = new Map([
  ["inf", Infinity],
  ["+inf", Infinity],
  ["-inf", -Infinity],
  ["nan", NaN]
])

/** Powers of ten that a text may have. */
const maximumExponent = 5000n

/** Characters of a text that is read at all: Python reads no integer of more than 4300 digits. */
const maximumLength = 10_000

/** Python 2 wrote large integers with an L at the end, which mpmath overlooks. */
const withoutSuffix = (text: string): string => stripCharacters(text, "l", "end")

/** A decimal text: digits, and the power of ten of the last one. Throws Python's ValueError. */
const decimal = (text: string): readonly [digits: bigint, exponent: bigint] => {
  toFloat(text)
  const [mantissa = "", exponent = "0"] = text.split("e")
  const [whole = "", part = ""] = mantissa.split(".")
  const places = stripCharacters(part, "0", "end")
  return [toInt(whole + places), toInt(exponent) - BigInt(places.length)]
}

/** Throws Python's ValueError for a text that is no number. */
const realOfText = (text: string, precision: number): Real => {
  if (text.length > maximumLength) throw new PythonError("ValueError", "too long")
  const lowered = strip(text.toLowerCase())
  const special = specialNames.get(lowered)
  if (special !== undefined) return special
  const [numerator, denominator, ...more] = lowered.split("/").map(withoutSuffix)
  if (more.length > 0) throw new PythonError("ValueError", "too many values to unpack (expected 2)")
  if (denominator !== undefined) return divide(dyadic(toInt(numerator!)), dyadic(toInt(denominator)), precision)
  const [digits, exponent] = decimal(numerator!)
  if (exponent > maximumExponent || exponent < -maximumExponent) {
    throw beyond("the number is beyond what envtune computes with")
  }
  return exponent >= 0n
    ? toPrecision(dyadic(digits * 10n ** exponent), precision)
    : divide(dyadic(digits), dyadic(10n ** -exponent), precision)
}

/** `mpmathify(value)`: numbers exactly, texts rounded. Throws mpmath's TypeError. */
const realOf = (value: Value, precision: number): Real => {
  if (typeof value === "number") return Number.isFinite(value) ? dyadic(...fraction(value)) : value
  if (isNumeric(value)) return dyadic(BigInt(value))
  if (typeof value !== "string") throw notANumber(value)
  try {
    return realOfText(value, precision)
  } catch (error) {
    if (!(error instanceof PythonError) || error.type !== "ValueError") throw error
    // A text with a j is taken for a complex number, which it hardly ever is.
    if (/j/i.test(value)) throw new PythonError("AttributeError", "'NoneType' object has no attribute 'group'")
    throw notANumber(value)
  }
}

/** A special value as it is, and 0, 1 or -1 for any other: enough to find what becomes of a special value. */
const sample = (value: Real): number =>
  typeof value === "number" ? value : value.mantissa === 0n ? 0 : value.mantissa > 0n ? 1 : -1

/** An operation of which at least one operand is special. */
const special = (result: number): Real => Number.isFinite(result) ? zero : result

const multiply = (a: Real, b: Real): Real =>
  typeof a === "number" || typeof b === "number"
    ? special(sample(a) * sample(b))
    : { mantissa: a.mantissa * b.mantissa, exponent: a.exponent + b.exponent }

const negate = (a: Real): Real => typeof a === "number" ? -a : { mantissa: -a.mantissa, exponent: a.exponent }

/** Cut, not rounded: how mpmath treats intermediate results. */
const truncated = ({ exponent, mantissa }: Dyadic, precision: number): Dyadic => {
  const excess = Math.max(bitLength(mantissa) - precision, 0)
  return { mantissa: mantissa / (1n << BigInt(excess)), exponent: exponent + excess }
}

/** The sum, cut. */
const add = (a: Real, b: Real, precision: number): Real => {
  if (typeof a === "number" || typeof b === "number") return special(sample(a) + sample(b))
  const exponent = Math.min(a.exponent, b.exponent)
  const mantissa = (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent))
  return truncated({ mantissa, exponent }, precision)
}

/** The quotient, rounded half-even. Throws Python's ZeroDivisionError, which has no text. */
const divide = (a: Real, b: Real, precision: number): Real => {
  if (typeof b !== "number" && b.mantissa === 0n) throw new PythonError("ZeroDivisionError", "")
  if (typeof a === "number" || typeof b === "number") return special(sample(a) / sample(b))
  const shift = Math.max(0, precision + 2 + bitLength(b.mantissa) - bitLength(a.mantissa))
  const dividend = a.mantissa << BigInt(shift)
  // One bit more says whether anything is left, which is all that rounding needs to know.
  const rest = dividend % b.mantissa === 0n ? 0n : (dividend < 0n) === (b.mantissa < 0n) ? 1n : -1n
  const mantissa = 2n * (dividend / b.mantissa) + rest
  return toPrecision({ mantissa, exponent: a.exponent - shift - b.exponent - 1 }, precision)
}

/** Bits beyond the precision in which mpmath computes a logarithm, and ours beyond those, in which the errors are. */
const working = 20
const noisy = 16

/** A logarithm as mpmath rounds it: to its working bits, then to the precision, both times half-even. */
const roundedTwice = (value: (bits: number) => bigint, bits: number, precision: number): Dyadic =>
  toPrecision({ mantissa: divideHalfEven(value(bits + noisy), 1n << BigInt(noisy)), exponent: -bits }, precision)

/** The natural logarithm of a size. */
const logarithmOfSize = (value: Real, precision: number): Real => {
  if (typeof value === "number") return Math.abs(value)
  const { exponent } = value
  const mantissa = value.mantissa < 0n ? -value.mantissa : value.mantissa
  if (mantissa === 0n) return -Infinity
  const length = bitLength(mantissa)
  // Near 1, the logarithm is as small as the distance from 1.
  let cancelled = 0
  if (exponent + length === 0 || exponent + length === 1) {
    const distance = mantissa - (1n << BigInt(-exponent))
    if (distance === 0n) return zero
    cancelled = length - bitLength(distance)
  }
  return roundedTwice((bits) => ln(mantissa, exponent, bits), precision + working + cancelled, precision)
}

/** A real number, or a pair of a real and an imaginary part. */
type Logarithm = readonly [real: Real] | readonly [real: Real, imaginary: Real]

const logarithm = (value: Real, precision: number): Logarithm => {
  const size = logarithmOfSize(value, precision)
  if (!(sample(value) < 0)) return [size]
  return [size, roundedTwice(pi, precision + working, precision)]
}

/** The quotient by mpmath's formulas, whose intermediate results have ten bits more. */
const quotientOf = ([a, b]: Logarithm, [c, d]: Logarithm, precision: number): Logarithm => {
  if (d === undefined) {
    return b === undefined ? [divide(a, c, precision)] : [divide(a, c, precision), divide(b, c, precision)]
  }
  const work = precision + 10
  const size = add(multiply(c, c), multiply(d, d), work)
  const [real, imaginary] = b === undefined
    ? [multiply(c, a), negate(multiply(d, a))]
    : [add(multiply(a, c), multiply(b, d), work), add(multiply(b, c), negate(multiply(a, d)), work)]
  return [divide(real, size, precision), divide(imaginary, size, precision)]
}

/** Decimal digits that tell a number of so many bits from its neighbours. */
const digitsOf = (precision: number): number => {
  const digits = Math.max(1, Math.round(precision / bitsPerDigit - 1))
  return digits === 15 ? 17 : digits + 3
}

/** The first digits of a positive number, rounded half up, and the power of ten of the first one. */
const decimalDigits = ({ exponent, mantissa }: Dyadic, count: number): readonly [digits: string, exponent: number] => {
  const estimate = Math.floor((bitLength(mantissa) + exponent) / bitsPerDigit)
  const places = count + 2 - estimate
  const numerator = places > 0 ? mantissa * 10n ** BigInt(places) : mantissa
  const denominator = places < 0 ? 10n ** BigInt(-places) : 1n
  const all = String(
    exponent >= 0
      ? (numerator << BigInt(exponent)) / denominator
      : numerator / (denominator << BigInt(-exponent))
  )
  const rounded = String(BigInt(all.slice(0, count)) + (all[count]! >= "5" ? 1n : 0n))
  return [rounded.slice(0, count), all.length - 1 - places + (rounded.length - count)]
}

const text = (value: Real, precision: number): string => {
  if (typeof value === "number") return Number.isNaN(value) ? "nan" : value > 0 ? "+inf" : "-inf"
  if (value.mantissa === 0n) return "0.0"
  const sign = value.mantissa < 0n ? "-" : ""
  const count = digitsOf(precision)
  const size = value.mantissa < 0n ? -value.mantissa : value.mantissa
  const [digits, exponent] = decimalDigits({ mantissa: size, exponent: value.exponent }, count)
  const isFixed = Math.min(-Math.floor(count / 3), -5) < exponent && exponent < count
  const shown = isFixed && exponent < 0 ? "0".repeat(-exponent) + digits : digits
  const split = isFixed && exponent > 0 ? exponent + 1 : 1
  const part = shown.slice(split).replace(/0+$/, "")
  const power = isFixed ? "" : `e${exponent > 0 ? "+" : ""}${exponent}`
  return `${sign}${shown.slice(0, split)}.${part === "" ? "0" : part}${power}`
}

/** `mpf` or `mpc`: what a computation gave, with the precision it was made at. */
class MpmathNumber extends Instance {
  readonly typeName: "mpf" | "mpc"
  private readonly value: Logarithm
  private readonly precision: number

  constructor(value: Logarithm, precision: number) {
    super()
    this.typeName = value.length === 1 ? "mpf" : "mpc"
    this.value = value
    this.precision = precision
  }

  override repr(): string {
    const [real, imaginary] = this.value
    const shown = `'${text(real, this.precision)}'`
    return imaginary === undefined ? `mpf(${shown})` : `mpc(real=${shown}, imag='${text(imaginary, this.precision)}')`
  }

  override truthy(): boolean {
    return this.value.some((part) => sample(part) !== 0)
  }
}

/** `mpmath.log(value) / mpmath.log(base)` at a precision in bits. Throws what mpmath throws. */
export const logarithmToBase = (value: Value, base: Value, precision: number): Instance => {
  const readable = Math.min(precision, maximumPrecision)
  const [numerator, denominator] = [realOf(value, readable), realOf(base, readable)]
  if (precision > maximumPrecision) {
    throw beyond(`envtune computes at most ${maximumDigits} digits`)
  }
  const quotient = quotientOf(logarithm(numerator, precision), logarithm(denominator, precision), precision)
  return new MpmathNumber(quotient, precision)
}
