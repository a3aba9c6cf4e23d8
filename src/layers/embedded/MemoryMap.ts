/**
 * Where everything lies in the one memory that all workers share: weights, optimiser state
 * and packed weights once, a gradient for each lane, and for each worker a workspace for
 * training, one for sampling and the pages of its key-value cache.
 *
 * All sizes follow from the model, so the memory is laid out once and never grows; the
 * operating system provides only the pages that are touched. Numbers are byte addresses.
 */
import {
  type Layout,
  layout,
  type ModelConfig,
  normEpsilon,
  paddedVocabulary,
  rotaryTheta
} from "../../domain/Transformer.ts"
import { type Kernels, normChunk, pagePositions } from "./Kernels.ts"

/**
 * The gradient is always accumulated in this many parts, whatever the number of workers, and
 * added up in one order: float addition is not associative, and results must not depend on it.
 */
export const lanes = 4

/** Rows of a micro-batch, except that one longer sequence makes a micro-batch of its own. */
export const microBatchRows = 512

/** Sequences decoded together by a worker, and rows of a prompt computed at once. */
export const samplingRows = 256

/** The model's sizes and those that follow from them. Workers know only this: it is plain data. */
export interface Dimensions {
  readonly vocabulary: number
  /** The width of logits: the next multiple of 8. */
  readonly padded: number
  readonly dModel: number
  readonly layers: number
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
  readonly dFeedForward: number
  readonly contextLength: number
  /** The width of queries, keys and values together. */
  readonly qkv: number
  /** The width of all query heads. */
  readonly attended: number
  readonly normEpsilon: number
  readonly rotaryTheta: number
}

/** Packed weights of one direction, as `gemm` reads them. */
export interface Panels {
  readonly head: number
  readonly layers: ReadonlyArray<{
    readonly qkv: number
    readonly output: number
    readonly gateUp: number
    readonly down: number
  }>
}

/** A weight matrix `[out, in]`, `offset` floats into the parameters, and its packed forms. */
export interface Matrix {
  readonly offset: number
  readonly out: number
  readonly in: number
  readonly forward: number
  /** Absent for the frozen reference, which is not trained. */
  readonly backward?: number
}

export interface LayerSpace {
  /** The residual stream as the layer finds it, `[rows, dModel]`. */
  readonly stream: number
  readonly attentionNormed: number
  readonly attentionInverse: number
  readonly qkv: number
  readonly attended: number
  /** The residual stream between attention and feed-forward. */
  readonly middle: number
  readonly feedForwardNormed: number
  readonly feedForwardInverse: number
  readonly gateUp: number
  readonly activated: number
}

/** A worker's space for one micro-batch: forward, with what the gradient needs, and backward. */
export interface TrainingSpace {
  readonly rows: number
  readonly tokens: number
  readonly positions: number
  readonly starts: number
  readonly layers: ReadonlyArray<LayerSpace>
  /** The residual stream after the last layer. */
  readonly final: number
  /** Of the rows whose log-probs matter: their numbers, targets and weights, and what the head makes of them. */
  readonly headRows: number
  readonly targets: number
  readonly weights: number
  readonly entropyWeights: number
  readonly picked: number
  readonly headNormed: number
  readonly headInverse: number
  readonly logits: number
  readonly logprobs: number
  readonly entropies: number
  readonly normalisers: number
  readonly dStream: number
  readonly dNormed: number
  readonly dQkv: number
  readonly dAttended: number
  readonly dGateUp: number
  readonly dActivated: number
  readonly dPicked: number
  /** Activations packed for the gradient of a weight matrix. */
  readonly packed: number
  /** Scratch of `gemmTransposed`. */
  readonly transposed: number
  readonly attentionScratch: number
}

/** A worker's space for a step of decoding, or a piece of a prompt. */
export interface SamplingSpace {
  readonly rows: number
  readonly tokens: number
  readonly positions: number
  /** Each row's address of its sequence's list of pages. */
  readonly tables: number
  readonly uniforms: number
  readonly inverseTemperatures: number
  readonly logprobs: number
  readonly stream: number
  readonly normed: number
  readonly inverse: number
  readonly qkv: number
  readonly attended: number
  readonly gateUp: number
  readonly activated: number
  readonly logits: number
  readonly scratch: number
  /** `rows` lists of `pageListEntries` page addresses. */
  readonly pageLists: number
  readonly pageListEntries: number
  readonly pages: number
  readonly pageBytes: number
  readonly pageCount: number
}

export interface MemoryMap {
  readonly dimensions: Dimensions
  readonly bytes: number
  readonly layout: Layout
  readonly parameters: number
  readonly firstMoments: number
  readonly secondMoments: number
  readonly reference: number
  readonly gradients: ReadonlyArray<number>
  /** A double for each chunk of `normChunk` numbers of the gradient. */
  readonly squares: number
  readonly rotary: number
  readonly forward: Panels
  readonly backward: Panels
  readonly referenceForward: Panels
  readonly matrices: ReadonlyArray<Matrix>
  readonly referenceMatrices: ReadonlyArray<Matrix>
  readonly workers: ReadonlyArray<{ readonly training: TrainingSpace; readonly sampling: SamplingSpace }>
}

type Allocate = (floats: number) => number

/** Address 0 and the kernels' own constants stay below this. */
const firstAddress = 65_536
const alignment = 64

const dimensionsOf = (config: ModelConfig): Dimensions => ({
  vocabulary: config.vocabularySize,
  padded: paddedVocabulary(config),
  dModel: config.dModel,
  layers: config.layers,
  heads: config.heads,
  kvHeads: config.kvHeads,
  headDim: config.headDim,
  dFeedForward: config.dFeedForward,
  contextLength: config.contextLength,
  qkv: (config.heads + 2 * config.kvHeads) * config.headDim,
  attended: config.heads * config.headDim,
  normEpsilon,
  rotaryTheta
})

const panels = ({ attended, dFeedForward, dModel, layers, padded, qkv }: Dimensions, allocate: Allocate): Panels => ({
  head: allocate(padded * dModel),
  layers: Array.from({ length: layers }, () => ({
    qkv: allocate(qkv * dModel),
    output: allocate(dModel * attended),
    gateUp: allocate(2 * dFeedForward * dModel),
    down: allocate(dModel * dFeedForward)
  }))
})

const matrix = (offset: number, out: number, width: number, to: number, back: number | undefined): Matrix => ({
  offset,
  out,
  in: width,
  forward: to,
  ...(back === undefined ? {} : { backward: back })
})

const matrices = (
  { attended, dFeedForward, dModel, padded, qkv }: Dimensions,
  places: Layout,
  forward: Panels,
  backward: Panels | undefined
): ReadonlyArray<Matrix> => {
  return [
    matrix(places.embedding, padded, dModel, forward.head, backward?.head),
    ...places.layers.flatMap((layer, n) => {
      const to = forward.layers[n]!
      const back = backward?.layers[n]
      return [
        matrix(layer.qkv, qkv, dModel, to.qkv, back?.qkv),
        matrix(layer.output, dModel, attended, to.output, back?.output),
        matrix(layer.gateUp, 2 * dFeedForward, dModel, to.gateUp, back?.gateUp),
        matrix(layer.down, dModel, dFeedForward, to.down, back?.down)
      ]
    })
  ]
}

const trainingSpace = (dimensions: Dimensions, kernels: Kernels, allocate: Allocate): TrainingSpace => {
  const { attended, contextLength, dFeedForward, dModel, headDim, layers, padded, qkv } = dimensions
  const rows = Math.max(microBatchRows, contextLength)
  const each = (width: number): number => allocate(rows * width)
  return {
    rows,
    tokens: each(1),
    positions: each(1),
    starts: allocate(rows + 1),
    layers: Array.from({ length: layers }, () => ({
      stream: each(dModel),
      attentionNormed: each(dModel),
      attentionInverse: each(1),
      qkv: each(qkv),
      attended: each(attended),
      middle: each(dModel),
      feedForwardNormed: each(dModel),
      feedForwardInverse: each(1),
      gateUp: each(2 * dFeedForward),
      activated: each(dFeedForward)
    })),
    final: each(dModel),
    headRows: each(1),
    targets: each(1),
    weights: each(1),
    entropyWeights: each(1),
    picked: each(dModel),
    headNormed: each(dModel),
    headInverse: each(1),
    logits: each(padded),
    logprobs: each(1),
    entropies: each(1),
    normalisers: each(1),
    dStream: each(dModel),
    dNormed: each(dModel),
    dQkv: each(qkv),
    dAttended: each(attended),
    dGateUp: each(2 * dFeedForward),
    dActivated: each(dFeedForward),
    dPicked: each(dModel),
    packed: each(Math.max(dModel, dFeedForward, attended)),
    transposed: allocate(kernels.transposedScratch(rows) / 4),
    attentionScratch: allocate(kernels.attentionScratch(contextLength, headDim) / 4)
  }
}

const samplingSpace = (dimensions: Dimensions, cacheBytes: number, allocate: Allocate): SamplingSpace => {
  const { attended, contextLength, dFeedForward, dModel, headDim, kvHeads, layers, padded, qkv } = dimensions
  const rows = samplingRows
  const each = (width: number): number => allocate(rows * width)
  const pageListEntries = Math.ceil(contextLength / pagePositions)
  const pageBytes = layers * 2 * kvHeads * headDim * pagePositions * 4
  // One sequence of full length must always find room.
  const pageCount = Math.max(Math.floor(cacheBytes / pageBytes), pageListEntries + 1)
  return {
    rows,
    tokens: each(1),
    positions: each(1),
    tables: each(1),
    uniforms: each(1),
    inverseTemperatures: each(1),
    logprobs: each(1),
    stream: each(dModel),
    normed: each(dModel),
    inverse: each(1),
    qkv: each(qkv),
    attended: each(attended),
    gateUp: each(2 * dFeedForward),
    activated: each(dFeedForward),
    logits: each(padded),
    scratch: allocate(pageListEntries * pagePositions),
    pageLists: each(pageListEntries),
    pageListEntries,
    pages: allocate((pageCount * pageBytes) / 4),
    pageBytes,
    pageCount
  }
}

/** Lays out the memory; `cacheBytes` is for each worker's key-value cache. */
export const make = (
  config: ModelConfig,
  options: {
    readonly workers: number
    readonly cacheBytes: number
    /** Asked for the sizes of their scratch. */
    readonly kernels: Kernels
  }
): MemoryMap => {
  let end = firstAddress
  const allocate = (floats: number): number => {
    const address = end
    end += Math.ceil((floats * 4) / alignment) * alignment
    return address
  }
  const dimensions = dimensionsOf(config)
  const places = layout(config)
  const forward = panels(dimensions, allocate)
  const backward = panels(dimensions, allocate)
  const referenceForward = panels(dimensions, allocate)
  const map = {
    dimensions,
    layout: places,
    parameters: allocate(places.size),
    firstMoments: allocate(places.size),
    secondMoments: allocate(places.size),
    reference: allocate(places.size),
    gradients: Array.from({ length: lanes }, () => allocate(places.size)),
    squares: allocate(2 * Math.ceil(places.size / normChunk)),
    rotary: allocate(config.contextLength * config.headDim),
    forward,
    backward,
    referenceForward,
    matrices: matrices(dimensions, places, forward, backward),
    referenceMatrices: matrices(dimensions, places, referenceForward, undefined),
    workers: Array.from({ length: options.workers }, () => ({
      training: trainingSpace(dimensions, options.kernels, allocate),
      sampling: samplingSpace(dimensions, options.cacheBytes, allocate)
    }))
  }
  return { ...map, bytes: end }
}
