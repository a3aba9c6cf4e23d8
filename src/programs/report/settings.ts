/** What a run was told to do: tasks, evaluation, and every setting of every stage, differences first. */
import { Predicate } from "effect"
import * as Text from "../text.ts"
import type { Digest } from "./digest.ts"
import { type Html, html, type Part } from "./html.ts"

/** `{ a: { b: 1 } }` as `a.b` -> `1`. */
const flatten = (value: unknown, prefix = ""): ReadonlyArray<readonly [string, string]> =>
  Predicate.isObject(value)
    ? Object.entries(value).flatMap(([key, inner]) => flatten(inner, prefix === "" ? key : `${prefix}.${key}`))
    : [[prefix, typeof value === "string" ? value : JSON.stringify(value)]]

const pairs = (all: ReadonlyArray<readonly [string, Part]>): Html =>
  html`<dl class="pair">${all.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`

const cells = (values: ReadonlyArray<Part>): Part => values.map((value) => html`<td>${value}</td>`)

export const settings = ({ manifest, summary }: Digest): Html => {
  const stages = manifest.stages.map((stage) => new Map(flatten(stage.settings)))
  const valuesOf = (key: string) => stages.map((stage) => stage.get(key) ?? "")
  const keys = [...new Set(stages.flatMap((stage) => [...stage.keys()]))]
  const differing = keys.filter((key) => new Set(valuesOf(key)).size > 1)
  const shared = keys.filter((key) => !differing.includes(key))
  return html`<h2>Settings</h2>
<p>Enough to run it again; the same is in run.json.</p>
<div class="card">${
    pairs([
      ["tasks", Object.entries(manifest.tasks.counts).map(([name, count]) => `${name} ${count}`).join(", ")],
      ...Object.entries(manifest.tasks.provenance).map(([name, value]) => [`tasks, ${name}`, value] as const),
      ["tasks, SHA-256", html`<code>${manifest.tasks.sha256}</code>`],
      ["vocabulary", html`<code>${manifest.vocabularyHash}</code>`],
      ...(manifest.trainingSeconds === undefined
        ? []
        : [["training time at most", Text.duration(manifest.trainingSeconds)] as const]),
      ...(manifest.evaluation === undefined
        ? []
        : [["evaluation", flatten(manifest.evaluation).map((pair) => pair.join(" ")).join(", ")] as const]),
      ...Object.entries(manifest.options).map(([name, value]) => [`--${name}`, JSON.stringify(value)] as const),
      ...summary.weights.map(({ path, step }) => [`weights after ${step} steps`, html`<code>${path}</code>`] as const)
    ])
  }</div>
<div class="card next"><table class="settings">
<tr><th>stage</th>${manifest.stages.map(({ name }, i) => html`<th>${i + 1} ${name}</th>`)}</tr>
<tr><td>training tasks</td>${cells(manifest.stages.map(({ tasks }) => tasks))}</tr>
<tr><td>over because</td>${
    cells(manifest.stages.map((_, i) => summary.stages[i]?.why ?? "not reached, or not over"))
  }</tr>
${differing.map((key) => html`<tr><td><code>${key}</code></td>${cells(valuesOf(key))}</tr>`)}
</table>
<details class="shared"><summary>${shared.length} settings that ${
    stages.length < 2 ? "it has" : "all stages share"
  }</summary>${pairs(shared.map((key) => [key, stages[0]?.get(key)] as const))}</details></div>`
}
