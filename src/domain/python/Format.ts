/** Python's `format(value, specification)`: the mini-language of f-strings and `str.format`. */
import { floatText } from "./FloatText.ts"
import { isNumeric, toFloat, toInt } from "./Number.ts"
import { PythonError } from "./PythonError.ts"
import { characters, floatRepr, length, str } from "./Text.ts"
import { typeName, type Value } from "./Value.ts"

interface Specification {
  readonly fill: string
  readonly align: string
  readonly sign: string
  readonly alternate: boolean
  readonly width: number
  readonly grouping: string
  readonly precision: number | undefined
  readonly type: string
}

/** Wider or more precise than this is no text that a tool call needs. */
const maximumWidth = 10_000

const pattern = /^(?:([^])?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([^])?$/u

const read = (text: string, value: Value): Specification => {
  const match = pattern.exec(text)
  if (match === null) throw new PythonError("ValueError", "Invalid format specifier")
  const [, fill, align, sign, , alternate, zero, width, grouping, precision, type] = match
  if (Number(width ?? 0) > maximumWidth || Number(precision ?? 0) > maximumWidth) {
    throw new PythonError("ValueError", "Too many decimal digits in format string")
  }
  return {
    fill: fill ?? (zero === undefined ? " " : "0"),
    align: align ?? (zero === undefined || !isNumeric(value) ? (isNumeric(value) ? ">" : "<") : "="),
    sign: sign ?? "-",
    alternate: alternate !== undefined,
    width: Number(width ?? 0),
    grouping: grouping ?? "",
    precision: precision === undefined ? undefined : Number(precision),
    type: type ?? ""
  }
}

const unknownCode = (code: string, value: Value): PythonError =>
  new PythonError("ValueError", `Unknown format code '${code}' for object of type '${typeName(value)}'`)

const pad = (sign: string, body: string, { align, fill, width }: Specification): string => {
  const missing = width - length(sign + body)
  if (missing <= 0) return sign + body
  switch (align) {
    case "<":
      return sign + body + fill.repeat(missing)
    case "^":
      return fill.repeat(Math.floor(missing / 2)) + sign + body + fill.repeat(Math.ceil(missing / 2))
    case "=":
      return sign + fill.repeat(missing) + body
    default:
      return fill.repeat(missing) + sign + body
  }
}

/** Groups are counted from the end. */
const group = (digits: string, separator: string, size: number): string => {
  if (separator === "") return digits
  const groups: Array<string> = []
  for (let stop = digits.length; stop > 0; stop -= size) groups.unshift(digits.slice(Math.max(stop - size, 0), stop))
  return groups.join(separator)
}

const signOf = (isNegative: boolean, sign: string): string => isNegative ? "-" : sign === "-" ? "" : sign

const formatInteger = (value: bigint, specification: Specification, given: Value): string => {
  const { alternate, grouping, precision, sign, type } = specification
  if (precision !== undefined) throw new PythonError("ValueError", "Precision not allowed in integer format specifier")
  const size = value < 0n ? -value : value
  const radix = type === "b" ? 2 : type === "o" ? 8 : type === "x" || type === "X" ? 16 : 10
  if (!["", "d", "n", "b", "o", "x", "X", "c"].includes(type)) throw unknownCode(type, given)
  if (type === "c") {
    if (value < 0n || value > 0x10ffffn) throw new PythonError("OverflowError", "%c arg not in range(0x110000)")
    return pad("", String.fromCodePoint(Number(value)), specification)
  }
  const digits = group(size.toString(radix), grouping, radix === 10 ? 3 : 4)
  const prefix = alternate && radix !== 10 ? `0${type}` : ""
  return pad(signOf(value < 0n, sign) + prefix, type === "X" ? digits.toUpperCase() : digits, specification)
}

const formatFloat = (value: number, specification: Specification, given: Value): string => {
  const { alternate, grouping, precision, sign, type } = specification
  const size = Math.abs(value)
  const isNegative = value < 0 || Object.is(value, -0)
  const body = (): string => {
    if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : "inf"
    switch (type.toLowerCase()) {
      case "f":
        return floatText("f", size, precision ?? 6, alternate)
      case "%":
        return `${floatText("f", size * 100, precision ?? 6, alternate)}%`
      case "e":
        return floatText("e", size, precision ?? 6, alternate)
      case "g":
      case "n":
        return floatText("g", size, precision ?? 6, alternate)
      case "":
        return precision === undefined ? floatRepr(size) : floatText("", size, precision, alternate)
      default:
        throw unknownCode(type, given)
    }
  }
  const [whole = "", ...rest] = body().split(/(?=[.e%])/)
  const text = group(whole, grouping, 3) + rest.join("")
  return pad(signOf(isNegative, sign), type >= "A" && type <= "Z" ? text.toUpperCase() : text, specification)
}

const formatText = (value: string, specification: Specification, given: Value): string => {
  const { align, precision, type } = specification
  if (type !== "" && type !== "s") throw unknownCode(type, given)
  if (align === "=") {
    throw new PythonError("ValueError", "'=' alignment not allowed in string format specifier")
  }
  const text = precision === undefined ? value : characters(value).slice(0, precision).join("")
  return pad("", text, specification)
}

/** `format(value, specification)`. Throws Python's ValueError and TypeError. */
export const format = (value: Value, specification: string): string => {
  if (specification === "") return str(value)
  if (typeof value === "string") return formatText(value, read(specification, value), value)
  if (!isNumeric(value)) {
    throw new PythonError("TypeError", `unsupported format string passed to ${typeName(value)}.__format__`)
  }
  const parsed = read(specification, value)
  const isFloat = typeof value === "number" || /^[eEfFgG%]$/.test(parsed.type)
  return isFloat ? formatFloat(toFloat(value), parsed, value) : formatInteger(toInt(value), parsed, value)
}
