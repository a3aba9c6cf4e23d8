/** Numbers as text. */
import type { Counts, Rate } from "../src/domain/Report.ts"
import { type Interval, wilson } from "../src/domain/Statistics.ts"

export const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)} %`

export const grouped = (value: number): string => Math.round(value).toString().replaceAll(/\B(?=(\d{3})+$)/g, "\u2009")

export const plain = (value: number): string => Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "\u2013"

export const signed = (value: number, digits = 2): string =>
  `${value < 0 ? "\u2212" : "+"}${Math.abs(value).toFixed(digits)}`

export const share = ({ n, passed }: Rate): number => n === 0 ? 0 : passed / n

export const interval = ({ high, low }: Interval): string => `[${(low * 100).toFixed(1)}, ${(high * 100).toFixed(1)}]`

export const intervalOf = ({ n, passed }: Rate): Interval => wilson(passed, n)

export const sum = (rates: Iterable<Rate>): Rate => {
  let [n, passed] = [0, 0]
  for (const rate of rates) {
    n += rate.n
    passed += rate.passed
  }
  return { n, passed }
}

export const duration = (seconds: number): string => {
  const whole = Math.round(seconds)
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60] as const
  if (whole < 60) return `${parts[2]} s`
  return parts[0] > 0 ? `${parts[0]} h ${parts[1]} min` : `${parts[1]} min ${parts[2]} s`
}

/** `no_signal` -> `no signal`. */
export const words = (name: string): string => name.replaceAll("_", " ")

/** What was counted, the most frequent first. */
export const ranked = (all: ReadonlyArray<Counts>): ReadonlyArray<readonly [what: string, count: number]> => {
  const counts = new Map<string, number>()
  for (const [what, count] of all.flatMap((one) => Object.entries(one))) {
    counts.set(what, (counts.get(what) ?? 0) + count)
  }
  return [...counts].toSorted(([, a], [, b]) => b - a)
}

/** The sum of all counts. */
export const total = (counts: Counts): number => Object.values(counts).reduce((sum, count) => sum + count, 0)
