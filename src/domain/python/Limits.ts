/**
 * How much a call may ask for.
 *
 * Calls come from a language model, and every one of them has to end in a result within some milliseconds. CPython has
 * limits of its own (200 brackets in one another, 4300 digits of an integer, a depth of recursion), which are kept;
 * otherwise it goes on until time or memory ends, and there a call ends here in an exception that names the limit. What
 * models write to use a tool stays far below all of them.
 */
import { PythonError } from "./Value.ts"

/** How much is read and computed of a source. */
export interface Limits {
  /** UTF-16 units. */
  readonly source: number
  readonly tokens: number
  /** Expressions evaluated, and parts of their values. */
  readonly steps: number
}

/** UTF-16 units of the source of a call, or of its JSON. */
export const maximumSource = 1 << 15
export const maximumTokens = 1 << 12

/** What a model wrote. An honest call takes a few hundred steps. */
export const ofCall: Limits = { source: maximumSource, tokens: maximumTokens, steps: 20_000 }

/** A source that is no model's. */
export const none: Limits = { source: Infinity, tokens: Infinity, steps: Infinity }

/** Tokens of a source whose syntax error is explained; of a longer one it is "invalid syntax", whatever CPython finds. */
export const maximumExplained = 1 << 10
/** Replacement fields in the f-strings of a source. */
export const maximumFields = 1 << 7

/** `for` clauses of a comprehension. */
export const maximumClauses = 20

/** UTF-16 units of a text that an operator, a method or a format makes. */
export const maximumText = 1 << 16
/** Items of a list, a tuple or a range that an operator makes or goes through. */
export const maximumItems = 1 << 13
/** Bits of an integer that an operator makes. */
export const maximumBits = 1 << 16
/** Containers in one another. CPython's own limit, which is one of printing them, depends on the stack it happens to have. */
export const maximumNesting = 300

/** UTF-16 units of a result. */
export const maximumResult = 1 << 20

/** The exception of a call that asks for more: `the <what> than the <limit> that envtune <does>`. */
export const exceeded = (what: string, limit: number, does: string): PythonError =>
  new PythonError("MemoryError", `${what} than the ${limit} that envtune ${does}`)

export const checkText = (length: number): void => {
  if (length > maximumText) throw exceeded("the text has more characters", maximumText, "puts together")
}

export const checkItems = (count: number): void => {
  if (count > maximumItems) throw exceeded("the sequence has more items", maximumItems, "puts together")
}
