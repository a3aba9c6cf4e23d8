/** Episodes meet models and simulators that do not answer: one is tried again alone, and never fails what plays it. */
import { Effect, Result, Schedule } from "effect"
import type { EnvironmentError } from "../domain/Environment.ts"
import type { PolicyError } from "../domain/Policy.ts"
import type { RewardError } from "../domain/Reward.ts"

export type EpisodeError = EnvironmentError | PolicyError | RewardError

/** How long to insist; a stage's settings have it. */
export interface Patience {
  /** Attempts after the first, when the failure is retryable. */
  readonly retries: number
  /** The first wait before another attempt; each next one is twice as long, with jitter. */
  readonly retryMilliseconds: number
  /** An attempt that takes longer is abandoned, and is the last. */
  readonly deadlineSeconds: number
}

export interface Persisted<A> {
  readonly attempts: number
  /** Why it was given up, where it was: `deadline`, or the tag of the error's reason. */
  readonly result: Result.Result<A, { readonly cause: string; readonly detail: string }>
}

/** Tries `once` until it succeeds, cannot, or patience is over. */
export const persist = <A, R>(
  once: Effect.Effect<A, EpisodeError, R>,
  patience: Patience
): Effect.Effect<Persisted<A>, never, R> =>
  Effect.suspend(() => {
    let attempts = 0
    const late = Result.fail({ cause: "deadline", detail: `not finished after ${patience.deadlineSeconds} s` })
    return Effect.suspend(() => {
      attempts += 1
      return once
    }).pipe(
      Effect.map((value): Persisted<A>["result"] => Result.succeed(value)),
      Effect.timeoutOrElse({
        duration: `${patience.deadlineSeconds} seconds`,
        orElse: () => Effect.succeed<Persisted<A>["result"]>(late)
      }),
      Effect.retry({
        schedule: Schedule.exponential(`${patience.retryMilliseconds} millis`).pipe(Schedule.jittered),
        times: patience.retries,
        while: (error) => error.isRetryable
      }),
      Effect.catch((error) =>
        Effect.succeed<Persisted<A>["result"]>(Result.fail({ cause: error.reason._tag, detail: error.message }))
      ),
      Effect.map((result) => ({ attempts, result }))
    )
  })
