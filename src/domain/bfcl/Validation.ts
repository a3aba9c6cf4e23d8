/** Whether the ground truth of an entry is fit to judge by: every call succeeds, and the checker accepts it against itself. */
import { Dict, PythonError } from "../python/Value.ts"
import { multiTurn } from "./Check.ts"
import type { Entry } from "./Entry.ts"
import { execute, open, type Outcome, ToolsetMissing } from "./Execute.ts"
import type { LongContext } from "./LongContext.ts"

/** What came of an entry. */
export interface Finding {
  readonly id: string
  /** What is wrong with it, in a sentence; absent when it is valid. */
  readonly problem?: string
}

/** A tool that raised, or returned an error. Some tools answer a plain no, which is no error. */
const isError = ({ value }: Outcome): boolean => value === undefined || (value instanceof Dict && value.has("error"))

const failedCall = (entry: Entry, longContext: LongContext): string | undefined => {
  const session = open(entry, { name: entry.id, longContext })
  for (const [turn, { groundTruth }] of entry.turns.entries()) {
    for (const call of groundTruth) {
      const outcome = execute(session, call)
      if (isError(outcome)) return `turn ${turn}: ${call} fails: ${outcome.text}`
    }
  }
  return undefined
}

const problemOf = (entry: Entry, longContext: LongContext): string | undefined => {
  try {
    const failed = failedCall(entry, longContext)
    if (failed !== undefined) return failed
    const judgement = multiTurn(entry, entry.turns.map(({ groundTruth }) => [groundTruth]), { longContext })
    return judgement.valid ? undefined : `the checker refuses it: ${judgement.message}`
  } catch (error) {
    if (error instanceof ToolsetMissing) return `there is no class ${error.classes.join(", ")}`
    if (error instanceof PythonError) return `its configuration cannot be loaded: ${error.toString()}`
    throw error
  }
}

/** Plays the ground truth so many times; that one time is like the other is part of what is asked of it. */
export const validate = (entry: Entry, longContext: LongContext, times: number): Finding => {
  const { id } = entry
  const problem = problemOf(entry, longContext)
  for (let played = 1; played < times; played++) {
    const other = problemOf(entry, longContext)
    if (other !== problem) return { id, problem: `played again it comes out otherwise: ${other ?? problem}` }
  }
  return problem === undefined ? { id } : { id, problem }
}
