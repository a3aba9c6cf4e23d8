/**
 * What the agent is told of a result: the standard text, or the same text with an
 * augmentor's message in the place of the error's.
 */
import type { Augment, FailedCall, Hint, Knowledge } from "../Augmentor.ts"
import type * as Environment from "../Environment.ts"
import { dumps } from "../python/Json.ts"
import { repr, str } from "../python/Text.ts"
import { Dict } from "../python/Value.ts"
import type { Outcome } from "./Execute.ts"
import type { Failure } from "./Toolset.ts"

const raisedPrefix = "Error during execution: "

/** The keys of a returned dictionary that may hold its error's sentence. A result without any gets the first. */
const errorKeys = ["error", "verification_failure", "message"] as const

const errorKeyOf = (returned: Dict): string | undefined => errorKeys.find((key) => returned.has(key))

/** What a failed tool says: its error's sentence, or all of its result where it has none (`{"zipcode": "00000"}`). */
const messageOf = (standard: Failure["standard"], text: string): string => {
  if ("raised" in standard) return standard.raised
  const { returned } = standard
  const key = returned instanceof Dict ? errorKeyOf(returned) : undefined
  const message = returned instanceof Dict && key !== undefined ? returned.get(key) : undefined
  return message === undefined ? text : str(message)
}

/** The failure of an outcome as augmentors see it; nothing for a success. */
export const failedCall = ({ call, failure, text, tool }: Outcome): FailedCall | undefined => {
  if (failure === undefined) return undefined
  const { kind, needs, standard, subject } = failure
  return { tool, call, kind, subject, message: messageOf(standard, text), ...(needs !== undefined && { needs }) }
}

const withMessage = (outcome: Outcome, message: string): string => {
  const standard = outcome.failure?.standard
  if (standard === undefined || "raised" in standard) return raisedPrefix + message
  const { returned } = standard
  // Tools that answer with lists put the error into the list, too.
  if (!(returned instanceof Dict)) return repr([Dict.of({ error: message })])
  const copy = returned.copy()
  copy.set(errorKeyOf(returned) ?? errorKeys[0], message)
  return dumps(copy)
}

export interface Told {
  readonly text: string
  readonly hint?: Hint
}

/** A result in the words of an augmentor. */
export const tell = (outcome: Outcome, augment: Augment, knowledge: Knowledge): Told => {
  const failed = failedCall(outcome)
  const hint = failed === undefined ? undefined : augment(failed, knowledge)
  return hint === undefined ? { text: outcome.text } : { text: withMessage(outcome, hint.message), hint }
}

/** An executed call as an environment reports it; `shown` is what the agent reads, the standard text when absent. */
export const reported = (outcome: Outcome, shown = outcome.text, hint?: Hint): Environment.Outcome => ({
  call: outcome.call,
  ...(outcome.tool !== undefined && { tool: outcome.tool }),
  ok: outcome.failure === undefined,
  standard: outcome.text,
  shown,
  ...(outcome.failure !== undefined && { failure: outcome.failure.kind }),
  ...(hint !== undefined && { hint: hint.rule }),
  ...(hint?.advice !== undefined && { advice: hint.advice })
})
