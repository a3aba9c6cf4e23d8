/**
 * One worker's share of an optimiser step. The parameters are cut into chunks and the
 * matrices dealt out one by one; whichever worker has which part, each number is computed
 * the same way.
 */
import type { AdamW } from "../../domain/Engine.ts"
import { type Kernels, normChunk } from "./Kernels.ts"
import type { MemoryMap } from "./MemoryMap.ts"
import type { Weights } from "./Messages.ts"

/** `beta^step` by multiplication alone, which is the same on every host. */
const power = (beta: number, step: number): number => {
  let result = 1
  let factor = beta
  for (let left = step; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result *= factor
    factor *= factor
  }
  return result
}

export class Optimiser {
  private readonly kernels: Kernels
  private readonly map: MemoryMap
  private readonly index: number
  private readonly squares: Float64Array<SharedArrayBuffer>

  constructor(kernels: Kernels, memory: WebAssembly.Memory, map: MemoryMap, index: number) {
    this.kernels = kernels
    this.map = map
    this.index = index
    this.squares = new Float64Array(memory.buffer)
  }

  /** Adds the lanes' gradients up in the first, pairwise, clears the others, and squares the sum by chunks. */
  reduce(): void {
    const { gradients, squares } = this.map
    for (const [chunk, begin, count] of this.chunks()) {
      for (let apart = 1; apart < gradients.length; apart *= 2) {
        for (let lane = 0; lane + apart < gradients.length; lane += 2 * apart) {
          const other = gradients[lane + apart]! + begin * 4
          this.kernels.add(gradients[lane]! + begin * 4, other, count)
          this.kernels.clear(other, count * 4)
        }
      }
      this.squares[squares / 8 + chunk] = this.kernels.sumOfSquares(gradients[0]! + begin * 4, count)
    }
  }

  /** Moves the parameters by the reduced gradient times `scale`, and clears it; `step` counts from 1. */
  update(options: AdamW, step: number, scale: number): void {
    const { firstMoments, gradients, parameters, secondMoments } = this.map
    const correction1 = 1 - power(options.beta1, step)
    const correction2 = 1 - power(options.beta2, step)
    for (const [, begin, count] of this.chunks()) {
      const gradient = gradients[0]! + begin * 4
      this.kernels.adamw(
        parameters + begin * 4,
        gradient,
        firstMoments + begin * 4,
        secondMoments + begin * 4,
        count,
        scale,
        options.learningRate,
        options.beta1,
        options.beta2,
        options.epsilon,
        options.weightDecay,
        correction1,
        correction2
      )
      this.kernels.clear(gradient, count * 4)
    }
  }

  /** Clears the gradient of every lane. */
  discard(): void {
    for (const [, begin, count] of this.chunks()) {
      for (const gradient of this.map.gradients) this.kernels.clear(gradient + begin * 4, count * 4)
    }
  }

  /** Packs matrices for `gemm`: `W^T` for the forward products, `W` for the backward ones. */
  pack(weights: Weights): void {
    const { map } = this
    const from = weights === "current" ? map.parameters : map.reference
    const matrices = weights === "current" ? map.matrices : map.referenceMatrices
    for (let at = this.index; at < matrices.length; at += map.workers.length) {
      const { backward, forward, in: width, offset, out } = matrices[at]!
      const matrix = from + offset * 4
      this.kernels.pack(matrix, 4, width * 4, width, out, forward)
      if (backward !== undefined) this.kernels.pack(matrix, width * 4, 4, out, width, backward)
    }
  }

  /** Fills the table of rotary angles, once: the first worker does it. */
  prepare(): void {
    const { contextLength, headDim, rotaryTheta } = this.map.dimensions
    if (this.index === 0) this.kernels.rotaryTable(this.map.rotary, contextLength, headDim, rotaryTheta)
  }

  /** This worker's chunks: number, first parameter, count. */
  private *chunks(): Generator<readonly [chunk: number, begin: number, count: number]> {
    const { layout: { size }, workers } = this.map
    for (let chunk = this.index; chunk * normChunk < size; chunk += workers.length) {
      yield [chunk, chunk * normChunk, Math.min(normChunk, size - chunk * normChunk)]
    }
  }
}
