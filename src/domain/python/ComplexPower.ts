/** `**` of complex numbers, as CPython has it, whose angles and logarithms are those of C's library. */
import { Complex, product, quotient } from "./Complex.ts"
import { cosineAndSine, ln, pi } from "./Elementary.ts"
import { exponential, pow } from "./Power.ts"
import { PythonError } from "./PythonError.ts"
import { fraction, ratio, squareRoot } from "./Rounding.ts"

const one = new Complex(1, 0)

/** Whole exponents up to here are multiplied out. */
const maximumMultiplied = 100

/** Bits in which angles and logarithms are computed. */
const places = 200

const nearest = (value: bigint, bits = places): number => ratio(value, 1n << BigInt(bits))

const fixedPoint = (value: number, bits = places): bigint => {
  const [numerator, power] = fraction(value)
  return (numerator << BigInt(bits)) >> power
}

const multiplied = (base: Complex, exponent: number): Complex => {
  let result = one
  let square = base
  for (let bit = 1; bit <= exponent; bit *= 2) {
    if ((exponent & bit) !== 0) result = product(result, square)
    square = product(square, square)
  }
  return result
}

/** C's `log` of a positive number. */
const logarithm = (value: number): number => {
  if (!Number.isFinite(value)) return value
  const [numerator, power] = fraction(value)
  return nearest(ln(numerator, -Number(power), places))
}

/** C's `atan2`: JavaScript's, which is off in the last place, and what is missing to the direction of the point. */
const angleOf = ({ imaginary, real }: Complex): number => {
  const near = Math.atan2(imaginary, real)
  // A small angle is its own tangent.
  const isKnown = Math.abs(near) < 2 ** -30 || real === 0 || imaginary === 0
  if (isKnown || !Number.isFinite(imaginary) || !Number.isFinite(real)) return near
  const scale = 2 ** Math.min(-Math.floor(Math.log2(Math.max(Math.abs(imaginary), Math.abs(real)))), 1000)
  const [x, y] = [fixedPoint(Math.abs(real) * scale), fixedPoint(Math.abs(imaginary) * scale)]
  const first = fixedPoint(Math.atan2(Math.abs(imaginary), Math.abs(real)))
  const [cosine, sine] = cosineAndSine(first, places)
  const angle = first + (y * cosine - x * sine) / squareRoot(x * x + y * y)
  if (real > 0) return Math.sign(imaginary) * nearest(angle)
  return Math.sign(imaginary) * nearest(pi(places) - angle)
}

const polar = (size: number, phase: number): Complex => {
  if (!Number.isFinite(phase)) return new Complex(NaN, NaN)
  const angle = Math.abs(phase)
  // A float can be as near to a multiple of a quarter turn as 2 ** -62, and a small phase is its own sine.
  const bits = 53 + 64 + 64 + (angle === 0 ? 0 : Math.max(0, -Math.floor(Math.log2(angle))))
  const [cosine, sine] = cosineAndSine(fixedPoint(angle, bits), bits)
  return new Complex(size * nearest(cosine, bits), size * Math.sign(phase) * nearest(sine, bits))
}

const ofZero = ({ imaginary, real }: Complex): Complex => {
  if (imaginary === 0 && real >= 0) return new Complex(0, 0)
  throw new PythonError("ZeroDivisionError", "0.0 to a negative or complex power")
}

/** `base ** exponent`. Throws Python's ZeroDivisionError and OverflowError. */
export const complexPower = (base: Complex, exponent: Complex): Complex => {
  const result = powerOf(base, exponent)
  if (Math.abs(result.real) !== Infinity && Math.abs(result.imaginary) !== Infinity) return result
  throw new PythonError("OverflowError", "complex exponentiation")
}

const powerOf = (base: Complex, exponent: Complex): Complex => {
  const { imaginary, real } = exponent
  const size = Math.abs(real)
  if (imaginary === 0 && Number.isInteger(real) && size <= maximumMultiplied) {
    const result = multiplied(base, size)
    return real > 0 ? result : quotient(one, result) ?? ofZero(exponent)
  }
  if (!base.truthy()) return ofZero(exponent)
  const distance = base.distance()
  const angle = angleOf(base)
  const length = pow(distance, real)
  if (imaginary === 0) return polar(length, angle * real)
  return polar(length / exponential(angle * imaginary), angle * real + imaginary * logarithm(distance))
}
