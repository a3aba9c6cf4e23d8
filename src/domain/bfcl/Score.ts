/** The score of an entry by what was said in it. */
import { ofScoring, within } from "../python/Limits.ts"
import { PythonError } from "../python/PythonError.ts"
import { typeName } from "../python/Value.ts"
import { checker, type CheckOptions, entryScore, type Judgement, type Steps } from "./Check.ts"
import type { Entry } from "./Entry.ts"
import type { LongContext } from "./LongContext.ts"
import { decodeTurn, type Form, type ResultEntry, stepsOf, turnsOf } from "./ResultFile.ts"
import { Shared } from "./Shared.ts"

/** A limit of ours that calls met, where the original has none: what came of them may not be what it says. */
export interface LimitMet {
  /** From 0. */
  readonly turn: number
  /** A clause: `the call has more tokens than ...`. */
  readonly limit: string
}

export interface Scored {
  readonly entry: Entry
  readonly said: ResultEntry
  /** The calls of each step of each turn; absent for an entry whose inference broke off. */
  readonly decoded?: ReadonlyArray<Steps>
  readonly judgement: Judgement
  readonly limitsMet: ReadonlyArray<LimitMet>
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

/**
 * Scores an entry, under the limits of scoring. Throws Python's TypeError where the original's scorer does: for turns in
 * the right number of which one is nothing that it could go through.
 */
export const score = (entry: Entry, said: ResultEntry, options: ScoreOptions): Scored => {
  const turns = turnsOf(said)
  const isPlayed = turns?.length === entry.turns.length
  const limitsMet: Array<LimitMet> = []
  const limited = <A>(turn: number, compute: () => A): A => {
    const { met, value } = within(ofScoring, compute)
    if (isPlayed) limitsMet.push(...met.map((limit) => ({ turn, limit })))
    return value
  }
  const decoded = turns?.map((turn, at) => {
    const steps = stepsOf(turn)
    if (steps === undefined && isPlayed) {
      throw new PythonError("TypeError", `'${typeName(turn)}' object is not iterable`)
    }
    return limited(at, () => decodeTurn(steps ?? [], options.form))
  })
  const check = checker(entry, checkOptions(options))
  let turn = 0
  const judgement = entryScore(entry, decoded, (steps) => limited(turn++, () => check(steps)))
  return { entry, said, judgement, limitsMet, ...(decoded !== undefined && { decoded }) }
}

/** The type and the message of an error, as BFCL has them: messages from before the checker are lists of one. */
export type OfficialError = readonly [type: string, message: string | readonly [string]]

export const officialError = (judgement: Judgement): OfficialError | undefined => {
  if (judgement.valid) return undefined
  const { message, reason, turn } = judgement
  return [reason, turn === undefined ? [message] : message]
}
