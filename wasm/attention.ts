// dprint-ignore-file -- the formatter drops AssemblyScript's @inline decorators
/**
 * Attention over whole sequences, for training.
 *
 * Rows of `qkv` hold the query heads, then the key heads, then the value heads. `starts[count + 1]` are the
 * row numbers where sequences begin. Nothing of size T x T is kept: probabilities are computed again for
 * the gradient, a block of queries at a time.
 */
import { gemm, pack } from "./products"
import { exp4, MASKED, maximum, multiplyAdd, sumLanes } from "./vectors"

/** Rows of queries handled together. */
const QUERY_BLOCK: i32 = 32

/** Bytes of scratch for sequences of at most `longest` rows. */
export function attentionScratch(longest: i32, headDim: i32): usize {
  const padded = <usize>((longest + 7) & ~7)
  return padded * <usize>headDim * 4 * 3 + padded * <usize>QUERY_BLOCK * 4 * 2 + <usize>(QUERY_BLOCK * headDim) * 4
}

/** Softmax of `rows` rows of scores, row i keeping its first `first + i + 1` of `width` entries; the others become 0. */
function causalSoftmax(scores: usize, rowStride: usize, first: i32, rows: i32, width: i32, scale: f32): void {
  const bytes = <usize>width * 4
  const scales = f32x4.splat(scale)
  for (let i = 0; i < rows; i++) {
    for (let j = first + i + 1; j < width; j++) store<f32>(scores + <usize>j * 4, MASKED)
    const highest = f32x4.splat(maximum(scores, bytes))
    let sum = f32x4.splat(0)
    for (let j: usize = 0; j < bytes; j += 16) {
      const e = exp4(f32x4.mul(f32x4.sub(v128.load(scores + j), highest), scales))
      v128.store(scores + j, e)
      sum = f32x4.add(sum, e)
    }
    const factor = f32x4.splat(1 / sumLanes(sum))
    for (let j: usize = 0; j < bytes; j += 16) v128.store(scores + j, f32x4.mul(v128.load(scores + j), factor))
    scores += rowStride
  }
}

/** Turns the gradient of softmax's probabilities, in place, into that of its unscaled scores. */
function softmaxBackward(p: usize, dp: usize, rowStride: usize, rows: i32, width: i32, scale: f32): void {
  const bytes = <usize>width * 4
  const scales = f32x4.splat(scale)
  for (let i = 0; i < rows; i++) {
    let dot = f32x4.splat(0)
    for (let j: usize = 0; j < bytes; j += 16) dot = multiplyAdd(v128.load(p + j), v128.load(dp + j), dot)
    const mean = f32x4.splat(sumLanes(dot))
    for (let j: usize = 0; j < bytes; j += 16) {
      v128.store(dp + j, f32x4.mul(f32x4.mul(v128.load(p + j), f32x4.sub(v128.load(dp + j), mean)), scales))
    }
    p += rowStride
    dp += rowStride
  }
}

/** `out[row, heads * headDim]`: causal attention within each sequence. */
export function attention(
  qkv: usize, out: usize, starts: usize, count: i32, heads: i32, kvHeads: i32, headDim: i32, scratch: usize
): void {
  const headBytes = <usize>headDim * 4
  const qkvRow = <usize>(heads + 2 * kvHeads) * headBytes, outRow = <usize>heads * headBytes
  const group = heads / kvHeads
  const scale: f32 = 1 / sqrt<f32>(<f32>headDim)
  for (let s = 0; s < count; s++) {
    const begin = load<i32>(starts + <usize>s * 4), T = load<i32>(starts + <usize>s * 4 + 4) - begin
    const padded = (T + 7) & ~7, scoreRow = <usize>padded * 4
    const keys = scratch, values = keys + scoreRow * <usize>headDim, scores = values + scoreRow * <usize>headDim
    for (let kv = 0; kv < kvHeads; kv++) {
      const key = qkv + <usize>begin * qkvRow + <usize>(heads + kv) * headBytes
      pack(key, 4, qkvRow, headDim, T, keys)
      pack(key + <usize>kvHeads * headBytes, qkvRow, 4, T, headDim, values)
      for (let h = kv * group; h < (kv + 1) * group; h++) {
        for (let b = 0; b < T; b += QUERY_BLOCK) {
          const rows = min(QUERY_BLOCK, T - b), width = min(padded, (b + rows + 7) & ~7)
          const query = qkv + <usize>(begin + b) * qkvRow + <usize>h * headBytes
          gemm(query, qkvRow, 4, keys, headBytes * 8, scores, scoreRow, rows, width, headDim, false)
          causalSoftmax(scores, scoreRow, b, rows, width, scale)
          const target = out + <usize>(begin + b) * outRow + <usize>h * headBytes
          gemm(scores, scoreRow, 4, values, <usize>T * 32, target, outRow, rows, headDim, b + rows, false)
        }
      }
    }
  }
}

/** The gradient of `attention` with respect to `qkv`, given that of its result. Overwrites `dQkv`. */
export function attentionBackward(
  qkv: usize, dOut: usize, dQkv: usize, starts: usize, count: i32,
  heads: i32, kvHeads: i32, headDim: i32, scratch: usize
): void {
  const headBytes = <usize>headDim * 4
  const qkvRow = <usize>(heads + 2 * kvHeads) * headBytes, outRow = <usize>heads * headBytes
  const group = heads / kvHeads
  const scale: f32 = 1 / sqrt<f32>(<f32>headDim)
  const total = load<i32>(starts + <usize>count * 4)
  memory.fill(dQkv, 0, <usize>total * qkvRow)
  for (let s = 0; s < count; s++) {
    const begin = load<i32>(starts + <usize>s * 4), T = load<i32>(starts + <usize>s * 4 + 4) - begin
    const padded = (T + 7) & ~7, scoreRow = <usize>padded * 4
    const keysAcross = scratch, valuesAcross = keysAcross + scoreRow * <usize>headDim
    const keysDown = valuesAcross + scoreRow * <usize>headDim, p = keysDown + scoreRow * <usize>headDim
    const dp = p + scoreRow * <usize>QUERY_BLOCK, block = dp + scoreRow * <usize>QUERY_BLOCK
    for (let kv = 0; kv < kvHeads; kv++) {
      const keyAt = <usize>begin * qkvRow + <usize>(heads + kv) * headBytes
      const valueAt = keyAt + <usize>kvHeads * headBytes
      pack(qkv + keyAt, 4, qkvRow, headDim, T, keysAcross)
      pack(qkv + valueAt, 4, qkvRow, headDim, T, valuesAcross)
      pack(qkv + keyAt, qkvRow, 4, T, headDim, keysDown)
      for (let h = kv * group; h < (kv + 1) * group; h++) {
        for (let b = 0; b < T; b += QUERY_BLOCK) {
          const rows = min(QUERY_BLOCK, T - b), seen = b + rows, width = min(padded, (seen + 7) & ~7)
          const queryAt = <usize>(begin + b) * qkvRow + <usize>h * headBytes
          const dHead = dOut + <usize>(begin + b) * outRow + <usize>h * headBytes
          gemm(qkv + queryAt, qkvRow, 4, keysAcross, headBytes * 8, p, scoreRow, rows, width, headDim, false)
          causalSoftmax(p, scoreRow, b, rows, width, scale)
          gemm(dHead, outRow, 4, valuesAcross, headBytes * 8, dp, scoreRow, rows, width, headDim, false)
          softmaxBackward(p, dp, scoreRow, rows, width, scale)
          gemm(dp, scoreRow, 4, keysDown, <usize>T * 32, dQkv + queryAt, qkvRow, rows, headDim, seen, false)
          pack(dHead, outRow, 4, rows, headDim, block)
          gemm(p, 4, scoreRow, block, <usize>rows * 32, dQkv + valueAt, qkvRow, seen, headDim, rows, true)
          pack(qkv + queryAt, qkvRow, 4, rows, headDim, block)
          gemm(dp, 4, scoreRow, block, <usize>rows * 32, dQkv + keyAt, qkvRow, seen, headDim, rows, true)
        }
      }
    }
  }
}
