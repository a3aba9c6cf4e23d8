/**
 * What a failure is about, as rules read it.
 *
 * A simulator describes a failure by roles; these are the ones that rules understand, and a
 * failure has those that fit:
 *
 * | role | holds |
 * | --- | --- |
 * | `argument` and `value` (or `name`) | the argument that is wrong, and its value |
 * | `arguments` and `names` | the same for several arguments |
 * | the name of a parameter | its value, where the failure is about the values of several arguments together |
 * | `unknown` | those of the values that do not exist; empty when each does and only the combination does not |
 * | `allowed` | all values that are accepted |
 * | `type` | what type the value has to be, as documents name it |
 * | `minimum`, `maximum`, `multipleOf` | bounds of a number |
 * | `format`, `prefix` | how a text is written, how it begins |
 * | `forbidden` | characters a text must not contain |
 * | `keys` | all keys that a dictionary may have |
 * | `oneOfThem` | a value that one of the arguments must have |
 * | `expected` | the kind of thing that is meant: `file`, `directory` |
 * | `folders`, `instead` | of a path: the directories to enter in order, and the name to use there |
 * | `available`, `required` | how much there is, and how much it takes |
 * | `given` | the values of the call, by parameter |
 */
import type { FailedCall } from "../Augmentor.ts"
import type { ToolDocument } from "../Message.ts"
import { Dict } from "../python/Value.ts"

/** An argument of the failed call. */
export interface Argument {
  readonly name: string
  readonly value: unknown
}

/** The document of a tool on offer. */
export const documentOf = (
  tools: ReadonlyArray<ToolDocument>,
  name: string | undefined
): ToolDocument | undefined => tools.find((tool) => tool.name === name)

/** A role's values: a list as it is, nothing as no values, anything else as one. */
export const values = (failed: FailedCall, role: string): ReadonlyArray<unknown> => {
  const value = failed.subject[role]
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

/** A role that holds text. */
export const text = (failed: FailedCall, role: string): string | undefined => {
  const value = failed.subject[role]
  return typeof value === "string" ? value : undefined
}

/** The arguments a failure is about, in order. Those that have a known value are left out where the failure says which. */
export const argumentsOf = (failed: FailedCall, document: ToolDocument | undefined): ReadonlyArray<Argument> => {
  const { subject } = failed
  const known = document?.parameters.flatMap(({ name }) => name in subject ? [{ name, value: subject[name] }] : []) ??
    []
  const unknown = values(failed, "unknown")
  const argument = text(failed, "argument")
  if ("arguments" in subject) {
    const names = values(failed, "names")
    return values(failed, "arguments").map((name, i) => ({ name: String(name), value: names[i] }))
  }
  if (argument !== undefined) {
    return [{ name: argument, value: "value" in subject ? subject["value"] : subject["name"] }]
  }
  return unknown.length === 0 ? known : known.filter(({ value }) => unknown.includes(value))
}

/** The values of the call by parameter, where the failure has kept them. */
export const given = (failed: FailedCall): ReadonlyArray<Argument> => {
  const all = failed.subject["given"]
  if (all instanceof Dict) return Array.from(all.entries(), ([name, value]) => ({ name: String(name), value }))
  if (typeof all !== "object" || all === null) return []
  return Object.entries(all).map(([name, value]) => ({ name, value }))
}
