/** Python's `datetime.strptime`, for the directives that the simulators use, with its error texts. */
import { PythonError } from "./PythonError.ts"
import { characters, decimalValue, quote } from "./Text.ts"
import { typeName, type Value } from "./Value.ts"

/** A naive date and time: years of the Gregorian calendar, months and days from 1. */
export interface DateTime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

const directives: Readonly<Record<string, string>> = {
  Y: "(\\p{Nd}{4})",
  m: "(1[0-2]|0[1-9]|[1-9])",
  d: "(3[0-1]|[1-2]\\p{Nd}|0[1-9]|[1-9]| [1-9])",
  H: "(2[0-3]|[0-1]\\p{Nd}|\\p{Nd})",
  M: "([0-5]\\p{Nd}|\\p{Nd})",
  S: "(6[0-1]|[0-5]\\p{Nd}|\\p{Nd})"
}

const pattern = (format: string): RegExp =>
  new RegExp(
    `^${
      format
        .replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
        .replaceAll(/ +/g, "\\s+")
        .replaceAll(/%([YmdHMS])/g, (_, directive: string) => directives[directive]!)
    }`,
    "iu"
  )

/** `%Y-%m-%d`. Every format has the parts of a date and a time in this order. */
export const dateFormat = "%Y-%m-%d"
/** `%Y-%m-%d %H:%M:%S`. */
export const timestampFormat = "%Y-%m-%d %H:%M:%S"

const patterns: Readonly<Record<string, RegExp>> = {
  [dateFormat]: pattern(dateFormat),
  [timestampFormat]: pattern(timestampFormat)
}

const toNumber = (text: string): number => {
  const ascii = Number(text)
  return Number.isNaN(ascii)
    ? characters(text).reduce((sum, character) => 10 * sum + (decimalValue(character) ?? 0), 0)
    : ascii
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0

/** Days of a month, 1..12. */
export const daysInMonth = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31

/** The number of two ASCII digits; NaN for anything else. */
const twoDigits = (text: string, at: number): number => {
  const [ten, one] = [text.charCodeAt(at) - 48, text.charCodeAt(at + 1) - 48]
  return ten >= 0 && ten <= 9 && one >= 0 && one <= 9 ? 10 * ten + one : NaN
}

/** A date as nearly every one is written, `2024-05-17`, without those that depend on the month; undefined for others. */
const plainDate = (text: string): DateTime | undefined => {
  if (text.length !== 10 || text[4] !== "-" || text[7] !== "-") return undefined
  const year = 100 * twoDigits(text, 0) + twoDigits(text, 2)
  const [month, day] = [twoDigits(text, 5), twoDigits(text, 8)]
  const isPlain = year > 0 && month > 0 && month <= 12 && day > 0 && day <= 28
  return isPlain ? { year, month, day, hour: 0, minute: 0, second: 0 } : undefined
}

/** `datetime.strptime(text, format)`. Throws Python's TypeError and ValueError. */
export const strptime = (text: Value, format: typeof dateFormat | typeof timestampFormat): DateTime => {
  if (typeof text !== "string") {
    throw new PythonError("TypeError", `strptime() argument 1 must be str, not ${typeName(text)}`)
  }
  const plain = format === dateFormat ? plainDate(text) : undefined
  if (plain !== undefined) return plain
  const match = patterns[format]!.exec(text)
  if (match === null) {
    throw new PythonError("ValueError", `time data ${quote(text)} does not match format ${quote(format)}`)
  }
  if (match[0].length < text.length) {
    throw new PythonError("ValueError", `unconverted data remains: ${text.slice(match[0].length)}`)
  }
  const [, years = "", months = "", days = "", hours = "", minutes = "", seconds = ""] = match
  const [year, month, day] = [toNumber(years), toNumber(months), toNumber(days)]
  if (year < 1) throw new PythonError("ValueError", `year ${year} is out of range`)
  if (day > daysInMonth(year, month)) throw new PythonError("ValueError", "day is out of range for month")
  return { year, month, day, hour: toNumber(hours), minute: toNumber(minutes), second: toNumber(seconds) }
}

/** Less than 0, 0 or more than 0: which comes first. */
export const compareTimes = (a: DateTime, b: DateTime): number =>
  a.year - b.year || a.month - b.month || a.day - b.day || a.hour - b.hour || a.minute - b.minute || a.second - b.second
