/** Reads tokens for a backtracking parser: matches, lookahead, memo, and how far it has looked. */
import type { Token, Tokens } from "./Tokens.ts"

/** Python's reserved words. */
export const keywords = new Set(
  ("False None True and as assert async await break class continue def del elif else except finally for from global if "
    + "import in is lambda nonlocal not or pass raise return try while with yield").split(" ")
)

/** Nesting of rules at which we give up: each of the 200 brackets that CPython allows takes up to four. */
const maximumDepth = 820

/** The source is nested deeper than Python's parser or compiler goes. */
export class DeepNesting extends Error {}

/**
 * A rule is a method that returns undefined and gives back its tokens when it does not match. It throws the tokenizer's
 * fault when it gets there.
 */
export class TokenReader {
  protected readonly source: Tokens
  protected mark = 0
  /** The furthest token looked at. */
  furthest = 0
  private depth = 0
  private readonly memo = new Map<string, Array<readonly [result: unknown, mark: number] | undefined>>()

  constructor(source: Tokens) {
    this.source = source
  }

  protected peek(offset = 0): Token {
    const index = Math.min(this.mark + offset, this.source.tokens.length - 1)
    if (index > this.furthest) this.furthest = index
    const token = this.source.tokens[index]!
    if (token.kind === "error" && this.source.fault !== undefined) throw this.source.fault
    return token
  }

  protected kind(kind: Token["kind"]): Token | undefined {
    const token = this.peek()
    if (token.kind !== kind) return undefined
    this.mark++
    return token
  }

  protected isOperator(text: string, offset = 0): boolean {
    const token = this.peek(offset)
    return token.kind === "operator" && token.text === text
  }

  protected operator(text: string): boolean {
    if (!this.isOperator(text)) return false
    this.mark++
    return true
  }

  protected isKeyword(word: string): boolean {
    const token = this.peek()
    return token.kind === "name" && token.text === word
  }

  protected keyword(word: string): boolean {
    if (!this.isKeyword(word)) return false
    this.mark++
    return true
  }

  protected name(): string | undefined {
    const token = this.peek()
    if (token.kind !== "name" || keywords.has(token.text)) return undefined
    this.mark++
    return token.text
  }

  /** Runs a rule and gives its tokens back when it does not match. */
  protected attempt<A>(rule: () => A | undefined): A | undefined {
    const start = this.mark
    const result = rule()
    if (result === undefined) this.mark = start
    return result
  }

  /** Whether a rule matches here; consumes nothing. */
  protected ahead(rule: () => unknown): boolean {
    const start = this.mark
    const result = rule()
    this.mark = start
    return result !== undefined && result !== false
  }

  protected memoized<A>(rule: string, parse: () => A | undefined): A | undefined {
    let results = this.memo.get(rule)
    if (results === undefined) this.memo.set(rule, results = [])
    const start = this.mark
    const known = results[start]
    if (known !== undefined) {
      this.mark = known[1]
      // The results of a rule are all of the type that the rule returns.
      return known[0] as A | undefined
    }
    if (this.depth >= maximumDepth) throw new DeepNesting()
    this.depth++
    const result = parse()
    this.depth--
    if (result === undefined) this.mark = start
    results[start] = [result, this.mark]
    return result
  }

  /** `','.rule+`: at least one, no trailing comma. */
  protected gather<A>(rule: () => A | undefined): ReadonlyArray<A> | undefined {
    const first = rule()
    if (first === undefined) return undefined
    const items = [first]
    for (;;) {
      const next = this.attempt(() => this.operator(",") ? rule() : undefined)
      if (next === undefined) return items
      items.push(next)
    }
  }

  /** Counts nesting where a rule calls itself without a memo in between. */
  protected nested<A>(rule: () => A): A {
    if (this.depth >= maximumDepth) throw new DeepNesting()
    this.depth++
    const result = rule()
    this.depth--
    return result
  }
}
