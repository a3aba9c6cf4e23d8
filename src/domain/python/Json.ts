/**
 * Python's `json`: `loads` keeps int and float apart, accepts NaN and the infinities and lets the last of equal keys
 * win; `dumps` writes what Python writes. `JSON.parse` would lose all of it.
 */
import { textOfUnchanging, whole } from "../Memo.ts"
import { exceeded, limits } from "./Limits.ts"
import { checkDigits } from "./Number.ts"
import { PythonError } from "./PythonError.ts"
import { floatRepr, intRepr, plainWithout } from "./Text.ts"
import { Dict, Tuple, typeName, type Value } from "./Value.ts"

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
  const { source } = limits()
  if (text.length > source) throw exceeded("the call has more characters", source, "reads")
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

/** What is neither text nor container; undefined for anything else. */
const scalarText = (value: Value): string | undefined => {
  switch (typeof value) {
    case "bigint":
      return intRepr(value)
    case "number":
      return floatText(value)
    case "boolean":
      return value ? "true" : "false"
  }
  return value === null ? "null" : undefined
}

const keyText = (key: Value): string => {
  const text = typeof key === "string" ? key : scalarText(key)
  if (text !== undefined) return text
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

const tooDeep = (): PythonError =>
  new PythonError("RecursionError", "maximum recursion depth exceeded while encoding a JSON object")

const noJson = (value: Value): PythonError =>
  new PythonError("TypeError", `Object of type ${typeName(value)} is not JSON serializable`)

const write = (value: Value, form: Form, depth: number): string => {
  const scalar = typeof value === "string" ? quote(value, form.ensureAscii) : scalarText(value)
  if (scalar !== undefined) return scalar
  if (depth > maximumDepth) throw tooDeep()
  if (value instanceof Dict) return writeDict(value, form, depth)
  if (Array.isArray(value)) return writeList(value, form, depth)
  if (value instanceof Tuple) return writeList(value.items, form, depth)
  throw noJson(value)
}

const writeDict = (dict: Dict, form: Form, depth: number): string => {
  if (dict.size === 0) return "{}"
  const { ensureAscii, indent } = form
  const [first, between, last] = spaces(indent, depth)
  const entries = Array.from(
    dict.view(),
    ([key, item]) => `${quote(keyText(key), ensureAscii)}: ${write(item, form, depth + 1)}`
  )
  return `{${first}${entries.join(between)}${last}}`
}

const writeList = (items: ReadonlyArray<Value>, form: Form, depth: number): string => {
  if (items.length === 0) return "[]"
  const [first, between, last] = spaces(form.indent, depth)
  return `[${first}${items.map((item) => write(item, form, depth + 1)).join(between)}${last}]`
}

/**
 * A key with what stands around it in the standard form, as a whole: the fewer parts a text is put together of, the
 * sooner it is one. `Text` is in front of a plain text, its opening quote included, and `after` a text, whose closing
 * quote it brings along.
 */
interface KeyText {
  /** `{"key": `. */
  readonly first: string
  /** `{"key": "`. */
  readonly firstText: string
  /** `, "key": `. */
  readonly next: string
  /** `, "key": "`. */
  readonly nextText: string
  /** `", "key": `. */
  readonly after: string
  /** `", "key": "`. */
  readonly afterText: string
}

/** Keys are few, and most are short. */
const maximumKey = 64
const maximumKeys = 1024
const keyTexts = new Map<string, KeyText>()

const keyTextOf = (key: Value): KeyText => {
  if (typeof key !== "string") return around(keyText(key))
  if (key.length > maximumKey) return around(key)
  let text = keyTexts.get(key)
  if (text === undefined) {
    text = around(key)
    if (keyTexts.size >= maximumKeys) keyTexts.clear()
    keyTexts.set(key, text)
  }
  return text
}

const around = (key: string): KeyText => {
  const start = `${escaped(key, true)}: `
  return {
    first: whole(`{${start}`),
    firstText: whole(`{${start}"`),
    next: whole(`, ${start}`),
    nextText: whole(`, ${start}"`),
    after: whole(`", ${start}`),
    afterText: whole(`", ${start}"`)
  }
}

/** In the standard form: the same in thousands of results. */
const recalled = textOfUnchanging()

/**
 * Writes in the standard form, ASCII on one line, in which results are written thousands of times a second: it goes
 * through a value once, and counts what it has written on the way.
 */
class StandardWriter {
  /** UTF-16 units that may be written yet. What is frozen costs nothing: it is a constant, and written once. */
  private room: number
  private readonly most: number
  /** Whether the entry that was written last is a text that lacks its closing quote. */
  private isOpen = false

  constructor(most: number) {
    this.room = most
    this.most = most
  }

  write(value: Value, depth: number): string {
    if (typeof value === "string") {
      this.take(value.length)
      return quote(value, true)
    }
    const scalar = scalarText(value)
    if (scalar !== undefined) return scalar
    if (depth > maximumDepth) throw tooDeep()
    if (value instanceof Dict) return this.dictOrRecalled(value, depth)
    if (Array.isArray(value)) return Object.isFrozen(value) ? frozenList(value, depth) : this.list(value, depth)
    if (value instanceof Tuple) return this.list(value.items, depth)
    throw noJson(value)
  }

  private dictOrRecalled(dict: Dict, depth: number): string {
    const { shared } = dict
    if (shared !== undefined) return sharedDict(shared, dict, depth)
    const { extension } = dict
    if (extension === undefined) return this.dict(dict, depth)
    const { added, base } = extension
    return this.dict(added, depth, sharedDict(extension.shared, base, depth).slice(0, -1))
  }

  dict(dict: Dict, depth: number, begin = ""): string {
    const { fields } = dict
    let text = begin
    if (fields === undefined) {
      for (const [key, item] of dict.view()) text = this.withEntry(text, key, item, depth)
    } else {
      for (const key in fields) text = this.withEntry(text, key, fields[key]!, depth)
    }
    if (text === "") return "{}"
    const last = this.isOpen ? "\"}" : "}"
    this.isOpen = false
    return text + last
  }

  private withEntry(text: string, key: Value, item: Value, depth: number): string {
    const around = keyTextOf(key)
    this.take(around.next.length)
    if (typeof item === "string" && item.length < long && isPlain(item)) {
      this.take(item.length)
      const start = text === "" ? around.firstText : this.isOpen ? around.afterText : around.nextText
      this.isOpen = true
      return text + start + item
    }
    const start = text === "" ? around.first : this.isOpen ? around.after : around.next
    this.isOpen = false
    return text + start + this.write(item, depth + 1)
  }

  list(items: ReadonlyArray<Value>, depth: number): string {
    if (items.length === 0) return "[]"
    let text = "["
    for (let i = 0; i < items.length; i++) {
      this.take(2)
      text += i === 0 ? this.write(items[i]!, depth + 1) : ", " + this.write(items[i]!, depth + 1)
    }
    return text + "]"
  }

  private take(units: number): void {
    this.room -= units
    if (this.room < 0) throw exceeded("the result has more characters", this.most, "prints")
  }
}

const unlimited = (): StandardWriter => new StandardWriter(Infinity)

// Apart from who calls them: a function that makes a closure takes room for what is in it, whether it is made or not.

const frozenList = (items: ReadonlyArray<Value>, depth: number): string =>
  recalled(items, () => unlimited().list(items, depth))

const sharedDict = (shared: object, dict: Dict, depth: number): string =>
  recalled(shared, () => unlimited().dict(dict, depth))

/** `json.dumps(value)`. Throws `PythonError`: TypeError for what JSON does not know, ValueError (digits), RecursionError. */
export const dumps = (value: Value, options?: DumpsOptions): string =>
  options === undefined
    ? unlimited().write(value, 0)
    : write(value, { ensureAscii: true, indent: undefined, ...options }, 0)

/** `json.dumps(value)` of a result. Throws Python's MemoryError, too, for one with more than so many characters. */
export const dumpsResult = (value: Value, most: number): string => new StandardWriter(most).write(value, 0)
