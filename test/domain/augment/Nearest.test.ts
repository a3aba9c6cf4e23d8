import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { distance, nearest } from "../../../src/domain/augment/Nearest.ts"

const Word = Schema.String.check(Schema.isMaxLength(12))

describe("distance", () => {
  it("counts insertions, deletions, replacements and swaps", () => {
    assert.strictEqual(distance("tail", "tails"), 1)
    assert.strictEqual(distance("tail", "til"), 1)
    assert.strictEqual(distance("tail", "tell"), 2)
    assert.strictEqual(distance("tail", "tial"), 1)
    assert.strictEqual(distance("", "abc"), 3)
  })

  it.prop("is 0 for equal texts only, symmetric, and at most the longer length", [Word, Word], ([a, b]) => {
    const edits = distance(a, b)
    assert.strictEqual(edits === 0, a === b)
    assert.strictEqual(distance(b, a), edits)
    assert.isTrue(edits >= Math.abs(a.length - b.length) && edits <= Math.max(a.length, b.length))
  })
})

describe("nearest", () => {
  const tools = ["setHeadlights", "set_navigation", "get_zipcode_based_on_city", "ls", "lockDoors"]

  it("finds a name behind a typo, another case or another separator", () => {
    assert.strictEqual(nearest("set_head_lights", tools), "setHeadlights")
    assert.strictEqual(nearest("lockdoor", tools), "lockDoors")
    assert.strictEqual(nearest("getZipcodeBasedOnCity", tools), "get_zipcode_based_on_city")
    assert.strictEqual(nearest("LS", tools), "ls")
  })

  it("does not guess what is too far", () => {
    assert.isUndefined(nearest("remove", tools))
    assert.isUndefined(nearest("l", tools))
    assert.isUndefined(nearest("", tools))
    assert.isUndefined(nearest("x".repeat(10_000), tools))
  })

  it.prop("finds every name by itself", [Schema.Literals(tools)], ([name]) => {
    assert.strictEqual(nearest(name, tools), name)
  })
})
