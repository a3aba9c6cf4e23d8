/**
 * What the engine and its workers tell each other. Arrays travel flat and are transferred:
 * hundreds of sequences are in flight, and a message costs more than what it carries.
 */
import type { AdamW, Datum, Sample, SampleRequest, Scored } from "../../domain/Engine.ts"
import type { MemoryMap } from "./MemoryMap.ts"

/** What a worker is started with. */
export interface Start {
  readonly map: MemoryMap
  readonly memory: WebAssembly.Memory
  readonly kernels: WebAssembly.Module
  /** Which worker this is, counting from 0. */
  readonly index: number
}

/** Data end to end: datum i has `lengths[i]` tokens and `lengths[i] - 1` weights. */
export interface DatumBatch {
  readonly tokens: Int32Array<ArrayBuffer>
  readonly lengths: Int32Array<ArrayBuffer>
  readonly weights: Float32Array<ArrayBuffer>
  readonly entropyWeights: Float32Array<ArrayBuffer>
  /** How many consecutive data each micro-batch holds. */
  readonly microBatches: Int32Array<ArrayBuffer>
}

/** One number for each weight of a `DatumBatch`. */
export interface Scores {
  readonly logprobs: Float32Array<ArrayBuffer>
  readonly entropies: Float32Array<ArrayBuffer>
}

export type Weights = "current" | "reference"

/** Commands are answered by `Done`, in order; each is complete when all workers have answered. */
export type Command =
  | {
    readonly _tag: "Score"
    readonly batch: DatumBatch
    readonly weights: Weights
    /** The lane whose gradient to add to, if any. */
    readonly lane: number | undefined
  }
  /** Adds the lanes' gradients up and their squares by chunks; this worker's part of the parameters. */
  | { readonly _tag: "Reduce" }
  /** Steps this worker's part of the parameters and clears the gradient; `step` counts from 1. */
  | { readonly _tag: "Update"; readonly options: AdamW; readonly step: number; readonly scale: number }
  /** Clears this worker's part of the gradient. */
  | { readonly _tag: "Discard" }
  /** Packs this worker's part of the matrices, and forgets keys and values of other weights. */
  | { readonly _tag: "Pack"; readonly weights: Weights }
  /** Fills the table of rotary angles. */
  | { readonly _tag: "Prepare" }

export type ToWorker =
  | { readonly _tag: "Command"; readonly id: number; readonly command: Command }
  | { readonly _tag: "Sample"; readonly requests: Int32Array<ArrayBuffer> }
  | { readonly _tag: "Cancel"; readonly id: number }

export type FromWorker =
  | { readonly _tag: "Done"; readonly id: number; readonly scores?: Scores }
  | { readonly _tag: "Sampled"; readonly samples: Int32Array<ArrayBuffer> }

/** A request as a worker handles it. */
export interface NumberedRequest {
  readonly id: number
  readonly prompt: Int32Array
  readonly maxTokens: number
  readonly temperature: number
  readonly seed: number
  readonly stop: ReadonlyArray<number>
}

export interface NumberedSample extends Sample {
  readonly id: number
}

const requestHeader = 6

/** Requests end to end, each `[id, prompt length, stop count, maxTokens, temperature, seed, ...stop, ...prompt]`. */
export const encodeRequests = (
  requests: ReadonlyArray<{ readonly id: number; readonly request: SampleRequest }>
): Int32Array<ArrayBuffer> => {
  const length = requests.reduce(
    (sum, { request }) => sum + requestHeader + request.stop.length + request.prompt.length,
    0
  )
  const words = new Int32Array(length)
  const floats = new Float32Array(words.buffer)
  let at = 0
  for (const { id, request } of requests) {
    words[at] = id
    words[at + 1] = request.prompt.length
    words[at + 2] = request.stop.length
    words[at + 3] = request.maxTokens
    floats[at + 4] = request.temperature
    words[at + 5] = request.seed
    words.set(request.stop, at + requestHeader)
    words.set(request.prompt, at + requestHeader + request.stop.length)
    at += requestHeader + request.stop.length + request.prompt.length
  }
  return words
}

export const decodeRequests = (words: Int32Array<ArrayBuffer>): ReadonlyArray<NumberedRequest> => {
  const floats = new Float32Array(words.buffer)
  const requests: Array<NumberedRequest> = []
  let at = 0
  while (at < words.length) {
    const [id = 0, promptLength = 0, stopCount = 0, maxTokens = 0, , seed = 0] = words.subarray(at, at + requestHeader)
    const temperature = floats[at + 4]!
    const stop = Array.from(words.subarray(at + requestHeader, at + requestHeader + stopCount))
    const begin = at + requestHeader + stopCount
    const prompt = words.subarray(begin, begin + promptLength)
    requests.push({ id, prompt, maxTokens, temperature, seed, stop })
    at = begin + promptLength
  }
  return requests
}

const sampleHeader = 3

/** Samples end to end, each `[id, token count, stopped, ...tokens, ...logprobs]`. */
export const encodeSamples = (samples: ReadonlyArray<NumberedSample>): Int32Array<ArrayBuffer> => {
  const words = new Int32Array(samples.reduce((sum, { tokens }) => sum + sampleHeader + 2 * tokens.length, 0))
  const floats = new Float32Array(words.buffer)
  let at = 0
  for (const { id, logprobs, stop, tokens } of samples) {
    words[at] = id
    words[at + 1] = tokens.length
    words[at + 2] = stop === "stop" ? 1 : 0
    words.set(tokens, at + sampleHeader)
    floats.set(logprobs, at + sampleHeader + tokens.length)
    at += sampleHeader + 2 * tokens.length
  }
  return words
}

export const decodeSamples = (words: Int32Array<ArrayBuffer>): ReadonlyArray<NumberedSample> => {
  const floats = new Float32Array(words.buffer)
  const samples: Array<NumberedSample> = []
  let at = 0
  while (at < words.length) {
    const [id = 0, count = 0, stopped = 0] = words.subarray(at, at + sampleHeader)
    const begin = at + sampleHeader
    // Copies, so that one kept sample does not keep the whole message alive.
    const tokens = words.slice(begin, begin + count)
    const logprobs = floats.slice(begin + count, begin + 2 * count)
    samples.push({ id, tokens, logprobs, stop: stopped === 1 ? "stop" : "length" })
    at = begin + 2 * count
  }
  return samples
}

/** Flattens data whose indices are given by micro-batch. */
export const encodeData = (
  data: ReadonlyArray<Datum>,
  microBatches: ReadonlyArray<ReadonlyArray<number>>
): DatumBatch => {
  const chosen = microBatches.flatMap((indices) => indices.map((index) => data[index]!))
  const tokenCount = chosen.reduce((sum, { tokens }) => sum + tokens.length, 0)
  const batch: DatumBatch = {
    tokens: new Int32Array(tokenCount),
    lengths: Int32Array.from(chosen, ({ tokens }) => tokens.length),
    weights: new Float32Array(tokenCount - chosen.length),
    entropyWeights: new Float32Array(tokenCount - chosen.length),
    microBatches: Int32Array.from(microBatches, (indices) => indices.length)
  }
  let token = 0
  let weight = 0
  for (const datum of chosen) {
    batch.tokens.set(datum.tokens, token)
    batch.weights.set(datum.weights, weight)
    if (datum.entropyWeights !== undefined) batch.entropyWeights.set(datum.entropyWeights, weight)
    token += datum.tokens.length
    weight += datum.weights.length
  }
  return batch
}

/** One datum's part of the scores, in the order of the batch. */
export const decodeScores = (lengths: Int32Array, scores: Scores): ReadonlyArray<Scored> => {
  let end = 0
  return Array.from(lengths, (length) => {
    const begin = end
    end += length - 1
    return { logprobs: scores.logprobs.slice(begin, end), entropies: scores.entropies.slice(begin, end) }
  })
}
