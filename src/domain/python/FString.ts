/** The inside of an f-string: literal text and replacement fields, with CPython 3.11's errors. */
import type { Expression } from "./Syntax.ts"
import { SyntaxFault } from "./Tokens.ts"

/** Parses the expression of a replacement field; `line` is where the f-string begins. */
export type ParseReplacement = (source: string, line: number) => Expression

const closers: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" }

/** No name has more characters. */
const namedCharacter = /\\N\{[^}]{0,128}\}/y

class Reader {
  private readonly body: string
  private readonly line: number
  private readonly decode: (literal: string) => string
  private readonly parse: ParseReplacement
  private at = 0

  constructor(body: string, line: number, decode: (literal: string) => string, parse: ParseReplacement) {
    this.body = body
    this.line = line
    this.decode = decode
    this.parse = parse
  }

  /** Text and fields; of a format specification (`depth` above 0) up to the brace that ends its field. */
  parts(depth: number): Array<Expression> {
    const parts: Array<Expression> = []
    for (;;) {
      const literal = this.literal(depth)
      if (literal !== "") parts.push({ kind: "Constant", value: literal })
      if (this.body[this.at] !== "{") return parts
      parts.push(...this.field(depth))
    }
  }

  private fail(message: string): never {
    throw new SyntaxFault(message, this.line)
  }

  private literal(depth: number): string {
    let text = ""
    let start = this.at
    for (; this.at < this.body.length; this.at++) {
      const character = this.body[this.at]
      if (character === "\\") {
        // The braces of \N{...} are no field.
        namedCharacter.lastIndex = this.at
        this.at = namedCharacter.test(this.body) ? namedCharacter.lastIndex - 1 : this.at + 1
        continue
      }
      if (character !== "{" && character !== "}") continue
      if (depth > 0 && character === "}") break
      if (this.body[this.at + 1] === character && depth === 0) {
        text += this.body.slice(start, this.at + 1)
        this.at++
        start = this.at + 1
        continue
      }
      if (character === "}") this.fail("f-string: single '}' is not allowed")
      break
    }
    return this.decode(text + this.body.slice(start, this.at))
  }

  private field(depth: number): ReadonlyArray<Expression> {
    if (depth >= 2) this.fail("f-string: expressions nested too deeply")
    this.at++
    const start = this.at
    this.skipExpression()
    const ending = this.body[this.at]
    if (ending === undefined) this.fail("f-string: expecting '}'")
    const source = this.body.slice(start, this.at)
    if (source.trim() === "") {
      this.fail(
        ending === "}" ? "f-string: empty expression not allowed" : `f-string: expression required before '${ending}'`
      )
    }
    const value = this.parse(source, this.line)
    let shown: string | undefined
    if (this.body[this.at] === "=") {
      this.at++
      while (/\s/.test(this.body[this.at] ?? "")) this.at++
      shown = this.body.slice(start, this.at)
    }
    const conversion = this.conversion()
    let specification: Expression | undefined
    if (this.body[this.at] === ":") {
      this.at++
      specification = { kind: "JoinedStr", parts: this.parts(depth + 1) }
    }
    if (this.body[this.at] !== "}") this.fail("f-string: expecting '}'")
    this.at++
    const implied = shown !== undefined && conversion === undefined && specification === undefined ? "r" : conversion
    const field: Expression = { kind: "FormattedValue", value, conversion: implied, specification }
    return shown === undefined ? [field] : [{ kind: "Constant", value: shown }, field]
  }

  private conversion(): string | undefined {
    if (this.body[this.at] !== "!") return undefined
    const conversion = this.body[this.at + 1]
    if (conversion === undefined) this.fail("f-string: expecting '}'")
    if (conversion !== "s" && conversion !== "r" && conversion !== "a") {
      this.fail("f-string: invalid conversion character: expected 's', 'r', or 'a'")
    }
    this.at += 2
    return conversion
  }

  /** Moves to the character that ends the expression: `!`, `:`, `=`, `}`, or the end. */
  private skipExpression(): void {
    const open: Array<string> = []
    for (; this.at < this.body.length; this.at++) {
      const character = this.body[this.at]!
      const next = this.body[this.at + 1]
      if (character === "\\") this.fail("f-string expression part cannot include a backslash")
      else if (character === "'" || character === "\"") this.skipString(character)
      else if ("([{".includes(character)) open.push(character)
      else if (character === "#") this.fail("f-string expression part cannot include '#'")
      else if (open.length === 0 && "!:=<>}".includes(character)) {
        if (next === "=" && "!=<>".includes(character)) this.at++
        else if (character !== "<" && character !== ">") return
      } else if (")]}".includes(character)) this.close(open, character)
    }
    const unclosed = open.at(-1)
    if (unclosed !== undefined) this.fail(`f-string: unmatched '${unclosed}'`)
  }

  private close(open: Array<string>, character: string): void {
    const opening = open.pop()
    if (opening === undefined) this.fail(`f-string: unmatched '${character}'`)
    if (opening === closers[character]) return
    this.fail(`f-string: closing parenthesis '${character}' does not match opening parenthesis '${opening}'`)
  }

  private skipString(quote: string): void {
    const closing = this.body.startsWith(quote.repeat(3), this.at) ? quote.repeat(3) : quote
    const end = this.body.indexOf(closing, this.at + closing.length)
    const string = this.body.slice(this.at, end === -1 ? undefined : end)
    if (string.includes("\\")) this.fail("f-string expression part cannot include a backslash")
    if (end === -1) this.fail("f-string: unterminated string")
    this.at = end + closing.length - 1
  }
}

/** The parts of an f-string's body. `decode` turns its literal text into what it stands for. Throws `SyntaxFault`. */
export const formattedParts = (
  body: string,
  line: number,
  decode: (literal: string) => string,
  parse: ParseReplacement
): ReadonlyArray<Expression> => new Reader(body, line, decode, parse).parts(0)
