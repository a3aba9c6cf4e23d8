import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { presets } from "../../../src/domain/tinker/ServerProfile.ts"
import * as Model from "../../../src/layers/tinker/Model.ts"
import * as Session from "../../../src/layers/tinker/Session.ts"
import { type Asked, layer, type Reply } from "./scripted.ts"
import * as ToyServer from "./ToyServer.ts"

/** A session with a server whose answers to heartbeats are these, the last of them for ever. */
const withHeartbeats = (replies: ReadonlyArray<Reply>, asked: Array<Asked> = []) => {
  const toy = ToyServer.make()
  let beats = 0
  const answer = (request: Asked): Reply => {
    if (request.path !== "session_heartbeat") return toy.answer(request)
    asked.push(request)
    return replies[Math.min(beats++, replies.length - 1)]!
  }
  return Effect.provide(layer(answer))
}

const alive: Reply = { json: { type: "session_heartbeat" } }

describe("a session", () => {
  it.effect("sends a heartbeat at once, every ten seconds, and none after its end", () => {
    const asked: Array<Asked> = []
    return Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* Scope.provide(Session.make(), scope)
      assert.deepStrictEqual(asked.map(({ body }) => body), [{ session_id: "s", type: "session_heartbeat" }])
      yield* TestClock.adjust("61 seconds")
      assert.strictEqual(asked.length, 7)
      yield* Scope.close(scope, yield* Effect.exit(Effect.void))
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(asked.length, 7)
    }).pipe(withHeartbeats([alive], asked))
  })

  it.effect("is lost when the server does not know it", () =>
    Effect.gen(function*() {
      const session = yield* Session.make()
      yield* session.check
      yield* TestClock.adjust("11 seconds")
      const error = yield* Effect.flip(session.check)
      assert.strictEqual(error.reason._tag, "SessionLost")
      assert.include(error.message, "session s is lost")
      assert.include(error.message, "Session not found")
    }).pipe(Effect.scoped, withHeartbeats([alive, { status: 404, json: { detail: "Session not found" } }])))

  it.effect("is lost when nothing is heard for two minutes, and not before", () =>
    Effect.gen(function*() {
      const session = yield* Session.make()
      yield* TestClock.adjust("110 seconds")
      yield* session.check
      yield* TestClock.adjust("40 seconds")
      assert.include((yield* Effect.flip(session.check)).message, "no heartbeat was answered for 1")
    }).pipe(Effect.scoped, withHeartbeats([alive, "silence"])))

  it.effect("refuses the work of its models once it is lost", () =>
    Effect.gen(function*() {
      const session = yield* Session.make()
      const model = yield* Model.make(session, { baseModel: "toy", profile: presets.custom })
      yield* TestClock.adjust("11 seconds")
      const error = yield* Effect.flip(model.save("weights"))
      assert.strictEqual(error.reason._tag, "SessionLost")
      const waiting = yield* Effect.forkChild(Effect.flip(session.outlive(Effect.never)))
      assert.strictEqual((yield* Fiber.join(waiting)).reason._tag, "SessionLost")
    }).pipe(Effect.scoped, withHeartbeats([alive, { status: 404, json: { detail: "Session not found" } }])))
})
