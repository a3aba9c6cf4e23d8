/** Messages about sampling (spec: tinker, 1.5 and 2.2). */
import { Schema } from "effect"
import { ModelInput } from "./Datum.ts"
import { maybe, type, withDefault } from "./Field.ts"

/** From a base model or from weights saved for sampling: exactly one of the two. */
export const CreateSamplingSession = Schema.Struct({
  session_id: Schema.String,
  /** Counts the sampling sessions of the session from 0, those of `save_weights_for_sampler` included. */
  sampling_session_seq_id: Schema.Natural,
  base_model: maybe(Schema.String),
  model_path: maybe(Schema.String),
  type: type("create_sampling_session")
})
export type CreateSamplingSession = typeof CreateSamplingSession.Type

export const SamplingSession = Schema.Struct({
  sampling_session_id: Schema.String,
  type: type("create_sampling_session")
})

/** Strings need the server's tokenizer, and some servers cannot mix them with ids, or ignore them. */
export const Stop = Schema.Union([Schema.String, Schema.Array(Schema.String), Schema.Array(Schema.Int)])

export const SamplingParams = Schema.Struct({
  /** Required by SkyRL. */
  max_tokens: maybe(Schema.Natural),
  seed: maybe(Schema.Int),
  stop: maybe(Stop),
  temperature: withDefault(Schema.Finite, 1),
  /** -1 is off. */
  top_k: withDefault(Schema.Int, -1),
  top_p: withDefault(Schema.Finite, 1)
})
export type SamplingParams = typeof SamplingParams.Type

/** By sampling session and number, or by the name of a base model or the path of weights. */
export const Sample = Schema.Struct({
  sampling_session_id: maybe(Schema.String),
  /** Counts the requests of the sampling session from 0; one that is sent again keeps its number. */
  seq_id: maybe(Schema.Natural),
  base_model: maybe(Schema.String),
  model_path: maybe(Schema.String),
  num_samples: withDefault(Schema.Int, 1),
  prompt: ModelInput,
  sampling_params: SamplingParams,
  prompt_logprobs: maybe(Schema.Boolean),
  topk_prompt_logprobs: withDefault(Schema.Natural, 0),
  type: type("sample")
})
export type Sample = typeof Sample.Type

export const Sequence = Schema.Struct({
  stop_reason: Schema.Literals(["stop", "length"]),
  tokens: Schema.Array(Schema.Int),
  /** One for each token. */
  logprobs: maybe(Schema.Array(Schema.Finite))
})
export type Sequence = typeof Sequence.Type

export const Sampled = Schema.Struct({
  sequences: Schema.Array(Sequence),
  /** One for each token of the prompt, the first null; or, on SkyRL's JAX backend, without the first. */
  prompt_logprobs: maybe(Schema.Array(Schema.NullOr(Schema.Finite))),
  type: type("sample")
})
export type Sampled = typeof Sampled.Type

export const Sampler = Schema.Struct({
  sampler_id: Schema.String,
  base_model: Schema.String,
  model_path: maybe(Schema.String)
})
