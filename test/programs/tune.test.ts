import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Ref, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Environment, EnvironmentError, SimulatorCrashed } from "../../src/domain/Environment.ts"
import { PolicyError, PolicyRefused, PolicyUnavailable } from "../../src/domain/Policy.ts"
import { ledgerBalances, type StepReport, total } from "../../src/domain/Report.ts"
import * as Reward from "../../src/domain/Reward.ts"
import * as Seed from "../../src/domain/Seed.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import { Trainer } from "../../src/domain/Trainer.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import * as RunStoreMemory from "../../src/layers/RunStoreMemory.ts"
import * as TrainerMemory from "../../src/layers/TrainerMemory.ts"
import { StageEmpty, tune } from "../../src/programs/tune.ts"
import { curriculum, stage, task, tasks } from "./world.ts"

/** Right about the first turn, and by its seed about the second: groups differ within. */
const halfRight = PolicyScripted.layer((conversation, { seed }) =>
  conversation.at(-1)?.content === "say a" || seed % 2 === 0 ? conversation.at(-1)?.content.slice(-1) ?? "" : "wrong"
)

const World = Layer.mergeAll(
  TrainerMemory.layer,
  RunStoreMemory.layer,
  Tasks.layer(tasks, { source: "test" })
)

const crash = (seed: number) =>
  new EnvironmentError({ reason: new SimulatorCrashed({ task: "t", cause: new Error(String(seed)) }) })

/** A report without its times. */
const timeless = (report: StepReport) => ({ ...report, seconds: undefined })

const reportsWith = (concurrency: number) =>
  Stream.runCollect(tune(curriculum(stage("one", 3, { concurrency })), { seed: 4 }))

describe("tune", () => {
  it.effect("collects, trains, and only then collects again", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const logging = Layer.mergeAll(
        World,
        PolicyScripted.layer((conversation, { seed }) => {
          if (log.at(-1) !== "collect") log.push("collect")
          return seed % 2 === 0 ? conversation.at(-1)?.content.slice(-1) ?? "" : "wrong"
        }),
        Layer.effect(
          Trainer,
          Effect.map(Trainer, (trainer) =>
            Trainer.of({
              step: (batch) => Effect.tap(trainer.step(batch), () => Effect.sync(() => log.push("train")))
            }))
        ).pipe(Layer.provide(TrainerMemory.layer))
      )
      const reports = yield* Stream.runCollect(tune(curriculum(stage("one", 2), stage("two", 2)), { seed: 1 })).pipe(
        Effect.provide(logging)
      )
      assert.deepStrictEqual(log, ["collect", "train", "collect", "train", "collect", "train", "collect", "train"])
      assert.deepStrictEqual(reports.map(({ stage, stageStep, step }) => [stage, stageStep, step]), [
        ["one", 0, 0],
        ["one", 1, 1],
        ["two", 0, 2],
        ["two", 1, 3]
      ])
    }))

  it.effect("gives the trainer groups whose advantages sum to zero and whose rewards differ", () =>
    Effect.gen(function*() {
      yield* Stream.runDrain(tune(curriculum(stage("one", 3)), { seed: 2 }))
      const batches = yield* Ref.get(yield* TrainerMemory.Recorded)
      const groups = batches.flatMap((batch) => batch.groups)
      assert.isAbove(groups.length, 0)
      for (const { members } of groups) {
        assert.closeTo(members.reduce((sum, { advantage }) => sum + advantage, 0), 0, 1e-9)
        assert.isAbove(new Set(members.map(({ score }) => score.total)).size, 1)
      }
    }).pipe(Effect.provide([World, halfRight])))

  it.effect("records every attempt before its report, and the stages around them", () =>
    Effect.gen(function*() {
      const reports = yield* Stream.runCollect(tune(curriculum(stage("one", 1), stage("two", 1)), { seed: 3 }))
      const events = yield* Ref.get(yield* RunStoreMemory.Recorded)
      const shape = events.map((event) => event._tag).filter((tag, i, tags) => tag !== tags[i - 1])
      const perStage = ["StageStarted", "EpisodeAttempted", "RoundJudged", "UpdateStarted", "StepDone", "StageEnded"]
      assert.deepStrictEqual(shape, [...perStage, ...perStage])
      const ids = events.flatMap((event) => event._tag === "EpisodeAttempted" ? [event.attempted.id] : [])
      assert.strictEqual(new Set(ids).size, ids.length)
      assert.strictEqual(ids.length, reports.reduce((sum, { ledger }) => sum + ledger.attempted, 0))
    }).pipe(Effect.provide([World, halfRight])))

  it.effect("reports the same whatever the concurrency", () =>
    Effect.gen(function*() {
      const alone = yield* reportsWith(1)
      const together = yield* reportsWith(32)
      assert.deepStrictEqual(together.map(timeless), alone.map(timeless))
    }).pipe(Effect.provide([World, halfRight])))

  it.effect("gives another seed other episodes", () =>
    Effect.gen(function*() {
      const seedsOf = Effect.fnUntraced(function*(seed: number) {
        yield* Stream.runDrain(tune(curriculum(stage("one", 1)), { seed }))
        const batches = yield* Ref.get(yield* TrainerMemory.Recorded)
        return batches.flatMap(({ groups }) =>
          groups.flatMap(({ members }) => members.map((member) => member.episode.seed))
        )
      })
      const world = Layer.mergeAll(World, halfRight)
      const first = yield* Effect.provide(seedsOf(5), Layer.fresh(world))
      const again = yield* Effect.provide(seedsOf(5), Layer.fresh(world))
      const other = yield* Effect.provide(seedsOf(6), Layer.fresh(world))
      assert.deepStrictEqual(again, first)
      assert.notDeepEqual(other, first)
    }))

  it.effect("retries an episode whose policy did not answer, with growing waits", () =>
    Effect.gen(function*() {
      const unavailable = new PolicyError({ reason: new PolicyUnavailable({ detail: "busy" }) })
      const failures = new Map<number, number>()
      const flaky = PolicyScripted.layerEffect((conversation, { seed }) => {
        const failed = failures.get(seed) ?? 0
        failures.set(seed, failed + 1)
        return failed < 2 ? Effect.fail(unavailable) : Effect.succeed(conversation.at(-1)?.content.slice(-1) ?? "")
      })
      const fiber = yield* tune(curriculum(stage("one", 1, { refillRounds: 0, retryMilliseconds: 1000 })), { seed: 7 })
        .pipe(
          Stream.runCollect,
          Effect.provide(flaky),
          Effect.forkChild
        )
      yield* TestClock.adjust("500 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("10 seconds")
      const [report] = yield* Fiber.join(fiber)
      assert.deepStrictEqual(report?.ledger.failed, {})
      assert.strictEqual(report?.success.passed, 8)
      const events = yield* Ref.get(yield* RunStoreMemory.Recorded)
      const attempts = events.flatMap((event) => event._tag === "EpisodeAttempted" ? [event.attempted.attempts] : [])
      assert.deepStrictEqual(attempts, Array.from({ length: 8 }, () => 3))
    }).pipe(Effect.provide(World)))

  it.effect("gives up on an episode after the stage's number of retries", () =>
    Effect.gen(function*() {
      const dead = PolicyScripted.layerEffect(() =>
        Effect.fail(new PolicyError({ reason: new PolicyUnavailable({ detail: "down" }) }))
      )
      const fiber = yield* tune(curriculum(stage("one", 1, { refillRounds: 0, retries: 2 })), { seed: 8 }).pipe(
        Stream.runCollect,
        Effect.provide(dead),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      const [report] = yield* Fiber.join(fiber)
      assert.deepStrictEqual(report?.ledger, {
        attempted: 8,
        trained: 0,
        filtered: {},
        failed: { PolicyUnavailable: 8 }
      })
      assert.isUndefined(report?.update)
    }).pipe(Effect.provide(World)))

  it.effect("does not try a refusal twice", () =>
    Effect.gen(function*() {
      const [report] = yield* Stream.runCollect(tune(curriculum(stage("one", 1, { refillRounds: 0 })), { seed: 9 }))
      const events = yield* Ref.get(yield* RunStoreMemory.Recorded)
      assert.deepStrictEqual(report?.ledger.failed, { PolicyRefused: 8 })
      assert.isTrue(events.every((event) => event._tag !== "EpisodeAttempted" || event.attempted.attempts === 1))
    }).pipe(Effect.provide([World, PolicyScripted.layerRecorded(new Map())])))

  it.effect("abandons an episode at its deadline and trains on its siblings", () =>
    Effect.gen(function*() {
      let opened = 0
      const slow = PolicyScripted.layerEffect((conversation, { seed }) => {
        const first = conversation.length === 1
        if (first) opened += 1
        const right = conversation.at(-1)?.content.slice(-1) ?? ""
        return first && opened === 1 ? Effect.never : Effect.succeed(seed % 2 === 0 ? right : "wrong")
      })
      const fiber = yield* tune(curriculum(stage("one", 1, { refillRounds: 0, deadlineSeconds: 30 })), { seed: 10 })
        .pipe(
          Stream.runCollect,
          Effect.provide(slow),
          Effect.forkChild
        )
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      const [report] = yield* Fiber.join(fiber)
      assert.deepStrictEqual(report?.ledger.failed, { deadline: 1 })
      assert.strictEqual(report?.success.n, 7)
    }).pipe(Effect.provide(World)))

  it.effect("replaces groups without signal by others, up to the bound", () =>
    Effect.gen(function*() {
      const [report] = yield* Stream.runCollect(tune(curriculum(stage("one", 1, { refillRounds: 2 })), { seed: 11 }))
      assert.deepStrictEqual(report?.groups, { collected: 6, trained: 0, refillRounds: 2 })
      assert.deepStrictEqual(report?.ledger.filtered, { no_signal: 24 })
    }).pipe(Effect.provide([World, PolicyScripted.layer(() => "wrong")])))

  it.effect("ends a stage when its share of the time is up", () =>
    Effect.gen(function*() {
      const tiring = PolicyScripted.layerEffect((_, { seed }) => Effect.as(Effect.sleep("1 second"), String(seed % 2)))
      const fiber = yield* tune(curriculum(stage("one", 1000), stage("two", 1000)), { seed: 12, seconds: 20 }).pipe(
        Stream.runCollect,
        Effect.provide(tiring),
        Effect.forkChild
      )
      yield* TestClock.adjust("2 minutes")
      const reports = yield* Fiber.join(fiber)
      const last = reports.filter(({ advance }) => advance.over)
      assert.deepStrictEqual(last.map(({ stage }) => stage), ["one", "two"])
      assert.isTrue(last.every(({ advance }) => advance.why.startsWith("time is up")))
    }).pipe(Effect.provide(World)))

  it.effect("names a stage that no task is for", () =>
    Effect.gen(function*() {
      const empty = { ...stage("nothing", 1), tasks: () => false }
      const error = yield* Effect.flip(Stream.runDrain(tune(curriculum(empty), { seed: 13 })))
      assert.instanceOf(error, StageEmpty)
      assert.strictEqual(error.message, "stage \"nothing\" selects none of the 6 training tasks")
    }).pipe(Effect.provide([World, halfRight])))

  it.effect("releases every session when it is interrupted", () =>
    Effect.gen(function*() {
      let open = 0
      const counting = Layer.succeed(
        Environment,
        Environment.of({
          open: () =>
            Effect.acquireRelease(
              Effect.sync(() => {
                open += 1
                return {
                  start: { messages: [{ role: "user" as const, content: "wait" }], tools: [], turns: 1 },
                  step: () => Effect.never
                }
              }),
              () => Effect.sync(() => open -= 1)
            )
        })
      )
      const fiber = yield* tune({ ...curriculum(stage("one", 1)), environment: counting }, { seed: 14 }).pipe(
        Stream.runDrain,
        Effect.forkChild
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual(open, 8)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(open, 0)
    }).pipe(Effect.provide([World, halfRight])))

  it.effect.prop(
    "accounts for every attempted episode exactly once, whatever fails",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))],
    ([chaos]) =>
      Effect.gen(function*() {
        const dice = (seed: number, what: string) => Seed.derive(chaos, what, seed) % 6
        const policy = PolicyScripted.layerEffect((conversation, { seed }) => {
          const roll = dice(seed + conversation.length, "policy")
          if (roll === 0) return Effect.fail(new PolicyError({ reason: new PolicyUnavailable({ detail: "busy" }) }))
          if (roll === 1) return Effect.fail(new PolicyError({ reason: new PolicyRefused({ detail: "no" }) }))
          return roll === 2
            ? Effect.never
            : Effect.succeed(roll === 3 ? "wrong" : conversation.at(-1)?.content.slice(-1) ?? "")
        })
        const reward = Reward.layer((episode) =>
          dice(episode.seed, "reward") === 0 ? Reward.unscorable("no judge") : Reward.progress(episode)
        )
        const one = stage("one", 2, { deadlineSeconds: 60, retries: 1 })
        const breaking = Layer.effect(
          Environment,
          Effect.map(Environment, (environment) =>
            Environment.of({
              open: (opened, seed) =>
                dice(seed, "open") === 0 ? Effect.fail(crash(seed)) : environment.open(opened, seed)
            }))
        )
        const built = curriculum({ ...one, services: Layer.merge(one.services, reward) })
        const fiber = yield* tune(
          { ...built, environment: Layer.provide(breaking, built.environment) },
          { seed: chaos }
        ).pipe(Stream.runCollect, Effect.provide([Layer.fresh(World), policy]), Effect.forkChild)
        yield* TestClock.adjust("1 hour")
        const reports = yield* Fiber.join(fiber)
        for (const { groups, ledger } of reports) {
          assert.isTrue(ledgerBalances(ledger), JSON.stringify(ledger))
          assert.strictEqual(ledger.attempted, groups.collected * 4)
        }
        assert.isAbove(reports.reduce((sum, { ledger }) => sum + total(ledger.failed), 0), 0)
      }),
    { arbitrary: { runs: 25 } }
  )
})

describe("the toy world", () => {
  it("has tasks whose parts share no scenario", () => {
    assert.deepStrictEqual(Tasks.overlap(tasks), [])
    assert.deepStrictEqual(Tasks.overlap([task("a"), { ...task("a", "test"), scenario: "train-a" }]), ["train-a"])
  })
})
