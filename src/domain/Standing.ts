/**
 * Where a run stands, and where it can be taken up again: a fold over its journal.
 *
 * A run goes on from saved weights, at the step that they were saved after. Everything else that it
 * needs follows from what is recorded until then: the tasks that the stage took, in order, and the
 * optimiser steps. Evaluations do not change weights, so one that is recorded is not made again.
 */
import * as Journal from "./Journal.ts"

export interface Standing {
  /** The stage that comes next or goes on; as many as there are stages when all are over. */
  readonly stageIndex: number
  /** Whether that stage has begun. */
  readonly begun: boolean
  /** Steps done, over the whole run. */
  readonly steps: number
  /** Optimiser steps taken, over the whole run. */
  readonly updates: number
  /** Task ids that the stage took, round by round. */
  readonly rounds: ReadonlyArray<ReadonlyArray<string>>
  readonly evaluated: { readonly before: boolean; readonly after: boolean }
  /** Spent so far. */
  readonly seconds: { readonly run: number; readonly training: number }
}

export const start: Standing = {
  stageIndex: 0,
  begun: false,
  steps: 0,
  updates: 0,
  rounds: [],
  evaluated: { before: false, after: false },
  seconds: { run: 0, training: 0 }
}

/** A place from which the run can go on. */
export interface Point {
  readonly standing: Standing
  /** Entries of the journal until there. */
  readonly entries: number
  readonly lengths: Journal.Lengths
  /** Of the run's folder; absent where the run has the weights it begins with. */
  readonly weights?: string
}

export const beginning: Point = { standing: start, entries: 0, lengths: Journal.empty }

/** A run's history as far as it matters for going on. */
export interface History {
  readonly entries: number
  readonly standing: Standing
  /** Optimiser steps of the update under way. */
  readonly pending: number
  /** Oldest first, never empty. */
  readonly points: ReadonlyArray<Point>
  readonly ended?: (Journal.Event & { readonly _tag: "RunEnded" })["outcome"]
}

export const none: History = { entries: 0, standing: start, pending: 0, points: [beginning] }

const advance = (history: History, event: Journal.Event): History => {
  const { pending, standing } = history
  const standingAt = (changes: Partial<Standing>): History => ({ ...history, standing: { ...standing, ...changes } })
  switch (event._tag) {
    case "StageStarted":
      return standingAt({ stageIndex: event.index, begun: true, rounds: [] })
    case "RoundJudged":
      return standingAt({ rounds: [...standing.rounds, event.groups.map(({ task }) => task)] })
    case "UpdateStarted":
      return { ...history, pending: event.updates }
    case "StepDone":
      return { ...standingAt({ steps: event.step + 1, updates: standing.updates + pending }), pending: 0 }
    case "StageEnded":
      return standingAt({ stageIndex: standing.stageIndex + 1, begun: false, rounds: [] })
    case "Evaluated":
      return standingAt({
        evaluated: { ...standing.evaluated, [event.when]: true },
        seconds: { ...standing.seconds, run: standing.seconds.run + event.seconds }
      })
    case "WeightsSaved":
      return standingAt({ seconds: event.seconds })
    case "RunEnded":
      return { ...history, ended: event.outcome }
    case "RunStarted":
    case "EpisodesMoved":
    case "EpisodesWritten":
    case "Resumed":
      return history
  }
}

/** Whether an event leaves the weights and the tasks that were taken as they were. */
const isHarmless = ({ _tag }: Journal.Event): boolean => {
  switch (_tag) {
    case "StageStarted":
    case "EpisodesMoved":
    case "Evaluated":
    case "Resumed":
    case "RunEnded":
      return true
    default:
      return false
  }
}

/** The weights that an entry leaves the run with, where it is a place to go on from. */
const pointAfter = (
  { entries, points }: History,
  entry: Journal.Entry
): Pick<Point, "weights"> | undefined => {
  const saved = entry.events.find((event) => event._tag === "WeightsSaved")
  if (saved !== undefined) return saved.kind === "partial" ? undefined : { weights: saved.path }
  const last = points.at(-1)
  return last?.entries === entries - 1 && entry.events.every(isHarmless) ? last : undefined
}

export const next = (history: History, entry: Journal.Entry): History => {
  const entries = history.entries + 1
  const after = entry.events.reduce(advance, { ...history, entries })
  const point = pointAfter(after, entry)
  if (point === undefined) return after
  const { lengths } = entry
  const { weights } = point
  return {
    ...after,
    points: [...after.points, {
      standing: after.standing,
      entries,
      lengths,
      ...(weights !== undefined && { weights })
    }]
  }
}
