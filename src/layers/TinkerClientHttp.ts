/**
 * Tinker's protocol over HTTP: JSON, or protocol buffers for what is large (spec: tinker, 1).
 *
 * A request is sent until it is answered, the same bytes with the same idempotency key. 409 is never tried again: on
 * these servers it is a conflict. What a poll is answered is read by domain/tinker/Outcome.
 */
import { Effect, Layer, Option, Redacted, Result, Schema, Semaphore } from "effect"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { randomUUID } from "node:crypto"
import * as Endpoint from "../domain/tinker/Endpoint.ts"
import * as Future from "../domain/tinker/Future.ts"
import { type Answer, decide, explain } from "../domain/tinker/Outcome.ts"
import {
  AnotherServer,
  AnswerMalformed,
  BillingPaused,
  Conflict,
  OperationFailed,
  OutcomeLost,
  type Pending,
  RequestRefused,
  ServerOverloaded,
  ServerUnreachable,
  TinkerClient,
  TinkerError,
  Unauthorized
} from "../domain/tinker/TinkerClient.ts"
import * as Backoff from "./tinker/Backoff.ts"
import * as Credential from "./tinker/Credential.ts"
import * as Protobuf from "./tinker/Protobuf.ts"

export interface Options {
  /** Where the server is, without `/api/v1`. */
  readonly url: string
  /** Servers on one's own machines ask for none. */
  readonly apiKey?: Redacted.Redacted
  /** JSON by default, which every server but the hosted one's newest speaks. */
  readonly wire?: "json" | "proto"
}

/** The last SDK that spoke JSON, and the first that spoke protocol buffers alone. */
const sdkVersions = { json: "0.24.1", proto: "0.25.0" } as const

const protobuf = "application/x-protobuf"

interface Body {
  readonly path: string
  readonly body: HttpBody.Uint8Array
}

type Reason = TinkerError["reason"]

/** Why there is no answer, and after how many attempts. */
const unreachable = (detail: string, attempts: number): ServerUnreachable =>
  new ServerUnreachable({ detail: attempts === 1 ? detail : `${detail} (${attempts} attempts)` })

/** What came of one attempt; silence is a connection that stayed open without an answer. */
type Attempt = Result.Result<Answer & { readonly retryAfter: string | undefined }, "silent" | ServerUnreachable>

const failWith = (method: string, reason: Reason): Effect.Effect<never, TinkerError> =>
  Effect.fail(new TinkerError({ method, reason }))

const causeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : causeOf(error.cause)
}

const decodeJson = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Unknown))

const parseJson = (text: string): unknown => Option.getOrUndefined(decodeJson(text))

const refusal = (status: number, detail: string): Reason =>
  status === 401 || status === 403
    ? new Unauthorized({ status, detail })
    : status === 429 || status === 408 || status === 425 || status >= 500
    ? new ServerOverloaded({ status, detail })
    : new RequestRefused({ status, detail })

const statusOf = ({ reason }: TinkerError): number | undefined =>
  reason._tag === "RequestRefused" || reason._tag === "ServerOverloaded" ? reason.status : undefined

const isWithoutEndpoint = (error: TinkerError): boolean => [404, 405, 501].includes(statusOf(error) ?? 0)

/** What a server of another kind may say to a question that it does not know. */
const isStrange = (error: TinkerError): boolean =>
  error.reason._tag === "RequestRefused" || error.reason._tag === "AnswerMalformed" || isWithoutEndpoint(error)

const decode = <A>(method: string, schema: Schema.Codec<A, unknown>, json: unknown): Effect.Effect<A, TinkerError> =>
  Effect.mapError(
    Schema.decodeUnknownEffect(schema)(json),
    ({ message }) => new TinkerError({ method, reason: new AnswerMalformed({ detail: message }) })
  )

const encode = <Q>(method: string, schema: Schema.Codec<Q, unknown>, message: Q): Effect.Effect<Body, TinkerError> =>
  Schema.encodeEffect(schema)(message).pipe(
    Effect.map((encoded) => ({ path: method, body: HttpBody.jsonUnsafe(encoded) })),
    Effect.mapError(({ message }) =>
      new TinkerError({ method, reason: new RequestRefused({ status: 422, detail: `not sent: ${message}` }) })
    )
  )

const result = <A>(operation: Endpoint.Eventual<A>, { binary, json }: Answer): Effect.Effect<A, TinkerError> => {
  const { binaryResult, path, result: schema } = operation
  if (binary === undefined) return decode(path, schema, json)
  if (binaryResult === undefined) {
    return failWith(path, new AnswerMalformed({ detail: "protocol buffers where JSON was expected" }))
  }
  return Effect.try({
    try: () => Protobuf.decodeResult(binaryResult, binary),
    catch: (error) => new TinkerError({ method: path, reason: new AnswerMalformed({ detail: causeOf(error) }) })
  }).pipe(Effect.flatMap((plain) => decode(path, schema, plain)))
}

const make = Effect.fnUntraced(function*({ apiKey, url, wire = "json" }: Options) {
  const http = yield* HttpClient.HttpClient
  if (!/^https?:\/\/./.test(url)) {
    return yield* failWith(url, new ServerUnreachable({ detail: "an address begins with http:// or https://" }))
  }
  const base = `${url.replace(/\/+$/, "")}/api/v1/`
  const sdkVersion = sdkVersions[wire]

  /** One request and its answer, whatever its status. */
  const attempt = (
    request: HttpClientRequest.HttpClientRequest,
    duration: Backoff.Backoff["patience"] = Backoff.patience
  ): Effect.Effect<Attempt> =>
    http.execute(request).pipe(
      Effect.flatMap(Effect.fnUntraced(function*(response) {
        const binary = response.headers["content-type"]?.startsWith(protobuf) === true
        return {
          status: response.status,
          retryAfter: response.headers["retry-after"],
          ...(binary
            ? { json: undefined, binary: new Uint8Array(yield* response.arrayBuffer) }
            : { json: parseJson(yield* response.text) })
        }
      })),
      Effect.mapError(({ reason }) => new ServerUnreachable({ detail: causeOf(reason.cause ?? reason) })),
      Effect.timeoutOrElse({ duration, orElse: () => Effect.fail("silent" as const) }),
      Effect.result
    )

  /** Sends a request until it is answered with 200; other answers are failures, at once or after so many of them. */
  const exchange = Effect.fnUntraced(
    function*(method: string, request: HttpClientRequest.HttpClientRequest, backoff: Backoff.Backoff) {
      let resent = false
      let attempts = 0
      for (;;) {
        const result = yield* attempt(request, backoff.patience)
        const unanswered = Result.isFailure(result)
        if (unanswered || backoff.counts(result.success.status)) attempts += 1
        if (!unanswered && result.success.status >= 200 && result.success.status < 300) return result.success
        const wait = unanswered
          ? backoff.unanswered(attempts)
          : backoff.wait(result.success.status, attempts, result.success.retryAfter)
        if (wait === undefined) {
          if (unanswered) {
            const detail = result.failure === "silent"
              ? `nothing was said for ${backoff.patience}`
              : result.failure.detail
            return yield* failWith(method, unreachable(detail, attempts))
          }
          const { json, status } = result.success
          const detail = explain(json) ?? "no reason given"
          if (status === 402) return yield* failWith(method, new BillingPaused({ seconds: Backoff.billingSeconds }))
          return yield* failWith(
            method,
            status === 409 ? new Conflict({ detail, resent }) : refusal(status, detail)
          )
        }
        resent ||= unanswered
        yield* Effect.sleep(wait)
      }
    }
  )

  const unauthenticated = (method: "GET" | "POST", path: string) =>
    HttpClientRequest.make(method)(base + path, { headers: { accept: "application/json" } })

  const authToken = Effect.fnUntraced(function*(key: string) {
    const { path, request, response } = Endpoint.authToken
    const { body } = yield* encode(path, request, {})
    const asked = unauthenticated("POST", path).pipe(
      HttpClientRequest.setBody(body),
      HttpClientRequest.setHeader("x-api-key", key)
    )
    return (yield* decode(path, response, (yield* exchange(path, asked, Backoff.ordinary)).json)).jwt
  })

  /** Fails unless what answers says that it is well, as every server of the protocol does. */
  const recognise = Effect.gen(function*() {
    const { path, response } = Endpoint.healthz
    const answered = yield* attempt(unauthenticated("GET", path), Backoff.beginning.patience)
    if (Result.isSuccess(answered) && Schema.is(response)(answered.success.json)) return
    const said = Result.isSuccess(answered) ? `HTTP ${answered.success.status}` : "nothing"
    return yield* failWith(path, new AnotherServer({ detail: `GET ${base}${path} is answered with ${said}` }))
  })

  /** The first question, so that a wrong address shows here. A server without the endpoint wants nothing of its clients. */
  const readConfig = Effect.gen(function*() {
    const { path, request, response } = Endpoint.clientConfig
    const { body } = yield* encode(path, request, { sdk_version: sdkVersion })
    const asked = unauthenticated("POST", path).pipe(HttpClientRequest.setBody(body))
    const keyed = apiKey === undefined
      ? asked
      : HttpClientRequest.setHeader(asked, "x-api-key", Redacted.value(apiKey))
    return yield* exchange(path, keyed, Backoff.beginning).pipe(
      Effect.flatMap(({ json }) => decode(path, response, json)),
      Effect.catchIf(
        isStrange,
        (error) => Effect.andThen(recognise, isWithoutEndpoint(error) ? decode(path, response, {}) : Effect.fail(error))
      )
    )
  }).pipe(Effect.mapError(({ reason }) => new TinkerError({ method: url, reason })))

  const config = yield* readConfig
  const resultBytes = yield* Semaphore.make(config.inflight_response_bytes_semaphore_size)
  const key = apiKey === undefined
    ? Effect.void
    : config.pjwt_auth_enabled
    ? yield* Credential.make(authToken(Redacted.value(apiKey)))
    : Effect.succeed(Redacted.value(apiKey))

  const request = Effect.fnUntraced(function*(method: "GET" | "POST", path: string) {
    const credential = yield* key
    const asked = unauthenticated(method, path)
    return credential === undefined ? asked : HttpClientRequest.setHeader(asked, "x-api-key", credential)
  })

  const post = Effect.fnUntraced(function*(operation: string, { body, path }: Body, backoff: Backoff.Backoff) {
    const asked = (yield* request("POST", path)).pipe(
      HttpClientRequest.setBody(body),
      HttpClientRequest.setHeader("x-idempotency-key", randomUUID())
    )
    const marked = operation === Endpoint.sample.path
      ? HttpClientRequest.setHeader(asked, "x-tinker-sampling-backpressure", "1")
      : asked
    return yield* exchange(operation, marked, backoff)
  })

  const submitBody = <A>(operation: Endpoint.Eventual<A>, body: Body): Effect.Effect<Pending<A>, TinkerError> =>
    Effect.gen(function*() {
      const backoff = operation.path === Endpoint.sample.path
        ? Backoff.sampling(body.body.contentLength)
        : Backoff.ordinary
      const answer = yield* post(operation.path, body, backoff)
      const { request_id } = yield* decode(operation.path, Future.Accepted, answer.json)
      return { requestId: request_id, operation, resubmit: Effect.suspend(() => submitBody(operation, body)) }
    })

  const poll = Effect.fnUntraced(function*(operation: Endpoint.Eventual<unknown>, requestId: string, large: boolean) {
    const { path, request: schema } = Endpoint.retrieveFuture
    const { body } = yield* encode(path, schema, { request_id: requestId, allow_metadata_only: !large })
    const binary = wire === "proto" && operation.binaryResult !== undefined
    return yield* attempt((yield* request("POST", path)).pipe(
      HttpClientRequest.setBody(body),
      HttpClientRequest.setHeader("accept", binary ? `${protobuf}, application/json` : "application/json")
    ))
  })

  /** How often a future may be lost and its request be submitted again. */
  const submissions = 3

  const retrieve = <A>(
    { operation, requestId, resubmit }: Pending<A>,
    submission = 1
  ): Effect.Effect<A, TinkerError> =>
    Effect.gen(function*() {
      const method = operation.path
      /** Attempts in a row without a word on the request. */
      let troubles = 0
      let strays = 0
      let unpaid = 0
      for (;;) {
        const asked = yield* poll(operation, requestId, false)
        if (Result.isFailure(asked)) {
          if (asked.failure === "silent") continue
          const wait = Backoff.polling(++troubles)
          if (wait === undefined) return yield* failWith(method, asked.failure)
          yield* Effect.sleep(wait)
          continue
        }
        const outcome = decide(asked.success)
        switch (outcome._tag) {
          case "Done":
            return yield* result(operation, asked.success)
          case "Waiting": {
            troubles = 0
            if (outcome.queue?.queue_state !== undefined && outcome.queue.queue_state !== "active") {
              yield* Effect.logDebug(
                `${method} waits: ${outcome.queue.queue_state_reason ?? outcome.queue.queue_state}`
              )
            }
            yield* Effect.sleep(Backoff.betweenPolls)
            continue
          }
          case "Large": {
            const bytes = Math.min(outcome.bytes, config.inflight_response_bytes_semaphore_size)
            const large = yield* resultBytes.withPermits(bytes)(poll(operation, requestId, true))
            if (Result.isSuccess(large) && decide(large.success)._tag === "Done") {
              return yield* result(operation, large.success)
            }
            yield* Effect.sleep(Backoff.betweenPolls)
            continue
          }
          case "Failed":
            return yield* failWith(
              method,
              new OperationFailed({ category: outcome.category, detail: outcome.detail, requestId })
            )
          case "Forgotten": {
            if (submission >= submissions) return yield* failWith(method, new OutcomeLost({ requestId }))
            return yield* retrieve(yield* resubmit, submission + 1)
          }
          case "Refused":
            return yield* failWith(method, refusal(outcome.status, outcome.detail))
          case "Unpaid": {
            const wait = Backoff.unpaid(++unpaid)
            if (wait === undefined) {
              return yield* failWith(method, new BillingPaused({ seconds: Backoff.billingSeconds }))
            }
            yield* Effect.sleep(wait)
            continue
          }
          case "Unwell": {
            const wait = Backoff.polling(++troubles)
            if (wait === undefined) {
              return yield* failWith(method, new ServerOverloaded({ status: outcome.status, detail: "while polling" }))
            }
            yield* Effect.sleep(wait)
            continue
          }
          case "Stray": {
            if (++strays > Backoff.strays) {
              return yield* failWith(method, new RequestRefused({ status: 400, detail: "no reason given" }))
            }
            yield* Effect.sleep(Backoff.betweenPolls)
          }
        }
      }
    })

  return TinkerClient.of({
    sdkVersion,
    config,
    get: Effect.fnUntraced(function*({ path, response }) {
      const answer = yield* exchange(path, yield* request("GET", path), Backoff.ordinary)
      return yield* decode(path, response, answer.json)
    }),
    call: Effect.fnUntraced(function*({ path, request: schema, response }, message) {
      const answer = yield* post(path, yield* encode(path, schema, message), Backoff.ordinary)
      return yield* decode(path, response, answer.json)
    }),
    submit: Effect.fnUntraced(function*(operation, message) {
      const { binaryRequest, path, request: schema } = operation
      const body = wire === "proto" && binaryRequest !== undefined
        ? {
          path: Endpoint.forwardBackward.path,
          body: HttpBody.uint8Array(Protobuf.encodePass(binaryRequest(message)), protobuf)
        }
        : yield* encode(path, schema, message)
      return yield* submitBody(operation, body)
    }),
    retrieve: (pending) => retrieve(pending)
  })
})

/** Reads what the server asks of its clients when it is built. Give it a client with timeouts of its own choosing: undici's. */
export const layer = (options: Options): Layer.Layer<TinkerClient, TinkerError, HttpClient.HttpClient> =>
  Layer.effect(TinkerClient, make(options))
