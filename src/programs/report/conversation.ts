/** An episode as a conversation to read: what was said, what calls came back with, how turns were judged. */
import * as EpisodeRecord from "../../domain/EpisodeRecord.ts"
import type { Shown } from "./digest.ts"
import { type Html, html, type Part } from "./html.ts"

/** Characters of a message that are shown without asking. */
const glance = 600
/** Characters of a message that are on the page at all. */
const most = 8000

const long = (text: string): Part => {
  if (text.length <= glance) return text
  const rest = text.length > most ? `\n... ${text.length - most} more characters are in the record` : ""
  return html`<details><summary>${text.slice(0, glance / 2)}... <em>${text.length} characters</em></summary>${
    text.slice(0, most)
  }${rest}</details>`
}

const outcome = (one: EpisodeRecord.OutcomeRecord): Html => {
  const told = EpisodeRecord.shown(one)
  return html`<div class="outcome ${one.ok ? "ok" : "bad"}">
<code class="call">${one.call}</code>
${
    one.hint === undefined
      ? html`<pre>${long(told)}</pre>`
      : html`<pre class="before">${long(one.standard)}</pre><pre class="hinted"><span class="rule">${one.hint}</span>${
        long(told)
      }</pre>`
  }</div>`
}

const verdict = ({ verdict: given }: EpisodeRecord.StepRecord): Part => {
  if (given === undefined) return undefined
  const why = [given.failure, given.detail].filter((text) => text !== undefined).join(": ")
  return html`<p class="verdict ${given.passed ? "ok" : "bad"}">turn ${given.turn + 1} ${
    given.passed ? "passed" : "failed"
  }${why === "" ? "" : ` \u2013 ${why}`}</p>`
}

const message = (role: string, text: string): Part =>
  role === "system"
    ? html`<details class="system"><summary>system message, ${text.length} characters</summary><pre>${
      text.slice(0, most)
    }</pre></details>`
    : html`<div class="said ${role}"><span class="role">${role}</span><pre>${long(text)}</pre></div>`

type Message = EpisodeRecord.StepRecord["observed"][number]

const assistant = ({ content, toolCalls }: Message): string =>
  [content, ...(toolCalls ?? []).map((call) => `${call.name}(${call.arguments})`)].filter((text) => text !== "").join(
    "\n"
  )

/** Results of calls come back as messages, too; they are shown with their calls, and not twice. */
const repeatsOutcomes = (before: EpisodeRecord.StepRecord | undefined): boolean =>
  before !== undefined && before.outcomes.length > 0 && before.verdict === undefined

const step = (
  one: EpisodeRecord.StepRecord,
  at: number,
  steps: ReadonlyArray<EpisodeRecord.StepRecord>
): Html =>
  html`${repeatsOutcomes(steps[at - 1]) ? undefined : one.observed.map(({ content, role }) => message(role, content))}
${message("assistant", assistant(one.said))}
${one.outcomes.map(outcome)}
${verdict(one)}`

const termText = ([name, value]: readonly [string, number]): string => `${name} ${value.toFixed(3)}`

/** `1.100 = 0.9 \u00d7 progress 1.000 + 0.1 \u00d7 form 2.000 (form.format 1.000)`; all terms alike where weights are not known. */
const scoreText = (score: NonNullable<EpisodeRecord.EpisodeRecord["finished"]>["score"]): string => {
  if ("unscorable" in score) return `unscorable: ${score.unscorable}`
  const terms = Object.entries(score.terms)
  const total = `reward ${score.total.toFixed(3)}`
  const { weights } = score
  if (weights === undefined) return `${total} of ${terms.map(termText).join(", ")}`
  const beside = terms.filter(([name]) => !Object.hasOwn(weights, name))
  const sum = Object.entries(weights).map(([name, weight]) => {
    const term = termText([name, score.terms[name] ?? 0])
    return weight === 1 ? term : `${weight} \u00d7 ${term}`
  })
  return `${total} = ${sum.join(" + ")}${beside.length === 0 ? "" : ` (${beside.map(termText).join(", ")})`}`
}

const fateText = ({ fate }: EpisodeRecord.EpisodeRecord): string => {
  switch (fate._tag) {
    case "Trained":
      return `trained on with advantage ${fate.advantage.toFixed(2)}`
    case "Filtered":
      return `not trained on: ${fate.cause.replaceAll("_", " ")}`
    case "Failed":
      return `failed: ${fate.cause}`
  }
}

export const episode = ({ label, record }: Shown): Html => {
  const { finished, member, stage, step: at, task } = record
  return html`<article class="episode">
<header><b>${label}</b> <span>step ${at}, ${stage}</span>
<p><code>${task.id}</code> <span class="chip">${task.category}</span> member ${member}</p>
<p>${finished === undefined ? "" : scoreText(finished.score)}</p>
<p class="muted">${fateText(record)}</p></header>
<div class="chat">${finished?.steps.map(step)}</div>
</article>`
}
