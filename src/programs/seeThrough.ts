/** What must not be left halfway. */
import { Effect, Fiber } from "effect"

/**
 * Runs an effect to its end: an interruption waits for that. Timeouts and races inside of it work as ever, which they
 * would not if it could not be interrupted itself.
 */
export const seeThrough = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptible(Effect.flatMap(Effect.forkChild(effect, { startImmediately: true }), Fiber.join))
