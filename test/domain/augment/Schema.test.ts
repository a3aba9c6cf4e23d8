import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { schema } from "../../../src/domain/augment/Schema.ts"
import type { FailedCall, Knowledge } from "../../../src/domain/Augmentor.ts"
import type { ToolDocument } from "../../../src/domain/Message.ts"
import { subjects } from "./Failing.ts"

/** A shop that has nothing to do with BFCL. */
const shop: ReadonlyArray<ToolDocument> = [
  {
    name: "order_item",
    description: "",
    parameters: [
      { name: "item_id", type: "string", description: "", required: true },
      { name: "quantity", type: "integer", description: "", required: false, default: "1" },
      { name: "speed", type: "string", description: "", required: false, default: "slow", allowed: ["slow", "fast"] }
    ]
  },
  { name: "list_items", description: "", parameters: [] }
]

const knowledge: Knowledge = { tools: shop, providers: () => [], draw: 0 }

const failed = (kind: string, subject: FailedCall["subject"] = {}, more: Partial<FailedCall> = {}): FailedCall => ({
  tool: "order_item",
  call: "order_item()",
  kind,
  subject,
  message: "no",
  ...more
})

const says = (call: FailedCall): string | undefined => schema(call, knowledge)?.message

const order = "order_item(item_id, quantity=1, speed='slow')"

const unknown = (name: string): FailedCall =>
  failed("unknown_tool", {}, { tool: undefined, call: `${name}(item_id='a')` })

const wrongQuantity = (constraint: FailedCall["subject"]): string | undefined =>
  says(failed("invalid_value", { argument: "quantity", value: 9n, ...constraint }))

const raised = (given: unknown): string | undefined => says(failed("python_error", { given }))

const listing = () => [{ tool: "list_items" }]

describe("schema", () => {
  it("names the tool that was probably meant, or all that are offered", () => {
    assert.strictEqual(says(unknown("orderItems")), `'orderItems' is no tool. Use ${order}.`)
    assert.strictEqual(says(unknown("buy")), "'buy' is no tool. Use one of: order_item, list_items.")
    assert.strictEqual(
      schema(unknown("buy"), { ...knowledge, tools: [] })?.message,
      "'buy' is no tool. No tools are offered."
    )
    assert.strictEqual(
      says({ ...unknown("exit"), kind: "forbidden" }),
      "'exit' is no tool. Use one of: order_item, list_items."
    )
  })

  it("lists missing arguments with what they take, and how the tool is called", () => {
    assert.strictEqual(
      says(failed("missing_argument", { arguments: ["item_id"] })),
      `Missing: item_id (string). Use ${order}.`
    )
    assert.strictEqual(
      says(failed("missing_argument", { arguments: ["item_id", "speed"] })),
      `Missing: item_id (string), speed (string: 'slow' or 'fast'). Use ${order}.`
    )
    assert.strictEqual(says(failed("missing_argument")), `Missing. Use ${order}.`)
  })

  it("says which argument was meant, or which there are", () => {
    assert.strictEqual(
      says(failed("unexpected_argument", { argument: "itemId" })),
      "Unknown: itemId. Use item_id instead of itemId."
    )
    assert.strictEqual(says(failed("unexpected_argument", { argument: "colour" })), `Unknown: colour. Use ${order}.`)
  })

  it("says how the tool is called when arguments are too many, doubled or unreadable", () => {
    assert.strictEqual(
      says(failed("duplicate_argument", { argument: "item_id" })),
      `Given twice: item_id. Use ${order}.`
    )
    assert.strictEqual(says(failed("too_many_arguments")), `Too many arguments. Use ${order}.`)
    assert.strictEqual(says(failed("syntax_error")), `The call cannot be read. Use ${order}.`)
    assert.strictEqual(
      says(failed("syntax_error", {}, { tool: undefined, call: "4 +" })),
      "The call cannot be read. Write tool(argument=value), with text in quotes."
    )
  })

  it("says what values are accepted", () => {
    assert.strictEqual(wrongQuantity({ allowed: [1n, 2n] }), "quantity must be 1 or 2, not 9.")
    assert.strictEqual(wrongQuantity({ minimum: 1n, maximum: 5n }), "quantity must be from 1 to 5, not 9.")
    assert.strictEqual(wrongQuantity({ maximum: 5n }), "quantity must be at most 5, not 9.")
    assert.strictEqual(wrongQuantity({ minimum: 10n }), "quantity must be at least 10, not 9.")
    assert.strictEqual(wrongQuantity({ multipleOf: 2n }), "quantity must be a multiple of 2, not 9.")
    assert.strictEqual(
      wrongQuantity({ multipleOf: 2n, minimum: 0n }),
      "quantity must be a multiple of 2 at least 0, not 9."
    )
    assert.strictEqual(wrongQuantity({ format: "YYYY" }), "quantity must be written YYYY, not 9.")
    assert.strictEqual(
      wrongQuantity({ keys: ["a", "b"] }),
      "quantity must be a dictionary with keys 'a' or 'b', not 9."
    )
    assert.isUndefined(wrongQuantity({}), "without a constraint there is nothing to say")
  })

  it("falls back on the values that the document lists", () => {
    assert.strictEqual(
      says(failed("invalid_value", { argument: "speed", value: "now" })),
      "speed must be 'slow' or 'fast', not 'now'."
    )
  })

  it("leaves a value that a tool on offer knows to that tool", () => {
    const wrong = failed("invalid_value", { argument: "item_id", value: "x", allowed: ["a"] }, { needs: "item_id" })
    assert.isUndefined(schema(wrong, { tools: shop, providers: listing, draw: 0 }))
    assert.strictEqual(
      schema(wrong, { tools: shop.slice(0, 1), providers: listing, draw: 0 })?.message,
      "item_id must be 'a', not 'x'."
    )
  })

  it("finds arguments of a wrong type behind an exception", () => {
    assert.strictEqual(
      raised({ item_id: 3n, quantity: "two" }),
      "item_id must be a string, not 3. quantity must be an integer, not 'two'."
    )
    assert.strictEqual(raised({ item_id: "a", speed: "now" }), "speed must be 'slow' or 'fast', not 'now'.")
    assert.isUndefined(raised({ item_id: "a", quantity: null }), "an optional argument may be None")
    assert.isUndefined(raised(undefined))
  })

  it("says nothing of kinds it does not know, whatever they are called", () => {
    for (const kind of ["precondition", "constructor", "toString", ""]) assert.isUndefined(says(failed(kind)))
  })

  it.prop("does not read the tool's own sentence", [Schema.String], ([message]) => {
    for (const kind of ["unknown_tool", "missing_argument", "unexpected_argument", "syntax_error"]) {
      const call = failed(kind, { argument: "itemId" })
      assert.deepStrictEqual(schema({ ...call, message }, knowledge), schema(call, knowledge))
    }
  })

  for (const { documents, name } of subjects) {
    it(`has something to say for every argument error of ${name}`, () => {
      for (const { name: tool } of documents) {
        for (const kind of ["missing_argument", "unexpected_argument", "duplicate_argument", "too_many_arguments"]) {
          const hint = schema(failed(kind, { argument: "x" }, { tool }), {
            tools: documents,
            providers: () => [],
            draw: 0
          })
          assert.strictEqual(hint?.rule, `schema.${kind}`)
          assert.include(hint?.message, `Use ${tool}(`)
        }
      }
    })
  }
})
