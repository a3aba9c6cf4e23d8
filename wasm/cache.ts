// dprint-ignore-file -- the formatter drops AssemblyScript's @inline decorators
/**
 * Attention over cached keys and values, for sampling.
 *
 * A page holds 16 positions of all layers. In a layer's part, keys come first, `[kvHeads][headDim][16]`, so
 * that scores of neighbouring positions are computed side by side; then values, `[kvHeads][16][headDim]`.
 * `tables[row]` is the address of a list of page addresses, the pages of that row's sequence in order.
 */
import { exp4, MASKED, maximum, multiplyAdd, splatAt, sumLanes } from "./vectors"

/** Positions in a page of the key-value cache. */
const PAGE: i32 = 16

/** Writes the keys and values of every row of `qkv` into its sequence's page for `positions[row]`. */
export function cacheRows(
  qkv: usize, rows: i32, tables: usize, positions: usize, layerOffset: usize, heads: i32, kvHeads: i32, headDim: i32
): void {
  const headBytes = <usize>headDim * 4
  const rowBytes = <usize>(heads + 2 * kvHeads) * headBytes
  for (let i = 0; i < rows; i++) {
    const position = load<i32>(positions + <usize>i * 4)
    const slot = <usize>(position & (PAGE - 1))
    const layer = pageAt(load<u32>(tables + <usize>i * 4), position / PAGE) + layerOffset
    const key = qkv + <usize>i * rowBytes + <usize>heads * headBytes
    const dimensions = <usize>(kvHeads * headDim)
    for (let d: usize = 0; d < dimensions; d++) {
      store<f32>(layer + (d * PAGE + slot) * 4, load<f32>(key + d * 4))
    }
    const values = layer + dimensions * PAGE * 4
    for (let kv: usize = 0; kv < <usize>kvHeads; kv++) {
      memory.copy(values + (kv * PAGE + slot) * headBytes, key + dimensions * 4 + kv * headBytes, headBytes)
    }
  }
}

// @ts-ignore: decorator
@inline
function pageAt(table: usize, page: i32): usize {
  return <usize>load<u32>(table + <usize>page * 4)
}

/**
 * `out[row, heads * headDim]`: attention of each row's queries over positions 0 to `positions[row]` of its
 * sequence. `scratch` holds contextLength + 16 numbers.
 */
export function attendRows(
  qkv: usize, out: usize, rows: i32, tables: usize, positions: usize, layerOffset: usize,
  heads: i32, kvHeads: i32, headDim: i32, scratch: usize
): void {
  const headBytes = <usize>headDim * 4
  const qkvRow = <usize>(heads + 2 * kvHeads) * headBytes
  const group = heads / kvHeads
  const valuesOffset = layerOffset + <usize>kvHeads * headBytes * PAGE
  for (let i = 0; i < rows; i++) {
    const table = <usize>load<u32>(tables + <usize>i * 4)
    const length = load<i32>(positions + <usize>i * 4) + 1
    for (let h = 0; h < heads; h++) {
      const headOffset = <usize>(h / group) * headBytes * PAGE
      const query = qkv + <usize>i * qkvRow + <usize>h * headBytes
      scoreCached(query, table, layerOffset + headOffset, length, headDim, scratch)
      const sum = exponentiate(scratch, length)
      const target = out + <usize>(i * heads + h) * headBytes
      let d = 0
      for (; d + 32 <= headDim; d += 32) {
        mixCached32(scratch, 1 / sum, table, valuesOffset + headOffset + <usize>d * 4, length, headBytes, target + <usize>d * 4)
      }
      for (; d < headDim; d += 8) {
        mixCached8(scratch, 1 / sum, table, valuesOffset + headOffset + <usize>d * 4, length, headBytes, target + <usize>d * 4)
      }
    }
  }
}

/** `scores[t] = q . k[t] / sqrt(headDim)` for `length` positions; masks the rest of the last page. */
// @ts-ignore: decorator
@inline
function scoreCached(query: usize, table: usize, offset: usize, length: i32, headDim: i32, scores: usize): void {
  const scale = f32x4.splat(1 / sqrt<f32>(<f32>headDim))
  const pages = (length + PAGE - 1) / PAGE
  for (let page = 0; page < pages; page++) {
    let k = pageAt(table, page) + offset
    let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0)
    for (let d = 0; d < headDim; d++) {
      const q = splatAt(query + <usize>d * 4)
      s0 = multiplyAdd(q, v128.load(k), s0)
      s1 = multiplyAdd(q, v128.load(k, 16), s1)
      s2 = multiplyAdd(q, v128.load(k, 32), s2)
      s3 = multiplyAdd(q, v128.load(k, 48), s3)
      k += PAGE * 4
    }
    const target = scores + <usize>(page * PAGE) * 4
    v128.store(target, f32x4.mul(s0, scale))
    v128.store(target, f32x4.mul(s1, scale), 16)
    v128.store(target, f32x4.mul(s2, scale), 32)
    v128.store(target, f32x4.mul(s3, scale), 48)
  }
  for (let t = length; t < pages * PAGE; t++) store<f32>(scores + <usize>t * 4, MASKED)
}

/** Replaces scores by exp(score - highest) and returns their sum. */
// @ts-ignore: decorator
@inline
function exponentiate(scores: usize, length: i32): f32 {
  const bytes = <usize>((length + 3) & ~3) * 4
  const highest = f32x4.splat(maximum(scores, bytes))
  let sum = f32x4.splat(0)
  for (let j: usize = 0; j < bytes; j += 16) {
    const e = exp4(f32x4.sub(v128.load(scores + j), highest))
    v128.store(scores + j, e)
    sum = f32x4.add(sum, e)
  }
  return sumLanes(sum)
}

/** 32 dimensions of `factor * sum_t weights[t] v[t]`. */
// @ts-ignore: decorator
@inline
function mixCached32(
  weights: usize, factor: f32, table: usize, offset: usize, length: i32, headBytes: usize, target: usize
): void {
  let o0 = f32x4.splat(0), o1 = f32x4.splat(0), o2 = f32x4.splat(0), o3 = f32x4.splat(0)
  let o4 = f32x4.splat(0), o5 = f32x4.splat(0), o6 = f32x4.splat(0), o7 = f32x4.splat(0)
  for (let begin = 0; begin < length; begin += PAGE) {
    let v = pageAt(table, begin / PAGE) + offset
    const end = min(length, begin + PAGE)
    for (let t = begin; t < end; t++) {
      const w = splatAt(weights + <usize>t * 4)
      o0 = multiplyAdd(w, v128.load(v), o0)
      o1 = multiplyAdd(w, v128.load(v, 16), o1)
      o2 = multiplyAdd(w, v128.load(v, 32), o2)
      o3 = multiplyAdd(w, v128.load(v, 48), o3)
      o4 = multiplyAdd(w, v128.load(v, 64), o4)
      o5 = multiplyAdd(w, v128.load(v, 80), o5)
      o6 = multiplyAdd(w, v128.load(v, 96), o6)
      o7 = multiplyAdd(w, v128.load(v, 112), o7)
      v += headBytes
    }
  }
  const f = f32x4.splat(factor)
  v128.store(target, f32x4.mul(o0, f))
  v128.store(target, f32x4.mul(o1, f), 16)
  v128.store(target, f32x4.mul(o2, f), 32)
  v128.store(target, f32x4.mul(o3, f), 48)
  v128.store(target, f32x4.mul(o4, f), 64)
  v128.store(target, f32x4.mul(o5, f), 80)
  v128.store(target, f32x4.mul(o6, f), 96)
  v128.store(target, f32x4.mul(o7, f), 112)
}

/** As `mixCached32`, for 8 dimensions. */
// @ts-ignore: decorator
@inline
function mixCached8(
  weights: usize, factor: f32, table: usize, offset: usize, length: i32, headBytes: usize, target: usize
): void {
  let low = f32x4.splat(0), high = f32x4.splat(0)
  for (let begin = 0; begin < length; begin += PAGE) {
    let v = pageAt(table, begin / PAGE) + offset
    const end = min(length, begin + PAGE)
    for (let t = begin; t < end; t++) {
      const w = splatAt(weights + <usize>t * 4)
      low = multiplyAdd(w, v128.load(v), low)
      high = multiplyAdd(w, v128.load(v, 16), high)
      v += headBytes
    }
  }
  v128.store(target, f32x4.mul(low, f32x4.splat(factor)))
  v128.store(target, f32x4.mul(high, f32x4.splat(factor)), 16)
}
