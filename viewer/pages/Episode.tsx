import { useEffect, useMemo, useRef, useState } from "preact/hooks"
import type { Diagnosis } from "../../src/domain/Diagnosis.ts"
import type { EpisodeRecord, StepRecord } from "../../src/domain/EpisodeRecord.ts"
import type { Leaf, States, Token } from "../../src/programs/viewer/wire.ts"
import { address, useAnswer } from "../api.ts"
import { signed, words } from "../format.ts"
import { useKeys } from "../keys.ts"
import { Outcome, partsOf, Said } from "../parts/Messages.tsx"
import { Notice } from "../parts/Notice.tsx"
import { Changes, State } from "../parts/State.tsx"
import { Tokens } from "../parts/Tokens.tsx"
import { go, link } from "../route.ts"
import type { Shown } from "../shown.ts"

type Finished = NonNullable<EpisodeRecord["finished"]>

const fateText = ({ fate }: EpisodeRecord): string => {
  switch (fate._tag) {
    case "Trained":
      return `trained on, advantage ${signed(fate.advantage)}`
    case "Filtered":
      return `not trained on: ${words(fate.cause)}`
    case "Failed":
      return `failed: ${fate.cause}, ${fate.detail}`
  }
}

const termText = ([name, value]: readonly [string, number]): string => `${name} ${value.toFixed(3)}`

/** `1.100 = 0.9 \u00d7 progress 1.000 + 0.1 \u00d7 form 2.000 (form.tool 1.000)`; older records have terms without weights. */
export const Terms = ({ score }: { score: Finished["score"] }) => {
  if ("unscorable" in score) return <>unscorable: {score.unscorable}</>
  const terms = Object.entries(score.terms)
  const { weights } = score
  const reward = (
    <>
      reward <b>{score.total.toFixed(3)}</b>
    </>
  )
  if (weights === undefined) return <>{reward} of {terms.map(termText).join(", ")}</>
  const beside = terms.filter(([name]) => !Object.hasOwn(weights, name))
  return (
    <>
      {reward} = {Object.entries(weights).map(([name, weight], i) => (
        <span key={name}>
          {i > 0 && " + "}
          {weight !== 1 && <span class="muted">{weight} {"\u00d7"}{" "}</span>}
          {termText([name, score.terms[name] ?? 0])}
        </span>
      ))}
      {beside.length > 0 && <span class="muted">{` (${beside.map(termText).join(", ")})`}</span>}
    </>
  )
}

/** Results of calls come back as messages, too; they are shown with their calls, and not twice. */
const repeats = (before: StepRecord | undefined): boolean =>
  before !== undefined && before.outcomes.length > 0 && before.verdict === undefined

interface StepProps {
  readonly at: number
  readonly focused: boolean
  readonly raw: boolean
  readonly states: States | undefined
  readonly step: StepRecord
  readonly tokens: ReadonlyArray<Token> | undefined
}

const Step = ({ at, focused, raw, states, step, tokens }: StepProps) => {
  const { answer, rest, thought } = partsOf(step.said)
  const state = states?.steps[at]
  const { verdict } = step
  return (
    <div class={`step${focused ? " focused" : ""}`} id={`step-${at}`}>
      <div class="happened">
        <span class="number muted" title={`step code ${step.code}`}>{at}</span>
        {raw ? <Said message={step.said} /> : (
          <>
            {thought !== "" && <p class="thought">{thought}</p>}
            {answer !== undefined && <p class="answered">{answer === "" ? "(an empty answer)" : answer}</p>}
            {step.code === -3 && (
              <p class="bad">malformed{step.stop === "stop" ? "" : `, cut by the limit of ${step.stop}`}</p>
            )}
            {(step.outcomes.length === 0 && rest !== "") && <Said message={{ role: "assistant", content: rest }} />}
          </>
        )}
        {tokens !== undefined && <Tokens tokens={tokens} />}
        {step.outcomes.map((outcome, i) => <Outcome key={i} outcome={outcome} />)}
        {verdict !== undefined && (
          <p class={`verdict ${verdict.passed ? "good" : "bad"}`}>
            turn {verdict.turn + 1} {verdict.passed ? "passed" : "failed"}
            {verdict.failure !== undefined && `: ${words(verdict.failure)}`}
            {verdict.detail !== undefined && <span class="detail">{verdict.detail}</span>}
          </p>
        )}
      </div>
      <div class="after">
        {state !== undefined && (
          <>
            {!state.same && <p class="bad">played again, its calls come back with other results</p>}
            {state.changed > 0 && <Changes all={state.changed} changes={state.changes} />}
            {state.changed === 0 && step.outcomes.length > 0 && <p class="muted">no change</p>}
            {state.missed > 0 && verdict !== undefined && (
              <details class="missing" open>
                <summary>{state.missed} away from the ground truth&rsquo;s state</summary>
                <Changes all={state.missed} changes={state.missing} />
              </details>
            )}
            {state.missed > 0 && verdict === undefined && (
              <details class="missing">
                <summary class="muted">{state.missed} to go</summary>
                <Changes all={state.missed} changes={state.missing} />
              </details>
            )}
            {state.missed === 0 && step.outcomes.length > 0 && <p class="good">as the ground truth leaves it</p>}
          </>
        )}
      </div>
    </div>
  )
}

const Turn = ({ diagnosis, finished, states, turn }: {
  diagnosis: Diagnosis | undefined
  finished: Finished
  states: States | undefined
  turn: number
}) => {
  const verdict = finished.steps.find((step) => step.verdict?.turn === turn)?.verdict
  const truth = states?.truth[turn]
  return (
    <h2 class="turn">
      <span>
        Turn {turn + 1} <small class="muted">of {finished.turns}</small>
      </span>
      {verdict === undefined
        ? <small class="muted">did not end</small>
        : (
          <small class={verdict.passed ? "good" : "bad"}>
            {verdict.passed ? "passed" : words(verdict.failure ?? "failed")}
          </small>
        )}
      {diagnosis !== undefined && (
        <small class="diagnosis" title="from its calls, its check and the calls of the ground truth">
          why: {words(diagnosis.label)}
        </small>
      )}
      {truth !== undefined && (
        <small class="truth muted">
          ground truth: {truth.length === 0 ? "no call" : <code>{truth.join("  ")}</code>}
        </small>
      )}
    </h2>
  )
}

const FullState = ({ close, id, run, steps }: { close: () => void; id: string; run: number; steps: number }) => {
  const { error, value } = useAnswer<ReadonlyArray<Leaf>>(address("state", { run, id, steps }))
  return (
    <aside class="fullstate" aria-label="State">
      <header>
        <b>State after step {steps - 1}</b>{" "}
        <button type="button" onClick={close}>
          close <kbd>s</kbd>
        </button>
      </header>
      {error !== undefined && <Notice>{error}</Notice>}
      {value !== undefined && <State leaves={value} />}
    </aside>
  )
}

const Conversation = (
  { finished, id, route: { query, run } }: { finished: Finished; id: string; route: Shown["route"] }
) => {
  const [focus, setFocus] = useState(Number(query.get("step") ?? 0))
  const [showTokens, setShowTokens] = useState(false)
  const [showState, setShowState] = useState(false)
  const [raw, setRaw] = useState(false)
  const { error, value: states } = useAnswer<States>(address("states", { run, id }))
  const { value: diagnoses } = useAnswer<ReadonlyArray<Diagnosis>>(address("diagnoses", { run, id }))
  const { value: tokens } = useAnswer<ReadonlyArray<ReadonlyArray<Token>>>(
    showTokens ? address("tokens", { run, id }) : undefined
  )
  const first = useRef(true)
  useEffect(() => {
    // A link to an episode begins at its top, one to a step at the step.
    if (!first.current || focus > 0) document.querySelector(`#step-${focus}`)?.scrollIntoView({ block: "nearest" })
    first.current = false
  }, [focus])
  const last = finished.steps.length - 1
  useKeys([
    { keys: ["j", "ArrowDown"], does: "Next step", act: () => setFocus((at) => Math.min(last, at + 1)) },
    { keys: ["k", "ArrowUp"], does: "Step before", act: () => setFocus((at) => Math.max(0, at - 1)) },
    { keys: ["t"], does: "Tokens with their log-probs", act: () => setShowTokens((shown) => !shown) },
    { keys: ["s"], does: "The whole state after the step", act: () => setShowState((shown) => !shown) },
    { keys: ["w"], does: "Messages word for word", act: () => setRaw((shown) => !shown) }
  ])
  const turns = Map.groupBy(finished.steps.map((step, at) => ({ step, at })), ({ step }) => step.turn)
  return (
    <div class={showState ? "with state" : "with"}>
      <div class="conversation">
        {error !== undefined && <p class="muted aside">No states: {error}.</p>}
        {Array.from(turns, ([turn, steps]) => (
          <section key={turn}>
            <Turn
              diagnosis={diagnoses?.find((one) => one.turn === turn)}
              finished={finished}
              states={states}
              turn={turn}
            />
            {steps.map(({ at, step }) => (
              <div key={at} onClick={() => setFocus(at)}>
                {(raw || !repeats(finished.steps[at - 1])) && step.observed.map((message, i) =>
                  message.role === "system"
                    ? (
                      <details key={i} class="system">
                        <summary class="muted">system message, {message.content.length} characters</summary>
                        <Said message={message} />
                      </details>
                    )
                    : <Said key={i} message={message} />
                )}
                <Step at={at} focused={at === focus} raw={raw} states={states} step={step} tokens={tokens?.[at]} />
              </div>
            ))}
          </section>
        ))}
        {finished.unanswered?.map((message, i) => <Said key={i} message={message} />)}
        <p class="muted">
          ended: {finished.stop === "completed" ? "the task was over" : `the limit of ${finished.stop}`}
        </p>
      </div>
      {showState && <FullState close={() => setShowState(false)} id={id} run={run} steps={focus + 1} />}
    </div>
  )
}

/** One episode, to read. */
export const Episode = ({ progress, route }: Shown) => {
  const { id, run } = route
  const { error, value: record } = useAnswer<EpisodeRecord>(address("episode", { run, id }), progress?.read)
  // The record of an episode does not change; only whether it has been read yet does.
  const known = useRef<EpisodeRecord | undefined>(undefined)
  if (record?.id === id) known.current = record
  const shown = known.current
  const [group, member] = useMemo(() => {
    const at = id.lastIndexOf("/")
    return [id.slice(0, at), Number(id.slice(at + 1))]
  }, [id])
  useKeys([
    { keys: ["]"], does: "Next member of the group", act: () => go(link(run, "episode", `${group}/${member + 1}`)) },
    { keys: ["["], does: "Member before", act: () => member > 0 && go(link(run, "episode", `${group}/${member - 1}`)) },
    { keys: ["u"], does: "Up to the group", act: () => go(link(run, "group", id)) }
  ])
  if (shown === undefined) {
    return error === undefined || (progress !== undefined && progress.read < progress.size)
      ? <p class="muted">reading{"\u2026"}</p>
      : <Notice>{error}</Notice>
  }
  const { finished, stage, step, task } = shown
  return (
    <>
      <header class="top">
        <p class="muted">
          <a href={link(run, "group", id)}>{task.id}</a> {"\u00b7"} {task.category} {"\u00b7"} {stage}, step{" "}
          {step}, member {member}
          {shown.attempts > 1 && ` \u00b7 ${shown.attempts} attempts`} {"\u00b7"} seed {shown.seed}
        </p>
        <p>
          {finished !== undefined && <Terms score={finished.score} />}
          <span class="muted">{" \u00b7 "}{fateText(shown)}</span>
        </p>
      </header>
      {finished === undefined
        ? <Notice>{fateText(shown)}</Notice>
        : <Conversation finished={finished} id={id} route={route} />}
    </>
  )
}
