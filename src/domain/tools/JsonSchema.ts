/** The few things that tools read from a JSON Schema (draft 2020-12). What is not understood says nothing. */
import { Result, Schema } from "effect"

const Node = Schema.Struct({
  $ref: Schema.optionalKey(Schema.String),
  type: Schema.optionalKey(Schema.String),
  description: Schema.optionalKey(Schema.String),
  default: Schema.optionalKey(Schema.Json),
  enum: Schema.optionalKey(Schema.Array(Schema.Json)),
  minimum: Schema.optionalKey(Schema.Finite),
  maximum: Schema.optionalKey(Schema.Finite),
  anyOf: Schema.optionalKey(Schema.Array(Schema.Unknown)),
  properties: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
  required: Schema.optionalKey(Schema.Array(Schema.String)),
  items: Schema.optionalKey(Schema.Unknown)
})
export type Node = typeof Node.Type

/** Name -> what `$ref: "#/$defs/<name>"` stands for. */
export type Definitions = Readonly<Record<string, unknown>>

const decode = Schema.decodeUnknownResult(Node)

/** A node with its reference followed and `null` left out of its alternatives: an absent value needs no mention. */
export const read = (schema: unknown, definitions: Definitions): Node => {
  const node = Result.getOrElse(decode(schema), (): Node => ({}))
  if (node.$ref !== undefined) return read(definitions[node.$ref.replace("#/$defs/", "")], definitions)
  const alternatives = node.anyOf?.filter((one) => read(one, definitions).type !== "null") ?? []
  return alternatives.length === 1 ? { ...read(alternatives[0], definitions), ...node } : node
}

/** `string`, `integer or boolean`; `any` where the schema does not say. */
export const typeOf = (node: Node, definitions: Definitions): string => {
  if (node.type !== undefined) return node.type
  const types = new Set(node.anyOf?.map((one) => typeOf(read(one, definitions), definitions)))
  types.delete("null")
  return [...types].join(" or ") || "any"
}

/** The node of a value inside a value, where the schema describes it. */
export const at = (node: Node, path: ReadonlyArray<PropertyKey>, definitions: Definitions): Node =>
  path.reduce<Node>(
    (inside, key) => read(typeof key === "number" ? inside.items : inside.properties?.[String(key)], definitions),
    node
  )
