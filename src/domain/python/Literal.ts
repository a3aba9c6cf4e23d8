/** The values of number and string tokens: escapes, bytes, implicit concatenation. */
import { Bytes } from "./Bytes.ts"
import { Complex } from "./Complex.ts"
import { formattedParts, type ParseReplacement } from "./FString.ts"
import type { Expression } from "./Syntax.ts"
import { maximumDigits } from "./Text.ts"
import { SyntaxFault, type Token } from "./Tokens.ts"
import type { Value } from "./Value.ts"

/** The value of a number token. Throws `SyntaxFault` for an integer of more than 4300 digits. */
export const numberLiteral = (token: Token): Value => {
  const text = token.text.replaceAll("_", "")
  if (/^0[xXoObB]/.test(text)) return BigInt(text)
  if (/[jJ]$/.test(text)) return new Complex(0, Number(text.slice(0, -1)))
  if (!/^\d+$/.test(text)) return Number(text)
  const digits = text.replace(/^0+(?=\d)/, "")
  if (digits.length > maximumDigits) {
    throw new SyntaxFault(
      `Exceeds the limit (${maximumDigits} digits) for integer string conversion: value has ${digits.length} digits; `
        + "use sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer literals to "
        + "avoid decimal conversion limits.",
      token.line
    )
  }
  return BigInt(digits)
}

const simpleEscapes: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  "\"": "\"",
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v"
}

const hexDigits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

/** The names that `\N{...}` understands: the typography that models write. Python knows all of Unicode's. */
const characterNames: Readonly<Record<string, string>> = {
  BULLET: "\u2022",
  "EN DASH": "\u2013",
  "EM DASH": "\u2014",
  "HORIZONTAL ELLIPSIS": "\u2026",
  "DEGREE SIGN": "\u00b0",
  "EURO SIGN": "\u20ac",
  "POUND SIGN": "\u00a3",
  "COPYRIGHT SIGN": "\u00a9",
  "REGISTERED SIGN": "\u00ae",
  "TRADE MARK SIGN": "\u2122",
  "LEFT SINGLE QUOTATION MARK": "\u2018",
  "RIGHT SINGLE QUOTATION MARK": "\u2019",
  "LEFT DOUBLE QUOTATION MARK": "\u201c",
  "RIGHT DOUBLE QUOTATION MARK": "\u201d",
  "NO-BREAK SPACE": "\u00a0",
  SNOWMAN: "\u2603",
  "CHECK MARK": "\u2713",
  "MULTIPLICATION SIGN": "\u00d7"
}

/** Where the escape stands in the bytes that CPython decodes: a character beyond ASCII is ten of them. */
const byteOffset = (body: string, at: number): number =>
  Array.from(body.slice(0, at)).reduce((sum, character) => sum + (character > "\u007f" ? 10 : 1), 0)

/** The text that a string's body stands for. Throws `SyntaxFault` for an escape that is cut short or unknown. */
export const unescape = (body: string, line: number): string => {
  if (!body.includes("\\")) return body
  const fail = (at: number, length: number, reason: string): never => {
    const start = byteOffset(body, at)
    throw new SyntaxFault(
      `(unicode error) 'unicodeescape' codec can't decode bytes in position ${start}-${start + length - 1}: ${reason}`,
      line
    )
  }
  return body.replaceAll(
    /\\(?:([0-7]{1,3})|([xuU])([0-9a-fA-F]*)|N(\{[^}]*\}?)?|([^]))/g,
    (
      whole,
      octal: string | undefined,
      kind: string | undefined,
      found: string,
      name: string | undefined,
      other,
      at
    ) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8))
      if (kind !== undefined) return unicodeEscape(kind, found, (length, reason) => fail(at, length, reason))
      if (other !== undefined) return simpleEscapes[other] ?? whole
      if (name === undefined || !name.endsWith("}") || name === "{}") {
        return fail(at, whole.length, "malformed \\N character escape")
      }
      return characterNames[name.slice(1, -1).toUpperCase()] ?? fail(at, whole.length, "unknown Unicode character name")
    }
  )
}

/** `\x`, `\u`, `\U` and the hexadecimal digits after it, of which the escape takes only as many as it wants. */
const unicodeEscape = (kind: string, found: string, fail: (length: number, reason: string) => never): string => {
  const wanted = hexDigits[kind]!
  const digits = found.slice(0, wanted)
  if (digits.length < wanted) {
    return fail(2 + digits.length, `truncated \\${kind}${"X".repeat(wanted)} escape`)
  }
  const code = Number.parseInt(digits, 16)
  if (code > 0x10ffff) return fail(2 + wanted, "illegal Unicode character")
  return String.fromCodePoint(code) + found.slice(wanted)
}

const bytesOf = (body: string, isRaw: boolean, line: number): Uint8Array => {
  // oxlint-disable-next-line no-control-regex
  if (/[^\u0000-\u007f]/.test(body)) throw new SyntaxFault("bytes can only contain ASCII literal characters", line)
  const text = isRaw ? body : body.replaceAll(
    /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{0,2})|([^]))/g,
    (whole, octal: string | undefined, hex: string | undefined, other: string | undefined, at: number) => {
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
      if (hex === undefined) return simpleEscapes[other!] ?? whole
      if (hex.length < 2) throw new SyntaxFault(`(value error) invalid \\x escape at position ${at}`, line)
      return String.fromCharCode(Number.parseInt(hex, 16))
    }
  )
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** Adjacent texts as one. */
const merged = (parts: ReadonlyArray<Expression>): ReadonlyArray<Expression> => {
  const result: Array<Expression> = []
  for (const part of parts) {
    const last = result.at(-1)
    if (
      part.kind === "Constant" && typeof part.value === "string"
      && last?.kind === "Constant" && typeof last.value === "string"
    ) {
      result[result.length - 1] = { kind: "Constant", value: last.value + part.value }
    } else result.push(part)
  }
  return result.filter((part) => part.kind !== "Constant" || part.value !== "")
}

/** The expression that adjacent string tokens make; undefined when there is none. Throws `SyntaxFault`. */
export const stringLiteral = (tokens: ReadonlyArray<Token>, parse: ParseReplacement): Expression | undefined => {
  if (tokens.length === 0) return undefined
  const parts: Array<Expression> = []
  const byteStrings: Array<Uint8Array> = []
  let isFormatted = false
  for (const { text, line } of tokens) {
    const prefix = /^[a-zA-Z]*/.exec(text)![0].toLowerCase()
    const quotes = text.startsWith(text[prefix.length]!.repeat(3), prefix.length) ? 3 : 1
    const body = text.slice(prefix.length + quotes, -quotes)
    const isRaw = prefix.includes("r")
    if (prefix.includes("b")) byteStrings.push(bytesOf(body, isRaw, line))
    else if (prefix.includes("f")) {
      isFormatted = true
      parts.push(...formattedParts(body, line, (literal) => isRaw ? literal : unescape(literal, line), parse))
    } else parts.push({ kind: "Constant", value: isRaw ? body : unescape(body, line) })
    if (byteStrings.length > 0 && (parts.length > 0 || isFormatted)) {
      throw new SyntaxFault("cannot mix bytes and nonbytes literals", tokens[0]!.line)
    }
  }
  if (byteStrings.length > 0) {
    return { kind: "Constant", value: new Bytes(Uint8Array.from(byteStrings.flatMap((bytes) => [...bytes]))) }
  }
  if (isFormatted) return { kind: "JoinedStr", parts: merged(parts) }
  const texts = parts.map((part) => part.kind === "Constant" && typeof part.value === "string" ? part.value : "")
  return { kind: "Constant", value: texts.join("") }
}
