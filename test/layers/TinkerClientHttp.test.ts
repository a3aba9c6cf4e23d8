import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { float32, int64, modelInput } from "../../src/domain/tinker/Datum.ts"
import * as Endpoint from "../../src/domain/tinker/Endpoint.ts"
import { TinkerClient, type TinkerError } from "../../src/domain/tinker/TinkerClient.ts"
import type * as TinkerClientHttp from "../../src/layers/TinkerClientHttp.ts"
import { type Asked, layer, type Reply, script } from "./tinker/scripted.ts"

const step = { model_id: "m", seq_id: 3, adam_params: adam(0.1) }

function adam(learning_rate: number) {
  return { learning_rate, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0, grad_clip_norm: 0 }
}

const sample = {
  sampling_session_id: "s",
  seq_id: 4,
  num_samples: 1,
  prompt: modelInput([1, 2, 3]),
  sampling_params: { max_tokens: 2, temperature: 1, top_k: -1, top_p: 1 },
  topk_prompt_logprobs: 0
}

const accepted: Reply = { json: { request_id: "7", future_id: "7", status: "pending" } }
const done: Reply = { json: { metrics: { "skyrl.ai/grad_norm": 21.4 } } }
const failing = (status: number, detail = "no"): Reply => ({ status, json: { detail } })

/** What came of an optimiser's step with these answers, what was asked, and how many seconds it took. */
const stepWith = (replies: ReadonlyArray<Reply>, options: Partial<TinkerClientHttp.Options> = {}) =>
  run(replies, (client) => Effect.flatMap(client.submit(Endpoint.optimStep, step), client.retrieve), options)

const run = Effect.fnUntraced(function*<A>(
  replies: ReadonlyArray<Reply>,
  use: (client: TinkerClient["Service"]) => Effect.Effect<A, TinkerError>,
  options: Partial<TinkerClientHttp.Options> = {}
) {
  const { answer, asked } = script(replies)
  const begin = yield* Clock.currentTimeMillis
  const fiber = yield* TinkerClient.use(use).pipe(
    Effect.result,
    Effect.zip(Effect.suspend(() => Clock.currentTimeMillis)),
    Effect.provide(layer(answer, options)),
    Effect.forkChild
  )
  yield* TestClock.adjust("3 hours")
  const [result, milliseconds] = yield* Fiber.join(fiber)
  return { result, asked, seconds: (milliseconds - begin) / 1000 }
})

/** The same of a sample in protocol buffers. */
const sampleWith = (reply: Reply) =>
  run([accepted, reply], (client) => Effect.flatMap(client.submit(Endpoint.sample, sample), client.retrieve), {
    wire: "proto"
  })

const secondsWhenTold = (seconds: string) => {
  const busy = { status: 429, json: { detail: "busy" }, headers: { "retry-after": seconds } }
  return Effect.map(stepWith([busy, accepted, done]), (result) => result.seconds)
}

/** What a client knows of its server when this is all that it says. */
const configWith = (reply: Reply) => Effect.provide(TinkerClient.useSync(({ config }) => config), layer(() => reply))

/** What a client says of a server that it cannot begin with, and how many seconds it took. */
const begin = Effect.fnUntraced(function*(answer: (asked: Asked) => Reply) {
  const from = yield* Clock.currentTimeMillis
  const fiber = yield* TinkerClient.pipe(
    Effect.as(undefined),
    Effect.provide(layer(answer)),
    Effect.catch(({ message }) => Effect.succeed(message)),
    Effect.zip(Effect.suspend(() => Clock.currentTimeMillis)),
    Effect.forkChild
  )
  yield* TestClock.adjust("1 minute")
  const [said, milliseconds] = yield* Fiber.join(fiber)
  return { said, seconds: (milliseconds - from) / 1000 }
})

const reasonOf = Effect.fnUntraced(function*(replies: ReadonlyArray<Reply>) {
  const { asked, result } = yield* stepWith(replies)
  assert(result._tag === "Failure")
  return { reason: result.failure.reason, message: result.failure.message, asked }
})

describe("TinkerClientHttp", () => {
  it.effect("submits, polls and reads the result", () =>
    Effect.gen(function*() {
      const { asked, result } = yield* stepWith([accepted, done], { apiKey: Redacted.make("tml-1") })
      assert.deepInclude(result, { success: { metrics: { "skyrl.ai/grad_norm": 21.4 } } })
      assert.deepStrictEqual(asked.map(({ path }) => path), ["optim_step", "retrieve_future"])
      assert.deepStrictEqual(asked[0]?.body, { ...step, type: "optim_step" })
      assert.deepStrictEqual(asked[1]?.body, { request_id: "7", allow_metadata_only: true })
      assert.strictEqual(asked[0]?.headers["x-api-key"], "tml-1")
      assert.strictEqual(asked[1]?.headers["accept"], "application/json")
    }))

  it.effect("sends what got no answer again, the same under the same key", () =>
    Effect.gen(function*() {
      const { asked, result, seconds } = yield* stepWith(["drop", "silence", failing(503), accepted, done])
      assert.strictEqual(result._tag, "Success")
      const submissions = asked.filter(({ path }) => path === "optim_step")
      assert.strictEqual(submissions.length, 4)
      for (const key of ["x-idempotency-key", "content-type"]) {
        assert.strictEqual(new Set(submissions.map(({ headers }) => headers[key])).size, 1)
      }
      assert.strictEqual(new Set(submissions.map(({ body }) => JSON.stringify(body))).size, 1)
      assert.strictEqual(seconds, 0.5 + 45 + 1 + 2)
    }))

  it.effect("waits as long as it is told to, if that is no more than a minute", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* secondsWhenTold("17"), 17)
      assert.strictEqual(yield* secondsWhenTold("900"), 0.5)
    }))

  it.effect("takes a conflict for one, and says whether an answer may have been lost", () =>
    Effect.gen(function*() {
      const { asked, reason } = yield* reasonOf([failing(409, "number was reused")])
      assert.deepInclude(reason, { _tag: "Conflict", detail: "number was reused", resent: false })
      assert.strictEqual(asked.length, 1)
      assert.deepInclude((yield* reasonOf(["drop", failing(409)])).reason, { _tag: "Conflict", resent: true })
    }))

  it.effect("does not repeat what is refused, and says why in the server's words", () =>
    Effect.gen(function*() {
      const complaints = { status: 422, json: { detail: [{ loc: ["body", "seq_id"], msg: "Field required" }] } }
      const { asked, message, reason } = yield* reasonOf([complaints])
      assert.strictEqual(reason._tag, "RequestRefused")
      assert.strictEqual(message, "optim_step: HTTP 422: body.seq_id: Field required")
      assert.strictEqual(asked.length, 1)
      assert.strictEqual((yield* reasonOf([failing(401)])).reason._tag, "Unauthorized")
      assert.strictEqual((yield* reasonOf([failing(404)])).reason._tag, "RequestRefused")
    }))

  it.effect("gives up after ten attempts", () =>
    Effect.gen(function*() {
      const dropped = yield* reasonOf(["drop"])
      assert.strictEqual(dropped.message, "optim_step: no answer: ECONNRESET (10 attempts)")
      assert.strictEqual(dropped.asked.length, 10)
      const { asked, reason } = yield* reasonOf([failing(500, "oops")])
      assert.deepInclude(reason, { _tag: "ServerOverloaded", status: 500, detail: "oops" })
      assert.isTrue(reason.isRetryable)
      assert.strictEqual(asked.length, 10)
    }))

  it.effect("polls until there is an outcome, whatever says that there is none yet", () =>
    Effect.gen(function*() {
      const waiting = { type: "try_again", request_id: "7", queue_state: "active" }
      const { asked, result, seconds } = yield* stepWith([
        accepted,
        { json: waiting },
        { status: 408, json: { detail: "Timeout waiting for result" } },
        "silence",
        "drop",
        { status: 503, text: "<html>" },
        { status: 429, json: { detail: "slow down" } },
        { status: 400, text: "" },
        done
      ])
      assert.strictEqual(result._tag, "Success")
      assert.strictEqual(asked.length, 9)
      assert.strictEqual(seconds, 52.3)
    }))

  it.effect("makes room for a large result before it takes it", () =>
    Effect.gen(function*() {
      const large = { json: { status: "complete_metadata", response_payload_size: 999_999_999 } }
      const { asked, result } = yield* stepWith([accepted, large, done])
      assert.strictEqual(result._tag, "Success")
      assert.deepStrictEqual(asked.slice(1).map(({ body }) => body), [
        { request_id: "7", allow_metadata_only: true },
        { request_id: "7", allow_metadata_only: false }
      ])
    }))

  it.effect("submits again what the server has forgotten, and not for ever", () =>
    Effect.gen(function*() {
      const expired = failing(410, "promise expired")
      const { asked, result } = yield* stepWith([accepted, expired, { json: { request_id: "8" } }, done])
      assert.strictEqual(result._tag, "Success")
      assert.deepStrictEqual(asked.map(({ path }) => path), [
        "optim_step",
        "retrieve_future",
        "optim_step",
        "retrieve_future"
      ])
      assert.deepStrictEqual(asked[2]?.body, asked[0]?.body)
      const { reason } = yield* reasonOf([accepted, expired, accepted, expired, accepted, expired])
      assert.strictEqual(reason._tag, "OutcomeLost")
    }))

  it.effect("fails with what the server says of a failed operation", () =>
    Effect.gen(function*() {
      const shapes: ReadonlyArray<readonly [Reply, string, boolean]> = [
        [{ json: { error: "too long", category: "user" } }, "too long", false],
        [{ json: { error: "worker lost", category: "server" } }, "worker lost", true],
        [failing(400, "Model m not loaded"), "Model m not loaded", false],
        [{ status: 400, json: { type: "RequestFailedResponse", error_message: "CUDA" } }, "CUDA", false]
      ]
      for (const [reply, detail, retryable] of shapes) {
        const { asked, message, reason } = yield* reasonOf([accepted, reply])
        assert.strictEqual(message, `optim_step: request 7 failed: ${detail}`)
        assert.deepInclude(reason, { _tag: "OperationFailed", isRetryable: retryable })
        assert.strictEqual(asked.length, 2)
      }
      assert.strictEqual((yield* reasonOf([accepted, failing(404)])).reason._tag, "RequestRefused")
      const stray = yield* reasonOf([accepted, { status: 400, text: "" }])
      assert.deepInclude(stray.reason, { _tag: "RequestRefused", status: 400 })
      assert.strictEqual(stray.asked.length, 5)
    }))

  it.effect("waits for an account to be paid, for an hour", () =>
    Effect.gen(function*() {
      const unpaid = failing(402, "billing")
      const paid = yield* stepWith([unpaid, accepted, unpaid, unpaid, done])
      assert.strictEqual(paid.result._tag, "Success")
      assert.strictEqual(paid.seconds, 15)
      assert.deepInclude((yield* reasonOf([accepted, unpaid])).reason, { _tag: "BillingPaused", seconds: 3600 })
      assert.strictEqual((yield* reasonOf([unpaid])).reason._tag, "BillingPaused")
    }))

  it.effect("says what it cannot read", () =>
    Effect.gen(function*() {
      const { message, reason } = yield* reasonOf([accepted, { json: { metrics: { grad_norm: "much" } } }])
      assert.strictEqual(reason._tag, "AnswerMalformed")
      assert.include(message, "grad_norm")
      assert.strictEqual((yield* reasonOf([{ json: { future: 7 } }])).reason._tag, "AnswerMalformed")
    }))

  it.effect("waits for a sampler under load as long as it takes, with the same number", () =>
    Effect.gen(function*() {
      const busy = failing(429, "backpressure")
      const sequence = { stop_reason: "stop" as const, tokens: [5, 6], logprobs: [-0.3, -0.1] }
      const { asked, result, seconds } = yield* run(
        [...Array.from({ length: 30 }, () => busy), failing(425), accepted, { json: { sequences: [sequence] } }],
        (client) => Effect.flatMap(client.submit(Endpoint.sample, sample), client.retrieve)
      )
      assert.deepInclude(result, { success: { sequences: [sequence] } })
      assert.strictEqual(new Set(asked.slice(0, -1).map(({ body }) => JSON.stringify(body))).size, 1)
      assert.strictEqual(asked[0]?.headers["x-tinker-sampling-backpressure"], "1")
      assert.isAtLeast(seconds, 30)
      assert.strictEqual(asked.length, 33)
    }))

  it.effect("exchanges the key for a token where the server wants one, and renews it before it ends", () =>
    Effect.gen(function*() {
      let issued = 0
      const keys: Array<string | undefined> = []
      const token = (exp: number) => `h.${Buffer.from(JSON.stringify({ exp })).toString("base64url")}.s${issued}`
      const answers = layer(({ headers, path }) => {
        if (path === "client/config") return { json: { pjwt_auth_enabled: true } }
        if (path === "auth/token") {
          issued += 1
          assert.strictEqual(headers["x-api-key"], "tml-1")
          return { json: { jwt: token(issued * 3600) } }
        }
        keys.push(headers["x-api-key"]?.slice(-2))
        return { json: { status: "ok" } }
      }, { apiKey: Redacted.make("tml-1") })
      yield* Effect.gen(function*() {
        const { get } = yield* TinkerClient
        for (const minutes of [0, 54, 2, 50]) {
          yield* TestClock.adjust(Duration.minutes(minutes))
          yield* get(Endpoint.healthz)
        }
      }).pipe(Effect.provide(answers))
      assert.deepStrictEqual(keys, ["s1", "s1", "s2", "s2"])
    }))

  it.effect("works with a server that knows nothing of configuration, and takes limits from one that does", () =>
    Effect.gen(function*() {
      const unconfigured = layer(({ path }) => path === "healthz" ? { json: { status: "ok" } } : failing(404))
      const defaults = yield* Effect.provide(TinkerClient.useSync(({ config }) => config), unconfigured)
      assert.strictEqual(defaults.fwdbwd_max_chunk_len, 1024)
      assert.strictEqual(
        (yield* configWith({ json: { fwdbwd_max_chunk_len: 3, other: null } })).fwdbwd_max_chunk_len,
        3
      )
    }))

  it.effect("says at once, and where, that nobody is there, or another server, or that the key is wrong", () =>
    Effect.gen(function*() {
      const another =
        "what answers there does not speak Tinker's protocol: GET http://server/api/v1/healthz is answered"
      const cases: ReadonlyArray<readonly [(asked: Asked) => Reply, said: string, seconds: number]> = [
        [() => "drop", "no answer: ECONNRESET", 0],
        [() => "silence", "no answer: nothing was said for 10 seconds", 10],
        [() => failing(404), `${another} with HTTP 404`, 0],
        [() => ({ text: "<html>" }), `${another} with HTTP 200`, 0],
        [({ method }) => failing(method === "POST" ? 501 : 404), `${another} with HTTP 404`, 0],
        [() => failing(401), "HTTP 401: no; is the API key right?", 0],
        [() => failing(503, "starting"), "HTTP 503: starting", 1.5]
      ]
      for (const [answer, said, seconds] of cases) {
        const begun = yield* begin(answer)
        assert.deepStrictEqual(begun, { said: `http://server: ${said}`, seconds })
      }
      const { message } = yield* Effect.flip(
        Effect.provide(TinkerClient, layer(() => ({ json: {} }), { url: "localhost:8000" }))
      )
      assert.strictEqual(message, "localhost:8000: no answer: an address begins with http:// or https://")
      const late = [failing(503), { json: {} }]
      assert.deepStrictEqual(yield* begin(() => late.shift() ?? failing(500)), { said: undefined, seconds: 0.5 })
    }))
})

describe("TinkerClientHttp, in protocol buffers", () => {
  const datum = {
    model_input: modelInput([60, 61]),
    loss_fn_inputs: { target_tokens: int64([61, 62]), weights: float32([0.5, -1.5]) }
  }

  it.effect("sends a pass as bytes, forward ones to the same place", () =>
    Effect.gen(function*() {
      const output = Buffer.from("CgZzY2FsYXI=", "base64")
      const { asked, result } = yield* run(
        [accepted, { proto: output }],
        (client) =>
          Effect.flatMap(
            client.submit(Endpoint.forward, {
              model_id: "m",
              seq_id: 1,
              forward_input: { data: [datum], loss_fn: "cross_entropy" }
            }),
            client.retrieve
          ),
        { wire: "proto" }
      )
      assert.deepInclude(result, { success: { loss_fn_output_type: "scalar", loss_fn_outputs: [], metrics: {} } })
      assert.strictEqual(asked[0]?.path, "forward_backward")
      assert.strictEqual(asked[0]?.headers["content-type"], "application/x-protobuf")
      assert.strictEqual(asked[1]?.headers["accept"], "application/x-protobuf, application/json")
      assert.include(Buffer.from(asked[0]!.bytes).toString("latin1"), "target_tokens")
    }))

  it.effect("reads JSON where a server answers in it, and says what is no message", () =>
    Effect.gen(function*() {
      const sequences = [{ stop_reason: "length" as const, tokens: [3] }]
      assert.deepInclude((yield* sampleWith({ json: { sequences } })).result, { success: { sequences } })
      const { result } = yield* sampleWith({ proto: Uint8Array.of(255, 255, 255) })
      assert(result._tag === "Failure")
      assert.strictEqual(result.failure.reason._tag, "AnswerMalformed")
    }))
})
