import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Latch, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as Augmentor from "../../src/domain/Augmentor.ts"
import { Environment } from "../../src/domain/Environment.ts"
import * as Evaluation from "../../src/domain/Evaluation.ts"
import { type Completion, PolicyError, PolicyUnavailable } from "../../src/domain/Policy.ts"
import { type Interval, wilson, wilsonClustered } from "../../src/domain/Statistics.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import * as EnvironmentToy from "../../src/layers/EnvironmentToy.ts"
import * as EvaluationFolder from "../../src/layers/EvaluationFolder.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import { defaults, evaluate } from "../../src/programs/evaluate.ts"
import * as Tables from "../../src/programs/tables.ts"
import { tasks } from "./world.ts"

const World = Layer.merge(
  EnvironmentToy.layer.pipe(Layer.provide(Augmentor.layerNone)),
  Tasks.layer(tasks, { source: "test" })
)

/** Right about everything but the second turn of `e1`. */
const policy = PolicyScripted.layer((conversation, { task }) => {
  const asked = conversation.at(-1)?.content ?? ""
  return task.id === "e1" && asked === "say b" ? "wrong" : asked.slice(-1)
})

const seeds = Effect.fnUntraced(function*(concurrency: number) {
  const all = new Map<string, number>()
  yield* evaluate({ ...defaults, samples: 3, concurrency }, (played) =>
    Effect.sync(() => {
      all.set(`${played.task.id} ${played.sample}`, played._tag === "Finished" ? played.episode.seed : -1)
    }))
  return all
})

describe("evaluate", () => {
  it.effect("counts passed episodes and turns by part and category", () =>
    Effect.gen(function*() {
      const { cells, parts, tasks: outcomes } = yield* evaluate(defaults)
      assert.deepStrictEqual(outcomes, {
        e0: { n: 1, passed: 1 },
        e1: { n: 1, passed: 0 },
        e2: { n: 1, passed: 1 },
        x0: { n: 1, passed: 1 }
      })
      assert.deepStrictEqual(Object.keys(cells), ["test/base", "transfer/unseen"])
      const base = cells["test/base"]
      assert.deepStrictEqual(base?.success, { n: 3, passed: 2 })
      assert.deepStrictEqual(base?.turns, { n: 6, passed: 5 })
      assert.deepStrictEqual(base?.failures, { response: 1 })
      assert.deepStrictEqual(base?.diagnoses, { missing_response: 1 })
      assert.deepStrictEqual(base?.interval, wilson(2, 3))
      assert.deepStrictEqual(parts["transfer"]?.success, { n: 1, passed: 1 })
    }).pipe(Effect.provide([World, policy])))

  it.effect("plays only what is asked for", () =>
    Effect.gen(function*() {
      const { cells } = yield* evaluate({ ...defaults, parts: ["train", "transfer"], categories: ["base"] })
      assert.deepStrictEqual(Object.keys(cells), ["train/base"])
    }).pipe(Effect.provide([World, policy])))

  it.effect("keeps unfinished episodes out of every rate, and counts them", () =>
    Effect.gen(function*() {
      const flaky = PolicyScripted.layerEffect((conversation, { task }) =>
        task.id === "e2"
          ? Effect.fail(new PolicyError({ reason: new PolicyUnavailable({ detail: "busy" }) }))
          : Effect.succeed(conversation.at(-1)?.content.slice(-1) ?? "")
      )
      const fiber = yield* evaluate(defaults).pipe(Effect.provide(flaky), Effect.forkChild)
      yield* TestClock.adjust("1 minute")
      const { cells } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(cells["test/base"]?.success, { n: 2, passed: 2 })
      assert.deepStrictEqual(cells["test/base"]?.unfinished, { PolicyUnavailable: 1 })
    }).pipe(Effect.provide(World)))

  it.effect("counts turns that were not reached as not passed", () =>
    Effect.gen(function*() {
      const { cells } = yield* evaluate({ ...defaults, maxSteps: 1 })
      assert.deepStrictEqual(cells["test/base"]?.turns, { n: 6, passed: 3 })
      assert.deepStrictEqual(cells["test/base"]?.failures, { not_reached: 3 })
      assert.deepStrictEqual(cells["test/base"]?.diagnoses, { hung: 3 })
      assert.deepStrictEqual(cells["test/base"]?.success, { n: 3, passed: 0 })
    }).pipe(Effect.provide([World, policy])))

  it.effect("prints why turns failed, or nothing where none did", () =>
    Effect.gen(function*() {
      const lines = Tables.evaluation(yield* evaluate(defaults)).join("\n")
      assert.match(lines, /turns that failed +all +missing response\ntest\/base +1 +1\n/)
      const oracle = PolicyScripted.layer((conversation) => conversation.at(-1)?.content.slice(-1) ?? "")
      const right = yield* Effect.provide(evaluate(defaults), oracle)
      assert.notInclude(Tables.evaluation(right).join("\n"), "failed")
    }).pipe(Effect.provide([World, policy])))

  it.effect("gives every sample a seed of its own, and the same ones whatever the concurrency", () =>
    Effect.gen(function*() {
      const alone = yield* seeds(1)
      assert.strictEqual(new Set(alone.values()).size, 12)
      assert.deepStrictEqual(yield* seeds(16), alone)
    }).pipe(Effect.provide([World, policy])))

  it.effect("begins no more of 10,000 queued episodes than may be in flight, and leaves none open", () =>
    Effect.gen(function*() {
      let begun = 0
      let open = 0
      const count = (by: number) =>
        Effect.sync(() => {
          open += by
        })
      const counted = Layer.effect(
        Environment,
        Environment.useSync((environment) =>
          Environment.of({
            open: (task, seed) =>
              Effect.andThen(Effect.acquireRelease(count(1), () => count(-1)), environment.open(task, seed))
          })
        )
      )
      const fiber = yield* evaluate({ ...defaults, samples: 2500, concurrency: 64 }, undefined, () => {
        begun += 1
        return undefined
      }).pipe(
        Effect.provide([Layer.provideMerge(counted, World), PolicyScripted.layerEffect(() => Effect.never)]),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([begun, open], [64, 64])
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual([begun, open], [64, 0])
    }))

  it.effect("plays what is recorded by what was said, and asks and tells of the rest only", () =>
    Effect.gen(function*() {
      const said = new Map<string, ReadonlyArray<Completion>>()
      const whole = yield* evaluate(defaults, (played) =>
        Effect.sync(() => {
          if (played._tag === "Unfinished" || played.task.id === "e2") return
          said.set(played.task.id, played.episode.steps.map(({ completion }) => completion))
        }))
      const asked: Array<string> = []
      const told: Array<string> = []
      const again = yield* evaluate(
        defaults,
        ({ task }) => Effect.sync(() => told.push(task.id)),
        ({ id }) => said.get(id)
      ).pipe(
        Effect.provide(PolicyScripted.layer((conversation, { task }) => {
          asked.push(task.id)
          return conversation.at(-1)?.content.slice(-1) ?? ""
        }))
      )
      assert.deepStrictEqual(again, whole)
      assert.deepStrictEqual(asked, ["e2", "e2"])
      assert.deepStrictEqual(told, ["e2"])
    }).pipe(Effect.provide([World, policy])))

  it.effect("goes on where it was when it was stopped, from its folder", () =>
    Effect.gen(function*() {
      const folder = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
      const opened = EvaluationFolder.open(folder, { model: "m", loop: "training", samples: 1, settings: {} })
      const written = yield* Latch.make()
      const first = yield* opened
      const stuck = PolicyScripted.layerEffect((conversation, { task }) =>
        task.id === "e1" ? Effect.never : Effect.succeed(conversation.at(-1)?.content.slice(-1) ?? "")
      )
      let count = 0
      const fiber = yield* evaluate(defaults, (played) =>
        played._tag === "Unfinished" ? Effect.void : Effect.andThen(
          first.write(played),
          Effect.suspend(() => ++count === 3 ? written.open : Effect.void)
        )).pipe(Effect.provide(stuck), Effect.forkChild)
      yield* written.await
      yield* Fiber.interrupt(fiber)
      const asked: Array<string> = []
      const second = yield* opened
      const { tasks: outcomes } = yield* evaluate(defaults, () => Effect.void, second.recorded).pipe(
        Effect.provide(PolicyScripted.layer((conversation, { task }) => {
          asked.push(task.id)
          return conversation.at(-1)?.content.slice(-1) ?? ""
        }))
      )
      assert.strictEqual(second.episodes, 3)
      assert.deepStrictEqual(asked, ["e1", "e1"])
      const once = { n: 1, passed: 1 }
      assert.deepStrictEqual(outcomes, { e0: once, e1: once, e2: once, x0: once })
    }).pipe(Effect.provide([World, NodeServices.layer])))

  it.effect("counts in the order of the tasks, whichever ends first", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const slow = PolicyScripted.layerEffect((conversation, { task }) =>
        Effect.delay(
          Effect.succeed(conversation.at(-1)?.content.slice(-1) ?? ""),
          task.id === "e0" ? "1 second" : 0
        )
      )
      const fiber = yield* evaluate(defaults, ({ task }) => Effect.sync(() => order.push(task.id))).pipe(
        Effect.provide(slow),
        Effect.forkChild
      )
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(Object.keys((yield* Fiber.join(fiber)).tasks), ["e0", "e1", "e2", "x0"])
      assert.strictEqual(order.at(-1), "e0")
    }).pipe(Effect.provide(World)))

  it.effect("says which tasks there are when none is asked for", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(evaluate({ ...defaults, categories: ["bas"] }))
      assert.include(
        String(error),
        "no task of test, transfer in bas; there are train/base, test/base, transfer/unseen"
      )
    }).pipe(Effect.provide([World, policy])))

  it("keeps no more of an evaluation than the record of a run needs", () => {
    const mark: Evaluation.Mark = {
      task: tasks[0]!,
      finished: { passed: true, turns: { n: 2, passed: 2 }, failures: [], diagnoses: [], steps: 2, sampledTokens: 5 }
    }
    assert.deepStrictEqual(Evaluation.scores(Evaluation.make([mark, mark])), { "train/base": { n: 2, passed: 2 } })
  })
})

const width = ({ high, low }: Interval) => high - low

const cluster = Schema.Struct({
  n: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 8 })),
  share: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
})

describe("wilsonClustered", () => {
  it.prop(
    "is never narrower than Wilson's interval, nor wider than that of as many trials as clusters",
    [Schema.NonEmptyArray(cluster)],
    ([drawn]) => {
      const clusters = drawn.map(({ n, share }) => ({ n, passed: Math.round(n * share) }))
      const n = clusters.reduce((sum, one) => sum + one.n, 0)
      const passed = clusters.reduce((sum, one) => sum + one.passed, 0)
      const interval = wilsonClustered(clusters)
      const narrow = wilson(passed, n)
      const wide = wilson((passed / n) * clusters.length, clusters.length)
      assert.isAtLeast(width(interval), width(narrow) - 1e-12)
      assert.isAtMost(width(interval), width(wide) + 1e-12)
    }
  )

  it("is Wilson's interval of the clusters when the trials of each agree", () => {
    const clusters = [{ n: 4, passed: 4 }, { n: 4, passed: 0 }, { n: 4, passed: 4 }, { n: 4, passed: 0 }]
    const interval = wilsonClustered(clusters)
    assert.closeTo(interval.low, wilson(2, 4).low, 1e-9)
  })
})
