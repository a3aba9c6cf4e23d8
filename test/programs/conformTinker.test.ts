import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { float32, int64, modelInput } from "../../src/domain/tinker/Datum.ts"
import { encodePass } from "../../src/layers/tinker/Protobuf.ts"
import { conformTinker } from "../../src/programs/conformTinker.ts"
import { writeFolder } from "../layers/benchmark.ts"

const exchange = (
  name: string,
  path: string,
  body: unknown,
  answer: { readonly status?: number; readonly body: unknown; readonly contentType?: string }
): readonly [string, string] => [
  `${name}.json`,
  JSON.stringify({
    name,
    request: { method: body === undefined ? "GET" : "POST", path: `/api/v1/${path}`, body: body ?? null },
    response: { status: 200, contentType: "application/json", ...answer }
  })
]

const poll = { request_id: "7", allow_metadata_only: false }
const load = { model_id: "m", path: "tinker://m/weights/a", optimizer: true, seq_id: 63, type: "load_weights" }

const pass = encodePass({
  modelId: "m",
  sequenceId: 1,
  pass: {
    data: [{
      model_input: modelInput([60, 61]),
      loss_fn_inputs: { target_tokens: int64([61, 62]), weights: float32([0.5, -1.5]) }
    }],
    loss_fn: "cross_entropy"
  },
  forwardOnly: true
})

const recorded = Object.fromEntries([
  exchange("healthz", "healthz", undefined, { body: { status: "ok" } }),
  exchange("client_config", "client/config", { sdk_version: "0.24.1" }, { body: { pjwt_auth_enabled: false } }),
  exchange("load_weights.not_first_400", "load_weights", load, { status: 400, body: { detail: "not permitted" } }),
  exchange("retrieve_future.optim_step", "retrieve_future", poll, { body: { metrics: { grad_norm: 2 } } }),
  exchange("retrieve_future.timeout_408", "retrieve_future", poll, { status: 408, body: { detail: "Timeout" } }),
  exchange("retrieve_future.forward.proto", "retrieve_future", poll, {
    contentType: "application/x-protobuf",
    body: { base64: "CgZzY2FsYXI=" }
  }),
  exchange("forward.proto_request", "forward_backward", { base64: Buffer.from(pass).toString("base64") }, {
    body: { request_id: "8" }
  }),
  exchange("telemetry", "telemetry", { events: [] }, { body: { status: "accepted" } }),
  ["golden_grpo.json", "{}"] as const
])

const run = Effect.fnUntraced(function*(changes: Readonly<Record<string, string>> = {}) {
  const files = { ...recorded, ...changes }
  const failed = exchange("failed_user", "retrieve_future", poll, { body: { error: "too long", category: "user" } })
  return yield* conformTinker({ exchanges: yield* writeFolder({ ...files, [`synthetic/${failed[0]}`]: failed[1] }) })
})

layer(NodeServices.layer, { excludeTestServices: true })("conformance with Tinker servers", (it) => {
  it.effect("agrees with what the protocol says, and names what the client never asks for", () =>
    Effect.gen(function*() {
      const { agrees, lines, parts } = yield* run()
      assert.isTrue(agrees, lines.join("\n"))
      assert.deepStrictEqual(parts.map(({ agreed, notImplemented }) => [agreed, notImplemented]), [[7, 1], [1, 0]])
      assert.include(lines.join("\n"), "telemetry")
    }))

  it.effect("shows another request, and another outcome", () =>
    Effect.gen(function*() {
      const another = exchange("client_config", "get_info", { model_id: "m", type: "other" }, { body: {} })
      const { agrees, lines } = yield* run({ [another[0]]: another[1] })
      assert.isFalse(agrees)
      assert.match(lines.join("\n"), /client_config: request of .*"type":"other".*"type":"get_info"/s)
      const unlike = exchange("healthz", "healthz", undefined, { body: { state: "ok" } })
      const malformed = yield* run({ [unlike[0]]: unlike[1] })
      assert.match(malformed.lines.join("\n"), /outcome of .*expected success.*cannot be read/s)
    }))

  it.effect("says which folder or file it cannot read", () =>
    Effect.gen(function*() {
      assert.include((yield* Effect.flip(conformTinker({ exchanges: "nowhere" }))).message, "nowhere")
      assert.match((yield* Effect.flip(run({ "healthz.json": "{" }))).message, /healthz\.json/)
    }))
})
