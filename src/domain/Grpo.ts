/**
 * The GRPO loss of the paper and its gradient in closed form.
 *
 * Everything a reader needs to see of one update is here: per token, from log-probs to the
 * number that the engine back-propagates. Plain functions over typed arrays.
 *
 * With x = clamp(l - l_old), r = e^x, A the advantage:
 *   policy  A >= 0: -A * min(r, 1 + clipHigh)
 *           A <  0: -A * min(max(r, 1 - clipLow), dualClip)
 *   kl      e^d - d - 1 with d = clamp(l_ref - l), the low-variance estimator (k3)
 *   loss    aggregate over tokens of (policy + klCoefficient * kl)
 * The entropy bonus is not part of it: it is the engine's (`Datum.entropyWeights`) where the
 * engine has it, and a score-function term in `Trainer` where it has not.
 */
import { Schema } from "effect"

/** A token counts 1 / (its sequence's tokens * sequences), or 1 / (all tokens). */
export const Aggregation = Schema.Literals(["seq-mean-token-mean", "token-mean"])
export type Aggregation = typeof Aggregation.Type

const fraction = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
const positive = Schema.Finite.check(Schema.isGreaterThan(0))
const notNegative = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))

export const LossSettings = Schema.Struct({
  clipLow: fraction.annotate({ description: "lower clip of the ratio: 1 - clipLow" }),
  clipHigh: notNegative.annotate({ description: "upper clip of the ratio: 1 + clipHigh" }),
  dualClip: Schema.NullOr(positive).annotate({
    description: "upper bound of the ratio for negative advantages; null turns it off"
  }),
  klCoefficient: notNegative.annotate({ description: "weight of the KL divergence to the frozen start" }),
  entropyCoefficient: notNegative.annotate({ description: "weight of the entropy bonus" }),
  aggregation: Aggregation
}).annotate({ identifier: "envtune/LossSettings" })
export type LossSettings = typeof LossSettings.Type

/** The released configuration (spec: environment-tuning, Optimisation). */
export const paper: LossSettings = {
  clipLow: 0.2,
  clipHigh: 0.28,
  dualClip: 10,
  klCoefficient: 0.1,
  entropyCoefficient: 0.001,
  aggregation: "seq-mean-token-mean"
}

/** Whether nothing is in the loss but the clipped ratio: then it is what engines and servers call PPO. */
export const isPpo = ({ dualClip, entropyCoefficient, klCoefficient }: LossSettings): boolean =>
  dualClip === null && entropyCoefficient === 0 && klCoefficient === 0

/** |l - l_old| and |l_ref - l| beyond this do not move the exponentials any more. */
const logRatioClamp = 20
/** The k3 estimate of one token stays within this. */
const klClamp = 10

/** One training sequence; all arrays have one entry per predicted token. `reference` is needed when KL is. */
export interface Sequence {
  readonly logprobs: Float32Array | Float64Array
  readonly oldLogprobs: Float32Array | Float64Array
  readonly refLogprobs?: Float32Array | Float64Array
  /** 1 where the token was sampled by the policy, 0 elsewhere. */
  readonly mask: Float32Array | Float64Array
  readonly advantage: number
  /** Per token, where they differ; `advantage` otherwise. */
  readonly advantages?: Float64Array
}

export interface Loss {
  readonly loss: number
  readonly policyLoss: number
  /** Aggregated like the loss, without its coefficient. */
  readonly kl: number
  /** Share of masked-in tokens whose ratio was clipped. */
  readonly clipFraction: number
  /** dLoss/dlogprob, per sequence. */
  readonly gradients: ReadonlyArray<Float64Array>
}

/** The weight of every masked-in token of each sequence under an aggregation. */
export const tokenWeights = (
  masks: ReadonlyArray<ArrayLike<number>>,
  aggregation: Aggregation
): ReadonlyArray<number> => {
  const counts = masks.map((mask) => {
    let count = 0
    for (let t = 0; t < mask.length; t++) count += mask[t]!
    return count
  })
  if (aggregation === "token-mean") {
    const all = counts.reduce((sum, count) => sum + count, 0)
    return counts.map(() => all === 0 ? 0 : 1 / all)
  }
  return counts.map((count) => count === 0 ? 0 : 1 / (count * masks.length))
}

const clamp = (value: number, bound: number): number => Math.max(-bound, Math.min(bound, value))

/** Loss and gradient of a batch. */
export const loss = (sequences: ReadonlyArray<Sequence>, settings: LossSettings): Loss => {
  const weights = tokenWeights(sequences.map((sequence) => sequence.mask), settings.aggregation)
  let policyLoss = 0
  let kl = 0
  let clipped = 0
  let tokens = 0
  const gradients = sequences.map((sequence, i) => {
    const { advantages, logprobs, mask, oldLogprobs, refLogprobs } = sequence
    const weight = weights[i]!
    const gradient = new Float64Array(mask.length)
    for (let t = 0; t < mask.length; t++) {
      if (mask[t] === 0) continue
      tokens += 1
      const advantage = advantages?.[t] ?? sequence.advantage
      const difference = logprobs[t]! - oldLogprobs[t]!
      const ratio = Math.exp(clamp(difference, logRatioClamp))
      const bounded = boundedRatio(ratio, advantage, settings)
      policyLoss -= weight * advantage * bounded
      let slope = 0
      if (bounded === ratio) slope = Math.abs(difference) < logRatioClamp ? -advantage * ratio : 0
      else clipped += 1
      if (refLogprobs !== undefined) {
        const distance = refLogprobs[t]! - logprobs[t]!
        const d = clamp(distance, logRatioClamp)
        const k3 = Math.exp(d) - d - 1
        kl += weight * Math.min(k3, klClamp)
        if (k3 < klClamp && Math.abs(distance) < logRatioClamp) slope += settings.klCoefficient * (1 - Math.exp(d))
      }
      gradient[t] = weight * slope
    }
    return gradient
  })
  return {
    loss: policyLoss + settings.klCoefficient * kl,
    policyLoss,
    kl,
    clipFraction: tokens === 0 ? 0 : clipped / tokens,
    gradients
  }
}

const boundedRatio = (ratio: number, advantage: number, settings: LossSettings): number => {
  if (advantage >= 0) return Math.min(ratio, 1 + settings.clipHigh)
  const low = Math.max(ratio, 1 - settings.clipLow)
  return settings.dualClip === null ? low : Math.min(low, settings.dualClip)
}
