import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as Parameters from "../../../src/domain/tools/Parameters.ts"

const Line = Schema.Struct({
  sku: Schema.NonEmptyString,
  count: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9 }))
})

const Order = Schema.Struct({
  email: Schema.String.annotate({ description: "the customer's address" }),
  lines: Schema.Array(Line),
  speed: Schema.Literals(["slow", "fast"]),
  weekday: Schema.optionalKey(Schema.Literals([1, 2, 3])),
  tip: Schema.optionalKey(Schema.Finite.annotate({ default: 0 })),
  gift: Schema.optional(Schema.Boolean),
  address: Schema.optionalKey(Schema.Struct({ street: Schema.String }).annotate({ identifier: "Address" })),
  code: Schema.optionalKey(Schema.Union([Schema.String, Schema.Int])),
  note: Schema.NullOr(Schema.String)
})

const parameters = Parameters.make(Order)

const good: Schema.JsonObject = { email: "a@b", lines: [{ sku: "x", count: 2 }], speed: "fast", note: null }

const fault = (given: Schema.JsonObject) => {
  const decoded = parameters.decode(given)
  assert.isTrue(Result.isFailure(decoded), JSON.stringify(given))
  return Result.isFailure(decoded) ? decoded.failure : undefined
}

describe("the document of parameters", () => {
  it("has their types, in the order of the fields", () => {
    assert.deepStrictEqual(parameters.documents.map(({ name, type }) => `${name}: ${type}`), [
      "email: string",
      "lines: array",
      "speed: string",
      "weekday: number",
      "tip: number",
      "gift: boolean",
      "address: object",
      "code: string or integer",
      "note: string"
    ])
  })

  it("has what the Schema says besides: descriptions, literals, defaults, what may be left out", () => {
    const [email, lines, speed, weekday, tip, gift] = parameters.documents
    assert.strictEqual(email?.description, "the customer's address")
    assert.strictEqual(lines?.required, true)
    assert.deepStrictEqual(speed?.allowed, ["slow", "fast"])
    assert.deepStrictEqual(weekday?.allowed, ["1", "2", "3"])
    assert.strictEqual(tip?.default, "0")
    assert.strictEqual(gift?.required, false)
  })

  it("is a JSON Schema that is closed, with its definitions", () => {
    assert.strictEqual(parameters.raw["additionalProperties"], false)
    assert.deepStrictEqual(Object.keys(parameters.raw["$defs"] ?? {}), ["Address"])
  })
})

describe("the arguments of a call", () => {
  it.prop(
    "come back as the Schema's values from their own JSON",
    [Order],
    ([
      order
    ]) => {
      const json = Schema.encodeSync(Schema.toCodecJson(Order))(order)
      assert.deepStrictEqual(Result.getOrThrow(parameters.decode(json as Schema.JsonObject)), order)
    }
  )

  it("are refused when one is not declared, before anything else is looked at", () => {
    assert.deepInclude(fault({ speed: "warp", colour: "red" }), {
      kind: "unexpected_argument",
      message: "Unexpected argument: colour.",
      subject: { arguments: ["colour"] }
    })
    assert.strictEqual(fault({ ...good, toString: 1 })?.kind, "unexpected_argument")
  })

  it("are refused when some are missing, by name", () => {
    assert.deepInclude(fault({ speed: "warp", lines: [] }), {
      kind: "missing_argument",
      message: "Missing argument: email, note.",
      subject: { arguments: ["email", "note"] }
    })
  })

  it("are refused with what would be accepted", () => {
    assert.deepInclude(fault({ ...good, email: 3 }), {
      kind: "invalid_value",
      message: "email: Expected string, got 3.",
      subject: { argument: "email", value: 3, type: "string" }
    })
    assert.deepStrictEqual(fault({ ...good, speed: "warp" })?.subject, {
      argument: "speed",
      value: "warp",
      allowed: ["slow", "fast"]
    })
    assert.deepStrictEqual(fault({ ...good, lines: [{ sku: "x", count: 1 }, { sku: "y", count: 12 }] })?.subject, {
      argument: "lines[1].count",
      value: 12,
      minimum: 1,
      maximum: 9
    })
    assert.deepStrictEqual(fault({ ...good, address: { street: 4 } })?.subject, {
      argument: "address.street",
      value: 4,
      type: "string"
    })
  })

  it("are refused without a guess where the type is right and a check says no", () => {
    assert.deepInclude(fault({ ...good, lines: [{ sku: "", count: 2 }] }), {
      message: "lines[0].sku: Expected a value with a length of at least 1, got \"\".",
      subject: { argument: "lines[0].sku", value: "" }
    })
    assert.deepStrictEqual(fault({ ...good, lines: [{ sku: "x", count: 1.5 }] })?.subject, {
      argument: "lines[0].count",
      value: 1.5,
      type: "integer"
    })
  })
})
