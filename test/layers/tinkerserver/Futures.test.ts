import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Futures, mistaken } from "../../../src/layers/tinkerserver/Futures.ts"

const futures = () => new Futures("s-", { pending: 3, bytes: 1000, outcomes: 2, numbers: 100 })

const small = { bytes: 1 }

const answer = (numbers: number) => Effect.succeed({ json: numbers, numbers })

const taken = (id: string | undefined): string => {
  if (id === undefined) throw new Error("the request was not accepted")
  return id
}

describe("Futures", () => {
  it.effect("has an outcome for who waits for it and for who asks later, as often as it is asked for", () =>
    Effect.gen(function*() {
      const all = futures()
      const id = taken(all.accept(small))
      const early = yield* Effect.forkChild(all.poll(id, 30), { startImmediately: true })
      all.settle(id, answer(7), 7)
      all.settle(id, answer(8), 8)
      for (const poll of [yield* Fiber.join(early), yield* all.poll(id, 30), yield* all.poll(id, 30)]) {
        assert.strictEqual(poll._tag, "Done")
        if (poll._tag === "Done") assert.deepStrictEqual(yield* poll.outcome, { json: 7, numbers: 7 })
      }
    }))

  it.effect("answers a poll in time, and says what is waited for", () =>
    Effect.gen(function*() {
      const all = futures()
      const id = taken(all.accept({ bytes: 1, waitsFor: () => "waiting for seq_id 2" }))
      const poll = yield* Effect.forkChild(all.poll(id, 30), { startImmediately: true })
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(poll.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(poll), { _tag: "Pending", reason: "waiting for seq_id 2" })
    }))

  it.effect("keeps failures like results", () =>
    Effect.gen(function*() {
      const all = futures()
      const id = taken(all.accept(small))
      all.settle(id, Effect.fail(mistaken("no such loss")), 0)
      const poll = yield* all.poll(id, 30)
      assert.strictEqual(poll._tag, "Done")
      if (poll._tag === "Done") assert.strictEqual((yield* Effect.flip(poll.outcome)).category, "user")
    }))

  it.effect("forgets the oldest outcomes when there are too many or they are too large, and knows that it did", () =>
    Effect.gen(function*() {
      const all = futures()
      const tags = Effect.fnUntraced(function*(...ids: ReadonlyArray<string>) {
        return yield* Effect.forEach(ids, (id) => Effect.map(all.poll(id, 0), ({ _tag }) => _tag))
      })
      const ids = Array.from({ length: 3 }, () => {
        const id = taken(all.accept(small))
        all.settle(id, answer(1), 1)
        return id
      })
      assert.deepStrictEqual(yield* tags(...ids), ["Gone", "Done", "Done"])
      const large = taken(all.accept(small))
      all.settle(large, answer(1000), 1000)
      assert.deepStrictEqual(yield* tags(...ids, large), ["Gone", "Gone", "Gone", "Done"])
      assert.deepStrictEqual(
        yield* tags("s-5", "s-0", "t-1", "s-", "s-1.5"),
        Array.from({ length: 5 }, () => "Unknown")
      )
    }))

  it("accepts no more than can wait", () => {
    const all = futures()
    const first = taken(all.accept(small))
    assert.isString(all.accept(small))
    assert.isString(all.accept(small))
    assert.isUndefined(all.accept(small))
    all.settle(first, answer(1), 1)
    assert.isString(all.accept(small))
  })

  it("accepts no more bytes than it has room for, but any one request", () => {
    const all = futures()
    const large = taken(all.accept({ bytes: 5000 }))
    assert.isUndefined(all.accept(small))
    all.settle(large, answer(1), 1)
    taken(all.accept({ bytes: 600 }))
    assert.isUndefined(all.accept({ bytes: 600 }))
    assert.isString(all.accept({ bytes: 400 }))
  })
})
