import { assert, describe, it } from "@effect/vitest"
import { bind, type Parameter } from "../../../src/domain/python/Signature.ts"
import type { Keywords, Value } from "../../../src/domain/python/Value.ts"

const add = [{ name: "a" }, { name: "b" }]
const wc = [{ name: "file_name" }, { name: "mode", default: "l" }]
const three = [{ name: "value" }, { name: "base" }, { name: "precision" }]

const bound = (
  parameters: ReadonlyArray<Parameter>,
  positional: ReadonlyArray<Value>,
  keywords: Record<string, Value> = {}
) => {
  const result = bind("C.m", parameters, positional, Object.entries(keywords) satisfies Keywords)
  return "message" in result ? `${result.kind}: ${result.message}` : result
}

describe("bind", () => {
  it("fills positions, then names, then defaults", () => {
    assert.deepStrictEqual(bound(add, [1n], { b: null }), [1n, null])
    assert.deepStrictEqual(bound(wc, ["f"]), ["f", "l"])
    assert.deepStrictEqual(bound(wc, [], { mode: "w", file_name: "f" }), ["f", "w"])
  })

  it("says what is missing, unexpected, given twice or too much in CPython's words", () => {
    for (
      const [result, expected] of [
        [bound(add, [1n]), "missing_argument: C.m() missing 1 required positional argument: 'b'"],
        [bound(add, []), "missing_argument: C.m() missing 2 required positional arguments: 'a' and 'b'"],
        [
          bound(three, []),
          "missing_argument: C.m() missing 3 required positional arguments: 'value', 'base', and 'precision'"
        ],
        [bound(add, [1n], { c: 1n }), "unexpected_argument: C.m() got an unexpected keyword argument 'c'"],
        [bound(add, [1n], { a: 1n }), "duplicate_argument: C.m() got multiple values for argument 'a'"],
        [bound(add, [1n, 2n, 3n]), "too_many_arguments: C.m() takes 3 positional arguments but 4 were given"],
        [
          bound(wc, ["a", "l", "x"]),
          "too_many_arguments: C.m() takes from 2 to 3 positional arguments but 4 were given"
        ],
        [bound([], [1n]), "too_many_arguments: C.m() takes 1 positional argument but 2 were given"]
      ] as const
    ) assert.strictEqual(result, expected)
  })

  it("has a receiver that is given already", () => {
    for (
      const [result, expected] of [
        [bound([], [], { self: 1n }), "got multiple values for argument 'self'"],
        [bound(add, [1n], { self: 1n }), "got multiple values for argument 'self'"],
        [bound(add, [1n, 2n, 3n], { self: 1n, c: 1n }), "got multiple values for argument 'self'"],
        [bound(add, [1n], { c: 1n, self: 1n }), "got an unexpected keyword argument 'c'"]
      ] as const
    ) assert.strictEqual(result, `unexpected_argument: C.m() ${expected}`)
    assert.deepStrictEqual(bind("f", [{ name: "self" }], [], [["self", 1n]], []), [1n])
  })

  it("checks keywords first, then the count, then what is missing", () => {
    assert.strictEqual(bound([], [1n], { x: 1n }), "unexpected_argument: C.m() got an unexpected keyword argument 'x'")
    assert.strictEqual(
      bound(wc, ["a", "l", "x"], { mode: "w" }),
      "duplicate_argument: C.m() got multiple values for argument 'mode'"
    )
    assert.strictEqual(
      bound(wc, [], { modes: "l" }),
      "unexpected_argument: C.m() got an unexpected keyword argument 'modes'"
    )
  })
})
