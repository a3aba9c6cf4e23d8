/**
 * Plays tasks as they are and counts. It asks for an environment and a policy, and for no
 * augmentor: an evaluation cannot be given hints.
 */
import { Effect, Result, Schema, Stream } from "effect"
import * as Evaluation from "../domain/Evaluation.ts"
import { type Completion, Policy, type Sampling } from "../domain/Policy.ts"
import * as Seed from "../domain/Seed.ts"
import { Part, type Task } from "../domain/Task.ts"
import { Tasks } from "../domain/Tasks.ts"
import * as PolicyScripted from "../layers/PolicyScripted.ts"
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

/** What was said in an episode that an earlier evaluation with the same options finished; undefined when it is to be played. */
export type Recorded = (task: Task, sample: number) => ReadonlyArray<Completion> | undefined

/** One episode of an evaluation. A recorded one is played again by what was said in it, and asks the policy for nothing. */
const play = Effect.fnUntraced(function*(task: Task, sample: number, options: EvaluateOptions, recorded: Recorded) {
  const said = recorded(task, sample)
  const once = rollout(task, {
    seed: Seed.derive(options.seed, "evaluation", task.id, sample),
    family: `evaluation/${task.id}`,
    sampling: options.sampling,
    maxSteps: options.maxSteps
  })
  const { result } = yield* persist(
    said === undefined ? once : Effect.provideService(once, Policy, PolicyScripted.replaying(said)),
    options
  )
  const played: Evaluation.Played = Result.isSuccess(result)
    ? { _tag: "Finished", task, sample, episode: result.success }
    : { _tag: "Unfinished", task, sample, ...result.failure }
  return { played, isNew: said === undefined }
})

/** Every episode of an evaluation as it ends, with its place in the order of the tasks. */
const episodes = (options: EvaluateOptions, recorded: Recorded) =>
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
        Stream.zipWithIndex,
        Stream.mapEffect(
          ([{ sample, task }, place]) =>
            Effect.map(play(task, sample, options, recorded), (episode) => ({ ...episode, place })),
          // One that takes long holds up none that follow.
          { concurrency: options.concurrency, unordered: true }
        )
      )
    })
  )

const none: Recorded = () => undefined

/**
 * Plays everything and counts, in the order of the tasks whatever the concurrency. `watch` sees each episode that is not
 * recorded, one at a time and as it ends; it is not kept.
 */
export const evaluate = <E = never, R = never>(
  options: EvaluateOptions,
  watch: (played: Evaluation.Played) => Effect.Effect<void, E, R> = () => Effect.void,
  recorded: Recorded = none
) =>
  episodes(options, recorded).pipe(
    Stream.tap(({ isNew, played }) => isNew ? watch(played) : Effect.void),
    Stream.map(({ place, played }) => ({ place, mark: Evaluation.mark(played) })),
    Stream.runCollect,
    Effect.map((marks) => Evaluation.make(marks.toSorted((a, b) => a.place - b.place).map(({ mark }) => mark)))
  )
