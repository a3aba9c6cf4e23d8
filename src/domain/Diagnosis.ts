/**
 * Why a turn failed, in one word, from what was executed: the calls, how they ended, the check of the turn, and the
 * calls of its ground truth where the environment has one. Nothing is read from what the agent said.
 *
 * Several things may be wrong with a turn. The label is the first of these that holds, in the order in which one wrong
 * makes the next unavoidable: where nothing may be called, no call is right; a message that cannot be read calls nothing;
 * a call that was refused changes nothing; a turn that never ends is no answer; and only of a turn that the agent ended by
 * itself does it make sense to ask which calls it lacks or has too many, and then what its state and results lack.
 */
import { isSame, type LiteralCall, literalCall } from "./bfcl/LiteralCall.ts"
import type { Verdict } from "./Environment.ts"
import type { Trace } from "./Episode.ts"
import type { CallFailureKind } from "./FailureKind.ts"
import { remembered } from "./Memo.ts"

export const labels = [
  /** It called a tool in a turn in which one is missing, or a value, and the user had to be asked. */
  "should_have_asked",
  /** Nothing was executed, and a message could not be read. */
  "malformed",
  /** A tool that does not exist was called, and nothing that ran after it. */
  "unknown_tool",
  /** A call was refused for how its arguments are given, or broke on their types, and the tool did not run after it. */
  "bad_arguments",
  /** A tool answered with an error, and did not run after it. */
  "execution_error",
  /** The agent went on until a limit ended the turn. */
  "hung",
  /** A tool was called less often than in the ground truth. */
  "missing_call",
  /** Every call of the ground truth was made, and others, which left another state. */
  "extra_call",
  /** The state is another one, by other values in this turn or by what an earlier turn did; or a check of one's own failed. */
  "wrong_state",
  /** The results that the turn asks for are not among those of the calls. */
  "missing_response"
] as const

export type Label = (typeof labels)[number]

/** A turn that failed. */
export interface Diagnosis {
  readonly turn: number
  readonly label: Label
}

/** Siblings make the same calls, and all of them have the same ground truth. */
const remember = remembered((call) => ({ literal: literalCall(call) }))
const read = (call: string): LiteralCall | undefined => remember(call).literal

type TraceStep = Trace["steps"][number]
type Call = TraceStep["outcomes"][number] & { readonly read: LiteralCall | undefined }

const isSameCall = (a: LiteralCall | undefined, b: LiteralCall | undefined): boolean =>
  a !== undefined && b !== undefined && isSame(a, b)

/** What is left of `calls` once each of `others` has taken one that is the same. */
const without = <A>(calls: ReadonlyArray<A>, others: ReadonlyArray<A>, same: (a: A, b: A) => boolean): Array<A> => {
  const left = [...calls]
  for (const other of others) {
    const at = left.findIndex((call) => same(call, other))
    if (at >= 0) left.splice(at, 1)
  }
  return left
}

const ofCalling: ReadonlySet<string> = new Set<CallFailureKind>([
  "missing_argument",
  "unexpected_argument",
  "duplicate_argument",
  "too_many_arguments",
  "syntax_error",
  "python_error"
])

const isUnknown = ({ failure }: Call): boolean => failure === "unknown_tool" || failure === "forbidden"

type Expected = ReadonlyArray<LiteralCall | undefined> | undefined

/**
 * The label of the first call that failed and was not made good, if the turn needed its tool. Of BFCL's ground truth,
 * 20 of 4625 calls fail themselves: such a call is taken for the mistake in a turn that failed by something else.
 */
const refused = (calls: ReadonlyArray<Call>, expected: Expected): Label | undefined => {
  const isNeeded = ({ tool }: Call) =>
    tool === undefined || expected === undefined || expected.some((other) => other?.name === tool)
  const failed = calls.find((call, at) => {
    if (call.ok || !(isUnknown(call) || isNeeded(call))) return false
    return !calls.slice(at + 1).some((later) => later.ok && (isUnknown(call) || later.tool === call.tool))
  })
  if (failed === undefined) return undefined
  if (isUnknown(failed)) return "unknown_tool"
  return ofCalling.has(failed.failure ?? "") ? "bad_arguments" : "execution_error"
}

const compared = (calls: ReadonlyArray<Call>, { failure }: Verdict, expected: Expected): Label => {
  const check = failure === "response" ? "missing_response" : "wrong_state"
  if (failure === "no_call") return "missing_call"
  if (expected === undefined) return check
  const made = calls.filter(({ ok }) => ok).map(({ read }) => read)
  if (without(expected, made, (a, b) => a?.name === b?.name).length > 0) return "missing_call"
  const isExtra = failure === "state" && made.length > expected.length &&
    without(expected, made, isSameCall).length === 0
  return isExtra ? "extra_call" : check
}

const labelOf = (steps: ReadonlyArray<TraceStep>, verdict: Verdict | undefined): Label => {
  const expected = verdict?.expected?.map(read)
  const calls = steps.flatMap(({ outcomes }) => outcomes).map((outcome) => ({
    ...outcome,
    read: read(outcome.call)
  }))
  const mustAsk = expected?.length === 0 && calls.length > 0
  if (mustAsk || verdict?.failure === "called_when_asked_not_to") return "should_have_asked"
  if (calls.length === 0 && (verdict?.failure === "malformed" || steps.some(({ code }) => code === -3))) {
    return "malformed"
  }
  const error = refused(calls, expected)
  if (error !== undefined) return error
  // An agent ends a turn by a message without calls: where the last one has some, a limit ended it.
  const cutOff = (steps.at(-1)?.outcomes.length ?? 0) > 0
  if (verdict === undefined || cutOff || verdict.failure === "force_terminated") return "hung"
  return compared(calls, verdict, expected)
}

/** BFCL's loops check nothing after the first turn that failed. */
const wasJudged = ({ failure }: Verdict): boolean => failure !== "unchecked"

/**
 * One diagnosis for every turn that was judged and failed, and for the one that an unfinished episode was in; in order.
 */
export const diagnose = ({ steps, stop }: Trace): ReadonlyArray<Diagnosis> => {
  const diagnoses: Array<Diagnosis> = []
  let from = 0
  let turn = 0
  steps.forEach(({ verdict }, at) => {
    if (verdict === undefined) return
    if (!verdict.passed && wasJudged(verdict)) {
      diagnoses.push({ turn: verdict.turn, label: labelOf(steps.slice(from, at + 1), verdict) })
    }
    from = at + 1
    turn = verdict.turn + 1
  })
  if (stop !== "completed") diagnoses.push({ turn, label: labelOf(steps.slice(from), undefined) })
  return diagnoses
}
