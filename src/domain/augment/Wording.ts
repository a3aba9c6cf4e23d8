/**
 * The few phrases that hints are made of. A small model reads them token by token, so the
 * same kind of failure is always said in the same words: values and calls in Python's
 * spelling, one short sentence for what is wrong and one for what to do.
 */
import type { ToolDocument, ToolParameter } from "../Message.ts"
import { quote } from "../python/Text.ts"
import { Dict, Instance, Tuple } from "../python/Value.ts"

/** Characters of a text, and of a list or dictionary, that a hint repeats at most. */
const longestText = 60
const longestContainer = 200

const cut = (text: string, length: number): string => text.length <= length ? text : `${text.slice(0, length)}...`

/** A value as a Python literal. A whole number has no point, whatever its type; what is long is cut. */
export const literal = (value: unknown): string => {
  switch (typeof value) {
    case "string":
      return quote(cut(value, longestText))
    case "boolean":
      return value ? "True" : "False"
    case "number":
    case "bigint":
      return cut(String(value), longestText)
  }
  return value === null || value === undefined ? "None" : cut(container(value), longestContainer)
}

const container = (value: object): string => {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`
  if (value instanceof Tuple) return `(${value.items.map(literal).join(", ")}${value.items.length === 1 ? "," : ""})`
  if (value instanceof Instance) return value.repr()
  const entries = value instanceof Dict ? Array.from(value.entries()) : Object.entries(value)
  return `{${entries.map(([key, item]) => `${literal(key)}: ${literal(item)}`).join(", ")}}`
}

/** `a`, `a or b`, `a, b or c`. */
export const either = (items: ReadonlyArray<string>): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} or ${items.at(-1)}`

/** The name of a resource as words: `airport code`. */
export const words = (resource: string): string => resource.replaceAll("_", " ")

const types: ReadonlyMap<string, string> = new Map(Object.entries({
  string: "a string",
  integer: "an integer",
  float: "a number",
  number: "a number",
  boolean: "True or False",
  array: "a list",
  tuple: "a list",
  dict: "a dictionary",
  object: "a dictionary"
}))

/** A type of a tool document in words; an unknown one as it is written. */
export const typeWords = (type: string): string => types.get(type) ?? type

/** The documented default as a Python literal. Documents state it as text, the missing value as `None`. */
const defaultLiteral = ({ default: text = "None", type }: ToolParameter): string => {
  if (text === "None" || text === "null") return "None"
  if (type === "boolean") return /^true$/i.test(text) ? "True" : "False"
  return type === "string" ? quote(text) : text
}

/** How a tool is called: `tail(file_name, lines=10)`. */
export const signature = ({ name, parameters }: ToolDocument): string =>
  `${name}(${
    parameters.map((parameter) =>
      parameter.required ? parameter.name : `${parameter.name}=${defaultLiteral(parameter)}`
    )
      .join(", ")
  })`

/** A call with the values that are known; of the others, those that are required stand by name: `f(a, b=1)`. */
export const call = ({ name, parameters }: ToolDocument, known: ReadonlyMap<string, unknown>): string =>
  `${name}(${
    parameters.flatMap((parameter) =>
      known.has(parameter.name)
        ? [`${parameter.name}=${literal(known.get(parameter.name))}`]
        : parameter.required
        ? [parameter.name]
        : []
    ).join(", ")
  })`

/** The part of a call that is known, as an `Advice` has it: `f(b=1)`. */
export const knownCall = ({ name }: ToolDocument, known: ReadonlyMap<string, unknown>): string =>
  `${name}(${Array.from(known, ([parameter, value]) => `${parameter}=${literal(value)}`).join(", ")})`

/** What is wrong with the value of an argument. */
export const mustBe = (argument: string, requirement: string, value: unknown): string =>
  `${argument} must be ${requirement}, not ${literal(value)}.`
