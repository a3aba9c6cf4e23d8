import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { read, reasoningOf, type Style } from "../../../src/domain/chat/Writing.ts"

const tags: Style = { calls: "tags", reasoning: true }
const objects: Style = { calls: "objects", reasoning: false }

const call = (name: string) => `<tool_call>\n{"name": "${name}", "arguments": {}}\n</tool_call>`

describe("what a model writes", () => {
  it("is taken apart: reasoning, words and calls", () => {
    assert.deepStrictEqual(read(`<think>\nHm.\n</think>\n\nLook:\n${call("ls")}\n${call("cat")}`, tags), {
      role: "assistant",
      content: "Look:",
      reasoning: "Hm.",
      toolCalls: [{ name: "ls", arguments: "{}" }, { name: "cat", arguments: "{}" }]
    })
  })

  it("may reason in a thought that the prompt has opened, or that was cut", () => {
    assert.deepStrictEqual(read("Hm.\n</think>\n\nYes.", tags), {
      role: "assistant",
      content: "Yes.",
      reasoning: "Hm."
    })
    assert.deepStrictEqual(read("<think>\nHm", tags), { role: "assistant", content: "", reasoning: "Hm" })
    assert.deepStrictEqual(read("<think>\n\n</think>\n\nYes.", tags), { role: "assistant", content: "Yes." })
  })

  it("keeps tags in content where the family does not think", () => {
    const text = "<think>Hm.</think>Yes."
    assert.strictEqual(read(text, { ...tags, reasoning: false }).content, text)
  })

  it("keeps what looks like a call and is none", () => {
    for (
      const text of [
        "<tool_call>\n{\"name\": \"ls\"}\n</tool_call>",
        "<tool_call>\n{\"name\": \"ls\", \"arguments\": [1]}\n</tool_call>",
        "<tool_call>\n{\"name\": 1, \"arguments\": {}}\n</tool_call>",
        "<tool_call>\n{'name': 'ls'}\n</tool_call>",
        "<tool_call>\n{\"name\": \"ls\", \"arguments\": {\"a\": \"b}}\n</tool_call>",
        "<tool_call>\n{\"name\": \"ls\", \"arguments\": {}}",
        "</tool_call>"
      ]
    ) {
      assert.deepStrictEqual(read(text, tags), { role: "assistant", content: text })
      const both = read(`${text}\n${call("cd")}`, tags)
      assert.deepStrictEqual(both.toolCalls, [{ name: "cd", arguments: "{}" }], text)
      assert.strictEqual(both.content, text)
    }
  })

  it("may have a tag in a string, and arguments as a text", () => {
    const [one] =
      read("<tool_call>{\"name\": \"echo\", \"arguments\": {\"a\": \"</tool_call>\"}}</tool_call>", tags).toolCalls ??
        []
    assert.deepStrictEqual(one, { name: "echo", arguments: "{\"a\": \"</tool_call>\"}" })
    const [two] =
      read("<tool_call>{\"name\": \"echo\", \"arguments\": \"{\\\"a\\\": 1.0}\"}</tool_call>", tags).toolCalls ?? []
    assert.deepStrictEqual(two, { name: "echo", arguments: "{\"a\": 1.0}" })
  })

  it("is calls and nothing else where calls are bare objects", () => {
    const ls = "{\"name\": \"ls\", \"parameters\": {\"a\": 3.0}}"
    const expected = { name: "ls", arguments: "{\"a\": 3.0}" }
    assert.deepStrictEqual(read(ls, objects).toolCalls, [expected])
    assert.deepStrictEqual(read(`<|python_tag|>${ls}; ${ls}\n${ls}`, objects).toolCalls, [expected, expected, expected])
    for (const text of [`Look: ${ls}`, `${ls} or so`, ls.slice(0, -1), "{\"name\": \"ls\"}", "Yes.", ""]) {
      assert.deepStrictEqual(read(text, objects), { role: "assistant", content: text })
    }
  })

  it.prop("is nowhere lost: what is no call stays, in order", [
    Arbitrary.schema(Schema.Array(Schema.Literals(["a", "\n", "<tool_call>", "</tool_call>", "{\"", "\"}", "<think>"])))
  ], ([parts]) => {
    assert.strictEqual(read(parts.join(""), { ...tags, reasoning: false }).content, parts.join(""))
  })
})

const reasoning = (...tokens: ReadonlyArray<string>) => reasoningOf(tokens.length, (n) => tokens.slice(0, n).join(""))

describe("reasoning in tokens", () => {
  it("ends behind the last closing tag and the line feeds that follow", () => {
    assert.deepStrictEqual(reasoning("<think>", "\n", "Hm", "</think>", "\n\n", "Yes", "\n"), {
      length: 5,
      empty: false
    })
    assert.deepStrictEqual(reasoning("a</th", "ink>", "\n", "\n", "Yes"), { length: 4, empty: false })
    assert.deepStrictEqual(reasoning("<think>", "\n\n", "</think>", "Yes"), { length: 3, empty: true })
    assert.deepStrictEqual(reasoning("<think>", "a", "</think>", "b", "</think>", "\n\nYes"), {
      length: 5,
      empty: false
    })
  })

  it("is all there is when it was cut, and nothing where there is none", () => {
    assert.deepStrictEqual(reasoning("<think>", "\n", "Hm"), { length: 3, empty: false })
    assert.deepStrictEqual(reasoning("Yes", "."), { length: 0, empty: true })
  })
})
