/** An ablation as one page: what each arm came to, what it differs by, and how it got there. */
import type { Ablation, Contrast } from "../../domain/Ablation.ts"
import type { Manifest } from "../../domain/Manifest.ts"
import type { Rate, StepReport } from "../../domain/Report.ts"
import { mean, wilson } from "../../domain/Statistics.ts"
import type { Summary } from "../../domain/Summary.ts"
import type { Update } from "../../domain/Trainer.ts"
import { statements } from "../contrasts.ts"
import { probability } from "../tables.ts"
import * as Text from "../text.ts"
import { breakable, difference, percentTick, withInterval } from "./cells.ts"
import * as Chart from "./chart.ts"
import { frame } from "./frame.ts"
import { type Html, html, type Part } from "./html.ts"

export interface Arm {
  readonly name: string
  readonly says: string
  /** What the paper reports of it (arXiv 2510.10197; on BFCL, with models of 7-8B parameters). */
  readonly paper?: string
}

/** One training of one arm, as its folder records it. */
export interface Training {
  readonly arm: string
  readonly seed: number
  readonly folder: string
  readonly manifest: Manifest
  readonly summary: Summary
  readonly reports: ReadonlyArray<StepReport>
}

/** An ablation that has been run; what the others are compared with comes first. */
export interface Ablated {
  readonly folder: string
  readonly arms: ReadonlyArray<Arm>
  readonly trainings: ReadonlyArray<Training>
  readonly result: Ablation
}

const color = (at: number): string => `c${at % 6}`

const header = ({ arms, result, trainings }: Ablated): Html => {
  const [first] = trainings
  const seeds = result.arms[0]?.seeds ?? []
  const seconds = first?.manifest.trainingSeconds
  const about = [
    `${arms.length} arms, ${seeds.length === 1 ? "seed" : "seeds"} ${seeds.join(", ")}`,
    seconds === undefined ? "trained until their stages end" : `at most ${Text.duration(seconds)} of training each`,
    ...Object.entries(first?.manifest.versions ?? {}).map(([name, version]) => `${name} ${version}`)
  ]
  return html`<header>
<p class="eyebrow">envtune ablation</p>
<h1>What each part is worth</h1>
<p class="lead">${about.join(" \u00b7 ")}</p>
${statements(result).map((sentence) => html`<p class="notice">${sentence}</p>`)}
</header>`
}

const legend = ({ arms }: Ablated): Html =>
  html`<p class="legend">${arms.map(({ name }, i) => html`<span><i class="swatch ${color(i)}"></i>${name}</span>`)}</p>`

/** One row for every category, in which the arms are marks below each other. */
const outcomes = (ablated: Ablated): Html => {
  const { arms } = ablated.result
  const names = [...new Set(arms.flatMap(({ cells }) => Object.keys(cells)))]
  return html`<h2>Before and after</h2>
<p>Share of held-out tasks whose every turn passed, in the environment without hints, after training; 95 % Wilson intervals, in which
episodes of one task do not count as independent. Before training all arms are the same model.</p>
<div class="card"><table>
<tr><th></th><th class="n">n</th><th>${Chart.scaleOfShares}</th><th class="n">before</th>${
    arms.map(({ name }) => html`<th class="n">${name}</th>`)
  }</tr>
${
    names.map((cell) => {
      const own = arms.map(({ cells }) => cells[cell])
      const marks = own.flatMap((one, i) =>
        one === undefined || one.after.rate.n === 0
          ? []
          : [{
            kind: color(i),
            value: Text.share(one.after.rate),
            interval: one.after.interval,
            says: `${arms[i]?.name}: ${Text.rate(one.after.rate, one.after.interval)}`
          }]
      )
      const [before] = own
      return html`<tr class="${cell.endsWith(", all") ? "whole" : ""}"><td>${breakable(cell)}</td><td class="n">${
        before?.after.rate.n ?? 0
      }</td><td class="plot">${Chart.intervals(marks)}</td><td class="n">${
        before === undefined ? "-" : withInterval(before.before.rate, before.before.interval)
      }</td>${
        own.map((one) =>
          html`<td class="n">${one === undefined ? "-" : withInterval(one.after.rate, one.after.interval)}</td>`
        )
      }</tr>`
    })
  }
</table>${legend(ablated)}</div>`
}

const contrastRow = (contrast: Contrast, categories: ReadonlyArray<string>, paper: string | undefined): Html => {
  const { arm, bySeed, overall, p, significant } = contrast
  return html`<tr><td>${arm}</td>${
    categories.map((name) => {
      const of = contrast.categories[name]
      return html`<td class="n">${of === undefined ? "-" : difference(of.difference, of.interval)}</td>`
    })
  }<td class="n">${difference(overall.difference, overall.interval)}</td><td class="n">${
    bySeed.map((one) => Text.points(one.difference)).join(", ")
  }</td><td class="n">${probability(p)}</td><td>${significant ? "significant" : "not significant"}</td><td>${
    paper ?? ""
  }</td></tr>`
}

const contrasts = ({ arms, result }: Ablated): Part => {
  if (result.contrasts.length === 0) return undefined
  const categories = [...new Set(result.contrasts.flatMap(({ categories }) => Object.keys(categories)))]
  return html`<h2>Compared with ${arms[0]?.name}</h2>
<p>Percentage points on the same held-out test tasks with the same episode seeds, 95 % by a paired bootstrap of scenarios. p is of a
permutation test of scenarios for all tasks together, adjusted for the number of arms (Holm); categories are not tested one by one.
The paper's claims are of BFCL and models of 7-8B parameters.</p>
<div class="card"><table>
<tr><th>arm</th>${
    categories.map((name) => html`<th class="n">${name}</th>`)
  }<th class="n">all</th><th class="n">by seed</th>
<th class="n">p</th><th></th><th>in the paper</th></tr>
${
    result.contrasts.map((contrast) =>
      contrastRow(contrast, categories, arms.find(({ name }) => name === contrast.arm)?.paper)
    )
  }
</table></div>`
}

/** Points of a chart that can be told apart. */
const most = 60

/** Neighbouring steps of all trainings of an arm, as one. */
const bins = (trainings: ReadonlyArray<Training>, size: number): ReadonlyArray<ReadonlyArray<StepReport>> => {
  const all: Array<Array<StepReport>> = []
  for (const report of trainings.flatMap(({ reports }) => reports)) {
    const bin = Math.floor(report.step / size)
    const known = all[bin]
    if (known === undefined) all[bin] = [report]
    else known.push(report)
  }
  return all.filter((bin) => bin !== undefined)
}

const sumRates = (rates: ReadonlyArray<Rate>): Rate =>
  rates.reduce((sum, { n, passed }) => ({ n: sum.n + n, passed: sum.passed + passed }), { n: 0, passed: 0 })

type Drawn = Omit<Chart.Point, "x"> | undefined
type Bin = ReadonlyArray<StepReport>

const ofRate = (rate: (report: StepReport) => Rate) => (bin: Bin, name: string): Drawn => {
  const counted = sumRates(bin.map(rate))
  if (counted.n === 0) return undefined
  return { y: Text.share(counted), band: wilson(counted.passed, counted.n), says: `${name} ${Text.rate(counted)}` }
}

const ofUpdate = (value: (update: Update) => number | undefined) => (bin: Bin, name: string): Drawn => {
  const values = bin.flatMap(({ update }) => (update === undefined ? undefined : value(update)) ?? [])
  return values.length === 0 ? undefined : { y: mean(values), says: `${name} ${mean(values).toPrecision(3)}` }
}

const curves = ({ arms, trainings }: Ablated): Part => {
  const steps = Math.max(0, ...trainings.map(({ reports }) => reports.length))
  if (steps === 0) return undefined
  const size = Math.max(1, Math.ceil(steps / most))
  const chart = (
    title: string,
    note: string,
    format: (value: number) => string,
    point: (bin: Bin, name: string) => Drawn
  ) =>
    Chart.lines({
      title,
      note,
      stages: [{ from: -0.5, to: steps - 0.5, label: "" }],
      format,
      series: arms.map(({ name }, i) => ({
        name,
        color: color(i),
        runs: [
          bins(trainings.filter(({ arm }) => arm === name), size).flatMap((bin) => {
            const drawn = point(bin, name)
            return drawn === undefined ? [] : [{ ...drawn, x: mean(bin.map(({ step }) => step)) }]
          })
        ]
      }))
    })
  return html`<h2>Training</h2>
<p>By step, all seeds of an arm together${
    size === 1 ? "" : `, ${size} steps to a point`
  }, with 95 % Wilson bands for shares. These are
training episodes, with hints where the arm has them and on the tasks of its stage: what is learned is above.</p>
<div class="charts">
${chart("Success", "episodes whose every turn passed", percentTick, ofRate(({ success }) => success))}
${chart("Turns", "passed, of turns that ended", percentTick, ofRate(({ turns }) => turns))}
${chart("Entropy", "nats per sampled token", String, ofUpdate(({ entropy }) => entropy))}
${chart("Gradient norm", "before clipping", String, ofUpdate(({ gradientNorm }) => gradientNorm))}
</div>`
}

const trainings = ({ arms, trainings: all }: Ablated): Html =>
  html`<h2>Trainings</h2>
<p>Every one is a run in a folder of its own, with a report; the same command goes on where it was stopped.</p>
<div class="card"><table>
<tr><th>arm</th><th></th><th class="n">seed</th><th class="n">steps</th><th class="n">time</th><th class="n">alarms</th><th>folder</th></tr>
${
    all.map(({ arm, folder, reports, seed, summary }) =>
      html`<tr><td>${arm}</td><td>${
        arms.find(({ name }) => name === arm)?.says
      }</td><td class="n">${seed}</td><td class="n">${Text.grouped(reports.length)}</td><td class="n">${
        Text.duration(summary.seconds)
      }</td><td class="n">${
        reports.reduce((sum, { alarms }) => sum + alarms.length, 0)
      }</td><td><code>${folder}</code></td></tr>`
    )
  }
</table></div>`

/** The whole page. */
export const page = (ablated: Ablated): Html =>
  frame({
    title: "What each part is worth \u2013 envtune ablation",
    body: [header(ablated), contrasts(ablated), outcomes(ablated), curves(ablated), trainings(ablated)],
    version: ablated.trainings[0]?.manifest.versions["envtune"] ?? "",
    source: ablated.folder
  })
