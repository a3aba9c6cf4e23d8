/**
 * One worker's share of training: log-probs of micro-batches, and the gradient of their
 * linear loss, added to a lane's gradient.
 *
 * A micro-batch is several sequences one after the other, without padding; every product
 * runs over all its rows, attention stays within each sequence, and the vocabulary's
 * distribution is computed only where a weight asks for it.
 */
import type { LayerLayout } from "../../domain/Transformer.ts"
import { type Kernels, multiply } from "./Kernels.ts"
import type { LayerSpace, MemoryMap, Panels, TrainingSpace } from "./MemoryMap.ts"
import type { DatumBatch, Scores, Weights } from "./Messages.ts"

/** What is in the workspace. */
interface MicroBatch {
  readonly sequences: number
  readonly rows: number
  readonly headRows: number
  /** For each head row, its index among the batch's weights. */
  readonly origins: Int32Array
}

export class Training {
  private readonly kernels: Kernels
  private readonly map: MemoryMap
  private readonly space: TrainingSpace
  private readonly ints: Int32Array<SharedArrayBuffer>
  private readonly floats: Float32Array<SharedArrayBuffer>

  constructor(kernels: Kernels, memory: WebAssembly.Memory, map: MemoryMap, space: TrainingSpace) {
    this.kernels = kernels
    this.map = map
    this.space = space
    this.ints = new Int32Array(memory.buffer)
    this.floats = new Float32Array(memory.buffer)
  }

  /** Log-probs and entropies where a weight is not 0; with a lane, adds the gradient of the loss to it. */
  score(batch: DatumBatch, weights: Weights, lane: number | undefined): Scores {
    const scores: Scores = {
      logprobs: new Float32Array(batch.weights.length),
      entropies: new Float32Array(batch.weights.length)
    }
    const gradient = lane === undefined ? undefined : this.map.gradients[lane]
    let begin = 0
    let token = 0
    for (const count of batch.microBatches) {
      const micro = this.load(batch, begin, begin + count, token)
      if (micro.headRows > 0) {
        this.forward(micro, weights)
        this.head(micro, weights)
        this.collect(micro, scores)
        if (gradient !== undefined) this.backward(micro, gradient)
      }
      for (let i = begin; i < begin + count; i++) token += batch.lengths[i]!
      begin += count
    }
    return scores
  }

  /** Writes data `begin` to `end - 1` into the workspace; `token` is where their tokens begin. */
  private load(batch: DatumBatch, begin: number, end: number, token: number): MicroBatch {
    const { floats, ints, space } = this
    const origins: Array<number> = []
    let row = 0
    // Every datum has one weight fewer than it has tokens.
    let weight = token - begin
    for (let i = begin; i < end; i++) {
      const rows = batch.lengths[i]! - 1
      ints[space.starts / 4 + i - begin] = row
      ints.set(batch.tokens.subarray(token, token + rows), space.tokens / 4 + row)
      for (let t = 0; t < rows; t++) {
        ints[space.positions / 4 + row + t] = t
        if (batch.weights[weight + t] === 0 && batch.entropyWeights[weight + t] === 0) continue
        const at = origins.push(weight + t) - 1
        ints[space.headRows / 4 + at] = row + t
        ints[space.targets / 4 + at] = batch.tokens[token + t + 1]!
        floats[space.weights / 4 + at] = batch.weights[weight + t]!
        floats[space.entropyWeights / 4 + at] = batch.entropyWeights[weight + t]!
      }
      row += rows
      weight += rows
      token += rows + 1
    }
    ints[space.starts / 4 + end - begin] = row
    return { sequences: end - begin, rows: row, headRows: origins.length, origins: Int32Array.from(origins) }
  }

  private collect(micro: MicroBatch, scores: Scores): void {
    micro.origins.forEach((origin, at) => {
      scores.logprobs[origin] = this.floats[this.space.logprobs / 4 + at]!
      scores.entropies[origin] = this.floats[this.space.entropies / 4 + at]!
    })
  }

  private parameter(weights: Weights, offset: number): number {
    return (weights === "current" ? this.map.parameters : this.map.reference) + offset * 4
  }

  private panels(weights: Weights): Panels {
    return weights === "current" ? this.map.forward : this.map.referenceForward
  }

  private forward(micro: MicroBatch, weights: Weights): void {
    const { kernels, map, space } = this
    const { dModel } = map.dimensions
    const first = space.layers[0]?.stream ?? space.final
    kernels.gatherRows(this.parameter(weights, map.layout.embedding), space.tokens, first, micro.rows, dModel)
    space.layers.forEach((layer, n) => this.forwardLayer(n, layer, micro, weights))
  }

  private forwardLayer(n: number, layer: LayerSpace, { rows, sequences }: MicroBatch, weights: Weights): void {
    const { kernels, map, space } = this
    const { attended, dFeedForward, dModel, headDim, heads, kvHeads, normEpsilon, qkv } = map.dimensions
    const places = map.layout.layers[n]!
    const panels = this.panels(weights).layers[n]!
    const next = space.layers[n + 1]?.stream ?? space.final

    const attentionNorm = this.parameter(weights, places.attentionNorm)
    kernels.normalise(
      layer.stream,
      attentionNorm,
      layer.attentionNormed,
      layer.attentionInverse,
      rows,
      dModel,
      normEpsilon
    )
    multiply(kernels, layer.attentionNormed, dModel, panels.qkv, layer.qkv, qkv, rows, false)
    kernels.rotate(layer.qkv, qkv * 4, space.positions, map.rotary, rows, heads + kvHeads, headDim, 1)
    kernels.attention(
      layer.qkv,
      layer.attended,
      space.starts,
      sequences,
      heads,
      kvHeads,
      headDim,
      space.attentionScratch
    )
    kernels.copy(layer.middle, layer.stream, rows * dModel * 4)
    multiply(kernels, layer.attended, attended, panels.output, layer.middle, dModel, rows, true)

    const feedForwardNorm = this.parameter(weights, places.feedForwardNorm)
    kernels.normalise(
      layer.middle,
      feedForwardNorm,
      layer.feedForwardNormed,
      layer.feedForwardInverse,
      rows,
      dModel,
      normEpsilon
    )
    multiply(kernels, layer.feedForwardNormed, dModel, panels.gateUp, layer.gateUp, 2 * dFeedForward, rows, false)
    kernels.swiglu(layer.gateUp, layer.activated, rows, dFeedForward)
    kernels.copy(next, layer.middle, rows * dModel * 4)
    multiply(kernels, layer.activated, dFeedForward, panels.down, next, dModel, rows, true)
  }

  /** Log-probs and entropies of the rows that matter, from the last layer's result. */
  private head({ headRows: rows }: MicroBatch, weights: Weights): void {
    const { kernels, map, space } = this
    const { dModel, normEpsilon, padded, vocabulary } = map.dimensions
    const gain = this.parameter(weights, map.layout.norm)
    kernels.gatherRows(space.final, space.headRows, space.picked, rows, dModel)
    kernels.normalise(space.picked, gain, space.headNormed, space.headInverse, rows, dModel, normEpsilon)
    multiply(kernels, space.headNormed, dModel, this.panels(weights).head, space.logits, padded, rows, false)
    kernels.scoreTargets(
      space.logits,
      vocabulary,
      padded,
      space.targets,
      rows,
      space.logprobs,
      space.entropies,
      space.normalisers
    )
  }

  private backward(micro: MicroBatch, gradient: number): void {
    const { kernels, map, space } = this
    const { dModel } = map.dimensions
    const dEmbedding = gradient + map.layout.embedding * 4
    kernels.clear(space.dStream, micro.rows * dModel * 4)
    this.backwardHead(micro, gradient)
    for (let n = space.layers.length - 1; n >= 0; n--) this.backwardLayer(n, micro, gradient)
    kernels.scatterAddRows(space.dStream, space.tokens, dEmbedding, micro.rows, dModel)
  }

  private backwardHead({ headRows: rows }: MicroBatch, gradient: number): void {
    const { kernels, map, space } = this
    const { dModel, padded } = map.dimensions
    const { embedding, norm } = map.layout
    kernels.scoreTargetsBackward(
      space.logits,
      padded,
      space.targets,
      rows,
      space.entropies,
      space.normalisers,
      space.weights,
      space.entropyWeights
    )
    this.accumulate(gradient + embedding * 4, space.logits, padded, space.headNormed, dModel, rows)
    multiply(kernels, space.logits, padded, map.backward.head, space.dNormed, dModel, rows, false)
    kernels.clear(space.dPicked, rows * dModel * 4)
    kernels.normaliseBackward(
      space.picked,
      map.parameters + norm * 4,
      space.headInverse,
      space.dNormed,
      space.dPicked,
      gradient + norm * 4,
      rows,
      dModel
    )
    kernels.scatterAddRows(space.dPicked, space.headRows, space.dStream, rows, dModel)
  }

  /** Takes `dStream` from the layer's result to its input. */
  private backwardLayer(n: number, micro: MicroBatch, gradient: number): void {
    const places = this.map.layout.layers[n]!
    const panels = this.map.backward.layers[n]!
    const layer = this.space.layers[n]!
    this.backwardFeedForward(places, panels, layer, micro, gradient)
    this.backwardAttention(places, panels, layer, micro, gradient)
  }

  private backwardFeedForward(
    places: LayerLayout,
    panels: Panels["layers"][number],
    layer: LayerSpace,
    { rows }: MicroBatch,
    gradient: number
  ): void {
    const { kernels, map, space } = this
    const { dFeedForward, dModel } = map.dimensions
    multiply(kernels, space.dStream, dModel, panels.down, space.dActivated, dFeedForward, rows, false)
    this.accumulate(gradient + places.down * 4, space.dStream, dModel, layer.activated, dFeedForward, rows)
    kernels.swigluBackward(layer.gateUp, space.dActivated, space.dGateUp, rows, dFeedForward)
    multiply(kernels, space.dGateUp, 2 * dFeedForward, panels.gateUp, space.dNormed, dModel, rows, false)
    this.accumulate(
      gradient + places.gateUp * 4,
      space.dGateUp,
      2 * dFeedForward,
      layer.feedForwardNormed,
      dModel,
      rows
    )
    kernels.normaliseBackward(
      layer.middle,
      map.parameters + places.feedForwardNorm * 4,
      layer.feedForwardInverse,
      space.dNormed,
      space.dStream,
      gradient + places.feedForwardNorm * 4,
      rows,
      dModel
    )
  }

  private backwardAttention(
    places: LayerLayout,
    panels: Panels["layers"][number],
    layer: LayerSpace,
    { rows, sequences }: MicroBatch,
    gradient: number
  ): void {
    const { kernels, map, space } = this
    const { attended, dModel, headDim, heads, kvHeads, qkv } = map.dimensions
    multiply(kernels, space.dStream, dModel, panels.output, space.dAttended, attended, rows, false)
    this.accumulate(gradient + places.output * 4, space.dStream, dModel, layer.attended, attended, rows)
    kernels.attentionBackward(
      layer.qkv,
      space.dAttended,
      space.dQkv,
      space.starts,
      sequences,
      heads,
      kvHeads,
      headDim,
      space.attentionScratch
    )
    kernels.rotate(space.dQkv, qkv * 4, space.positions, map.rotary, rows, heads + kvHeads, headDim, -1)
    multiply(kernels, space.dQkv, qkv, panels.qkv, space.dNormed, dModel, rows, false)
    this.accumulate(gradient + places.qkv * 4, space.dQkv, qkv, layer.attentionNormed, dModel, rows)
    kernels.normaliseBackward(
      layer.stream,
      map.parameters + places.attentionNorm * 4,
      layer.attentionInverse,
      space.dNormed,
      space.dStream,
      gradient + places.attentionNorm * 4,
      rows,
      dModel
    )
  }

  /** `gradient[out, in] += dy[rows, out]^T x[rows, in]`. */
  private accumulate(gradient: number, dy: number, out: number, x: number, width: number, rows: number): void {
    const { kernels, space } = this
    const stride = rows * 32
    kernels.pack(x, width * 4, 4, rows, width, space.packed)
    kernels.gemmTransposed(
      dy,
      out * 4,
      space.packed,
      stride,
      gradient,
      width * 4,
      out,
      width,
      rows,
      true,
      space.transposed
    )
  }
}
