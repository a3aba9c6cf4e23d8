import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import * as Sessions from "../../../src/layers/tinkerserver/Sessions.ts"

describe("Sessions", () => {
  it.effect("ends what a session has made five minutes after it was last heard of, and not before", () =>
    Effect.gen(function*() {
      const closed: Array<string> = []
      const sessions = yield* Sessions.make({
        prefix: "s-",
        close: (session) => Effect.sync(() => closed.push(session))
      })
      const silent = yield* sessions.open
      const alive = yield* sessions.open
      for (let minute = 0; minute < 6; minute++) {
        yield* TestClock.adjust("50 seconds")
        yield* sessions.hear(alive)
      }
      assert.deepStrictEqual(closed, [])
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(closed, [silent])
      assert.strictEqual((yield* Effect.flip(sessions.hear(silent))).status, 404)
      yield* sessions.hear(alive)
      yield* sessions.end(alive)
      yield* sessions.end(alive)
      assert.deepStrictEqual(closed, [silent, alive])
    }))
})
