/**
 * Work that is done before it is asked for: in order, one piece at a time, and a bounded number of pieces beyond the one
 * that was asked for last.
 *
 * It is what staleness comes from, and its bound: when a piece is begun, all but `most` of those before it have been
 * handed over and done with. A `Stream.buffer` would not do: its producer holds one more than its capacity, and whoever
 * stops asking does not learn what was made for nothing.
 */
import { Effect, Fiber, type Scope } from "effect"

export interface Ahead<A, E, R> {
  /** The next piece. Those after it are begun when it is there; whoever asks again is done with it. */
  readonly next: Effect.Effect<A, E, R>
  /** The pieces that were begun and not asked for, oldest first, when all are there. No others are begun. */
  readonly rest: Effect.Effect<ReadonlyArray<A>, E>
}

/** With `most` of 0 a piece is made when it is asked for, and nothing is left. */
export const make = Effect.fnUntraced(function*<A, E, R>(
  piece: Effect.Effect<A, E, R>,
  most: number
): Effect.fn.Return<Ahead<A, E, R>, never, Scope.Scope> {
  const scope = yield* Effect.scope
  const begun: Array<Fiber.Fiber<A, E>> = []
  const begin = Effect.suspend(() => {
    const before = begun.at(-1)
    return Effect.forkIn(before === undefined ? piece : Effect.andThen(Fiber.join(before), piece), scope)
  })
  const ahead: Ahead<A, E, R> = {
    next: Effect.gen(function*() {
      const first = begun.shift()
      const made = yield* first === undefined ? piece : Fiber.join(first)
      while (begun.length < most) begun.push(yield* begin)
      return made
    }),
    rest: Effect.suspend(() => Effect.forEach(begun.splice(0), Fiber.join))
  }
  return ahead
})
