/** Messages about operations that are accepted at once and carried out later (spec: tinker, 1.0 and 1.7). */
import { Schema } from "effect"
import { maybe, type } from "./Field.ts"

/** The answer to every such operation; `request_id` is opaque. */
export const Accepted = Schema.Struct({
  request_id: Schema.String,
  model_id: maybe(Schema.String),
  /** Of a request for samples, one for each; SDKs from 0.26 on cannot do without. */
  sample_sequence_ids: maybe(Schema.Array(Schema.String))
})
export type Accepted = typeof Accepted.Type

/** A long poll for an outcome. */
export const RetrieveFuture = Schema.Struct({
  request_id: Schema.String,
  /** The client has room to ask for: a large result may be answered by its size (`CompleteMetadata`). */
  allow_metadata_only: Schema.Boolean
})
export type RetrieveFuture = typeof RetrieveFuture.Type

export const QueueState = Schema.Literals(["active", "paused_capacity", "paused_rate_limit"])
export type QueueState = typeof QueueState.Type

/** Not done yet. */
export const TryAgain = Schema.Struct({
  type: Schema.Literal("try_again"),
  request_id: maybe(Schema.String),
  queue_state: maybe(QueueState),
  queue_state_reason: maybe(Schema.String)
})
export type TryAgain = typeof TryAgain.Type

/** Done, and large. */
export const CompleteMetadata = Schema.Struct({
  status: Schema.Literal("complete_metadata"),
  response_payload_size: Schema.Natural
})

/** Whose fault a failure is: the request's or the server's. */
export const FailureCategory = Schema.Literals(["user", "server", "unknown"])
export type FailureCategory = typeof FailureCategory.Type

/** The operation failed, as the hosted service and Twinkle say it (status 200). */
export const RequestFailed = Schema.Struct({ error: Schema.String, category: FailureCategory })

/** The operation failed, as OpenRL says it (status 400). */
export const RequestFailedResponse = Schema.Struct({
  type: type("RequestFailedResponse"),
  error_message: Schema.String
})

/** What went wrong, as SkyRL and FastAPI say it: a sentence, or a list of places and complaints. */
export const Detail = Schema.Struct({ detail: Schema.Unknown })
