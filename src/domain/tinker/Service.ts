/** Messages about the server itself and about sessions (spec: tinker, 1.1 and 1.2). */
import { Schema } from "effect"
import { maybe, type, withDefault } from "./Field.ts"

export const Health = Schema.Struct({ status: Schema.String })

export const ClientConfigRequest = Schema.Struct({ sdk_version: Schema.String })

const mebibyte = 1_048_576

/** What a server wants of its clients; a server that says nothing has these defaults (those of Tinker's own SDK). */
export const ClientConfig = Schema.Struct({
  /** The API key is to be exchanged for a token. */
  pjwt_auth_enabled: withDefault(Schema.Boolean, false),
  /** Bytes of prompts on their way to the sampler. */
  sample_dispatch_bytes_semaphore_size: withDefault(Schema.Int, 10 * mebibyte),
  /** Bytes of results on their way to the client. */
  inflight_response_bytes_semaphore_size: withDefault(Schema.Int, 50 * mebibyte),
  sample_max_concurrent_requests: withDefault(Schema.Int, 2000),
  /** Data of one training request. */
  fwdbwd_max_chunk_len: withDefault(Schema.Int, 1024),
  fwdbwd_max_chunk_bytes_count: withDefault(Schema.Int, 5_000_000)
})
export type ClientConfig = typeof ClientConfig.Type

export const AuthTokenRequest = Schema.Struct({})

export const AuthToken = Schema.Struct({ jwt: Schema.String })

export const SupportedModel = Schema.Struct({
  model_name: maybe(Schema.String),
  max_context_length: maybe(Schema.Int),
  trainable: maybe(Schema.Boolean),
  sampleable: maybe(Schema.Boolean)
})

export const Capabilities = Schema.Struct({ supported_models: Schema.Array(SupportedModel) })
export type Capabilities = typeof Capabilities.Type

const Metadata = Schema.Record(Schema.String, Schema.Unknown)

export const CreateSession = Schema.Struct({
  tags: withDefault(Schema.Array(Schema.String), []),
  user_metadata: maybe(Metadata),
  sdk_version: Schema.String,
  project_id: maybe(Schema.String),
  type: type("create_session")
})
export type CreateSession = typeof CreateSession.Type

/** The three messages are for the user. */
export const Session = Schema.Struct({
  session_id: Schema.String,
  info_message: maybe(Schema.String),
  warning_message: maybe(Schema.String),
  error_message: maybe(Schema.String),
  type: type("create_session")
})
export type Session = typeof Session.Type

export const Heartbeat = Schema.Struct({ session_id: Schema.String, type: type("session_heartbeat") })

export const HeartbeatReceived = Schema.Struct({ type: type("session_heartbeat") })

export const Telemetry = Schema.Struct({ session_id: maybe(Schema.String), events: Schema.Array(Schema.Unknown) })

export const TelemetryAccepted = Schema.Struct({ status: Schema.String })
