/**
 * Python's `json`: `loads` keeps int and float apart, accepts NaN and the infinities and lets the last of equal keys
 * win; `dumps` writes what Python writes. `JSON.parse` would lose all of it.
 */
import { textOfUnchanging, whole } from "../Memo.ts"
import { exceeded, maximumSource } from "./Limits.ts"
import { checkDigits } from "./Number.ts"
import { floatRepr, intRepr, plainWithout } from "./Text.ts"
import { Dict, PythonError, Tuple, typeName, type Value } from "./Value.ts"

/** Python's own limit depends on the stack it happens to have; this one is safely below ours. */
const maximumDepth = 900

/** `json.JSONDecodeError`: the message counts lines, columns and characters by code points. */
const decodeError = (what: string, text: string, at: number): PythonError => {
  const before = Array.from(text.slice(0, at))
  const line = before.filter((character) => character === "\n").length + 1
  const column = before.length - before.lastIndexOf("\n")
  return new PythonError("JSONDecodeError", `${what}: line ${line} column ${column} (char ${before.length})`)
}

const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y
// JSON's own text of a string: up to the quote, an escape, or a control character.
// oxlint-disable-next-line no-control-regex
const unescaped = /[^"\\\u0000-\u001f]*/y

/** What may follow a backslash, beside `u`. */
const escapes = "\"\\/bfnrt"

const constants: ReadonlyArray<readonly [name: string, value: Value]> = [
  ["null", null],
  ["true", true],
  ["false", false],
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity]
]

class Reader {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  document(): Value {
    if (this.text.startsWith("\ufeff")) {
      throw decodeError("Unexpected UTF-8 BOM (decode using utf-8-sig)", this.text, 0)
    }
    this.skipSpace()
    const value = this.value(0)
    this.skipSpace()
    if (this.at < this.text.length) throw decodeError("Extra data", this.text, this.at)
    return value
  }

  private value(depth: number): Value {
    switch (this.text[this.at]) {
      case "\"":
        return this.string()
      case "{":
        return this.object(depth + 1)
      case "[":
        return this.array(depth + 1)
    }
    number.lastIndex = this.at
    const match = number.exec(this.text)
    if (match !== null) {
      this.at = number.lastIndex
      if (match[1] !== undefined || match[2] !== undefined) return Number(match[0])
      checkDigits(match[0].startsWith("-") ? match[0].slice(1) : match[0])
      return BigInt(match[0])
    }
    for (const [name, value] of constants) {
      if (this.text.startsWith(name, this.at)) {
        this.at += name.length
        return value
      }
    }
    throw decodeError("Expecting value", this.text, this.at)
  }

  private object(depth: number): Dict {
    this.checkDepth(depth, "object")
    const dict = new Dict()
    this.at++
    this.skipSpace()
    if (this.take("}")) return dict
    for (;;) {
      if (this.text[this.at] !== "\"") {
        throw decodeError("Expecting property name enclosed in double quotes", this.text, this.at)
      }
      const key = this.string()
      this.skipSpace()
      if (!this.take(":")) throw decodeError("Expecting ':' delimiter", this.text, this.at)
      this.skipSpace()
      dict.set(key, this.value(depth))
      this.skipSpace()
      if (this.take("}")) return dict
      if (!this.take(",")) throw decodeError("Expecting ',' delimiter", this.text, this.at)
      this.skipSpace()
    }
  }

  private array(depth: number): Array<Value> {
    this.checkDepth(depth, "array")
    const items: Array<Value> = []
    this.at++
    this.skipSpace()
    if (this.take("]")) return items
    for (;;) {
      items.push(this.value(depth))
      this.skipSpace()
      if (this.take("]")) return items
      if (!this.take(",")) throw decodeError("Expecting ',' delimiter", this.text, this.at)
      this.skipSpace()
    }
  }

  private string(): string {
    const start = this.at
    this.at++
    for (;;) {
      unescaped.lastIndex = this.at
      unescaped.test(this.text)
      this.at = unescaped.lastIndex
      const character = this.text[this.at]
      if (character === undefined) throw decodeError("Unterminated string starting at", this.text, start)
      if (character === "\"") break
      if (character !== "\\") throw decodeError("Invalid control character at", this.text, this.at)
      this.skipEscape(start)
    }
    this.at++
    // It copies: a part of the text would keep all of it in memory, in two bytes a character where one of them needs two.
    return JSON.parse(this.text.slice(start, this.at))
  }

  private skipEscape(start: number): void {
    const character = this.text[this.at + 1]
    if (character === undefined) throw decodeError("Unterminated string starting at", this.text, start)
    if (character !== "u") {
      if (!escapes.includes(character)) throw decodeError("Invalid \\escape", this.text, this.at)
      this.at += 2
      return
    }
    // CPython wants a character after the digits before it looks at them.
    if (this.at + 6 >= this.text.length || !/^[0-9a-fA-F]{4}$/.test(this.text.slice(this.at + 2, this.at + 6))) {
      throw decodeError("Invalid \\uXXXX escape", this.text, this.at + 1)
    }
    this.at += 6
  }

  private take(character: string): boolean {
    if (this.text[this.at] !== character) return false
    this.at++
    return true
  }

  private skipSpace(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return
      this.at++
    }
  }

  private checkDepth(depth: number, kind: "array" | "object"): void {
    if (depth <= maximumDepth) return
    throw new PythonError(
      "RecursionError",
      `maximum recursion depth exceeded while decoding a JSON ${kind} from a unicode string`
    )
  }
}

/** `json.loads(text)`. Throws `PythonError`: JSONDecodeError with Python's message, RecursionError, ValueError (digits). */
export const loads = (text: string): Value => new Reader(text).document()

/** The same of what a model wrote. Throws Python's MemoryError for more than we read. */
export const loadsCall = (text: string): Value => {
  if (text.length > maximumSource) throw exceeded("the call has more characters", maximumSource, "reads")
  return loads(text)
}

export interface DumpsOptions {
  /** Escapes everything beyond ASCII; true unless said otherwise. */
  readonly ensureAscii?: boolean
  /** Blanks per level; everything on one line without it. */
  readonly indent?: number
}

/** What JSON prints as it is. */
const isPlain = plainWithout("\"")
const beyondAscii = /[\u007f-\uffff]/g

/** A text of each length from here on is remembered: long ones are the same again and again. */
const long = 256
const maximumLong = 1 << 16
const maximumRemembered = 256
const remembered = new Map<number, { readonly text: string; readonly quoted: string }>()

const quote = (text: string, ensureAscii: boolean): string => {
  if (text.length < long || text.length > maximumLong || !ensureAscii) return escaped(text, ensureAscii)
  const last = remembered.get(text.length)
  if (last?.text === text) return last.quoted
  const quoted = escaped(text, ensureAscii)
  if (remembered.size >= maximumRemembered) remembered.clear()
  remembered.set(text.length, { text, quoted: whole(quoted) })
  return quoted
}

const escaped = (text: string, ensureAscii: boolean): string => {
  if (isPlain(text)) return `"${text}"`
  // JSON.stringify escapes lone surrogates, which Python leaves alone unless it writes ASCII.
  const quoted = JSON.stringify(text)
  if (ensureAscii) return quoted.replace(beyondAscii, hex)
  return quoted.replace(
    /\\u(d[89a-f][0-9a-f]{2})/g,
    (escape, code: string, at: number, whole: string) =>
      isEscaped(whole, at) ? escape : String.fromCharCode(Number.parseInt(code, 16))
  )
}

/** Whether the backslash at `at` is itself escaped: an odd number of backslashes stands before it. */
const isEscaped = (text: string, at: number): boolean => {
  let before = at
  while (text[before - 1] === "\\") before--
  return (at - before) % 2 === 1
}

const bytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

const hex = (unit: string): string => {
  const code = unit.charCodeAt(0)
  return `\\u${bytes[code >> 8]!}${bytes[code & 255]!}`
}

const floatText = (value: number): string => {
  if (Number.isFinite(value)) return floatRepr(value)
  return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
}

const keyText = (key: Value): string => {
  switch (typeof key) {
    case "string":
      return key
    case "bigint":
      return intRepr(key)
    case "number":
      return floatText(key)
    case "boolean":
      return key ? "true" : "false"
  }
  if (key === null) return "null"
  throw new PythonError("TypeError", `keys must be str, int, float, bool or None, not ${typeName(key)}`)
}

/** The form of a text: escapes, and blanks per level where it has more than one line. */
interface Form {
  readonly ensureAscii: boolean
  readonly indent: number | undefined
}

/** What stands before the first item, between two, and after the last one. */
type Spaces = readonly [first: string, between: string, last: string]

const onOneLine: Spaces = ["", ", ", ""]

const spaces = (indent: number | undefined, depth: number): Spaces => {
  if (indent === undefined) return onOneLine
  const inner = `\n${" ".repeat(indent * (depth + 1))}`
  return [inner, `,${inner}`, `\n${" ".repeat(indent * depth)}`]
}

const write = (value: Value, form: Form, depth: number): string => {
  switch (typeof value) {
    case "string":
      return quote(value, form.ensureAscii)
    case "bigint":
      return intRepr(value)
    case "number":
      return floatText(value)
    case "boolean":
      return value ? "true" : "false"
  }
  if (value === null) return "null"
  if (depth > maximumDepth) {
    throw new PythonError("RecursionError", "maximum recursion depth exceeded while encoding a JSON object")
  }
  if (value instanceof Dict) return form === standard ? standardDict(value, depth) : writeDict(value, form, depth)
  if (Array.isArray(value)) return form === standard ? standardList(value, depth) : writeList(value, form, depth)
  if (value instanceof Tuple) return writeList(value.items, form, depth)
  throw new PythonError("TypeError", `Object of type ${typeName(value)} is not JSON serializable`)
}

const writeDict = (dict: Dict, form: Form, depth: number): string => {
  const [first, between, last] = spaces(form.indent, depth)
  let text = ""
  const { fields } = dict
  if (fields === undefined) {
    for (const [key, item] of dict.view()) text += writeEntry(text === "" ? first : between, key, item, form, depth)
  } else {
    for (const key in fields) text += writeEntry(text === "" ? first : between, key, fields[key]!, form, depth)
  }
  return text === "" ? "{}" : "{" + text + last + "}"
}

const writeEntry = (space: string, key: Value, item: Value, form: Form, depth: number): string =>
  space + keyStart(key, form) + write(item, form, depth + 1)

/** Keys are few, and most are short. */
const maximumKey = 64
const maximumKeys = 1024
const keyStarts = new Map<string, string>()

/** `"key": `. */
const keyStart = (key: Value, { ensureAscii }: Form): string => {
  if (typeof key !== "string" || !ensureAscii || key.length > maximumKey) return `${quote(keyText(key), ensureAscii)}: `
  let start = keyStarts.get(key)
  if (start === undefined) {
    start = `${escaped(key, true)}: `
    if (keyStarts.size >= maximumKeys) keyStarts.clear()
    keyStarts.set(key, start)
  }
  return start
}

const writeList = (items: ReadonlyArray<Value>, form: Form, depth: number): string => {
  if (items.length === 0) return "[]"
  const [first, between, last] = spaces(form.indent, depth)
  let text = `[${first}`
  let isFirst = true
  for (const item of items) {
    if (!isFirst) text += between
    text += write(item, form, depth + 1)
    isFirst = false
  }
  return text + last + "]"
}

const standard: Form = { ensureAscii: true, indent: undefined }

/** In the standard form: the same in thousands of results. */
const recalled = textOfUnchanging()

const standardDict = (dict: Dict, depth: number): string => {
  const { shared } = dict
  return shared === undefined
    ? writeDict(dict, standard, depth)
    : recalled(shared, () => writeDict(dict, standard, depth))
}

const standardList = (items: ReadonlyArray<Value>, depth: number): string =>
  Object.isFrozen(items) ? recalled(items, () => writeList(items, standard, depth)) : writeList(items, standard, depth)

/** `json.dumps(value)`. Throws `PythonError`: TypeError for what JSON does not know, ValueError (digits), RecursionError. */
export const dumps = (value: Value, options?: DumpsOptions): string =>
  write(value, options === undefined ? standard : { ensureAscii: true, indent: undefined, ...options }, 0)
