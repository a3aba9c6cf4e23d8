/**
 * The GPU trainer resource, Tinker-shaped: it samples tokens, computes log-probs and
 * gradients, steps the optimiser and keeps the weights.
 *
 * An engine knows tokens and nothing else. The loss that all have is linear in the log-probs,
 * `-sum_t weights[t] * logprob[t]`: any policy-gradient loss reduces to it (Grpo.ts),
 * so every loss runs on every engine. Whatever the number of workers, a request has one
 * result: sampling depends on the request's own seed, never on what is sampled beside it.
 */
import type { Effect } from "effect"
import { Context, Schema } from "effect"

/** The engine cannot be reached, or went away in the middle of a request. */
export class EngineUnavailable extends Schema.TaggedError<EngineUnavailable>()("EngineUnavailable", {
  detail: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return `the engine is unavailable: ${this.detail}`
  }
  readonly isRetryable = true
}

/** The request cannot be served as it is: too long, empty, out of the vocabulary. */
export class RequestRejected extends Schema.TaggedError<RequestRejected>()("RequestRejected", {
  detail: Schema.String
}) {
  override get message() {
    return `the engine rejected the request: ${this.detail}`
  }
  readonly isRetryable = false
}

/** A loss or a gradient is not finite; the weights are those of the last good step. */
export class NonFinite extends Schema.TaggedError<NonFinite>()("NonFinite", {
  quantity: Schema.String,
  value: Schema.Number
}) {
  override get message() {
    return `the ${this.quantity} is ${this.value}; the optimiser step was not taken`
  }
  readonly isRetryable = false
}

/** Saved weights that cannot be read, written or used with this engine. */
export class WeightsUnusable extends Schema.TaggedError<WeightsUnusable>()("WeightsUnusable", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `the weights at ${this.path} cannot be used: ${this.detail}`
  }
  readonly isRetryable = false
}

export class EngineError extends Schema.TaggedError<EngineError>()("EngineError", {
  reason: Schema.Union([EngineUnavailable, RequestRejected, NonFinite, WeightsUnusable])
}) {
  override get message() {
    return this.reason.message
  }
  get isRetryable() {
    return this.reason.isRetryable
  }
}

export interface SampleRequest {
  /** Token ids of the whole context, at least one. */
  readonly prompt: Int32Array
  /** At most this many new tokens. */
  readonly maxTokens: number
  /** 0 takes the likeliest token; log-probs are those of the distribution sampled from (at 0: of temperature 1). */
  readonly temperature: number
  /** Sampling ends after one of these ids, which is the last token of the result. */
  readonly stop: ReadonlyArray<number>
  /** A 32-bit seed; equal requests with equal seeds have equal results. */
  readonly seed: number
  /** Requests of one session extend one another, so what is shared need not be computed again. A hint: results do not change. */
  readonly session?: string
  /** Sessions of one family share the beginning of their prompts (the episodes of a group). A hint, too. */
  readonly family?: string
}

export interface Sample {
  readonly tokens: Int32Array
  /** One per token of `tokens`. */
  readonly logprobs: Float32Array
  /** `stop`: the last token is one of the request's stop ids; `length`: `maxTokens` or the context ran out. */
  readonly stop: "stop" | "length"
}

/** Samples one completion. Requests in flight together are batched by the engine. */
export type Sampler = (request: SampleRequest) => Effect.Effect<Sample, EngineError>

/** A sequence to compute on. `tokens` has T + 1 ids; entry t of every per-token array is about predicting `tokens[t + 1]`. */
export interface Datum {
  readonly tokens: Int32Array
  /** T numbers: the loss is `-sum_t weights[t] * logprob[t]`. Where it is 0 nothing is computed for t. */
  readonly weights: Float32Array
  /** T numbers, where the engine supports it: subtracts `entropyWeights[t] * entropy[t]` from the loss. */
  readonly entropyWeights?: Float32Array
}

/** A sequence with tokens that were sampled; arrays as in `Datum`. */
export interface PpoDatum {
  readonly tokens: Int32Array
  /** Under the weights that sampled them. */
  readonly oldLogprobs: Float32Array
  /** A token's advantage times what it counts; 0 where the token was not sampled. */
  readonly advantages: Float32Array
}

/** Bounds of the ratio of two policies. */
export interface Clip {
  readonly low: number
  readonly high: number
}

/** What the model thinks of a datum's tokens; entries whose weight is 0 are 0. */
export interface Scored {
  readonly logprobs: Float32Array
  /**
   * In nats. An engine that does not see the distribution gives the token's own -logprob: over tokens that the weights
   * have sampled, the mean of both is the same.
   */
  readonly entropies: Float32Array
}

export interface AdamW {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
  /** The gradient is scaled down to this global norm; null leaves it as it is. */
  readonly clipNorm: number | null
}

export interface EngineInfo {
  readonly name: string
  readonly vocabularySize: number
  /** The longest sequence, prompt and completion together, in tokens. */
  readonly contextLength: number
  /** 0 when the engine does not know. */
  readonly parameters: number
  readonly capabilities: {
    /** Whether `entropyWeights` is honoured; an engine without it refuses a datum that has them. */
    readonly entropyGradient: boolean
    /** Numbers of the optimiser that are what they are, whatever a step says. */
    readonly fixedOptimizer?: Partial<AdamW>
    /** Why no reference can be frozen, where none can; the engine refuses to freeze one. */
    readonly noReference?: string
    /** Whether there is `snapshot`. */
    readonly snapshots?: boolean
    /** Passes without gradient that `forwardBackward` takes before its own; none when absent. */
    readonly forwardPasses?: number
  }
}

const optimizerNumbers = ["learningRate", "beta1", "beta2", "epsilon", "weightDecay", "clipNorm"] as const

/** What an engine would do otherwise than the optimiser's numbers say, a clause for each. */
export const unheeded = (
  { capabilities: { fixedOptimizer = {} } }: Pick<EngineInfo, "capabilities">,
  adam: AdamW
): ReadonlyArray<string> =>
  optimizerNumbers.flatMap((name) => {
    const fixed = fixedOptimizer[name]
    return fixed === undefined || fixed === adam[name] ? [] : [`${name} is ${fixed} and cannot be ${adam[name]}`]
  })

export class Engine extends Context.Service<Engine, {
  readonly info: EngineInfo
  /** Samples with the weights of the last step. */
  readonly sample: Sampler
  /**
   * Samples with the weights as they are now, whatever steps are taken meanwhile. Absent where a step changes the weights
   * of whoever is sampling: nothing can be sampled ahead of training then.
   */
  readonly snapshot?: Effect.Effect<Sampler>
  /** Log-probs at temperature 1 of tokens whose weight is not 0, under the current weights or the frozen reference. */
  readonly forward: (
    data: ReadonlyArray<Datum>,
    weights: "current" | "reference"
  ) => Effect.Effect<ReadonlyArray<Scored>, EngineError>
  /** Adds the gradient of the linear loss over all data to the accumulated gradient. */
  readonly forwardBackward: (data: ReadonlyArray<Datum>) => Effect.Effect<ReadonlyArray<Scored>, EngineError>
  /**
   * Adds the gradient of `-sum_t min(r A, clip(r) A)`, where r = e^(logprob - oldLogprob), in one pass. Absent where the
   * engine has the linear loss alone, which needs the log-probs of a pass before to be the same.
   */
  readonly ppo?: (data: ReadonlyArray<PpoDatum>, clip: Clip) => Effect.Effect<ReadonlyArray<Scored>, EngineError>
  /**
   * Steps the optimiser with the accumulated gradient, clears it, and publishes the weights to `sample`. The gradient's
   * norm is that before clipping; absent when the engine does not know it.
   */
  readonly optimStep: (options: AdamW) => Effect.Effect<{ readonly gradientNorm?: number }, EngineError>
  /** Makes the current weights the frozen reference. */
  readonly freezeReference: Effect.Effect<void, EngineError>
  /** Saves weights and optimiser state under a path, in a folder or by reference; never overwrites. */
  readonly save: (path: string) => Effect.Effect<void, EngineError>
  /** Loads weights, and the optimiser state beside them when there is one. */
  readonly load: (path: string) => Effect.Effect<void, EngineError>
}>()("envtune/domain/Engine") {}
