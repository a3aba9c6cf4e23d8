import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type { Message, ToolDocument } from "../../../src/domain/Message.ts"
import * as Request from "../../../src/domain/openai/Request.ts"
import * as Toolbox from "../../../src/domain/openai/Toolbox.ts"

const tool = (name: string, more: Partial<ToolDocument> = {}): ToolDocument => ({
  name,
  description: `does ${name}`,
  parameters: [],
  ...more
})

const options: Request.Options = { model: "org/\"m\"", limitName: "max_tokens", tools: true }

const bodyOf = (conversation: Request.Conversation, seed = 3) =>
  JSON.parse(conversation.body({ temperature: 0.001, maxTokens: 64 }, seed))

describe("a toolbox", () => {
  it.prop(
    "spells every name as the API allows it, and finds the tool again",
    [Schema.Array(Schema.String.check(Schema.isMaxLength(80)))],
    ([names]) => {
      const tools = [...new Set(names)].map((name) => tool(name))
      const { named, spelled } = Toolbox.make(tools)
      for (const { name } of tools) {
        assert.match(spelled(name), /^[a-zA-Z0-9_-]{0,64}$/)
        assert.strictEqual(named(spelled(name)), name)
      }
    }
  )

  it("keeps apart what would be spelled alike", () => {
    const { json, named } = Toolbox.make([tool("a.b"), tool("a_b"), tool("a/b")])
    const spelled: ReadonlyArray<string> = JSON.parse(json).map((one: { function: { name: string } }) =>
      one.function.name
    )
    assert.deepStrictEqual(spelled, ["a_b", "a_b_2", "a_b_3"])
    assert.deepStrictEqual(spelled.map(named), ["a.b", "a_b", "a/b"])
    assert.strictEqual(named("never_heard_of"), "never_heard_of")
  })

  it("sends a compiled document as it is, and makes one of what a document says", () => {
    const compiled = { type: "function", function: { name: "ls", parameters: { type: "object", properties: {} } } }
    const said = tool("move", {
      parameters: [
        { name: "far", type: "float", description: "in m", required: true },
        { name: "to", type: "string", description: "where", required: false, allowed: ["up", "down"] }
      ]
    })
    assert.deepStrictEqual(JSON.parse(Toolbox.make([tool("ls", { raw: compiled }), said]).json), [
      compiled,
      {
        type: "function",
        function: {
          name: "move",
          description: "does move",
          parameters: {
            type: "object",
            properties: {
              far: { type: "number", description: "in m" },
              to: { type: "string", description: "where", enum: ["up", "down"] }
            },
            required: ["far"]
          }
        }
      }
    ])
  })
})

const spoken = Schema.Struct({ role: Schema.Literals(["system", "user", "assistant"]), content: Schema.String })

describe("the requests of an episode", () => {
  it.prop("hold every message in order, however they came", [Schema.Array(spoken), Schema.Natural], ([said, cut]) => {
    const conversation = new Request.Conversation([], options)
    const messages: ReadonlyArray<Message> = said
    conversation.add(messages.slice(0, cut % (said.length + 1)))
    conversation.add(messages.slice(cut % (said.length + 1)))
    assert.deepStrictEqual(bodyOf(conversation), {
      model: "org/\"m\"",
      messages: said.map(({ content, role }) => ({ role, content })),
      temperature: 0.001,
      max_tokens: 64,
      seed: 3,
      stream: false
    })
  })

  it("do not send thoughts back, and answer calls by their ids", () => {
    const conversation = new Request.Conversation([tool("a.b")], { ...options, limitName: "max_completion_tokens" })
    conversation.add([
      { role: "assistant", content: "", reasoning: "why?", toolCalls: [{ id: "1", name: "a.b", arguments: "{}" }] },
      { role: "tool", content: "7", toolCallId: "1" }
    ])
    const body = bodyOf(conversation)
    assert.deepStrictEqual(body.messages, [
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "1", type: "function", function: { name: "a_b", arguments: "{}" } }]
      },
      { role: "tool", content: "7", tool_call_id: "1" }
    ])
    assert.deepInclude(body, { max_completion_tokens: 64, parallel_tool_calls: true })
    assert.lengthOf(body.tools, 1)
  })

  it("have the tools that the last message brought which brought any", () => {
    const conversation = new Request.Conversation([tool("a")], options)
    conversation.add([{ role: "user", content: "x", tools: [tool("b"), tool("c")] }, { role: "user", content: "y" }])
    assert.deepStrictEqual(
      bodyOf(conversation).tools.map((one: { function: { name: string } }) => one.function.name),
      ["b", "c"]
    )
  })
})
