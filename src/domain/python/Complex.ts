/** Python's `complex`: imaginary literals, and fractional powers of negative numbers. */
import { Builtin } from "./Callable.ts"
import { floatOf, isNumeric } from "./Numeric.ts"
import { bitLength, fraction, ratio, squareRoot } from "./Rounding.ts"
import { floatRepr } from "./Text.ts"
import { equals, Instance, PythonError, typeName, type Value } from "./Value.ts"

const typeError = (message: string): PythonError => new PythonError("TypeError", message)

const part = (value: number): string => floatRepr(value).replace(/\.0$/, "")

export class Complex extends Instance {
  readonly typeName = "complex"
  readonly real: number
  readonly imaginary: number

  constructor(real: number, imaginary: number) {
    super()
    this.real = real
    this.imaginary = imaginary
  }

  override repr(): string {
    if (this.real === 0 && !Object.is(this.real, -0)) return `${part(this.imaginary)}j`
    const sign = this.imaginary < 0 || Object.is(this.imaginary, -0) ? "" : "+"
    return `(${part(this.real)}${sign}${part(this.imaginary)}j)`
  }

  override equals(that: Value): boolean {
    if (that instanceof Complex) return that.real === this.real && that.imaginary === this.imaginary
    return isNumeric(that) && this.imaginary === 0 && equals(this.real, that)
  }

  override truthy(): boolean {
    return this.real !== 0 || this.imaginary !== 0
  }

  override attribute(name: string): Value | undefined {
    switch (name) {
      case "real":
        return this.real
      case "imag":
        return this.imaginary
      case "conjugate":
        return new Builtin(name, () => new Complex(this.real, -this.imaginary))
      default:
        return undefined
    }
  }

  override binary(operator: string, that: Value): Value | undefined {
    const operation = operations[operator]
    const other = operation && complexOf(that)
    return other && operation?.(this, other)
  }

  override reflected(operator: string, that: Value): Value | undefined {
    const operation = operations[operator]
    const other = operation && complexOf(that)
    return other && operation?.(other, this)
  }

  negated(): Complex {
    return new Complex(-this.real, -this.imaginary)
  }

  /** `abs(x)`. Throws Python's OverflowError. */
  size(): number {
    const size = this.distance()
    if (size !== Infinity || Math.abs(this.real) === Infinity || Math.abs(this.imaginary) === Infinity) return size
    throw new PythonError("OverflowError", "absolute value too large")
  }

  /** C's `hypot` of the parts: infinite where it is too large. */
  distance(): number {
    const { imaginary, real } = this
    if (Math.abs(real) === Infinity || Math.abs(imaginary) === Infinity) return Infinity
    return Number.isNaN(real) || Number.isNaN(imaginary) ? NaN : hypotenuse(real, imaginary)
  }
}

/** Binary digits of a root that round correctly to a float. */
const enough = 66

/** The float nearest to the square root of the sum of the squares of two finite floats. */
const hypotenuse = (a: number, b: number): number => {
  const [x, xBits] = fraction(Math.abs(a))
  const [y, yBits] = fraction(Math.abs(b))
  const bits = xBits > yBits ? xBits : yBits
  const square = (x << (bits - xBits)) ** 2n + (y << (bits - yBits)) ** 2n
  const shift = BigInt(Math.max(0, enough - Math.floor(bitLength(square) / 2)))
  const scaled = square << (2n * shift)
  const root = squareRoot(scaled)
  // One bit more says whether anything is left.
  return ratio(2n * root + (root * root === scaled ? 0n : 1n), 1n << (bits + shift + 1n))
}

/** A number as a complex one; undefined for what is none. Throws Python's OverflowError. */
export const complexOf = (value: Value): Complex | undefined => {
  if (value instanceof Complex) return value
  return isNumeric(value) ? new Complex(floatOf(value), 0) : undefined
}

/** `a * b`. */
export const product = (a: Complex, b: Complex): Complex =>
  new Complex(a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real)

/** `a / b` by Smith's method, as CPython has it; undefined where `b` is zero. */
export const quotient = (a: Complex, b: Complex): Complex | undefined => {
  const [real, imaginary] = [Math.abs(b.real), Math.abs(b.imaginary)]
  if (real >= imaginary) {
    if (real === 0) return undefined
    const slope = b.imaginary / b.real
    const scale = b.real + b.imaginary * slope
    return new Complex((a.real + a.imaginary * slope) / scale, (a.imaginary - a.real * slope) / scale)
  }
  if (!(imaginary >= real)) return new Complex(NaN, NaN)
  const slope = b.real / b.imaginary
  const scale = b.real * slope + b.imaginary
  return new Complex((a.real * slope + a.imaginary) / scale, (a.imaginary * slope - a.real) / scale)
}

const operations: Readonly<Record<string, (a: Complex, b: Complex) => Complex>> = {
  "+": (a, b) => new Complex(a.real + b.real, a.imaginary + b.imaginary),
  "-": (a, b) => new Complex(a.real - b.real, a.imaginary - b.imaginary),
  "*": product,
  "/": (a, b) => {
    const result = quotient(a, b)
    if (result === undefined) throw new PythonError("ZeroDivisionError", "complex division by zero")
    return result
  }
}

/** `complex(real, imaginary)`. Throws Python's TypeError; of texts, none is read. */
export const complex = (given: Value, imaginary: Value | undefined): Complex => {
  if (typeof given === "string") {
    if (imaginary !== undefined) throw typeError("complex() can't take second arg if first is a string")
    throw new PythonError("ValueError", "complex() arg is a malformed string")
  }
  if (typeof imaginary === "string") throw typeError("complex() second arg can't be a string")
  const real = complexOf(given)
  if (real === undefined) {
    throw typeError(`complex() first argument must be a string or a number, not '${typeName(given)}'`)
  }
  if (imaginary === undefined) return real
  const turned = complexOf(imaginary)
  if (turned === undefined) {
    throw typeError(`complex() second argument must be a number, not '${typeName(imaginary)}'`)
  }
  return new Complex(
    imaginary instanceof Complex ? real.real - turned.imaginary : real.real,
    given instanceof Complex ? real.imaginary + turned.real : turned.real
  )
}
