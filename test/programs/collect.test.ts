import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import * as Augmentor from "../../src/domain/Augmentor.ts"
import * as Seed from "../../src/domain/Seed.ts"
import type { Task } from "../../src/domain/Task.ts"
import * as TaskOrder from "../../src/domain/TaskOrder.ts"
import * as EnvironmentToy from "../../src/layers/EnvironmentToy.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import { collect } from "../../src/programs/collect.ts"
import { stage, tasks } from "./world.ts"

const place = { seed: 1, stage: "one", stageIndex: 0, step: 0 }
const train = tasks.filter(({ part }) => part === "train")
const order = () => TaskOrder.make(train, 1)

const collecting = (settings: Parameters<typeof stage>[2], next: (n: number) => ReadonlyArray<Task> = order()) => {
  const one = stage("one", 1, settings)
  return collect(one, place, next).pipe(
    Effect.provide(Layer.provideMerge(Layer.provide(EnvironmentToy.layer, Augmentor.layerNone), one.services))
  )
}

/** Right by its seed. */
const mixed = PolicyScripted.layer((conversation, { seed }) =>
  seed % 2 === 0 ? conversation.at(-1)?.content.slice(-1) ?? "" : "wrong"
)

/** Right about some tasks, and wrong about others, whatever the seed: no group has signal. */
const certain = PolicyScripted.layer((conversation, { task }) =>
  task.id < "t3" ? conversation.at(-1)?.content.slice(-1) ?? "" : "wrong"
)

describe("collect", () => {
  it.effect("plays every member of every group, each with a seed of its own", () =>
    Effect.gen(function*() {
      const { attempted, groups } = yield* collecting({ tasksPerStep: 3, groupSize: 4 })
      assert.strictEqual(attempted.length, 12)
      assert.strictEqual(new Set(attempted.map(({ seed }) => seed)).size, 12)
      assert.strictEqual(new Set(attempted.map(({ id }) => id)).size, 12)
      for (const { members, task } of groups) {
        assert.isTrue(members.every(({ episode }) => episode.task === task))
      }
    }).pipe(Effect.provide(mixed)))

  it.effect("derives the seed of an episode from where it is, not from when it is played", () =>
    Effect.gen(function*() {
      const { attempted } = yield* collecting({ tasksPerStep: 2, groupSize: 2 })
      for (const { member, seed, task } of attempted) {
        assert.strictEqual(seed, Seed.derive(1, "episode", 0, 0, task.id, member))
      }
    }).pipe(Effect.provide(mixed)))

  it.effect("plays other episodes of a task that a refill meets again", () =>
    Effect.gen(function*() {
      const { attempted, rounds } = yield* collecting({ tasksPerStep: 4, groupSize: 2, refillRounds: 1 })
      const met = rounds.flatMap(({ groups }) => groups.map(({ task }) => task))
      assert.isBelow(new Set(met).size, met.length)
      assert.strictEqual(new Set(attempted.map(({ id }) => id)).size, attempted.length)
      assert.strictEqual(new Set(attempted.map(({ seed }) => seed)).size, attempted.length)
    }).pipe(Effect.provide(certain)))

  it.effect("keeps no more episodes in flight than it may", () =>
    Effect.gen(function*() {
      let flying = 0
      let most = 0
      const slow = PolicyScripted.layerEffect(() =>
        Effect.acquireUseRelease(
          Effect.sync(() => most = Math.max(most, ++flying)),
          () => Effect.as(Effect.sleep("1 second"), "wrong"),
          () => Effect.sync(() => flying -= 1)
        )
      )
      const fiber = yield* collecting({ tasksPerStep: 4, groupSize: 4, concurrency: 5, refillRounds: 0 }).pipe(
        Effect.provide(slow),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.strictEqual(most, 5)
    }))

  it.effect("asks for as many other tasks as groups were dropped", () =>
    Effect.gen(function*() {
      const asked: Array<number> = []
      const next = order()
      const { attempted, groupsCollected, refillRounds } = yield* collecting(
        { tasksPerStep: 2, groupSize: 2, refillRounds: 2 },
        (n) => {
          asked.push(n)
          return next(n)
        }
      )
      assert.deepStrictEqual(asked, [2, 2, 2])
      assert.strictEqual(groupsCollected, 6)
      assert.strictEqual(refillRounds, 2)
      assert.strictEqual(new Set(attempted.map(({ task }) => task.id)).size, 6)
    }).pipe(Effect.provide(certain)))

  it.effect("cannot learn from a group of which one member is left", () =>
    Effect.gen(function*() {
      let opened = 0
      const lonely = PolicyScripted.layerEffect((conversation) => {
        if (conversation.length > 1) return Effect.succeed("b")
        opened += 1
        return opened === 1 ? Effect.succeed("a") : Effect.never
      })
      const fiber = yield* collecting({ tasksPerStep: 1, groupSize: 3, refillRounds: 0, deadlineSeconds: 1 }).pipe(
        Effect.provide(lonely),
        Effect.forkChild
      )
      yield* TestClock.adjust("2 seconds")
      const { attempted, groups } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(groups, [])
      assert.deepStrictEqual(
        attempted.map(({ fate }) => fate._tag === "Trained" ? fate._tag : fate.cause),
        ["lone_member", "deadline", "deadline"]
      )
    }))
})
