import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { float32, int64, modelInput } from "../../src/domain/tinker/Datum.ts"
import * as Protobuf from "../../src/layers/tinker/Protobuf.ts"
import { model, server } from "./served.ts"

const Json = Schema.Record(Schema.String, Schema.Unknown)
type Json = typeof Json.Type

const send = Effect.fnUntraced(function*(request: HttpClientRequest.HttpClientRequest) {
  const client = yield* HttpClient.HttpClient
  const response = yield* client.execute(request)
  const json = yield* Schema.decodeUnknownEffect(Json)(yield* response.json)
  return { status: response.status, json, headers: response.headers }
})

const post = (path: string, body: unknown) =>
  send(HttpClientRequest.post(`/api/v1/${path}`).pipe(HttpClientRequest.setBody(HttpBody.jsonUnsafe(body))))

const get = (path: string) => send(HttpClientRequest.get(`/api/v1/${path}`))

const Text = Schema.decodeUnknownSync(Schema.String)
const Numbers = Schema.decodeUnknownSync(Schema.Array(Schema.Finite))

/** The outcome of a request that was accepted. */
const outcome = Effect.fnUntraced(function*({ json, status }: { readonly status: number; readonly json: Json }) {
  assert.strictEqual(status, 200, JSON.stringify(json))
  const request_id = Text(json["request_id"])
  return (yield* post("retrieve_future", { request_id, allow_metadata_only: true })).json
})

const ask = (path: string, body: unknown) => Effect.flatMap(post(path, body), outcome)

const openSession = Effect.map(
  post("create_session", { tags: [], sdk_version: "0" }),
  ({ json }) => Text(json["session_id"])
)

const base_model = model

/** A model in a session of its own. */
const openModel = Effect.gen(function*() {
  const session_id = yield* openSession
  const created = yield* ask("create_model", { session_id, model_seq_id: 0, base_model, lora_config: { rank: 8 } })
  return { session_id, model_id: Text(created["model_id"]) }
})

const tokens = Array.from({ length: 13 }, (_, i) => (i * 29) % 61)

const datum = (inputs: Readonly<Record<string, ReadonlyArray<number>>> = {}) => ({
  model_input: modelInput(tokens.slice(0, -1)),
  loss_fn_inputs: {
    target_tokens: int64(tokens.slice(1)),
    ...Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, float32(values)]))
  }
})

const flat = (value: number): ReadonlyArray<number> => tokens.slice(1).map(() => value)

const pass = (
  model_id: string,
  seq_id: number,
  data: ReadonlyArray<unknown>,
  loss_fn = "cross_entropy",
  more = {}
) => ({
  model_id,
  seq_id,
  forward_backward_input: { data, loss_fn, ...more }
})

const forward = (model_id: string, seq_id: number) => ({
  model_id,
  seq_id,
  forward_input: { data: [datum()], loss_fn: "cross_entropy" }
})

const step = (model_id: string, seq_id: number, learning_rate = 0) => ({
  model_id,
  seq_id,
  adam_params: { learning_rate, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0, grad_clip_norm: 0 },
  type: "optim_step"
})

const Passed = Schema.Struct({
  loss_fn_outputs: Schema.Array(Schema.Struct({ logprobs: Schema.Struct({ data: Schema.Array(Schema.Finite) }) }))
})
const logprobsOf = (json: Json) => Schema.decodeUnknownSync(Passed)(json).loss_fn_outputs[0]?.logprobs.data ?? []

const Stepped = Schema.Struct({ metrics: Schema.Struct({ grad_norm: Schema.Finite }) })
const normOf = (json: Json) => Schema.decodeUnknownSync(Stepped)(json).metrics.grad_norm

/** The norm of the gradient of one pass, on a new model. */
const norm = Effect.fnUntraced(function*(inputs: Readonly<Record<string, ReadonlyArray<number>>>, loss?: string) {
  const { model_id } = yield* openModel
  const passed = yield* ask("forward_backward", pass(model_id, 1, [datum(inputs)], loss))
  const stepped = yield* ask("optim_step", step(model_id, 2))
  yield* ask("unload_model", { model_id })
  return { norm: normOf(stepped), logprobs: logprobsOf(passed) }
})

const request = (params: Json, more: Json = {}) => ({
  base_model,
  prompt: modelInput([1, 2, 3]),
  sampling_params: { max_tokens: 3, ...params },
  ...more
})

describe("TinkerServer", () => {
  layer(Layer.provideMerge(server, NodeHttpServer.layerTest), { timeout: "30 seconds", excludeTestServices: true })(
    (it) => {
      it.effect("says that it is there and which model it has", () =>
        Effect.gen(function*() {
          assert.deepStrictEqual((yield* get("healthz")).json, { status: "ok" })
          const { json } = yield* get("get_server_capabilities")
          assert.deepStrictEqual(json["supported_models"], [
            { model_name: base_model, max_context_length: 64, trainable: true, sampleable: true }
          ])
          const { model_id } = yield* openModel
          const info = yield* post("get_info", { model_id })
          assert.include(JSON.stringify(info.json), "LoRA configurations are accepted and not applied")
          yield* ask("unload_model", { model_id })
        }))

      it.effect("carries out what is asked of a model in the order of its numbers, whatever arrives first", () =>
        Effect.gen(function*() {
          const { model_id } = yield* openModel
          const third = yield* post("forward", forward(model_id, 3))
          const second = yield* post("optim_step", step(model_id, 2, 0.01))
          const first = yield* post("forward_backward", pass(model_id, 1, [datum()]))
          const before = logprobsOf(yield* outcome(first))
          assert.isAbove(normOf(yield* outcome(second)), 0)
          const after = logprobsOf(yield* outcome(third))
          assert.isAbove(after.reduce((sum, x) => sum + x, 0), before.reduce((sum, x) => sum + x, 0))
          yield* ask("unload_model", { model_id })
        }))

      it.effect("knows a request that is sent again, and counts its gradient once", () =>
        Effect.gen(function*() {
          const { model_id, session_id } = yield* openModel
          const once = yield* norm({})
          const first = yield* post("forward_backward", pass(model_id, 1, [datum()]))
          const again = yield* post("forward_backward", pass(model_id, 1, [datum()]))
          assert.deepStrictEqual(again.json, first.json)
          const other = yield* post("forward_backward", pass(model_id, 1, [datum(), datum()]))
          assert.deepStrictEqual([other.status, other.headers["x-should-retry"]], [409, "false"])
          assert.approximately(normOf(yield* ask("optim_step", step(model_id, 2))), once.norm, 1e-6)
          const body = { session_id, model_seq_id: 0, base_model, lora_config: { rank: 8 } }
          assert.strictEqual((yield* ask("create_model", body))["model_id"], model_id)
          assert.strictEqual((yield* post("create_model", { ...body, user_metadata: {} })).status, 409)
          yield* ask("unload_model", { model_id })
        }))

      it.effect("computes the losses it names: at the sampler's own log-probs they have one gradient", () =>
        Effect.gen(function*() {
          const plain = yield* norm({ weights: flat(0.5) })
          const surrogate = { logprobs: plain.logprobs, advantages: flat(0.5) }
          for (const loss of ["importance_sampling", "ppo", "cispo"]) {
            assert.approximately((yield* norm(surrogate, loss)).norm, plain.norm, 1e-4 * plain.norm)
          }
          const negative = yield* norm({ weights: flat(-0.5) })
          assert.approximately(negative.norm, plain.norm, 1e-5 * plain.norm)
          const zero = yield* norm({ logprobs: plain.logprobs.map((x) => x - 1), advantages: flat(1) }, "ppo")
          assert.strictEqual(zero.norm, 0)
        }))

      it.effect("has mistakes in a numbered request as its outcome, and goes on with the next", () =>
        Effect.gen(function*() {
          const { model_id } = yield* openModel
          const image = { type: "image", data: "", format: "png" }
          const wrong = [
            [pass(model_id, 1, [datum()], "dro"), "there is no loss \"dro\" here"],
            [pass(model_id, 2, [datum()], "ppo", { loss_fn_config: { beta: 1 } }), "no setting beta"],
            [pass(model_id, 3, [{ ...datum(), model_input: { chunks: [image] } }]), "encoded_text"],
            [pass(model_id, 4, [datum({ weights: [1] })]), "1 weights for 12 target_tokens"],
            [pass(model_id, 5, [datum()], "cross_entropy", { top_k: 4 }), "top_k"],
            [pass(model_id, 6, []), "no data"],
            [pass(model_id, 7, [{ ...datum(), model_input: modelInput(tokens.slice(0, -1).with(0, 64)) }]), "token 64"]
          ] as const
          for (const [request, sentence] of wrong) {
            const { category, error } = yield* ask("forward_backward", request)
            assert.strictEqual(category, "user")
            assert.include(Text(error), sentence)
          }
          assert.strictEqual(normOf(yield* ask("optim_step", step(model_id, 8))), 0)
          yield* ask("unload_model", { model_id })
        }))

      it.effect("turns down at once what it cannot even begin with", () =>
        Effect.gen(function*() {
          const { model_id, session_id } = yield* openModel
          const refused = Effect.fnUntraced(function*(path: string, body: unknown) {
            const { json, status } = yield* post(path, body)
            return `${status} ${Text(json["detail"])}`
          })
          assert.include(yield* refused("forward", { seq_id: 1 }), "422 ")
          assert.include(yield* refused("forward", forward("nobody", 1)), "404 there is no model \"nobody\"")
          assert.include(yield* refused("forward", forward(model_id, 0)), "409 ")
          assert.include(yield* refused("session_heartbeat", { session_id: "nobody" }), "404 ")
          assert.include(
            yield* refused("create_model", { session_id, model_seq_id: 1, base_model: "gpt" }),
            "400 this server has the model \"envtune/test\", not \"gpt\""
          )
          const dimuon = { session_id, model_seq_id: 1, base_model, optimizer_config: { type: "dimuon" } }
          assert.include(yield* refused("create_model", dimuon), "422 ")
          assert.include(yield* refused("retrieve_future", { request_id: "7", allow_metadata_only: true }), "404 ")
          const packed = HttpClientRequest.post("/api/v1/forward").pipe(
            HttpClientRequest.setHeader("content-encoding", "zstd"),
            HttpClientRequest.setBody(HttpBody.text("?"))
          )
          assert.strictEqual((yield* send(packed)).status, 415)
          const large = HttpClientRequest.post("/api/v1/forward").pipe(
            HttpClientRequest.setBody(HttpBody.uint8Array(new Uint8Array(65 << 20), "application/json"))
          )
          const answer = yield* Effect.option(send(large))
          if (answer._tag === "Some") assert.strictEqual(answer.value.status, 413)
          assert.deepStrictEqual((yield* get("healthz")).json, { status: "ok" })
          yield* ask("unload_model", { model_id })
        }))

      it.effect("samples from the weights a sampler was made of, whatever is trained meanwhile", () =>
        Effect.gen(function*() {
          const { model_id, session_id } = yield* openModel
          const published = yield* ask("save_weights_for_sampler", { model_id, seq_id: 1, sampling_session_seq_id: 0 })
          const sampling_session_id = Text(published["sampling_session_id"])
          const request = {
            sampling_session_id,
            seq_id: 0,
            num_samples: 3,
            prompt: modelInput(tokens.slice(0, 6)),
            sampling_params: { max_tokens: 8, seed: 4, temperature: 1, top_k: -1, top_p: 1 }
          }
          const before = yield* ask("asample", request)
          yield* ask("forward_backward", pass(model_id, 2, [datum()]))
          yield* ask("optim_step", step(model_id, 3, 0.1))
          assert.deepStrictEqual(yield* ask("asample", request), before)
          const moved = yield* ask("save_weights_for_sampler", { model_id, seq_id: 4, path: "moved" })
          const from = { session_id, sampling_session_seq_id: 1, model_path: moved["path"] }
          const { json } = yield* post("create_sampling_session", from)
          const after = yield* ask("asample", { ...request, sampling_session_id: json["sampling_session_id"] })
          assert.notDeepEqual(after, before)
          const sampler = yield* get(`samplers/${encodeURIComponent(Text(json["sampling_session_id"]))}`)
          assert.strictEqual(sampler.json["model_path"], moved["path"])
          yield* ask("unload_model", { model_id })
        }))

      it.effect("has the log-probs of prompts, without one for the first token", () =>
        Effect.gen(function*() {
          const { model_id } = yield* openModel
          const trained = logprobsOf(yield* ask("forward", forward(model_id, 1)))
          const { prompt_logprobs } = yield* ask("asample", {
            base_model,
            prompt: modelInput(tokens),
            prompt_logprobs: true,
            sampling_params: { max_tokens: 1 }
          })
          assert.isArray(prompt_logprobs)
          if (!Array.isArray(prompt_logprobs)) return
          assert.isNull(prompt_logprobs[0])
          Numbers(prompt_logprobs.slice(1)).forEach((x, t) => assert.approximately(x, trained[t]!, 1e-5))
          yield* ask("unload_model", { model_id })
        }))

      it.effect("says what kinds of sampling it does not do", () =>
        Effect.gen(function*() {
          const kinds = [[{ top_k: 5 }, "top_k"], [{ top_p: 0.9 }, "top_p"], [{ stop: "x" }, "text"]] as const
          for (const [params, word] of kinds) {
            assert.include(Text((yield* ask("asample", request(params)))["error"]), word)
          }
          const late = { topk_sample_logprobs: 2 }
          assert.strictEqual((yield* post("asample", request({}, late))).status, 422)
          assert.strictEqual((yield* post("asample", request({}, { prompt_logprobs_last_n: 1 }))).status, 422)
          assert.strictEqual((yield* post("asample", request({}, { num_samples: 1e9 }))).status, 422)
          assert.strictEqual((yield* post("asample", request({}, { topk_sample_logprobs: 0 }))).status, 200)
          assert.strictEqual((yield* post("asample", { ...request({}), base_model: "gpt" })).status, 400)
          assert.strictEqual((yield* post("asample", { ...request({}), sampling_session_id: "x" })).status, 404)
        }))

      it.effect("goes on from saved weights as if it had never stopped, with the optimiser's state or without", () =>
        Effect.gen(function*() {
          const { model_id, session_id } = yield* openModel
          const train = Effect.fnUntraced(function*(model: string, seq: number) {
            yield* ask("forward_backward", pass(model, seq, [datum()]))
            yield* ask("optim_step", step(model, seq + 1, 0.01))
            return logprobsOf(yield* ask("forward", forward(model, seq + 2)))
          })
          const saved = yield* train(model_id, 1)
          const { path } = yield* ask("save_weights", { model_id, seq_id: 4, path: "half-way" })
          const straight = yield* train(model_id, 5)
          const info = yield* post("weights_info", { tinker_path: path })
          assert.strictEqual(info.json["base_model"], base_model)

          const created = yield* ask("create_model", { session_id, model_seq_id: 1, base_model })
          const resumed = Text(created["model_id"])
          yield* ask("load_weights", { model_id: resumed, seq_id: 1, path, optimizer: true })
          assert.deepStrictEqual(logprobsOf(yield* ask("forward", forward(resumed, 2))), saved)
          assert.deepStrictEqual(yield* train(resumed, 3), straight)

          const loaded = yield* ask("load_weights", { session_id, model_seq_id: 2, path, optimizer: false })
          const fresh = Text(loaded["model_id"])
          assert.deepStrictEqual(logprobsOf(yield* ask("forward", forward(fresh, 1))), saved)
          assert.notDeepEqual(yield* train(fresh, 2), straight)

          const failing = Effect.fnUntraced(function*(seq_id: number, name: string) {
            return Text((yield* ask("save_weights", { model_id, seq_id, path: name }))["error"])
          })
          assert.include(yield* failing(8, "half-way"), "cannot be used")
          assert.include(yield* failing(9, "../elsewhere"), "no name for weights")
          const stray = { model_id, seq_id: 10, path: "tinker://x:train:0/weights/../../etc", optimizer: true }
          assert.include(Text((yield* ask("load_weights", stray))["error"]), "no path of weights")
          yield* post(`sessions/${session_id}/finish`, { reason: { type: "success" } })
          assert.strictEqual((yield* post("get_info", { model_id })).status, 404)
        }))

      it.effect("holds eight models, each by itself, and says so to the ninth", () =>
        Effect.gen(function*() {
          const session_id = yield* openSession
          const create = (model_seq_id: number) => ask("create_model", { session_id, model_seq_id, base_model })
          const created = yield* Effect.forEach(Array.from({ length: 8 }, (_, i) => i), create)
          assert.include(Text((yield* create(8))["error"]), "8 models")
          const first = Text(created[0]?.["model_id"])
          const second = Text(created[1]?.["model_id"])
          const untrained = logprobsOf(yield* ask("forward", forward(second, 1)))
          yield* ask("forward_backward", pass(first, 1, [datum()]))
          yield* ask("optim_step", step(first, 2, 0.1))
          assert.deepStrictEqual(logprobsOf(yield* ask("forward", forward(second, 2))), untrained)
          assert.notDeepEqual(logprobsOf(yield* ask("forward", forward(first, 3))), untrained)
          yield* ask("unload_model", { model_id: first })
          assert.strictEqual((yield* post("forward", forward(first, 4))).status, 404)
          assert.isDefined((yield* create(9))["model_id"])
          yield* post(`sessions/${session_id}/finish`, {})
        }))

      it.effect("speaks protocol buffers to who asks for them", () =>
        Effect.gen(function*() {
          const client = yield* HttpClient.HttpClient
          const { model_id } = yield* openModel
          const inJson = yield* ask("forward", forward(model_id, 1))
          const bytes = Protobuf.encodePass({
            modelId: model_id,
            sequenceId: 2,
            pass: { data: [datum()], loss_fn: "cross_entropy" },
            forwardOnly: true
          })
          const accepted = yield* send(
            HttpClientRequest.post("/api/v1/forward_backward").pipe(
              HttpClientRequest.setBody(HttpBody.uint8Array(bytes, "application/x-protobuf"))
            )
          )
          const retrieve = Effect.fnUntraced(function*(request_id: unknown) {
            const response = yield* client.execute(
              HttpClientRequest.post("/api/v1/retrieve_future").pipe(
                HttpClientRequest.setHeader("accept", "application/x-protobuf"),
                HttpClientRequest.setBody(HttpBody.jsonUnsafe({ request_id, allow_metadata_only: false }))
              )
            )
            assert.strictEqual(response.headers["content-type"], "application/x-protobuf")
            return new Uint8Array(yield* response.arrayBuffer)
          })
          const output = Protobuf.decodeResult("ForwardBackwardOutput", yield* retrieve(accepted.json["request_id"]))
          assert.deepStrictEqual(output, inJson)
          // A pass forward has left no gradient.
          assert.strictEqual(normOf(yield* ask("optim_step", step(model_id, 3))), 0)
          const seeded = request({ seed: 1 }, { prompt_logprobs: true })
          const sampled = yield* post("asample", seeded)
          const { type: _, ...expected } = yield* ask("asample", seeded)
          const decoded = Protobuf.decodeResult("SampleResponse", yield* retrieve(sampled.json["request_id"]))
          assert.deepStrictEqual(decoded, expected)
          yield* ask("unload_model", { model_id })
        }))
    }
  )
})
