/**
 * Speed of the embedded engine: tokens per second of decoding and training, by the wall
 * clock and per second of CPU. With a Python that has torch, PyTorch does the same work on
 * the same cores in turns with the engine, and the ratios are printed.
 */
import { Effect, Option, Schema } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Engine } from "../src/domain/Engine.ts"
import * as Seed from "../src/domain/Seed.ts"
import { countParameters, ModelConfig } from "../src/domain/Transformer.ts"
import * as EngineEmbedded from "../src/layers/EngineEmbedded.ts"
import * as Figures from "./Figures.ts"
import * as Reference from "./Reference.ts"

const shared = { headDim: 32, contextLength: 1024 }
const models = {
  small: new ModelConfig({
    ...shared,
    vocabularySize: 1024,
    dModel: 96,
    layers: 4,
    heads: 3,
    kvHeads: 3,
    dFeedForward: 256
  }),
  medium: new ModelConfig({
    ...shared,
    vocabularySize: 2048,
    dModel: 160,
    layers: 5,
    heads: 5,
    kvHeads: 5,
    dFeedForward: 448
  }),
  large: new ModelConfig({
    ...shared,
    vocabularySize: 4096,
    dModel: 256,
    layers: 8,
    heads: 8,
    kvHeads: 8,
    dFeedForward: 704
  })
}

/** A batch of work, the same for both sides. Decoding includes the prefill that the samples of a prompt share. */
type Work =
  | {
    readonly op: "decode"
    readonly prompts: number
    readonly samples: number
    readonly prompt: number
    readonly new: number
  }
  | { readonly op: "train"; readonly sequences: number; readonly length: number }

const works: ReadonlyArray<Work> = [
  { op: "decode", prompts: 1, samples: 1, prompt: 128, new: 64 },
  { op: "decode", prompts: 2, samples: 8, prompt: 128, new: 64 },
  { op: "decode", prompts: 8, samples: 8, prompt: 128, new: 64 },
  { op: "decode", prompts: 32, samples: 8, prompt: 128, new: 64 },
  { op: "train", sequences: 16, length: 128 },
  { op: "train", sequences: 4, length: 1000 }
]

const nameOf = (work: Work): string =>
  work.op === "decode"
    ? `decode ${work.prompts} x ${work.samples}, ${work.prompt} + ${work.new} tokens`
    : `train ${work.sequences} x ${work.length} tokens`

const tokensOf = (work: Work): number =>
  work.op === "decode" ? work.prompts * work.samples * work.new : work.sequences * work.length

const adam = { learningRate: 3e-4, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 }

/** Does a batch of work on the engine; `round` makes its tokens new. */
const perform = Effect.fnUntraced(function*(work: Work, round: number) {
  const { forwardBackward, info, optimStep, sample } = yield* Engine
  const draws = new Seed.Draws(Seed.derive("bench", nameOf(work), round))
  const tokens = (length: number): Int32Array => Int32Array.from({ length }, () => draws.below(info.vocabularySize))
  if (work.op === "train") {
    const weights = new Float32Array(work.length).fill(1 / tokensOf(work))
    yield* forwardBackward(Array.from({ length: work.sequences }, () => ({ tokens: tokens(work.length + 1), weights })))
    yield* optimStep(adam)
    return
  }
  const requests = Array.from({ length: work.prompts }, (_, family) => {
    const prompt = tokens(work.prompt)
    return Array.from({ length: work.samples }, (_, member) => ({
      prompt,
      maxTokens: work.new,
      temperature: 1,
      stop: [],
      seed: Seed.derive(round, family, member),
      family: `${round} ${family}`
    }))
  }).flat()
  yield* Effect.forEach(requests, sample, { concurrency: "unbounded", discard: true })
})

const Answer = Schema.Struct({
  seconds: Schema.Finite,
  cpu: Schema.Finite,
  rss: Schema.Finite,
  version: Schema.String
})

const startTorch = (python: string) =>
  Reference.start({
    command: python,
    script: "torch_reference.py",
    // Threads of OpenMP that spin while they wait take the other's core on a machine that is not idle.
    env: { OMP_WAIT_POLICY: "PASSIVE" }
  }, Answer)

type Torch = Effect.Success<ReturnType<typeof startTorch>>

const rateOf = (work: Work, seconds: ReadonlyArray<number>): number => tokensOf(work) / Figures.median(seconds)

/** Tokens per second by the wall clock, and per second of CPU. */
interface Rates {
  readonly wall: number
  readonly cpu: number
}

const ratesOf = (work: Work, rounds: ReadonlyArray<Figures.Spent>): Rates => ({
  wall: rateOf(work, rounds.map(({ seconds }) => seconds)),
  cpu: rateOf(work, rounds.map(({ cpu }) => cpu))
})

/** What the engine and torch, with 1 or 2 threads, whichever is faster, make of the same work in turns. */
const compare = Effect.fnUntraced(function*(work: Work, rounds: number, torch: Torch | undefined) {
  const own: Array<Figures.Spent> = []
  const byThreads: ReadonlyArray<Array<Figures.Spent>> = [[], []]
  // The first round warms both up.
  for (let round = 0; round <= rounds; round++) {
    const spent = yield* Figures.spent(perform(work, round))
    if (round > 0) own.push(spent)
    for (const [i, measured] of torch === undefined ? [] : byThreads.entries()) {
      yield* torch!({ op: "threads", count: i + 1 })
      const answer = yield* torch!({ ...work })
      if (round > 0) measured.push(answer)
    }
  }
  const theirs = torch === undefined ? [] : byThreads.map((measured) => ratesOf(work, measured))
  return figuresOf(work, ratesOf(work, own), theirs)
})

const figuresOf = (work: Work, own: Rates, theirs: ReadonlyArray<Rates>): ReadonlyArray<Figures.Figure> => {
  const target: Figures.Target = { of: "ratio", bound: "at least", value: work.op === "decode" ? 1.5 : 0.8 }
  const ratioOf = (rates: keyof Rates) =>
    theirs.length > 0 && {
      ratio: { value: own[rates] / Math.max(...theirs.map((each) => each[rates])), to: "torch" }
    }
  return [
    { name: nameOf(work), value: own.wall, unit: "tokens / s", target, ...ratioOf("wall") },
    { name: nameOf(work), value: own.cpu, unit: "tokens / CPU s", ...ratioOf("cpu") }
  ]
}

export interface Options {
  readonly model: keyof typeof models
  readonly workers: number
  readonly rounds: number
  readonly simd: "plain" | "relaxed"
  readonly python: Option.Option<string>
}

export const measure = Effect.fnUntraced(function*({ model, python, rounds, simd, workers }: Options) {
  const config = models[model]
  const torch = Option.isSome(python) ? yield* startTorch(python.value) : undefined
  const version = torch === undefined ? undefined : (yield* torch({ op: "model", ...config })).version
  const figures = yield* Effect.forEach(works, (work) => compare(work, rounds, torch)).pipe(
    Effect.provide(EngineEmbedded.layer({ config, seed: 1, workers, simd }))
  )
  const resident: Figures.Figure = { name: "resident set", value: process.memoryUsage.rss() / 2 ** 20, unit: "MiB" }
  const theirs = torch === undefined ? undefined : (yield* torch({ op: "threads", count: 1 })).rss / 2 ** 20
  const parameters = `${(countParameters(config) / 1e6).toFixed(2)} M parameters`
  const beside = version === undefined ? "" : `, torch ${version} beside it`
  const findings: Figures.Findings = {
    bench: "engine",
    about: `${model}, ${parameters}, ${workers} workers, ${simd} SIMD${beside}`,
    figures: [
      ...figures.flat(),
      { ...resident, ...(theirs !== undefined && { ratio: { value: resident.value / theirs, to: "torch" } }) }
    ]
  }
  return findings
}, Effect.scoped)

export const command = Command.make(
  "engine",
  {
    model: Flag.Literals("model", ["small", "medium", "large"]).pipe(Flag.withDefault("small")),
    workers: Flag.Int("workers").pipe(Flag.withDefault(2)),
    rounds: Figures.rounds(5),
    simd: Flag.Literals("simd", ["plain", "relaxed"]).pipe(Flag.withDefault("plain")),
    python: Flag.String("python").pipe(
      Flag.withDescription("A python3 that has torch: does the same work in turns"),
      Flag.optional
    ),
    json: Figures.json
  },
  Effect.fnUntraced(function*(options) {
    yield* Figures.print(yield* measure(options), options)
  })
).pipe(Command.withDescription("Measures the embedded engine, and torch beside it"))
