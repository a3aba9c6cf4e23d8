import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Ref, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import type * as Curriculum from "../../src/domain/Curriculum.ts"
import { Environment, EnvironmentError, SimulatorCrashed } from "../../src/domain/Environment.ts"
import { PolicyError, PolicyRefused, PolicyUnavailable } from "../../src/domain/Policy.ts"
import { ledgerBalances, type StepReport, total } from "../../src/domain/Report.ts"
import * as Reward from "../../src/domain/Reward.ts"
import type { RunEvent } from "../../src/domain/RunStore.ts"
import * as Seed from "../../src/domain/Seed.ts"
import * as Standing from "../../src/domain/Standing.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import { Trainer } from "../../src/domain/Trainer.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import * as RunStoreMemory from "../../src/layers/RunStoreMemory.ts"
import * as TrainerMemory from "../../src/layers/TrainerMemory.ts"
import { type From, StageEmpty, tune } from "../../src/programs/tune.ts"
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

  it.effect("lowers the learning rate in each stage by itself", () =>
    Effect.gen(function*() {
      const optimization = { learningRate: 1, decay: { steps: 2, to: 0.5 } }
      const stages = ["one", "two"].map((name) => stage(name, 3, { optimization }))
      const reports = yield* Stream.runCollect(tune(curriculum(...stages), { seed: 2 }))
      const rates = reports.map(({ update }) => update?.learningRate)
      assert.deepStrictEqual(rates, [1, 0.75, 0.5, 1, 0.75, 0.5])
    }).pipe(Effect.provide([World, halfRight])))

  it.effect("records every attempt before its report, and the stages around them", () =>
    Effect.gen(function*() {
      const reports = yield* Stream.runCollect(tune(curriculum(stage("one", 1), stage("two", 1)), { seed: 3 }))
      const events = yield* Ref.get(yield* RunStoreMemory.Recorded)
      const shape = events.map((event) => event._tag).filter((tag, i, tags) => tag !== tags[i - 1])
      const perStage = [
        "StageStarted",
        "EpisodesMoved",
        "EpisodeAttempted",
        "RoundJudged",
        "UpdateStarted",
        "StepDone",
        "StageEnded"
      ]
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

/** A message takes a second, and so a batch two. */
const sampling = PolicyScripted.layerEffect((conversation, { seed }) =>
  Effect.as(Effect.sleep("1 second"), seed % 2 === 0 ? conversation.at(-1)?.content.slice(-1) ?? "" : "wrong")
)

const training = (milliseconds: number) =>
  Layer.effect(
    Trainer,
    Effect.map(Trainer, (trainer) =>
      Trainer.of({ step: (batch) => Effect.andThen(Effect.sleep(milliseconds), trainer.step(batch)) }))
  )

/** Steps of 16 episodes of two messages each, with nothing to replace. */
const stale = (maxStaleness: number, steps: number) =>
  stage("one", steps, { maxStaleness, groupSize: 8, concurrency: 16, refillRounds: 0 })

/** What a run came to in virtual time; a batch takes as long to train on as to collect, unless said otherwise. */
const timed = Effect.fnUntraced(function*(built: Curriculum.Curriculum, milliseconds = 2000, from?: From) {
  const fiber = yield* tune(built, { seed: 21 }, from).pipe(
    Stream.runCollect,
    Effect.timed,
    Effect.provide([training(milliseconds), sampling]),
    Effect.forkChild
  )
  yield* TestClock.adjust("10 minutes")
  const [duration, reports] = yield* Fiber.join(fiber)
  const events = yield* Ref.get(yield* RunStoreMemory.Recorded)
  return { seconds: Duration.toSeconds(duration), reports, events }
}, (running) => Effect.provide(running, Layer.fresh(World)))

const roundsOf = (events: ReadonlyArray<RunEvent>) =>
  events.flatMap((event) => event._tag === "RoundJudged" ? [event.groups.map(({ task }) => task)] : [])

const attemptsOf = (events: ReadonlyArray<RunEvent>) =>
  events.flatMap((event) => event._tag === "EpisodeAttempted" ? [event.attempted] : [])

const trainedOf = (events: ReadonlyArray<RunEvent>) =>
  attemptsOf(events).flatMap(({ fate, id, seed, step }) => fate._tag === "Trained" ? [{ id, seed, step }] : [])

describe("tune with staleness", () => {
  it.effect("halves the time of a run that samples and trains for as long", () =>
    Effect.gen(function*() {
      const steps = 20
      const strict = yield* timed(curriculum(stale(0, steps)))
      assert.strictEqual(strict.seconds, 4 * steps)
      assert.isTrue(strict.reports.every(({ staleness }) => staleness === undefined))
      const ahead = yield* timed(curriculum(stale(1, steps)))
      assert.strictEqual(ahead.seconds, 2 * (steps + 1))
      assert.strictEqual(ahead.seconds / strict.seconds, 0.525)
      assert.deepStrictEqual(
        ahead.reports.map(({ staleness = 0 }) => staleness),
        Array.from({ length: steps }, (_, step) => Math.min(1, step))
      )
    }))

  it.effect("trains on the same episodes, but for which weights sampled them", () =>
    Effect.gen(function*() {
      const strict = yield* timed(curriculum(stale(0, 5), { ...stale(0, 4), name: "two" }))
      const ahead = yield* timed(curriculum(stale(2, 5), { ...stale(2, 4), name: "two" }), 700)
      assert.deepStrictEqual(trainedOf(ahead.events), trainedOf(strict.events))
      assert.isAbove(trainedOf(strict.events).length, 0)
    }))

  it.effect("counts what was collected ahead when a stage is over in its last report", () =>
    Effect.gen(function*() {
      // While a batch is trained on, those ahead of it are finished, or have only begun.
      for (const milliseconds of [3000, 500]) {
        const { events, reports } = yield* timed(
          curriculum(stale(2, 3), { ...stale(1, 2), name: "two" }),
          milliseconds
        )
        const all = attemptsOf(events)
        assert.strictEqual(new Set(all.map(({ id }) => id)).size, all.length)
        assert.deepStrictEqual(reports.map(({ step }) => step), [0, 1, 2, 3, 4])
        for (const { ledger, step } of reports) {
          assert.isTrue(ledgerBalances(ledger))
          assert.strictEqual(all.filter((attempted) => attempted.step === step).length, ledger.attempted)
        }
        const ofEnds = reports.filter(({ advance }) => advance.over)
        assert.deepStrictEqual(ofEnds.map(({ ledger }) => ledger.attempted), milliseconds === 500 ? [32, 32] : [48, 32])
        assert.deepStrictEqual(ofEnds.map(({ success }) => success.n), [16, 16])
        for (const { ledger } of ofEnds) {
          if (milliseconds === 500) assert.strictEqual(ledger.failed["stage_over"], 16)
          else assert.isAtLeast(ledger.filtered["stage_over"] ?? 0, 16)
        }
        const over = events.findIndex((event) => event._tag === "StepDone" && event.report.step === 2)
        assert.deepStrictEqual(
          events.slice(over - 1, over + 2).map(({ _tag }) => _tag),
          ["RoundJudged", "StepDone", "StageEnded"]
        )
      }
    }))

  it.effect("goes on with the tasks that would have come next, when it is taken up again", () =>
    Effect.gen(function*() {
      const built = curriculum(stale(2, 6))
      const whole = yield* timed(built)
      const done = 3
      const rounds = roundsOf(whole.events)
      const standing: Standing.Standing = {
        ...Standing.start,
        begun: true,
        steps: done,
        updates: done,
        rounds: rounds.slice(0, done)
      }
      const from = { standing, reports: whole.reports.slice(0, done) }
      const resumed = yield* timed(built, 2000, from)
      assert.deepStrictEqual(roundsOf(resumed.events).slice(0, 3), rounds.slice(done, 6))
      assert.deepStrictEqual(resumed.reports.map(({ step }) => step), [3, 4, 5])
      assert.isUndefined(resumed.reports[0]?.staleness)
      assert.strictEqual(resumed.reports[1]?.staleness, 1)
      const ahead = trainedOf(whole.events).filter(({ step }) => step >= done)
      assert.deepStrictEqual(trainedOf(resumed.events), ahead)
    }))

  it.effect("stops what is being collected when it is interrupted", () =>
    Effect.gen(function*() {
      let open = 0
      const counted = Layer.effect(
        Environment,
        Effect.map(Environment, (environment) =>
          Environment.of({
            open: (opened, seed) =>
              Effect.andThen(
                Effect.acquireRelease(Effect.sync(() => open++), () => Effect.sync(() => open--)),
                environment.open(opened, seed)
              )
          }))
      )
      const built = curriculum(stale(1, 100))
      const fiber = yield* tune({ ...built, environment: Layer.provide(counted, built.environment) }, { seed: 1 }).pipe(
        Stream.runDrain,
        Effect.provide([training(2000), sampling]),
        Effect.forkChild
      )
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(open, 16)
      // The update under way takes its time first.
      const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(interrupting)
      assert.strictEqual(open, 0)
    }).pipe(Effect.provide(World)))
})

describe("the toy world", () => {
  it("has tasks whose parts share no scenario", () => {
    assert.deepStrictEqual(Tasks.overlap(tasks), [])
    assert.deepStrictEqual(Tasks.overlap([task("a"), { ...task("a", "test"), scenario: "train-a" }]), ["train-a"])
  })
})
