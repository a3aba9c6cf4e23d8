/**
 * Reads the plainest calls, `tool(a='x', b=[1, 2.5], c=True)`, in one pass and without a tree: nearly all that a model
 * writes. Of whatever needs a closer look (rare escapes, names in front of a parenthesis in a text, odd numbers, any error)
 * it says nothing.
 */
import { maximumSource, maximumTokens } from "../python/Limits.ts"
import { spaceClass } from "../python/Text.ts"
import { keywords as reservedWords } from "../python/TokenReader.ts"
import { Dict, type Keywords, type Value } from "../python/Value.ts"

/** A call with its arguments as they are written. */
export interface PlainCall {
  readonly name: string
  readonly positional: ReadonlyArray<Value>
  readonly keywords: Keywords
}

const callee = /[A-Za-z_][A-Za-z0-9_]*(?=\()/y
const keyword = /([A-Za-z_][A-Za-z0-9_]*) *= *(?!=)/y
/** Characters that Python does not read in a way of its own, but for a quote. */
const ordinary = String.raw`[^\\\0\r\n\ud800-\udfff`
/** Not those of surrogates, which Python does not put together. */
const escape = String.raw`\\(?:['"\\nrt]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4})`
const escapes: Readonly<Record<string, string>> = { "'": "'", "\"": "\"", "\\": "\\", n: "\n", r: "\r", t: "\t" }
const quoted = (quote: string): string => `${quote}(${ordinary}${quote}]*(?:${escape}${ordinary}${quote}]*)*)${quote}`
const text = new RegExp(`${quoted("'")}|${quoted("\"")}`, "y")
const number = /-?(?:0|[1-9]\d{0,14})(\.\d*)?(?![\w.])/y
const constant = /(?:True|False|None)(?!\w)/y
const blanks = / */y

const maximumDepth = 20
/** No tool has so many parameters. */
const maximumKeywords = 32
/** What has more is for the parser to refuse. */
const maximumValues = maximumTokens / 2

class Scanner {
  private readonly source: string
  private at = 0
  private values = 0

  constructor(source: string) {
    this.source = source
  }

  call(): PlainCall | undefined {
    const name = this.match(callee)?.[0]
    if (name === undefined || isUnusual(name)) return undefined
    this.at++
    const positional: Array<Value> = []
    const keywords: Array<readonly [string, Value]> = []
    const isRead = this.items(")", () => this.argument(positional, keywords))
    return isRead && this.at === this.source.length ? { name, positional, keywords } : undefined
  }

  private argument(positional: Array<Value>, keywords: Array<readonly [string, Value]>): boolean {
    const name = this.match(keyword)?.[1]
    const value = this.value(0)
    if (value === undefined) return false
    if (name === undefined) {
      positional.push(value)
      return keywords.length === 0
    }
    const isRepeated = keywords.some(([known]) => known === name)
    keywords.push([name, value])
    return !isRepeated && !isUnusual(name) && keywords.length <= maximumKeywords
  }

  private value(depth: number): Value | undefined {
    if (++this.values > maximumValues) return undefined
    switch (this.source[this.at]) {
      case "'":
      case "\"": {
        const found = this.match(text)
        return found === undefined ? undefined : unescaped(found[1] ?? found[2] ?? "")
      }
      case "[":
        return this.list(depth + 1)
      case "{":
        return this.dict(depth + 1)
    }
    const digits = this.match(number)
    if (digits !== undefined) return digits[1] === undefined ? BigInt(digits[0]) : Number(digits[0])
    const name = this.match(constant)?.[0]
    return name === undefined ? undefined : name === "None" ? null : name === "True"
  }

  private list(depth: number): Value | undefined {
    if (depth > maximumDepth) return undefined
    this.at++
    const items: Array<Value> = []
    const isRead = this.items("]", () => {
      const item = this.value(depth)
      if (item === undefined) return false
      items.push(item)
      return true
    })
    return isRead ? items : undefined
  }

  private dict(depth: number): Value | undefined {
    if (depth > maximumDepth) return undefined
    this.at++
    const dict = new Dict()
    const isRead = this.items("}", () => {
      const key = this.value(depth)
      this.match(blanks)
      if (typeof key !== "string" || this.source[this.at++] !== ":") return false
      this.match(blanks)
      const value = this.value(depth)
      if (value === undefined) return false
      dict.set(key, value)
      return true
    })
    return isRead ? dict : undefined
  }

  /** Items between commas up to and including the closing bracket, a comma after the last one allowed. */
  private items(closing: string, item: () => boolean): boolean {
    for (;;) {
      this.match(blanks)
      if (this.source[this.at] === closing) break
      if (!item()) return false
      this.match(blanks)
      if (this.source[this.at] === closing) break
      if (this.source[this.at++] !== ",") return false
    }
    this.at++
    return true
  }

  private match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.source)
    if (found === null) return undefined
    this.at = pattern.lastIndex
    return found
  }
}

/** Where BFCL may find a tool's name in front of a parenthesis, inside a text, too. */
const callLike = new RegExp(`[\\w\\u0080-\\uffff][${spaceClass}]*\\(`)

const unescaped = (body: string): string | undefined => {
  if (body.includes("(") && callLike.test(body)) return undefined
  return body.includes("\\") ?
    body.replaceAll(
      /\\u(.{4})|\\(.)/g,
      (_, code: string | undefined, character: string) =>
        code === undefined ? escapes[character]! : String.fromCharCode(Number.parseInt(code, 16))
    ) :
    body
}

/** Python's keywords, and names that it keeps to itself. */
const isUnusual = (name: string): boolean => reservedWords.has(name) || name.startsWith("__")

/** The call; undefined for anything but the plainest, which may be a call all the same. */
export const scan = (call: string): PlainCall | undefined =>
  call.length > maximumSource ? undefined : new Scanner(call).call()
