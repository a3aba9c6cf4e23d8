/**
 * An attempted episode as one line of a run's record: complete, and small enough to keep
 * every one of them.
 *
 * What follows from something else is left out: a prompt that extends the context before it
 * is stored as what it adds, a result that was shown as it was is stored once, and a task is
 * named, not repeated. Log-probs keep four decimals.
 */
import { Schema } from "effect"
import { Advice } from "./Augmentor.ts"
import type { Outcome, Verdict } from "./Environment.ts"
import type { Episode, Step } from "./Episode.ts"
import type { Message } from "./Message.ts"
import { type SampledTokens, Usage } from "./Policy.ts"
import type { Score } from "./Reward.ts"
import type { Attempted } from "./RunStore.ts"
import { extendsStep } from "./Segment.ts"
import { Part } from "./Task.ts"

export const MessageRecord = Schema.Struct({
  role: Schema.Literals(["system", "user", "assistant", "tool"]),
  content: Schema.String,
  reasoning: Schema.optionalKey(Schema.String),
  toolCalls: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({ id: Schema.optionalKey(Schema.String), name: Schema.String, arguments: Schema.String })
    )
  ),
  toolCallId: Schema.optionalKey(Schema.String),
  name: Schema.optionalKey(Schema.String)
})

const OutcomeRecord = Schema.Struct({
  call: Schema.String,
  tool: Schema.optionalKey(Schema.String),
  ok: Schema.Boolean,
  standard: Schema.String,
  /** Absent when the agent was told `standard`. */
  shown: Schema.optionalKey(Schema.String),
  failure: Schema.optionalKey(Schema.String),
  hint: Schema.optionalKey(Schema.String),
  advice: Schema.optionalKey(Advice)
})
export type OutcomeRecord = typeof OutcomeRecord.Type

const VerdictRecord = Schema.Struct({
  turn: Schema.Natural,
  passed: Schema.Boolean,
  failure: Schema.optionalKey(Schema.String),
  detail: Schema.optionalKey(Schema.String),
  expected: Schema.optionalKey(Schema.Array(Schema.String))
})

const Ids = Schema.Array(Schema.Int)

/** `extension`: the prompt is the step's before, its completion, and these. `prompt`: it is these alone. */
const TokensRecord = Schema.Struct({
  prompt: Schema.optionalKey(Ids),
  extension: Schema.optionalKey(Ids),
  completion: Ids,
  logprobs: Schema.Array(Schema.Finite)
})

const StepRecord = Schema.Struct({
  turn: Schema.Natural,
  /** The messages that were new to the agent. */
  observed: Schema.Array(MessageRecord),
  /** The assistant's message. */
  said: MessageRecord,
  stop: Schema.Literals(["stop", "length", "context"]),
  tokens: Schema.optionalKey(TokensRecord),
  usage: Schema.optionalKey(Usage),
  code: Schema.Literals([-3, -2, -1, 0, 1]),
  outcomes: Schema.Array(OutcomeRecord),
  verdict: Schema.optionalKey(VerdictRecord)
})
export type StepRecord = typeof StepRecord.Type

const ScoreRecord = Schema.Union([
  Schema.Struct({
    total: Schema.Finite,
    terms: Schema.Record(Schema.String, Schema.Finite),
    /** Absent where the rule did not say them, and in records of before they were kept. */
    weights: Schema.optionalKey(Schema.Record(Schema.String, Schema.Finite)),
    perTurn: Schema.Array(Schema.Finite)
  }),
  Schema.Struct({ unscorable: Schema.String })
])

const FateRecord = Schema.Union([
  Schema.Struct({ _tag: Schema.tag("Trained"), advantage: Schema.Finite }),
  Schema.Struct({ _tag: Schema.tag("Filtered"), cause: Schema.String }),
  Schema.Struct({ _tag: Schema.tag("Failed"), cause: Schema.String, detail: Schema.String })
])

export const EpisodeRecord = Schema.Struct({
  id: Schema.String,
  stage: Schema.String,
  step: Schema.Natural,
  member: Schema.Natural,
  task: Schema.Struct({ id: Schema.String, category: Schema.String, scenario: Schema.String, part: Part }),
  seed: Schema.Natural,
  attempts: Schema.Natural,
  fate: FateRecord,
  /** Absent, as everything of the episode is, when it failed. */
  finished: Schema.optionalKey(Schema.Struct({
    turns: Schema.Natural,
    stop: Schema.Literals(["completed", "context", "steps"]),
    score: ScoreRecord,
    steps: Schema.Array(StepRecord),
    /** Messages the agent had no room or no step left to answer. */
    unanswered: Schema.optionalKey(Schema.Array(MessageRecord))
  }))
}).annotate({ identifier: "envtune/EpisodeRecord" })
export type EpisodeRecord = typeof EpisodeRecord.Type

const rounded = (value: number): number => Math.round(value * 1e4) / 1e4

/** The tools that a message brings follow from the task. */
const messageRecord = (message: Message): typeof MessageRecord.Type => {
  const { tools: _, ...record } = message
  return record
}

const outcomeRecord = ({ shown, ...outcome }: Outcome): OutcomeRecord => ({
  ...outcome,
  ...(shown !== outcome.standard && { shown })
})

const verdictRecord = ({ detail, expected, failure, passed, turn }: Verdict): typeof VerdictRecord.Type => ({
  turn,
  passed,
  ...(failure !== undefined && { failure }),
  ...(detail !== undefined && { detail }),
  ...(expected !== undefined && { expected })
})

const scoreRecord = (score: Score): typeof ScoreRecord.Type => {
  if (score._tag === "Unscorable") return { unscorable: score.reason }
  const { perTurn, terms, total, weights } = score
  return { total, terms, ...(weights !== undefined && { weights }), perTurn }
}

const tokensRecord = (tokens: SampledTokens, before: SampledTokens | undefined): typeof TokensRecord.Type => ({
  ...(before !== undefined && extendsStep(tokens.prompt, before)
    ? { extension: Array.from(tokens.prompt.subarray(before.prompt.length + before.completion.length)) }
    : { prompt: Array.from(tokens.prompt) }),
  completion: Array.from(tokens.completion),
  logprobs: Array.from(tokens.logprobs, rounded)
})

const stepRecord = (step: Step, before: Step | undefined): StepRecord => {
  const { completion: { message, stop, tokens, usage }, observed, transition, turn } = step
  return {
    turn,
    observed: observed.map(messageRecord),
    said: message,
    stop,
    ...(tokens !== undefined && { tokens: tokensRecord(tokens, before?.completion.tokens) }),
    ...(usage !== undefined && { usage }),
    code: transition.code,
    outcomes: transition.outcomes.map(outcomeRecord),
    ...(transition.verdict !== undefined && { verdict: verdictRecord(transition.verdict) })
  }
}

export const make = (attempted: Attempted): EpisodeRecord => {
  const { attempts, fate, finished, id, member, seed, stage, step, task } = attempted
  const unanswered = finished?.episode.steps.at(-1)?.transition.messages ?? []
  return {
    id,
    stage,
    step,
    member,
    task: { id: task.id, category: task.category, scenario: task.scenario, part: task.part },
    seed,
    attempts,
    fate,
    ...(finished !== undefined && {
      finished: {
        turns: finished.episode.turns,
        stop: finished.episode.stop,
        score: scoreRecord(finished.score),
        steps: finished.episode.steps.map((step, i, steps) => stepRecord(step, steps[i - 1])),
        ...(unanswered.length > 0 && { unanswered: unanswered.map(messageRecord) })
      }
    })
  }
}

/** The sampled tokens of every step, prompts whole again; `undefined` where the sampler had none. */
export const tokens = (record: EpisodeRecord): ReadonlyArray<SampledTokens | undefined> => {
  let before: SampledTokens | undefined
  return (record.finished?.steps ?? []).map((step) => {
    if (step.tokens === undefined) return before = undefined
    const { completion, extension, logprobs, prompt } = step.tokens
    const context = prompt ?? [...before?.prompt ?? [], ...before?.completion ?? [], ...extension ?? []]
    return before = {
      prompt: Int32Array.from(context),
      completion: Int32Array.from(completion),
      logprobs: Float32Array.from(logprobs)
    }
  })
}

/**
 * The episode again, as far as the record has it: its task has no payload, and messages do not say which tools they
 * bring. Nothing for one that failed.
 */
export const episode = (record: EpisodeRecord): Episode | undefined => {
  const { finished, seed } = record
  if (finished === undefined) return undefined
  const { stop, turns, unanswered = [] } = finished
  const sampled = tokens(record)
  const steps = finished.steps.map((step, i): Step => {
    const next = finished.steps[i + 1]
    const tokens = sampled[i]
    return {
      turn: step.turn,
      observed: step.observed,
      completion: { message: step.said, stop: step.stop, ...(tokens !== undefined && { tokens }) },
      transition: {
        code: step.code,
        messages: next?.observed ?? unanswered,
        outcomes: step.outcomes.map((outcome) => ({ ...outcome, shown: shown(outcome) })),
        ...(step.verdict !== undefined && { verdict: step.verdict }),
        done: next === undefined && stop === "completed"
      }
    }
  })
  return { task: { ...record.task, payload: null }, seed, turns, steps, stop }
}

/** The score again; nothing for an episode that failed. */
export const score = ({ finished }: EpisodeRecord): Score | undefined => {
  if (finished === undefined) return undefined
  return "unscorable" in finished.score
    ? { _tag: "Unscorable", reason: finished.score.unscorable }
    : { _tag: "Scored", ...finished.score }
}

/** What the agent was told about a call. */
export const shown = (outcome: OutcomeRecord): string => outcome.shown ?? outcome.standard
