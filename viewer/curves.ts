/** What a run's charts show: columns of numbers, one a step, from its reports. */
import type { Rate, StepReport } from "../src/domain/Report.ts"
import { intervalOf, plain, share, total } from "./format.ts"
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

const ofRate = (name: string, rate: (report: StepReport) => Rate) => (reports: ReadonlyArray<StepReport>) => {
  const rates = reports.map(rate)
  const of = (value: (rate: Rate) => number) => rates.map((one) => one.n === 0 ? null : value(one))
  return [{
    name,
    values: of(share),
    low: of((one) => intervalOf(one).low),
    high: of((one) => intervalOf(one).high)
  }]
}

/** Half of the normal 95 % interval of the mean. */
const half = ({ reward: { n, variance } }: StepReport): number => n < 2 ? 0 : 1.96 * Math.sqrt(variance / n)

const reward = (reports: ReadonlyArray<StepReport>): ReadonlyArray<Series> => {
  const of = (value: (report: StepReport) => number) =>
    reports.map((report) => report.reward.n === 0 ? null : value(report))
  return [{
    name: "reward",
    values: of((report) => report.reward.mean),
    low: of((report) => report.reward.mean - half(report)),
    high: of((report) => report.reward.mean + half(report))
  }]
}

const messages = ({ codes }: StepReport): number => total(codes)

/** Messages with calls that ran or failed, over all messages. */
const calling = (report: StepReport): Rate => ({
  n: messages(report),
  passed: (report.codes["-1"] ?? 0) + (report.codes["-2"] ?? 0)
})

const finished = ({ success }: StepReport): number => success.n

const byCategory = (reports: ReadonlyArray<StepReport>): ReadonlyArray<Series> => {
  const names = [...new Set(reports.flatMap(({ categories }) => Object.keys(categories)))].toSorted()
  return names.map((name) => ({
    name,
    values: smooth(reports.map(({ categories }) => categories[name] ?? { n: 0, passed: 0 }))
  }))
}

/** Steps on each side that a point of a crowded chart pools. */
const reach = 3

const smooth = (rates: ReadonlyArray<Rate>): ReadonlyArray<number | null> =>
  rates.map(({ n }, at) => {
    if (n === 0) return null
    const near = rates.slice(Math.max(0, at - reach), at + reach + 1)
    return near.reduce((sum, { passed }) => sum + passed, 0) / near.reduce((sum, one) => sum + one.n, 0)
  })

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
  { title: "Success by category", note: "7 steps pooled", format: percentTick, atLeast: 0.2, of: byCategory },
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
