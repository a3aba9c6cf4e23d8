/** The report of a run as one page: a pure function of its digest. */
import { DateTime } from "effect"
import { labels } from "../../domain/Diagnosis.ts"
import * as EpisodeRecord from "../../domain/EpisodeRecord.ts"
import type { Answered } from "../../domain/Following.ts"
import * as Paired from "../../domain/Paired.ts"
import type { Counts, Rate, StepReport } from "../../domain/Report.ts"
import { total } from "../../domain/Report.ts"
import { wilson, wilsonDifference } from "../../domain/Statistics.ts"
import * as Text from "../text.ts"
import { breakable, difference, short, withInterval } from "./cells.ts"
import * as Chart from "./chart.ts"
import { episode } from "./conversation.ts"
import { curves } from "./curves.ts"
import type { Digest } from "./digest.ts"
import { frame } from "./frame.ts"
import { type Html, html, type Part } from "./html.ts"
import { settings } from "./settings.ts"

const when = (unixSeconds: number): string =>
  DateTime.formatIso(DateTime.makeUnsafe(unixSeconds * 1000)).slice(0, 16).replace("T", " ")

const sumRates = (rates: ReadonlyArray<Rate>): Rate =>
  rates.reduce((sum, { n, passed }) => ({ n: sum.n + n, passed: sum.passed + passed }), { n: 0, passed: 0 })

const ofPart = (scores: Readonly<Record<string, Rate>>, part: string): Rate =>
  sumRates(Object.entries(scores).flatMap(([name, rate]) => name.startsWith(`${part}/`) ? [rate] : []))

const figure = (name: string, value: Part, note: string): Html =>
  html`<div class="figure"><span>${name}</span><b>${value}</b><span>${note}</span></div>`

const partsOf = (scores: Readonly<Record<string, Rate>>): ReadonlyArray<string> => [
  ...new Set(Object.keys(scores).map((name) => name.slice(0, name.indexOf("/"))))
]

const figures = ({ reports, summary }: Digest): Html => {
  const scores = Object.keys(summary.after).length > 0 ? summary.after : summary.before
  const trained = reports.reduce((sum, { ledger }) => sum + ledger.trained, 0)
  const attempted = reports.reduce((sum, { ledger }) => sum + ledger.attempted, 0)
  const tokens = reports.reduce((sum, { sampledTokens }) => sum + sampledTokens, 0)
  return html`<div class="figures">
${
    partsOf(scores).map((part) => {
      const after = ofPart(summary.after, part)
      const value = after.n === 0
        ? short(ofPart(summary.before, part))
        : html`<i>${short(ofPart(summary.before, part))} \u2192</i> ${short(after)}`
      return figure(`passed, ${part} tasks`, value, `n ${ofPart(scores, part).n}`)
    })
  }
${figure("steps", String(reports.length), `${summary.stages.length} stages ended`)}
${figure("episodes", Text.grouped(attempted), `${Text.grouped(trained)} trained on`)}
${figure("sampled tokens", Text.grouped(tokens), `in ${Text.duration(summary.seconds)}`)}
</div>`
}

const header = (digest: Digest): Html => {
  const { manifest, started, summary, torn } = digest
  const { engine } = manifest
  const about = [
    `${engine.name} engine`,
    ...(engine.parameters === 0 ? [] : [`${Text.grouped(engine.parameters)} parameters`]),
    `seed ${manifest.seed}`,
    `${when(started)} UTC`,
    ...Object.entries(manifest.versions).map(([name, version]) => `${name} ${version}`)
  ]
  return html`<header>
<p class="eyebrow">envtune run</p>
<h1>${manifest.curriculum}</h1>
<p class="lead"><span class="chip ${summary.outcome}">${summary.outcome}</span> ${about.join(" \u00b7 ")}</p>
${summary.detail === "" ? undefined : html`<p class="notice">${summary.detail}</p>`}
${torn.map((sentence) => html`<p class="notice">Not everything could be read: ${sentence}.</p>`)}
${[...digest.resumptions, ...digest.unfinished].map((sentence) => html`<p class="notice">${sentence}</p>`)}
${figures(digest)}
</header>`
}

const change = ({ compared }: Digest, name: string, before: Rate, after: Rate): Part => {
  if (before.n === 0 || after.n === 0) return "-"
  const paired = compared && Paired.about(compared, name, before, after)
  return paired === undefined
    ? html`${
      difference(Text.share(after) - Text.share(before), wilsonDifference(before, after))
    } <small>unpaired</small>`
    : difference(paired.difference, paired.interval)
}

const scoreMark = (kind: "before" | "after", rate: Rate): ReadonlyArray<Chart.Mark> =>
  rate.n === 0
    ? []
    : [{
      kind,
      value: Text.share(rate),
      interval: wilson(rate.passed, rate.n),
      says: `${kind}: ${rate.passed} of ${rate.n}, ${Text.rate(rate)}`
    }]

const scoreRow = (digest: Digest, name: string, before: Rate, after: Rate, whole: boolean): Html =>
  html`<tr class="${whole ? "whole" : ""}"><td>${whole ? `${name}, all` : breakable(name)}</td><td class="n">${
    Math.max(before.n, after.n)
  }</td>
<td class="plot">${Chart.intervals([...scoreMark("before", before), ...scoreMark("after", after)])}</td>
<td class="n">${withInterval(before)}</td><td class="n">${withInterval(after)}</td><td class="n">${
    change(digest, name, before, after)
  }</td></tr>`

const none: Rate = { n: 0, passed: 0 }

const evaluation = (digest: Digest): Part => {
  const { manifest, summary: { after, before } } = digest
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  if (names.length === 0) return undefined
  const parts = partsOf({ ...before, ...after })
  return html`<h2>Before and after</h2>
<p>Share of held-out tasks whose every turn passed, in the environment without hints, with 95 % Wilson intervals;
the change in points, of the same tasks before and after, with its interval by a paired bootstrap over scenarios. Where
tasks cannot be paired, it is Newcombe's for independent samples, which is wider.
${Object.keys(after).length === 0 ? "The run did not get as far as an evaluation after training." : ""}</p>
<div class="card"><table>
<tr><th>${manifest.tasks.provenance["source"] ?? "tasks"}</th><th class="n">n</th>
<th>${Chart.scaleOfShares}</th>
<th class="n">before</th><th class="n">after</th><th class="n">change</th></tr>
${
    parts.map((part) => {
      const own = names.filter((name) => name.startsWith(`${part}/`))
      return [
        ...own.map((name) => scoreRow(digest, name, before[name] ?? none, after[name] ?? none, false)),
        own.length < 2 ? undefined : scoreRow(digest, part, ofPart(before, part), ofPart(after, part), true)
      ]
    })
  }
</table><p class="legend"><span><i class="swatch before"></i>before</span><span><i class="swatch after"></i>after</span></p></div>`
}

const rateCells = (rate: Rate): Html =>
  html`<td class="plot">${
    rate.n === 0 ? undefined : Chart.intervals([{
      kind: "rate",
      value: Text.share(rate),
      interval: wilson(rate.passed, rate.n),
      says: `${Text.rate(rate)} of ${rate.n}`
    }])
  }</td><td class="n">${withInterval(rate)}</td>`

const hintRow = (name: Part, { example: { outcome }, following: { fired, followed, recovered } }: Answered): Html => {
  const told = outcome.hint === undefined
    ? html`<pre>${outcome.call}\n${outcome.standard}</pre>`
    : html`<pre>${outcome.call}</pre><pre class="before">${outcome.standard}</pre><pre class="hinted">${
      EpisodeRecord.shown(outcome)
    }</pre>`
  return html`<tr><td>${name}<details class="told"><summary>an example</summary>${told}</details></td>
<td class="n">${Text.grouped(fired)}</td>${rateCells(followed)}<td class="n">${Text.grouped(recovered.n)}</td>${
    rateCells(recovered)
  }</tr>`
}

const hintTable = ({ answers }: Digest): Part => {
  if (answers.size === 0) return undefined
  const rules = [...answers]
    .toSorted(([a, { following: x }], [b, { following: y }]) =>
      Number(a === undefined) - Number(b === undefined) || y.fired - x.fired
    )
  return html`<h2>Hints</h2>
<p>What failed calls of training were answered with, and how often; whether the agent's next call in the turn was what the rule asks
for, by the calls and arguments that the rule names as data; and how many of the turns in which it spoke passed. The last row is
there to compare: failed calls that nothing explained, which may be failures of other kinds.</p>
<div class="card"><table>
<tr><th>rule</th><th class="n">fired</th><th>${Chart.scaleOfShares}</th><th class="n">followed</th>
<th class="n">turns</th><th>${Chart.scaleOfShares}</th><th class="n">recovered</th></tr>
${rules.map(([rule, one]) => hintRow(rule === undefined ? "no hint" : html`<code>${rule}</code>`, one))}
</table></div>`
}

/** The stages that were reached, each with its reports. */
const byStage = (
  { manifest, reports }: Digest
): ReadonlyArray<readonly [name: string, reports: ReadonlyArray<StepReport>]> =>
  [...new Set(reports.map(({ stageIndex }) => stageIndex))].map((index) => [
    `${index + 1}  ${manifest.stages[index]?.name ?? ""}`,
    reports.filter(({ stageIndex }) => stageIndex === index)
  ])

const sumCounts = (all: ReadonlyArray<Counts>): Counts => {
  const sum: Record<string, number> = {}
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count
  }
  return sum
}

const alarmTable = ({ manifest, reports }: Digest): Part => {
  const raised = reports.flatMap((report) => report.alarms.map((alarm) => ({ ...alarm, report })))
  return raised.length === 0 ? undefined : html`<h2>Alarms</h2>
<p>Signs that training went wrong, at the step at which each began.</p>
<div class="card"><table>
<tr><th>alarm</th><th>stage</th><th class="n">step</th><th>what</th><th></th></tr>
${
    raised.map(({ action, kind, report, says }) =>
      html`<tr><td>${kind.replaceAll("_", " ")}</td><td>${report.stageIndex + 1}  ${
        manifest.stages[report.stageIndex]?.name ?? report.stage
      }</td><td class="n">${report.step}</td><td>${says}</td><td>${
        action === "stop"
          ? html`<span class="chip failed">stage stopped</span>`
          : html`<span class="chip">warned</span>`
      }</td></tr>`
    )
  }
</table></div>`
}

const diagnosisTable = (digest: Digest): Part => {
  const { reports } = digest
  const found = labels.filter((label) => reports.some(({ diagnoses }) => diagnoses[label] !== undefined))
  if (found.length === 0) return undefined
  const stages = byStage(digest).map(([name, own]) => {
    const counts = sumCounts(own.map(({ diagnoses }) => diagnoses))
    return { name, counts, failed: total(counts), ended: own.reduce((sum, { turns }) => sum + turns.n, 0) }
  })
  return html`<h2>Why turns failed</h2>
<p>Every failed turn of training has one label, from its calls, its check and the calls of the ground truth; of several wrongs the
first in this order, which makes those after it unavoidable. In per cent of the failed turns of a stage.</p>
<div class="card"><table>
<tr><th></th>${stages.map(({ name }) => html`<th class="n">${name}</th>`)}</tr>
${
    found.map((label) =>
      html`<tr><td>${label.replaceAll("_", " ")}</td>${
        stages.map(({ counts, failed }) =>
          html`<td class="n">${failed === 0 ? "-" : Text.percent((counts[label] ?? 0) / failed)}</td>`
        )
      }</tr>`
    )
  }
<tr class="whole"><td>failed, of turns played</td>${
    stages.map(({ ended, failed }) =>
      html`<td class="n">${Text.grouped(failed)} <small>of ${Text.grouped(ended)}</small></td>`
    )
  }</tr>
</table></div>`
}

const ledgerOf = (reports: ReadonlyArray<StepReport>): StepReport["ledger"] => ({
  attempted: reports.reduce((sum, { ledger }) => sum + ledger.attempted, 0),
  trained: reports.reduce((sum, { ledger }) => sum + ledger.trained, 0),
  filtered: sumCounts(reports.map(({ ledger }) => ledger.filtered)),
  failed: sumCounts(reports.map(({ ledger }) => ledger.failed))
})

const causes = (counts: Readonly<Record<string, number>>): Part => {
  const all = Object.entries(counts).toSorted(([, a], [, b]) => b - a)
  return all.length === 0
    ? "0"
    : html`${Text.grouped(total(counts))} <small>${
      all.map(([cause, count]) => `${cause.replaceAll("_", " ")} ${Text.grouped(count)}`).join(", ")
    }</small>`
}

const ledgerRow = (name: string, reports: ReadonlyArray<StepReport>, whole: boolean): Html => {
  const { attempted, failed, filtered, trained } = ledgerOf(reports)
  const slices = [
    { kind: "c0", count: trained, says: `trained ${trained}` },
    { kind: "c5", count: total(filtered), says: `filtered ${total(filtered)}` },
    { kind: "c4", count: total(failed), says: `failed ${total(failed)}` }
  ]
  return html`<tr class="${whole ? "whole" : ""}"><td>${name}</td><td class="n">${reports.length}</td><td class="n">${
    Text.grouped(attempted)
  }</td><td class="plot">${Chart.stacked(slices)}</td><td class="n">${Text.grouped(trained)}</td><td>${
    causes(filtered)
  }</td><td>${causes(failed)}</td></tr>`
}

const ledger = (digest: Digest): Part => {
  const { reports } = digest
  if (reports.length === 0) return undefined
  const stages = byStage(digest)
  return html`<h2>Where every episode went</h2>
<p>Attempted = trained + filtered + failed, for every step. A group is filtered when its rewards do not differ: it has nothing to teach.</p>
<div class="card"><table>
<tr><th>stage</th><th class="n">steps</th><th class="n">attempted</th><th class="plot"></th><th class="n">trained</th><th>filtered</th><th>failed</th></tr>
${stages.map(([name, own]) => ledgerRow(name, own, false))}
${stages.length < 2 ? undefined : ledgerRow("whole run", reports, true)}
</table><p class="legend"><span><i class="swatch c0"></i>trained</span><span><i class="swatch c5"></i>filtered</span><span><i class="swatch c4"></i>failed</span></p></div>`
}

const episodes = ({ episodes: shown }: Digest): Part =>
  shown.length === 0
    ? undefined
    : html`<h2>Three episodes</h2>
<p>The first, a middle and the last finished episode of training, whatever became of them. Where a hint spoke, the tool's own words are
struck out above what the agent was told.</p>
<div class="episodes">${shown.map(episode)}</div>`

/** The whole page. */
export const page = (digest: Digest): Html =>
  frame({
    title: `${digest.manifest.curriculum} \u2013 envtune run`,
    body: [
      header(digest),
      evaluation(digest),
      alarmTable(digest),
      curves(digest),
      diagnosisTable(digest),
      hintTable(digest),
      ledger(digest),
      episodes(digest),
      settings(digest)
    ].map((part) => html`${part}\n`),
    version: digest.manifest.versions["envtune"] ?? "",
    source: digest.folder
  })
