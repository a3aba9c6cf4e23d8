import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Ref } from "effect"
import { TestClock } from "effect/testing"
import type { EpisodesMoved } from "../../src/domain/Journal.ts"
import { RunStore, RunStoreError, StoreUnwritable } from "../../src/domain/RunStore.ts"
import * as RunStoreMemory from "../../src/layers/RunStoreMemory.ts"
import { follow } from "../../src/programs/follow.ts"

const place = { stageIndex: 0, step: 2 }

const recorded = Effect.flatMap(RunStoreMemory.Recorded, Ref.get)

const moved = (...moves: ReadonlyArray<string>): EpisodesMoved => ({
  _tag: "EpisodesMoved",
  ...place,
  moves: { t: moves.join() }
})

describe("follow", () => {
  it.effect("records within two seconds what episodes did, once, and gives back the rest", () =>
    Effect.gen(function*() {
      const fiber = yield* follow(place, (moved) =>
        Effect.gen(function*() {
          moved("t", 0, "(")
          yield* Effect.sleep("3 seconds")
          moved("t", 1, "(")
          moved("t", 0, ".")
          yield* Effect.sleep("4 seconds")
          moved("t", 0, ")")
          return "played"
        })).pipe(Effect.forkChild)
      yield* TestClock.adjust("6 seconds")
      assert.deepStrictEqual(yield* recorded, [moved("("), moved(".", "(")])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(fiber), { value: "played", rest: [moved(")")] })
      assert.lengthOf(yield* recorded, 2)
    }).pipe(Effect.provide(RunStoreMemory.layer)))

  it.effect("records where episodes were when it is interrupted", () =>
    Effect.gen(function*() {
      const fiber = yield* follow(place, (moved) => {
        moved("t", 0, "(")
        return Effect.never
      }).pipe(Effect.forkChild({ startImmediately: true }))
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* recorded, [moved("(")])
    }).pipe(Effect.provide(RunStoreMemory.layer)))

  it.effect("ends what is played when it cannot be recorded", () =>
    Effect.gen(function*() {
      const full = new RunStoreError({ reason: new StoreUnwritable({ path: "run", detail: "no space left" }) })
      const fiber = yield* follow(place, (moved) => {
        moved("t", 0, "(")
        return Effect.never
      }).pipe(
        Effect.provide(Layer.succeed(RunStore, RunStore.of({ append: () => Effect.fail(full) }))),
        Effect.flip,
        Effect.forkChild
      )
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), full)
    }))
})
