/** Parses the source of a Python expression, as CPython 3.11 does. */
import { Explanations } from "./Explanations.ts"
import { Grammar } from "./Grammar.ts"
import type { Expression } from "./Syntax.ts"
import { DeepNesting } from "./TokenReader.ts"
import { SyntaxFault, tokenize, type Tokens } from "./Tokens.ts"

/** CPython reports this one without reading on. */
class IndentationFault extends SyntaxFault {
  constructor(message: string, line: number) {
    super(message, line, "IndentationError")
  }
}

/** A first pass that only parses, and, when it fails, a second one that explains. */
const twoPasses = (source: Tokens, rule: (grammar: Grammar) => Expression | undefined): Expression => {
  const grammar = new Grammar(source, parseReplacement)
  const explanations = new Explanations(source, parseReplacement)
  try {
    const result = rule(grammar)
    if (result !== undefined) return result
    const last = source.tokens[grammar.furthest]!
    rule(explanations)
    if (last.kind === "indent") throw new IndentationFault("unexpected indent", last.line)
    if (last.kind === "dedent") throw new IndentationFault("unexpected unindent", last.line)
    throw new SyntaxFault("invalid syntax", last.line)
  } catch (fault) {
    if (fault instanceof SyntaxFault) throw preferred(fault, source, Math.max(grammar.furthest, explanations.furthest))
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
const parseReplacement = (text: string, line: number): Expression => {
  const source = tokenize(`(${text})`)
  try {
    return twoPasses(source, (grammar) => grammar.replacement())
  } catch (fault) {
    if (!(fault instanceof SyntaxFault)) throw fault
    const isTokenizers = fault === source.fault && source.isRaised
    throw new SyntaxFault(isTokenizers ? fault.message : `f-string: ${fault.message}`, line + fault.line - 1)
  }
}

/** Parses the source of one expression. Throws `SyntaxFault`, or `DeepNesting`. */
export const parse = (source: string): Expression => twoPasses(tokenize(source), (grammar) => grammar.evaluation())
