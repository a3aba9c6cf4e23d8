/**
 * CPython 3.11's tokenizer: source text to tokens, with its errors and their texts.
 *
 * An error ends the list of tokens: CPython's parser meets it when it gets there, and when the parser fails earlier
 * CPython reads on and reports an error of the tokenizer in preference to its own.
 */

import { exceeded, type Limits, limits as limitsInForce } from "./Limits.ts"

export type TokenKind = "name" | "number" | "string" | "operator" | "newline" | "indent" | "dedent" | "end" | "error"

export interface Token {
  readonly kind: TokenKind
  readonly text: string
  /** From 1. */
  readonly line: number
  /** Brackets open after this token. */
  readonly level: number
}

/**
 * A syntax error before it knows the file's name. `type` is SyntaxError or a subclass of it. Like `PythonError` it is
 * data about a text, without a stack trace.
 */
export class SyntaxFault {
  readonly type: "SyntaxError" | "IndentationError" | "TabError"
  readonly message: string
  readonly line: number
  constructor(message: string, line: number, type: "SyntaxError" | "IndentationError" | "TabError" = "SyntaxError") {
    this.message = message
    this.line = line
    this.type = type
  }
}

/** A fault that CPython's tokenizer notes without raising it: the parser does, when it gets there. */
class QuietFault extends SyntaxFault {}

export interface Tokens {
  /** Ends with "end" or "error". */
  readonly tokens: ReadonlyArray<Token>
  /** What the "error" token stands for. */
  readonly fault: SyntaxFault | undefined
  /** Whether the tokenizer raises the fault itself; otherwise it only matters when the parser gets there. */
  readonly isRaised: boolean
  /** Line of the innermost bracket that is open at the end or at the fault. */
  readonly openLine: number | undefined
}

const maximumLevel = 200

const closers: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" }

const operators = [
  ["**=", "//=", ">>=", "<<=", "..."],
  [
    "==",
    "!=",
    "<>",
    "<=",
    ">=",
    "<<",
    ">>",
    "**",
    "//",
    "->",
    ":=",
    "+=",
    "-=",
    "*=",
    "/=",
    "%=",
    "&=",
    "|=",
    "^=",
    "@="
  ]
]

const isDigit = (character: string): boolean => character >= "0" && character <= "9"
const isHexDigit = (character: string): boolean => /^[0-9a-fA-F]$/.test(character)
// oxlint-disable-next-line no-control-regex
const identifierCharacter = /^[A-Za-z0-9_]$|[^\u0000-\u007f]/
const asciiIdentifierCharacter = /^[A-Za-z0-9_]$/
const isIdentifierCharacter = (character: string): boolean => identifierCharacter.test(character)
// oxlint-disable-next-line no-control-regex
const identifierRun = /[A-Za-z0-9_\u0080-\uffff]*/y
/** What neither ends a string nor a line. */
const ordinary = /[^'"\\\n]*/y
const blanks = /[ \t\f]*/y
const identifier = /^[\p{XID_Start}_]\p{XID_Continue}*/u
const ascii = /^[A-Za-z0-9_]*$/
const stringPrefix = /^(?:[bB][rR]?|[rR][bBfF]?|[fF][rR]?|[uU])$/
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Zs}]/u

/** The keywords that may follow a number without a blank; CPython looks no further than `if`, `in`, `is`. */
// oxlint-disable-next-line no-control-regex
const afterNumber = /(?:(?:and|else|for|or|not)(?![A-Za-z0-9_]|[^\u0000-\u007f])|if|in|is)/y

const codeOf = (character: string): string => character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")

class Tokenizer {
  private readonly source: string
  private readonly maximumTokens: number
  private at = 0
  private line = 1
  private readonly open: Array<{ readonly bracket: string; readonly line: number }> = []
  private readonly indents: Array<{ readonly column: number; readonly alternative: number }> = [
    { column: 0, alternative: 0 }
  ]
  private readonly tokens: Array<Token> = []
  private atLineStart = true

  constructor(source: string, maximumTokens: number) {
    this.source = source
    this.maximumTokens = maximumTokens
  }

  run(): Tokens {
    try {
      while (this.next()) { /* tokens are collected */ }
    } catch (fault) {
      if (!(fault instanceof SyntaxFault)) throw fault
      this.push("error", "")
      const isRaised = !(fault instanceof QuietFault)
      return { tokens: this.tokens, fault, isRaised, openLine: this.open.at(-1)?.line }
    }
    const unclosed = this.open.at(-1)
    const fault = unclosed && new SyntaxFault(`'${unclosed.bracket}' was never closed`, unclosed.line)
    return { tokens: this.tokens, fault, isRaised: false, openLine: unclosed?.line }
  }

  /** Reads one token; false after the last one. */
  private next(): boolean {
    if (this.atLineStart) {
      this.atLineStart = false
      this.indentation()
    }
    this.skipBlanks()
    const character = this.source[this.at]
    if (character === undefined) return this.finish()
    if (character === "\n") {
      this.at++
      if (this.open.length === 0) this.push("newline", "\n")
      this.line++
      this.atLineStart = true
      return true
    }
    if (character === "\\") {
      this.continueLine()
      return true
    }
    if (character === "\"" || character === "'") this.string("")
    else if (isDigit(character)) this.number()
    else if (character === "." && isDigit(this.peek(1))) this.number()
    else if (isIdentifierCharacter(character)) this.word()
    else this.operator()
    return true
  }

  private finish(): boolean {
    if (this.open.length > 0) {
      this.push("error", "")
      return false
    }
    const line = this.lastLine()
    for (let i = this.indents.length; i > 1; i--) this.push("dedent", "", line)
    this.push("end", "", line)
    return false
  }

  /** At the end, the number of lines read: one that is empty was never read. */
  private lastLine(): number {
    return this.source === "" || this.source.endsWith("\n") ? this.line - 1 : this.line
  }

  private push(kind: TokenKind, text: string, line = this.line): void {
    if (this.tokens.length >= this.maximumTokens) {
      throw exceeded("the call has more tokens", this.maximumTokens, "reads")
    }
    this.tokens.push({ kind, text, line, level: this.open.length })
  }

  private peek(offset: number): string {
    return this.source[this.at + offset] ?? ""
  }

  private fail(message: string): never {
    throw new SyntaxFault(message, this.line)
  }

  /** White space at the start of a logical line becomes indent and dedent tokens; blank lines and comments do not count. */
  private indentation(): void {
    for (;;) {
      const { column, alternative } = this.indent()
      if (this.peek(0) === "#") this.skipComment()
      if (this.peek(0) !== "\n") {
        if (this.open.length === 0) this.indentTo(column, alternative)
        return
      }
      this.at++
      this.line++
    }
  }

  /** The column with tabs of 8, and with tabs of 1: lines must compare alike by both. */
  private indent(): { readonly column: number; readonly alternative: number } {
    let column = 0
    let alternative = 0
    for (;; this.at++) {
      const character = this.peek(0)
      if (character === " ") column++
      else if (character === "\t") column = (Math.floor(column / 8) + 1) * 8
      else if (character !== "\f") return { column, alternative }
      alternative = character === "\f" ? 0 : alternative + 1
      if (character === "\f") column = 0
    }
  }

  private indentTo(column: number, alternative: number): void {
    const inconsistent = () =>
      new QuietFault("inconsistent use of tabs and spaces in indentation", this.line, "TabError")
    const current = this.indents.at(-1)!
    if (column === current.column) {
      if (alternative !== current.alternative) throw inconsistent()
      return
    }
    if (column > current.column) {
      if (alternative <= current.alternative) throw inconsistent()
      this.indents.push({ column, alternative })
      return this.push("indent", "")
    }
    while (this.indents.length > 1 && column < this.indents.at(-1)!.column) {
      this.indents.pop()
      this.push("dedent", "")
    }
    if (column !== this.indents.at(-1)!.column) {
      throw new QuietFault("unindent does not match any outer indentation level", this.line, "IndentationError")
    }
  }

  private skipBlanks(): void {
    blanks.lastIndex = this.at
    blanks.test(this.source)
    this.at = blanks.lastIndex
    if (this.peek(0) === "#") this.skipComment()
  }

  private skipComment(): void {
    const end = this.source.indexOf("\n", this.at)
    this.at = end < 0 ? this.source.length : end
  }

  private continueLine(): void {
    if (this.peek(1) !== "\n") {
      throw new QuietFault("unexpected character after line continuation character", this.line)
    }
    this.at += 2
    if (this.at >= this.source.length) throw new QuietFault("unexpected EOF while parsing", this.line)
    this.line++
  }

  private word(): void {
    identifierRun.lastIndex = this.at
    const run = identifierRun.exec(this.source)![0]
    // A prefix is read letter by letter, so the quote may follow only a run that is a prefix as a whole.
    const quote = this.peek(run.length)
    if ((quote === "\"" || quote === "'") && stringPrefix.test(run)) {
      this.at += run.length
      return this.string(run)
    }
    if (!ascii.test(run)) this.checkIdentifier(run)
    this.at += run.length
    this.push("name", ascii.test(run) ? run : run.normalize("NFKC"))
  }

  private checkIdentifier(run: string): void {
    const valid = identifier.exec(run)?.[0] ?? ""
    if (valid.length === run.length) return
    const character = String.fromCodePoint(run.codePointAt(valid.length)!)
    this.failOn(character)
  }

  private failOn(character: string): never {
    const code = codeOf(character)
    return this.fail(
      unprintable.test(character)
        ? `invalid non-printable character U+${code}`
        : `invalid character '${character}' (U+${code})`
    )
  }

  private string(prefix: string): void {
    const start = this.at - prefix.length
    const firstLine = this.line
    const quote = this.peek(0)
    const triple = this.peek(1) === quote && this.peek(2) === quote
    const closing = triple ? quote.repeat(3) : quote
    this.at += closing.length
    for (;;) {
      ordinary.lastIndex = this.at
      ordinary.test(this.source)
      this.at = ordinary.lastIndex
      if (this.source.startsWith(closing, this.at)) break
      const character = this.peek(0)
      if (character === "" || (character === "\n" && !triple)) {
        const what = triple ? "triple-quoted string literal" : "string literal"
        const line = character === "" ? this.lastLine() : this.line
        throw new SyntaxFault(`unterminated ${what} (detected at line ${line})`, firstLine)
      }
      const skipped = character === "\\" ? this.peek(1) : character
      if (skipped === "\n") this.line++
      this.at += character === "\\" && skipped !== "" ? 2 : 1
    }
    this.at += closing.length
    this.push("string", this.source.slice(start, this.at), firstLine)
  }

  private operator(): void {
    for (const [i, candidates] of operators.entries()) {
      const text = this.source.slice(this.at, this.at + 3 - i)
      if (candidates.includes(text)) {
        this.at += text.length
        return this.push("operator", text)
      }
    }
    const character = String.fromCodePoint(this.source.codePointAt(this.at)!)
    if (unprintable.test(character)) this.failOn(character)
    if ("([{".includes(character)) {
      if (this.open.length >= maximumLevel) this.fail("too many nested parentheses")
      this.open.push({ bracket: character, line: this.line })
    } else if (")]}".includes(character)) this.close(character)
    this.at += character.length
    this.push("operator", character)
  }

  private close(character: string): void {
    const opening = this.open.pop()
    if (opening === undefined) return this.fail(`unmatched '${character}'`)
    if (opening.bracket === closers[character]) return
    const where = opening.line === this.line ? "" : ` on line ${opening.line}`
    this.fail(`closing parenthesis '${character}' does not match opening parenthesis '${opening.bracket}'${where}`)
  }

  private number(): void {
    const start = this.at
    if (this.peek(0) === "0" && /^[xXoObB]$/.test(this.peek(1))) this.radixNumber()
    else this.decimalNumber()
    this.push("number", this.source.slice(start, this.at))
  }

  private radixNumber(): void {
    const letter = this.peek(1).toLowerCase()
    const [name, isRadixDigit] = letter === "x"
      ? ["hexadecimal", isHexDigit] as const
      : letter === "o"
      ? ["octal", (c: string) => /^[0-7]$/.test(c)] as const
      : ["binary", (c: string) => /^[01]$/.test(c)] as const
    this.at += 2
    do {
      if (this.peek(0) === "_") this.at++
      if (!isRadixDigit(this.peek(0))) {
        this.fail(
          isDigit(this.peek(0)) ? `invalid digit '${this.peek(0)}' in ${name} literal` : `invalid ${name} literal`
        )
      }
      while (isRadixDigit(this.peek(0))) this.at++
    } while (this.peek(0) === "_")
    if (isDigit(this.peek(0))) this.fail(`invalid digit '${this.peek(0)}' in ${name} literal`)
    this.endNumber(name)
  }

  private decimalNumber(): void {
    const start = this.at
    if (this.peek(0) !== ".") this.digits()
    const whole = this.source.slice(start, this.at)
    let isInteger = true
    if (this.peek(0) === ".") {
      isInteger = false
      this.at++
      if (isDigit(this.peek(0))) this.digits()
    }
    if (/^[eE]$/.test(this.peek(0))) {
      const sign = /^[+-]$/.test(this.peek(1)) ? 1 : 0
      if (isDigit(this.peek(1 + sign))) {
        isInteger = false
        this.at += 1 + sign
        this.digits()
      } else if (sign === 1) this.fail("invalid decimal literal")
      else return this.endNumber("decimal")
    }
    if (/^[jJ]$/.test(this.peek(0))) {
      this.at++
      return this.endNumber("imaginary")
    }
    if (isInteger && /^0[0_]*[1-9]/.test(whole)) {
      this.fail(
        "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers"
      )
    }
    this.endNumber("decimal")
  }

  private digits(): void {
    for (;;) {
      while (isDigit(this.peek(0))) this.at++
      if (this.peek(0) !== "_") return
      if (!isDigit(this.peek(1))) this.fail("invalid decimal literal")
      this.at++
    }
  }

  private endNumber(kind: string): void {
    afterNumber.lastIndex = this.at
    if (afterNumber.test(this.source)) return
    if (asciiIdentifierCharacter.test(this.peek(0))) this.fail(`invalid ${kind} literal`)
  }
}

/** The tokens of a source text. Throws Python's MemoryError for one that is longer than we read. */
export const tokenize = (source: string, limits: Limits = limitsInForce()): Tokens => {
  if (source.length > limits.source) throw exceeded("the call has more characters", limits.source, "reads")
  return new Tokenizer(source.replaceAll(/\r\n?/g, "\n"), limits.tokens).run()
}
