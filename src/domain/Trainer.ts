/** Turns a batch of scored episodes into an update of the weights. */
import { Context, Effect, Schema } from "effect"
import type { Episode } from "./Episode.ts"
import * as Grpo from "./Grpo.ts"
import type { Scored } from "./Reward.ts"
import type { Task } from "./Task.ts"

/** The engine behind the trainer failed. */
export class EngineFailed extends Schema.TaggedError<EngineFailed>()("EngineFailed", {
  detail: Schema.String,
  retryable: Schema.Boolean,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return `the trainer's engine failed: ${this.detail}`
  }
  get isRetryable() {
    return this.retryable
  }
}

/** The batch cannot be trained on: no tokens, or settings the engine does not support. */
export class BatchRejected extends Schema.TaggedError<BatchRejected>()("BatchRejected", {
  detail: Schema.String
}) {
  override get message() {
    return `the trainer rejected the batch: ${this.detail}`
  }
  readonly isRetryable = false
}

export class TrainerError extends Schema.TaggedError<TrainerError>()("TrainerError", {
  reason: Schema.Union([EngineFailed, BatchRejected])
}) {
  override get message() {
    return this.reason.message
  }
  get isRetryable() {
    return this.reason.isRetryable
  }
}

const positive = Schema.Finite.check(Schema.isGreaterThan(0))
const momentum = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 0.99999 }))

/** How a batch becomes an update. */
export const Optimization = Schema.Struct({
  loss: Grpo.LossSettings,
  learningRate: positive,
  /** Steps of linear warm-up at the start of the run. */
  warmupSteps: Schema.Natural,
  /** How the rate falls in each stage: along a line over so many of its steps, to this share, and stays. Null: it does not. */
  decay: Schema.NullOr(
    Schema.Struct({
      steps: Schema.Int.check(Schema.isGreaterThan(0)),
      to: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
    })
  ).pipe(Schema.withDecodingDefaultKey(Effect.succeed(null))),
  beta1: momentum,
  beta2: momentum,
  epsilon: positive,
  weightDecay: Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)),
  /** Bound of the gradient's global norm; null: none. */
  clipNorm: Schema.NullOr(positive),
  /** Optimiser steps per batch: the batch's groups are cut into this many parts, in order. 1 is strictly on-policy. */
  updatesPerBatch: Schema.Int.check(Schema.isGreaterThan(0))
}).annotate({ identifier: "envtune/Optimization" })
export type Optimization = typeof Optimization.Type

/** The released configuration for a 7-8B model, fully fine-tuned. */
export const paper: Optimization = {
  loss: Grpo.paper,
  learningRate: 1e-6,
  warmupSteps: 0,
  decay: null,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  clipNorm: 1,
  updatesPerBatch: 1
}

/** Where an update is: the step of its stage, and the optimiser steps that the run took before, both from 0. */
export interface Moment {
  readonly stageStep: number
  readonly updatesBefore: number
}

/** Of an update: raised along a line at the start of the run, lowered along one in each stage. */
export const learningRateAt = (
  { decay, learningRate, warmupSteps }: Pick<Optimization, "decay" | "learningRate" | "warmupSteps">,
  { stageStep, updatesBefore }: Moment
): number => {
  const warm = Math.min(1, (updatesBefore + 1) / Math.max(1, warmupSteps))
  const kept = decay === null ? 1 : 1 - (1 - decay.to) * Math.min(1, stageStep / decay.steps)
  return learningRate * kept * warm
}

export interface Member {
  readonly episode: Episode
  readonly score: Scored
  /** Of the whole episode; the mean over turns where `turnAdvantages` differ. */
  readonly advantage: number
  /** One for each user turn, where credit is given by turn. */
  readonly turnAdvantages?: ReadonlyArray<number>
}

/** Episodes of one task by one policy. */
export interface Group {
  readonly task: Task
  readonly members: ReadonlyArray<Member>
}

export interface Batch extends Moment {
  readonly stage: string
  /** Counted over the whole run, from 0. */
  readonly step: number
  readonly groups: ReadonlyArray<Group>
  readonly optimization: Optimization
  /** Of the updates before, how many at most since the weights that sampled the batch; 0: the weights are the same. */
  readonly staleness: number
}

/** Optimiser steps that a batch of so many groups makes. */
export const updatesOf = (groups: number, { updatesPerBatch }: Pick<Optimization, "updatesPerBatch">): number =>
  Math.min(groups, updatesPerBatch)

/** What one call of `Trainer.step` measured. */
export const Update = Schema.Struct({
  loss: Schema.Finite,
  policyLoss: Schema.Finite,
  /** k3 estimate of KL(policy || frozen start) per token, aggregated like the loss; absent where no start is kept. */
  kl: Schema.optionalKey(Schema.Finite),
  /** Mean entropy of the policy at the tokens it sampled, in nats. */
  entropy: Schema.Finite,
  clipFraction: Schema.Finite,
  /** Before clipping; the largest over the batch's optimiser steps. Absent where the engine does not say it. */
  gradientNorm: Schema.optionalKey(Schema.Finite),
  learningRate: Schema.Finite,
  /** Sequences the episodes became: more than one where a context was not an extension of the one before. */
  sequences: Schema.Natural,
  /** Tokens that carried loss. */
  tokens: Schema.Natural
}).annotate({ identifier: "envtune/Update" })
export type Update = typeof Update.Type

export class Trainer extends Context.Service<Trainer, {
  readonly step: (batch: Batch) => Effect.Effect<Update, TrainerError>
}>()("envtune/domain/Trainer") {}
