import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Ref } from "effect"
import { defaults } from "../../src/domain/Curriculum.ts"
import {
  type Clip,
  type Datum,
  Engine,
  EngineError,
  type EngineInfo,
  NonFinite,
  type PpoDatum
} from "../../src/domain/Engine.ts"
import type { Episode, Step } from "../../src/domain/Episode.ts"
import * as Reward from "../../src/domain/Reward.ts"
import * as Task from "../../src/domain/Task.ts"
import { type Batch, type Member, type Optimization, Trainer } from "../../src/domain/Trainer.ts"
import * as TrainerGrpo from "../../src/layers/TrainerGrpo.ts"

const task = Task.make("t", null)

/** One step per pair of prompt and completion; every token had the log-prob -0.5. */
const step = (turn: number, prompt: ReadonlyArray<number>, completion: ReadonlyArray<number>): Step => ({
  turn,
  observed: [],
  completion: {
    message: { role: "assistant", content: "" },
    tokens: {
      prompt: Int32Array.from(prompt),
      completion: Int32Array.from(completion),
      logprobs: new Float32Array(completion.length).fill(-0.5)
    },
    stop: "stop"
  },
  transition: { code: -1, messages: [], outcomes: [], done: false }
})

const episode: Episode = {
  task,
  seed: 0,
  turns: 2,
  steps: [step(0, [1], [2, 3]), step(1, [1, 2, 3, 4], [5])],
  stop: "completed"
}

const member = (advantage: number, turnAdvantages?: ReadonlyArray<number>): Member => ({
  episode,
  score: Reward.scored(0, {}, [0, 0]),
  advantage,
  ...(turnAdvantages !== undefined && { turnAdvantages })
})

const optimization = (loss: Partial<Optimization["loss"]> = {}, more: Partial<Optimization> = {}): Optimization => ({
  ...defaults.optimization,
  ...more,
  loss: { ...defaults.optimization.loss, entropyCoefficient: 0, klCoefficient: 0, aggregation: "token-mean", ...loss }
})

const batch = (members: ReadonlyArray<Member>, own: Optimization, groups = 1): Batch => ({
  stage: "s",
  step: 0,
  groups: Array.from({ length: groups }, () => ({ task, members })),
  optimization: own,
  stageStep: 0,
  updatesBefore: 0,
  staleness: 0
})

interface Asked {
  readonly clipped: ReadonlyArray<{ readonly data: ReadonlyArray<PpoDatum>; readonly clip: Clip }>
  readonly forward: ReadonlyArray<"current" | "reference">
  readonly backward: ReadonlyArray<ReadonlyArray<Datum>>
  readonly rates: ReadonlyArray<number>
}

const score = (data: ReadonlyArray<Datum>, logprob: number) =>
  data.map(({ weights }) => ({
    logprobs: weights.map((weight) => weight === 0 ? 0 : logprob),
    entropies: weights.map((weight) => weight === 0 ? 0 : 1)
  }))

const usual: EngineInfo["capabilities"] = { entropyGradient: true }

/** What a step of the optimiser says. */
type Taken = Effect.Effect<{ readonly gradientNorm?: number }, EngineError>

interface Habits {
  /** Whether it has a clipped loss of its own. */
  readonly ppo?: boolean
  readonly capabilities?: EngineInfo["capabilities"]
  /** What the model gives every token. */
  readonly logprob?: number
  readonly taken?: Taken
}

/** An engine whose model gives every token one log-prob, and the reference another. */
const engineOf = (asked: Ref.Ref<Asked>, {
  capabilities = usual,
  logprob = -0.5,
  ppo = false,
  taken = Effect.succeed({ gradientNorm: 2 })
}: Habits) =>
  Layer.succeed(
    Engine,
    Engine.of({
      info: {
        name: "constant",
        vocabularySize: 10,
        contextLength: 100,
        parameters: 0,
        capabilities
      },
      sample: () => Effect.die("not asked for"),
      forward: (data, weights) =>
        Effect.as(
          Ref.update(asked, (before) => ({ ...before, forward: [...before.forward, weights] })),
          score(data, weights === "reference" ? -1 : logprob)
        ),
      forwardBackward: (data) =>
        Effect.as(
          Ref.update(asked, (before) => ({ ...before, backward: [...before.backward, data] })),
          score(data, logprob)
        ),
      ...(ppo && {
        ppo: (data, clip) =>
          Effect.as(
            Ref.update(asked, (before) => ({ ...before, clipped: [...before.clipped, { data, clip }] })),
            score(data.map(({ advantages, tokens }) => ({ tokens, weights: advantages })), logprob)
          )
      }),
      optimStep: ({ learningRate }) =>
        Effect.andThen(
          Ref.update(asked, (before) => ({ ...before, rates: [...before.rates, learningRate] })),
          taken
        ),
      freezeReference: Effect.void,
      save: () => Effect.void,
      load: () => Effect.void
    })
  )

/** What the engine was asked, and what the trainer said of it. */
const train = Effect.fnUntraced(function*(given: Batch, habits: Habits = {}) {
  const asked = yield* Ref.make<Asked>({ forward: [], backward: [], clipped: [], rates: [] })
  const update = yield* Effect.provide(
    Trainer.use((trainer) => trainer.step(given)),
    Layer.provide(TrainerGrpo.layer, engineOf(asked, habits))
  )
  return { update, ...(yield* Ref.get(asked)) }
})

const close = (actual: ArrayLike<number>, expected: ReadonlyArray<number>) => {
  assert.strictEqual(actual.length, expected.length)
  expected.forEach((value, i) => assert.closeTo(actual[i]!, value, 1e-6))
}

describe("TrainerGrpo", () => {
  it.effect("weighs each sampled token by its advantage over the number of tokens", () =>
    Effect.gen(function*() {
      const { backward, update } = yield* train(batch([member(2), member(-1)], optimization()))
      const [data] = backward
      assert.deepStrictEqual(data!.map(({ tokens }) => [...tokens]), [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]])
      close(data![0]!.weights, [2 / 6, 2 / 6, 0, 2 / 6])
      close(data![1]!.weights, [-1 / 6, -1 / 6, 0, -1 / 6])
      assert.strictEqual(update.tokens, 6)
      assert.strictEqual(update.gradientNorm, 2)
      assert.closeTo(update.policyLoss, -(2 - 1) / 2, 1e-6)
    }))

  it.effect("gives each turn's tokens the advantage of the turn, and cuts off what has none", () =>
    Effect.gen(function*() {
      const { backward, update } = yield* train(
        batch([member(1, [2, 0]), member(-1, [0, -2]), member(0, [0, 0])], optimization())
      )
      const [data] = backward
      assert.deepStrictEqual(data!.map(({ tokens }) => [...tokens]), [[1, 2, 3], [1, 2, 3, 4, 5]])
      close(data![0]!.weights, [2 / 3, 2 / 3])
      close(data![1]!.weights, [0, 0, 0, -2 / 3])
      assert.strictEqual(update.sequences, 2)
    }))

  it.effect("keeps every token when there is a KL term, and asks the reference about all of them", () =>
    Effect.gen(function*() {
      const { backward, forward, update } = yield* train(
        batch([member(1, [2, 0])], optimization({ klCoefficient: 0.1 }))
      )
      const d = -0.5
      const pull = 0.1 * (1 - Math.exp(d)) / 3
      assert.deepStrictEqual(forward, ["reference"])
      close(backward[0]![0]!.weights, [2 / 3 - pull, 2 / 3 - pull, 0, -pull])
      assert.closeTo(update.kl ?? 0, Math.exp(d) - d - 1, 1e-6)
    }))

  it.effect("says nothing of what the engine lets nobody see, and asks for no reference that is not there", () =>
    Effect.gen(function*() {
      const capabilities = { entropyGradient: true, noReference: "it keeps none" }
      const { forward, update } = yield* train(batch([member(1)], optimization()), {
        capabilities,
        taken: Effect.succeed({})
      })
      assert.deepStrictEqual(forward, [])
      assert.notProperty(update, "kl")
      assert.notProperty(update, "gradientNorm")
    }))

  it.effect("leaves the entropy bonus to an engine that has its gradient", () =>
    Effect.gen(function*() {
      const { backward } = yield* train(batch([member(1)], optimization({ entropyCoefficient: 0.3 })))
      close(backward[0]![0]!.entropyWeights!, [0.1, 0.1, 0, 0.1])
      close(backward[0]![0]!.weights, [1 / 3, 1 / 3, 0, 1 / 3])
    }))

  it.effect("estimates the entropy's gradient for an engine that has not", () =>
    Effect.gen(function*() {
      const { backward } = yield* train(batch([member(1)], optimization({ entropyCoefficient: 0.3 })), {
        capabilities: { entropyGradient: false }
      })
      const datum = backward[0]![0]!
      const surprise = -0.3 / 3 * (-0.5 + 1)
      assert.isUndefined(datum.entropyWeights)
      close(datum.weights, [1 / 3 + surprise, 1 / 3 + surprise, 0, 1 / 3 + surprise])
      const stale = { ...batch([member(1)], optimization({ entropyCoefficient: 0.3 })), staleness: 1 }
      const moved = yield* train(stale, { capabilities: { entropyGradient: false }, logprob: -0.4 })
      const likelier = Math.exp(0.1) * (1 / 3 - 0.3 / 3 * (-0.4 + 1))
      close(moved.backward[0]![0]!.weights, [likelier, likelier, 0, likelier])
    }))

  it.effect("cuts a batch into updates, warms the rate up, and asks for log-probs after the first", () =>
    Effect.gen(function*() {
      const own = optimization({}, { updatesPerBatch: 2, learningRate: 1, warmupSteps: 4 })
      const { backward, forward, rates, update } = yield* train(batch([member(1), member(-1)], own, 3))
      assert.deepStrictEqual(backward.map((data) => data.length), [2, 4])
      assert.deepStrictEqual(rates, [0.25, 0.5])
      assert.deepStrictEqual(forward, ["reference", "reference", "current"])
      assert.strictEqual(update.tokens, 18)
      const later = yield* train({ ...batch([member(1), member(-1)], own, 3), updatesBefore: 2 })
      assert.deepStrictEqual(later.rates, [0.75, 1])
    }))

  it.effect("takes the ratio to the weights that sampled a batch, where those of the engine have moved on", () =>
    Effect.gen(function*() {
      const own = optimization({ dualClip: null })
      const stale = { ...batch([member(2), member(-1)], own), staleness: 1 }
      for (const [logprob, positive, negative] of [[-0.5, 1, 1], [-0.4, 1, 1], [0, 0, 1], [-1, 1, 0]] as const) {
        const { backward, forward, update } = yield* train(stale, { logprob })
        assert.deepStrictEqual(forward, ["reference", "current"])
        const share = Math.exp(logprob + 0.5) / 6
        close(backward[0]![0]!.weights, [2, 2, 0, 2].map((advantage) => positive * advantage * share))
        close(backward[0]![1]!.weights, [1, 1, 0, 1].map((advantage) => -negative * advantage * share))
        assert.strictEqual(update.clipFraction, 1 - (positive + negative) / 2)
        assert.strictEqual(update.entropy, 1)
      }
    }))

  it.effect("asks an engine for its clipped loss where there is nothing else in the loss, whatever the weights are", () =>
    Effect.gen(function*() {
      const own = optimization({ dualClip: null, aggregation: "seq-mean-token-mean" })
      const members = [member(2), member(1, [0, -1])]
      for (const staleness of [0, 1]) {
        const given = { ...batch(members, own), staleness }
        const { backward, clipped, forward, update } = yield* train(given, { ppo: true, logprob: -0.1 })
        assert.deepStrictEqual(forward, ["reference"])
        assert.deepStrictEqual(backward, [])
        const [asked] = clipped
        assert(asked !== undefined)
        const { clip, data } = asked
        assert.deepStrictEqual(clip, { low: 0.8, high: 1.28 })
        close(data[0]!.advantages, [2 / 6, 2 / 6, 0, 2 / 6])
        close(data[1]!.advantages, [0, 0, 0, -1 / 2])
        close(data[0]!.oldLogprobs, [-0.5, -0.5, 0, -0.5])
        // All three tokens of the first are beyond the upper bound, and the one of the second is not bounded there.
        assert.strictEqual(update.clipFraction, 3 / 4)
        assert.closeTo(update.policyLoss, -2 * 1.28 / 2 + Math.exp(0.4) / 2, 1e-6)
        assert.strictEqual(update.entropy, 1)
      }
      for (const loss of [{ dualClip: 10 }, { klCoefficient: 0.1 }, { entropyCoefficient: 0.1 }]) {
        const { clipped } = yield* train(batch(members, optimization({ dualClip: null, ...loss })), { ppo: true })
        assert.deepStrictEqual(clipped, [])
      }
    }))

  it.effect("refuses a batch in which nothing has an advantage", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(train(batch([member(0)], optimization())))
      assert.strictEqual(error.reason._tag, "BatchRejected")
      assert.isFalse(error.isRetryable)
    }))

  it.effect("says that its engine failed, and whether that may pass", () =>
    Effect.gen(function*() {
      const asked = yield* Ref.make<Asked>({ forward: [], backward: [], clipped: [], rates: [] })
      const error = yield* Effect.flip(
        Effect.provide(
          Trainer.use((trainer) => trainer.step(batch([member(1)], optimization()))),
          Layer.provide(
            TrainerGrpo.layer,
            engineOf(asked, {
              taken: Effect.fail(
                new EngineError({ reason: new NonFinite({ quantity: "gradient's norm", value: NaN }) })
              )
            })
          )
        )
      )
      assert.strictEqual(error.reason._tag, "EngineFailed")
      assert.isFalse(error.isRetryable)
      assert.include(error.message, "NaN")
    }))
})
