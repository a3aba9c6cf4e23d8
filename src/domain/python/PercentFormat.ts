/** Python's `text % values`: C's `printf` with names, after CPython 3.11's `PyUnicode_Format`. */
import { type FloatForm, floatText } from "./FloatText.ts"
import { checkText } from "./Limits.ts"
import { isNumeric, toFloat, toInt } from "./Number.ts"
import { PythonError, typeError } from "./PythonError.ts"
import { item } from "./Subscript.ts"
import { ascii, characters, intRepr, length, repr, slice, str } from "./Text.ts"
import { Dict, Instance, Tuple, typeName, type Value } from "./Value.ts"

/** `%[(name)][flags][width][.precision]code`. */
interface Conversion {
  readonly flags: ReadonlySet<string>
  readonly width: number
  readonly precision: number | undefined
  readonly code: string
  /** Code points in front of the code. */
  readonly index: number
}

const valueError = (message: string): PythonError => new PythonError("ValueError", message)
const overflow = (message: string): PythonError => new PythonError("OverflowError", message)

/** The largest `Py_ssize_t` and `int` of C. */
const largestSize = 2n ** 63n - 1n
const largestInt = 2n ** 31n - 1n

const radixes: ReadonlyMap<string, number> = new Map([["o", 8], ["x", 16], ["X", 16]])

const isDigit = (character: string): boolean => character >= "0" && character <= "9"

/** Python's `PyMapping_Check`, tuples and texts apart: what has items by key, or by index. */
const isMapping = (value: Value): boolean =>
  Array.isArray(value) || value instanceof Dict || (value instanceof Instance && value.item !== undefined)

class Formatter {
  private readonly format: ReadonlyArray<string>
  private readonly mapping: Value | undefined
  /** What the conversions take one by one. */
  private values: ReadonlyArray<Value>
  private taken = 0
  private at = 0
  /** Characters that were made, also of texts that were cut. */
  private made = 0

  constructor(format: string, values: Value) {
    this.format = characters(format)
    this.mapping = isMapping(values) ? values : undefined
    this.values = values instanceof Tuple ? values.items : [values]
  }

  text(): string {
    const parts: Array<string> = []
    while (this.at < this.format.length) {
      const character = this.format[this.at++]!
      const part = character === "%" ? this.field() : character
      this.count(part)
      parts.push(part)
    }
    if (this.taken < this.values.length && this.mapping === undefined) {
      throw typeError("not all arguments converted during string formatting")
    }
    return parts.join("")
  }

  private count(part: string): string {
    this.made += part.length
    checkText(this.made)
    return part
  }

  private field(): string {
    if (this.skip("%")) return "%"
    if (this.skip("(")) this.choose(this.key())
    return this.converted(this.conversion(), this.argument())
  }

  private get next(): string {
    return this.format[this.at] ?? ""
  }

  private skip(character: string): boolean {
    if (this.next !== character) return false
    this.at++
    return true
  }

  /** The name up to its closing parenthesis; others may be inside. */
  private key(): string {
    if (this.mapping === undefined) throw typeError("format requires a mapping")
    const start = this.at
    for (let depth = 1; depth > 0; this.at++) {
      if (this.at >= this.format.length) throw valueError("incomplete format key")
      if (this.next === ")") depth--
      else if (this.next === "(") depth++
    }
    return this.format.slice(start, this.at - 1).join("")
  }

  private choose(key: string): void {
    this.values = [item(this.mapping!, key)]
    this.taken = 0
  }

  private argument(): Value {
    const value = this.values[this.taken++]
    if (value === undefined) throw typeError("not enough arguments for format string")
    return value
  }

  private conversion(): Conversion {
    const flags = new Set<string>()
    while (this.next !== "" && "-+ #0".includes(this.next)) flags.add(this.format[this.at++]!)
    let width = this.skip("*") ? this.size(largestSize, "ssize_t") : this.number(largestSize, "width") ?? 0
    if (width < 0) {
      flags.add("-")
      width = -width
    }
    let precision: number | undefined
    if (this.skip(".")) {
      precision = this.skip("*") ? Math.max(this.size(largestInt, "int"), 0) : this.number(largestInt, "precision") ?? 0
    }
    // C's lengths, which mean nothing here.
    if (this.next !== "" && "hlL".includes(this.next)) this.at++
    if (this.at >= this.format.length) throw valueError("incomplete format")
    return { flags, width, precision, code: this.format[this.at]!, index: this.at++ }
  }

  /** A number among the values, for `*`. */
  private size(most: bigint, type: string): number {
    const value = this.argument()
    if (typeof value !== "bigint" && typeof value !== "boolean") throw typeError("* wants int")
    const size = BigInt(value)
    if (size > most || size < -most - 1n) throw overflow(`Python int too large to convert to C ${type}`)
    return Number(size)
  }

  /** A number in the format. */
  private number(most: bigint, what: string): number | undefined {
    const start = this.at
    while (isDigit(this.next)) this.at++
    if (this.at === start) return undefined
    const digits = this.format.slice(start, this.at).join("").replace(/^0+/, "")
    if (digits.length > String(most).length || BigInt(digits) > most) throw valueError(`${what} too big`)
    return Number(digits)
  }

  private converted(conversion: Conversion, value: Value): string {
    const { code, precision } = conversion
    switch (code) {
      case "s":
      case "r":
      case "a": {
        const text = this.count(code === "s" ? str(value) : code === "r" ? repr(value) : ascii(value))
        return padded(conversion, "", precision === undefined ? text : slice(text, 0, precision), " ")
      }
      case "d":
      case "i":
      case "u":
      case "o":
      case "x":
      case "X":
        return integer(conversion, value)
      case "e":
      case "E":
      case "f":
      case "F":
      case "g":
      case "G":
        return float(conversion, value)
      case "c":
        return padded(conversion, "", character(value), " ")
      default:
        throw unsupported(conversion)
    }
  }
}

const unsupported = ({ code, index }: Conversion): PythonError => {
  const point = code.codePointAt(0)!
  const shown = point >= 31 && point < 128 ? code : "?"
  return valueError(`unsupported format character '${shown}' (0x${point.toString(16)}) at index ${index}`)
}

/** Zeros fill between the front, which is a sign and a prefix, and the rest. */
const padded = ({ flags, width }: Conversion, front: string, rest: string, fill: "0" | " "): string => {
  checkText(width)
  const missing = Math.max(width - front.length - length(rest), 0)
  if (flags.has("-")) return front + rest + " ".repeat(missing)
  return fill === "0" ? front + fill.repeat(missing) + rest : " ".repeat(missing) + front + rest
}

const number = (conversion: Conversion, isNegative: boolean, prefix: string, digits: string): string => {
  const { flags } = conversion
  const sign = isNegative ? "-" : flags.has("+") ? "+" : flags.has(" ") ? " " : ""
  return padded(conversion, sign + prefix, digits, flags.has("0") ? "0" : " ")
}

const integer = (conversion: Conversion, value: Value): string => {
  const { code, flags, precision = 0 } = conversion
  const radix = radixes.get(code)
  if (!isNumeric(value) || (radix !== undefined && typeof value === "number")) {
    const wanted = radix === undefined ? "a real number" : "an integer"
    throw typeError(`%${code} format: ${wanted} is required, not ${typeName(value)}`)
  }
  checkText(precision)
  const whole = toInt(value)
  const size = whole < 0n ? -whole : whole
  const digits = (radix === undefined ? intRepr(size) : size.toString(radix)).padStart(precision, "0")
  const prefix = radix !== undefined && flags.has("#") ? `0${code}` : ""
  return number(conversion, whole < 0n, prefix, code === "X" ? digits.toUpperCase() : digits)
}

const formOf = (code: string): FloatForm => {
  switch (code) {
    case "e":
    case "E":
      return "e"
    case "g":
    case "G":
      return "g"
    default:
      return "f"
  }
}

const float = (conversion: Conversion, given: Value): string => {
  const { code, flags, precision = 6 } = conversion
  if (!isNumeric(given)) throw typeError(`must be real number, not ${typeName(given)}`)
  checkText(precision)
  const value = toFloat(given)
  const size = Math.abs(value)
  const text = Number.isNaN(value)
    ? "nan"
    : size === Infinity
    ? "inf"
    : floatText(formOf(code), size, precision, flags.has("#"))
  const isNegative = value < 0 || Object.is(value, -0)
  return number(conversion, isNegative, "", code < "a" ? text.toUpperCase() : text)
}

/** `%c`. */
const character = (value: Value): string => {
  if (typeof value === "string" && length(value) === 1) return value
  if (typeof value !== "bigint" && typeof value !== "boolean") throw typeError("%c requires int or char")
  const code = BigInt(value)
  if (code < 0n || code > 0x10ffffn) throw overflow("%c arg not in range(0x110000)")
  return String.fromCodePoint(Number(code))
}

/** `format % values`. Throws Python's TypeError, ValueError, OverflowError and what looking up a name throws. */
export const percentFormat = (format: string, values: Value): string => new Formatter(format, values).text()
