/**
 * The arguments of a tool, described once: what its document says about them, and what becomes of the JSON that an
 * agent writes, both from one Schema.
 */
import { type JsonSchema as Json, Result, Schema, SchemaIssue } from "effect"
import { isOfType } from "../augment/Schema.ts"
import type { ToolParameter } from "../Message.ts"
import { Failure } from "./Failure.ts"
import * as JsonSchema from "./JsonSchema.ts"

export interface Parameters<out Args> {
  /** In the order of the Schema's fields. */
  readonly documents: ReadonlyArray<ToolParameter>
  /** The JSON Schema of all arguments together. */
  readonly raw: Json.JsonSchema
  /** The arguments as the tool takes them, or what is wrong with them, in the kinds of BFCL's argument errors. */
  readonly decode: (given: Schema.JsonObject) => Result.Result<Args, Failure>
}

/** Nothing but JSON in, and no fields that are not declared: what a model makes up must not pass unseen. */
const strict = { errors: "first", onExcessProperty: "error", reportInput: true } as const

const issues = SchemaIssue.makeFormatterStandardSchemaV1()

const textOf = (value: Schema.Json): string => typeof value === "string" ? value : JSON.stringify(value)

const documentOf = (name: string, node: JsonSchema.Node, type: string, required: boolean): ToolParameter => ({
  name,
  type,
  description: node.description ?? "",
  required,
  ...(node.enum !== undefined && { allowed: node.enum.filter((value) => value !== null).map(textOf) }),
  ...(node.default !== undefined && { default: textOf(node.default) })
})

/** `items[0].price`. */
const spell = (path: ReadonlyArray<PropertyKey>): string =>
  path.map((key, i) => typeof key === "number" ? `[${key}]` : i === 0 ? String(key) : `.${String(key)}`).join("")

const valueAt = (value: unknown, path: ReadonlyArray<PropertyKey>): unknown =>
  path.reduce<unknown>(
    (inside, key) => typeof inside === "object" && inside !== null ? Reflect.get(inside, key) : undefined,
    value
  )

/** What the Schema accepts where it does not accept a value, in the roles that rules read. */
const accepted = (node: JsonSchema.Node, type: string, value: unknown): Readonly<Record<string, unknown>> => {
  if (node.enum !== undefined) return { allowed: node.enum }
  if (!isOfType(value, type)) return { type }
  const { maximum = Infinity, minimum = -Infinity } = node
  if (typeof value !== "number" || (value >= minimum && value <= maximum)) return {}
  return {
    ...(node.minimum !== undefined && { minimum }),
    ...(node.maximum !== undefined && { maximum })
  }
}

const listed = (names: ReadonlyArray<string>): string => names.join(", ")

/** Everything there is to know about a tool's parameters. */
export const make = <S extends Schema.ConstraintDecoder<unknown>>(schema: S): Parameters<S["Type"]> => {
  const { definitions, schema: document } = Schema.toJsonSchemaDocument(schema, { onExcessProperty: "error" })
  const root = JsonSchema.read(document, definitions)
  const fields = Object.keys(root.properties ?? {})
  const required = root.required ?? []
  const decodeArguments = Schema.decodeUnknownResult(Schema.toCodecJson(schema), strict)

  const invalid = (given: Schema.JsonObject, { issue }: Schema.SchemaError): Failure => {
    const [{ message, path = [] } = { message: "" }] = issues(issue).issues
    const place = path.map((key) => typeof key === "object" ? key.key : key)
    const node = JsonSchema.at(root, place, definitions)
    const value = valueAt(given, place)
    return new Failure("invalid_value", {
      message: `${spell(place)}: ${message}.`,
      subject: { argument: spell(place), value, ...accepted(node, JsonSchema.typeOf(node, definitions), value) }
    })
  }

  return {
    documents: fields.map((name) => {
      const node = JsonSchema.at(root, [name], definitions)
      return documentOf(name, node, JsonSchema.typeOf(node, definitions), required.includes(name))
    }),
    raw: Object.keys(definitions).length === 0 ? document : { ...document, $defs: definitions },
    decode: (given) => {
      const unexpected = Object.keys(given).filter((name) => !fields.includes(name))
      if (unexpected.length > 0) {
        const message = `Unexpected argument: ${listed(unexpected)}.`
        return Result.fail(new Failure("unexpected_argument", { message, subject: { arguments: unexpected } }))
      }
      const missing = required.filter((name) => !Object.hasOwn(given, name))
      if (missing.length > 0) {
        const message = `Missing argument: ${listed(missing)}.`
        return Result.fail(new Failure("missing_argument", { message, subject: { arguments: missing } }))
      }
      return Result.mapError(decodeArguments(given), (error) => invalid(given, error))
    }
  }
}
