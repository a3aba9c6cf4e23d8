/** Binding a call's arguments to a signature of plain parameters, with CPython's texts when it fails. */
import type { Keywords, Value } from "./Value.ts"

export interface Parameter {
  readonly name: string
  /** Python's default value; a parameter without one is required. */
  readonly default?: Value
}

export type BindingFault = {
  readonly kind: "missing_argument" | "unexpected_argument" | "duplicate_argument" | "too_many_arguments"
  /** The arguments at fault; for too many, the parameters there are. */
  readonly names: ReadonlyArray<string>
  /** The message of Python's TypeError. */
  readonly message: string
}

const list = (names: ReadonlyArray<string>): string => {
  const quoted = names.map((name) => `'${name}'`)
  if (quoted.length < 3) return quoted.join(" and ")
  return `${quoted.slice(0, -1).join(", ")}, and ${quoted.at(-1)}`
}

const tooMany = (
  name: string,
  parameters: ReadonlyArray<Parameter>,
  given: number,
  hidden: number
): BindingFault => {
  const most = parameters.length + hidden
  const least = most - parameters.filter((parameter) => parameter.default !== undefined).length
  const takes = least < most
    ? `from ${least} to ${most} positional arguments`
    : `${most} positional argument${most === 1 ? "" : "s"}`
  const total = given + hidden
  return {
    kind: "too_many_arguments",
    names: parameters.map((parameter) => parameter.name),
    message: `${name}() takes ${takes} but ${total} ${total === 1 ? "was" : "were"} given`
  }
}

/** What a method has in front of the parameters that a call gives. */
const receiver = ["self"]

/**
 * One value per parameter, defaults filled in, or why Python refuses. CPython checks keywords in the order of the call,
 * then the number of positional arguments, then what is missing.
 *
 * `name` is the function's qualified name, `Class.method`; `hidden` names the parameters that the caller does not write
 * (`self`) but that Python's texts count, and that are given twice when the caller does write them.
 */
export const bind = (
  name: string,
  parameters: ReadonlyArray<Parameter>,
  positional: ReadonlyArray<Value>,
  keywords: Keywords,
  hidden: ReadonlyArray<string> = receiver
): ReadonlyArray<Value> | BindingFault => {
  const bound: Array<Value | undefined> = positional.slice(0, parameters.length)
  while (bound.length < parameters.length) bound.push(undefined)
  for (const [keyword, value] of keywords) {
    const index = parameters.findIndex((parameter) => parameter.name === keyword)
    const isHidden = index === -1 && hidden.includes(keyword)
    if (index === -1 && !isHidden) {
      const message = `${name}() got an unexpected keyword argument '${keyword}'`
      return { kind: "unexpected_argument", names: [keyword], message }
    }
    if (isHidden || bound[index] !== undefined) {
      return {
        // To the caller, a parameter that they do not write is none.
        kind: isHidden ? "unexpected_argument" : "duplicate_argument",
        names: [keyword],
        message: `${name}() got multiple values for argument '${keyword}'`
      }
    }
    bound[index] = value
  }
  if (positional.length > parameters.length) return tooMany(name, parameters, positional.length, hidden.length)
  const values: Array<Value> = []
  const missing: Array<string> = []
  for (const [i, parameter] of parameters.entries()) {
    const given = bound[i]
    const value = given === undefined ? parameter.default : given
    if (value === undefined) missing.push(parameter.name)
    else values.push(value)
  }
  if (missing.length === 0) return values
  const plural = missing.length === 1 ? "" : "s"
  return {
    kind: "missing_argument",
    names: missing,
    message: `${name}() missing ${missing.length} required positional argument${plural}: ${list(missing)}`
  }
}
