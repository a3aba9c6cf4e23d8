/** Episodes meet models and simulators that do not answer: one is tried again alone, and never fails what plays it. */
import { Deferred, Effect, Result, Schedule } from "effect"
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

/** Why something was given up: `deadline`, the tag of the error's reason, or what made it useless. */
export interface GivenUp {
  readonly cause: string
  readonly detail: string
}

export interface Persisted<A> {
  readonly attempts: number
  readonly result: Result.Result<A, GivenUp>
}

/** Tries `once` until it succeeds, cannot, patience is over, or it is of no use any more. */
export const persist = <A, R>(
  once: Effect.Effect<A, EpisodeError, R>,
  patience: Patience,
  useless?: Deferred.Deferred<GivenUp>
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
      (insisting) =>
        useless === undefined
          ? insisting
          : Effect.raceFirst(insisting, Effect.map(Deferred.await(useless), (why) => Result.fail(why))),
      Effect.map((result) => ({ attempts, result }))
    )
  })
