/**
 * Python's operators on `int`, `float` and `bool` (and `+`, `*`, `<` on what else has them), with CPython 3.11's
 * exceptions; conversions from text; correct rounding.
 */
import { Complex, complexOf } from "./Complex.ts"
import { complexPower } from "./ComplexPower.ts"
import { checkItems, checkText, exceeded, maximumBits } from "./Limits.ts"
import { floatOf, isNumeric } from "./Numeric.ts"
import { pow } from "./Power.ts"
import { PythonError, typeError } from "./PythonError.ts"
import { bitLength, divideHalfEven, fraction, ratio } from "./Rounding.ts"
import { characters, compare as compareText, decimalValue, maximumDigits, quote, strip } from "./Text.ts"
import { Dict, equals, Instance, Tuple, typeName, type Value } from "./Value.ts"

export { isNumeric } from "./Numeric.ts"

const tooLarge = (): PythonError => exceeded("the integer has more bits", maximumBits, "computes")

const isIntegral = (value: Value): value is bigint | boolean => typeof value === "bigint" || typeof value === "boolean"

const unsupported = (operator: string, a: Value, b: Value): PythonError =>
  typeError(`unsupported operand type(s) for ${operator}: '${typeName(a)}' and '${typeName(b)}'`)

/** What an instance among the operands answers to an operator, the left one first, or Python's TypeError. */
const otherwise = (operator: string, a: Value, b: Value, symbol: string): Value => {
  const result = a instanceof Instance ? a.binary?.(operator, b) : undefined
  if (result !== undefined) return result
  const reflected = b instanceof Instance ? b.reflected?.(operator, a) : undefined
  if (reflected === undefined) throw unsupported(symbol, a, b)
  return reflected
}

const joined = (a: string, b: string): string => {
  checkText(a.length + b.length)
  return a + b
}

const concatenated = (a: ReadonlyArray<Value>, b: ReadonlyArray<Value>): Array<Value> => {
  checkItems(a.length + b.length)
  return [...a, ...b]
}

/** `a + b`. `symbol` is how the operator is written (`+=` prints itself in the exception). */
export const add = (a: Value, b: Value, symbol = "+"): Value => {
  if (isNumeric(a) && isNumeric(b)) {
    if (isIntegral(a) && isIntegral(b)) return BigInt(a) + BigInt(b)
    return floatOf(a) + floatOf(b)
  }
  if (typeof a === "string") {
    if (typeof b === "string") return joined(a, b)
    throw typeError(`can only concatenate str (not "${typeName(b)}") to str`)
  }
  if (Array.isArray(a)) {
    if (Array.isArray(b)) return concatenated(a, b)
    throw typeError(`can only concatenate list (not "${typeName(b)}") to list`)
  }
  if (a instanceof Tuple) {
    if (b instanceof Tuple) return new Tuple(concatenated(a.items, b.items))
    throw typeError(`can only concatenate tuple (not "${typeName(b)}") to tuple`)
  }
  return otherwise("+", a, b, symbol)
}

/** `a - b`. */
export const subtract = (a: Value, b: Value, symbol = "-"): Value => {
  if (!isNumeric(a) || !isNumeric(b)) return otherwise("-", a, b, symbol)
  return isIntegral(a) && isIntegral(b) ? BigInt(a) - BigInt(b) : floatOf(a) - floatOf(b)
}

const isSequence = (value: Value): value is string | Array<Value> | Tuple =>
  typeof value === "string" || Array.isArray(value) || value instanceof Tuple

const repeat = (sequence: string | Array<Value> | Tuple, times: Value): Value => {
  if (!isIntegral(times)) throw typeError(`can't multiply sequence by non-int of type '${typeName(times)}'`)
  const count = BigInt(times) < 0n ? 0n : BigInt(times)
  const items = sequence instanceof Tuple ? sequence.items : sequence
  const length = items.length * Number(count)
  if (typeof items === "string") {
    checkText(length)
    return items.repeat(Number(count))
  }
  checkItems(length)
  const repeated = Array.from({ length: Number(count) }, () => items).flat()
  return sequence instanceof Tuple ? new Tuple(repeated) : repeated
}

/** `a * b`. */
export const multiply = (a: Value, b: Value): Value => {
  if (isNumeric(a) && isNumeric(b)) {
    if (!isIntegral(a) || !isIntegral(b)) return floatOf(a) * floatOf(b)
    const x = BigInt(a)
    const y = BigInt(b)
    const small = Number.MAX_SAFE_INTEGER
    if ((x > small || x < -small) && (y > small || y < -small) && bitLength(x) + bitLength(y) > maximumBits) {
      throw tooLarge()
    }
    return x * y
  }
  if (isSequence(a)) return repeat(a, b)
  return isSequence(b) ? repeat(b, a) : otherwise("*", a, b, "*")
}

const divisionByZero = (message: string): PythonError => new PythonError("ZeroDivisionError", message)

/** `a / b`. */
export const divide = (a: Value, b: Value): Value => {
  if (!isNumeric(a) || !isNumeric(b)) return otherwise("/", a, b, "/")
  if (!isIntegral(a) || !isIntegral(b)) {
    const divisor = floatOf(b)
    const dividend = floatOf(a)
    if (divisor === 0) throw divisionByZero("float division by zero")
    return dividend / divisor
  }
  const x = BigInt(a)
  const y = BigInt(b)
  if (y === 0n) throw divisionByZero("division by zero")
  const size = ratio(x < 0n ? -x : x, y < 0n ? -y : y)
  if (!Number.isFinite(size)) throw new PythonError("OverflowError", "integer division result too large for a float")
  return (x < 0n) === (y < 0n) ? size : -size
}

const floatModulo = (a: number, b: number): number => {
  const rest = a % b
  if (rest === 0) return b < 0 ? -0 : 0
  return (rest < 0) === (b < 0) ? rest : rest + b
}

const floatFloorDivide = (a: number, b: number): number => {
  const rest = a % b
  const quotient = (a - rest) / b - (rest !== 0 && (rest < 0) !== (b < 0) ? 1 : 0)
  if (quotient === 0) return a / b > 0 || Object.is(a / b, 0) ? 0 : -0
  const floor = Math.floor(quotient)
  return quotient - floor > 0.5 ? floor + 1 : floor
}

/** `a // b`. */
export const floorDivide = (a: Value, b: Value): Value => {
  if (!isNumeric(a) || !isNumeric(b)) return otherwise("//", a, b, "//")
  if (!isIntegral(a) || !isIntegral(b)) {
    const [x, y] = [floatOf(a), floatOf(b)]
    if (y === 0) throw divisionByZero("float floor division by zero")
    return floatFloorDivide(x, y)
  }
  const [x, y] = [BigInt(a), BigInt(b)]
  if (y === 0n) throw divisionByZero("integer division or modulo by zero")
  const quotient = x / y
  return x % y !== 0n && (x < 0n) !== (y < 0n) ? quotient - 1n : quotient
}

/** `a % b` of numbers. */
export const modulo = (a: Value, b: Value): Value => {
  if (!isNumeric(a) || !isNumeric(b)) return otherwise("%", a, b, "%")
  if (!isIntegral(a) || !isIntegral(b)) {
    const [x, y] = [floatOf(a), floatOf(b)]
    if (y === 0) throw divisionByZero("float modulo")
    return floatModulo(x, y)
  }
  const [x, y] = [BigInt(a), BigInt(b)]
  if (y === 0n) throw divisionByZero("integer modulo by zero")
  const rest = x % y
  return rest !== 0n && (rest < 0n) !== (y < 0n) ? rest + y : rest
}

/** `a ** b`. Throws Python's TypeError, ZeroDivisionError and OverflowError. */
export const power = (a: Value, b: Value): Value => {
  if (!isNumeric(a) || !isNumeric(b)) return powerOfComplex(a, b)
  if (isIntegral(a) && isIntegral(b) && BigInt(b) >= 0n) {
    const base = BigInt(a)
    const exponent = BigInt(b)
    if (base >= -1n && base <= 1n) return exponent === 0n ? 1n : exponent % 2n === 0n ? base * base : base
    if (BigInt(bitLength(base)) * exponent > BigInt(maximumBits)) throw tooLarge()
    return base ** exponent
  }
  return floatPower(floatOf(a), floatOf(b))
}

const powerOfComplex = (a: Value, b: Value): Value => {
  const base = complexOf(a)
  const exponent = base && complexOf(b)
  return exponent === undefined ? otherwise("**", a, b, "** or pow()") : complexPower(base!, exponent)
}

const floatPower = (base: number, exponent: number): Value => {
  if (base === 0 && exponent < 0) throw divisionByZero("0.0 cannot be raised to a negative power")
  if (!Number.isFinite(base) || !Number.isFinite(exponent)) return pow(base, exponent)
  if (base < 0 && !Number.isInteger(exponent)) {
    return complexPower(new Complex(base, 0), new Complex(exponent, 0))
  }
  const result = pow(base, exponent)
  if (Number.isFinite(result)) return result
  throw new PythonError("OverflowError", "(34, 'Numerical result out of range')")
}

const bitOperations: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "<<": (a, b) => {
    if (b < 0n) throw new PythonError("ValueError", "negative shift count")
    if (a !== 0n && BigInt(bitLength(a)) + b > BigInt(maximumBits)) throw tooLarge()
    return a === 0n ? 0n : a << b
  },
  ">>": (a, b) => {
    if (b < 0n) throw new PythonError("ValueError", "negative shift count")
    return b > BigInt(maximumBits) ? (a < 0n ? -1n : 0n) : a >> b
  }
}

/** `a & b`, `|`, `^`, `<<`, `>>`. */
export const bitwise = (operator: string, a: Value, b: Value): Value => {
  const operation = bitOperations[operator]
  if (operation === undefined || !isIntegral(a) || !isIntegral(b)) return otherwise(operator, a, b, operator)
  const result = operation(BigInt(a), BigInt(b))
  const staysBoolean = typeof a === "boolean" && typeof b === "boolean" && operator.length === 1
  return staysBoolean ? result !== 0n : result
}

const badUnary = (operator: string, value: Value): PythonError =>
  typeError(`bad operand type for ${operator}: '${typeName(value)}'`)

/** `-a`. */
export const negate = (a: Value): Value => {
  if (a instanceof Complex) return a.negated()
  if (!isNumeric(a)) throw badUnary("unary -", a)
  return typeof a === "number" ? -a : -BigInt(a)
}

/** `+a`. */
export const positive = (a: Value): Value => {
  if (a instanceof Complex) return a
  if (!isNumeric(a)) throw badUnary("unary +", a)
  return typeof a === "number" ? a : BigInt(a)
}

/** `~a`. */
export const invert = (a: Value): Value => {
  if (!isIntegral(a)) throw badUnary("unary ~", a)
  return ~BigInt(a)
}

/** `abs(a)`. */
export const absolute = (a: Value): Value => {
  if (a instanceof Complex) return a.size()
  if (!isNumeric(a)) throw badUnary("abs()", a)
  if (typeof a === "number") return Math.abs(a)
  const integer = BigInt(a)
  return integer < 0n ? -integer : integer
}

const orders = ["<", "<=", ">", ">="] as const
type Order = (typeof orders)[number]

export const isOrder = (operator: string): operator is Order => orders.some((order) => order === operator)

/** `a < b` and its like. Throws Python's TypeError for what has no order. */
export const ordered = (operator: Order, a: Value, b: Value): boolean => {
  if (isNumeric(a) && isNumeric(b)) {
    return holds(operator, typeof a === "boolean" ? BigInt(a) : a, typeof b === "boolean" ? BigInt(b) : b)
  }
  if (typeof a === "string" && typeof b === "string") return holds(operator, compareText(a, b), 0)
  if (Array.isArray(a) && Array.isArray(b)) return orderedItems(operator, a, b)
  if (a instanceof Tuple && b instanceof Tuple) return orderedItems(operator, a.items, b.items)
  const result = a instanceof Instance ? a.binary?.(operator, b) : undefined
  if (typeof result === "boolean") return result
  throw typeError(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`)
}

/** JavaScript compares a bigint with a number by their exact values, as Python does. */
const holds = (operator: Order, a: bigint | number, b: bigint | number): boolean => {
  switch (operator) {
    case "<":
      return a < b
    case "<=":
      return a <= b
    case ">":
      return a > b
    case ">=":
      return a >= b
  }
}

const orderedItems = (operator: Order, a: ReadonlyArray<Value>, b: ReadonlyArray<Value>): boolean => {
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (!equals(a[i]!, b[i]!)) return ordered(operator, a[i]!, b[i]!)
  }
  return holds(operator, a.length, b.length)
}

/** `a < b`. */
export const isLess = (a: Value, b: Value): boolean => ordered("<", a, b)
/** `a <= b`. */
export const isLessOrEqual = (a: Value, b: Value): boolean => ordered("<=", a, b)
/** `a > b`. */
export const isGreater = (a: Value, b: Value): boolean => ordered(">", a, b)
/** `a >= b`. */
export const isGreaterOrEqual = (a: Value, b: Value): boolean => ordered(">=", a, b)

/** A stable sort by Python's `<`. Throws its TypeError for what has no order. */
export const sorted = (values: Iterable<Value>): Array<Value> =>
  // Like CPython's, the later of two is asked whether it is less than the earlier.
  [...values].toSorted((a, b) => isLess(a, b) ? -1 : isLess(b, a) ? 1 : 0)

/** Decimal digits beyond ASCII. */
const otherDigits = /(?![0-9])\p{Nd}/gu

/** Digits of any script as ASCII ones; anything else stays. */
const asciiDigits = (text: string): string =>
  text.replaceAll(otherDigits, (character) => String(decimalValue(character)))

/** `float(value)`. Throws Python's TypeError, ValueError, OverflowError. */
export const toFloat = (value: Value): number => {
  if (isNumeric(value)) return floatOf(value)
  if (typeof value !== "string") {
    throw typeError(`float() argument must be a string or a real number, not '${typeName(value)}'`)
  }
  const text = asciiDigits(strip(value))
  // Every digit can be matched in one way only: tried in two, a long text that is no number would take forever.
  if (/^[+-]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i.test(text)) {
    return Number(text.replaceAll("_", ""))
  }
  const name = /^([+-]?)(inf|infinity|nan)$/i.exec(text)
  if (name === null) throw new PythonError("ValueError", `could not convert string to float: ${quote(value)}`)
  if (name[2]!.toLowerCase() === "nan") return NaN
  return name[1] === "-" ? -Infinity : Infinity
}

const finite = (value: number): number => {
  if (Number.isNaN(value)) throw new PythonError("ValueError", "cannot convert float NaN to integer")
  if (!Number.isFinite(value)) throw new PythonError("OverflowError", "cannot convert float infinity to integer")
  return value
}

/** `int(value)`. Throws Python's TypeError, ValueError, OverflowError. */
export const toInt = (value: Value): bigint => {
  if (typeof value === "number") return BigInt(Math.trunc(finite(value)))
  if (isIntegral(value)) return BigInt(value)
  if (typeof value !== "string") {
    throw typeError(
      `int() argument must be a string, a bytes-like object or a real number, not '${typeName(value)}'`
    )
  }
  const text = asciiDigits(strip(value))
  const parts = /^([+-]?)(\d+(?:_\d+)*)$/.exec(text)
  if (parts === null) throw new PythonError("ValueError", `invalid literal for int() with base 10: ${quote(value)}`)
  const digits = parts[2]!.replaceAll("_", "")
  checkDigits(digits)
  return BigInt(parts[1] === "-" ? `-${digits}` : digits)
}

/** Throws Python's ValueError for a text of more than 4300 digits. */
export const checkDigits = (digits: string): void => {
  if (digits.length <= maximumDigits) return
  throw new PythonError(
    "ValueError",
    `Exceeds the limit (${maximumDigits} digits) for integer string conversion: value has ${digits.length} digits; use sys.set_int_max_str_digits() to increase the limit`
  )
}

/** A value as an index: int or bool. Throws Python's TypeError. */
export const toIndex = (value: Value): bigint => {
  if (isIntegral(value)) return BigInt(value)
  throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`)
}

/**
 * Whether a number is midway between two of so many decimal places. Its multiple is exact where that may be: a tie has
 * few binary places, and one beyond these bounds is taken for one.
 */
const mayTie = (value: number, digits: number): boolean => {
  const scaled = Math.abs(value) * 10 ** digits
  return digits > 15 || scaled >= 2 ** 51 || scaled % 1 === 0.5 || value === 0
}

/** `format(value, ".{digits}f")`: rounded from the exact binary value, ties to even. `digits` is 0 or more. */
export const fixed = (value: number, digits: number): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf"
  // JavaScript rounds exactly as well, but ties away from zero, and has no negative zero.
  if (!mayTie(value, digits)) return value.toFixed(digits)
  const [numerator, bits] = fraction(Math.abs(value))
  const text = divideHalfEven(numerator * 10n ** BigInt(digits), 1n << bits).toString().padStart(digits + 1, "0")
  const sign = value < 0 || Object.is(value, -0) ? "-" : ""
  const whole = text.slice(0, text.length - digits)
  return digits === 0 ? `${sign}${whole}` : `${sign}${whole}.${text.slice(text.length - digits)}`
}

const roundFloat = (value: number, digits: bigint): number => {
  // Beyond these, a float has no digit to round, or no digit left.
  if (!Number.isFinite(value) || digits > 323n) return value
  if (digits < -308n) return value < 0 || Object.is(value, -0) ? -0 : 0
  if (digits >= 0n) return Number(fixed(value, Number(digits)))
  const unit = 10n ** -digits
  const [numerator, bits] = fraction(Math.abs(value))
  const size = Number(divideHalfEven(numerator, unit << bits) * unit)
  if (!Number.isFinite(size)) throw new PythonError("OverflowError", "rounded value too large to represent")
  return value < 0 || Object.is(value, -0) ? -size : size
}

/** `round(value, digits)`; without digits (or None) an int. Half to even, from the exact value. */
export const round = (value: Value, digits: Value = null): Value => {
  if (!isNumeric(value)) throw typeError(`type ${typeName(value)} doesn't define __round__ method`)
  if (digits === null) {
    if (typeof value !== "number") return BigInt(value)
    const [numerator, bits] = fraction(finite(value))
    return divideHalfEven(numerator, 1n << bits)
  }
  const places = toIndex(digits)
  if (typeof value === "number") return roundFloat(value, places)
  const integer = BigInt(value)
  if (places >= 0n) return integer
  if (-places > BigInt(bitLength(integer))) return 0n
  const unit = 10n ** -places
  return divideHalfEven(integer, unit) * unit
}

/** `sum(values)` from `start`, left to right as up to Python 3.11. */
export const sum = (values: Iterable<Value>, start: Value = 0n): Value => {
  let total = start
  for (const value of values) total = add(total, value)
  return total
}

/** `len(value)`. */
export const len = (value: Value): number => {
  if (typeof value === "string") return characters(value).length
  if (Array.isArray(value)) return value.length
  if (value instanceof Dict) return value.size
  if (value instanceof Tuple) return value.items.length
  const length = value instanceof Instance ? value.length?.() : undefined
  if (length === undefined) throw typeError(`object of type '${typeName(value)}' has no len()`)
  return length
}
