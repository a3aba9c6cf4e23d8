/** Compares verdicts: BFCL's checkers, and conversations with the paper's interaction manager. */
import type { StepCode } from "../../Environment.ts"
import * as StepCodes from "../../StepCodes.ts"
import * as Check from "../Check.ts"
import type { Entry } from "../Entry.ts"
import * as Interaction from "../Interaction.ts"
import { Shared } from "../Shared.ts"
import { Comparer, type Comparison, notImplemented } from "./Agreement.ts"
import type { Checked, Conversation } from "./Recording.ts"
import { textOf } from "./Recording.ts"
import { missingClasses, type Oracle } from "./Replay.ts"

/**
 * A verdict of the multi-turn checker, with its words and what differs, and one of the irrelevance checker. In the
 * original the two sides share some objects; every case was recorded in a fresh process, so no two cases do.
 */
export const checked = (oracle: Oracle, recorded: Checked): Comparison => {
  const comparer = new Comparer(recorded.id)
  const entry = oracle.entries.get(recorded.entry)
  if (entry === undefined) return comparer.absent("the entry")
  const missing = missingClasses(entry.classes)
  if (missing.length > 0) return notImplemented(...missing)
  const judgement = Check.multiTurn(entry, recorded.decoded, {
    modelName: "oracle",
    longContext: oracle.longContext,
    shared: new Shared()
  })
  for (const turn of recorded.decoded) for (const step of turn) step.forEach(() => comparer.called())
  comparer.equal("verdict", recorded.kind, recorded.valid, judgement.valid)
  comparer.equal(
    "irrelevance",
    recorded.kind,
    recorded.irrelevance_valid,
    Check.irrelevance(entry, recorded.decoded).valid
  )
  const failure = judgement.valid ? undefined : judgement
  comparer.equal("reason", recorded.kind, recorded.error_type, failure?.reason)
  comparer.equal("message", recorded.kind, recorded.error_message, failure?.message)
  comparer.equal("attributes", recorded.kind, recorded.diff_attrs, failure?.state?.attributes.toSorted())
  comparer.equal(
    "missing results",
    recorded.kind,
    recorded.missing_items?.map((text) => textOf(oracle.blobs, text)),
    failure?.missing
  )
  return comparer.comparison
}

/** The recorded conversations have these follow-up questions. */
const questions = (entry: Entry): ReadonlyArray<string> => entry.turns.map((_, turn) => `QUESTION ${turn}`)

/** A conversation step by step, and both rewards. */
export const conversation = (oracle: Oracle, recorded: Conversation): Comparison => {
  const comparer = new Comparer(recorded.id)
  const entry = oracle.entries.get(recorded.entry)
  if (entry === undefined) return comparer.absent("the entry")
  const missing = missingClasses(entry.classes)
  if (missing.length > 0) return notImplemented(...missing)
  let state = Interaction.start(entry, questions(entry), { modelName: "moracle", longContext: oracle.longContext })
  const codes: Array<StepCode> = []
  for (const expected of recorded.steps) {
    const step = Interaction.step(state, expected.assistant)
    comparer.called()
    comparer.equal("terminate", expected.assistant, expected.terminate, step.terminate)
    comparer.equal("content", expected.assistant, textOf(oracle.blobs, expected.content), step.content)
    comparer.equal("score", expected.assistant, expected.score, step.score)
    comparer.equal("turn", expected.assistant, expected.turn_after, step.next.turn)
    codes.push(step.score)
    state = step.next
  }
  const { bfcl_reward: progress, format_reward: format } = recorded.rewards
  comparer.equal("progress reward", "", progress.score, StepCodes.progressReleased(codes))
  comparer.equal("format reward", "", format.score, StepCodes.syntax(codes))
  comparer.equal("share of well-formed steps", "", format.format_reward, StepCodes.format(codes))
  comparer.equal("whether a tool was called", "", format.is_tool_call, StepCodes.called(codes) ? 1 : 0)
  comparer.equal("share of calls that ran", "", format.tool_call_reward, StepCodes.toolCalls(codes))
  return comparer.comparison
}
