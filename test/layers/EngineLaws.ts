/**
 * What holds for every engine, whatever computes behind it. A law measures by how much it is
 * missed, so that it can be tested here and measured on a server that is started for real.
 */
import { Effect } from "effect"
import { type AdamW, type Datum, Engine, type EngineError, type SampleRequest } from "../../src/domain/Engine.ts"
import * as Seed from "../../src/domain/Seed.ts"

export interface Law<R> {
  readonly name: string
  /** The greatest miss that rounding explains. */
  readonly tolerance: number
  readonly miss: Effect.Effect<number, EngineError, Engine | R>
}

const adam: AdamW = { learningRate: 1e-2, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, clipNorm: null }

/** Steps that leave the weights alone, and tell the norm of the gradient. */
const still: AdamW = { ...adam, learningRate: 0 }

/** Ids that every tokenizer has, byte-level ones included. */
const ids = 61

const tokensOf = (length: number, seed: number): Int32Array => {
  const draws = new Seed.Draws(Seed.derive("laws", seed))
  return Int32Array.from({ length }, () => draws.below(ids))
}

const datum = (length: number, seed: number, weight = 1): Datum => ({
  tokens: tokensOf(length, seed),
  weights: Float32Array.from({ length: length - 1 }, (_, t) => t < 3 ? 0 : weight / length)
})

const negative = ({ tokens, weights }: Datum): Datum => ({ tokens, weights: weights.map((weight) => -weight) })

const one = datum(17, 1)
const other = datum(23, 2)

const request = (changes: Partial<SampleRequest> = {}): SampleRequest => ({
  prompt: tokensOf(12, 3),
  maxTokens: 16,
  temperature: 1,
  stop: [],
  seed: 5,
  ...changes
})

/** The greatest distance between numbers at the same place. */
const distance = (left: ArrayLike<number>, right: ArrayLike<number>): number => {
  let greatest = left.length === right.length ? 0 : Infinity
  for (let at = 0; at < left.length; at++) greatest = Math.max(greatest, Math.abs(left[at]! - right[at]!))
  return greatest
}

const relative = (value: number, expected: number): number => Math.abs(value - expected) / Math.abs(expected)

const logprobsOf = Effect.fnUntraced(
  function*(data: ReadonlyArray<Datum>, weights: "current" | "reference" = "current") {
    const { forward } = yield* Engine
    const scored = yield* forward(data, weights)
    return scored.flatMap(({ logprobs }) => Array.from(logprobs))
  }
)

/** The norm of the gradient that calls with these data leave. */
const normOf = Effect.fnUntraced(function*(...calls: ReadonlyArray<ReadonlyArray<Datum>>) {
  const { forwardBackward, optimStep } = yield* Engine
  for (const data of calls) yield* forwardBackward(data)
  return (yield* optimStep(still)).gradientNorm ?? NaN
})

const train = Effect.fnUntraced(function*(data: ReadonlyArray<Datum>) {
  const { forwardBackward, optimStep } = yield* Engine
  yield* forwardBackward(data)
  yield* optimStep(adam)
})

const total = (logprobs: ReadonlyArray<number>): number => logprobs.reduce((sum, logprob) => sum + logprob, 0)

/** By how much the log-probs of samples are not those of a forward pass. */
const disagreement = Effect.gen(function*() {
  const { forward, sample } = yield* Engine
  const requests = [request(), request({ seed: 6 }), request({ prompt: tokensOf(5, 8), seed: 7 })]
  const samples = yield* Effect.forEach(requests, sample, { concurrency: "unbounded" })
  const scored = yield* forward(
    samples.map(({ tokens }, n): Datum => {
      const { prompt } = requests[n]!
      const length = prompt.length + tokens.length - 1
      return {
        tokens: Int32Array.of(...prompt, ...tokens),
        weights: new Float32Array(length).fill(1, prompt.length - 1)
      }
    }),
    "current"
  )
  return Math.max(
    ...samples.map(({ logprobs }, n) =>
      distance(logprobs, scored[n]!.logprobs.subarray(requests[n]!.prompt.length - 1))
    )
  )
})

/** The laws; `checkpoint` is where weights may be saved, new each time. */
export const laws = <R>(checkpoint: Effect.Effect<string, never, R>): ReadonlyArray<Law<R>> => [
  {
    name: "samples have the log-probs that training computes",
    tolerance: 1e-4,
    miss: disagreement
  },
  {
    name: "samples after a step are those of the new weights",
    tolerance: 1e-4,
    miss: Effect.andThen(train([one]), disagreement)
  },
  {
    name: "a seed reproduces a sample, and another does not",
    tolerance: 1e-4,
    miss: Effect.gen(function*() {
      const { sample } = yield* Engine
      // All 32 bits of it may be set.
      const first = yield* sample(request({ seed: 4_000_000_007 }))
      const again = yield* sample(request({ seed: 4_000_000_007 }))
      const another = yield* sample(request({ seed: 99 }))
      if (distance(first.tokens, another.tokens) === 0) return Infinity
      return Math.max(distance(first.tokens, again.tokens), distance(first.logprobs, again.logprobs))
    })
  },
  {
    name: "a sample ends with its stop token",
    tolerance: 0,
    miss: Effect.gen(function*() {
      const { sample } = yield* Engine
      const { tokens } = yield* sample(request())
      const stopId = tokens[4]!
      const stopped = yield* sample(request({ stop: [stopId] }))
      const expected = tokens.subarray(0, tokens.indexOf(stopId) + 1)
      return stopped.stop === "stop" ? distance(stopped.tokens, expected) : Infinity
    })
  },
  {
    name: "the gradient of a linear loss is linear in its weights",
    tolerance: 1e-3,
    miss: Effect.gen(function*() {
      const norm = yield* normOf([one])
      const doubled = yield* normOf([{ ...one, weights: one.weights.map((weight) => 2 * weight) }])
      const negated = yield* normOf([negative(one)])
      return Math.max(relative(doubled, 2 * norm), relative(negated, norm))
    })
  },
  {
    name: "gradients of data add up: |a + b|^2 + |a - b|^2 = 2 |a|^2 + 2 |b|^2",
    tolerance: 1e-3,
    miss: Effect.gen(function*() {
      const sum = yield* normOf([one, other])
      const difference = yield* normOf([one, negative(other)])
      const expected = 2 * (yield* normOf([one])) ** 2 + 2 * (yield* normOf([other])) ** 2
      return relative(sum ** 2 + difference ** 2, expected)
    })
  },
  {
    name: "gradients of calls add up until a step",
    tolerance: 1e-3,
    miss: Effect.gen(function*() {
      return relative(yield* normOf([one], [other]), yield* normOf([one, other]))
    })
  },
  {
    name: "a step makes what is rewarded likelier and what is punished less likely",
    tolerance: 0,
    miss: Effect.gen(function*() {
      const before = [total(yield* logprobsOf([one])), total(yield* logprobsOf([other]))] as const
      yield* train([one, negative(other)])
      const rewarded = total(yield* logprobsOf([one])) - before[0]
      const punished = total(yield* logprobsOf([other])) - before[1]
      return Math.max(0, rewarded > 0 ? 0 : 1 - rewarded, punished < 0 ? 0 : 1 + punished)
    })
  },
  {
    name: "the frozen reference stays while the weights move on",
    tolerance: 1e-4,
    miss: Effect.gen(function*() {
      const { freezeReference } = yield* Engine
      yield* freezeReference
      const before = yield* logprobsOf([one, other])
      yield* train([one])
      const moved = distance(yield* logprobsOf([one, other]), before)
      return moved === 0 ? Infinity : distance(yield* logprobsOf([one, other], "reference"), before)
    })
  },
  {
    name: "what was saved is what is loaded, the optimiser's state included",
    tolerance: 1e-4,
    miss: Effect.gen(function*() {
      const { load, save } = yield* Engine
      const path = yield* checkpoint
      yield* train([one])
      yield* save(path)
      const saved = yield* logprobsOf([one, other])
      yield* train([other])
      const straight = yield* logprobsOf([one, other])
      yield* load(path)
      const loaded = yield* logprobsOf([one, other])
      yield* train([other])
      return Math.max(distance(loaded, saved), distance(yield* logprobsOf([one, other]), straight))
    })
  }
]
