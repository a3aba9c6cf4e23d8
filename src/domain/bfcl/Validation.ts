/**
 * Whether an entry is fit to judge by: it can be played, its question is whole, every call of its ground truth succeeds,
 * and the checker accepts it against itself.
 */
import { PythonError } from "../python/PythonError.ts"
import { Dict } from "../python/Value.ts"
import { multiTurn } from "./Check.ts"
import type { Documents } from "./Documents.ts"
import type { Entry } from "./Entry.ts"
import { execute, type Outcome } from "./Execute.ts"
import type { LongContext } from "./LongContext.ts"
import { open } from "./Session.ts"
import { ToolsetMissing } from "./Toolbox.ts"
import { toolsetOf } from "./Toolsets.ts"

/** What is wrong with an entry, in a sentence, and which of the benchmark's two files about it is to be mended. */
export interface Problem {
  readonly file: "question" | "answer"
  readonly detail: string
}

/** What came of an entry. */
export interface Finding {
  readonly id: string
  /** Absent when it is valid. */
  readonly problem?: Problem
}

/** Why an entry cannot be played at all: its classes or its configuration. */
export const unopenable = (entry: Entry, longContext: LongContext): string | undefined => {
  try {
    open(entry, { name: entry.id, longContext })
    return undefined
  } catch (error) {
    if (error instanceof ToolsetMissing) return `there is no class ${error.classes.join(", ")}`
    if (error instanceof PythonError) return `its configuration cannot be loaded: ${error.toString()}`
    throw error
  }
}

const toolsOf = (name: string): ReadonlyArray<string> => toolsetOf(name)?.tools.map((tool) => tool.name) ?? []

/** What a question says that no question of the original does, and its loops make nothing of. */
const misasked = ({ classes, turns }: Entry): string | undefined => {
  const tools = new Set(classes.flatMap(toolsOf))
  for (const [turn, { messages, revealed }] of turns.entries()) {
    const unknown = revealed.find((name) => !tools.has(name))
    if (unknown !== undefined) {
      return `missed_function names ${unknown} in turn ${turn}, which is no tool of ${classes.join(", ")}`
    }
    if (revealed.length > 0 && messages.length > 0) return `turn ${turn} hands tools over, and asks something too`
    if (revealed.length === 0 && messages.every(({ content }) => content.trim() === "")) {
      return `turn ${turn} asks nothing`
    }
  }
  return undefined
}

/** The tools of a class that have no document: a model is not told of them. */
export const undocumented = (name: string, documents: Documents): ReadonlyArray<string> => {
  const known = new Set((documents.get(name) ?? []).map(({ tool }) => tool.name))
  return toolsOf(name).filter((tool) => !known.has(tool))
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
  const failed = failedCall(entry, longContext)
  if (failed !== undefined) return failed
  const judgement = multiTurn(entry, entry.turns.map(({ groundTruth }) => [groundTruth]), { longContext })
  return judgement.valid ? undefined : `the checker refuses it: ${judgement.message}`
}

/** Looks at the question, and plays the ground truth so many times; that one time is like the other is asked of it too. */
export const validate = (entry: Entry, longContext: LongContext, times: number): Finding => {
  const { id } = entry
  const asked = unopenable(entry, longContext) ?? misasked(entry)
  if (asked !== undefined) return { id, problem: { file: "question", detail: asked } }
  const detail = problemOf(entry, longContext)
  for (let played = 1; played < times; played++) {
    const other = problemOf(entry, longContext)
    if (other !== detail) {
      return { id, problem: { file: "answer", detail: `played again it comes out otherwise: ${other ?? detail}` } }
    }
  }
  return detail === undefined ? { id } : { id, problem: { file: "answer", detail } }
}
