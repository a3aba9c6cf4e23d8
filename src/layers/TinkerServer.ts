/**
 * A Tinker server (spec: tinker, 1) around engines of this process, for anybody's client: the
 * wire of it. Bodies are JSON, or protobuf for a pass over data; results of passes and samples
 * are protobuf where the client accepts that.
 *
 * What is asked of a model is carried out in the order of `seq_id`, whatever order it arrives
 * in. Mistakes in such a request are its outcome (`{ error, category }`), because its number is
 * used up all the same; other mistakes are answered at once, `{ detail }` with a status code.
 * Nothing that is asked for is left out silently: requests that compute have no unknown fields.
 */
import { ByteSize, Effect, type FileSystem, type Layer, type Path, Result, Schema } from "effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as HttpRouter from "effect/http/HttpRouter"
import type { HttpServer } from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { createHash } from "node:crypto"
import type { EngineError } from "../domain/Engine.ts"
import * as Endpoint from "../domain/tinker/Endpoint.ts"
import { withDefault } from "../domain/tinker/Field.ts"
import * as Future from "../domain/tinker/Future.ts"
import { Sample } from "../domain/tinker/Sampling.ts"
import * as Weights from "../domain/tinker/Weights.ts"
import { mistaken } from "./tinkerserver/Futures.ts"
import type { Operation } from "./tinkerserver/Jobs.ts"
import type { Working } from "./tinkerserver/Models.ts"
import * as Protobuf from "./tinkerserver/Protobuf.ts"
import { Refused } from "./tinkerserver/Refused.ts"
import * as Service from "./tinkerserver/Service.ts"
import * as Training from "./tinkerserver/Training.ts"

export type Options = Service.Options

/** The largest body; the SDK cuts a pass into requests of about 5 MB. */
const largestBody = ByteSize.mebibytes(64)

/** A poll is answered after this many seconds, with or without an outcome; the SDK gives up on it after 45. */
const pollSeconds = 30

const protobuf = "application/x-protobuf"

const strict = { errors: "all", onExcessProperty: "error" } as const

type Response = HttpServerResponse.HttpServerResponse

const json = (body: unknown): Response => HttpServerResponse.jsonUnsafe(body)

/** Clients that send a request again after a conflict, as the SDK does, are told that there is no use in it. */
const refusal = ({ detail, status }: Refused): Response =>
  HttpServerResponse.jsonUnsafe({ detail }, {
    status,
    headers: { "x-should-retry": status === 429 ? "true" : "false" }
  })

/** A schema's complaints in one sentence. */
const complaint = ({ message }: Schema.SchemaError): string => message.replaceAll(/\s*\n\s*/g, " ")

interface Body {
  readonly content: Uint8Array
  readonly bytes: number
  readonly isProtobuf: boolean
  /** The same for the same bytes at the same place, and for no others. */
  readonly digest: string
}

const readBody = Effect.gen(function*() {
  const request = yield* HttpServerRequest.HttpServerRequest
  const encoding = request.headers["content-encoding"] ?? "identity"
  if (encoding !== "identity") {
    return yield* new Refused({ status: 415, detail: `a body in the encoding ${encoding} is not understood here` })
  }
  const buffer = yield* Effect.mapError(
    request.arrayBuffer,
    () =>
      new Refused({
        status: 413,
        detail: `a body has to come whole, and can have ${ByteSize.format(largestBody)} at most`
      })
  )
  const content = new Uint8Array(buffer)
  const body: Body = {
    content,
    bytes: content.length,
    isProtobuf: request.headers["content-type"]?.startsWith(protobuf) === true,
    digest: createHash("sha256").update(request.url).update("\n").update(content).digest("base64")
  }
  return body
})

const readJson = ({ content, isProtobuf }: Body): Effect.Effect<unknown, Refused> =>
  isProtobuf
    ? Effect.fail(new Refused({ status: 415, detail: "only forward_backward takes protobuf" }))
    : Effect.try({
      try: (): unknown => JSON.parse(new TextDecoder().decode(content)),
      catch: () => new Refused({ status: 422, detail: "the body is not JSON" })
    })

const decode = <A>(
  schema: Schema.Codec<A, unknown>,
  value: unknown,
  options: typeof strict | { readonly errors: "all" }
) => Schema.decodeUnknownResult(schema)(value, options)

const decoded = <A>(
  schema: Schema.Codec<A, unknown>,
  value: unknown,
  options: typeof strict | { readonly errors: "all" }
): Effect.Effect<A, Refused> =>
  Effect.mapError(
    Effect.fromResult(decode(schema, value, options)),
    (error) => new Refused({ status: 422, detail: complaint(error) })
  )

const encoded = <A>(schema: Schema.Codec<A, unknown>) => {
  const encode = Schema.encodeSync(schema)
  return (value: A): Response => json(encode(value))
}

type Handler = Effect.Effect<Response, Refused, HttpServerRequest.HttpServerRequest | HttpRouter.RouteContext>

const route = (method: "GET" | "POST", path: string, handler: Handler) =>
  HttpRouter.route(
    method,
    `/api/v1/${path}`,
    handler.pipe(
      Effect.catch((refused) => Effect.succeed(refusal(refused))),
      Effect.provideService(HttpIncomingMessage.MaxBodySize, largestBody)
    )
  )

const get = (path: string, answer: unknown) => route("GET", path, Effect.succeed(json(answer)))

/** A call that is answered at once. Fields that are not known here are none of the server's business. */
const call = <Request, Response>(
  { path, request, response }: Endpoint.Call<Request, Response>,
  run: (request: Request) => Effect.Effect<Response, Refused>
) => {
  const respond = encoded(response)
  return route(
    "POST",
    path,
    Effect.gen(function*() {
      const value = yield* Effect.flatMap(readBody, readJson)
      return respond(yield* Effect.flatMap(decoded(request, value, { errors: "all" }), run))
    })
  )
}

const accepted = encoded(Future.Accepted)

const Numbered = Schema.Struct({ model_id: Schema.String, seq_id: Schema.Int })

/** What is asked of a model by number. */
interface Numbered {
  readonly model_id: string
  readonly seq_id: number
  readonly operation: (engine: Working) => Operation
}

const numbered = <Request>(
  { request }: Endpoint.Operation<Request, unknown>,
  run: (engine: Working, request: Request) => Operation
) =>
(value: unknown): Effect.Effect<Numbered, Refused> =>
  Effect.map(decoded(Numbered, value, { errors: "all" }), ({ model_id, seq_id }) => {
    const whole = decode(request, value, strict)
    return {
      model_id,
      seq_id,
      operation: (engine) =>
        Result.isFailure(whole) ? Effect.fail(mistaken(complaint(whole.failure))) : run(engine, whole.success)
    }
  })

/** What newer SDKs send with every request for samples; only the values that ask for nothing are understood. */
const SampleAsSent = Schema.Struct({
  ...Sample.fields,
  num_samples: withDefault(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1024 })), 1),
  topk_sample_logprobs: Schema.optionalKey(Schema.Literal(0)),
  prompt_alt_tokens_k: Schema.optionalKey(Schema.Literal(0)),
  record_stability_info: Schema.optionalKey(Schema.Literal(false))
})

const clientConfig = Schema.decodeSync(Endpoint.clientConfig.response)({})
const tryAgain = encoded(Future.TryAgain)
const failed = encoded(Future.RequestFailed)
const samplerInfo = encoded(Endpoint.sampler("").response)

const scoring = numbered(
  Endpoint.forwardBackward,
  (engine, { forward_backward_input }) => Training.pass(engine, forward_backward_input, { backward: false })
)
const learning = numbered(
  Endpoint.forwardBackward,
  (engine, { forward_backward_input }) => Training.pass(engine, forward_backward_input, { backward: true })
)

const readPass = (body: Body): Effect.Effect<Numbered, Refused> =>
  body.isProtobuf
    ? Effect.try({
      try: () => Protobuf.decodePass(body.content),
      catch: () => new Refused({ status: 422, detail: "the body is no ForwardBackwardRequest" })
    }).pipe(Effect.flatMap(({ forwardOnly, json }) => forwardOnly ? scoring(json) : learning(json)))
    : Effect.flatMap(readJson(body), learning)

const routes = (options: Options) =>
  Effect.gen(function*() {
    const service = yield* Service.make(options)
    const { storage } = service

    const submitting = (path: string, read: (body: Body) => Effect.Effect<Numbered, Refused>) =>
      route(
        "POST",
        path,
        Effect.gen(function*() {
          const body = yield* readBody
          const { bytes, digest } = body
          const { model_id, operation, seq_id } = yield* read(body)
          const request_id = yield* service.submit(model_id, { number: seq_id, digest, bytes, operation })
          return accepted({ request_id, model_id })
        })
      )

    const submit = <Request>(
      endpoint: Endpoint.Operation<Request, unknown>,
      run: (engine: Working, request: Request) => Operation
    ) => {
      const read = numbered(endpoint, run)
      return submitting(endpoint.path, (body) => Effect.flatMap(readJson(body), read))
    }

    const createModel = route(
      "POST",
      Endpoint.createModel.path,
      Effect.gen(function*() {
        const body = yield* readBody
        const value = yield* readJson(body)
        const request = yield* decoded(Endpoint.createModel.request, value, strict)
        const { id, modelId } = yield* service.createModel(request, body.digest)
        return accepted({ request_id: id, model_id: modelId })
      })
    )

    const load = numbered(Endpoint.loadWeights, (engine, request) => Training.loadWeights(engine, storage, request))

    const loadWeights = route(
      "POST",
      Endpoint.loadWeights.path,
      Effect.gen(function*() {
        const body = yield* readBody
        const { bytes, digest } = body
        const value = yield* readJson(body)
        if (Schema.is(Numbered)(value)) {
          const { model_id, operation, seq_id } = yield* load(value)
          const request_id = yield* service.submit(model_id, { number: seq_id, digest, bytes, operation })
          return accepted({ request_id, model_id })
        }
        const request = yield* decoded(Weights.CreateFromWeights, value, strict)
        const { id, modelId } = yield* service.createFromWeights(request, digest)
        return accepted({ request_id: id, model_id: modelId })
      })
    )

    const unload = route(
      "POST",
      Endpoint.unloadModel.path,
      Effect.gen(function*() {
        const value = yield* Effect.flatMap(readBody, readJson)
        const { model_id } = yield* decoded(Endpoint.unloadModel.request, value, { errors: "all" })
        return accepted({ request_id: yield* service.unload(model_id), model_id })
      })
    )

    const sample = route(
      "POST",
      Endpoint.sample.path,
      Effect.gen(function*() {
        const body = yield* readBody
        const request = yield* decoded(SampleAsSent, yield* readJson(body), strict)
        const request_id = yield* service.sample(request, body.bytes)
        const sample_sequence_ids = Array.from({ length: request.num_samples }, (_, i) => `${request_id}:${i}`)
        return accepted({ request_id, sample_sequence_ids })
      })
    )

    const retrieve = route(
      "POST",
      Endpoint.retrieveFuture.path,
      Effect.gen(function*() {
        const value = yield* Effect.flatMap(readBody, readJson)
        const { request_id } = yield* decoded(Endpoint.retrieveFuture.request, value, { errors: "all" })
        const poll = yield* service.futures.poll(request_id, pollSeconds)
        switch (poll._tag) {
          case "Unknown":
            return yield* new Refused({ status: 404, detail: `there is no request "${request_id}"` })
          case "Gone":
            return yield* new Refused({ status: 410, detail: `the outcome of ${request_id} is kept no longer` })
          case "Pending":
            return tryAgain({
              type: "try_again",
              request_id,
              queue_state: "active",
              ...(poll.reason !== undefined && { queue_state_reason: poll.reason })
            })
          case "Done": {
            const { headers } = yield* HttpServerRequest.HttpServerRequest
            return yield* Effect.match(poll.outcome, {
              onFailure: ({ category, error }) => failed({ error, category }),
              onSuccess: ({ json: answer, proto }) =>
                proto !== undefined && headers["accept"]?.includes(protobuf) === true
                  ? HttpServerResponse.uint8Array(proto(), { contentType: protobuf })
                  : json(answer)
            })
          }
        }
      })
    )

    const sampler = route(
      "GET",
      "samplers/:id",
      Effect.gen(function*() {
        const { id = "" } = yield* HttpRouter.params
        const { path } = yield* service.sampler(id)
        return samplerInfo({
          sampler_id: id,
          base_model: options.model,
          ...(path !== undefined && { model_path: path })
        })
      })
    )

    const finish = route(
      "POST",
      "sessions/:id/finish",
      Effect.gen(function*() {
        const { id = "" } = yield* HttpRouter.params
        yield* service.sessions.hear(id)
        yield* service.sessions.end(id)
        return json({})
      })
    )

    return [
      get("healthz", { status: "ok" }),
      get("get_server_capabilities", {
        supported_models: [{
          model_name: options.model,
          max_context_length: options.contextLength,
          trainable: true,
          sampleable: true
        }]
      }),
      call(Endpoint.clientConfig, () => Effect.succeed(clientConfig)),
      call(Endpoint.telemetry, () => Effect.succeed({ status: "accepted" })),
      call(Endpoint.createSession, () => Effect.map(service.sessions.open, (session_id) => ({ session_id }))),
      call(Endpoint.sessionHeartbeat, ({ session_id }) => Effect.as(service.sessions.hear(session_id), {})),
      call(Endpoint.getInfo, ({ model_id }) => service.info(model_id)),
      call(Endpoint.createSamplingSession, (request) =>
        Effect.map(service.createSampler(request), (sampling_session_id) => ({ sampling_session_id }))),
      call(Endpoint.weightsInfo, ({ tinker_path }) =>
        service.weightsInfo(tinker_path)),
      createModel,
      unload,
      submitting(Endpoint.forwardBackward.path, readPass),
      submit(
        Endpoint.forward,
        (engine, { forward_input }) => Training.pass(engine, forward_input, { backward: false })
      ),
      submit(Endpoint.optimStep, (engine, { adam_params }) => Training.optimStep(engine, adam_params)),
      submit(
        Endpoint.saveWeights,
        (engine, { model_id, path }) => Training.saveWeights(engine, storage, model_id, path)
      ),
      submit(Endpoint.saveWeightsForSampler, service.saveForSampler),
      loadWeights,
      sample,
      sampler,
      finish,
      retrieve
    ]
  })

/** Serves until its scope ends. */
export const layer = (
  options: Options
): Layer.Layer<never, EngineError, HttpServer | FileSystem.FileSystem | Path.Path> =>
  HttpRouter.serve(HttpRouter.addAll(routes(options)), { disableLogger: true, disableListenLog: true })
