/** Messages about models in training: their life, their gradients and their optimiser (spec: tinker, 1.3 and 1.4). */
import { Schema } from "effect"
import { Datum, Tensor } from "./Datum.ts"
import { maybe, type, withDefault } from "./Field.ts"

/** Which part of a model is trained. SkyRL ignores the three flags. */
export const LoraConfig = Schema.Struct({
  /** 0 asks SkyRL's torch backends for full fine-tuning. */
  rank: Schema.Natural,
  /** Of the adapter's initial weights. */
  seed: maybe(Schema.Int),
  train_unembed: withDefault(Schema.Boolean, true),
  train_mlp: withDefault(Schema.Boolean, true),
  train_attn: withDefault(Schema.Boolean, true)
})
export type LoraConfig = typeof LoraConfig.Type

const Metadata = Schema.Record(Schema.String, Schema.Unknown)

export const CreateModel = Schema.Struct({
  session_id: Schema.String,
  /** Counts the models of the session from 0. */
  model_seq_id: Schema.Natural,
  base_model: Schema.String,
  user_metadata: maybe(Metadata),
  /** Absent for full fine-tuning, where a server has it so. */
  lora_config: maybe(LoraConfig),
  /** Adam, of which `OptimStep` has the settings; the hosted service has others. */
  optimizer_config: maybe(Schema.Struct({ type: Schema.Literal("adamw") })),
  type: type("create_model")
})
export type CreateModel = typeof CreateModel.Type

export const ModelCreated = Schema.Struct({ model_id: Schema.String, type: type("create_model") })
export type ModelCreated = typeof ModelCreated.Type

export const GetInfo = Schema.Struct({ model_id: Schema.String, type: type("get_info") })

export const ModelInfo = Schema.Struct({
  model_id: Schema.String,
  model_data: Schema.Struct({
    arch: maybe(Schema.String),
    model_name: maybe(Schema.String),
    tokenizer_id: maybe(Schema.String)
  }),
  is_lora: maybe(Schema.Boolean),
  lora_rank: maybe(Schema.Natural),
  model_name: maybe(Schema.String),
  type: type("get_info")
})
export type ModelInfo = typeof ModelInfo.Type

export const UnloadModel = Schema.Struct({ model_id: Schema.String, type: type("unload_model") })

export const ModelUnloaded = Schema.Struct({ model_id: maybe(Schema.String), type: type("unload_model") })

/** Data and the loss function over them; `loss_fn_config` has thresholds and coefficients by name. */
export const Pass = Schema.Struct({
  data: Schema.Array(Datum),
  loss_fn: Schema.String,
  loss_fn_config: maybe(Schema.Record(Schema.String, Schema.Finite))
})
export type Pass = typeof Pass.Type

/** `seq_id` counts the requests of a model from 1, whatever they ask for; so in all that follows. */
export const Forward = Schema.Struct({ model_id: Schema.String, seq_id: Schema.Int, forward_input: Pass })
export type Forward = typeof Forward.Type

export const ForwardBackward = Schema.Struct({
  model_id: Schema.String,
  seq_id: Schema.Int,
  forward_backward_input: Pass
})
export type ForwardBackward = typeof ForwardBackward.Type

/** One record of tensors for each datum, in order. Every server gives `logprobs`, one for each target. */
export const PassOutput = Schema.Struct({
  loss_fn_output_type: withDefault(Schema.String, "ArrayRecord"),
  loss_fn_outputs: Schema.Array(Schema.Record(Schema.String, Tensor)),
  metrics: withDefault(Schema.Record(Schema.String, Schema.Number), {})
})
export type PassOutput = typeof PassOutput.Type

/** Decoupled AdamW; `grad_clip_norm` 0 is off. Some servers read the rate alone. */
export const AdamParams = Schema.Struct({
  learning_rate: withDefault(Schema.Finite, 1e-4),
  beta1: withDefault(Schema.Finite, 0.9),
  beta2: withDefault(Schema.Finite, 0.95),
  eps: withDefault(Schema.Finite, 1e-12),
  weight_decay: withDefault(Schema.Finite, 0),
  grad_clip_norm: withDefault(Schema.Finite, 0)
})
export type AdamParams = typeof AdamParams.Type

/** Steps with all gradients since the last step: there is no other way to clear them. */
export const OptimStep = Schema.Struct({
  model_id: Schema.String,
  seq_id: Schema.Int,
  adam_params: AdamParams,
  type: type("optim_step")
})
export type OptimStep = typeof OptimStep.Type

export const StepTaken = Schema.Struct({ metrics: maybe(Schema.Record(Schema.String, Schema.Number)) })
export type StepTaken = typeof StepTaken.Type
