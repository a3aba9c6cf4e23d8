/**
 * How much a call may ask for.
 *
 * Calls come from a language model, and every one of them has to end in a result within some milliseconds. CPython has
 * limits of its own (200 brackets in one another, 4300 digits of an integer, a depth of recursion), which are kept;
 * otherwise it goes on until time or memory ends, and there a call ends here in an exception that names the limit. What
 * models write to use a tool stays far below all of them.
 */
import { PythonError } from "./PythonError.ts"

/** How much is read, computed and made of a source. */
export interface Limits {
  /** UTF-16 units. */
  readonly source: number
  readonly tokens: number
  /** Expressions evaluated, and parts of their values. */
  readonly steps: number
  /** Steps of the arithmetic in the arguments of a message, all of it together, beside those that each operation has. */
  readonly arithmetic: number
  /** UTF-16 units of a text that an operator, a method or a format makes. */
  readonly text: number
  /** Items of a list, a tuple or a range that an operator makes or goes through. */
  readonly items: number
  /** UTF-16 units of a result. */
  readonly result: number
}

/** UTF-16 units of the source of a call, or of its JSON. */
export const maximumSource = 1 << 15
export const maximumTokens = 1 << 12

/** What a model wrote that waits for its result. An honest call takes a few hundred steps. */
export const ofCall: Limits = {
  source: maximumSource,
  tokens: maximumTokens,
  steps: 20_000,
  arithmetic: 0,
  text: 1 << 16,
  items: 1 << 13,
  result: 1 << 20
}

/** What a model wrote that nobody waits for: a text of the worst kind takes two seconds, and some hundred MB. */
export const ofScoring: Limits = {
  source: 1 << 22,
  tokens: 1 << 18,
  steps: 1 << 22,
  arithmetic: 1 << 22,
  text: 1 << 22,
  items: 1 << 20,
  result: 1 << 23
}

/** A source that is no model's. */
export const none: Limits = {
  source: Infinity,
  tokens: Infinity,
  steps: Infinity,
  arithmetic: Infinity,
  text: Infinity,
  items: Infinity,
  result: Infinity
}

/** Tokens of a source whose syntax error is explained; of a longer one it is "invalid syntax", whatever CPython finds. */
export const maximumExplained = 1 << 10
/** Replacement fields in the f-strings of a source. */
export const maximumFields = 1 << 7

/** `for` clauses of a comprehension. */
export const maximumClauses = 20

/** Bits of an integer that an operator makes. */
export const maximumBits = 1 << 16
/** Containers in one another. CPython's own limit, which is one of printing them, depends on the stack it happens to have. */
export const maximumNesting = 300

// What is limited is deep inside the evaluator and the tools, and nothing in between has to do with it. So limits are in
// force while something is computed, as those of Python's own interpreter are.
let inForce = ofCall
let met: Set<string> | undefined

/** The limits in force: `ofCall`, unless `within` says otherwise. */
export const limits = (): Limits => inForce

/** A value, and the limits that were met on the way to it, a sentence each. */
export interface Limited<A> {
  readonly value: A
  readonly met: ReadonlyArray<string>
}

/** Computes something under other limits. */
export const within = <A>(limits: Limits, compute: () => A): Limited<A> => {
  const [outer, metOutside] = [inForce, met]
  const metHere = new Set<string>()
  inForce = limits
  met = metHere
  try {
    return { value: compute(), met: [...metHere] }
  } finally {
    inForce = outer
    met = metOutside
  }
}

/** Notes that a limit was met, for `within`. */
export const note = (limit: string): void => {
  met?.add(limit)
}

/** The exception of a call that asks for more than we do, with a sentence about it. */
export const beyond = (message: string): PythonError => {
  note(message)
  return new PythonError("MemoryError", message)
}

/** The same for what is counted: `the <what> than the <limit> that envtune <does>`. */
export const exceeded = (what: string, limit: number, does: string): PythonError =>
  beyond(`${what} than the ${limit} that envtune ${does}`)

export const checkText = (length: number): void => {
  if (length > inForce.text) throw exceeded("the text has more characters", inForce.text, "puts together")
}

export const checkItems = (count: number): void => {
  if (count > inForce.items) throw exceeded("the sequence has more items", inForce.items, "puts together")
}
