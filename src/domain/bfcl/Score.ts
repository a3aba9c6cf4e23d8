/** The score of an entry by what was said in it. */
import { type CheckOptions, entryScore, type Judgement, type Steps } from "./Check.ts"
import type { Entry } from "./Entry.ts"
import type { LongContext } from "./LongContext.ts"
import { decodeTurn, type Form, type ResultEntry, turnsOf } from "./ResultFile.ts"
import { Shared } from "./Shared.ts"

export interface Scored {
  readonly entry: Entry
  readonly said: ResultEntry
  /** The calls of each step of each turn; absent for an entry whose inference broke off. */
  readonly decoded?: ReadonlyArray<Steps>
  readonly judgement: Judgement
}

export interface ScoreOptions {
  readonly form: Form
  /** It shows in results whose text has `name (` in it. */
  readonly model: string
  readonly longContext: LongContext
}

/**
 * How the original would check an entry in a process of its own: what leaks there from the model's side to the ground
 * truth's leaks here, and nothing from entry to entry.
 */
export const checkOptions = ({ longContext, model }: Omit<ScoreOptions, "form">): CheckOptions => ({
  modelName: model,
  longContext,
  shared: new Shared()
})

export const score = (entry: Entry, said: ResultEntry, options: ScoreOptions): Scored => {
  const decoded = turnsOf(said)?.map((turn) => decodeTurn(turn, options.form))
  const judgement = entryScore(entry, decoded, checkOptions(options))
  return { entry, said, judgement, ...(decoded !== undefined && { decoded }) }
}

/** The type and the message of an error, as BFCL has them: messages from before the checker are lists of one. */
export type OfficialError = readonly [type: string, message: string | readonly [string]]

export const officialError = (judgement: Judgement): OfficialError | undefined => {
  if (judgement.valid) return undefined
  const { message, reason, turn } = judgement
  return [reason, turn === undefined ? [message] : message]
}
