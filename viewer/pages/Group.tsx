import { useMemo, useState } from "preact/hooks"
import type { EpisodeRecord, StepRecord } from "../../src/domain/EpisodeRecord.ts"
import { address, useAnswer } from "../api.ts"
import { signed, words } from "../format.ts"
import { useKeys } from "../keys.ts"
import { LongText } from "../parts/LongText.tsx"
import { partsOf } from "../parts/Messages.tsx"
import { Notice } from "../parts/Notice.tsx"
import { go, link } from "../route.ts"
import type { Shown } from "../shown.ts"

/** Something a member did: a call, an answer, or a message that cannot be read. */
interface Act {
  readonly step: number
  /** What is compared. */
  readonly text: string
  readonly short: string
  readonly kind: "ok" | "failed" | "answer" | "malformed"
  readonly hinted: boolean
}

const actsOf = (step: StepRecord, at: number): ReadonlyArray<Act> => {
  if (step.outcomes.length > 0) {
    return step.outcomes.map(({ call, hint, ok }) => ({
      step: at,
      text: call,
      short: call.split("(")[0] ?? call,
      kind: ok ? "ok" : "failed",
      hinted: hint !== undefined
    }))
  }
  const { answer, rest } = partsOf(step.said)
  const malformed = step.code === -3
  return [{
    step: at,
    text: answer ?? rest,
    short: malformed ? "malformed" : "answer",
    kind: malformed ? "malformed" : "answer",
    hinted: false
  }]
}

/** The acts of each turn. */
const playOf = ({ finished }: EpisodeRecord): ReadonlyArray<ReadonlyArray<Act>> =>
  Array.from(
    { length: finished?.turns ?? 0 },
    (_, turn) => (finished?.steps ?? []).flatMap((step, at) => step.turn === turn ? actsOf(step, at) : [])
  )

const rewardOf = ({ finished }: EpisodeRecord): number | undefined =>
  finished !== undefined && "total" in finished.score ? finished.score.total : undefined

/** Acts in one order, turns kept apart: where two members stop doing the same. */
const divergence = (play: ReadonlyArray<ReadonlyArray<Act>>, other: ReadonlyArray<ReadonlyArray<Act>>): number => {
  const texts = (one: ReadonlyArray<ReadonlyArray<Act>>) =>
    one.flatMap((acts, turn) => acts.map(({ text }) => `${turn} ${text}`))
  const [own, others] = [texts(play), texts(other)]
  const at = own.findIndex((text, i) => text !== others[i])
  return at < 0 ? own.length : at
}

const admitted = (members: ReadonlyArray<EpisodeRecord>): string => {
  const rewards = members.flatMap((member) => rewardOf(member) ?? [])
  const fates = new Set(members.map(({ fate }) => fate._tag === "Trained" ? "trained" : fate.cause))
  const [low, high] = [Math.min(...rewards), Math.max(...rewards)]
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / Math.max(1, rewards.length)
  const spread = Math.sqrt(
    rewards.reduce((sum, reward) => sum + (reward - mean) ** 2, 0) / Math.max(1, rewards.length - 1)
  )
  const range = `rewards from ${low.toFixed(2)} to ${high.toFixed(2)}, mean ${mean.toFixed(3)}, standard deviation ${
    spread.toFixed(3)
  }`
  if (fates.has("trained")) return `Admitted: its rewards differ; ${range}.`
  if (fates.has("no_signal")) {
    return `Not trained on: every member has reward ${low.toFixed(2)}, so none is better than another.`
  }
  return `Not trained on: ${[...fates].map(words).join(", ")}.`
}

/** Ground that says how much, of the most there is in the group. */
const heat = (value: number | undefined, most: number) => ({
  backgroundColor: value === undefined
    ? "transparent"
    : `color-mix(in srgb, var(${value < 0 ? "--bad" : "--c0"}) ${
      Math.abs(value) / Math.max(most, 1e-9) * 45
    }%, transparent)`
})

const Acts = (
  { acts, from, id, run, same }: { acts: ReadonlyArray<Act>; from: number; id: string; run: number; same: number }
) => (
  <>
    {acts.map((act, i) => (
      <a
        key={i}
        class={`act ${act.kind}${from + i < same ? " same" : from + i === same ? " diverges" : ""}`}
        href={link(run, "episode", id, { step: act.step })}
        title={act.text}
      >
        {act.short}
        {act.hinted && <sup>h</sup>}
      </a>
    ))}
  </>
)

const Members = ({ members, run }: { members: ReadonlyArray<EpisodeRecord>; run: number }) => {
  const [byReward, setByReward] = useState(true)
  const [at, setAt] = useState(0)
  const ordered = useMemo(
    () =>
      byReward
        ? members.toSorted((a, b) => (rewardOf(b) ?? -Infinity) - (rewardOf(a) ?? -Infinity) || a.member - b.member)
        : members,
    [members, byReward]
  )
  const plays = useMemo(() => new Map(members.map((member) => [member.id, playOf(member)])), [members])
  const best = ordered.reduce<EpisodeRecord | undefined>(
    (found, member) =>
      (rewardOf(member) ?? -Infinity) > (found === undefined ? -Infinity : rewardOf(found) ?? -Infinity)
        ? member
        : found,
    undefined
  )
  const reference = plays.get(best?.id ?? "") ?? []
  const terms = [
    ...new Set(
      members.flatMap(({ finished }) =>
        finished !== undefined && "terms" in finished.score ? Object.keys(finished.score.terms) : []
      )
    )
  ]
  const weights = members
    .map(({ finished }) => finished !== undefined && "weights" in finished.score ? finished.score.weights : undefined)
    .find((known) => known !== undefined) ?? {}
  const turns = Math.max(0, ...members.map(({ finished }) => finished?.turns ?? 0))
  const mostReward = Math.max(...members.map((member) => Math.abs(rewardOf(member) ?? 0)))
  // Faint, so that text in the cells stays easy to read.
  const mostWorth = 2 *
    Math.max(
      ...members.flatMap(({ finished }) =>
        finished !== undefined && "perTurn" in finished.score ? finished.score.perTurn : [0]
      )
    )
  const mostAdvantage = Math.max(...members.map(({ fate }) => fate._tag === "Trained" ? Math.abs(fate.advantage) : 0))
  useKeys([
    { keys: ["j", "ArrowDown"], does: "Next member", act: () => setAt((row) => Math.min(ordered.length - 1, row + 1)) },
    { keys: ["k", "ArrowUp"], does: "Member before", act: () => setAt((row) => Math.max(0, row - 1)) },
    {
      keys: ["Enter", "o"],
      does: "Open",
      act: () => ordered[at] !== undefined && go(link(run, "episode", ordered[at].id))
    },
    { keys: ["r"], does: "By reward, or in order", act: () => setByReward((on) => !on) }
  ])
  return (
    <div class="wide">
      <table class="members">
        <thead>
          <tr>
            <th class="n">m</th>
            <th class="n">reward</th>
            {terms.map((term) => {
              const weight = weights[term] ?? 1
              return <th key={term} class="n">{weight === 1 ? term : `${weight} \u00d7 ${term}`}</th>
            })}
            <th class="n">adv.</th>
            {Array.from({ length: turns }, (_, turn) => <th key={turn}>turn {turn + 1}</th>)}
          </tr>
        </thead>
        <tbody>
          {ordered.map((member, row) => {
            const { fate, finished, id } = member
            const score = finished !== undefined && "total" in finished.score ? finished.score : undefined
            const play = plays.get(id) ?? []
            const same = member.id === best?.id ? Infinity : divergence(play, reference)
            let before = 0
            return (
              <tr key={id} class={row === at ? "selected" : ""}>
                <td class="n">
                  <a href={link(run, "episode", id)}>{member.member}</a>
                </td>
                <td class="n" style={heat(score?.total, mostReward)}>{score?.total.toFixed(2) ?? "\u2013"}</td>
                {terms.map((term) => (
                  <td key={term} class="n" style={heat(score?.terms[term], 1)}>
                    {score?.terms[term]?.toFixed(2) ?? ""}
                  </td>
                ))}
                <td class="n" style={heat(fate._tag === "Trained" ? fate.advantage : undefined, mostAdvantage)}>
                  {fate._tag === "Trained" ? signed(fate.advantage) : ""}
                </td>
                {finished === undefined && (
                  <td class="bad" colSpan={turns}>{fate._tag === "Failed" ? `${fate.cause}: ${fate.detail}` : ""}</td>
                )}
                {play.map((acts, turn) => {
                  const verdict = finished?.steps.find((step) => step.verdict?.turn === turn)?.verdict
                  const from = before
                  before += acts.length
                  const worth = score?.perTurn[turn] ?? 0
                  return (
                    <td key={turn} class="acts" style={heat(worth, mostWorth)}>
                      <Acts acts={acts} from={from} id={id} run={run} same={same} />
                      {verdict !== undefined && (
                        <span
                          class={`mark ${verdict.passed ? "good" : "bad"}`}
                          title={`${verdict.failure ?? "passed"} ${verdict.detail ?? ""}; worth ${worth}`}
                        >
                          {verdict.passed ? "\u2713" : `\u2717 ${words(verdict.failure ?? "")}`}
                        </span>
                      )}
                      {verdict === undefined && (
                        <span class="muted">{acts.length === 0 ? "not reached" : "did not end"}</span>
                      )}
                    </td>
                  )
                })}
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

/** The episodes of one task by one policy, side by side. */
export const Group = ({ progress, route: { id, run } }: Shown) => {
  const complete = progress !== undefined && progress.read >= progress.size
  const { error, value: members } = useAnswer<ReadonlyArray<EpisodeRecord>>(
    address("group", { run, id }),
    complete ? "all" : progress?.read
  )
  useKeys([{
    keys: ["u"],
    does: "Up to the step's episodes",
    act: () => go(link(run, "episodes", "", { step: members?.[0]?.step }))
  }])
  if (error !== undefined) return <Notice>{error}</Notice>
  const first = members?.[0]
  if (members === undefined || first === undefined) {
    return <p class="muted">{complete ? "There is no such group." : "reading\u2026"}</p>
  }
  const asked = members.find(({ finished }) => finished !== undefined)?.finished?.steps ?? []
  const users = asked.flatMap(({ observed, turn }, at) =>
    at === 0 || asked[at - 1]?.turn !== turn
      ? observed.filter(({ role }) => role === "user").map(({ content }) => ({ turn, content }))
      : []
  )
  return (
    <>
      <header class="top">
        <h1>{first.task.id}</h1>
        <p class="muted">
          {first.task.category} {"\u00b7"} {first.stage},{" "}
          <a href={link(run, "episodes", "", { step: first.step })}>step {first.step}</a> {"\u00b7"} {members.length}
          {" "}
          members {"\u00b7"} <a href={link(run, "task", first.task.id)}>the task and its ground truth</a> {"\u00b7"}
          {" "}
          <a href={link(run, "episodes", "", { text: `/${first.task.id}/` })}>every episode of it</a>
        </p>
        <p>{admitted(members)}</p>
      </header>
      <ol class="asked">
        {users.map(({ content, turn }) => (
          <li key={turn} value={turn + 1}>
            <LongText text={content} most={400} />
          </li>
        ))}
      </ol>
      <Members members={members} run={run} />
      <p class="muted legend">
        <span>
          Compared with the best member: what is the same is pale,{" "}
          <span class="act ok diverges">the first difference</span> is framed.
        </span>
        <span class="act failed">failed</span> a call that failed <sup>h</sup> with a hint
      </p>
    </>
  )
}
