// dprint-ignore-file -- the formatter drops AssemblyScript's @inline decorators
/** Vectors of four floats. */

/** Stands for minus infinity where a score does not count. */
export const MASKED: f32 = -1e30

// @ts-ignore: decorator
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c)
}

// @ts-ignore: decorator
@inline
export function splatAt(address: usize): v128 {
  return v128.load32_splat(address)
}

// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  return (f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1)) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
}

// @ts-ignore: decorator
@inline
function maxLanes(v: v128): f32 {
  return max(
    max(f32x4.extract_lane(v, 0), f32x4.extract_lane(v, 1)),
    max(f32x4.extract_lane(v, 2), f32x4.extract_lane(v, 3))
  )
}

/**
 * exp of four numbers, to about one unit in the last place; 0 below -87, NaN for NaN.
 * Cephes' expf: 2^n times a polynomial on [-ln 2 / 2, ln 2 / 2]. Adding 1.5 * 2^23 rounds to
 * the nearest n and leaves it in the lowest bits. (Here and elsewhere pmin and pmax are taken
 * for being one instruction each; min and max, which also order zeros, are eight.)
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  const rounder = f32x4.splat(12582912)
  const bounded = f32x4.pmax(f32x4.pmin(x, f32x4.splat(88)), f32x4.splat(-87))
  const shifted = multiplyAdd(bounded, f32x4.splat(1.44269504088896341), rounder)
  const n = f32x4.sub(shifted, rounder)
  let r = multiplyAdd(n, f32x4.splat(-0.693359375), bounded)
  r = multiplyAdd(n, f32x4.splat(2.12194440e-4), r)
  let p = f32x4.splat(1.9875691500e-4)
  p = multiplyAdd(p, r, f32x4.splat(1.3981999507e-3))
  p = multiplyAdd(p, r, f32x4.splat(8.3334519073e-3))
  p = multiplyAdd(p, r, f32x4.splat(4.1665795894e-2))
  p = multiplyAdd(p, r, f32x4.splat(1.6666665459e-1))
  p = multiplyAdd(p, r, f32x4.splat(5.0000001201e-1))
  p = multiplyAdd(p, f32x4.mul(r, r), f32x4.add(r, f32x4.splat(1)))
  const power = i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(0x3f800000))
  return v128.andnot(f32x4.mul(p, power), f32x4.lt(x, f32x4.splat(-87)))
}

// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exp4(f32x4.neg(x))))
}

/** The largest of `bytes / 4` numbers; `bytes` is a multiple of 16. */
// @ts-ignore: decorator
@inline
export function maximum(x: usize, bytes: usize): f32 {
  let m = f32x4.splat(MASKED)
  for (let j: usize = 0; j < bytes; j += 16) m = f32x4.pmax(m, v128.load(x + j))
  return maxLanes(m)
}
