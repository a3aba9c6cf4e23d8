import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Reply from "../../../src/domain/openai/Reply.ts"

const read = (status: number, body: unknown, retryAfter?: string, now = 0) =>
  Reply.read({ status, body: typeof body === "string" ? body : JSON.stringify(body), retryAfter }, 2, now)

const chat = (message: object, more: object = {}) => read(200, { choices: [{ message, ...more }] })

const counted = (usage: object) => read(200, { choices: [{ message: {} }], usage })

const error = (message: string, more: object = {}) => ({ error: { message, ...more } })

describe("a chat completion", () => {
  it("keeps thoughts apart under either name, and calls in the words of the model", () => {
    for (const name of ["reasoning_content", "reasoning"]) {
      assert.deepStrictEqual(chat({ content: "yes", [name]: "hm" }, { finish_reason: "stop" }), {
        _tag: "Said",
        completion: { message: { role: "assistant", content: "yes", reasoning: "hm" }, stop: "stop" }
      })
    }
    const calls = [
      { id: "x", type: "function", function: { name: "f", arguments: "{\"a\": 1.0" } },
      { function: { name: "g", arguments: { a: [1] } } }
    ]
    assert.deepStrictEqual(chat({ content: null, tool_calls: calls }, { finish_reason: "length" }), {
      _tag: "Said",
      completion: {
        message: {
          role: "assistant",
          content: "",
          toolCalls: [
            { id: "x", name: "f", arguments: "{\"a\": 1.0" },
            { id: "call_2_1", name: "g", arguments: "{\"a\":[1]}" }
          ]
        },
        stop: "length"
      }
    })
  })

  it("may say how many tokens it took", () => {
    const completion = { message: { role: "assistant", content: "" }, stop: "stop" } as const
    assert.deepStrictEqual(
      counted({ prompt_tokens: 9, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 8 } }),
      { _tag: "Said", completion: { ...completion, usage: { prompt: 9, cached: 8, completion: 4 } } }
    )
    assert.deepStrictEqual(
      counted({ prompt_tokens: 9, completion_tokens: 4, prompt_tokens_details: null }),
      { _tag: "Said", completion: { ...completion, usage: { prompt: 9, cached: 0, completion: 4 } } }
    )
  })

  it.prop("is asked for again when its text is cut anywhere", [Schema.Natural], ([at]) => {
    const whole = JSON.stringify({ choices: [{ message: { content: "yes" } }] })
    assert.strictEqual(read(200, whole.slice(0, at % whole.length))._tag, "Again")
  })
})

describe("another status", () => {
  it("says what to do about it", () => {
    for (const status of [408, 409, 425, 429, 500, 502, 503, 529]) assert.strictEqual(read(status, "")._tag, "Again")
    for (const status of [400, 401, 403, 404, 413, 422]) assert.strictEqual(read(status, "")._tag, "Refused")
    assert.strictEqual(read(429, error("no credit", { code: "insufficient_quota" }))._tag, "Refused")
  })

  it("is told in the server's words, wherever those are", () => {
    const told = [error("no"), { error: "no" }, { detail: "no" }, { object: "error", message: "no", code: 400 }, "no"]
    for (const body of told) {
      assert.deepStrictEqual(read(400, body), { _tag: "Refused", status: 400, detail: "HTTP 400: no" })
    }
    assert.deepStrictEqual(read(500, "x".repeat(1000)), {
      _tag: "Again",
      detail: `HTTP 500: ${"x".repeat(300)}...`
    })
  })

  it("is no error where the conversation is too long; the room that is left is told by some", () => {
    const cases: ReadonlyArray<readonly [object, number]> = [
      [
        error(
          "This model's maximum context length is 4096 tokens. However, you requested 4200 tokens (104 in the " +
            "messages, 4096 in the completion)."
        ),
        3992
      ],
      [
        error(
          "'max_tokens' or 'max_completion_tokens' is too large: 4096. This model's maximum context length is 8192 " +
            "tokens and your request has 6000 input tokens (4096 > 8192 - 6000)."
        ),
        2192
      ],
      [error("This model's maximum context length is 100 tokens. However, your request has 5000 input tokens."), 0],
      [{
        object: "error",
        message: "Requested token count exceeds the model's maximum context length of 8192 tokens. " +
          "You requested a total of 10000 tokens: 6000 tokens from the input messages and 4000 tokens for the completion."
      }, 2192],
      [error("too many", { code: "context_length_exceeded" }), 0],
      [error("the request exceeds it", { type: "exceed_context_size_error" }), 0]
    ]
    for (const [body, room] of cases) assert.deepStrictEqual(read(400, body), { _tag: "Full", room })
  })
})

describe("Retry-After", () => {
  it.prop(
    "is a number of seconds or a date",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1e6 }))],
    ([n]) => {
      const now = 1.7e12
      assert.strictEqual(Reply.retryAfter(String(n), now), n * 1000)
      assert.strictEqual(Reply.retryAfter(new Date(now + n * 1000).toUTCString(), now), n * 1000)
      assert.strictEqual(Reply.retryAfter(new Date(now - n * 1000).toUTCString(), now), 0)
    }
  )

  it("is ignored when it is neither", () => {
    assert.isUndefined(Reply.retryAfter("soon", 0))
    assert.isUndefined(Reply.retryAfter(undefined, 0))
    assert.deepStrictEqual(read(503, "", "2"), { _tag: "Again", detail: "HTTP 503", after: 2000 })
  })
})
