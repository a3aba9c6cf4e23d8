/**
 * Clients' sessions. What a session has made ends with it: when it says that it is finished,
 * or when nothing has been heard of it for a while.
 */
import { Clock, Duration, Effect, Schedule } from "effect"
import { Refused } from "./Refused.ts"

/** A session that has been silent for as long is given up; clients send a heartbeat every 10 s. */
const patience = Duration.minutes(5)
const sweepEvery = Duration.minutes(1)

export const make = Effect.fnUntraced(function*(options: {
  readonly prefix: string
  /** Ends what a session has made. */
  readonly close: (session: string) => Effect.Effect<void>
}) {
  const { close, prefix } = options
  const heardOf = new Map<string, number>()
  let opened = 0

  const end = (session: string): Effect.Effect<void> =>
    Effect.suspend(() => heardOf.delete(session) ? close(session) : Effect.void)

  const sweep = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const silent = Array.from(heardOf).filter(([, time]) => now - time > Duration.toMillis(patience))
    yield* Effect.forEach(silent, ([session]) => end(session), { discard: true })
  })
  yield* Effect.forkScoped(Effect.repeat(sweep, Schedule.spaced(sweepEvery)))

  const hear = Effect.fnUntraced(function*(session: string) {
    if (!heardOf.has(session)) return yield* new Refused({ status: 404, detail: `there is no session "${session}"` })
    heardOf.set(session, yield* Clock.currentTimeMillis)
  })

  return {
    open: Effect.gen(function*() {
      opened += 1
      const session = `${prefix}${opened}`
      heardOf.set(session, yield* Clock.currentTimeMillis)
      return session
    }),
    /** Notes that a session is alive; fails when there is no such session. */
    hear,
    end
  }
})
