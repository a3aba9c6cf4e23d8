import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as Grpo from "../../../src/domain/Grpo.ts"
import * as BuiltinLoss from "../../../src/domain/tinker/BuiltinLoss.ts"
import golden from "../../fixtures/golden_grpo.json" with { type: "json" }

const made = (name: string, config: Readonly<Record<string, unknown>> = {}) =>
  Result.getOrThrow(BuiltinLoss.make(name, config))

/** Why there is no such loss. */
const problem = (name: string, settings: Readonly<Record<string, unknown>> = {}) =>
  Result.getOrThrow(Result.flip(BuiltinLoss.make(name, settings)))

/** Why these are no inputs for two targets. */
const misfit = (name: string, given: Readonly<Record<string, Float32Array>>) =>
  Result.getOrThrow(Result.flip(BuiltinLoss.inputs(made(name), given, 2)))

const Token = Schema.Struct({
  logprob: Schema.Finite.check(Schema.isBetween({ minimum: -6, maximum: 0 })),
  sampled: Schema.Finite.check(Schema.isBetween({ minimum: -6, maximum: 0 })),
  advantage: Schema.Finite.check(Schema.isBetween({ minimum: -3, maximum: 3 }))
})
const Tokens = Schema.NonEmptyArray(Token)

const inputsOf = (tokens: ReadonlyArray<typeof Token.Type>): BuiltinLoss.Inputs => ({
  weights: Float32Array.from(tokens, ({ advantage }) => advantage),
  logprobs: Float32Array.from(tokens, ({ sampled }) => sampled),
  advantages: Float32Array.from(tokens, ({ advantage }) => advantage)
})

const logprobsOf = (tokens: ReadonlyArray<typeof Token.Type>): Float32Array =>
  Float32Array.from(tokens, ({ logprob }) => logprob)

const clip: BuiltinLoss.Clip = [0.8, 1.28]
const config = { clip_low_threshold: 0.8, clip_high_threshold: 1.28 }

/** Close to a bound of the ratio a difference quotient has both sides of the kink in it. */
const nearKink = (logprob: number, sampled: number): boolean =>
  clip.some((bound) => Math.abs(logprob - sampled - Math.log(bound)) < 0.02)

describe("BuiltinLoss", () => {
  it.prop("back-propagates what a difference quotient measures", [Tokens], ([all]) => {
    const tokens = all.filter(({ logprob, sampled }) => !nearKink(logprob, sampled))
    const step = 2 ** -7
    for (const loss of [made("cross_entropy"), made("importance_sampling"), made("ppo", config)]) {
      const at = logprobsOf(tokens)
      const { weights } = BuiltinLoss.linearise(loss, inputsOf(tokens), at)
      at.forEach((logprob, t) => {
        const moved = (by: number) => BuiltinLoss.linearise(loss, inputsOf(tokens), at.with(t, logprob + by)).loss
        const measured = (moved(step) - moved(-step)) / (2 * step)
        const scale = 1 + Math.abs(weights[t]!) + Math.abs(moved(0))
        assert.approximately(-weights[t]!, measured, 1e-4 * scale, `${loss.name} at token ${t}`)
      })
    }
  })

  it.prop("cispo weighs every log-prob with its clipped ratio, as a constant", [Tokens], ([tokens]) => {
    const at = logprobsOf(tokens)
    const { loss, weights } = BuiltinLoss.linearise(made("cispo", config), inputsOf(tokens), at)
    let expected = 0
    tokens.forEach(({ advantage }, t) => {
      const ratio = Math.exp(at[t]! - inputsOf(tokens).logprobs[t]!)
      const clipped = Math.min(Math.max(ratio, clip[0]), clip[1])
      assert.approximately(weights[t]!, clipped * advantage, 1e-5 * (1 + Math.abs(advantage)))
      expected -= clipped * at[t]! * advantage
    })
    assert.approximately(loss, expected, 1e-4 * (1 + Math.abs(expected)))
  })

  it.prop("ppo is the paper's policy term without dual clip and KL", [Tokens], ([tokens]) => {
    const at = logprobsOf(tokens)
    const { loss, weights } = BuiltinLoss.linearise(made("ppo", config), inputsOf(tokens), at)
    const { advantages, logprobs } = inputsOf(tokens)
    const grpo = Grpo.loss(
      [{
        logprobs: at,
        oldLogprobs: logprobs,
        mask: new Float32Array(tokens.length).fill(1),
        advantage: 0,
        advantages: Float64Array.from(advantages)
      }],
      { ...Grpo.paper, clipLow: 1 - 0.8, clipHigh: 1.28 - 1, dualClip: null, klCoefficient: 0 }
    )
    const n = tokens.length
    assert.approximately(loss, grpo.loss * n, 1e-5 * (1 + Math.abs(loss)))
    grpo.gradients[0]!.forEach((gradient, t) => {
      if (nearKink(at[t]!, logprobs[t]!)) return
      assert.approximately(-weights[t]!, gradient * n, 1e-5 * (1 + Math.abs(weights[t]!)))
    })
  })

  it("ppo is the recorded loss of the paper, but for its KL term and where its dual clip acts", () => {
    const { clipHigh, clipLow, dualClip, klCoefficient } = golden.settings
    const loss = made("ppo", { clip_low_threshold: 1 - clipLow, clip_high_threshold: 1 + clipHigh })
    let compared = 0
    let clipped = 0
    for (const { advantage, expectedGrad, logprobs, mask, oldLogprobs, refLogprobs } of golden.sequences) {
      const share = 1 / (mask.reduce((sum, m) => sum + m, 0) * golden.sequences.length)
      const advantages = Float32Array.from(mask, (m) => m * advantage * share)
      const given = { weights: advantages, advantages, logprobs: Float32Array.from(oldLogprobs) }
      const { weights } = BuiltinLoss.linearise(loss, given, Float32Array.from(logprobs))
      expectedGrad.forEach((expected, t) => {
        const ratio = Math.exp(logprobs[t]! - oldLogprobs[t]!)
        if (mask[t] === 0 || (advantage < 0 && ratio > dualClip)) return
        const d = refLogprobs[t]! - logprobs[t]!
        const pull = Math.exp(d) - d - 1 < 10 ? klCoefficient * (1 - Math.exp(d)) * share : 0
        assert.approximately(-weights[t]!, expected - pull, 1e-6)
        compared += 1
        if (weights[t] === 0) clipped += 1
      })
    }
    assert.isAbove(compared, 6)
    assert.isAbove(clipped, 0)
  })

  it("counts every target once in a cross-entropy without weights", () => {
    const loss = made("cross_entropy")
    const inputs = Result.getOrThrow(BuiltinLoss.inputs(loss, {}, 3))
    assert.deepStrictEqual(BuiltinLoss.linearise(loss, inputs, Float32Array.of(-1, -2, -0.5)), {
      loss: 3.5,
      weights: Float32Array.of(1, 1, 1)
    })
  })

  it("has the thresholds of the hosted service unless told otherwise", () => {
    assert.deepStrictEqual(made("ppo"), { name: "ppo", clip: [0.8, 1.2] })
    assert.deepStrictEqual(made("cispo"), { name: "cispo", clip: [0, 4] })
    assert.deepStrictEqual(made("ppo", { clip_high_threshold: 1.28 }), { name: "ppo", clip: [0.8, 1.28] })
  })

  it("refuses what it does not know instead of computing something else", () => {
    assert.include(problem("dro"), "no loss \"dro\"")
    assert.include(problem("toString"), "no loss")
    assert.include(problem("ppo", { beta: 1 }), "no setting beta")
    assert.include(problem("cross_entropy", config), "no setting clip_low_threshold, clip_high_threshold")
    assert.include(problem("ppo", { clip_low_threshold: 1.5 }), "1.5 and 1.2")
    assert.include(problem("ppo", { clip_low_threshold: "0.8" }), "do not bound")
    const two = Float32Array.of(1, 2)
    assert.include(misfit("ppo", { logprobs: two }), "needs advantages")
    assert.include(misfit("ppo", { logprobs: two, advantages: two, mask: two }), "not mask")
    assert.include(misfit("cross_entropy", { weights: Float32Array.of(1) }), "1 weights for 2 target_tokens")
    assert.include(misfit("cross_entropy", { weights: Float32Array.of(1, NaN) }), "weights[1] is NaN")
  })
})
