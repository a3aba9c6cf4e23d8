/**
 * The paper's interaction manager (`env_tuning/interaction`) as a state machine: one assistant message in, the next user
 * text and a step code out.
 *
 * The agent thinks, then calls tools or answers. An answer, an undecodable call or a sixth step ends the turn, which is
 * then checked as BFCL checks it; the conversation goes on whatever the verdict. A turn without ground truth (a tool or a
 * value is missing) passes by an answer and fails by a call, which is not executed.
 *
 * Augmentation enters by `render` alone: it words what the agent reads of a result. Codes and verdicts follow from the
 * standard results.
 */
import { Result } from "effect"
import type { StepCode } from "../Environment.ts"
import { maximumAttempts, parseResponse, type Response, resultsText } from "../Protocol.ts"
import { missingResponses, type StateMismatch, stateMismatch } from "./Check.ts"
import { paperCalls } from "./Decode.ts"
import type { Entry } from "./Entry.ts"
import { execute, type Outcome, stepCode } from "./Execute.ts"
import type { LongContext } from "./LongContext.ts"
import { open, type Session } from "./Session.ts"

/** Said before the next question when tools were called in a turn in which none could help. */
export const warning = "(SYSTEM WARNING: You should not call any function in this turn because certain function " +
  "description(s) or parameter(s) is missing in this turn. Previous turn is forced quit. Current function(s) will not " +
  "be executed.) Next turn question:\n"

/** A call that was executed. */
export interface Call {
  readonly outcome: Outcome
  /** What the agent reads of it; absent when the step ended the turn, which shows no results. */
  readonly shown?: string
}

/** Why a turn failed. */
export type TurnFailure =
  /** The state after it is not the ground truth's. */
  | { readonly kind: "state"; readonly mismatch: StateMismatch }
  /** Results of the ground truth that the agent's calls have not produced. */
  | { readonly kind: "response"; readonly missing: ReadonlyArray<string> }
  /** No step of the turn called anything. */
  | { readonly kind: "no_call" }
  /** A call where a tool or a value was missing. */
  | { readonly kind: "called_when_asked_not_to" }
  /** Malformed messages only, where an answer was due. */
  | { readonly kind: "malformed" }

export interface Verdict {
  readonly turn: number
  readonly passed: boolean
  readonly failure?: TurnFailure
}

/** A conversation between two steps. Its sessions move on with it, so each one is stepped at most once. */
export interface Conversation {
  readonly entry: Entry
  /** The user's text of every turn. */
  readonly questions: ReadonlyArray<string>
  readonly model: Session
  readonly truth: Session
  /** The turn that the agent is in, from 0; the number of turns when it is over. */
  readonly turn: number
  /** Steps that this turn has had, malformed ones included. */
  readonly attempts: number
  /** Standard results of this turn by steps; a step counts once it executed anything. */
  readonly results: ReadonlyArray<ReadonlyArray<string>>
  /** Standard results of the turns before. */
  readonly history: ReadonlyArray<string>
}

export interface Step {
  readonly next: Conversation
  readonly terminate: boolean
  /** What the user says next; empty at the end. */
  readonly content: string
  /** The paper's step code. */
  readonly score: StepCode
  /** The message by its tags, or what is wrong with them. */
  readonly response: Response
  /** Why the content could not be executed, where it was tried. */
  readonly undecodable?: string
  readonly calls: ReadonlyArray<Call>
  /** The verdict on the turn that this step ended. */
  readonly verdict?: Verdict
}

/** Words an executed call's result for the agent. */
export type Render = (outcome: Outcome) => string

export const standard: Render = (outcome) => outcome.text

export interface StartOptions {
  readonly longContext?: LongContext
  /** What the instances are called after; it shows in a result whose text has `name (` in it. */
  readonly modelName?: string
}

/** Opens a conversation. `questions` holds the user's text of every turn (see `Documents.userTexts`). */
export const start = (entry: Entry, questions: ReadonlyArray<string>, options: StartOptions = {}): Conversation => {
  const { longContext, modelName = "model" } = options
  return {
    entry,
    questions,
    model: open(entry, { name: `${modelName}_${entry.id}`, longContext }),
    truth: open(entry, { name: `state_ground_truth_eval_${entry.id}`, longContext }),
    turn: 0,
    attempts: 0,
    results: [],
    history: []
  }
}

const groundTruthOf = (conversation: Conversation): ReadonlyArray<string> =>
  conversation.entry.turns[conversation.turn]?.groundTruth ?? []

/** The check of a turn that has ground truth. Its calls are only executed when the agent's were. */
const judge = ({ entry, history, model, results, truth, turn }: Conversation): Verdict => {
  if (results.length === 0) return { turn, passed: false, failure: { kind: "no_call" } }
  const expected = (entry.turns[turn]?.groundTruth ?? []).map((call) => execute(truth, call).text)
  const mismatch = stateMismatch(model, truth)
  if (mismatch !== undefined) return { turn, passed: false, failure: { kind: "state", mismatch } }
  const missing = missingResponses([...history, ...results.flat()], expected)
  return missing.length === 0 ? { turn, passed: true } : { turn, passed: false, failure: { kind: "response", missing } }
}

/** The turn ends with this verdict, and the next question comes, if there is one. */
const advance = (
  conversation: Conversation,
  verdict: Verdict,
  step: Pick<Step, "response" | "calls" | "undecodable">,
  prefix = ""
): Step => {
  const turn = conversation.turn + 1
  return {
    ...step,
    next: {
      ...conversation,
      turn,
      attempts: 0,
      results: [],
      history: [...conversation.history, ...conversation.results.flat()]
    },
    terminate: turn >= conversation.questions.length,
    content: prefix + (conversation.questions[turn] ?? ""),
    score: verdict.passed ? 1 : 0,
    verdict
  }
}

/** Plays one assistant message. */
export const step = (conversation: Conversation, assistant: string, render: Render = standard): Step => {
  const response = parseResponse(assistant)
  const { turn } = conversation
  const expectsCalls = groundTruthOf(conversation).length > 0
  if (response.kind === "malformed") {
    const attempts = conversation.attempts + 1
    if (attempts <= maximumAttempts) {
      return {
        next: { ...conversation, attempts },
        terminate: false,
        content: response.error,
        score: -3,
        response,
        calls: []
      }
    }
    const verdict: Verdict = expectsCalls
      ? judge(conversation)
      : { turn, passed: false, failure: { kind: "malformed" } }
    return advance(conversation, verdict, { response, calls: [] })
  }
  if (!expectsCalls) {
    return response.kind === "answer"
      ? advance(conversation, { turn, passed: true }, { response, calls: [] })
      : advance(
        conversation,
        { turn, passed: false, failure: { kind: "called_when_asked_not_to" } },
        { response, calls: [] },
        warning
      )
  }
  return play(conversation, response, render)
}

/** Calls and answers alike are decoded and executed: an answer is what does not decode, as a rule. */
const play = (conversation: Conversation, response: Response, render: Render): Step => {
  const decoded = paperCalls(response.content)
  if (Result.isFailure(decoded)) {
    const { message, type } = decoded.failure
    return advance(conversation, judge(conversation), { response, calls: [], undecodable: `${type}: ${message}` })
  }
  if (decoded.success.length === 0) return advance(conversation, judge(conversation), { response, calls: [] })
  const outcomes = decoded.success.map((call) => execute(conversation.model, call))
  const results = outcomes.map((outcome) => outcome.text)
  const attempts = conversation.attempts + 1
  const next = { ...conversation, attempts, results: [...conversation.results, results] }
  if (attempts > maximumAttempts) {
    return advance(next, judge(next), { response, calls: outcomes.map((outcome) => ({ outcome })) })
  }
  const calls = outcomes.map((outcome) => ({ outcome, shown: render(outcome) }))
  return {
    next,
    terminate: false,
    content: resultsText(calls.map(({ shown }) => shown)),
    score: stepCode(results),
    response,
    calls
  }
}
