import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Grpo from "../../src/domain/Grpo.ts"
import golden from "../fixtures/golden_grpo.json" with { type: "json" }

const between = (minimum: number, maximum: number) => Schema.Finite.check(Schema.isBetween({ minimum, maximum }))

/** A token: its log-prob, how far the old and the reference policy were from it, and whether it was sampled. */
const Token = Schema.Struct({
  logprob: between(-6, 0),
  old: between(-3, 3),
  reference: between(-3, 3),
  sampled: Schema.Boolean
})
const Sequence = Schema.Struct({
  tokens: Schema.Array(Token).check(Schema.isMinLength(1), Schema.isMaxLength(8)),
  advantage: between(-3, 3)
})
const Batch = Schema.Array(Sequence).check(Schema.isMinLength(1), Schema.isMaxLength(4))

const sequenceOf = ({ advantage, tokens }: typeof Sequence.Type): Grpo.Sequence => ({
  logprobs: Float64Array.from(tokens, ({ logprob }) => logprob),
  oldLogprobs: Float64Array.from(tokens, ({ logprob, old }) => logprob - old),
  refLogprobs: Float64Array.from(tokens, ({ logprob, reference }) => logprob + reference),
  mask: Float64Array.from(tokens, ({ sampled }) => sampled ? 1 : 0),
  advantage
})

const settings: Grpo.LossSettings = { ...Grpo.paper, entropyCoefficient: 0 }

/** The sequence with the log-prob of one token moved. */
const moved = (sequence: Grpo.Sequence, t: number, by: number): Grpo.Sequence => ({
  ...sequence,
  logprobs: sequence.logprobs.map((logprob, i) => i === t ? logprob + by : logprob)
})

/** Whether the loss has a kink within reach of a step: a clip of the ratio, or of the k3 estimate. */
const isNearKink = (sequence: Grpo.Sequence, t: number): boolean => {
  const ratio = Math.exp(sequence.logprobs[t]! - sequence.oldLogprobs[t]!)
  const distance = sequence.refLogprobs![t]! - sequence.logprobs[t]!
  const k3 = Math.exp(distance) - distance - 1
  return [0.8, 1.28, 10].some((bound) => Math.abs(ratio - bound) < 1e-3) || Math.abs(k3 - 10) < 1e-3
}

/** The loss of one token whose policy has moved by a log-ratio. */
const at = (difference: number, advantage: number): Grpo.Loss =>
  Grpo.loss([{
    logprobs: Float64Array.of(difference),
    oldLogprobs: Float64Array.of(0),
    mask: Float64Array.of(1),
    advantage
  }], settings)

describe("Grpo", () => {
  it("agrees with the recorded vectors of the paper's loss", () => {
    const sequences = golden.sequences.map((recorded): Grpo.Sequence => ({
      logprobs: Float64Array.from(recorded.logprobs),
      oldLogprobs: Float64Array.from(recorded.oldLogprobs),
      refLogprobs: Float64Array.from(recorded.refLogprobs),
      mask: Float64Array.from(recorded.mask),
      advantage: recorded.advantage
    }))
    const aggregation = Schema.decodeUnknownSync(Grpo.Aggregation)(golden.settings.aggregation)
    const { gradients, kl, loss, policyLoss } = Grpo.loss(sequences, { ...golden.settings, aggregation })
    assert.closeTo(loss, golden.expected.loss, 1e-14)
    assert.closeTo(policyLoss, golden.expected.policyLoss, 1e-14)
    assert.closeTo(kl, golden.expected.kl, 1e-14)
    golden.sequences.forEach(({ expectedGrad }, i) =>
      expectedGrad.forEach((expected, t) => assert.closeTo(gradients[i]![t]!, expected, 1e-15))
    )
  })

  for (const aggregation of Grpo.Aggregation.literals) {
    for (const dualClip of [10, null]) {
      it.prop(
        `has the gradient of its loss (${aggregation}, dual clip ${dualClip ?? "off"})`,
        [Batch],
        ([batch]) => {
          const own = { ...settings, aggregation, dualClip }
          const sequences = batch.map(sequenceOf)
          const { gradients } = Grpo.loss(sequences, own)
          const h = 1e-6
          sequences.forEach((sequence, i) => {
            for (let t = 0; t < sequence.mask.length; t++) {
              if (isNearKink(sequence, t)) continue
              const lossAt = (by: number) => Grpo.loss(sequences.with(i, moved(sequence, t, by)), own).loss
              const slope = (lossAt(h) - lossAt(-h)) / (2 * h)
              assert.closeTo(gradients[i]![t]!, slope, 1e-6 * Math.max(1, Math.abs(slope)))
            }
          })
        }
      )
    }
  }

  it.prop("does not depend on tokens that were not sampled", [Batch, between(-5, 5)], ([batch, by]) => {
    const sequences = batch.map(sequenceOf)
    const elsewhere = sequences.map((sequence) => ({
      ...sequence,
      logprobs: sequence.logprobs.map((logprob, t) => sequence.mask[t] === 0 ? logprob + by : logprob)
    }))
    assert.deepStrictEqual(Grpo.loss(elsewhere, settings), Grpo.loss(sequences, settings))
  })

  it.prop("weighs the sampled tokens of a batch to 1", [Batch], ([batch]) => {
    const masks = batch.map((sequence) => sequenceOf(sequence).mask)
    const sampled = masks.map((mask) => Array.from(mask).filter((m) => m === 1).length)
    for (const aggregation of Grpo.Aggregation.literals) {
      const weights = Grpo.tokenWeights(masks, aggregation)
      const total = weights.reduce((sum, weight, i) => sum + weight * sampled[i]!, 0)
      const spoke = sampled.filter((n) => n > 0).length
      const expected = aggregation === "token-mean" ? Math.min(1, spoke) : spoke / masks.length
      assert.closeTo(total, expected, 1e-12)
    }
  })

  it.prop("takes advantages per token where it has them", [Batch, between(-3, 3)], ([batch, advantage]) => {
    const sequences = batch.map((sequence) => ({ ...sequenceOf(sequence), advantage }))
    const perToken = sequences.map((sequence) => ({
      ...sequence,
      advantage: Number.NaN,
      advantages: new Float64Array(sequence.mask.length).fill(advantage)
    }))
    assert.deepStrictEqual(Grpo.loss(perToken, settings), Grpo.loss(sequences, settings))
  })

  it("on policy is the policy gradient: every token gets its sequence's advantage", () => {
    const logprobs = Float64Array.of(-1, -2, -3)
    const mask = Float64Array.of(1, 0, 1)
    const { clipFraction, gradients, kl } = Grpo.loss(
      [{ logprobs, oldLogprobs: logprobs, refLogprobs: logprobs, mask, advantage: 0.5 }],
      settings
    )
    assert.deepStrictEqual(Array.from(gradients[0]!), [-0.25, 0, -0.25])
    assert.strictEqual(clipFraction, 0)
    assert.strictEqual(kl, 0)
  })

  it("stops pushing where the ratio is clipped, and only in that direction", () => {
    assert.strictEqual(at(Math.log(1.3), 1).gradients[0]![0], 0, "up, beyond the upper clip")
    assert.closeTo(at(Math.log(0.5), 1).gradients[0]![0]!, -0.5, 1e-12, "up, from far below")
    assert.strictEqual(at(Math.log(0.7), -1).gradients[0]![0], 0, "down, beyond the lower clip")
    assert.closeTo(at(Math.log(3), -1).gradients[0]![0]!, 3, 1e-12, "down, from far above")
    assert.strictEqual(at(Math.log(11), -1).gradients[0]![0], 0, "down, beyond the dual clip")
    assert.strictEqual(at(Math.log(11), -1).policyLoss, 10)
    assert.strictEqual(at(Math.log(1.3), 1).clipFraction, 1)
  })

  it("stays finite however far apart the policies are", () => {
    for (const advantage of [-2, 0, 2]) {
      const { gradients, loss } = Grpo.loss([{
        logprobs: Float64Array.of(-800, 0),
        oldLogprobs: Float64Array.of(0, -800),
        refLogprobs: Float64Array.of(0, -800),
        mask: Float64Array.of(1, 1),
        advantage
      }], { ...settings, dualClip: null })
      assert.isTrue(Number.isFinite(loss) && gradients[0]!.every(Number.isFinite))
    }
  })

  it.prop("the k3 estimate is never negative, and 0 at the reference", [Batch], ([batch]) => {
    const sequences = batch.map(sequenceOf)
    assert.isAtLeast(Grpo.loss(sequences, settings).kl, -1e-12, "but for rounding")
    const same = sequences.map((sequence) => ({ ...sequence, refLogprobs: sequence.logprobs }))
    assert.strictEqual(Grpo.loss(same, settings).kl, 0)
  })
})
