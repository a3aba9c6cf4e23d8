import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Wording from "../../../src/domain/augment/Wording.ts"
import type { ToolDocument } from "../../../src/domain/Message.ts"
import { Dict, Tuple } from "../../../src/domain/python/Value.ts"

const parameter = (name: string, type: string, value?: string) => ({
  name,
  type,
  description: "",
  required: value === undefined,
  ...(value !== undefined && { default: value })
})

const tail: ToolDocument = {
  name: "tail",
  description: "",
  parameters: [parameter("file_name", "string"), parameter("lines", "integer", "10")]
}

describe("Wording", () => {
  it("spells values as Python does, whole numbers without a point", () => {
    const spelled = [null, undefined, true, 3n, 3, 0.5, "it's", ["a", 1n], { k: false }].map(Wording.literal)
    assert.deepStrictEqual(spelled, ["None", "None", "True", "3", "3", "0.5", "\"it's\"", "['a', 1]", "{'k': False}"])
    assert.strictEqual(Wording.literal(new Tuple([1n])), "(1,)")
    assert.strictEqual(Wording.literal(Dict.of({ a: 1n })), "{'a': 1}")
  })

  it.prop("never repeats much of a value", [Schema.String], ([text]) => {
    assert.isAtMost(Wording.literal(text.repeat(100)).length, 700)
  })

  it("joins alternatives", () => {
    assert.deepStrictEqual([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(Wording.either), [
      "",
      "a",
      "a or b",
      "a, b or c"
    ])
  })

  it("writes signatures with documented defaults as Python literals", () => {
    assert.strictEqual(Wording.signature(tail), "tail(file_name, lines=10)")
    const parameters = [
      parameter("a", "boolean", "false"),
      parameter("unit", "string", "celsius"),
      parameter("name", "string", "None")
    ]
    assert.strictEqual(
      Wording.signature({ name: "f", description: "", parameters }),
      "f(a=False, unit='celsius', name=None)"
    )
  })

  it("writes calls with what is known, and names what else is required", () => {
    assert.strictEqual(Wording.call(tail, new Map([["lines", 2n]])), "tail(file_name, lines=2)")
    assert.strictEqual(Wording.call(tail, new Map([["file_name", "a"], ["unheard_of", "b"]])), "tail(file_name='a')")
  })
})
