/**
 * Calls that need no evaluator: one tool, arguments that are literals. All of the ground truth and nearly all that a
 * model says is of this form, so these are parsed once and run without a tree.
 */
import { unreadable } from "../python/Compile.ts"
import { ofCall, within } from "../python/Limits.ts"
import { parse } from "../python/Parser.ts"
import { PythonError } from "../python/PythonError.ts"
import type { Expression } from "../python/Syntax.ts"
import { repr } from "../python/Text.ts"
import { DeepNesting, keywords as reservedWords } from "../python/TokenReader.ts"
import { SyntaxFault } from "../python/Tokens.ts"
import { Dict, equals, Instance, type Keywords, Tuple, type Value } from "../python/Value.ts"
import { type PlainCall, scan } from "./LiteralScanner.ts"
import { onlyCallee } from "./Rewrite.ts"

export interface LiteralCall extends PlainCall {
  /** Whether an argument could be changed by the tool that gets it, so that every execution needs its own. */
  readonly isMutable: boolean
}

/** A value without names, calls or operators other than a sign; undefined for anything else. */
const literal = (expression: Expression): Value | undefined => {
  switch (expression.kind) {
    case "Constant":
      return expression.value instanceof Instance ? undefined : expression.value
    case "UnaryOp":
      return negated(expression)
    case "List":
      return literals(expression.items)
    case "Tuple": {
      const items = literals(expression.items)
      return items && new Tuple(items)
    }
    case "Dict":
      return literalDict(expression)
    default:
      return undefined
  }
}

const negated = (expression: Expression & { readonly kind: "UnaryOp" }): Value | undefined => {
  const { operand, operator } = expression
  if (operator !== "-" || operand.kind !== "Constant") return undefined
  return typeof operand.value === "bigint" || typeof operand.value === "number" ? -operand.value : undefined
}

const literals = (expressions: ReadonlyArray<Expression>): Array<Value> | undefined => {
  const values: Array<Value> = []
  for (const expression of expressions) {
    const value = literal(expression)
    if (value === undefined) return undefined
    values.push(value)
  }
  return values
}

const literalDict = (expression: Expression & { readonly kind: "Dict" }): Dict | undefined => {
  const dict = new Dict()
  for (const [key, value] of expression.entries) {
    const name = key && literal(key)
    const content = literal(value)
    // Only keys that are surely hashable: the evaluator has Python's error for the others.
    if (name === undefined || content === undefined || (typeof name === "object" && name !== null)) return undefined
    dict.set(name, content)
  }
  return dict
}

const isMutable = (value: Value): boolean => typeof value === "object" && value !== null

const read = (call: string): PlainCall | undefined => {
  const name = onlyCallee(call)
  if (name === undefined || unreadable(call) !== undefined) return undefined
  const expression = parse(call)
  if (expression.kind !== "Call" || expression.callee.kind !== "Name") return undefined
  const positional = literals(expression.positional)
  const keywords: Array<readonly [string, Value]> = []
  for (const keyword of expression.keywords) {
    const value = literal(keyword.value)
    const isRepeated = keywords.some(([known]) => known === keyword.name)
    if (keyword.name === undefined || value === undefined || isRepeated) return undefined
    keywords.push([keyword.name, value])
  }
  return positional && { name, positional, keywords }
}

const parsed = (call: string): PlainCall | undefined => {
  try {
    // Always by the same limits: what is found here is remembered.
    return within(ofCall, () => read(call)).value
  } catch (fault) {
    if (fault instanceof SyntaxFault || fault instanceof DeepNesting || fault instanceof PythonError) return undefined
    throw fault
  }
}

/** The call as a literal one; undefined when only the evaluator can tell what it is. */
export const literalCall = (call: string): LiteralCall | undefined => {
  const found = scan(call) ?? parsed(call)
  return found && {
    ...found,
    isMutable: found.positional.some(isMutable) || found.keywords.some(([, value]) => isMutable(value))
  }
}

/** `name(key=repr(value),...)`: a JSON tool call as the text that BFCL evaluates. Throws `PythonError` for what has no repr. */
export const callText = (name: string, given: Dict, separator = ","): string => {
  const parts: Array<string> = []
  for (const [key, value] of given.entries()) parts.push(`${typeof key === "string" ? key : repr(key)}=${repr(value)}`)
  return `${name}(${parts.join(separator)})`
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/

/** The arguments of a JSON tool call when its text would evaluate to just these; undefined when the text decides. */
export const plainArguments = (given: Dict): Keywords | undefined => {
  const keywords: Array<readonly [string, Value]> = []
  for (const [key, value] of given.entries()) {
    const isName = typeof key === "string" && identifier.test(key) && !reservedWords.has(key)
    if (!isName || !survivesText(value, 0)) return undefined
    keywords.push([key, value])
  }
  return keywords
}

const maximumDepth = 20

/** Whether a value comes back unchanged from its repr: no `(` that is rewritten, no `nan`, no deep nesting. */
const survivesText = (value: Value, depth: number): boolean => {
  switch (typeof value) {
    case "string":
      return !value.includes("(")
    case "number":
      return Number.isFinite(value)
    case "bigint":
    case "boolean":
      return true
  }
  if (value === null) return true
  if (depth > maximumDepth) return false
  if (Array.isArray(value)) return value.every((item) => survivesText(item, depth + 1))
  if (!(value instanceof Dict)) return false
  for (const [key, item] of value.entries()) {
    if (!survivesText(key, depth + 1) || !survivesText(item, depth + 1)) return false
  }
  return true
}

const valuesOf = ({ keywords, positional }: LiteralCall): ReadonlyArray<Value> => [
  ...positional,
  ...keywords.map(([, value]) => value)
]

/**
 * Whether two calls are of one tool with equal values: by name where all arguments are named, else in the order in
 * which they are written, because only the tool knows what its first argument is called.
 */
export const isSame = (a: LiteralCall, b: LiteralCall): boolean => {
  const [of, others] = [valuesOf(a), valuesOf(b)]
  if (a.name !== b.name || of.length !== others.length) return false
  if (a.positional.length > 0 || b.positional.length > 0) return of.every((value, i) => equals(value, others[i]!))
  const named = new Map(b.keywords)
  return a.keywords.every(([name, value]) => {
    const other = named.get(name)
    return other !== undefined && equals(value, other)
  })
}
