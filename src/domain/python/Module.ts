/** Reads a Python module that does nothing but assign constants, as BFCL's `long_context.py`. Nothing is executed. */
import { parseSource } from "./Compile.ts"
import { evaluate } from "./Evaluate.ts"
import { none } from "./Limits.ts"
import { PythonError } from "./PythonError.ts"
import { type Token, tokenize } from "./Tokens.ts"
import { Dict } from "./Value.ts"

const statements = (tokens: ReadonlyArray<Token>): ReadonlyArray<ReadonlyArray<Token>> => {
  const all: Array<ReadonlyArray<Token>> = []
  let start = 0
  for (const [at, { kind }] of tokens.entries()) {
    if (kind !== "newline" && kind !== "end") continue
    if (at > start) all.push(tokens.slice(start, at))
    start = at + 1
  }
  return all
}

const noNames = (): undefined => undefined

/** The constants by name, in the order of the module. Throws `PythonError`, naming the line, for anything else in it. */
export const constants = (source: string): Dict => {
  const { fault, tokens } = tokenize(source, none)
  if (fault !== undefined) throw new PythonError(fault.type, `line ${fault.line}: ${fault.message}`)
  const named = new Dict()
  for (const [name, equals, ...value] of statements(tokens)) {
    const line = name?.line ?? 0
    if (name?.kind !== "name" || equals?.text !== "=") {
      throw new PythonError("SyntaxError", `line ${line}: not NAME = value`)
    }
    try {
      // Blanks between tokens mean nothing to an expression, and line breaks within brackets do not either.
      const expression = parseSource(value.map((token) => token.text).join(" "), "value", none)
      named.set(name.text, evaluate(expression, noNames, none))
    } catch (error) {
      throw error instanceof PythonError
        ? new PythonError(error.type, `line ${line}: ${name.text}: ${error.message}`)
        : error
    }
  }
  return named
}
