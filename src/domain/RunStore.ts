/**
 * The append-only record of a run. Everything that happened is an event, written in order;
 * reports, summaries and viewers read nothing else.
 */
import type { Effect } from "effect"
import { Context, Schema } from "effect"
import type { Episode } from "./Episode.ts"
import type { Noted } from "./Journal.ts"
import type { Manifest } from "./Manifest.ts"
import { Rate, type Scores, type StepReport } from "./Report.ts"
import type { Score } from "./Reward.ts"
import type { Task } from "./Task.ts"

/** The record cannot be written: no space, no permission, a folder that exists. */
export class StoreUnwritable extends Schema.TaggedError<StoreUnwritable>()("StoreUnwritable", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.path}: ${this.detail}`
  }
  readonly isRetryable = false
}

/** The record of a run cannot be read: missing, torn or of another version. */
export class StoreUnreadable extends Schema.TaggedError<StoreUnreadable>()("StoreUnreadable", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.path}: ${this.detail}`
  }
  readonly isRetryable = false
}

export class RunStoreError extends Schema.TaggedError<RunStoreError>()("RunStoreError", {
  reason: Schema.Union([StoreUnwritable, StoreUnreadable])
}) {
  override get message() {
    return this.reason.message
  }
  get isRetryable() {
    return this.reason.isRetryable
  }
}

export const unwritable = (path: string, detail: string): RunStoreError =>
  new RunStoreError({ reason: new StoreUnwritable({ path, detail }) })

export const unreadable = (path: string, detail: string): RunStoreError =>
  new RunStoreError({ reason: new StoreUnreadable({ path, detail }) })

/** Where an attempted episode ended up; the ledger of a step counts these. */
export type Fate =
  | { readonly _tag: "Trained"; readonly advantage: number }
  | { readonly _tag: "Filtered"; readonly cause: string }
  | { readonly _tag: "Failed"; readonly cause: string; readonly detail: string }

/** One episode of training as it was attempted. */
export interface Attempted {
  /** `stage/step/task/member` as it was played, unique within a run. */
  readonly id: string
  readonly stage: string
  /** Whose report counts it: a stage's last one also counts what was collected ahead for nothing. */
  readonly step: number
  /** Of the step's episodes of its task, from 0. */
  readonly member: number
  readonly task: Task
  readonly seed: number
  /** How often it was tried. */
  readonly attempts: number
  /** Absent when it failed. */
  readonly finished?: { readonly episode: Episode; readonly score: Score }
  readonly fate: Fate
}

/** Task id -> passed of n. */
export const Outcomes = Schema.Record(Schema.String, Rate)
export type Outcomes = typeof Outcomes.Type

/** An evaluation task by task, as a run's record keeps it. */
export const Evaluated = Schema.Struct({ when: Schema.Literals(["before", "after"]), tasks: Outcomes })
export type Evaluated = typeof Evaluated.Type

/** Events with a payload of their own, and those that a run's journal keeps as they are. */
export type RunEvent =
  | { readonly _tag: "RunStarted"; readonly milliseconds: number; readonly manifest: Manifest }
  | { readonly _tag: "EpisodeAttempted"; readonly attempted: Attempted }
  | { readonly _tag: "StepDone"; readonly report: StepReport }
  | (Evaluated & { readonly _tag: "Evaluated"; readonly scores: Scores; readonly seconds: number })
  | Noted

export class RunStore extends Context.Service<RunStore, {
  /** Events of one call are written together, in order. */
  readonly append: (events: ReadonlyArray<RunEvent>) => Effect.Effect<void, RunStoreError>
}>()("envtune/domain/RunStore") {}
