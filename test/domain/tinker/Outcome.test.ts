import { assert, describe, it } from "@effect/vitest"
import { decide, explain } from "../../../src/domain/tinker/Outcome.ts"

const failed = (category: "user" | "server" | "unknown", detail: string) => ({
  _tag: "Failed" as const,
  category,
  detail
})

const outcome = (status: number, json?: unknown) => decide({ status, json })

describe("an answer to a poll", () => {
  it("is a result when it is none of the others", () => {
    assert.deepStrictEqual(outcome(200, { metrics: {} }), { _tag: "Done" })
    assert.deepStrictEqual(decide({ status: 200, json: undefined, binary: new Uint8Array(3) }), { _tag: "Done" })
  })

  it("may ask for patience, with 200 or 408, with the state of the queue or without a word", () => {
    const queue = { type: "try_again" as const, queue_state: "paused_capacity" as const, queue_state_reason: "full" }
    assert.deepStrictEqual(outcome(200, { ...queue, request_id: null }), { _tag: "Waiting", queue })
    assert.deepStrictEqual(outcome(408, queue), { _tag: "Waiting", queue })
    assert.deepStrictEqual(outcome(408, { detail: "Timeout waiting for result" }), {
      _tag: "Waiting",
      queue: undefined
    })
    assert.deepStrictEqual(outcome(408), { _tag: "Waiting", queue: undefined })
  })

  it("may give the size first", () => {
    assert.deepStrictEqual(outcome(200, { status: "complete_metadata", response_payload_size: 7 }), {
      _tag: "Large",
      bytes: 7
    })
  })

  it("is a failure in the words of each kind of server", () => {
    assert.deepStrictEqual(outcome(200, { error: "too long", category: "user" }), failed("user", "too long"))
    assert.deepStrictEqual(outcome(200, { error: "boom", category: "server" }), failed("server", "boom"))
    assert.deepStrictEqual(outcome(400, { detail: "LoRA rank 64" }), failed("unknown", "LoRA rank 64"))
    assert.deepStrictEqual(
      outcome(400, { type: "RequestFailedResponse", error_message: "out of memory" }),
      failed("unknown", "out of memory")
    )
  })

  it("is of a proxy when it is 400 without a reason", () => {
    assert.deepStrictEqual(outcome(400, null), { _tag: "Stray" })
    assert.deepStrictEqual(outcome(400), { _tag: "Stray" })
  })

  it("may be that it is forgotten, unpaid, unwell or refused", () => {
    assert.deepStrictEqual(outcome(410, { detail: "expired" }), { _tag: "Forgotten" })
    assert.deepStrictEqual(outcome(402), { _tag: "Unpaid" })
    for (const status of [429, 500, 503]) assert.deepStrictEqual(outcome(status), { _tag: "Unwell", status })
    assert.deepStrictEqual(outcome(404, { detail: "Future not found" }), {
      _tag: "Refused",
      status: 404,
      detail: "Future not found"
    })
    assert.deepStrictEqual(outcome(401), { _tag: "Refused", status: 401, detail: "no reason given" })
  })

  it("has its complaints put into one sentence", () => {
    const detail = [
      { type: "missing", loc: ["body", "lora_config"], msg: "Field required", input: {} },
      { type: "x", loc: ["body", 3], msg: "Not a number" }
    ]
    assert.strictEqual(explain({ detail }), "body.lora_config: Field required; body.3: Not a number")
    assert.strictEqual(explain({ detail: { code: 7 } }), "{\"code\":7}")
    assert.isUndefined(explain("<html>"))
  })
})
