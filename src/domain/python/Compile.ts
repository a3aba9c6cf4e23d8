/** From source text to a tree that can be evaluated: what CPython's parser and compiler refuse is refused here. */
import { type Limits, maximumClauses, note } from "./Limits.ts"
import { parse } from "./Parser.ts"
import { PythonError } from "./PythonError.ts"
import type { Expression, ForClause } from "./Syntax.ts"
import { length } from "./Text.ts"
import { DeepNesting } from "./TokenReader.ts"
import { SyntaxFault } from "./Tokens.ts"

/** Expressions in one another. CPython's compiler goes about seven times as deep. */
export const maximumDepth = 400

const syntaxError = (fault: SyntaxFault, file: string): PythonError =>
  new PythonError(fault.type, `${fault.message} (${file}, line ${fault.line})`)

export const recursionError = (): PythonError => {
  note("the call is nested deeper than envtune reads")
  return new PythonError("RecursionError", "maximum recursion depth exceeded during compilation")
}

/** Surrogates that are no half of a character. */
const loneSurrogates = /\p{Cs}+/u

/** Why CPython does not get to read a source: it passes the parser UTF-8 that ends at a NUL. */
export const unreadable = (source: string): PythonError | undefined => {
  const run = loneSurrogates.exec(source)
  if (run === null) {
    return source.includes("\0")
      ? new PythonError("SyntaxError", "source code string cannot contain null bytes")
      : undefined
  }
  const start = length(source.slice(0, run.index))
  const [found] = run
  const which = found.length === 1
    ? `character '\\u${found.charCodeAt(0).toString(16)}' in position ${start}`
    : `characters in position ${start}-${start + found.length - 1}`
  return new PythonError("UnicodeEncodeError", `'utf-8' codec can't encode ${which}: surrogates not allowed`)
}

const checkReadable = (source: string): void => {
  const error = unreadable(source)
  if (error !== undefined) throw error
}

/**
 * Parses as `ast.parse(source, mode="eval")`. Throws Python's SyntaxError, naming the file as given, UnicodeEncodeError
 * or RecursionError.
 */
export const parseSource = (source: string, file: string, limits?: Limits): Expression => {
  checkReadable(source)
  return parsed(source, file, limits)
}

const parsed = (source: string, file: string, limits?: Limits): Expression => {
  try {
    return parse(source, limits)
  } catch (fault) {
    if (fault instanceof SyntaxFault) throw syntaxError(fault, file)
    throw fault instanceof DeepNesting ? recursionError() : fault
  }
}

/** Parses and checks as `eval(source)` does before it runs anything. Throws what `parseSource` throws. */
export const compile = (source: string): Expression => {
  checkReadable(source)
  const expression = parsed(source.replace(/^[ \t]+/, ""), "<string>")
  checkCompiled(expression, 0)
  return expression
}

const refuse = (message: string): never => {
  throw syntaxError(new SyntaxFault(message, 1), "<string>")
}

/** What only the compiler refuses, in the order in which it walks the tree. */
const checkCompiled = (expression: Expression, depth: number): void => {
  if (depth > maximumDepth) throw recursionError()
  if (expression.kind === "Yield" || expression.kind === "YieldFrom") refuse("'yield' outside function")
  if (expression.kind === "Await") refuse("'await' outside function")
  if (expression.kind === "Call") {
    const seen = new Set<string>()
    for (const { name } of expression.keywords) {
      if (name !== undefined && seen.has(name)) refuse(`keyword argument repeated: ${name}`)
      if (name !== undefined) seen.add(name)
    }
  }
  if ("clauses" in expression && expression.clauses.length > maximumClauses) throw recursionError()
  for (const child of children(expression)) checkCompiled(child, depth + 1)
}

const childrenOfClauses = (clauses: ReadonlyArray<ForClause>): ReadonlyArray<Expression> =>
  clauses.flatMap((clause) => [clause.target, clause.iterable, ...clause.conditions])

const present = (expressions: ReadonlyArray<Expression | undefined>): ReadonlyArray<Expression> =>
  expressions.filter((expression) => expression !== undefined)

/** The expressions directly inside an expression. */
export const children = (expression: Expression): ReadonlyArray<Expression> => {
  switch (expression.kind) {
    case "Constant":
    case "Name":
      return []
    case "Attribute":
    case "Starred":
    case "NamedExpr":
    case "Await":
    case "YieldFrom":
      return [expression.value]
    case "Yield":
      return present([expression.value])
    case "Subscript":
      return [expression.value, expression.slice]
    case "Slice":
      return present([expression.lower, expression.upper, expression.step])
    case "Call":
      return [expression.callee, ...expression.positional, ...expression.keywords.map((keyword) => keyword.value)]
    case "UnaryOp":
      return [expression.operand]
    case "BinOp":
      return [expression.left, expression.right]
    case "BoolOp":
      return expression.values
    case "Compare":
      return [expression.left, ...expression.comparators]
    case "IfExp":
      return [expression.test, expression.body, expression.otherwise]
    case "Lambda":
      return present([...expression.parameters.map((parameter) => parameter.default), expression.body])
    case "List":
    case "Tuple":
    case "Set":
      return expression.items
    case "Dict":
      return present(expression.entries.flat())
    case "ListComp":
    case "SetComp":
    case "GeneratorExp":
      return [expression.item, ...childrenOfClauses(expression.clauses)]
    case "DictComp":
      return [expression.key, expression.value, ...childrenOfClauses(expression.clauses)]
    case "JoinedStr":
      return expression.parts
    case "FormattedValue":
      return present([expression.value, expression.specification])
  }
}
