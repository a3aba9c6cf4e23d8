/** What a run measured, step by step, as charts. */
import type { Rate } from "../../domain/Report.ts"
import { wilson } from "../../domain/Statistics.ts"
import * as Text from "../text.ts"
import { percentTick } from "./cells.ts"
import * as Chart from "./chart.ts"
import { type Digest, pool, type Pooled } from "./digest.ts"
import { html, type Part } from "./html.ts"

/** Points that a chart can show apart, and that a chart of several lines can. */
const most = 150
const mostOfSeveral = 50

/** Where the axis of a share ends when the share is small. */
const least = 0.2

const stepText = ({ from, to }: Pooled): string => from === to ? `step ${from}` : `steps ${from} to ${to}`

/** Points of one stage after the other: a line does not run from one into the next. */
const byStage = (
  pooled: ReadonlyArray<Pooled>,
  point: (one: Pooled) => Omit<Chart.Point, "x"> | undefined
): ReadonlyArray<ReadonlyArray<Chart.Point>> => {
  const stages = [...new Set(pooled.map(({ stageIndex }) => stageIndex))]
  return stages.map((stage) =>
    pooled
      .filter(({ stageIndex }) => stageIndex === stage)
      .flatMap((one) => {
        const drawn = point(one)
        return drawn === undefined ? [] : [{ ...drawn, x: (one.from + one.to) / 2 }]
      })
  ).filter((run) => run.length > 0)
}

const ofRate = (name: string, rate: (one: Pooled) => Rate) => (one: Pooled): Omit<Chart.Point, "x"> | undefined => {
  const counted = rate(one)
  if (counted.n === 0) return undefined
  return {
    y: Text.share(counted),
    band: wilson(counted.passed, counted.n),
    says: `${stepText(one)}: ${name} ${Text.rate(counted)} of ${counted.n}`
  }
}

const reward = (one: Pooled): Omit<Chart.Point, "x"> | undefined => {
  const { mean, n, variance } = one.reward
  if (n === 0) return undefined
  const half = n < 2 ? 0 : 1.959963984540054 * Math.sqrt(variance / n)
  return {
    y: mean,
    band: { low: mean - half, high: mean + half },
    says: `${stepText(one)}: reward ${mean.toFixed(3)} \u00b1 ${half.toFixed(3)} of ${n}`
  }
}

const ofUpdate =
  (name: string, digits: number, value: (update: NonNullable<Pooled["update"]>) => number | undefined) =>
  (one: Pooled): Omit<Chart.Point, "x"> | undefined => {
    const y = one.update === undefined ? undefined : value(one.update)
    return y === undefined ? undefined : { y, says: `${stepText(one)}: ${name} ${y.toFixed(digits)}` }
  }

const plainTick = (value: number): string => String(value)

/** All charts, or nothing for a run without a step. */
export const curves = ({ manifest, reports }: Digest): Part => {
  if (reports.length === 0) return undefined
  const pooled = pool(reports, most)
  const coarse = pool(reports, mostOfSeveral)
  const indices = [...new Set(reports.map(({ stageIndex }) => stageIndex))]
  const stages = indices.map((index) => {
    const own = reports.filter(({ stageIndex }) => stageIndex === index)
    return { from: (own[0]?.step ?? 0) - 0.5, to: (own.at(-1)?.step ?? 0) + 0.5, label: String(index + 1) }
  })
  /** Nothing where there is nothing to draw: not every engine says everything. */
  const one = (
    title: string,
    note: string,
    format: Chart.Chart["format"],
    point: Parameters<typeof byStage>[1],
    atLeast?: number
  ) => {
    const runs = byStage(pooled, point)
    if (runs.length === 0) return undefined
    return Chart.lines({
      title,
      note,
      stages,
      format,
      series: [{ name: title, color: "c0", runs }],
      ...(atLeast !== undefined && { atLeast })
    })
  }
  const categories = [...new Set(reports.flatMap((report) => Object.keys(report.categories)))].toSorted()
  const perPoint = Math.max(1, Math.ceil(reports.length / most))
  return html`<h2>Training</h2>
<p>By step, with 95 % bands: normal for the reward, Wilson for shares. ${
    perPoint === 1 ? "" : `Each point pools up to ${perPoint} steps of a stage. `
  }Stages: ${indices.map((index) => `${index + 1} ${manifest.stages[index]?.name ?? ""}`).join(", ")}.
What a reward is worth can differ from stage to stage.</p>
<div class="charts">
${one("Reward", "mean of scored episodes", plainTick, reward, 1)}
${one("Success", "episodes whose every turn passed", percentTick, ofRate("success", ({ success }) => success), least)}
${one("Turns", "passed, of turns that ended", percentTick, ofRate("turns", ({ turns }) => turns), least)}
${
    categories.length < 2 ? undefined : Chart.lines({
      title: "Success by category",
      note: "more steps to a point, without bands",
      stages,
      format: percentTick,
      atLeast: least,
      series: categories.slice(0, 6).map((name, i) => ({
        name,
        color: `c${i}`,
        runs: byStage(coarse, (at) => {
          const drawn = ofRate(name, ({ categories }) => categories[name] ?? { n: 0, passed: 0 })(at)
          return drawn === undefined ? undefined : { y: drawn.y, says: drawn.says }
        })
      }))
    })
  }
${one("Entropy", "nats per sampled token", plainTick, ofUpdate("entropy", 3, ({ entropy }) => entropy))}
${one("KL to the start", "k3 per token, nats", plainTick, ofUpdate("KL", 4, ({ kl }) => kl))}
${one("Gradient norm", "before clipping", plainTick, ofUpdate("gradient norm", 3, ({ gradientNorm }) => gradientNorm))}
${
    one(
      "Groups with signal",
      "whose rewards differ",
      percentTick,
      ofRate("groups with signal", ({ groups }) => groups),
      1
    )
  }
</div>`
}
