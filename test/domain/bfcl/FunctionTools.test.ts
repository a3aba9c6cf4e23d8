import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Documents from "../../../src/domain/bfcl/Documents.ts"
import * as FunctionTools from "../../../src/domain/bfcl/FunctionTools.ts"

const compiled = (document: object): unknown => {
  const [decoded] = Result.getOrThrow(Documents.decode({ path: "tools.json", text: JSON.stringify(document) }))
  return FunctionTools.compile(decoded!).raw
}

describe("compile", () => {
  it("gives parameters the types of JSON Schema and says in words what is a float", () => {
    const response = { type: "dict", properties: { cost: { type: "float" } } }
    assert.deepStrictEqual(
      compiled({
        name: "pay",
        description: "Pays.",
        parameters: {
          type: "dict",
          properties: {
            amount: { type: "float", description: "How much." },
            parts: { type: "array", items: { type: "float" }, description: "In parts." },
            to: { type: "dict", description: "Whom.", properties: { name: { type: "string", description: "Name." } } },
            often: { type: "integer", description: "Times.", default: 1 }
          },
          required: ["amount"]
        },
        response
      }),
      {
        type: "function",
        function: {
          name: "pay",
          description: "Pays.",
          parameters: {
            type: "object",
            properties: {
              amount: { type: "number", description: "How much. This is a float type value.", format: "float" },
              parts: { type: "array", items: { type: "number" }, description: "In parts." },
              to: {
                type: "object",
                description: "Whom.",
                properties: { name: { type: "string", description: "Name." } }
              },
              often: { type: "integer", description: "Times.", default: 1 }
            },
            required: ["amount"]
          },
          response
        }
      }
    )
  })
})
