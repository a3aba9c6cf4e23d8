/**
 * The append-only record of a run. Everything that happened is an event, written in order;
 * reports, summaries and viewers read nothing else.
 */
import type { Effect } from "effect"
import { Context, Schema } from "effect"
import type { Episode } from "./Episode.ts"
import type { Manifest } from "./Manifest.ts"
import { Rate, type StepReport } from "./Report.ts"
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

/** Where an attempted episode ended up; the ledger of a step counts these. */
export type Fate =
  | { readonly _tag: "Trained"; readonly advantage: number }
  | { readonly _tag: "Filtered"; readonly cause: string }
  | { readonly _tag: "Failed"; readonly cause: string; readonly detail: string }

/** One episode of training as it was attempted. */
export interface Attempted {
  /** `stage/step/task/member`, unique within a run. */
  readonly id: string
  readonly stage: string
  readonly step: number
  readonly member: number
  readonly task: Task
  readonly seed: number
  /** How often it was tried. */
  readonly attempts: number
  /** Absent when it failed. */
  readonly finished?: { readonly episode: Episode; readonly score: Score }
  readonly fate: Fate
}

/** `<part>/<category>` -> passed of n. */
export type Scores = Readonly<Record<string, Rate>>

/** Task id -> passed of n. */
export const Outcomes = Schema.Record(Schema.String, Rate)
export type Outcomes = typeof Outcomes.Type

/** An evaluation task by task, as a run's record keeps it. */
export const Evaluated = Schema.Struct({ when: Schema.Literals(["before", "after"]), tasks: Outcomes })
export type Evaluated = typeof Evaluated.Type

export type RunEvent =
  | { readonly _tag: "RunStarted"; readonly milliseconds: number; readonly manifest: Manifest }
  | { readonly _tag: "StageStarted"; readonly stage: string; readonly index: number }
  | { readonly _tag: "EpisodeAttempted"; readonly attempted: Attempted }
  | { readonly _tag: "StepDone"; readonly report: StepReport }
  | {
    readonly _tag: "StageEnded"
    readonly stage: string
    readonly steps: number
    readonly seconds: number
    readonly why: string
  }
  | (Evaluated & { readonly _tag: "Evaluated"; readonly scores: Scores; readonly seconds: number })
  | { readonly _tag: "WeightsSaved"; readonly path: string; readonly step: number }
  | {
    readonly _tag: "RunEnded"
    readonly outcome: "completed" | "interrupted" | "failed"
    readonly detail: string
    readonly seconds: number
  }

export class RunStore extends Context.Service<RunStore, {
  /** Events of one call are written together, in order. */
  readonly append: (events: ReadonlyArray<RunEvent>) => Effect.Effect<void, RunStoreError>
}>()("envtune/domain/RunStore") {}
