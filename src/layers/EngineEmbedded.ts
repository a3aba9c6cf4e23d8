/**
 * An engine inside this process: a small decoder (domain/Transformer) on WebAssembly SIMD
 * kernels, shared by a few worker threads. No GPU, no Python, no network.
 *
 * Results are the same bit for bit for any number of workers, any other requests in flight
 * and any state of the caches. With `simd: "plain"` (the default) they are also the same on
 * every machine.
 */
import { Effect, FileSystem, Layer, Path } from "effect"
import { availableParallelism } from "node:os"
import {
  type AdamW,
  type Datum,
  Engine,
  EngineError,
  EngineUnavailable,
  NonFinite,
  RequestRejected,
  type Sample,
  type SampleRequest,
  type Scored
} from "../domain/Engine.ts"
import { countParameters, initialise, type ModelConfig } from "../domain/Transformer.ts"
import * as Checkpoint from "./embedded/Checkpoint.ts"
import { instantiate, normChunk } from "./embedded/Kernels.ts"
import * as MemoryMap from "./embedded/MemoryMap.ts"
import { decodeScores, encodeData, type Weights } from "./embedded/Messages.ts"
import * as Pool from "./embedded/Pool.ts"
import { deal } from "./embedded/Schedule.ts"
import * as WeightsLock from "./WeightsLock.ts"

export interface Options {
  readonly config: ModelConfig
  /** Initial weights are a function of this 32-bit seed and the config. */
  readonly seed: number
  /** A folder that `save` has written, to start from instead. */
  readonly weights?: string
  /** Identifies the vocabulary; weights saved for another one are refused. */
  readonly vocabulary?: string
  /** Worker threads; by default one for each core, at most 4. */
  readonly workers?: number
  /** `relaxed` fuses multiplication and addition where the machine can, and rounds as the machine does. */
  readonly simd?: "plain" | "relaxed"
  /** Mebibytes for each worker's cache of keys and values; 128 by default. */
  readonly cacheSize?: number
}

const mebibyte = 1 << 20
const wasmPage = 65_536
const wasmPages = 65_536

const failWith = (reason: EngineError["reason"]): Effect.Effect<never, EngineError> =>
  Effect.fail(new EngineError({ reason }))

const reject = (detail: string): Effect.Effect<never, EngineError> => failWith(new RequestRejected({ detail }))

/** A sentence that says why a request cannot be served, if it cannot. */
const requestProblem = (config: ModelConfig, { maxTokens, prompt, temperature }: SampleRequest): string | undefined => {
  if (prompt.length === 0) return "the prompt is empty"
  if (prompt.length >= config.contextLength) {
    return `a prompt of ${prompt.length} tokens leaves no room in a context of ${config.contextLength}`
  }
  if (!(maxTokens >= 1)) return `maxTokens is ${maxTokens}`
  if (!(temperature >= 0 && temperature < Infinity)) return `the temperature is ${temperature}`
  return unknownToken(config, prompt)
}

const datumProblem = (config: ModelConfig, { entropyWeights, tokens, weights }: Datum): string | undefined => {
  if (tokens.length < 2) return `a datum of ${tokens.length} tokens predicts nothing`
  if (tokens.length > config.contextLength) {
    return `a datum of ${tokens.length} tokens exceeds the context of ${config.contextLength}`
  }
  for (const [name, numbers] of [["weights", weights], ["entropyWeights", entropyWeights]] as const) {
    if (numbers !== undefined && numbers.length !== tokens.length - 1) {
      return `${numbers.length} ${name} for ${tokens.length} tokens; there must be ${tokens.length - 1}`
    }
  }
  return unknownToken(config, tokens)
}

/** What is wrong with log-probs if one is not a finite number, which the weights are to blame for. */
const notFinite = (logprobs: Float32Array): NonFinite | undefined => {
  const value = logprobs.find((logprob) => !Number.isFinite(logprob))
  return value === undefined ? undefined : new NonFinite({ quantity: "log-prob", value })
}

const unknownToken = ({ vocabularySize }: ModelConfig, tokens: Int32Array): string | undefined => {
  const unknown = tokens.find((token) => token < 0 || token >= vocabularySize)
  return unknown === undefined ? undefined : `token ${unknown} is not in the vocabulary of ${vocabularySize}`
}

/** Compiles the kernels and lays out a memory for the model. */
const allocate = Effect.fnUntraced(function*({ cacheSize = 128, config, simd = "plain", workers }: Options) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = simd === "plain" ? "engine.wasm" : "engine-relaxed.wasm"
  const bytes = yield* path.fromFileUrl(new URL(`../../assets/${file}`, import.meta.url)).pipe(
    Effect.flatMap(files.readFile),
    Effect.mapError((cause) => new EngineError({ reason: new EngineUnavailable({ detail: `no ${file}`, cause }) }))
  )
  const kernels = yield* Effect.try({
    try: () => new WebAssembly.Module(bytes),
    catch: (cause) => new EngineError({ reason: new EngineUnavailable({ detail: `${file} does not compile`, cause }) })
  })
  const map = MemoryMap.make(config, {
    workers: workers ?? Math.min(availableParallelism(), MemoryMap.lanes),
    cacheBytes: cacheSize * mebibyte,
    kernels: instantiate(kernels, new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }))
  })
  const pages = Math.ceil(map.bytes / wasmPage)
  if (pages > wasmPages) {
    return yield* reject(`the model needs ${Math.ceil(map.bytes / mebibyte)} MiB; WebAssembly has 4096`)
  }
  return { kernels, map, memory: new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }) }
})

/** The state of an engine that starts from its seed. */
const initialState = (config: ModelConfig, seed: number): Checkpoint.State => {
  const parameters = initialise(config, seed)
  return { parameters, optimiser: Checkpoint.freshOptimiser(parameters.length) }
}

const make = Effect.fnUntraced(function*(options: Options) {
  const { config, seed, vocabulary = "", weights } = options
  const platform = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const readState = (folder: string): Effect.Effect<Checkpoint.State, EngineError> =>
    Effect.provide(Checkpoint.read(folder, { config, vocabulary }), platform)
  // Before any worker starts, as this is what may well fail.
  const initial = weights === undefined ? initialState(config, seed) : yield* readState(weights)
  const space = yield* allocate(options)
  const { map } = space
  const numbers = (address: number): Float32Array => new Float32Array(space.memory.buffer, address, map.layout.size)
  const parameters = numbers(map.parameters)
  const pool = yield* Pool.make(space)
  const lock = yield* WeightsLock.make
  let steps = 0
  /** The reference is packed when it is first asked for. */
  let reference: "none" | "frozen" | "packed" = "none"

  const packWeights = pool.all(() => ({ _tag: "Pack", weights: "current" }))

  const setWeights = Effect.fnUntraced(function*(state: Checkpoint.State) {
    parameters.set(state.parameters)
    numbers(map.firstMoments).set(state.optimiser.first)
    numbers(map.secondMoments).set(state.optimiser.second)
    steps = state.optimiser.step
    yield* pool.all(() => ({ _tag: "Discard" }))
    yield* packWeights
  })

  const score = Effect.fnUntraced(function*(data: ReadonlyArray<Datum>, weights: Weights, backward: boolean) {
    for (const datum of data) {
      const problem = datumProblem(config, datum)
      if (problem !== undefined) return yield* reject(problem)
    }
    const dealt = deal(data, MemoryMap.lanes, MemoryMap.microBatchRows)
    const scored = yield* Effect.forEach(dealt, (microBatches, lane) => {
      if (microBatches.length === 0) return Effect.succeed([])
      const batch = encodeData(data, microBatches)
      const { lengths } = batch
      const command = { _tag: "Score", batch, weights, lane: backward ? lane : undefined } as const
      return Effect.map(pool.one(lane % pool.size, command), (scores) => decodeScores(lengths, scores!))
    }, { concurrency: "unbounded" })
    const places = new Map(dealt.flat(2).map((index, place) => [index, place]))
    const byPlace = scored.flat()
    const results: ReadonlyArray<Scored> = data.map((_, index) => byPlace[places.get(index)!]!)
    for (const { logprobs } of results) {
      const problem = notFinite(logprobs)
      if (problem === undefined) continue
      if (backward) yield* pool.all(() => ({ _tag: "Discard" }))
      return yield* failWith(problem)
    }
    return results
  })

  const forward = Effect.fn("EngineEmbedded.forward")(
    function*(data: ReadonlyArray<Datum>, weights: Weights) {
      if (weights === "reference" && reference === "none") return yield* reject("no reference has been frozen")
      if (weights === "reference" && reference === "frozen") {
        yield* pool.all(() => ({ _tag: "Pack", weights: "reference" }))
        reference = "packed"
      }
      return yield* score(data, weights, false)
    },
    lock.shared
  )

  const sample = Effect.fnUntraced(
    function*(request: SampleRequest): Effect.fn.Return<Sample, EngineError> {
      const problem = requestProblem(config, request)
      if (problem !== undefined) return yield* reject(problem)
      const sampled = yield* pool.sample(request)
      const infinite = notFinite(sampled.logprobs)
      return infinite === undefined ? sampled : yield* failWith(infinite)
    },
    lock.shared
  )

  const optimStep = Effect.fn("EngineEmbedded.optimStep")(
    function*(adam: AdamW) {
      yield* pool.all(() => ({ _tag: "Reduce" }))
      const chunks = Math.ceil(map.layout.size / normChunk)
      const squares = new Float64Array(space.memory.buffer, map.squares, chunks)
      const gradientNorm = Math.sqrt(squares.reduce((sum, chunk) => sum + chunk, 0))
      if (!Number.isFinite(gradientNorm)) {
        yield* pool.all(() => ({ _tag: "Discard" }))
        return yield* failWith(new NonFinite({ quantity: "gradient's norm", value: gradientNorm }))
      }
      const { clipNorm } = adam
      const scale = clipNorm !== null && gradientNorm > clipNorm ? clipNorm / gradientNorm : 1
      const step = steps + 1
      yield* pool.all(() => ({ _tag: "Update", options: adam, step, scale }))
      steps = step
      yield* packWeights
      return { gradientNorm }
    },
    Effect.uninterruptible,
    lock.exclusive
  )

  const save = Effect.fn("EngineEmbedded.save")(
    (folder: string) => {
      const optimiser = { first: numbers(map.firstMoments), second: numbers(map.secondMoments), step: steps }
      return Effect.provide(Checkpoint.write(folder, { config, vocabulary }, { parameters, optimiser }), platform)
    },
    lock.shared
  )

  const load = Effect.fn("EngineEmbedded.load")(
    function*(folder: string) {
      yield* setWeights(yield* readState(folder))
    },
    Effect.uninterruptible,
    lock.exclusive
  )

  yield* pool.all(() => ({ _tag: "Prepare" }))
  yield* setWeights(initial)

  return Engine.of({
    info: {
      name: "embedded",
      vocabularySize: config.vocabularySize,
      contextLength: config.contextLength,
      parameters: countParameters(config),
      capabilities: { entropyGradient: true }
    },
    sample,
    forward,
    forwardBackward: Effect.fn("EngineEmbedded.forwardBackward")(
      (data: ReadonlyArray<Datum>) => score(data, "current", true),
      lock.shared
    ),
    optimStep,
    freezeReference: lock.exclusive(Effect.sync(() => {
      numbers(map.reference).set(parameters)
      reference = "frozen"
    })),
    save,
    load
  })
})

/** The model and the vocabulary that the weights saved in a folder are for. */
export const describe = Checkpoint.readPurpose

/** Workers live as long as the layer's scope. */
export const layer = (
  options: Options
): Layer.Layer<Engine, EngineError, FileSystem.FileSystem | Path.Path> => Layer.effect(Engine, make(options))
