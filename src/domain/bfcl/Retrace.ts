/**
 * An episode of the training protocol played again, for what its record does not hold: the state of the tool sets after
 * every step, and where it is not yet, or no longer, what the ground truth of the turn makes of it.
 */
import type { EpisodeRecord } from "../EpisodeRecord.ts"
import { repr, str } from "../python/Text.ts"
import { Dict, Instance, Tuple, type Value } from "../python/Value.ts"
import type { Entry } from "./Entry.ts"
import { execute } from "./Execute.ts"
import { Directory, File } from "./FileTree.ts"
import * as Interaction from "./Interaction.ts"
import type { LongContext } from "./LongContext.ts"
import { open, type Session } from "./Session.ts"

/** A state as the places of its leaves and their texts: `GorillaFileSystem/root/notes.txt` -> `'hello'`. */
export type Leaves = ReadonlyMap<string, string>

/** A leaf in two states; absent where a state has none. */
export interface Change {
  readonly path: string
  readonly from?: string
  readonly to?: string
}

export interface Retraced {
  /** The calls of the ground truth, by turn. */
  readonly truth: ReadonlyArray<ReadonlyArray<string>>
  readonly steps: ReadonlyArray<{
    /** From the state before the step to the one after it. */
    readonly changes: ReadonlyArray<Change>
    /** From the state after the step to the one that the ground truth of the turn leads to. */
    readonly missing: ReadonlyArray<Change>
    /** Every call came back with the recorded result. */
    readonly same: boolean
  }>
}

const isLeaf = (value: Value): boolean =>
  !(value instanceof Dict || value instanceof Directory || value instanceof Tuple || Array.isArray(value))

const pathOf = (directory: Directory): string =>
  directory.parent === undefined ? str(directory.name) : `${pathOf(directory.parent)}/${str(directory.name)}`

/** Trees that are deeper, or made to contain themselves, are cut. */
const maximumDepth = 40

const visit = (path: string, value: Value, depth: number, leaves: Map<string, string>): void => {
  const inside = (entries: Iterable<readonly [string, Value]>, empty: string): void => {
    const before = leaves.size
    for (const [name, item] of entries) visit(`${path}/${name}`, item, depth + 1, leaves)
    if (leaves.size === before) leaves.set(path, empty)
  }
  if (depth > maximumDepth) leaves.set(path, "\u2026")
  else if (value instanceof Directory) {
    inside(Iterator.from(value.contents.entries()).map(([name, item]) => [str(name), item]), "(empty folder)")
  } else if (value instanceof Dict) {
    inside(Iterator.from(value.entries()).map(([key, item]) => [str(key), item]), "{}")
  } else if (value instanceof File) leaves.set(path, repr(value.content))
  else if (Array.isArray(value) && !value.every(isLeaf)) {
    inside(value.map((item, i) => [String(i), item]), "[]")
  } else leaves.set(path, repr(value))
}

/** What the public and private attributes of the instances hold; of private objects, only where a directory is. */
export const leavesOf = (session: Session): Leaves => {
  const leaves = new Map<string, string>()
  for (const simulator of session.instances) {
    for (const [name, value] of simulator.attributes()) {
      const path = `${simulator.toolset.name}/${name}`
      if (!name.startsWith("_") || !(value instanceof Instance)) visit(path, value, 0, leaves)
      else if (value instanceof Directory) leaves.set(path, pathOf(value))
    }
  }
  return leaves
}

const changesFrom = (from: Leaves, to: Leaves): ReadonlyArray<Change> => {
  const changes: Array<Change> = []
  for (const [path, text] of from) {
    const now = to.get(path)
    if (now !== text) changes.push({ path, from: text, ...(now !== undefined && { to: now }) })
  }
  for (const [path, text] of to) if (!from.has(path)) changes.push({ path, to: text })
  return changes
}

const isPrivate = ({ path }: Change): boolean => path.split("/")[1]?.startsWith("_") === true

/** The states that the ground truth leads to, the calls of one turn after the other. */
class Goals {
  private readonly entry: Entry
  private readonly longContext: LongContext | undefined
  /** Calls of turns whose check has executed them. */
  private readonly done: Array<string> = []

  constructor(entry: Entry, longContext: LongContext | undefined) {
    this.entry = entry
    this.longContext = longContext
  }

  private callsOf(turn: number): ReadonlyArray<string> {
    return this.entry.turns[turn]?.groundTruth ?? []
  }

  of(turn: number): Leaves {
    const session = open(this.entry, { name: "goal", longContext: this.longContext })
    for (const call of [...this.done, ...this.callsOf(turn)]) execute(session, call)
    return leavesOf(session)
  }

  /** The check executes a turn's ground truth only when the agent has called anything. */
  judged({ failure, turn }: Interaction.Verdict): void {
    if (failure?.kind !== "no_call") this.done.push(...this.callsOf(turn))
  }
}

type Finished = NonNullable<EpisodeRecord["finished"]>

/** What the user says has no part in any state. */
const start = (entry: Entry, longContext: LongContext | undefined): Interaction.Conversation =>
  Interaction.start(entry, entry.turns.map(() => ""), longContext === undefined ? {} : { longContext })

/** Plays the messages of an episode again. Throws `PythonError` for an entry that cannot be opened. */
export const retrace = (entry: Entry, finished: Finished, longContext: LongContext | undefined): Retraced => {
  let conversation = start(entry, longContext)
  const goals = new Goals(entry, longContext)
  let goal = goals.of(0)
  let before = leavesOf(conversation.model)
  const steps = finished.steps.map(({ outcomes, said }) => {
    const step = Interaction.step(conversation, said.content)
    conversation = step.next
    const after = leavesOf(conversation.model)
    const changes = changesFrom(before, after)
    const missing = changesFrom(after, goal).filter((change) => !isPrivate(change))
    const same = step.calls.length === outcomes.length
      && step.calls.every(({ outcome }, i) => outcome.text === outcomes[i]?.standard)
    before = after
    if (step.verdict !== undefined) {
      goals.judged(step.verdict)
      if (!step.terminate) goal = goals.of(conversation.turn)
    }
    return { changes, missing, same }
  })
  return { truth: entry.turns.map(({ groundTruth }) => groundTruth), steps }
}

/** The state after so many steps of an episode. Throws as `retrace` does. */
export const stateAfter = (
  entry: Entry,
  finished: Finished,
  steps: number,
  longContext: LongContext | undefined
): Leaves =>
  leavesOf(
    finished.steps.slice(0, steps).reduce(
      (conversation, { said }) => Interaction.step(conversation, said.content).next,
      start(entry, longContext)
    ).model
  )
