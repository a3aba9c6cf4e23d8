/**
 * A conversation about tools of your own, in the paper's training protocol: the agent thinks, then calls tools or
 * answers. An answer or the sixth step ends the turn, which is then checked; the conversation goes on whatever the
 * verdict. A message that is neither is told so and counts as a step, and so is JSON that is no call, which in BFCL
 * would end the turn.
 *
 * Augmentation enters by `augment` alone: it words what the agent reads of a failure. Codes and verdicts follow from
 * the standard results.
 */
import { Result, Schema } from "effect"
import { type Augment, type Knowledge, none } from "../Augmentor.ts"
import type { Outcome, Transition, Verdict } from "../Environment.ts"
import { maximumAttempts, parseResponse, resultsText } from "../Protocol.ts"
import { type Called, Failure, type Tool } from "./Tool.ts"

/** A call and what came of it. */
export type Played = Called & { readonly tool: string; readonly arguments: Schema.JsonObject }

/** What an agent did in a turn. */
export interface Turn {
  readonly calls: ReadonlyArray<Played>
  /** Absent when the limit on steps ended the turn. */
  readonly answer?: string
}

/** What a user asks for in a turn; whatever else a check needs to know of it is beside it. */
export interface Request {
  readonly ask: string
}

/** Whether a turn passed, and where it did not, why. */
export type Check = boolean | Omit<Verdict, "turn">

/** What stays the same in a conversation. */
export interface Scene<State, R extends Request> {
  readonly tools: ReadonlyMap<string, Tool<State>>
  readonly knowledge: Knowledge
  /** One for every turn, at least one. */
  readonly requests: ReadonlyArray<R>
  readonly check: (state: State, request: R, turn: Turn) => Check
}

/** A conversation between two steps. Its state moves on with it, so each one is stepped at most once. */
export interface Conversation<State, R extends Request> {
  readonly scene: Scene<State, R>
  readonly state: State
  /** The turn that the agent is in, from 0. */
  readonly turn: number
  /** Steps that this turn has had, malformed ones included. */
  readonly attempts: number
  /** Calls that this turn has had. */
  readonly calls: ReadonlyArray<Played>
}

export interface Step<State, R extends Request> {
  readonly next: Conversation<State, R>
  readonly transition: Transition
}

export const start = <State, R extends Request>(scene: Scene<State, R>, state: State): Conversation<State, R> => ({
  scene,
  state,
  turn: 0,
  attempts: 0,
  calls: []
})

/** A call without `arguments` has none. */
const Call = Schema.Struct({ name: Schema.NonEmptyString, arguments: Schema.optionalKey(Schema.JsonObject) })
type Call = typeof Call.Type

const decodeCalls = Schema.decodeUnknownResult(
  Schema.fromJsonString(Schema.Union([Call, Schema.NonEmptyArray(Call)]))
)

const noCalls = "Error: <tool_call> must hold {\"name\": ..., \"arguments\": {...}}, or a list of these."

type Said =
  | { readonly kind: "calls"; readonly calls: ReadonlyArray<Call> }
  | { readonly kind: "answer"; readonly text: string }
  | { readonly kind: "malformed"; readonly error: string }

const parse = (content: string): Said => {
  const response = parseResponse(content)
  if (response.kind === "malformed") return response
  if (response.kind === "answer") return { kind: "answer", text: response.content }
  const calls = decodeCalls(response.content)
  if (Result.isFailure(calls)) return { kind: "malformed", error: noCalls }
  return { kind: "calls", calls: "name" in calls.success ? [calls.success] : calls.success }
}

const unknownTool = (name: string): Called => ({
  ok: false,
  executed: false,
  failure: new Failure("unknown_tool", { message: `There is no tool ${name}.`, subject: { name } })
})

const execute = <State, R extends Request>(
  { scene, state }: Conversation<State, R>,
  { arguments: given = {}, name }: Call
): Played => {
  const called = scene.tools.get(name)?.call(state, given) ?? unknownTool(name)
  // A tool may return a part of its state: the check must see it as it was when the agent did.
  const kept = called.ok ? { ...called, value: structuredClone(called.value) } : called
  return { ...kept, tool: name, arguments: given }
}

/** What the agent reads: a text as it is, other values as JSON; the word of whoever failed, the tool or the executor. */
const textOf = (called: Called, message?: string): string => {
  if (called.ok) return typeof called.value === "string" ? called.value : JSON.stringify(called.value)
  const said = message ?? called.failure.message
  return called.executed ? JSON.stringify({ error: said }) : `Error during execution: ${said}`
}

/** `refund(order="A7", reason="late")`. */
const spell = ({ arguments: given, tool }: Played): string =>
  `${tool}(${Object.entries(given).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(", ")})`

const outcomeOf = (played: Played, augment: Augment, knowledge: Knowledge): Outcome => {
  const { tool } = played
  const call = spell(played)
  const standard = textOf(played)
  if (played.ok) return { call, tool, ok: true, standard, shown: standard }
  const { kind, message, needs, subject } = played.failure
  const hint = augment({ tool, call, kind, subject, message, ...(needs !== undefined && { needs }) }, knowledge)
  return {
    call,
    tool,
    ok: false,
    standard,
    shown: hint === undefined ? standard : textOf(played, hint.message),
    failure: kind,
    ...(hint !== undefined && { hint: hint.rule }),
    ...(hint?.advice !== undefined && { advice: hint.advice })
  }
}

/** The turn is checked, and the next request comes, if there is one. */
const advance = <State, R extends Request>(
  conversation: Conversation<State, R>,
  answer: string | undefined,
  outcomes: ReadonlyArray<Outcome> = []
): Step<State, R> => {
  const { calls, scene: { check, requests }, state, turn } = conversation
  const request = requests[turn]
  if (request === undefined) throw new RangeError(`turn ${turn} of ${requests.length} was stepped`)
  const checked = check(state, request, { calls, ...(answer !== undefined && { answer }) })
  const verdict = typeof checked === "boolean"
    ? { turn, passed: checked, ...(!checked && { failure: "check" }) }
    : { ...checked, turn }
  const next = requests[turn + 1]
  return {
    next: { ...conversation, turn: turn + 1, attempts: 0, calls: [] },
    transition: {
      code: verdict.passed ? 1 : 0,
      messages: next === undefined ? [] : [{ role: "user", content: next.ask }],
      outcomes,
      verdict,
      done: next === undefined
    }
  }
}

/** The turn goes on: the agent reads this, and is asked again. */
const goOn = <State, R extends Request>(
  next: Conversation<State, R>,
  code: -3 | -2 | -1,
  content: string,
  outcomes: ReadonlyArray<Outcome> = []
): Step<State, R> => ({
  next,
  transition: { code, messages: [{ role: "user", content }], outcomes, done: false }
})

/** Plays one assistant message. Throws what a tool or the check throws. */
export const step = <State, R extends Request>(
  conversation: Conversation<State, R>,
  content: string,
  augment: Augment
): Step<State, R> => {
  const said = parse(content)
  if (said.kind === "answer") return advance(conversation, said.text)
  const attempts = conversation.attempts + 1
  const isLast = attempts > maximumAttempts
  if (said.kind === "malformed") {
    return isLast ? advance(conversation, undefined) : goOn({ ...conversation, attempts }, -3, said.error)
  }
  const played = said.calls.map((call) => execute(conversation, call))
  // The step that ends a turn shows no results, so there is nobody to give a hint to.
  const outcomes = played.map((one) => outcomeOf(one, isLast ? none : augment, conversation.scene.knowledge))
  const next = { ...conversation, attempts, calls: [...conversation.calls, ...played] }
  if (isLast) return advance(next, undefined, outcomes)
  const code = played.every((one) => one.ok || one.executed) ? -1 : -2
  return goOn(next, code, resultsText(outcomes.map(({ shown }) => shown)), outcomes)
}
