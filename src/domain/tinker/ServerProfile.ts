/**
 * How servers that speak Tinker's protocol differ (spec: tinker, 4). Nothing on the wire tells one from another, so
 * a user says which it is, and `envtune doctor` finds out whether that is so.
 */
import { Schema } from "effect"

/** Of the optimiser; null: not clipped. */
const Fixed = Schema.Struct({
  beta1: Schema.optionalKey(Schema.Finite),
  beta2: Schema.optionalKey(Schema.Finite),
  epsilon: Schema.optionalKey(Schema.Finite),
  weightDecay: Schema.optionalKey(Schema.Finite),
  clipNorm: Schema.optionalKey(Schema.NullOr(Schema.Finite))
})

export const ServerProfile = Schema.Struct({
  name: Schema.NonEmptyString,
  wire: Schema.Literals(["json", "proto"]),
  /**
   * How a linear loss, `sum_t g[t] * logprob[t]`, is put: as cross-entropy with weights -g, or as importance sampling
   * at the model's own log-probs with advantages -g, whose ratio is then 1 (spec: tinker, 3.1 and 3.2).
   */
  linearLoss: Schema.Literals(["cross_entropy", "importance_sampling", "none"]),
  /** What a loss is divided by: nothing, or each datum by its length and the whole by the data since the last step. */
  reduction: Schema.Literals(["sum", "mean"]),
  /**
   * Whether the built-in `ppo` is the protocol's, with the bounds that it is sent (spec: tinker, 2.1). It takes one pass,
   * where the linear loss takes another before for the log-probs.
   */
  ppo: Schema.Boolean,
  /** Whether there is `forward`. Without it, log-probs come from a backward pass of nothing. */
  forward: Schema.Boolean,
  /** Where the log-probs of the frozen reference come from when an adapter is trained (spec: tinker, 3.5). */
  reference: Schema.Literals(["second-model", "base-sampler", "none"]),
  /** Whether a sampler keeps its weights while training goes on. */
  samplerIsolation: Schema.Boolean,
  /** Numbers of the optimiser that the server has chosen: it ignores what it is sent. */
  fixed: Fixed,
  /**
   * How all weights are trained instead of an adapter. A server that calls it an adapter of rank 0 then has one model and
   * no base beside it, which leaves no reference (spec: tinker, 3.5 and 4).
   */
  fullFineTune: Schema.Literals(["rank-zero", "omit-lora-config", "none"])
}).annotate({ identifier: "envtune/ServerProfile" })
export type ServerProfile = typeof ServerProfile.Type

const hosted: ServerProfile = {
  name: "hosted",
  wire: "proto",
  linearLoss: "cross_entropy",
  reduction: "sum",
  ppo: true,
  forward: true,
  reference: "base-sampler",
  samplerIsolation: true,
  fixed: {},
  fullFineTune: "omit-lora-config"
}

const skyrlJax: ServerProfile = {
  name: "skyrl-jax",
  wire: "json",
  linearLoss: "importance_sampling",
  reduction: "mean",
  ppo: true,
  forward: true,
  reference: "second-model",
  samplerIsolation: false,
  fixed: { clipNorm: null },
  fullFineTune: "none"
}

/** The torch backends take the rate alone; the rest is in the configuration they are started with, and so is what `ppo` is. */
const skyrlFsdp: ServerProfile = {
  name: "skyrl-fsdp",
  wire: "json",
  linearLoss: "cross_entropy",
  reduction: "sum",
  ppo: false,
  forward: true,
  reference: "base-sampler",
  samplerIsolation: false,
  fixed: { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 },
  fullFineTune: "rank-zero"
}

/** Its `ppo` has bounds of other names. */
const openrl: ServerProfile = {
  name: "openrl",
  wire: "json",
  linearLoss: "importance_sampling",
  reduction: "sum",
  ppo: false,
  forward: false,
  reference: "none",
  samplerIsolation: false,
  fixed: {},
  fullFineTune: "none"
}

/** Its losses are others than their names say: there is no linear one to rely on. */
const twinkle: ServerProfile = {
  name: "twinkle",
  wire: "json",
  linearLoss: "none",
  reduction: "mean",
  ppo: false,
  forward: true,
  reference: "second-model",
  samplerIsolation: true,
  fixed: {},
  fullFineTune: "none"
}

/** What a server of the whole protocol does; to be changed where yours differs. */
export const custom: ServerProfile = { ...hosted, name: "custom", wire: "json", reference: "second-model" }

export const presets = {
  hosted,
  "skyrl-jax": skyrlJax,
  "skyrl-fsdp": skyrlFsdp,
  "skyrl-megatron": { ...skyrlFsdp, name: "skyrl-megatron", reference: "second-model" },
  openrl,
  twinkle,
  custom
} as const satisfies Readonly<Record<string, ServerProfile>>

/** The kinds of servers that are known. */
export const Name = Schema.Literals([
  "hosted",
  "skyrl-jax",
  "skyrl-fsdp",
  "skyrl-megatron",
  "openrl",
  "twinkle",
  "custom"
])
export type Name = keyof typeof presets
