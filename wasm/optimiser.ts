// dprint-ignore-file -- the formatter drops AssemblyScript's @inline decorators
/** Gradients and AdamW, on flat arrays. */
import { multiplyAdd, sumLanes } from "./vectors"

/** The sum of squares of `count` numbers (a multiple of 4, at most a few thousand). */
export function sumOfSquares(x: usize, count: i32): f32 {
  const bytes = <usize>count * 4
  let sum = f32x4.splat(0)
  for (let j: usize = 0; j < bytes; j += 16) {
    const v = v128.load(x + j)
    sum = multiplyAdd(v, v, sum)
  }
  return sumLanes(sum)
}

/**
 * One step of AdamW (Loshchilov and Hutter 2019) on `count` numbers, the gradient scaled by `scale`;
 * `correction1` and `correction2` are `1 - beta^step`.
 */
export function adamw(
  parameters: usize, gradient: usize, first: usize, second: usize, count: i32, scale: f32, learningRate: f32,
  beta1: f32, beta2: f32, epsilon: f32, weightDecay: f32, correction1: f32, correction2: f32
): void {
  const bytes = <usize>count * 4
  const keep1 = f32x4.splat(beta1), take1 = f32x4.splat(1 - beta1)
  const keep2 = f32x4.splat(beta2), take2 = f32x4.splat(1 - beta2)
  const step = f32x4.splat(-learningRate / correction1), spread = f32x4.splat(1 / correction2)
  const decay = f32x4.splat(1 - learningRate * weightDecay)
  for (let j: usize = 0; j < bytes; j += 16) {
    const g = f32x4.mul(v128.load(gradient + j), f32x4.splat(scale))
    const m = f32x4.add(f32x4.mul(g, take1), f32x4.mul(v128.load(first + j), keep1))
    const v = f32x4.add(f32x4.mul(f32x4.mul(g, g), take2), f32x4.mul(v128.load(second + j), keep2))
    v128.store(first + j, m)
    v128.store(second + j, v)
    const direction = f32x4.div(m, f32x4.add(f32x4.sqrt(f32x4.mul(v, spread)), f32x4.splat(epsilon)))
    v128.store(parameters + j, f32x4.add(f32x4.mul(direction, step), f32x4.mul(v128.load(parameters + j), decay)))
  }
}
