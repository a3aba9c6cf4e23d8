// dprint-ignore-file -- the formatter drops AssemblyScript's @inline decorators
/** What is done to rows of activations: tables, RMSNorm, rotary positions, SwiGLU. */
import { multiplyAdd, sigmoid4, sumLanes } from "./vectors"

/** `target[i] = table[indices[i]]`, rows of `width` numbers. */
export function gatherRows(table: usize, indices: usize, target: usize, rows: i32, width: i32): void {
  const bytes = <usize>width * 4
  for (let i = 0; i < rows; i++) {
    memory.copy(target + <usize>i * bytes, table + <usize>load<i32>(indices + <usize>i * 4) * bytes, bytes)
  }
}

/** `table[indices[i]] += source[i]`, in the order of i. */
export function scatterAddRows(source: usize, indices: usize, table: usize, rows: i32, width: i32): void {
  const bytes = <usize>width * 4
  for (let i = 0; i < rows; i++) {
    add(table + <usize>load<i32>(indices + <usize>i * 4) * bytes, source + <usize>i * bytes, width)
  }
}

/** `target += source`, `count` numbers, a multiple of 4. */
export function add(target: usize, source: usize, count: i32): void {
  const end = source + <usize>count * 4
  while (source < end) {
    v128.store(target, f32x4.add(v128.load(target), v128.load(source)))
    target += 16
    source += 16
  }
}

export function copy(target: usize, source: usize, bytes: usize): void {
  memory.copy(target, source, bytes)
}

export function clear(target: usize, bytes: usize): void {
  memory.fill(target, 0, bytes)
}

/** `y = x / sqrt(mean(x^2) + epsilon) * gain`, and the factor of each row in `inverse[rows]`. */
export function normalise(
  x: usize, gain: usize, y: usize, inverse: usize, rows: i32, width: i32, epsilon: f32
): void {
  const bytes = <usize>width * 4
  for (let i = 0; i < rows; i++) {
    let squares = f32x4.splat(0)
    for (let d: usize = 0; d < bytes; d += 16) {
      const v = v128.load(x + d)
      squares = multiplyAdd(v, v, squares)
    }
    const factor: f32 = 1 / sqrt<f32>(sumLanes(squares) / <f32>width + epsilon)
    store<f32>(inverse + <usize>i * 4, factor)
    const factors = f32x4.splat(factor)
    for (let d: usize = 0; d < bytes; d += 16) {
      v128.store(y + d, f32x4.mul(f32x4.mul(v128.load(x + d), factors), v128.load(gain + d)))
    }
    x += bytes
    y += bytes
  }
}

/** Adds the gradients of `normalise` to `dx` and `dGain`, given that of its result, `dy`. */
export function normaliseBackward(
  x: usize, gain: usize, inverse: usize, dy: usize, dx: usize, dGain: usize, rows: i32, width: i32
): void {
  const bytes = <usize>width * 4
  for (let i = 0; i < rows; i++) {
    const factor = load<f32>(inverse + <usize>i * 4)
    const factors = f32x4.splat(factor)
    let dot = f32x4.splat(0)
    for (let d: usize = 0; d < bytes; d += 16) {
      const g = v128.load(dy + d), v = v128.load(x + d)
      dot = multiplyAdd(f32x4.mul(g, v128.load(gain + d)), v, dot)
      v128.store(dGain + d, multiplyAdd(f32x4.mul(g, v), factors, v128.load(dGain + d)))
    }
    const along = f32x4.splat(-(sumLanes(dot) / <f32>width) * factor * factor * factor)
    for (let d: usize = 0; d < bytes; d += 16) {
      const scaled = f32x4.mul(f32x4.mul(v128.load(dy + d), v128.load(gain + d)), factors)
      v128.store(dx + d, f32x4.add(v128.load(dx + d), multiplyAdd(v128.load(x + d), along, scaled)))
    }
    x += bytes
    dy += bytes
    dx += bytes
  }
}

/**
 * Fills `table[positions, headDim]`: the cosines of position * theta^(-2 i / headDim) for i below
 * headDim / 2, then the sines. In double precision, by AssemblyScript's own functions: the table is the
 * same on every host.
 */
export function rotaryTable(table: usize, positions: i32, headDim: i32, theta: f64): void {
  const half = headDim >> 1
  for (let i = 0; i < half; i++) {
    const frequency = Math.pow(theta, -<f64>i / <f64>half)
    for (let t = 0; t < positions; t++) {
      const at = table + <usize>(t * headDim + i) * 4
      store<f32>(at, <f32>Math.cos(<f64>t * frequency))
      store<f32>(at + <usize>half * 4, <f32>Math.sin(<f64>t * frequency))
    }
  }
}

/**
 * Turns each of `heads` consecutive heads of every row by its position, pairing dimension i with
 * i + headDim / 2. `direction` is 1, or -1 to turn back, which is the gradient.
 */
export function rotate(
  x: usize, rowStride: usize, positions: usize, table: usize, rows: i32, heads: i32, headDim: i32, direction: f32
): void {
  const half = <usize>headDim * 2
  const sign = f32x4.splat(direction)
  for (let i = 0; i < rows; i++) {
    const angles = table + <usize>(load<i32>(positions + <usize>i * 4) * headDim) * 4
    for (let h = 0; h < heads; h++) {
      const head = x + <usize>i * rowStride + <usize>(h * headDim) * 4
      for (let d: usize = 0; d < half; d += 16) {
        const cosine = v128.load(angles + d), sine = f32x4.mul(v128.load(angles + half + d), sign)
        const u = v128.load(head + d), v = v128.load(head + half + d)
        v128.store(head + d, f32x4.sub(f32x4.mul(u, cosine), f32x4.mul(v, sine)))
        v128.store(head + half + d, f32x4.add(f32x4.mul(v, cosine), f32x4.mul(u, sine)))
      }
    }
  }
}

/** `y[rows, width] = silu(gate) * up`, with gate and up side by side in rows of `2 * width`. */
export function swiglu(gateUp: usize, y: usize, rows: i32, width: i32): void {
  const bytes = <usize>width * 4
  for (let i = 0; i < rows; i++) {
    for (let d: usize = 0; d < bytes; d += 16) {
      const g = v128.load(gateUp + d)
      v128.store(y + d, f32x4.mul(f32x4.mul(g, sigmoid4(g)), v128.load(gateUp + bytes + d)))
    }
    gateUp += 2 * bytes
    y += bytes
  }
}

/** The gradient of `swiglu` with respect to `gateUp`, given that of its result. */
export function swigluBackward(gateUp: usize, dy: usize, dGateUp: usize, rows: i32, width: i32): void {
  const bytes = <usize>width * 4
  const one = f32x4.splat(1)
  for (let i = 0; i < rows; i++) {
    for (let d: usize = 0; d < bytes; d += 16) {
      const g = v128.load(gateUp + d), s = sigmoid4(g), silu = f32x4.mul(g, s), dOut = v128.load(dy + d)
      const slope = multiplyAdd(silu, f32x4.sub(one, s), s)
      v128.store(dGateUp + d, f32x4.mul(f32x4.mul(dOut, v128.load(gateUp + bytes + d)), slope))
      v128.store(dGateUp + bytes + d, f32x4.mul(dOut, silu))
    }
    gateUp += 2 * bytes
    dGateUp += 2 * bytes
    dy += bytes
  }
}
