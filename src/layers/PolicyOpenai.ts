/**
 * A model behind an OpenAI-compatible server (`POST <base>/chat/completions`: vLLM, SGLang, llama.cpp, hosted ones).
 *
 * A request that was not answered is repeated by itself, after as long as the server asks to wait, or with growing waits:
 * the episode around it is not played anew. At most so many requests are under way as the options say, those that wait to
 * be repeated included, so a server that is overrun is left alone. When the layer is made the server is asked once, with
 * the settings of all requests that follow: whoever named a wrong URL, key or model learns it there.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import {
  Clock,
  Context,
  Duration,
  Effect,
  Layer,
  Option,
  Predicate,
  type Redacted,
  Schedule,
  Schema,
  Semaphore
} from "effect"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { Message } from "../domain/Message.ts"
import * as Reply from "../domain/openai/Reply.ts"
import * as Request from "../domain/openai/Request.ts"
import * as Spending from "../domain/openai/Spending.ts"
import {
  type Completion,
  outOfContext,
  Policy,
  PolicyError,
  PolicyRefused,
  PolicyUnavailable,
  type Sampling
} from "../domain/Policy.ts"
import * as Seed from "../domain/Seed.ts"

export interface Options {
  /** Up to what `/chat/completions` follows: `http://localhost:8000/v1`. */
  readonly baseUrl: string
  readonly model: string
  readonly apiKey?: Redacted.Redacted | undefined
  /** Whether the model calls functions: tools go with the requests, and calls come back. */
  readonly tools: boolean
  /** Of the request that the server is tried with; episodes bring their own. */
  readonly temperature: number
  /** Requests under way at most. */
  readonly concurrency: number
  /** A request that takes longer is given up, and repeated. */
  readonly timeoutSeconds: number
  /** How often a request is repeated at most. */
  readonly retries: number
  /** The first wait; each next one is twice as long, with jitter, and none is shorter than the server asks. */
  readonly retryMilliseconds: number
}

export const defaults = { timeoutSeconds: 600, retries: 6, retryMilliseconds: 1000 } as const

/** A server that does not take the requests of an evaluation; nothing was played. */
export class ServerUnusable extends Schema.TaggedError<ServerUnusable>()("ServerUnusable", {
  url: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.url}: ${this.detail}`
  }
  readonly isRetryable = false
}

/** Counts what was asked and answered since the layer was made. */
export class Meter extends Context.Service<Meter, {
  readonly spending: Effect.Effect<Spending.Spending>
}>()("envtune/layers/PolicyOpenai/Meter") {}

/** Why a request is repeated. `connected`: the server was there. */
interface Unanswered {
  readonly detail: string
  readonly connected: boolean
  /** Milliseconds that the server asked to wait. */
  readonly after?: number
}

const failures: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection is refused",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the host's name cannot be looked up",
  ECONNRESET: "the connection was lost",
  UND_ERR_SOCKET: "the connection was lost"
}

/** Never the error itself, which holds the request and so the key. */
const unanswered = (connected: boolean) => ({ reason }: HttpClientError): Unanswered => {
  if (reason._tag === "InvalidUrlError") return { detail: "it is no URL", connected }
  const { cause } = reason
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : ""
  const said = cause instanceof Error && cause.message !== "" ? cause.message : code
  return { detail: failures[code] ?? `the connection failed: ${said}`, connected }
}

/** Waits between the requests for one answer. */
const waits = ({ retryMilliseconds }: Options) =>
  Schedule.exponential(Duration.millis(retryMilliseconds)).pipe(
    Schedule.jittered,
    Schedule.setInputType<Unanswered>(),
    Schedule.modifyDelay(({ duration, input }) =>
      Effect.succeed(Duration.max(duration, Duration.millis(input.after ?? 0)))
    )
  )

const utf8 = new TextDecoder()

type Answer = Exclude<Reply.Reply, { readonly _tag: "Again" }>

/** What the requests of one process have in common. */
const connect = Effect.fnUntraced(function*(options: Options) {
  const client = HttpClient.transformResponse(
    yield* HttpClient.HttpClient,
    // Servers make nothing of trace headers.
    Effect.provideService(HttpClient.TracerDisabledWhen, () => true)
  )
  const turn = yield* Semaphore.make(options.concurrency)
  const blank = HttpClientRequest.post(`${options.baseUrl.replace(/\/+$/, "")}/chat/completions`).pipe(
    HttpClientRequest.acceptJson,
    options.apiKey === undefined ? (request) => request : HttpClientRequest.bearerToken(options.apiKey)
  )
  const late: Unanswered = { detail: `no answer within ${options.timeoutSeconds} s`, connected: true }
  let spending = Spending.none

  const once = Effect.fnUntraced(function*(body: string, step: number) {
    const response = yield* client.execute(HttpClientRequest.bodyText(blank, body, "application/json")).pipe(
      Effect.mapError(unanswered(false))
    )
    const bytes = yield* Effect.mapError(response.arrayBuffer, unanswered(true))
    const { headers, status } = response
    const reply = Reply.read(
      { status, body: utf8.decode(bytes), retryAfter: headers["retry-after"] },
      step,
      yield* Clock.currentTimeMillis
    )
    return reply._tag === "Again" ? yield* Effect.fail<Unanswered>({ ...reply, connected: true }) : reply
  })

  /** The answer to a request; `insist` says what is worth another. */
  const ask = (
    body: string,
    step: number,
    insist: (problem: Unanswered) => boolean = () => true
  ): Effect.Effect<Answer, Unanswered> =>
    Effect.suspend(() => {
      let attempt = 0
      return Effect.suspend(() => {
        attempt += 1
        spending = Spending.asked(spending, attempt)
        return once(body, step)
      }).pipe(
        Effect.timeoutOrElse({ duration: `${options.timeoutSeconds} seconds`, orElse: () => Effect.fail(late) }),
        Effect.retry({ schedule: waits(options), times: options.retries, while: insist }),
        Effect.map((reply) => {
          if (reply._tag === "Said") spending = Spending.answered(spending, reply.completion.usage)
          return reply
        })
      )
    }).pipe(turn.withPermit)

  return { ask, spending: Effect.sync(() => spending) }
})

type Server = Effect.Success<ReturnType<typeof connect>>

const greeting: ReadonlyArray<Message> = [{ role: "user", content: "Hello" }]

const trialTool = [{ name: "wait", description: "Does nothing.", parameters: [] }]

const trialTokens = 16

const diagnosis = ({ apiKey, model }: Options, { detail, status }: Answer & { readonly _tag: "Refused" }): string => {
  if (status === 401 || status === 403) {
    return apiKey === undefined ? `it wants a key, and none was given (${detail})` : `it refuses the key (${detail})`
  }
  if (status === 404) return `it has no /chat/completions here, or no model "${model}" (${detail})`
  return `it does not take requests like these for "${model}" (${detail})`
}

/** Asks for a few tokens as every request will ask; what the server calls their bound. */
const tryOut = Effect.fnUntraced(function*(
  server: Server,
  options: Options,
  limitName: Request.LimitName = "max_tokens"
): Effect.fn.Return<Request.LimitName, ServerUnusable> {
  const unusable = (detail: string) => new ServerUnusable({ url: options.baseUrl, detail })
  const conversation = new Request.Conversation(trialTool, { ...options, limitName })
  conversation.add(greeting)
  const body = conversation.body({ temperature: options.temperature, maxTokens: trialTokens }, 0)
  const reply = yield* server.ask(body, 0, ({ connected }) => connected).pipe(
    Effect.mapError(({ detail }) => unusable(detail))
  )
  if (reply._tag !== "Refused") return limitName
  return limitName === "max_tokens" && reply.detail.includes("max_completion_tokens")
    ? yield* tryOut(server, options, "max_completion_tokens")
    : yield* unusable(diagnosis(options, reply))
})

const make = Effect.fnUntraced(function*(options: Options) {
  const server = yield* connect(options)
  const limitName = yield* tryOut(server, options)

  const failed = ({ detail }: Unanswered): PolicyError =>
    new PolicyError({ reason: new PolicyUnavailable({ detail: `${options.baseUrl}: ${detail}` }) })

  /** The next message; nothing where there is no room for one. */
  const next = Effect.fnUntraced(function*(
    conversation: Request.Conversation,
    sampling: Sampling,
    seed: number,
    step: number
  ): Effect.fn.Return<Option.Option<Completion>, PolicyError> {
    const reply = yield* Effect.mapError(server.ask(conversation.body(sampling, seed), step), failed)
    switch (reply._tag) {
      case "Said":
        return Option.some(reply.completion)
      case "Full":
        return reply.room > 0 && reply.room < sampling.maxTokens
          ? yield* next(conversation, { ...sampling, maxTokens: reply.room }, seed, step)
          : Option.none()
      case "Refused":
        return yield* new PolicyError({
          reason: new PolicyRefused({ detail: `${options.baseUrl}: ${reply.detail}` })
        })
    }
  })

  const policy = Policy.of({
    open: ({ sampling, seed, tools }) =>
      Effect.sync(() => {
        const conversation = new Request.Conversation(tools, { ...options, limitName })
        let step = 0
        return {
          act: Effect.fnUntraced(function*(messages: ReadonlyArray<Message>) {
            conversation.add(messages)
            const answer = yield* next(conversation, sampling, Seed.derive(seed, step), step)
            if (Option.isNone(answer)) return outOfContext
            step += 1
            const { message } = answer.value
            const calls = message.toolCalls?.map((call) => ({ ...call, name: conversation.named(call.name) }))
            const completion: Completion = {
              ...answer.value,
              message: { ...message, ...(calls !== undefined && { toolCalls: calls }) }
            }
            conversation.add([completion.message])
            return completion
          })
        }
      })
  })
  return Context.make(Policy, policy).pipe(Context.add(Meter, Meter.of({ spending: server.spending })))
})

/** Fails when the server cannot be asked as the options say. */
export const layer = (options: Options): Layer.Layer<Policy | Meter, ServerUnusable> =>
  Layer.effectContext(make(options)).pipe(Layer.provide(NodeHttpClient.layerUndici))
