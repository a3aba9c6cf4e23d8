/** Python's `complex`: imaginary literals, and fractional powers of negative numbers. */
import { Builtin } from "./Callable.ts"
import { floatOf, isNumeric } from "./Numeric.ts"
import { PythonError, typeError } from "./PythonError.ts"
import { floatRepr } from "./Text.ts"
import { equals, Instance, typeName, type Value } from "./Value.ts"

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

/**
 * C's `hypot` of finite floats as glibc has it, which is not always the nearest float: the root of the squares, less
 * its own error (C. Borges, An Improved Algorithm for hypot(a,b)).
 */
const hypotenuse = (a: number, b: number): number => {
  const [x, y] = [Math.max(Math.abs(a), Math.abs(b)), Math.min(Math.abs(a), Math.abs(b))]
  if (y <= x * 2 ** -54) return x + y
  if (x > 2 ** 511) return correctedRoot(x * 2 ** -600, y * 2 ** -600) * 2 ** 600
  return y < 2 ** -459 ? correctedRoot(x * 2 ** 600, y * 2 ** 600) * 2 ** -600 : correctedRoot(x, y)
}

/** Of sizes whose squares are floats, the larger one first. */
const correctedRoot = (x: number, y: number): number => {
  const root = Math.sqrt(x * x + y * y)
  const above = root - (root <= 2 * y ? y : x)
  const error = root <= 2 * y
    ? x * (2 * above - x) + (above - 2 * (x - y)) * above
    : 2 * above * (x - 2 * y) + ((4 * above - y) * y + above * above)
  return root - error / (2 * root)
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
