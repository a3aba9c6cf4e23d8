/**
 * Two policies on the same tasks. What they have in common says nothing about which is better: the tasks that one of
 * them passes and the other does not, do.
 */
import type { Rate } from "./Report.ts"
import * as Seed from "./Seed.ts"
import { type Interval, mean } from "./Statistics.ts"

/** A task, and how often each policy passed it. */
export interface Pair {
  readonly id: string
  /** Tasks of one scenario succeed and fail together; by default every task is one of its own. */
  readonly scenario?: string
  readonly first: Rate
  readonly second: Rate
}

export interface Comparison {
  /** Tasks that the second policy passes more often than the first; with one sample each, those that it fixed. */
  readonly fixed: ReadonlyArray<string>
  readonly broken: ReadonlyArray<string>
  /** Tasks that both pass always. */
  readonly both: number
  /** Tasks that none of them ever passes. */
  readonly neither: number
  /** Tasks that both pass equally often, and not always. */
  readonly alike: number
  readonly tasks: number
  /** Mean share of passed samples over tasks. */
  readonly first: number
  readonly second: number
  /** Second minus first. */
  readonly difference: number
  /** 95 % for the difference, over the scenarios that might have been chosen. */
  readonly interval: Interval
  /** That fixed and broken tasks are as far apart as this, or farther, by chance alone, were all tasks independent. */
  readonly p: number
  /** See `minimumDetectableEffect`. */
  readonly detectable: number | undefined
}

/** Comparisons of the same tasks together and apart. */
export interface Comparisons {
  readonly overall: Comparison
  /** By part, where the tasks are known to be of one. */
  readonly parts: Readonly<Record<string, Comparison>>
  /** By `part/category`, or by category where no part is known. */
  readonly cells: Readonly<Record<string, Comparison>>
}

/** McNemar's exact test, two-sided: binomial probability of a split of the discordant pairs at least this uneven. */
export const mcnemar = (fixed: number, broken: number): number => {
  const n = fixed + broken
  let log = -n * Math.LN2
  let tail = 0
  for (let i = 0; i <= Math.min(fixed, broken); i++) {
    tail += Math.exp(log)
    log += Math.log((n - i) / (i + 1))
  }
  return Math.min(1, 2 * tail)
}

/** Of a sorted list, between neighbours where it falls between them. */
const quantile = (sorted: Float64Array, share: number): number => {
  const at = share * (sorted.length - 1)
  const below = sorted[Math.floor(at)] ?? 0
  const above = sorted[Math.ceil(at)] ?? 0
  return below + (above - below) * (at - Math.floor(at))
}

/**
 * The percentile bootstrap interval (95 %) of the mean of paired differences. What is drawn again is whole clusters: the
 * differences of one have a mean that moves together, and to draw them singly would make the interval too narrow.
 */
export const bootstrap = (
  clusters: ReadonlyArray<ReadonlyArray<number>>,
  seed: number,
  resamples = 10_000
): Interval => {
  const n = clusters.length
  if (n === 0) return { low: -1, high: 1 }
  const sums = Float64Array.from(clusters, (differences) => differences.reduce((sum, value) => sum + value, 0))
  const draws = new Seed.Draws(seed)
  const means = new Float64Array(resamples)
  for (let resample = 0; resample < resamples; resample++) {
    let sum = 0
    let size = 0
    for (let i = 0; i < n; i++) {
      const drawn = draws.below(n)
      sum += sums[drawn]!
      size += clusters[drawn]!.length
    }
    means[resample] = sum / size
  }
  means.sort()
  return { low: quantile(means, 0.025), high: quantile(means, 0.975) }
}

/** Normal quantiles of a two-sided test at 5 %, and of a power of 80 %. */
const zTest = 1.959963984540054
const zPower = 0.8416212335729143

/**
 * The least true difference that a test at 5 % would find four times in five, given how much the policies disagree: the
 * mean square of the paired differences, which with one sample each is the share of discordant pairs. Connor's sample
 * size for McNemar's test (Biometrics 43, 1987), solved for the difference. Undefined where they never disagree.
 */
export const minimumDetectableEffect = (tasks: number, disagreement: number): number | undefined => {
  if (tasks === 0 || disagreement === 0) return undefined
  const spread = Math.sqrt(Math.max(0, tasks - zTest ** 2 + zPower ** 2))
  return Math.sqrt(disagreement) * (zTest * Math.sqrt(tasks) + zPower * spread) / (tasks + zPower ** 2)
}

const differencesByScenario = (
  pairs: ReadonlyArray<Pair>,
  differences: ReadonlyArray<number>
): ReadonlyArray<ReadonlyArray<number>> => {
  const clusters = new Map<string, Array<number>>()
  pairs.forEach(({ id, scenario = id }, i) => {
    const known = clusters.get(scenario)
    if (known === undefined) clusters.set(scenario, [differences[i]!])
    else known.push(differences[i]!)
  })
  return [...clusters.values()]
}

const share = ({ n, passed }: Rate): number => passed / n

const bothHave = ({ first, second }: Pair): boolean => first.n > 0 && second.n > 0

const differenceOf = ({ first, second }: Pair): number => share(second) - share(first)

/**
 * That two policies that are equally good differ as much as this, or more: whole scenarios have their sides exchanged at
 * random (sign flips), so that tasks of one scenario need not be independent. Two-sided; at least 1 / (resamples + 1).
 */
export const permutation = (pairs: ReadonlyArray<Pair>, seed: number, resamples = 10_000): number => {
  const compared = pairs.filter(bothHave)
  const sums = differencesByScenario(compared, compared.map(differenceOf))
    .map((differences) => differences.reduce((sum, value) => sum + value, 0))
  const observed = Math.abs(sums.reduce((sum, value) => sum + value, 0)) - 1e-9
  const draws = new Seed.Draws(seed)
  let asFar = 0
  for (let resample = 0; resample < resamples; resample++) {
    let sum = 0
    for (const value of sums) sum += draws.chance(0.5) ? value : -value
    if (Math.abs(sum) >= observed) asFar += 1
  }
  return (asFar + 1) / (resamples + 1)
}

/** Tasks that one of the policies has no sample of say nothing, and are left out. The seed is of the bootstrap. */
export const compare = (pairs: ReadonlyArray<Pair>, seed: number): Comparison => {
  const compared = pairs.filter(bothHave)
  const differences = compared.map(differenceOf)
  const ids = (which: (difference: number) => boolean) =>
    compared.flatMap(({ id }, i) => which(differences[i]!) ? [id] : [])
  const fixed = ids((difference) => difference > 0)
  const broken = ids((difference) => difference < 0)
  const unchanged = compared.filter((_, i) => differences[i] === 0).map(({ first }) => share(first))
  const both = unchanged.filter((value) => value === 1).length
  const neither = unchanged.filter((value) => value === 0).length
  return {
    fixed,
    broken,
    both,
    neither,
    alike: unchanged.length - both - neither,
    tasks: compared.length,
    first: mean(compared.map(({ first }) => share(first))),
    second: mean(compared.map(({ second }) => share(second))),
    difference: mean(differences),
    interval: bootstrap(differencesByScenario(compared, differences), seed),
    p: mcnemar(fixed.length, broken.length),
    detectable: minimumDetectableEffect(compared.length, mean(differences.map((difference) => difference ** 2)))
  }
}

/**
 * The comparison of what was counted under a name, `part/category` or a part; undefined where none comes to the same shares:
 * then it is of other tasks, or some were sampled more often than others.
 */
export const about = (
  { cells, overall, parts }: Comparisons,
  name: string,
  first: Rate,
  second: Rate
): Comparison | undefined => {
  if (first.n === 0 || second.n === 0) return undefined
  const category = name.slice(name.indexOf("/") + 1)
  const whole = Object.keys(parts).length === 0 ? overall : parts[name]
  return [cells[name], cells[category], whole].find((one) =>
    one !== undefined
    && first.n % one.tasks === 0
    && Math.abs(one.first - share(first)) < 1e-9
    && Math.abs(one.second - share(second)) < 1e-9
  )
}
