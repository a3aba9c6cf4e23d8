/**
 * The losses that a Tinker server has built in, in closed form over log-probs: what a loss is
 * worth, and the linear loss (Engine.ts) whose gradient is the same where it was evaluated.
 *
 * With l the log-prob of a target, q what the sampler gave it, r = e^(l - q), A its advantage:
 *   cross_entropy        -sum w l
 *   importance_sampling  -sum r A
 *   ppo                  -sum min(r A, clip(r) A)
 *   cispo                -sum sg(clip(r)) l A         sg: no gradient flows through it
 * Sums over all tokens, as the hosted service has them; thresholds are bounds of the ratio, not
 * distances from 1 (spec: tinker, 2.1).
 */
import { Result } from "effect"

/** Bounds of the ratio, low and high. */
export type Clip = readonly [low: number, high: number]

/** A loss by name and, where it has bounds, with them. */
export type Loss =
  | { readonly name: "cross_entropy" }
  | { readonly name: "importance_sampling" }
  | { readonly name: "ppo"; readonly clip: Clip }
  | { readonly name: "cispo"; readonly clip: Clip }

export type Name = Loss["name"]

/** What a loss reads of each datum beside its targets, by the names they travel under. */
const inputsOf: Readonly<Record<Name, ReadonlyArray<string>>> = {
  cross_entropy: ["weights"],
  importance_sampling: ["logprobs", "advantages"],
  ppo: ["logprobs", "advantages"],
  cispo: ["logprobs", "advantages"]
}

const defaultClips = { ppo: [0.8, 1.2], cispo: [0, 4] } as const

const isName = (name: string): name is Name => Object.hasOwn(inputsOf, name)

/** The names there are. */
export const names: ReadonlyArray<string> = Object.keys(inputsOf)

/** A loss as a request names it, or a sentence that says why there is none. */
export const make = (
  name: string,
  config: Readonly<Record<string, unknown>> = {}
): Result.Result<Loss, string> => {
  if (!isName(name)) return Result.fail(`there is no loss "${name}" here; there are ${names.join(", ")}`)
  if (name !== "ppo" && name !== "cispo") {
    const unknown = Object.keys(config)
    return unknown.length === 0 ? Result.succeed({ name }) : Result.fail(unknownSetting(name, unknown))
  }
  const [defaultLow, defaultHigh] = defaultClips[name]
  const { clip_high_threshold: high = defaultHigh, clip_low_threshold: low = defaultLow, ...others } = config
  const unknown = Object.keys(others)
  if (unknown.length > 0) return Result.fail(unknownSetting(name, unknown))
  if (typeof low !== "number" || typeof high !== "number" || !(low >= 0 && low <= high && high < Infinity)) {
    return Result.fail(`the thresholds ${String(low)} and ${String(high)} do not bound a ratio`)
  }
  return Result.succeed({ name, clip: [low, high] })
}

const unknownSetting = (name: Name, settings: ReadonlyArray<string>): string =>
  `the loss ${name} has no setting ${settings.join(", ")}`

/** The inputs of a datum's T targets: T numbers each. */
export interface Inputs {
  /** Of cross_entropy; any real number. */
  readonly weights: Float32Array
  /** Of the others: the sampler's log-probs. */
  readonly logprobs: Float32Array
  readonly advantages: Float32Array
}

const none = new Float32Array(0)

/**
 * A datum's inputs out of those that came with it, or a sentence that says what is missing or too much. A cross-entropy
 * without weights counts every target once.
 */
export const inputs = (
  { name }: Loss,
  given: Readonly<Record<string, Float32Array>>,
  targets: number
): Result.Result<Inputs, string> => {
  const wanted = inputsOf[name]
  const unread = Object.keys(given).filter((key) => !wanted.includes(key))
  if (unread.length > 0) {
    return Result.fail(`the loss ${name} reads target_tokens and ${wanted.join(" and ")}, not ${unread.join(", ")}`)
  }
  for (const key of wanted) {
    const length = given[key]?.length
    if (length === undefined && name === "cross_entropy") continue
    if (length === undefined) return Result.fail(`the loss ${name} needs ${key}`)
    if (length !== targets) return Result.fail(`${length} ${key} for ${targets} target_tokens`)
    const at = given[key]!.findIndex((value) => !Number.isFinite(value))
    if (at >= 0) return Result.fail(`${key}[${at}] is ${given[key]![at]}`)
  }
  return Result.succeed({
    weights: given["weights"] ?? new Float32Array(targets).fill(1),
    logprobs: given["logprobs"] ?? none,
    advantages: given["advantages"] ?? none
  })
}

export interface Linear {
  /** What the loss is worth at these log-probs. */
  readonly loss: number
  /** T numbers w: the loss changes with the log-probs as `-sum w l` does. */
  readonly weights: Float32Array
}

/** A datum's loss at the log-probs of its T targets under the current weights. */
export const linearise = (
  loss: Loss,
  { advantages, logprobs: sampled, weights }: Inputs,
  logprobs: Float32Array
): Linear => {
  if (loss.name === "cross_entropy") {
    return { loss: -logprobs.reduce((sum, logprob, t) => sum + weights[t]! * logprob, 0), weights }
  }
  const linear = new Float32Array(logprobs.length)
  let total = 0
  for (let t = 0; t < logprobs.length; t++) {
    const { slope, value } = tokenLoss(loss, Math.exp(logprobs[t]! - sampled[t]!), advantages[t]!, logprobs[t]!)
    total += value
    linear[t] = -slope
  }
  return { loss: total, weights: linear }
}

/** Of one token: its loss, and what it changes by with the log-prob. */
const tokenLoss = (
  loss: Exclude<Loss, { readonly name: "cross_entropy" }>,
  ratio: number,
  advantage: number,
  logprob: number
): { readonly value: number; readonly slope: number } => {
  if (loss.name === "importance_sampling") return { value: -ratio * advantage, slope: -ratio * advantage }
  const [low, high] = loss.clip
  const clipped = Math.min(Math.max(ratio, low), high)
  if (loss.name === "cispo") return { value: -clipped * logprob * advantage, slope: -clipped * advantage }
  const value = -Math.min(ratio * advantage, clipped * advantage)
  return { value, slope: value === -ratio * advantage ? value : 0 }
}
