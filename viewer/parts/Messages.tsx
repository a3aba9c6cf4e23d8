import type { OutcomeRecord, StepRecord } from "../../src/domain/EpisodeRecord.ts"
import { LongText } from "./LongText.tsx"

export type Message = StepRecord["observed"][number]

/** A message in the protocol's tags: what was thought, what was answered, and whatever is neither. */
export const partsOf = ({ content, toolCalls }: Message) => {
  const thought = /<think>([\s\S]*?)<\/think>/.exec(content)?.[1]?.trim() ?? ""
  const answer = /<answer>([\s\S]*?)<\/answer>/.exec(content)?.[1]?.trim()
  const rest = content
    .replace(/<think>[\s\S]*?<\/think>/, "")
    .replace(/<answer>[\s\S]*?<\/answer>/, "")
    .trim()
  const calls = (toolCalls ?? []).map((call) => `${call.name}(${call.arguments})`)
  return { thought, answer, rest: [rest, ...calls].filter((text) => text !== "").join("\n") }
}

/** Beginning and end that two texts have in common, and what is between. */
const between = (before: string, after: string) => {
  const most = Math.min(before.length, after.length)
  let start = 0
  while (start < most && before[start] === after[start]) start++
  let end = 0
  while (end < most - start && before.at(-1 - end) === after.at(-1 - end)) end++
  return {
    start: before.slice(0, start),
    removed: before.slice(start, before.length - end),
    added: after.slice(start, after.length - end),
    end: end === 0 ? "" : before.slice(-end)
  }
}

/** What a tool says, and what the augmentor made of it. */
const Told = ({ outcome }: { outcome: OutcomeRecord }) => {
  const shown = outcome.shown ?? outcome.standard
  if (outcome.hint === undefined) return <pre class="result"><LongText text={shown} /></pre>
  const { added, end, removed, start } = between(outcome.standard, shown)
  return (
    <div class="told">
      <p class="rule">{outcome.hint}</p>
      <pre class="result">
        <LongText text={start} />
        {removed !== "" && <del><LongText text={removed} /></del>}
        <ins><LongText text={added} /></ins>
        <LongText text={end} />
      </pre>
    </div>
  )
}

/** A call and what came back. */
export const Outcome = ({ outcome }: { outcome: OutcomeRecord }) => (
  <div class={`outcome ${outcome.ok ? "ok" : "failed"}`}>
    <p class="call">
      <span class={`mark ${outcome.ok ? "good" : "bad"}`}>{outcome.ok ? "\u2192" : "\u2717"}</span>
      <code>
        <LongText text={outcome.call} most={600} />
      </code>
      {outcome.failure !== undefined && <small class="bad">{outcome.failure}</small>}
    </p>
    <Told outcome={outcome} />
  </div>
)

/** What somebody said, as text and nothing else. */
export const Said = ({ message }: { message: Message }) => (
  <div class={`said ${message.role}`}>
    <span class="role">{message.role}</span>
    <pre><LongText text={message.content} /></pre>
  </div>
)
