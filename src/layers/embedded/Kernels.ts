/**
 * The functions of wasm/ as TypeScript sees them. Addresses and strides are in
 * bytes, counts in elements; what each function does is said there.
 */

declare global {
  // TypeScript declares WebAssembly only together with the DOM; this is the part used here.
  namespace WebAssembly {
    interface Module {
      readonly [Symbol.toStringTag]: string
    }
    const Module: { new(bytes: Uint8Array): Module }
    class Memory {
      readonly buffer: SharedArrayBuffer
      constructor(descriptor: { readonly initial: number; readonly maximum: number; readonly shared: true })
    }
    class Instance {
      readonly exports: unknown
      constructor(module: Module, imports: { readonly env: { readonly memory: Memory; readonly abort: () => never } })
    }
  }
}

/** Positions in a page of the key-value cache. */
export const pagePositions = 16

/** Numbers whose squares are added up in one go for the gradient's norm. */
export const normChunk = 4096

export interface Kernels {
  pack(B: number, rowStride: number, columnStride: number, K: number, N: number, panels: number): void
  gemm(
    A: number,
    aRow: number,
    aColumn: number,
    panels: number,
    panelStride: number,
    C: number,
    cRow: number,
    M: number,
    N: number,
    K: number,
    accumulate: boolean
  ): void
  transposedScratch(K: number): number
  gemmTransposed(
    A: number,
    aColumn: number,
    panels: number,
    panelStride: number,
    C: number,
    cRow: number,
    M: number,
    N: number,
    K: number,
    accumulate: boolean,
    scratch: number
  ): void
  gatherRows(table: number, indices: number, target: number, rows: number, width: number): void
  scatterAddRows(source: number, indices: number, table: number, rows: number, width: number): void
  add(target: number, source: number, count: number): void
  copy(target: number, source: number, bytes: number): void
  clear(target: number, bytes: number): void
  normalise(
    x: number,
    gain: number,
    y: number,
    inverse: number,
    rows: number,
    width: number,
    epsilon: number
  ): void
  normaliseBackward(
    x: number,
    gain: number,
    inverse: number,
    dy: number,
    dx: number,
    dGain: number,
    rows: number,
    width: number
  ): void
  rotaryTable(table: number, positions: number, headDim: number, theta: number): void
  rotate(
    x: number,
    rowStride: number,
    positions: number,
    table: number,
    rows: number,
    heads: number,
    headDim: number,
    direction: 1 | -1
  ): void
  swiglu(gateUp: number, y: number, rows: number, width: number): void
  swigluBackward(gateUp: number, dy: number, dGateUp: number, rows: number, width: number): void
  attentionScratch(longest: number, headDim: number): number
  attention(
    qkv: number,
    out: number,
    starts: number,
    count: number,
    heads: number,
    kvHeads: number,
    headDim: number,
    scratch: number
  ): void
  attentionBackward(
    qkv: number,
    dOut: number,
    dQkv: number,
    starts: number,
    count: number,
    heads: number,
    kvHeads: number,
    headDim: number,
    scratch: number
  ): void
  cacheRows(
    qkv: number,
    rows: number,
    tables: number,
    positions: number,
    layerOffset: number,
    heads: number,
    kvHeads: number,
    headDim: number
  ): void
  attendRows(
    qkv: number,
    out: number,
    rows: number,
    tables: number,
    positions: number,
    layerOffset: number,
    heads: number,
    kvHeads: number,
    headDim: number,
    scratch: number
  ): void
  scoreTargets(
    logits: number,
    vocabulary: number,
    padded: number,
    targets: number,
    rows: number,
    logprobs: number,
    entropies: number,
    normalisers: number
  ): void
  scoreTargetsBackward(
    logits: number,
    padded: number,
    targets: number,
    rows: number,
    entropies: number,
    normalisers: number,
    weights: number,
    entropyWeights: number
  ): void
  drawTokens(
    logits: number,
    vocabulary: number,
    padded: number,
    rows: number,
    inverseTemperatures: number,
    uniforms: number,
    tokens: number,
    logprobs: number
  ): void
  sumOfSquares(x: number, count: number): number
  adamw(
    parameters: number,
    gradient: number,
    first: number,
    second: number,
    count: number,
    scale: number,
    learningRate: number,
    beta1: number,
    beta2: number,
    epsilon: number,
    weightDecay: number,
    correction1: number,
    correction2: number
  ): void
}

/** Binds the compiled kernels to a memory, which may be shared with other instances. */
export const instantiate = (module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels => {
  const instance = new WebAssembly.Instance(module, {
    env: {
      memory,
      abort: () => {
        throw new Error("the kernels aborted")
      }
    }
  })
  // WebAssembly knows exports by name only; wasm/kernels.ts is what this interface describes.
  return instance.exports as Kernels
}

/** `y[rows, out] (+)= x[rows, width] W`, with `W` packed in panels of eight columns. */
export const multiply = (
  kernels: Kernels,
  x: number,
  width: number,
  panels: number,
  y: number,
  out: number,
  rows: number,
  accumulate: boolean
): void => kernels.gemm(x, width * 4, 4, panels, width * 32, y, out * 4, rows, out, width, accumulate)
