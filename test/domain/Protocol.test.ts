import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { answer, call, isReply, messageOf, parseResponse, resultsText } from "../../src/domain/Protocol.ts"
import { dumps, loads } from "../../src/domain/python/Json.ts"
import { Dict, equals } from "../../src/domain/python/Value.ts"
import { text } from "./python/values.ts"

/** Parts of messages without calls. */
const Part = Schema.Literals(["<think>a</think>", "<answer>b</answer>", "<think>", "</think>", "<answer>", "</answer>"])

/** What such a message is by the original's regular expressions. */
const kindByPatterns = (message: string): "answer" | "malformed" => {
  const thoughts = /<think>[^]*?<\/think>/g
  const answers = /<answer>[^]*?<\/answer>/g
  const isOne = [thoughts, answers].every((pattern) => message.match(pattern)?.length === 1)
  return isOne && message.replaceAll(thoughts, "").replaceAll(answers, "") === "" ? "answer" : "malformed"
}

describe("parseResponse", () => {
  const think = "<think>t</think>"

  it("takes one thought and either calls or an answer", () => {
    assert.deepStrictEqual(parseResponse(`${think}\n<answer> done </answer>`), { kind: "answer", content: "done" })
    assert.deepStrictEqual(parseResponse(`<tool_call>\n[{"name":"cd"}]\n</tool_call>${think}`), {
      kind: "tool_call",
      content: "[{\"name\": \"cd\"}]"
    })
  })

  it("says what is wrong with anything else", () => {
    for (
      const [message, expected] of [
        ["hi", "Missing <think></think> tags"],
        [think + think, "Multiple <think></think> tag pairs found. Only one pair is allowed."],
        [
          `${think}<answer>a</answer><answer>b</answer>`,
          "Multiple <answer></answer> tag pairs found. Only one pair is allowed."
        ],
        [
          `${think}<tool_call>[]</tool_call><tool_call>[]</tool_call>`,
          "Multiple <tool_call></tool_call> tag pairs found. Only one pair is allowed."
        ],
        [
          `${think}<tool_call>[]</tool_call><answer>a</answer>`,
          "Response cannot contain both <tool_call> and <answer> tags"
        ],
        [think, "Response must contain either <tool_call> or <answer> tags"],
        [`${think}<answer>a</answer> and more`, "Response must not contain text outside the required XML tags"],
        [
          `${think}<tool_call>{]</tool_call>`,
          "Invalid JSON inside <tool_call>: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
        ]
      ] as const
    ) {
      assert.deepStrictEqual(parseResponse(message), {
        kind: "malformed",
        content: message,
        error: `Error: ${expected}`
      })
    }
  })

  it.prop("finds the tags that the original's patterns find", [Schema.Array(Part)], ([parts]) => {
    const message = parts.join("")
    assert.strictEqual(parseResponse(message).kind, kindByPatterns(message))
  })

  it.prop("never throws", [text], ([content]) => {
    assert.oneOf(parseResponse(`${think}<tool_call>${content}</tool_call>`).kind, ["tool_call", "malformed"])
  })

  it.prop("reads what call and answer write", [Schema.String, Schema.JsonObject], ([name, given]) => {
    const called = parseResponse(call(name, given))
    const tagged = /<\/?(think|tool_call|answer)>/.test(JSON.stringify([name, given]))
    if (tagged) return
    assert.strictEqual(called.kind, "tool_call")
    assert.strictEqual(called.content, dumps(loads(JSON.stringify([{ name, arguments: given }]))))
    assert.deepStrictEqual(parseResponse(answer("Done.")), { kind: "answer", content: "Done." })
  })
})

describe("isReply", () => {
  it.prop("tells what the protocol says to the agent from a request", [Schema.Array(Schema.String)], ([results]) => {
    assert.isTrue(isReply(resultsText(results)))
    const { content } = parseResponse("no tags")
    assert.isFalse(isReply(content))
    const malformed = parseResponse("no tags")
    assert.isTrue(malformed.kind === "malformed" && isReply(malformed.error))
  })
})

describe("messageOf", () => {
  it.prop("gives back what a message was made of", [text, text, text], ([name, argument, thought]) => {
    if (parseResponse(call(name, { argument }, thought)).kind === "malformed") return
    const message = messageOf(call(name, { argument }, thought))
    assert.strictEqual(message.content, "")
    assert.strictEqual(message.reasoning ?? "", thought)
    const [said] = message.toolCalls ?? []
    assert.strictEqual(said?.name, name)
    assert.isTrue(equals(loads(said?.arguments ?? ""), Dict.of({ argument })))
  })

  it("leaves out what is no call, and leaves what is malformed as it is", () => {
    assert.deepStrictEqual(messageOf("<think></think><tool_call>[1, {\"name\": \"ls\"}]</tool_call>"), {
      role: "assistant",
      content: "",
      toolCalls: [{ name: "ls", arguments: "{}" }]
    })
    assert.deepStrictEqual(messageOf(answer("Done.", "t")), { role: "assistant", content: "Done.", reasoning: "t" })
    const open = "<think>t</think><tool_call>[{\"name\": \"ls\""
    assert.deepStrictEqual(messageOf(open), { role: "assistant", content: open })
  })
})
