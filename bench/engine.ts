/**
 * Speed of the embedded engine: tokens per second of decoding and training, by the wall
 * clock and per second of CPU. With a Python that has torch, PyTorch does the same work on
 * the same cores in turns with the engine, and the ratios are printed.
 */
import { Clock, Console, Effect, Option, Queue, Schema, Stream } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import { fileURLToPath } from "node:url"
import { Engine } from "../src/domain/Engine.ts"
import * as Seed from "../src/domain/Seed.ts"
import { countParameters, ModelConfig } from "../src/domain/Transformer.ts"
import * as EngineEmbedded from "../src/layers/EngineEmbedded.ts"

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

interface Measured {
  readonly seconds: number
  readonly cpu: number
}

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

const measure = Effect.fnUntraced(function*(work: Work, round: number) {
  const begin = yield* Clock.currentTimeNanos
  const cpu = process.cpuUsage()
  yield* perform(work, round)
  const end = yield* Clock.currentTimeNanos
  const { system, user } = process.cpuUsage(cpu)
  const measured: Measured = { seconds: Number(end - begin) / 1e9, cpu: (system + user) / 1e6 }
  return measured
})

const Answer = Schema.fromJsonString(
  Schema.Struct({ seconds: Schema.Finite, cpu: Schema.Finite, rss: Schema.Finite, version: Schema.String })
)

/** bench/torch_reference.py as a function from commands to answers. */
const startTorch = Effect.fnUntraced(function*(python: string) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const commands = yield* Queue.unbounded<string>()
  const answers = yield* Queue.unbounded<string>()
  const script = fileURLToPath(new URL("torch_reference.py", import.meta.url))
  const handle = yield* spawner.spawn(ChildProcess.make(python, [script], {
    stdin: Stream.encodeText(Stream.map(Stream.fromQueue(commands), (command) => `${command}\n`)),
    // Threads of OpenMP that spin while they wait take the other's core on a machine that is not idle.
    env: { OMP_WAIT_POLICY: "PASSIVE" },
    extendEnv: true
  }))
  yield* handle.stdout.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runForEach((line) => Queue.offer(answers, line)),
    Effect.forkScoped
  )
  return Effect.fnUntraced(function*(command: Readonly<Record<string, unknown>>) {
    yield* Queue.offer(commands, JSON.stringify(command))
    return yield* Schema.decodeEffect(Answer)(yield* Queue.take(answers))
  })
})

type Torch = Effect.Success<ReturnType<typeof startTorch>>

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

const rate = (work: Work, seconds: ReadonlyArray<number>): number => tokensOf(work) / median(seconds)

/** Tokens per second, and per second of CPU. */
const columns = (wall: number, cpu: number): string => [wall, cpu].map((n) => n.toFixed(0).padStart(6)).join(" ")

const compare = Effect.fnUntraced(function*(work: Work, rounds: number, torch: Torch | undefined) {
  const own: Array<Measured> = []
  const theirs: Array<ReadonlyArray<Measured>> = []
  // The first round warms both up.
  for (let round = 0; round <= rounds; round++) {
    const measured = yield* measure(work, round)
    const torchs: Array<Measured> = []
    for (const count of torch === undefined ? [] : [1, 2]) {
      yield* torch!({ op: "threads", count })
      torchs.push(yield* torch!({ ...work }))
    }
    if (round === 0) continue
    own.push(measured)
    theirs.push(torchs)
  }
  const wall = rate(work, own.map(({ seconds }) => seconds))
  const cpu = rate(work, own.map(({ cpu }) => cpu))
  const byThreads = [0, 1].map((threads) => theirs.flatMap((round) => round[threads] ?? []))
  const torchWall = Math.max(...byThreads.map((measured) => rate(work, measured.map(({ seconds }) => seconds))))
  const torchCpu = Math.max(...byThreads.map((measured) => rate(work, measured.map(({ cpu }) => cpu))))
  const comparison = torch === undefined
    ? ""
    : `   torch ${columns(torchWall, torchCpu)}   ratios ${(wall / torchWall).toFixed(2)} ${
      (cpu / torchCpu).toFixed(2)
    }`
  yield* Console.log(
    `${nameOf(work).padEnd(36)} ${wall.toFixed(0).padStart(7)} tokens/s ${
      cpu.toFixed(0).padStart(7)
    } per CPU s${comparison}`
  )
})

export const engine = Command.make(
  "engine",
  {
    model: Flag.Literals("model", ["small", "medium", "large"]).pipe(Flag.withDefault("small")),
    workers: Flag.Int("workers").pipe(Flag.withDefault(2)),
    rounds: Flag.Int("rounds").pipe(Flag.withDefault(5)),
    simd: Flag.Literals("simd", ["plain", "relaxed"]).pipe(Flag.withDefault("plain")),
    python: Flag.String("python").pipe(
      Flag.withDescription("A python3 that has torch: does the same work in turns"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function*({ model, python, rounds, simd, workers }) {
    const config = models[model]
    yield* Console.log(
      `${model}: ${
        (countParameters(config) / 1e6).toFixed(2)
      } M parameters, ${workers} workers, ${simd} SIMD; medians of ${rounds}: tokens/s, tokens per CPU second`
    )
    const torch = Option.isSome(python) ? yield* startTorch(python.value) : undefined
    if (torch !== undefined) {
      const { version } = yield* torch({ op: "model", ...config })
      yield* Console.log(`torch ${version}, with 1 or 2 threads, whichever is faster`)
    }
    yield* Effect.forEach(works, (work) => compare(work, rounds, torch)).pipe(
      Effect.provide(EngineEmbedded.layer({ config, seed: 1, workers, simd }))
    )
    yield* Console.log(`resident set of the engine's process: ${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB`)
    if (torch !== undefined) {
      const { rss } = yield* torch({ op: "threads", count: 1 })
      yield* Console.log(`resident set of torch's process, at most: ${(rss / 2 ** 20).toFixed(0)} MiB`)
    }
  }, Effect.scoped)
).pipe(Command.withDescription("Measures the embedded engine, and torch beside it"))
