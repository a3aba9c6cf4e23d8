/**
 * Plays tasks as they are and counts. It asks for an environment and a policy, and for no
 * augmentor: an evaluation cannot be given hints.
 */
import { Effect, Result, Schema, Stream } from "effect"
import * as Evaluation from "../domain/Evaluation.ts"
import type { Sampling } from "../domain/Policy.ts"
import * as Seed from "../domain/Seed.ts"
import { Part, type Task } from "../domain/Task.ts"
import { Tasks } from "../domain/Tasks.ts"
import { type Patience, persist } from "./persist.ts"
import { rollout } from "./rollout.ts"

export interface EvaluateOptions extends Patience {
  readonly seed: number
  readonly parts: ReadonlyArray<Part>
  /** All when empty. */
  readonly categories: ReadonlyArray<string>
  /** Episodes per task. */
  readonly samples: number
  readonly sampling: Sampling
  /** Episodes in flight at once. */
  readonly concurrency: number
  /** Assistant messages per episode at most. */
  readonly maxSteps: number
}

/** Every held-out task once, by the likeliest tokens. */
export const defaults: EvaluateOptions = {
  seed: 0,
  parts: ["test", "transfer"],
  categories: [],
  samples: 1,
  sampling: { temperature: 0, maxTokens: 1024 },
  concurrency: 64,
  maxSteps: 100,
  retries: 3,
  retryMilliseconds: 100,
  deadlineSeconds: 600
}

/** A part or category that no task is in: an accuracy over nothing would say 0 of 0. */
export class NothingToEvaluate extends Schema.TaggedError<NothingToEvaluate>()("NothingToEvaluate", {
  parts: Schema.Array(Part),
  categories: Schema.Array(Schema.String),
  available: Schema.Array(Schema.String)
}) {
  override get message() {
    const asked = this.categories.length === 0 ? "" : ` in ${this.categories.join(", ")}`
    return `no task of ${this.parts.join(", ")}${asked}; there are ${this.available.join(", ")}`
  }
}

/** The tasks that an evaluation plays. */
export const select = (
  all: ReadonlyArray<Task>,
  { categories, parts }: Pick<EvaluateOptions, "parts" | "categories">
): ReadonlyArray<Task> =>
  all.filter((task) => parts.includes(task.part) && (categories.length === 0 || categories.includes(task.category)))

const play = Effect.fnUntraced(function*(task: Task, sample: number, options: EvaluateOptions) {
  const { result } = yield* persist(
    rollout(task, {
      seed: Seed.derive(options.seed, "evaluation", task.id, sample),
      family: `evaluation/${task.id}`,
      sampling: options.sampling,
      maxSteps: options.maxSteps
    }),
    options
  )
  const played: Evaluation.Played = Result.isSuccess(result)
    ? { _tag: "Finished", task, sample, episode: result.success }
    : { _tag: "Unfinished", task, sample, ...result.failure }
  return played
})

/** Every episode of an evaluation, in the order of the tasks whatever the concurrency. */
export const episodes = (options: EvaluateOptions) =>
  Stream.unwrap(
    Effect.gen(function*() {
      const { all } = yield* Tasks
      const tasks = select(all, options)
      if (tasks.length === 0) {
        return yield* new NothingToEvaluate({
          parts: options.parts,
          categories: options.categories,
          available: [...new Set(all.map(Evaluation.cellName))]
        })
      }
      return Stream.fromIterable(tasks).pipe(
        Stream.flatMap((task) => Stream.range(0, options.samples - 1).pipe(Stream.map((sample) => ({ task, sample })))),
        Stream.mapEffect(({ sample, task }) => play(task, sample, options), { concurrency: options.concurrency })
      )
    })
  )

/** Plays everything and counts. `watch` sees each episode, which is not kept. */
export const evaluate = <E = never, R = never>(
  options: EvaluateOptions,
  watch: (played: Evaluation.Played) => Effect.Effect<void, E, R> = () => Effect.void
) =>
  episodes(options).pipe(Stream.tap(watch), Stream.map(Evaluation.mark), Stream.runCollect, Effect.map(Evaluation.make))
