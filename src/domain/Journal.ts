/**
 * The journal of a run: every event in order, in few words. What is large (reports, episodes,
 * outcomes by task) lies in files of its own, and the journal says how long they are.
 *
 * One entry is one append: it is there as a whole or not at all, and what the other files hold
 * beyond the last entry's lengths was never committed.
 */
import { Schema } from "effect"
import { Scores } from "./Report.ts"

const StageStarted = Schema.Struct({
  _tag: Schema.tag("StageStarted"),
  stage: Schema.String,
  index: Schema.Natural
})

/** The groups of one round of a step, in the order in which the stage took their tasks. */
const RoundJudged = Schema.Struct({
  _tag: Schema.tag("RoundJudged"),
  stageIndex: Schema.Natural,
  /** Within the run. */
  step: Schema.Natural,
  /** Within the step; those after the first replace groups without signal. */
  round: Schema.Natural,
  groups: Schema.Array(
    Schema.Struct({
      /** The task's id. */
      task: Schema.String,
      admitted: Schema.Boolean,
      /** `signal`, or the cause in the ledger: `no_signal`, `lone_member`. */
      why: Schema.String
    })
  )
})
export type RoundJudged = typeof RoundJudged.Type

/** A batch was handed to the trainer. That it was trained on is said by the step's `StepDone`. */
const UpdateStarted = Schema.Struct({
  _tag: Schema.tag("UpdateStarted"),
  step: Schema.Natural,
  groups: Schema.Natural,
  episodes: Schema.Natural,
  /** Optimiser steps it will be. */
  updates: Schema.Natural
})

/**
 * What the members of a task's episodes did since the entry before, in order and between commas, a letter a move: `(` an
 * attempt begins, `.` a message, `|` a message that ends its turn, `)` it is finished, `x` it is given up.
 */
const Moves = Schema.String.check(Schema.isPattern(/^[(.|)x,]*$/))

/** Episodes of a step, while they are under way. Once they are not, what they did is in their records. */
const EpisodesMoved = Schema.Struct({
  _tag: Schema.tag("EpisodesMoved"),
  stageIndex: Schema.Natural,
  step: Schema.Natural,
  /** By task id. */
  moves: Schema.Record(Schema.String, Moves)
})
export type EpisodesMoved = typeof EpisodesMoved.Type

const StageEnded = Schema.Struct({
  _tag: Schema.tag("StageEnded"),
  stage: Schema.String,
  steps: Schema.Natural,
  seconds: Schema.Finite,
  why: Schema.String
})

/**
 * What saved weights are: of the run's `start`, after a `step`, at the end of a `stage`, or of where a run ended early:
 * `end` after a step, or `partial`. A run goes on from all but the last, which may lie within a step.
 */
const WeightsKind = Schema.Literals(["start", "step", "stage", "end", "partial"])
export type WeightsKind = typeof WeightsKind.Type

const WeightsSaved = Schema.Struct({
  _tag: Schema.tag("WeightsSaved"),
  /** Relative to the run's folder. */
  path: Schema.String,
  /** Steps they were trained for, over the whole run. */
  step: Schema.Natural,
  kind: WeightsKind,
  /** Spent so far, breaks between an end and a resumption left out. */
  seconds: Schema.Struct({ run: Schema.Finite, training: Schema.Finite })
})
export type WeightsSaved = typeof WeightsSaved.Type

/** The run went on from `step`; what had followed was moved to `superseded`, a path relative to the run's folder. */
const Resumed = Schema.Struct({
  _tag: Schema.tag("Resumed"),
  milliseconds: Schema.Finite,
  step: Schema.Natural,
  superseded: Schema.optionalKey(Schema.String)
})

const RunEnded = Schema.Struct({
  _tag: Schema.tag("RunEnded"),
  outcome: Schema.Literals(["completed", "interrupted", "failed"]),
  detail: Schema.String,
  seconds: Schema.Finite
})

/** Events that are kept as they are. */
export const Noted = Schema.Union([
  StageStarted,
  EpisodesMoved,
  RoundJudged,
  UpdateStarted,
  StageEnded,
  WeightsSaved,
  Resumed,
  RunEnded
])
export type Noted = typeof Noted.Type

const RunStarted = Schema.Struct({ _tag: Schema.tag("RunStarted"), milliseconds: Schema.Finite })

/** Episodes that were played for one step and compressed together, and where in the episodes' file they lie. */
const EpisodesWritten = Schema.Struct({
  _tag: Schema.tag("EpisodesWritten"),
  step: Schema.Natural,
  at: Schema.Natural,
  bytes: Schema.Natural,
  episodes: Schema.Natural
})
export type EpisodesWritten = typeof EpisodesWritten.Type

const StepDone = Schema.Struct({
  _tag: Schema.tag("StepDone"),
  stageIndex: Schema.Natural,
  step: Schema.Natural,
  trained: Schema.Boolean
})

const Evaluated = Schema.Struct({
  _tag: Schema.tag("Evaluated"),
  when: Schema.Literals(["before", "after"]),
  scores: Scores,
  seconds: Schema.Finite
})

export const Event = Schema.Union([...Noted.members, RunStarted, EpisodesWritten, StepDone, Evaluated])
export type Event = typeof Event.Type

/** Bytes that count, of each file beside the journal. */
export const Lengths = Schema.Struct({
  metrics: Schema.Natural,
  episodes: Schema.Natural,
  evaluations: Schema.Natural
})
export type Lengths = typeof Lengths.Type

export const empty: Lengths = { metrics: 0, episodes: 0, evaluations: 0 }

export const Entry = Schema.Struct({ events: Schema.Array(Event), lengths: Lengths }).annotate({
  identifier: "envtune/JournalEntry"
})
export type Entry = typeof Entry.Type

/** The id of an episode, `stage/step/task/member` with places from 0: unique within a run. */
export const episodeId = (stageIndex: number, step: number, task: string, member: number): string =>
  `${stageIndex}/${step}/${task}/${member}`

/** How many of the saved weights that do not last are kept. */
export const passing = 2

/** Whether saved weights are kept for good; of the others only the last `passing` are. */
export const isLasting = (kind: WeightsKind): boolean => kind !== "step"
