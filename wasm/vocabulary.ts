// dprint-ignore-file -- the formatter drops AssemblyScript's @inline decorators
/**
 * The vocabulary's distribution: log-probs, their gradient, sampling. Rows of logits are `padded` wide (a
 * multiple of 8); entries from `vocabulary` on count for nothing.
 */
import { exp4, MASKED, maximum, multiplyAdd, sumLanes } from "./vectors"

// @ts-ignore: decorator
@inline
function maskPadding(logits: usize, vocabulary: i32, padded: i32): void {
  for (let j = vocabulary; j < padded; j++) store<f32>(logits + <usize>j * 4, MASKED)
}

/**
 * For each row, the log-prob of its target, the entropy of its distribution (nats) and, for the gradient,
 * `normaliser`, the log of the sum of exponentials of the logits.
 */
export function scoreTargets(
  logits: usize, vocabulary: i32, padded: i32, targets: usize, rows: i32,
  logprobs: usize, entropies: usize, normalisers: usize
): void {
  const bytes = <usize>padded * 4
  for (let i: usize = 0; i < <usize>rows; i++) {
    maskPadding(logits, vocabulary, padded)
    const highest = maximum(logits, bytes), highests = f32x4.splat(highest)
    let sum = f32x4.splat(0), weighted = f32x4.splat(0)
    for (let j: usize = 0; j < bytes; j += 16) {
      const z = f32x4.sub(v128.load(logits + j), highests), e = exp4(z)
      sum = f32x4.add(sum, e)
      weighted = multiplyAdd(e, z, weighted)
    }
    const total = sumLanes(sum), logTotal = Mathf.log(total)
    const target = load<f32>(logits + <usize>load<i32>(targets + i * 4) * 4)
    store<f32>(logprobs + i * 4, (target - highest) - logTotal)
    store<f32>(entropies + i * 4, logTotal - sumLanes(weighted) / total)
    store<f32>(normalisers + i * 4, highest + logTotal)
    logits += bytes
  }
}

/**
 * Replaces logits by the gradient of `-sum_i weights[i] logprob[i] + entropyWeights[i] entropy[i]`:
 * with p the probabilities, `weight (p_j - [j is the target]) + entropyWeight p_j (log p_j + entropy)`.
 */
export function scoreTargetsBackward(
  logits: usize, padded: i32, targets: usize, rows: i32, entropies: usize, normalisers: usize,
  weights: usize, entropyWeights: usize
): void {
  const bytes = <usize>padded * 4
  for (let i: usize = 0; i < <usize>rows; i++) {
    const weight = load<f32>(weights + i * 4), entropyWeight = load<f32>(entropyWeights + i * 4)
    const normaliser = f32x4.splat(load<f32>(normalisers + i * 4))
    const factor = f32x4.splat(entropyWeight)
    const constant = f32x4.splat(weight + entropyWeight * load<f32>(entropies + i * 4))
    for (let j: usize = 0; j < bytes; j += 16) {
      const logp = f32x4.sub(v128.load(logits + j), normaliser)
      v128.store(logits + j, f32x4.mul(exp4(logp), multiplyAdd(factor, logp, constant)))
    }
    const target = logits + <usize>load<i32>(targets + i * 4) * 4
    store<f32>(target, load<f32>(target) - weight)
    logits += bytes
  }
}

/**
 * Draws a token from each row by inverting the cumulative distribution at `uniforms[row]` in [0, 1), and
 * writes it and its log-prob. `inverseTemperatures[row]` 0 stands for the likeliest token (the first
 * of equals), with its log-prob at temperature 1.
 */
export function drawTokens(
  logits: usize, vocabulary: i32, padded: i32, rows: i32, inverseTemperatures: usize, uniforms: usize,
  tokens: usize, logprobs: usize
): void {
  const bytes = <usize>padded * 4
  for (let i: usize = 0; i < <usize>rows; i++) {
    maskPadding(logits, vocabulary, padded)
    const given = load<f32>(inverseTemperatures + i * 4), greedy = given == 0
    const scale: f32 = greedy ? 1 : given
    const highest = maximum(logits, bytes), highests = f32x4.splat(highest), scales = f32x4.splat(scale)
    const likeliest = greedy ? indexOf(logits, highest) : 0
    let sum = f32x4.splat(0)
    for (let j: usize = 0; j < bytes; j += 16) {
      const z = f32x4.mul(f32x4.sub(v128.load(logits + j), highests), scales), e = exp4(z)
      v128.store(logits + j, z)
      sum = f32x4.add(sum, e)
    }
    const total = sumLanes(sum)
    const token = greedy ? likeliest : invert(logits, padded, load<f32>(uniforms + i * 4) * total)
    store<i32>(tokens + i * 4, token)
    store<f32>(logprobs + i * 4, load<f32>(logits + <usize>token * 4) - Mathf.log(total))
    logits += bytes
  }
}

/** Where `value`, which is among them, first occurs; 0 if the numbers are not finite. */
function indexOf(numbers: usize, value: f32): i32 {
  const end = numbers
  let at = numbers
  while (load<f32>(at) < value) at += 4
  return <i32>((at - end) >> 2)
}

/** The first j at which the running sum of exp(z) exceeds `mass`; the last possible token if rounding leaves none. */
function invert(z: usize, count: i32, mass: f32): i32 {
  let left = mass, last = 0
  for (let j = 0; j < count; j += 4) {
    const e = exp4(v128.load(z + <usize>j * 4)), four = sumLanes(e)
    if (four == 0) continue
    last = j
    if (left < four) break
    left -= four
  }
  const e = exp4(v128.load(z + <usize>last * 4))
  const e0 = f32x4.extract_lane(e, 0), e1 = f32x4.extract_lane(e, 1)
  const e2 = f32x4.extract_lane(e, 2), e3 = f32x4.extract_lane(e, 3)
  if (left < e0) return last
  left -= e0
  if (left < e1) return last + 1
  left -= e1
  if (left < e2) return last + 2
  left -= e2
  if (left < e3 || e3 > 0) return last + 3
  return e2 > 0 ? last + 2 : e1 > 0 ? last + 1 : last
}
