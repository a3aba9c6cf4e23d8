/** Who may use an engine's weights when. */
import { Effect, Semaphore } from "effect"

/**
 * Many may use the weights at a time, or one may change them. Who comes after a change
 * that waits, waits behind it.
 */
export const make = Effect.gen(function*() {
  const users = 1 << 30
  const entrance = yield* Semaphore.make(1)
  const inside = yield* Semaphore.make(users)
  return {
    shared: <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      Effect.acquireUseRelease(entrance.withPermit(inside.take(1)), () => effect, () => inside.release(1)),
    exclusive: <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      entrance.withPermit(inside.withPermits(users)(effect))
  }
})
