/** What a run's charts show: columns of numbers, one a step, from its reports. */
import type { Rate, StepReport } from "../src/domain/Report.ts"
import { intervalOf, plain, ranked, share, sum, total, words } from "./format.ts"
import type { Series, Stage } from "./parts/Chart.tsx"

export interface Curve {
  readonly title: string
  readonly note: string
  readonly format: (value: number) => string
  readonly atLeast?: number
  readonly of: (reports: ReadonlyArray<StepReport>) => ReadonlyArray<Series>
}

type Value = (report: StepReport) => number | undefined

const line = (name: string, value: Value) => (reports: ReadonlyArray<StepReport>): ReadonlyArray<Series> => [
  { name, values: reports.map((report) => value(report) ?? null) }
]

/** Points that a chart shows apart; where there are more steps, a point pools its neighbours of the same stage. */
const most = 120

/** For every step, the steps that its point pools. */
const pools = (reports: ReadonlyArray<StepReport>, points = most): ReadonlyArray<ReadonlyArray<StepReport>> => {
  const reach = Math.floor(reports.length / points / 2)
  return reports.map(({ stageIndex }, at) =>
    reports.slice(Math.max(0, at - reach), at + reach + 1).filter((near) => near.stageIndex === stageIndex)
  )
}

const ofRate = (name: string, rate: (report: StepReport) => Rate) => (reports: ReadonlyArray<StepReport>) => {
  const rates = pools(reports).map((near) => sum(near.map(rate)))
  const of = (value: (rate: Rate) => number) => rates.map((one) => one.n === 0 ? null : value(one))
  return [{
    name,
    values: of(share),
    low: of((one) => intervalOf(one).low),
    high: of((one) => intervalOf(one).high),
    raw: reports.map((report) => rate(report).n === 0 ? null : share(rate(report)))
  }]
}

interface Moments {
  readonly mean: number
  /** Of the normal 95 % interval. */
  readonly half: number
}

const momentsOf = (near: ReadonlyArray<StepReport>): Moments | null => {
  const all = near.map(({ reward }) => reward)
  const n = all.reduce((sum, one) => sum + one.n, 0)
  if (n === 0) return null
  const mean = all.reduce((sum, one) => sum + one.n * one.mean, 0) / n
  const squares = all.reduce(
    (sum, one) => sum + Math.max(0, one.n - 1) * one.variance + one.n * (one.mean - mean) ** 2,
    0
  )
  return { mean, half: n < 2 ? 0 : 1.96 * Math.sqrt(squares / (n - 1) / n) }
}

const reward = (reports: ReadonlyArray<StepReport>): ReadonlyArray<Series> => {
  const moments = pools(reports).map(momentsOf)
  const of = (value: (moments: Moments) => number) => moments.map((one) => one === null ? null : value(one))
  return [{
    name: "reward",
    values: of(({ mean }) => mean),
    low: of(({ half, mean }) => mean - half),
    high: of(({ half, mean }) => mean + half),
    raw: reports.map(({ reward }) => reward.n === 0 ? null : reward.mean)
  }]
}

/** A line that only runs have in which something of it is reported; most have nothing of it. */
const where =
  (isReported: (report: StepReport) => boolean, ...[name, value]: Parameters<typeof line>) =>
  (reports: ReadonlyArray<StepReport>): ReadonlyArray<Series> =>
    reports.some(isReported) ? line(name, value)(reports) : []

const messages = ({ codes }: StepReport): number => total(codes)

/** Messages with calls that ran or failed, over all messages. */
const calling = (report: StepReport): Rate => ({
  n: messages(report),
  passed: (report.codes["-1"] ?? 0) + (report.codes["-2"] ?? 0)
})

const finished = ({ success }: StepReport): number => success.n

/** Lines of several categories are told apart only when they are smooth. */
const fewer = 40

const byCategory = (reports: ReadonlyArray<StepReport>): ReadonlyArray<Series> => {
  const names = [...new Set(reports.flatMap(({ categories }) => Object.keys(categories)))].toSorted()
  const pooled = pools(reports, fewer)
  return names.map((name) => ({
    name,
    values: pooled.map((near) => {
      const rate = sum(near.flatMap(({ categories }) => categories[name] ?? []))
      return rate.n === 0 ? null : share(rate)
    })
  }))
}

/** Lines whose colours differ. */
const mostLabels = 6

const byDiagnosis = (reports: ReadonlyArray<StepReport>): ReadonlyArray<Series> => {
  const pooled = pools(reports, fewer)
  return ranked(reports.map(({ diagnoses }) => diagnoses)).slice(0, mostLabels).map(([label]) => ({
    name: words(label),
    values: pooled.map((near) => {
      const episodes = near.reduce((sum, report) => sum + finished(report), 0)
      return episodes === 0 ? null : near.reduce((sum, { diagnoses }) => sum + (diagnoses[label] ?? 0), 0) / episodes
    })
  }))
}

const percentTick = (value: number): string => `${Number((value * 100).toFixed(1))} %`

export const curves: ReadonlyArray<Curve> = [
  { title: "Reward", note: "mean of scored episodes, 95 %", format: plain, of: reward },
  {
    title: "Success",
    note: "episodes whose every turn passed",
    format: percentTick,
    atLeast: 0.2,
    of: ofRate("success", ({ success }) => success)
  },
  { title: "Success by category", note: "more steps to a point", format: percentTick, atLeast: 0.2, of: byCategory },
  {
    title: "Live groups",
    note: "whose rewards differ, of those collected",
    format: percentTick,
    atLeast: 1,
    of: ofRate("live groups", ({ groups }) => ({ n: groups.collected, passed: groups.trained }))
  },
  {
    title: "Hints",
    note: "spoken per finished episode",
    format: plain,
    atLeast: 0.1,
    of: line("hints", (report) => finished(report) === 0 ? undefined : total(report.hints) / finished(report))
  },
  {
    title: "Tool calls",
    note: "messages that call, of all messages",
    format: percentTick,
    atLeast: 1,
    of: ofRate("messages that call", calling)
  },
  {
    title: "Malformed",
    note: "messages that cannot be read",
    format: percentTick,
    atLeast: 0.02,
    of: ofRate("malformed", (report) => ({ n: messages(report), passed: report.codes["-3"] ?? 0 }))
  },
  {
    title: "Failed calls",
    note: "messages with a failed call, of those that call",
    format: percentTick,
    atLeast: 0.1,
    of: ofRate("failed", (report) => ({ n: calling(report).passed, passed: report.codes["-2"] ?? 0 }))
  },
  {
    title: "Turns",
    note: "passed, of those that ended",
    format: percentTick,
    atLeast: 0.2,
    of: ofRate("turns", ({ turns }) => turns)
  },
  {
    title: "Why turns failed",
    note: "per finished episode, top six",
    format: plain,
    atLeast: 0.1,
    of: byDiagnosis
  },
  {
    title: "Entropy",
    note: "nats per sampled token",
    format: plain,
    of: line("entropy", ({ update }) => update?.entropy)
  },
  { title: "KL to the start", note: "k3 per token, nats", format: plain, of: line("KL", ({ update }) => update?.kl) },
  {
    title: "Gradient norm",
    note: "before clipping",
    format: plain,
    of: line("norm", ({ update }) => update?.gradientNorm)
  },
  {
    title: "Length",
    note: "sampled tokens per finished episode",
    format: plain,
    of: line("tokens", (report) => finished(report) === 0 ? undefined : report.sampledTokens / finished(report))
  },
  {
    title: "Segment breaks",
    note: "changed prompts per finished episode",
    format: plain,
    atLeast: 0.1,
    of: where(
      ({ breaks }) => breaks !== undefined,
      "breaks",
      (report) => finished(report) === 0 ? undefined : (report.breaks ?? 0) / finished(report)
    )
  },
  {
    title: "Staleness",
    note: "optimiser steps behind, at most",
    format: plain,
    atLeast: 1,
    of: where(
      ({ staleness }) => staleness !== undefined,
      "staleness",
      ({ staleness = 0, update }) => update === undefined ? undefined : staleness
    )
  },
  {
    title: "Clipped",
    note: "share of tokens",
    format: percentTick,
    atLeast: 0.01,
    of: line("clipped", ({ update }) => update?.clipFraction)
  },
  {
    title: "Time",
    note: "seconds a step",
    format: plain,
    of: (reports) => [
      { name: "collect", values: reports.map(({ seconds }) => seconds.collect) },
      { name: "train", values: reports.map(({ seconds }) => seconds.train) }
    ]
  }
]

/** The stages that have begun, with the steps they have had. */
export const stagesOf = (reports: ReadonlyArray<StepReport>): ReadonlyArray<Stage> =>
  Array.from(Map.groupBy(reports, ({ stageIndex }) => stageIndex).values(), (own) => ({
    name: own[0]?.stage ?? "",
    from: own[0]?.step ?? 0,
    to: own.at(-1)?.step ?? 0
  }))
