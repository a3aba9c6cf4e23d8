/**
 * Tool documents as function-calling models get them: BFCL's compilation to OpenAI's form (`convert_to_tool`). Type
 * names become those of JSON Schema; that a parameter is a float, which JSON Schema cannot say, goes into its words.
 */
import type { ToolDocument } from "../Message.ts"
import { dumps } from "../python/Json.ts"
import { Dict, type Value } from "../python/Value.ts"
import type { Document } from "./Documents.ts"

/** Type names of the documents that JSON Schema has not got. */
const types: Readonly<Record<string, string>> = {
  dict: "object",
  float: "number",
  tuple: "array",
  any: "string"
}

const typeOf = (schema: Dict): string => {
  const type = schema.get("type")
  return typeof type === "string" ? types[type] ?? type : "string"
}

/** A schema without its floats marked, which is what elements of lists and whole lists of parameters get. */
const typed = (schema: Dict): Dict => {
  const copy = schema.copy()
  copy.set("type", typeOf(schema))
  const properties = schema.get("properties")
  const items = schema.get("items")
  if (properties instanceof Dict) {
    copy.set("properties", Dict.from(Array.from(properties.entries(), ([name, of]) => [name, property(of)])))
  }
  if (items instanceof Dict) copy.set("items", typed(items))
  return copy
}

const property = (schema: Value): Value => {
  if (!(schema instanceof Dict)) return schema
  const copy = typed(schema)
  const description = schema.get("description")
  if (schema.get("type") === "float" && typeof description === "string") {
    copy.set("format", "float")
    copy.set("description", `${description} This is a float type value.`)
  }
  return copy
}

const compileOne = ({ json, tool }: Document): ToolDocument => {
  const copy = json.copy()
  const parameters = json.get("parameters")
  if (parameters instanceof Dict) copy.set("parameters", typed(parameters))
  return { ...tool, raw: JSON.parse(dumps(Dict.of({ type: "function", function: copy }))) }
}

const known = new WeakMap<Document, ToolDocument>()

/** A document with the function tool as its `raw`. Compiled once, however many entries offer it. */
export const compile = (document: Document): ToolDocument => {
  let tool = known.get(document)
  if (tool === undefined) known.set(document, tool = compileOne(document))
  return tool
}
