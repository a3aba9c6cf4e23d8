/** Intervals and moments, as every report prints them. */

export interface Interval {
  readonly low: number
  readonly high: number
}

/** The normal quantile of a two-sided 95 % interval. */
const z95 = 1.959963984540054

/** Wilson's interval for `passed` of `n`; the whole of [0, 1] when n is 0. */
export const wilson = (passed: number, n: number, z = z95): Interval => {
  if (n === 0) return { low: 0, high: 1 }
  const p = passed / n
  const z2 = z * z
  const centre = (p + z2 / (2 * n)) / (1 + z2 / n)
  const half = (z / (1 + z2 / n)) * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n))
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) }
}

/**
 * Wilson's interval for passed of n where trials come in clusters (several episodes of one task)
 * and those of one cluster resemble each other: n is replaced by the effective sample size, from
 * the variance of the ratio estimator over clusters, which lies between the number of clusters
 * and the number of trials. With one trial per cluster it is Wilson's interval.
 */
export const wilsonClustered = (
  clusters: ReadonlyArray<{ readonly n: number; readonly passed: number }>,
  z = z95
): Interval => {
  const n = clusters.reduce((sum, cluster) => sum + cluster.n, 0)
  const passed = clusters.reduce((sum, cluster) => sum + cluster.passed, 0)
  const count = clusters.length
  if (count === n) return wilson(passed, n, z)
  const p = passed / n
  const residuals = clusters.reduce((sum, cluster) => sum + (cluster.passed - p * cluster.n) ** 2, 0)
  const variance = (count / (count - 1)) * (residuals / (n * n))
  // Where every trial agrees, or there is one cluster, clusters say nothing about how alike their trials are.
  const effective = passed === 0 || passed === n || count < 2
    ? count
    : Math.max(count, Math.min(n, (p * (1 - p)) / variance))
  return wilson(p * effective, effective, z)
}

/** Newcombe's interval (his method 10) for the second share minus the first, of independent samples. */
export const wilsonDifference = (
  first: { readonly n: number; readonly passed: number },
  second: { readonly n: number; readonly passed: number }
): Interval => {
  if (first.n === 0 || second.n === 0) return { low: -1, high: 1 }
  const [p, q] = [first.passed / first.n, second.passed / second.n]
  const [a, b] = [wilson(first.passed, first.n), wilson(second.passed, second.n)]
  return {
    low: q - p - Math.hypot(q - b.low, a.high - p),
    high: q - p + Math.hypot(b.high - q, p - a.low)
  }
}

/**
 * The probability that at least one of k samples passes, of `passed` in `n` samples, without bias (Chen et al. 2021,
 * section 2.1); k is at most n.
 */
export const passAtK = (n: number, passed: number, k: number): number => {
  let none = 1
  for (let i = n - passed + 1; i <= n; i++) none *= Math.max(0, 1 - k / i)
  return 1 - none
}

/** The probability that all of k samples pass, of `passed` in `n` samples, without bias; k is at most n. */
export const passHatK = (n: number, passed: number, k: number): number => {
  let all = 1
  for (let i = 0; i < k; i++) all *= Math.max(0, passed - i) / (n - i)
  return all
}

export const mean = (values: ReadonlyArray<number>): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

/** Unbiased variance; 0 below two values. */
export const variance = (values: ReadonlyArray<number>): number => {
  if (values.length < 2) return 0
  const centre = mean(values)
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1)
}

interface Moments {
  readonly n: number
  readonly mean: number
  /** Unbiased. */
  readonly variance: number
}

/** The moments of several samples taken together. */
export const poolMoments = (all: ReadonlyArray<Moments>): Moments => {
  const n = all.reduce((sum, moments) => sum + moments.n, 0)
  if (n === 0) return { n: 0, mean: 0, variance: 0 }
  const mean = all.reduce((sum, moments) => sum + moments.n * moments.mean, 0) / n
  const squares = all.reduce(
    (sum, moments) => sum + Math.max(0, moments.n - 1) * moments.variance + moments.n * (moments.mean - mean) ** 2,
    0
  )
  return { n, mean, variance: n < 2 ? 0 : squares / (n - 1) }
}

/** The normal 95 % interval of the second mean minus the first, of independent samples of at least two each. */
export const meanDifference = (first: Moments, second: Moments): Interval => {
  const half = z95 * Math.sqrt(first.variance / first.n + second.variance / second.n)
  const difference = second.mean - first.mean
  return { low: difference - half, high: difference + half }
}

/** The normal 95 % interval of a mean. */
export const meanInterval = (values: ReadonlyArray<number>, z = z95): Interval => {
  const centre = mean(values)
  const half = values.length < 2 ? Infinity : z * Math.sqrt(variance(values) / values.length)
  return { low: centre - half, high: centre + half }
}

/**
 * Holm's adjustment of several probabilities (1979), in their order: where one is below the level, its hypothesis is
 * rejected, and the chance that any true hypothesis of them all is rejected is at most the level.
 */
export const holm = (probabilities: ReadonlyArray<number>): ReadonlyArray<number> => {
  const adjusted = [...probabilities]
  let least = 0
  const ascending = probabilities.map((p, at) => ({ p, at })).toSorted((a, b) => a.p - b.p)
  ascending.forEach(({ at, p }, rank) => {
    least = Math.max(least, Math.min(1, p * (probabilities.length - rank)))
    adjusted[at] = least
  })
  return adjusted
}

/** The least-squares slope of values over 0, 1, 2, ...; 0 below two values. */
export const slope = (values: ReadonlyArray<number>): number => {
  const n = values.length
  if (n < 2) return 0
  const centreX = (n - 1) / 2
  const centreY = mean(values)
  let covariance = 0
  let spread = 0
  values.forEach((value, x) => {
    covariance += (x - centreX) * (value - centreY)
    spread += (x - centreX) ** 2
  })
  return covariance / spread
}
