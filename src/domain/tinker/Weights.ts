/** Messages about saved weights and the registry of them (spec: tinker, 1.6). Paths are opaque. */
import { Schema } from "effect"
import { maybe, type, withDefault } from "./Field.ts"

const Metadata = Schema.Record(Schema.String, Schema.Unknown)

export const SaveWeights = Schema.Struct({
  model_id: Schema.String,
  /** A name, of which the server makes a path. */
  path: Schema.String,
  seq_id: Schema.Int,
  ttl_seconds: maybe(Schema.Int),
  overwrite: withDefault(Schema.Boolean, false),
  user_metadata: maybe(Metadata),
  type: type("save_weights")
})
export type SaveWeights = typeof SaveWeights.Type

/** The state of the optimiser is saved, too. */
export const WeightsSaved = Schema.Struct({ path: Schema.String, type: type("save_weights") })
export type WeightsSaved = typeof WeightsSaved.Type

/** Under a name for later, or, without a path, as a sampling session to be used at once and never again. */
export const SaveWeightsForSampler = Schema.Struct({
  model_id: Schema.String,
  path: maybe(Schema.String),
  /** Of a session without a path; the counter of `create_sampling_session`. */
  sampling_session_seq_id: maybe(Schema.Natural),
  /** The weights of the moment; newer SDKs know other kinds. */
  kind: maybe(Schema.Literal("snapshot")),
  seq_id: Schema.Int,
  ttl_seconds: maybe(Schema.Int),
  user_metadata: maybe(Metadata),
  type: type("save_weights_for_sampler")
})
export type SaveWeightsForSampler = typeof SaveWeightsForSampler.Type

export const SamplerWeightsSaved = Schema.Struct({
  path: maybe(Schema.String),
  sampling_session_id: maybe(Schema.String),
  type: type("save_weights_for_sampler")
})
export type SamplerWeightsSaved = typeof SamplerWeightsSaved.Type

/** Only as the first request of a model (`seq_id` 1). */
export const LoadWeights = Schema.Struct({
  model_id: Schema.String,
  seq_id: Schema.Int,
  path: Schema.String,
  optimizer: Schema.Boolean,
  /** For weights of another account. */
  weights_access_token: maybe(Schema.String),
  type: type("load_weights")
})
export type LoadWeights = typeof LoadWeights.Type

/** A new model that begins with saved weights, in one request (SDKs from 0.26 on). */
export const CreateFromWeights = Schema.Struct({
  session_id: Schema.String,
  model_seq_id: Schema.Natural,
  path: Schema.String,
  optimizer: Schema.Boolean,
  base_model: maybe(Schema.String),
  user_metadata: maybe(Metadata),
  /** Of a model whose optimiser is a new one. */
  optimizer_config: maybe(Schema.Struct({ type: Schema.Literal("adamw") })),
  weights_access_token: maybe(Schema.String),
  type: type("load_weights")
})
export type CreateFromWeights = typeof CreateFromWeights.Type

export const WeightsLoaded = Schema.Struct({
  path: maybe(Schema.String),
  model_id: maybe(Schema.String),
  type: type("load_weights")
})

export const WeightsInfoRequest = Schema.Struct({ tinker_path: Schema.String })

/** What a model has to be for these weights. */
export const WeightsInfo = Schema.Struct({
  base_model: Schema.String,
  is_lora: Schema.Boolean,
  lora_rank: maybe(Schema.Natural),
  train_unembed: maybe(Schema.Boolean),
  train_mlp: maybe(Schema.Boolean),
  train_attn: maybe(Schema.Boolean)
})
export type WeightsInfo = typeof WeightsInfo.Type

export const Cursor = Schema.Struct({ offset: Schema.Natural, limit: Schema.Natural, total_count: Schema.Natural })

export const TrainingRun = Schema.Struct({
  training_run_id: Schema.String,
  base_model: Schema.String,
  model_owner: Schema.String,
  is_lora: Schema.Boolean,
  corrupted: withDefault(Schema.Boolean, false),
  lora_rank: maybe(Schema.Natural),
  last_request_time: Schema.String
})

export const TrainingRuns = Schema.Struct({ training_runs: Schema.Array(TrainingRun), cursor: Cursor })
export type TrainingRuns = typeof TrainingRuns.Type

/** Known by its `tinker_path`: what `checkpoint_id` is depends on the server. */
export const Checkpoint = Schema.Struct({
  checkpoint_id: Schema.String,
  checkpoint_type: Schema.Literals(["training", "sampler"]),
  time: Schema.String,
  tinker_path: Schema.String,
  size_bytes: maybe(Schema.Natural)
})

export const Checkpoints = Schema.Struct({ checkpoints: Schema.Array(Checkpoint) })
export type Checkpoints = typeof Checkpoints.Type
