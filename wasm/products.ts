// dprint-ignore-file -- the formatter drops AssemblyScript's @inline decorators
/**
 * Matrix products. The right matrix is packed into panels of 8 columns; the kernel computes 4 rows by 8
 * columns in registers. A sum runs over k in order, one number at a time, in every variant.
 */
import { multiplyAdd, splatAt } from "./vectors"

/** Rows of the left matrix kept in cache while all panels pass by. */
const ROW_BLOCK: i32 = 128
/** Columns of a transposed left matrix copied together. */
const TRANSPOSED_BLOCK: i32 = 32

/**
 * Lays out `B[K, N]` for `gemm`: panels of 8 columns, each `[K, 8]`, the last one filled up with zeros.
 * Entry (k, j) of B is at `B + k * rowStride + j * columnStride`; a panel takes `K * 32` bytes.
 */
export function pack(B: usize, rowStride: usize, columnStride: usize, K: i32, N: i32, panels: usize): void {
  const count = (N + 7) >> 3
  for (let p = 0; p < count; p++) {
    const source = B + <usize>(p * 8) * columnStride
    const target = panels + <usize>p * <usize>K * 32
    const width = min(8, N - p * 8)
    if (width == 8 && columnStride == 4) packRows(source, rowStride, K, target)
    else if (width == 8 && rowStride == 4 && (K & 3) == 0) packColumns(source, columnStride, K, target)
    else packAny(source, rowStride, columnStride, K, width, target)
  }
}

/** A panel whose rows are contiguous. */
function packRows(source: usize, rowStride: usize, K: i32, target: usize): void {
  for (let k = 0; k < K; k++) {
    v128.store(target, v128.load(source))
    v128.store(target, v128.load(source, 16), 16)
    source += rowStride
    target += 32
  }
}

/** A panel whose columns are contiguous: transposes blocks of 4 x 4. */
function packColumns(source: usize, columnStride: usize, K: i32, target: usize): void {
  for (let k = 0; k < K; k += 4) {
    for (let half: usize = 0; half < 2; half++) {
      const from = source + half * 4 * columnStride
      const to = target + half * 16
      const c0 = v128.load(from), c1 = v128.load(from + columnStride)
      const c2 = v128.load(from + 2 * columnStride), c3 = v128.load(from + 3 * columnStride)
      const low01 = v128.shuffle<f32>(c0, c1, 0, 4, 1, 5), high01 = v128.shuffle<f32>(c0, c1, 2, 6, 3, 7)
      const low23 = v128.shuffle<f32>(c2, c3, 0, 4, 1, 5), high23 = v128.shuffle<f32>(c2, c3, 2, 6, 3, 7)
      v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5))
      v128.store(to, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), 32)
      v128.store(to, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), 64)
      v128.store(to, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7), 96)
    }
    source += 16
    target += 128
  }
}

function packAny(source: usize, rowStride: usize, columnStride: usize, K: i32, width: i32, target: usize): void {
  for (let k = 0; k < K; k++) {
    for (let j = 0; j < 8; j++) {
      store<f32>(target + <usize>j * 4, j < width ? load<f32>(source + <usize>j * columnStride) : 0)
    }
    source += rowStride
    target += 32
  }
}

// @ts-ignore: decorator
@inline
function put(address: usize, low: v128, high: v128, accumulate: bool): void {
  v128.store(address, accumulate ? f32x4.add(v128.load(address), low) : low)
  v128.store(address, accumulate ? f32x4.add(v128.load(address, 16), high) : high, 16)
}

/**
 * `C[M, N] = A[M, K] B` or, if `accumulate`, `C += A B`, with B packed (`panelStride` bytes a panel: a
 * prefix of a panel's rows may be used). Entry (i, k) of A is at `A + i * aRow + k * aColumn`. C is
 * written up to the next multiple of 8 columns.
 */
export function gemm(
  A: usize, aRow: usize, aColumn: usize, panels: usize, panelStride: usize,
  C: usize, cRow: usize, M: i32, N: i32, K: i32, accumulate: bool
): void {
  const count = (N + 7) >> 3
  for (let begin = 0; begin < M; begin += ROW_BLOCK) {
    const end = min(M, begin + ROW_BLOCK)
    const fours = begin + ((end - begin) & ~3)
    for (let p = 0; p < count; p++) {
      const panel = panels + <usize>p * panelStride
      for (let i = begin; i < fours; i += 4) {
        fourRows(A + <usize>i * aRow, aRow, aColumn, panel, C + <usize>i * cRow + <usize>p * 32, cRow, K, accumulate)
      }
    }
    for (let i = fours; i < end; i++) {
      const a = A + <usize>i * aRow, c = C + <usize>i * cRow
      let p = 0
      for (; p + 4 <= count; p += 4) {
        oneRowFourPanels(a, aColumn, panels + <usize>p * panelStride, panelStride, c + <usize>p * 32, K, accumulate)
      }
      for (; p < count; p++) oneRow(a, aColumn, panels + <usize>p * panelStride, c + <usize>p * 32, K, accumulate)
    }
  }
}

// @ts-ignore: decorator
@inline
function fourRows(
  a0: usize, aRow: usize, aColumn: usize, b: usize, c: usize, cRow: usize, K: i32, accumulate: bool
): void {
  let a1 = a0 + aRow, a2 = a1 + aRow, a3 = a2 + aRow
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c10 = f32x4.splat(0), c11 = f32x4.splat(0)
  let c20 = f32x4.splat(0), c21 = f32x4.splat(0), c30 = f32x4.splat(0), c31 = f32x4.splat(0)
  for (let k = 0; k < K; k++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16)
    const x0 = splatAt(a0)
    c00 = multiplyAdd(x0, b0, c00)
    c01 = multiplyAdd(x0, b1, c01)
    const x1 = splatAt(a1)
    c10 = multiplyAdd(x1, b0, c10)
    c11 = multiplyAdd(x1, b1, c11)
    const x2 = splatAt(a2)
    c20 = multiplyAdd(x2, b0, c20)
    c21 = multiplyAdd(x2, b1, c21)
    const x3 = splatAt(a3)
    c30 = multiplyAdd(x3, b0, c30)
    c31 = multiplyAdd(x3, b1, c31)
    a0 += aColumn
    a1 += aColumn
    a2 += aColumn
    a3 += aColumn
    b += 32
  }
  put(c, c00, c01, accumulate)
  put(c + cRow, c10, c11, accumulate)
  put(c + 2 * cRow, c20, c21, accumulate)
  put(c + 3 * cRow, c30, c31, accumulate)
}

/** Four panels side by side, so that eight sums are under way while each keeps its order. */
// @ts-ignore: decorator
@inline
function oneRowFourPanels(
  a: usize, aColumn: usize, b0: usize, panelStride: usize, c: usize, K: i32, accumulate: bool
): void {
  let b1 = b0 + panelStride, b2 = b1 + panelStride, b3 = b2 + panelStride
  let c00 = f32x4.splat(0), c01 = f32x4.splat(0), c10 = f32x4.splat(0), c11 = f32x4.splat(0)
  let c20 = f32x4.splat(0), c21 = f32x4.splat(0), c30 = f32x4.splat(0), c31 = f32x4.splat(0)
  for (let k = 0; k < K; k++) {
    const x = splatAt(a)
    c00 = multiplyAdd(x, v128.load(b0), c00)
    c01 = multiplyAdd(x, v128.load(b0, 16), c01)
    c10 = multiplyAdd(x, v128.load(b1), c10)
    c11 = multiplyAdd(x, v128.load(b1, 16), c11)
    c20 = multiplyAdd(x, v128.load(b2), c20)
    c21 = multiplyAdd(x, v128.load(b2, 16), c21)
    c30 = multiplyAdd(x, v128.load(b3), c30)
    c31 = multiplyAdd(x, v128.load(b3, 16), c31)
    a += aColumn
    b0 += 32
    b1 += 32
    b2 += 32
    b3 += 32
  }
  put(c, c00, c01, accumulate)
  put(c + 32, c10, c11, accumulate)
  put(c + 64, c20, c21, accumulate)
  put(c + 96, c30, c31, accumulate)
}

// @ts-ignore: decorator
@inline
function oneRow(a: usize, aColumn: usize, b: usize, c: usize, K: i32, accumulate: bool): void {
  let low = f32x4.splat(0), high = f32x4.splat(0)
  for (let k = 0; k < K; k++) {
    const x = splatAt(a)
    low = multiplyAdd(x, v128.load(b), low)
    high = multiplyAdd(x, v128.load(b, 16), high)
    a += aColumn
    b += 32
  }
  put(c, low, high, accumulate)
}

/** Bytes of scratch for `gemmTransposed` with K up to this. */
export function transposedScratch(K: i32): usize {
  return <usize>(K * TRANSPOSED_BLOCK) * 4
}

/**
 * As `gemm`, with A the transpose of a row-major matrix whose rows are `aColumn` bytes apart; M is a
 * multiple of 4. Columns of such a matrix lie as far apart as its rows are long, where they displace one
 * another from the cache, so they are copied together first.
 */
export function gemmTransposed(
  A: usize, aColumn: usize, panels: usize, panelStride: usize,
  C: usize, cRow: usize, M: i32, N: i32, K: i32, accumulate: bool, scratch: usize
): void {
  const count = (N + 7) >> 3
  const four = <usize>K * 16
  for (let begin = 0; begin < M; begin += TRANSPOSED_BLOCK) {
    const fours = min(M - begin, TRANSPOSED_BLOCK) >> 2
    for (let k = 0; k < K; k++) {
      const source = A + <usize>begin * 4 + <usize>k * aColumn, target = scratch + <usize>k * 16
      for (let i = 0; i < fours; i++) v128.store(target + <usize>i * four, v128.load(source + <usize>i * 16))
    }
    for (let p = 0; p < count; p++) {
      const panel = panels + <usize>p * panelStride, c = C + <usize>begin * cRow + <usize>p * 32
      for (let i = 0; i < fours; i++) {
        fourRows(scratch + <usize>i * four, 4, 16, panel, c + <usize>(4 * i) * cRow, cRow, K, accumulate)
      }
    }
  }
}
