/** Where tasks come from, and what makes a set of them fit to train and test on. */
import { Context, Effect, Layer, Schema } from "effect"
import * as Place from "./Place.ts"
import type { Part, Task } from "./Task.ts"

/** A file of tasks that cannot be read: which one, where, and why. */
export class TasksUnreadable extends Schema.TaggedError<TasksUnreadable>()("TasksUnreadable", {
  path: Schema.String,
  line: Schema.optionalKey(Schema.Int),
  detail: Schema.String
}) {
  override get message() {
    return Place.told(this, this.detail)
  }
  readonly isRetryable = false
}

/** A scenario that is trained on and tested on. */
export class TasksOverlap extends Schema.TaggedError<TasksOverlap>()("TasksOverlap", {
  scenarios: Schema.Array(Schema.String),
  /** What else the parts have in common. */
  detail: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    const shown = this.scenarios.slice(0, 5).join(", ")
    const more = this.scenarios.length > 5 ? ` and ${this.scenarios.length - 5} more` : ""
    const detail = this.detail === undefined ? "" : `; ${this.detail}`
    return `${this.scenarios.length} scenarios are in the training part and in an evaluated part: ${shown}${more}${detail}`
  }
  readonly isRetryable = false
}

export class TasksError extends Schema.TaggedError<TasksError>()("TasksError", {
  reason: Schema.Union([TasksUnreadable, TasksOverlap])
}) {
  override get message() {
    return this.reason.message
  }
  get isRetryable() {
    return this.reason.isRetryable
  }
}

export class Tasks extends Context.Service<Tasks, {
  readonly all: ReadonlyArray<Task>
  /** Where they come from, with what is needed to make them again (seed, folder, hashes). */
  readonly provenance: Readonly<Record<string, string>>
}>()("envtune/domain/Tasks") {}

export const ofPart = (tasks: ReadonlyArray<Task>, part: Part): ReadonlyArray<Task> =>
  tasks.filter((task) => task.part === part)

/** Scenarios that are both trained on and evaluated. */
export const overlap = (tasks: ReadonlyArray<Task>): ReadonlyArray<string> => {
  const trained = new Set(ofPart(tasks, "train").map((task) => task.scenario))
  return [
    ...new Set(tasks.filter((task) => task.part !== "train" && trained.has(task.scenario)).map((task) => task.scenario))
  ]
}

/** Tasks as given; refused when a scenario is trained on and evaluated. */
export const layer = (
  all: ReadonlyArray<Task>,
  provenance: Readonly<Record<string, string>>
): Layer.Layer<Tasks, TasksError> =>
  Layer.effect(
    Tasks,
    Effect.suspend(() => {
      const scenarios = overlap(all)
      return scenarios.length > 0
        ? Effect.fail(new TasksError({ reason: new TasksOverlap({ scenarios }) }))
        : Effect.succeed(Tasks.of({ all, provenance }))
    })
  )
