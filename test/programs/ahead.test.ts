import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Ahead from "../../src/programs/ahead.ts"

const duration = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))
const Durations = Schema.Array(Schema.Struct({ made: duration, used: duration })).check(
  Schema.isMinLength(1),
  Schema.isMaxLength(12)
)

/** How many pieces had been used when each was begun, and the order in which they came. */
const worked = Effect.fnUntraced(function*(durations: typeof Durations.Type, most: number) {
  const usedAtBegin: Array<number> = []
  const came: Array<number> = []
  let making = 0
  let used = 0
  const { next, rest } = yield* Ahead.make(
    Effect.gen(function*() {
      const n = usedAtBegin.push(used) - 1
      making += 1
      assert.strictEqual(making, 1)
      yield* Effect.sleep(durations[n]?.made ?? 1)
      making -= 1
      return n
    }),
    most
  )
  for (const { used: milliseconds } of durations) {
    came.push(yield* next)
    yield* Effect.sleep(milliseconds)
    used += 1
  }
  return { usedAtBegin, came, rest: yield* rest }
}, Effect.scoped)

describe("Ahead", () => {
  it.effect.prop(
    "makes pieces in order, one at a time, and none before all but so many are used",
    [Durations, Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 }))],
    ([durations, most]) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(worked(durations, most))
        yield* TestClock.adjust("1 second")
        const { came, rest, usedAtBegin } = yield* Fiber.join(fiber)
        const count = durations.length
        assert.deepStrictEqual(came, Array.from({ length: count }, (_, n) => n))
        assert.deepStrictEqual(rest, Array.from({ length: most }, (_, n) => count + n))
        usedAtBegin.forEach((used, n) => {
          assert.isAtLeast(used, n - most)
          assert.isAtMost(used, n)
        })
      }),
    { arbitrary: { runs: 50 } }
  )

  it.effect("stops what is being made when its scope closes", () =>
    Effect.gen(function*() {
      let stopped = 0
      let made = 0
      yield* Effect.scoped(Effect.gen(function*() {
        const { next } = yield* Ahead.make(
          Effect.suspend(() => made++ === 0 ? Effect.void : Effect.never).pipe(
            Effect.onInterrupt(() => Effect.sync(() => stopped++))
          ),
          1
        )
        yield* next
        yield* Effect.yieldNow
      }))
      assert.deepStrictEqual({ made, stopped }, { made: 2, stopped: 1 })
    }))
})
