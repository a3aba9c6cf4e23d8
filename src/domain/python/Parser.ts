/** Parses the source of a Python expression, as CPython 3.11 does. */
import { Explanations } from "./Explanations.ts"
import type { ParseReplacement } from "./FString.ts"
import { Grammar } from "./Grammar.ts"
import { exceeded, type Limits, maximumExplained, maximumFields } from "./Limits.ts"
import type { Expression } from "./Syntax.ts"
import { DeepNesting } from "./TokenReader.ts"
import { SyntaxFault, tokenize, type Tokens } from "./Tokens.ts"

/** CPython reports this one without reading on. */
class IndentationFault extends SyntaxFault {
  constructor(message: string, line: number) {
    super(message, line, "IndentationError")
  }
}

/** The parser of replacement fields within one source, of which it takes so many. */
const replacements = (): ParseReplacement => {
  let fields = 0
  const parseField: ParseReplacement = (text, line) => {
    if (++fields > maximumFields) throw exceeded("the call has more replacement fields", maximumFields, "reads")
    return parseReplacement(text, line, parseField)
  }
  return parseField
}

/** A first pass that only parses, and, when it fails, a second one that explains. */
const twoPasses = (
  source: Tokens,
  parseField: ParseReplacement,
  rule: (grammar: Grammar) => Expression | undefined
): Expression => {
  const passes = [new Grammar(source, parseField)]
  try {
    const result = rule(passes[0]!)
    if (result !== undefined) return result
    const last = source.tokens[passes[0]!.furthest]!
    if (source.tokens.length <= maximumExplained) {
      passes.push(new Explanations(source, parseField))
      rule(passes[1]!)
    }
    if (last.kind === "indent") throw new IndentationFault("unexpected indent", last.line)
    if (last.kind === "dedent") throw new IndentationFault("unexpected unindent", last.line)
    throw new SyntaxFault("invalid syntax", last.line)
  } catch (fault) {
    if (fault instanceof SyntaxFault) {
      throw preferred(fault, source, Math.max(...passes.map(({ furthest }) => furthest)))
    }
    // The limit on brackets, which the tokenizer keeps, is CPython's own.
    throw fault instanceof DeepNesting && source.isRaised ? source.fault : fault
  }
}

/** The tokenizer reads on after an error of the parser, and an error of its own comes first. */
const preferred = (fault: SyntaxFault, source: Tokens, furthest: number): SyntaxFault => {
  if (fault instanceof IndentationFault || source.fault === undefined) return fault
  if (source.isRaised) return source.fault
  const isOnLaterLine = source.openLine !== undefined && source.tokens[furthest]!.line > source.openLine
  return isOnLaterLine ? source.fault : fault
}

/** The inside of a replacement field. The parser's errors say that they are an f-string's, the tokenizer's do not. */
const parseReplacement = (text: string, line: number, parseField: ParseReplacement): Expression => {
  const source = tokenize(`(${text})`)
  try {
    return twoPasses(source, parseField, (grammar) => grammar.replacement())
  } catch (fault) {
    if (!(fault instanceof SyntaxFault)) throw fault
    const isTokenizers = fault === source.fault && source.isRaised
    throw new SyntaxFault(isTokenizers ? fault.message : `f-string: ${fault.message}`, line + fault.line - 1)
  }
}

/** Parses the source of one expression. Throws `SyntaxFault`, `DeepNesting`, or Python's MemoryError beyond our limits. */
export const parse = (source: string, limits?: Limits): Expression => {
  try {
    return twoPasses(tokenize(source, limits), replacements(), (grammar) => grammar.evaluation())
  } catch (fault) {
    // Brackets in fields of f-strings in brackets can be more than the stack is good for.
    throw fault instanceof RangeError ? new DeepNesting() : fault
  }
}
