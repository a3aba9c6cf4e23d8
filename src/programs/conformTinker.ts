/**
 * Replays recorded exchanges with Tinker servers against the client: it asks for what was asked, a server of its own
 * answers what was answered, and what the client sends and makes of it is compared.
 *
 * An answer that is an error has to become one, in the server's words. What passes (a queue, a proxy, a full sampler:
 * the files' names say it) has to lead to more requests and then to the result.
 */
import { Effect, FileSystem, Layer, Option, Path, Result, Schema } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientRequest } from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Agreement from "../domain/bfcl/conformance/Agreement.ts"
import * as Endpoint from "../domain/tinker/Endpoint.ts"
import { type Pending, TinkerClient, type TinkerError } from "../domain/tinker/TinkerClient.ts"
import * as OracleFolder from "../layers/OracleFolder.ts"
import * as TinkerClientHttp from "../layers/TinkerClientHttp.ts"
import { decodePass } from "../layers/tinkerserver/Protobuf.ts"
import type { Conformance } from "./conform.ts"
import { Unavailable } from "./refusal.ts"
import { oneLine } from "./text.ts"

const Exchange = Schema.Struct({
  name: Schema.String,
  request: Schema.Struct({ method: Schema.String, path: Schema.String, body: Schema.optionalKey(Schema.Unknown) }),
  response: Schema.Struct({
    status: Schema.Int,
    contentType: Schema.optionalKey(Schema.NullOr(Schema.String)),
    body: Schema.optionalKey(Schema.Unknown)
  })
})
type Exchange = typeof Exchange.Type

const Binary = Schema.Struct({ base64: Schema.Uint8ArrayFromBase64 })
const decodeBinary = Schema.decodeUnknownOption(Binary)

const prefix = "/api/v1/"

/** By the first part of their names in `retrieve_future.<name>`. */
const results: Readonly<Record<string, Endpoint.Eventual<unknown>>> = {
  create_model: Endpoint.createModel,
  unload_model: Endpoint.unloadModel,
  forward: Endpoint.forward,
  forward_only: Endpoint.forward,
  forward_backward: Endpoint.forwardBackward,
  optim_step: Endpoint.optimStep,
  sample: Endpoint.sample,
  save_weights: Endpoint.saveWeights,
  save_weights_for_sampler: Endpoint.saveWeightsForSampler,
  load_weights: Endpoint.loadWeights
}

const passes = /try_again|timeout_408|expired_410|\.503|complete_metadata|proxy_400|backpressure_429|queue\.425/

/** Whether the answer says that it was not done; two kinds of servers say so with 200. */
const fails = ({ name, response: { status } }: Exchange): boolean =>
  !passes.test(name) && (status >= 400 || name.includes("failed"))

type Use = (client: TinkerClient["Service"]) => Effect.Effect<unknown, TinkerError>

type Ask = readonly [path: string, use: (body: unknown) => Option.Option<Use>]

const submitted = <Q, A>(operation: Endpoint.Operation<Q, A>): Ask => {
  const decode = Schema.decodeUnknownOption(operation.request)
  return [
    operation.path,
    (body) => Option.map(decode(body), (request): Use => (client) => client.submit(operation, request))
  ]
}

const called = <Q, A>(endpoint: Endpoint.Call<Q, A>): Ask => {
  const decode = Schema.decodeUnknownOption(endpoint.request)
  return [
    endpoint.path,
    (body) => Option.map(decode(body), (request): Use => (client) => client.call(endpoint, request))
  ]
}

const asks = new Map<string, Ask[1]>([
  called(Endpoint.clientConfig),
  called(Endpoint.authToken),
  called(Endpoint.createSession),
  called(Endpoint.sessionHeartbeat),
  called(Endpoint.getInfo),
  called(Endpoint.createSamplingSession),
  called(Endpoint.weightsInfo),
  submitted(Endpoint.createModel),
  submitted(Endpoint.unloadModel),
  submitted(Endpoint.forward),
  submitted(Endpoint.forwardBackward),
  submitted(Endpoint.optimStep),
  submitted(Endpoint.sample),
  submitted(Endpoint.saveWeights),
  submitted(Endpoint.saveWeightsForSampler),
  submitted(Endpoint.loadWeights)
])

const retrieval = <A>(operation: Endpoint.Eventual<A>, requestId: string): Use => {
  const pending: Pending<A> = { requestId, operation, resubmit: Effect.suspend(() => Effect.succeed(pending)) }
  return ({ retrieve }) => retrieve(pending)
}

/** `retrieve_future.<operation>...`; what is not named after one was recorded of optimiser's steps. */
const operationOf = (name: string): Endpoint.Eventual<unknown> => {
  const [, part = ""] = /retrieve_future\.([a-z_]+?)(?:_failed|_rank0|_400|\.|$)/.exec(name) ?? []
  return results[part] ?? Endpoint.optimStep
}

const requestId = Schema.decodeUnknownOption(Schema.Struct({ request_id: Schema.String }))

const resources = (path: string): Endpoint.Resource<unknown> | undefined => {
  const { pathname, searchParams } = new URL(`/${path}`, "http://recorded")
  const [, run] = /^\/training_runs\/([^/]+)\/checkpoints$/.exec(pathname) ?? []
  if (run !== undefined) return Endpoint.checkpoints(run)
  const [, sampler] = /^\/samplers\/([^/]+)$/.exec(pathname) ?? []
  if (sampler !== undefined) return Endpoint.sampler(sampler)
  if (pathname === "/training_runs") {
    return Endpoint.trainingRuns({
      limit: Number(searchParams.get("limit")),
      offset: Number(searchParams.get("offset"))
    })
  }
  return [Endpoint.healthz, Endpoint.getServerCapabilities].find((known) => known.path === path)
}

/** The pass that a body in protocol buffers asks for; none where it is compressed, or no such message. */
const passOf = (body: unknown): ReturnType<typeof decodePass> | undefined =>
  Option.getOrUndefined(
    Option.flatMap(decodeBinary(body), ({ base64 }) => Result.getSuccess(Result.try(() => decodePass(base64))))
  )

const binaryPass = Schema.decodeUnknownOption(Endpoint.forwardBackward.request)

const useOfPass = ({ forwardOnly, json }: ReturnType<typeof decodePass>): Option.Option<Use> =>
  Option.map(binaryPass(json), (request): Use => ({ submit }) => {
    const { forward_backward_input, model_id, seq_id } = request
    return forwardOnly
      ? submit(Endpoint.forward, { model_id, seq_id, forward_input: forward_backward_input })
      : submit(Endpoint.forwardBackward, request)
  })

/** What the client is to be asked for; none where it never asks such a thing. */
const useOf = ({ name, request: { body, method, path: full } }: Exchange): Option.Option<Use> => {
  const path = full.replace(prefix, "")
  const pass = passOf(body)
  if (pass !== undefined) return useOfPass(pass)
  if (path === Endpoint.retrieveFuture.path) {
    return Option.map(requestId(body), ({ request_id }) => retrieval(operationOf(name), request_id))
  }
  if (method === "GET") {
    const resource = resources(path)
    return resource === undefined ? Option.none() : Option.some((client) => client.get(resource))
  }
  return Option.flatMap(Option.fromUndefinedOr(asks.get(path)), (ask) => ask(body))
}

/** Whether all that was recorded is in what was sent; a client may say more, such as defaults. */
const contains = (sent: unknown, recorded: unknown): boolean => {
  if (typeof recorded !== "object" || recorded === null) return sent === recorded
  if (typeof sent !== "object" || sent === null) return false
  const given = new Map<string, unknown>(Object.entries(sent))
  const sameLength = !Array.isArray(recorded) || given.size === recorded.length
  return sameLength && Object.entries(recorded).every(([key, value]) => contains(given.get(key), value))
}

/** A request's body, as its JSON would be. */
const jsonOf = ({ body }: HttpClientRequest): unknown => {
  if (body._tag !== "Uint8Array") return undefined
  return body.contentType === "application/x-protobuf"
    ? decodePass(body.body)
    : Option.getOrUndefined(parse(new TextDecoder().decode(body.body)))
}

const parse = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

const responseOf = ({ response: { body, contentType, status } }: Exchange): Response => {
  const headers = { "content-type": contentType ?? "application/json" }
  const binary = decodeBinary(body)
  if (Option.isSome(binary)) return new Response(Uint8Array.from(binary.value.base64), { status, headers })
  return new Response(status === 204 || body === null || body === undefined ? null : JSON.stringify(body), {
    status,
    headers
  })
}

/** The server's own words about why it did not do it. */
const Words = Schema.Union([
  Schema.Struct({ detail: Schema.String }),
  Schema.Struct({ error: Schema.String }),
  Schema.Struct({ error_message: Schema.String }),
  Schema.Struct({ detail: Schema.Array(Schema.Struct({ msg: Schema.String })) })
])
const wordsOf = (body: unknown): string =>
  Option.match(Schema.decodeUnknownOption(Words)(body), {
    onNone: () => "",
    onSome: (said) => {
      const [words] = Object.values(said)
      return typeof words === "string" ? words : words?.[0]?.msg ?? ""
    }
  })

/** What a poll is answered after the recorded answer, and a submission. */
const afterwards = { request_id: "later", metrics: {} }

const clientFor = (exchange: Exchange, sent: Array<HttpClientRequest>) =>
  TinkerClientHttp.layer({
    url: "http://recorded",
    wire: exchange.response.contentType?.includes("protobuf") === true || passOf(exchange.request.body) !== undefined
      ? "proto"
      : "json"
  }).pipe(Layer.provide(Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make((request) =>
      Effect.sync(() => {
        const { path } = Endpoint.clientConfig
        const own = request.url.endsWith(path) && !exchange.request.path.endsWith(path)
        if (own) return HttpClientResponse.fromWeb(request, Response.json({}))
        sent.push(request)
        const answer = sent.length === 1 ? responseOf(exchange) : Response.json(afterwards)
        return HttpClientResponse.fromWeb(request, answer)
      })
    )
  )))

const replay = Effect.fnUntraced(function*(exchange: Exchange) {
  const { name, request, response } = exchange
  const use = useOf(exchange)
  if (Option.isNone(use)) return Agreement.notImplemented(name)
  const comparer = new Agreement.Comparer(name)
  const sent: Array<HttpClientRequest> = []
  // The client asks for this when it is built, as its first request.
  const building = request.path === prefix + Endpoint.clientConfig.path
  const used = building ? Effect.asVoid(TinkerClient) : Effect.asVoid(TinkerClient.use(use.value))
  const result = yield* Effect.result(Effect.provide(used, clientFor(exchange, sent)))
  comparer.called()
  const [first] = sent
  comparer.equal("method", request.path, request.method, first?.method)
  comparer.equal("path", request.path, `http://recorded${request.path}`, first?.url)
  const polled = request.path === prefix + Endpoint.retrieveFuture.path
  const body = polled ? Option.getOrUndefined(requestId(request.body)) : passOf(request.body) ?? request.body
  const said = first === undefined ? undefined : jsonOf(first)
  if (!building && body !== null && !contains(said, body)) comparer.equal("request", request.path, body, said)
  const expected = fails(exchange) ? wordsOf(response.body) : "success"
  const outcome = Result.match(result, {
    onFailure: ({ message }) => expected !== "success" && message.includes(expected) ? expected : oneLine(message),
    onSuccess: () => "success"
  })
  comparer.equal("outcome", request.path, expected, outcome)
  if (passes.test(name)) comparer.equal("requests after it", request.path, true, sent.length > 1)
  return comparer.comparison
})

const partOf = Effect.fnUntraced(function*(name: string, folder: string) {
  const files = yield* FileSystem.FileSystem
  const names = yield* Effect.mapError(
    files.readDirectory(folder),
    ({ message }) => new Unavailable({ detail: message })
  )
  let part = Agreement.empty(name)
  for (const file of names.toSorted().filter((file) => file.endsWith(".json") && !notExchanges.has(file))) {
    const exchange = yield* OracleFolder.document(Exchange)(folder, file)
    part = Agreement.count(part, yield* replay(exchange))
  }
  return part
})

/** What lies beside the exchanges. */
const notExchanges: ReadonlySet<string> = new Set(["golden_grpo.json", "skyrl-openapi.json"])

/** Replays the exchanges in a folder, and those in its folder `synthetic`. */
export const conformTinker: (
  options: { readonly exchanges: string }
) => Effect.Effect<Conformance, Unavailable, FileSystem.FileSystem | Path.Path> = Effect.fn("conformTinker")(
  function*({ exchanges }) {
    const path = yield* Path.Path
    const parts = yield* Effect.all([
      partOf("tinker, recorded", exchanges),
      partOf("tinker, synthetic", path.join(exchanges, "synthetic"))
    ]).pipe(Effect.mapError(({ message }) => new Unavailable({ detail: message })))
    return { parts, lines: Agreement.table(parts), agrees: Agreement.agrees(parts) }
  }
)
