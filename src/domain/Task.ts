/** A task (BFCL: a problem instance): what one episode is about. */
import { Schema } from "effect"

/**
 * Train and test never share a scenario; `transfer` holds tasks of another kind (unseen tools)
 * that are only ever evaluated.
 */
export const Part = Schema.Literals(["train", "test", "transfer"])
export type Part = typeof Part.Type

export const Task = Schema.Struct({
  id: Schema.NonEmptyString,
  /** base, miss_func, miss_param, long_context, or an environment's own. */
  category: Schema.NonEmptyString,
  /** What variants of one story have in common. Overlap between parts is judged by it. */
  scenario: Schema.NonEmptyString,
  part: Part,
  /** What the environment needs to open the task; only the environment decodes it. */
  payload: Schema.Json
}).annotate({ identifier: "envtune/Task" })
export type Task = typeof Task.Type

/** A task on its own, to be trained on, unless `more` says otherwise. */
export const make = (id: string, payload: Schema.Json, more: Partial<Omit<Task, "id" | "payload">> = {}): Task => ({
  id,
  category: "base",
  scenario: id,
  part: "train",
  ...more,
  payload
})
