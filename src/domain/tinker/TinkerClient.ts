/**
 * A server that speaks Tinker's protocol: endpoints go in, answers and outcomes come out.
 *
 * What is slow has two phases: `submit` returns when the server has accepted a request, `retrieve` when it has been
 * carried out. A `Pending` is a value and nothing runs for it, so that requests pipeline, and whoever stops waiting
 * stops no more than that: the server carries out what it has accepted.
 */
import type { Effect } from "effect"
import { Context, Schema } from "effect"
import type { Call, Eventual, Operation, Resource } from "./Endpoint.ts"
import { FailureCategory } from "./Future.ts"
import type { ClientConfig } from "./Service.ts"

/** No answer came, however often the request was sent. */
export class ServerUnreachable extends Schema.TaggedError<ServerUnreachable>()("ServerUnreachable", {
  detail: Schema.String
}) {
  override get message() {
    return `no answer: ${this.detail}`
  }
  readonly isRetryable = true
}

/** The server said that it cannot now, however often the request was sent. */
export class ServerOverloaded extends Schema.TaggedError<ServerOverloaded>()("ServerOverloaded", {
  status: Schema.Int,
  detail: Schema.String
}) {
  override get message() {
    return `HTTP ${this.status}: ${this.detail}`
  }
  readonly isRetryable = true
}

/** The key was not accepted. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {
  status: Schema.Int,
  detail: Schema.String
}) {
  override get message() {
    return `HTTP ${this.status}: ${this.detail}; is the API key right?`
  }
  readonly isRetryable = false
}

/** The account may not spend more, and this did not change for as long as a request may wait. */
export class BillingPaused extends Schema.TaggedError<BillingPaused>()("BillingPaused", {
  seconds: Schema.Finite
}) {
  override get message() {
    return `the account was paused for billing for more than ${this.seconds} s`
  }
  readonly isRetryable = false
}

/** Something answers at the address, and it is no server of this protocol. */
export class AnotherServer extends Schema.TaggedError<AnotherServer>()("AnotherServer", {
  detail: Schema.String
}) {
  override get message() {
    return `what answers there does not speak Tinker's protocol: ${this.detail}`
  }
  readonly isRetryable = false
}

/** An answer that is none of this protocol. */
export class AnswerMalformed extends Schema.TaggedError<AnswerMalformed>()("AnswerMalformed", {
  detail: Schema.String
}) {
  override get message() {
    return `the answer cannot be read: ${this.detail}`
  }
  readonly isRetryable = false
}

/** The server will not do this. */
export class RequestRefused extends Schema.TaggedError<RequestRefused>()("RequestRefused", {
  status: Schema.Int,
  detail: Schema.String
}) {
  override get message() {
    return `HTTP ${this.status}: ${this.detail}`
  }
  readonly isRetryable = false
}

/** The number or the name is taken, by another request than this. `resent`: an answer to this one may have been lost before. */
export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", {
  detail: Schema.String,
  resent: Schema.Boolean
}) {
  override get message() {
    return `HTTP 409: ${this.detail}`
  }
  readonly isRetryable = false
}

/** The server accepted an operation, and it failed. */
export class OperationFailed extends Schema.TaggedError<OperationFailed>()("OperationFailed", {
  requestId: Schema.String,
  category: FailureCategory,
  detail: Schema.String
}) {
  override get message() {
    return `request ${this.requestId} failed: ${this.detail}`
  }
  get isRetryable() {
    return this.category === "server"
  }
}

/** The server forgot an operation before its outcome was asked for, each time it was submitted. */
export class OutcomeLost extends Schema.TaggedError<OutcomeLost>()("OutcomeLost", {
  requestId: Schema.String
}) {
  override get message() {
    return `the server forgot request ${this.requestId} before its outcome was read`
  }
  readonly isRetryable = false
}

/** The session does not answer, or is gone, and with it its models. */
export class SessionLost extends Schema.TaggedError<SessionLost>()("SessionLost", {
  sessionId: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `session ${this.sessionId} is lost: ${this.detail}`
  }
  readonly isRetryable = false
}

/** Part of a gradient may have been added up, and nothing clears it: only weights loaded into a new model help. */
export class ModelPoisoned extends Schema.TaggedError<ModelPoisoned>()("ModelPoisoned", {
  modelId: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `model ${this.modelId} holds an unknown part of a gradient and must be loaded again: ${this.detail}`
  }
  readonly isRetryable = false
}

/** What this kind of server cannot do, or would do otherwise than asked. */
export class Unsupported extends Schema.TaggedError<Unsupported>()("Unsupported", {
  profile: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `a server of profile ${this.profile} ${this.detail}`
  }
  readonly isRetryable = false
}

export class TinkerError extends Schema.TaggedError<TinkerError>()("TinkerError", {
  /** The endpoint, or what it was asked for; the server's address, where there is no such server. */
  method: Schema.String,
  reason: Schema.Union([
    ServerUnreachable,
    ServerOverloaded,
    Unauthorized,
    BillingPaused,
    AnotherServer,
    AnswerMalformed,
    RequestRefused,
    Conflict,
    OperationFailed,
    OutcomeLost,
    SessionLost,
    ModelPoisoned,
    Unsupported
  ])
}) {
  override get message() {
    return `${this.method}: ${this.reason.message}`
  }
  get isRetryable() {
    return this.reason.isRetryable
  }
}

/** An operation that the server has accepted. */
export interface Pending<A> {
  readonly requestId: string
  readonly operation: Eventual<A>
  /** Submits the same request again, for a server that has forgotten it. */
  readonly resubmit: Effect.Effect<Pending<A>, TinkerError>
}

export class TinkerClient extends Context.Service<TinkerClient, {
  /** The version of Tinker's own SDK that this client speaks like; servers decide by it what they serve. */
  readonly sdkVersion: string
  /** What the server asks of its clients. */
  readonly config: ClientConfig
  readonly get: <A>(resource: Resource<A>) => Effect.Effect<A, TinkerError>
  readonly call: <Q, A>(endpoint: Call<Q, A>, request: Q) => Effect.Effect<A, TinkerError>
  /** Done when the request is accepted. One that got no answer is sent again as it was, numbers included. */
  readonly submit: <Q, A>(operation: Operation<Q, A>, request: Q) => Effect.Effect<Pending<A>, TinkerError>
  /** Waits for the outcome, without a limit: work may queue behind that of others. */
  readonly retrieve: <A>(pending: Pending<A>) => Effect.Effect<A, TinkerError>
}>()("envtune/domain/tinker/TinkerClient") {}
