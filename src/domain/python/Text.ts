/**
 * Python's `str`: a sequence of code points, with Python's notion of printable, white space, digit and line.
 * `repr` and `str` of every value are here, too.
 */
import { remembered, textOfUnchanging } from "../Memo.ts"
import { maximumNesting } from "./Limits.ts"
import { PythonError } from "./PythonError.ts"
import { Dict, Tuple, type Value } from "./Value.ts"

const surrogate = /[\ud800-\udfff]/
const firstSurrogate = 0xd800
const isSecondHalf = /[\udc00-\udfff]/
const special = /[\\\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]/gu
const beyondAscii = /[^ -~]/gu

/** Python's decimal digits are Unicode's; ours go through a table only when they are not ASCII. */
const decimal = /^\p{Nd}$/u
/** Characters with a digit value: decimal digits, and those that are digits to `isdigit` alone, of Unicode 14. */
const digit =
  /\p{Nd}|[\u00b2\u00b3\u00b9\u1369-\u1371\u19da\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468\u2474-\u247c\u2488-\u2490\u24ea\u24f5-\u24fd\u24ff\u2776-\u277e\u2780-\u2788\u278a-\u2792\u{10a40}-\u{10a43}\u{10e60}-\u{10e68}\u{11052}-\u{1105a}\u{1f100}-\u{1f10a}]/gu
const digits = new RegExp(`^(?:${digit.source})+$`, "u")

/** Python's white space, as the inside of a character class. */
export const spaceClass = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000"
const space = new RegExp(`[${spaceClass}]`)
const spaces = new RegExp(`[${spaceClass}]+`)
// oxlint-disable-next-line no-control-regex
const lineBreak = /\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]/
// oxlint-disable-next-line no-control-regex
const otherLineBreak = /[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]/

/** `sys.get_int_max_str_digits()`. */
export const maximumDigits = 4300
const tooLong = 10n ** BigInt(maximumDigits)
const tooLongNegative = -tooLong

/** Texts shorter than this are looked at faster without a regular expression. */
const short = 24
/** From here on it is worth while to remember what is in a text. */
const long = 256

/** Tells texts of printable ASCII without backslashes and without that quote. */
export const plainWithout = (quote: "'" | "\""): (text: string) => boolean => {
  const quoteCode = quote.charCodeAt(0)
  const plain = new RegExp(`^[^\\\\${quote}\\x00-\\x1f\\x7f-\\uffff]*$`)
  return (text) => {
    if (text.length >= short) return plain.test(text)
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code < 32 || code > 126 || code === quoteCode || code === 92) return false
    }
    return true
  }
}

/** `len(text)`. */
export const length = (text: string): number => surrogate.test(text) ? Array.from(text).length : text.length

/** The code points of a text, each as a text. */
export const characters = (text: string): Array<string> => surrogate.test(text) ? Array.from(text) : text.split("")

/** `text[start:stop]` with both given and `start` from 0 up. */
export const slice = (text: string, start: number, stop: number): string =>
  surrogate.test(text) ? Array.from(text).slice(start, stop).join("") : text.slice(start, stop)

/** Less than 0, 0 or more than 0, by code points. */
export const compare = (a: string, b: string): number => {
  let at = 0
  while (at < a.length && at < b.length && a.charCodeAt(at) === b.charCodeAt(at)) at++
  if (at === a.length || at === b.length) return a.length - b.length
  // UTF-16 units sort like code points as long as no surrogate meets a unit above it.
  const difference = a.charCodeAt(at) - b.charCodeAt(at)
  if (a.charCodeAt(at) < firstSurrogate && b.charCodeAt(at) < firstSurrogate) return difference
  // Where second halves differ, the first halves in front of them are the same.
  const start = isSecondHalf.test(a[at]!) && isSecondHalf.test(b[at]!) ? Math.max(at - 1, 0) : at
  return a.codePointAt(start)! - b.codePointAt(start)! || a.codePointAt(at)! - b.codePointAt(at)!
}

const linesIn = (text: string): ReadonlyArray<string> => {
  const lines = otherLineBreak.test(text) ? text.split(lineBreak) : text.split("\n")
  if (lines.at(-1) === "") lines.pop()
  return lines
}

/** Files of the long-context category, which are read again and again. */
const linesOfLong = remembered(linesIn, { maximumTexts: 256, maximumLength: 1 << 16 })

/** `text.splitlines()`. */
export const splitLines = (text: string): ReadonlyArray<string> =>
  text.length < long ? linesIn(text) : linesOfLong(text)

/** `text.split()`: the words between white space. */
export const words = (text: string): Array<string> => text.split(spaces).filter((word) => word !== "")

/** `text.strip()`. */
export const strip = (text: string): string => stripStart(stripEnd(text))

/** `text.lstrip()`. */
export const stripStart = (text: string): string => {
  let start = 0
  while (start < text.length && space.test(text[start]!)) start++
  return text.slice(start)
}

/** `text.rstrip()`. A loop, because `+$` would try again at every blank of a run inside the text. */
export const stripEnd = (text: string): string => {
  let stop = text.length
  while (stop > 0 && space.test(text[stop - 1]!)) stop--
  return text.slice(0, stop)
}

/** `text.strip(characters)`, or of one end. */
export const stripCharacters = (text: string, unwanted: string, ends: "both" | "start" | "end" = "both"): string => {
  if (!surrogate.test(unwanted)) return stripUnits(text, unwanted, ends)
  const all = characters(text)
  const set = new Set(characters(unwanted))
  let start = 0
  let stop = all.length
  if (ends !== "end") { while (start < stop && set.has(all[start]!)) start++ }
  if (ends !== "start") { while (stop > start && set.has(all[stop - 1]!)) stop-- }
  return all.slice(start, stop).join("")
}

/** Without surrogates among the unwanted, none that is taken off is half of a character. */
const stripUnits = (text: string, unwanted: string, ends: "both" | "start" | "end"): string => {
  let start = 0
  let stop = text.length
  if (ends !== "end") { while (start < stop && unwanted.includes(text[start]!)) start++ }
  if (ends !== "start") { while (stop > start && unwanted.includes(text[stop - 1]!)) stop-- }
  return stop - start === text.length ? text : text.slice(start, stop)
}

/** `text.lower()`: full lower-casing, which is JavaScript's. */
export const lower = (text: string): string => text.toLowerCase()

/** `text.upper()`. */
export const upper = (text: string): string => text.toUpperCase()

/** `text.isdigit()`: at least one character, all with a digit value; superscripts are digits that `int` refuses. */
export const isDigit = (text: string): boolean => digits.test(text)

/** The characters for which `isdigit` holds. */
export const digitsIn = (text: string): ReadonlyArray<string> => text.match(digit) ?? []

/** Unicode has a few hundred of them. */
const otherDecimals = new Map<string, number>()

/** The value of one decimal digit of any script, undefined for anything else. */
export const decimalValue = (character: string): number | undefined => {
  if (character >= "0" && character <= "9") return character.charCodeAt(0) - 48
  if (!decimal.test(character)) return undefined
  const known = otherDecimals.get(character)
  if (known !== undefined) return known
  // Decimal digits come in unbroken runs of whole decades.
  const code = character.codePointAt(0)!
  let start = code
  while (decimal.test(String.fromCodePoint(start - 1))) start--
  const value = (code - start) % 10
  otherDecimals.set(character, value)
  return value
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0")

const escape = (character: string): string => {
  switch (character) {
    case " ":
      return " "
    case "\\":
      return "\\\\"
    case "\n":
      return "\\n"
    case "\r":
      return "\\r"
    case "\t":
      return "\\t"
  }
  return escapeCode(character.codePointAt(0)!)
}

const escapeCode = (code: number): string =>
  code < 0x100 ? `\\x${hex(code, 2)}` : code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`

const isPlain = plainWithout("'")

/** `repr(text)`. */
export const quote = (text: string): string => {
  if (isPlain(text)) return `'${text}'`
  const escaped = text.replace(special, escape)
  if (!text.includes("'")) return `'${escaped}'`
  return text.includes("\"") ? `'${escaped.replaceAll("'", "\\'")}'` : `"${escaped}"`
}

/** `repr(x)` of a float: the shortest digits that read back, an exponent below 1e-4 and from 1e16 on. */
export const floatRepr = (value: number): string => {
  if (Number.isInteger(value)) {
    if (Math.abs(value) < 1e16) return Object.is(value, -0) ? "-0.0" : `${value}.0`
  } else if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf"
  } else if (Math.abs(value) >= 1e-4) return String(value)
  const [mantissa = "", exponent = ""] = value.toExponential().split("e")
  const digits = exponent.slice(1)
  return `${mantissa}e${exponent[0]}${digits.length < 2 ? `0${digits}` : digits}`
}

/** The exception of an int that has too many digits to print. */
export const tooManyDigits = (): PythonError =>
  new PythonError(
    "ValueError",
    `Exceeds the limit (${maximumDigits} digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit`
  )

/** `str(n)` of an int. Throws Python's ValueError beyond 4300 digits. */
export const intRepr = (value: bigint): string => {
  if (value >= tooLong || value <= tooLongNegative) throw tooManyDigits()
  return value.toString()
}

const recalled = textOfUnchanging()

const listAt = (items: ReadonlyArray<Value>, depth: number): string =>
  `[${items.map((item) => reprAt(item, depth + 1)).join(", ")}]`

const dictAt = (dict: Dict, depth: number): string => {
  const parts: Array<string> = []
  for (const [key, item] of dict.view()) parts.push(`${reprAt(key, depth + 1)}: ${reprAt(item, depth + 1)}`)
  return `{${parts.join(", ")}}`
}

const frozenListAt = (items: ReadonlyArray<Value>, depth: number): string => recalled(items, () => listAt(items, depth))

const sharedDictAt = (shared: object, dict: Dict, depth: number): string => recalled(shared, () => dictAt(dict, depth))

/** `repr(value)`. */
export const repr = (value: Value): string => reprAt(value, 0)

/** `ascii(value)`: its repr with everything beyond ASCII escaped. */
export const ascii = (value: Value): string => repr(value).replace(beyondAscii, escape)

const reprAt = (value: Value, depth: number): string => {
  switch (typeof value) {
    case "string":
      return quote(value)
    case "bigint":
      return intRepr(value)
    case "number":
      return floatRepr(value)
    case "boolean":
      return value ? "True" : "False"
  }
  if (value === null) return "None"
  if (depth > maximumNesting) {
    throw new PythonError("RecursionError", "maximum recursion depth exceeded while getting the repr of an object")
  }
  if (Array.isArray(value)) return Object.isFrozen(value) ? frozenListAt(value, depth) : listAt(value, depth)
  if (value instanceof Dict) {
    const { shared } = value
    return shared === undefined ? dictAt(value, depth) : sharedDictAt(shared, value, depth)
  }
  if (value instanceof Tuple) {
    const items = value.items.map((item) => reprAt(item, depth + 1))
    return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`
  }
  return value.repr()
}

/** `str(value)`. */
export const str = (value: Value): string => {
  if (typeof value === "string") return value
  if (value === null || typeof value !== "object" || Array.isArray(value)) return repr(value)
  return value instanceof Dict || value instanceof Tuple ? repr(value) : value.str()
}
