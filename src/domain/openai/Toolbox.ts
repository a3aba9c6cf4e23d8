/**
 * Tools as a chat-completions API takes them. It allows fewer characters in a name than tools may have, and what is
 * not allowed becomes `_`, as BFCL's handlers do it with dots; calls come back under the tool's own name.
 */
import type { ToolDocument } from "../Message.ts"

export interface Toolbox {
  /** The `tools` of a request, as JSON text. */
  readonly json: string
  /** How a tool is called in the API's words; a name that no tool has is spelled so, too. */
  readonly spelled: (name: string) => string
  /** The name of the tool that is called so; what is called, where there is none. */
  readonly named: (spelled: string) => string
}

/** Type names of BFCL's documents that JSON Schema has not got. */
const types: Readonly<Record<string, string>> = { dict: "object", float: "number", tuple: "array", any: "string" }

const spell = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_-]/g, "_").slice(0, 64)

/** A spelling for each tool; where two would have one, the later gets a number. */
const spellings = (tools: ReadonlyArray<ToolDocument>): ReadonlyMap<string, string> => {
  const all = new Map<string, string>()
  const taken = new Set<string>()
  for (const { name } of tools) {
    let spelled = spell(name)
    for (let n = 2; taken.has(spelled); n++) spelled = `${spell(name).slice(0, 60)}_${n}`
    taken.add(spelled)
    all.set(name, spelled)
  }
  return all
}

const isFunctionTool = (raw: unknown): raw is { readonly function: object } =>
  typeof raw === "object" && raw !== null && "type" in raw && raw.type === "function"
  && "function" in raw && typeof raw.function === "object" && raw.function !== null

const functionOf = ({ description, name, parameters, raw }: ToolDocument): object =>
  isFunctionTool(raw) ? raw.function : {
    name,
    description,
    parameters: {
      type: "object",
      properties: Object.fromEntries(
        parameters.map(({ allowed, description, name, type }) => [
          name,
          { type: types[type] ?? type, description, ...(allowed !== undefined && { enum: allowed }) }
        ])
      ),
      required: parameters.flatMap(({ name, required }) => required ? [name] : [])
    }
  }

/** Of tools with names of their own. A document that is compiled for function calling already goes as it is. */
export const make = (tools: ReadonlyArray<ToolDocument>): Toolbox => {
  const spellingOf = spellings(tools)
  const nameOf = new Map(Array.from(spellingOf, ([name, spelled]) => [spelled, name]))
  const spelled = (name: string): string => spellingOf.get(name) ?? spell(name)
  return {
    json: JSON.stringify(
      tools.map((tool) => ({ type: "function", function: { ...functionOf(tool), name: spelled(tool.name) } }))
    ),
    spelled,
    named: (name) => nameOf.get(name) ?? name
  }
}
