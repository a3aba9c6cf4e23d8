/** Follows episodes while they are under way, so that a run that is killed says how far each of them was. */
import { Effect } from "effect"
import { RunStore } from "../domain/RunStore.ts"
import { type Listener, Moves } from "../domain/UnderWay.ts"

/** At most this much of what happened is lost with a process. */
const interval = "2 seconds"

export interface Followed<A> {
  readonly value: A
  /** What is not recorded yet: it goes with what is recorded next. */
  readonly rest: ReturnType<Moves["take"]>
}

/** Plays episodes of one step with somebody who hears of every move, and records what is heard. */
export const follow = Effect.fnUntraced(function*<A, E, R>(
  place: { readonly stageIndex: number; readonly step: number },
  play: (moved: Listener) => Effect.Effect<A, E, R>
) {
  const store = yield* RunStore
  const moves = new Moves(place)
  const record = Effect.suspend(() => {
    const events = moves.take()
    return events.length === 0 ? Effect.void : store.append(events)
  })
  const value = yield* play(moves.add).pipe(
    Effect.raceFirst(Effect.forever(Effect.delay(record, interval))),
    // Why it ends is said by what ends it.
    Effect.onInterrupt(() => Effect.ignore(record))
  )
  const followed: Followed<A> = { value, rest: moves.take() }
  return followed
})
