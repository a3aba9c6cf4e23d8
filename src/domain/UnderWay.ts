/** Episodes that are under way: what they do as it happens, and which of them a journal leaves unfinished. */
import * as Journal from "./Journal.ts"

/** What an episode does, as the journal writes it. */
export const moves = { begins: "(", speaks: ".", endsTurn: "|", finishes: ")", isGivenUp: "x" } as const
export type Move = (typeof moves)[keyof typeof moves]

/** Hears what a member of a task's episodes does. */
export type Listener = (task: string, member: number, move: Move) => void

/** What the episodes of one step did since it was last asked. Plain calls, because there is one for every message. */
export class Moves {
  private readonly place: Pick<Journal.EpisodesMoved, "stageIndex" | "step">
  private recent = new Map<string, Array<string>>()

  constructor(place: Pick<Journal.EpisodesMoved, "stageIndex" | "step">) {
    this.place = place
  }

  readonly add: Listener = (task, member, move) => {
    const members = this.recent.get(task)
    if (members === undefined) this.recent.set(task, [...Array<string>(member).fill(""), move])
    else members[member] = (members[member] ?? "") + move
  }

  /** The event that says so; none when nothing happened. */
  take(): ReadonlyArray<Journal.EpisodesMoved> {
    if (this.recent.size === 0) return []
    const moves = Object.fromEntries(Array.from(this.recent, ([task, members]) => [task, members.join()]))
    this.recent = new Map()
    const { stageIndex, step } = this.place
    return [{ _tag: "EpisodesMoved", stageIndex, step, moves }]
  }
}

/** How far an unfinished episode is. */
export interface Position {
  /** Attempts that were begun. */
  readonly attempts: number
  /** Of the last attempt: the turn it is in, from 0, and its messages. */
  readonly turn: number
  readonly messages: number
}

/** Episode id -> position. */
export type UnderWay = ReadonlyMap<string, Position>

export const none: UnderWay = new Map()

/** The position after some moves; none when the episode is over. */
const follow = (position: Position | undefined, done: string): Position | undefined => {
  let at = position
  for (const move of done) {
    const { attempts, messages, turn } = at ?? { attempts: 0, messages: 0, turn: 0 }
    if (move === moves.finishes || move === moves.isGivenUp) at = undefined
    else if (move === moves.begins) at = { attempts: attempts + 1, messages: 0, turn: 0 }
    else at = { attempts, messages: messages + 1, turn: move === moves.endsTurn ? turn + 1 : turn }
  }
  return at
}

const moved = (underWay: UnderWay, { moves, stageIndex, step }: Journal.EpisodesMoved): UnderWay => {
  const next = new Map(underWay)
  for (const [task, members] of Object.entries(moves)) {
    for (const [member, done] of members.split(",").entries()) {
      if (done === "") continue
      const id = Journal.episodeId(stageIndex, step, task, member)
      const position = follow(underWay.get(id), done)
      if (position === undefined) next.delete(id)
      else next.set(id, position)
    }
  }
  return next
}

/** What is under way after one more event; a run that goes on elsewhere leaves behind what was. */
export const next = (underWay: UnderWay, event: Journal.Event): UnderWay =>
  event._tag === "EpisodesMoved" ? moved(underWay, event) : event._tag === "Resumed" ? none : underWay

/** What a whole journal leaves under way. */
export const after = (entries: ReadonlyArray<Journal.Entry>): UnderWay =>
  entries.flatMap(({ events }) => events).reduce(next, none)
