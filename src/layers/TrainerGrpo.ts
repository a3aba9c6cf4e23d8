/**
 * GRPO over any engine: the loss is domain/Grpo, the engine back-propagates a linear one.
 *
 * The log-probs of sampling serve as those of the first update (r = 1); where a batch is cut
 * into several updates, later ones ask the engine for theirs, and so does every update by a batch
 * that older weights have sampled. An engine with a clipped loss of its own is asked for that
 * where it is the whole loss: it compares with the log-probs it finds, in the same pass.
 *
 * KL to the frozen start needs the reference's log-probs of every sequence; without a KL term they
 * are measured on every eighth sequence, for the report alone, and not at all by an engine that
 * keeps no reference.
 */
import { Effect, Layer } from "effect"
import { type Datum, Engine, type EngineError, type PpoDatum, type Scored } from "../domain/Engine.ts"
import * as Grpo from "../domain/Grpo.ts"
import { fromEpisode, type Segment } from "../domain/Segment.ts"
import {
  type Batch,
  BatchRejected,
  EngineFailed,
  type Group,
  learningRateAt,
  type Optimization,
  Trainer,
  TrainerError,
  type Update,
  updatesOf
} from "../domain/Trainer.ts"

interface Sequence {
  readonly segment: Segment
  readonly advantage: number
  readonly advantages?: Float64Array
}

const measureEvery = 8

const sequencesOf = (groups: ReadonlyArray<Group>): ReadonlyArray<Sequence> =>
  groups.flatMap(({ members }) =>
    members.flatMap(({ advantage, episode, turnAdvantages }) =>
      fromEpisode(episode).map((segment) => ({
        segment,
        advantage,
        ...(turnAdvantages !== undefined && {
          advantages: Float64Array.from(segment.turns, (turn) => turnAdvantages[turn] ?? 0)
        })
      }))
    )
  )

/**
 * The part of a sequence that has something to teach: tokens without advantage are masked out, and what follows the last
 * token that has one is cut off. Nothing when no token has any. Only right without a KL term, which is about every token.
 */
const taught = ({ advantage, advantages, segment }: Sequence): ReadonlyArray<Sequence> => {
  const mask = segment.mask.map((m, t) => (advantages?.[t] ?? advantage) === 0 ? 0 : m)
  const length = mask.findLastIndex((m) => m !== 0) + 1
  if (length === 0) return []
  return [{
    segment: {
      tokens: segment.tokens.subarray(0, length + 1),
      mask: mask.subarray(0, length),
      logprobs: segment.logprobs.subarray(0, length),
      turns: segment.turns.subarray(0, length)
    },
    advantage,
    ...(advantages !== undefined && { advantages: advantages.subarray(0, length) })
  }]
}

const engineFailed = (error: EngineError): TrainerError =>
  new TrainerError({
    reason: new EngineFailed({ detail: error.message, retryable: error.isRetryable, cause: error })
  })

/** Cuts a batch into one part an optimiser step, of nearly equal size, in order. */
const parts = ({ groups, optimization }: Batch): ReadonlyArray<ReadonlyArray<Group>> => {
  const count = updatesOf(groups.length, optimization)
  return Array.from(
    { length: count },
    (_, i) => groups.slice(Math.floor((i * groups.length) / count), Math.floor(((i + 1) * groups.length) / count))
  )
}

/** To ask for the log-probs of what was sampled. */
const dataOf = (sequences: ReadonlyArray<Sequence>): ReadonlyArray<Datum> =>
  sequences.map(({ segment }) => ({ tokens: segment.tokens, weights: segment.mask }))

const weightsOf = (sequences: ReadonlyArray<Sequence>, { aggregation }: Grpo.LossSettings): ReadonlyArray<number> =>
  Grpo.tokenWeights(sequences.map(({ segment }) => segment.mask), aggregation)

/** What the loss compares: the policy of the moment, that which has sampled where it is the same, and the reference. */
const toCompare = (
  sequences: ReadonlyArray<Sequence>,
  current: ReadonlyArray<Scored> | undefined,
  reference: ReadonlyArray<Scored> | undefined
): ReadonlyArray<Grpo.Sequence> =>
  sequences.map(({ advantage, advantages, segment }, i) => ({
    logprobs: current?.[i]?.logprobs ?? segment.logprobs,
    oldLogprobs: segment.logprobs,
    ...(reference !== undefined && { refLogprobs: reference[i]!.logprobs }),
    mask: segment.mask,
    advantage,
    ...(advantages !== undefined && { advantages })
  }))

/**
 * The gradient of the entropy's score-function estimate: a token's weight is raised by how surprising it is, times how
 * much likelier it is than when it was sampled.
 */
const withEntropyEstimate = (
  gradient: Float64Array,
  { logprobs, mask, oldLogprobs }: Grpo.Sequence,
  weight: number,
  coefficient: number
): Float64Array =>
  gradient.map((value, t) =>
    mask[t] === 0
      ? 0
      : value + coefficient * weight * Math.exp(logprobs[t]! - oldLogprobs[t]!) * (logprobs[t]! + 1)
  )

const sumOver = (
  sequences: ReadonlyArray<Sequence>,
  value: (segment: Segment, t: number, i: number) => number
): number => {
  let sum = 0
  sequences.forEach(({ segment }, i) => {
    for (let t = 0; t < segment.mask.length; t++) if (segment.mask[t] !== 0) sum += value(segment, t, i)
  })
  return sum
}

/** k3 per token over the sequences whose reference log-probs are known. */
const measuredKl = (sequences: ReadonlyArray<Sequence>, reference: ReadonlyArray<Scored>): number => {
  const tokens = sumOver(sequences, () => 1)
  if (tokens === 0) return 0
  return sumOver(sequences, (segment, t, i) => {
    const d = reference[i]!.logprobs[t]! - segment.logprobs[t]!
    return Math.exp(d) - d - 1
  }) / tokens
}

const make = Effect.gen(function*() {
  const engine = yield* Engine

  /** Back-propagates the loss as the linear one that it is at the log-probs of the moment. */
  const linearly = Effect.fnUntraced(function*(
    sequences: ReadonlyArray<Sequence>,
    loss: Grpo.LossSettings,
    reference: ReadonlyArray<Scored>,
    fresh: boolean
  ) {
    const current = fresh ? undefined : yield* engine.forward(dataOf(sequences), "current")
    const compared = toCompare(sequences, current, loss.klCoefficient > 0 ? reference : undefined)
    const result = Grpo.loss(compared, loss)
    const weights = weightsOf(sequences, loss)
    const bonus = loss.entropyCoefficient
    const exact = engine.info.capabilities.entropyGradient
    const scored = yield* engine.forwardBackward(sequences.map(({ segment }, i): Datum => {
      const gradient = bonus > 0 && !exact
        ? withEntropyEstimate(result.gradients[i]!, compared[i]!, weights[i]!, bonus)
        : result.gradients[i]!
      return {
        tokens: segment.tokens,
        weights: Float32Array.from(gradient, (value) => -value),
        ...(bonus > 0 && exact && { entropyWeights: segment.mask.map((m) => m * bonus * weights[i]!) })
      }
    }))
    // Tokens whose ratio is clipped have no weight in the gradient, and the answer to it says nothing of them.
    return { result, scored: current ?? scored }
  })

  /** Back-propagates a loss that is the clipped ratio alone, at whatever log-probs the engine finds. */
  const byRatio = Effect.fnUntraced(function*(
    ppo: NonNullable<Engine["Service"]["ppo"]>,
    sequences: ReadonlyArray<Sequence>,
    loss: Grpo.LossSettings
  ) {
    const weights = weightsOf(sequences, loss)
    const scored = yield* ppo(
      sequences.map(({ advantage, advantages, segment }, i): PpoDatum => ({
        tokens: segment.tokens,
        oldLogprobs: segment.logprobs,
        advantages: segment.mask.map((m, t) => m * weights[i]! * (advantages?.[t] ?? advantage))
      })),
      { low: 1 - loss.clipLow, high: 1 + loss.clipHigh }
    )
    return { result: Grpo.loss(toCompare(sequences, scored, undefined), loss), scored }
  })

  const update = Effect.fnUntraced(
    function*(sequences: ReadonlyArray<Sequence>, options: Optimization, learningRate: number, fresh: boolean) {
      const { klCoefficient } = options.loss
      const { noReference } = engine.info.capabilities
      const every = klCoefficient > 0 ? 1 : measureEvery
      const measured = noReference === undefined ? sequences.filter((_, i) => i % every === 0) : []
      const reference = measured.length === 0 ? [] : yield* engine.forward(dataOf(measured), "reference")
      const ppo = Grpo.isPpo(options.loss) ? engine.ppo : undefined
      const { result, scored } = yield* ppo === undefined
        ? linearly(sequences, options.loss, reference, fresh)
        : byRatio(ppo, sequences, options.loss)
      const { gradientNorm } = yield* engine.optimStep({
        learningRate,
        beta1: options.beta1,
        beta2: options.beta2,
        epsilon: options.epsilon,
        weightDecay: options.weightDecay,
        clipNorm: options.clipNorm
      })
      const tokens = sumOver(sequences, () => 1)
      return {
        loss: result.loss,
        policyLoss: result.policyLoss,
        ...(noReference === undefined && { kl: klCoefficient > 0 ? result.kl : measuredKl(measured, reference) }),
        entropy: sumOver(sequences, (_, t, i) => scored[i]!.entropies[t]!) / tokens,
        clipFraction: result.clipFraction,
        ...(gradientNorm !== undefined && { gradientNorm }),
        learningRate,
        sequences: sequences.length,
        tokens
      } satisfies Update
    }
  )

  return Trainer.of({
    step: Effect.fn("TrainerGrpo.step")(
      function*(batch: Batch) {
        const updates: Array<Update> = []
        for (const part of parts(batch)) {
          const all = sequencesOf(part)
          const sequences = batch.optimization.loss.klCoefficient > 0 ? all : all.flatMap(taught)
          if (sequences.length === 0) {
            return yield* new TrainerError({
              reason: new BatchRejected({ detail: `no episode of step ${batch.step} has tokens with an advantage` })
            })
          }
          const { optimization, staleness, stageStep, updatesBefore } = batch
          const rate = learningRateAt(optimization, { stageStep, updatesBefore: updatesBefore + updates.length })
          updates.push(yield* update(sequences, optimization, rate, staleness + updates.length === 0))
        }
        return combine(updates)
      },
      Effect.catchTag("EngineError", (error) => Effect.fail(engineFailed(error)))
    )
  })
})

/** One line for a batch's updates: means weighted by tokens, the largest gradient norm, sums of counts. */
const combine = (updates: ReadonlyArray<Update>): Update => {
  const tokens = updates.reduce((sum, update) => sum + update.tokens, 0)
  const mean = (value: (update: Update) => number) =>
    updates.reduce((sum, update) => sum + value(update) * update.tokens, 0) / Math.max(1, tokens)
  const norms = updates.flatMap(({ gradientNorm }) => gradientNorm ?? [])
  return {
    loss: mean(({ loss }) => loss),
    policyLoss: mean(({ policyLoss }) => policyLoss),
    ...(updates.every(({ kl }) => kl !== undefined) && { kl: mean(({ kl = 0 }) => kl) }),
    entropy: mean(({ entropy }) => entropy),
    clipFraction: mean(({ clipFraction }) => clipFraction),
    ...(norms.length > 0 && { gradientNorm: Math.max(...norms) }),
    learningRate: updates.at(-1)?.learningRate ?? 0,
    sequences: updates.reduce((sum, update) => sum + update.sequences, 0),
    tokens
  }
}

/** Trains whatever engine is provided. */
export const layer: Layer.Layer<Trainer, never, Engine> = Layer.effect(Trainer, make)
