import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, FileSystem, Layer, Ref } from "effect"
import { TestClock } from "effect/testing"
import type { EngineInfo } from "../../src/domain/Engine.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import { EngineFailed, Trainer, TrainerError } from "../../src/domain/Trainer.ts"
import * as EngineScripted from "../../src/layers/EngineScripted.ts"
import * as PolicyEngine from "../../src/layers/PolicyEngine.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import * as RunFolder from "../../src/layers/RunFolder.ts"
import * as RunReader from "../../src/layers/RunReader.ts"
import * as RunStoreMemory from "../../src/layers/RunStoreMemory.ts"
import * as TrainerGrpo from "../../src/layers/TrainerGrpo.ts"
import * as TrainerMemory from "../../src/layers/TrainerMemory.ts"
import { defaults } from "../../src/programs/evaluate.ts"
import { run, type RunOptions } from "../../src/programs/run.ts"
import { curriculum, renderer, stage, tasks } from "./world.ts"

const options: RunOptions = {
  seed: 1,
  evaluation: defaults,
  about: { versions: { envtune: "0.0.0" }, options: {} },
  weights: (name) => ({ path: `/weights/${name}`, recorded: `checkpoints/${name}` })
}

/** Answers "say a" with `a` and "say b", by its seed, with `b` or `c`. */
const worldOf = (info: Partial<EngineInfo> = {}) => {
  const engine = EngineScripted.layer(({ prompt, seed, temperature }) => {
    const asked = prompt.at(-2) ?? 0
    const wrong = temperature > 0 && asked === 98 && seed % 2 === 1
    return [wrong ? 99 : asked, 10]
  }, info)
  const machine = TrainerGrpo.layer.pipe(
    Layer.merge(PolicyEngine.layer),
    Layer.provideMerge(Layer.merge(engine, renderer))
  )
  return Layer.mergeAll(machine, Tasks.layer(tasks, { source: "test" }))
}
const World = worldOf()

const twoStages = curriculum(stage("one", 1), stage("two", 2))

describe("run", () => {
  it.effect("freezes the reference, evaluates, trains, saves after each stage, evaluates again", () =>
    Effect.gen(function*() {
      const result = yield* run(twoStages, options)
      assert.strictEqual(result.steps, 3)
      assert.deepStrictEqual(result.after?.cells["test/base"]?.success, { n: 3, passed: 3 })
      const requests = yield* Ref.get(yield* EngineScripted.Recorded)
      const doing = requests
        .map((request) => request._tag === "Save" ? `Save ${request.path}` : request._tag)
        .filter((what, i, all) => what !== all[i - 1])
      const update = ["Sample", "Forward", "ForwardBackward", "OptimStep"]
      assert.deepStrictEqual(doing, [
        "FreezeReference",
        "Save /weights/start",
        ...update,
        "Save /weights/stage-1",
        ...update,
        ...update,
        "Save /weights/final",
        "Sample"
      ])
      const events = yield* Ref.get(yield* RunStoreMemory.Recorded)
      const tags = events.map((event) => event._tag).filter((tag, i, all) => tag !== all[i - 1])
      const step = ["EpisodesMoved", "EpisodeAttempted", "RoundJudged", "UpdateStarted", "StepDone"]
      assert.deepStrictEqual(tags, [
        "RunStarted",
        "WeightsSaved",
        "Evaluated",
        "StageStarted",
        ...step,
        "StageEnded",
        "WeightsSaved",
        "StageStarted",
        ...step,
        ...step,
        "StageEnded",
        "WeightsSaved",
        "Evaluated",
        "RunEnded"
      ])
    }).pipe(Effect.provide([World, RunStoreMemory.layer])))

  it.effect("records every setting, defaults included", () =>
    Effect.gen(function*() {
      yield* run(twoStages, { ...options, seconds: 60 })
      const [first] = yield* Ref.get(yield* RunStoreMemory.Recorded)
      assert(first?._tag === "RunStarted")
      const { manifest } = first
      assert.deepStrictEqual(manifest.tasks.counts, { "train/base": 6, "test/base": 3, "transfer/unseen": 1 })
      assert.strictEqual(manifest.trainingSeconds, 60)
      assert.deepStrictEqual(manifest.stages.map(({ name, tasks }) => [name, tasks]), [["one", 6], ["two", 6]])
      assert.propertyVal(manifest.stages[0]?.settings, "retries", 3)
    }).pipe(Effect.provide([World, RunStoreMemory.layer])))

  it.effect("saves the weights and says so when it is interrupted", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = `${yield* fs.makeTempDirectoryScoped()}/run`
      let episodes = 0
      const stalling = PolicyScripted.layerEffect((conversation, { sampling, seed }) => {
        episodes += conversation.length === 1 && sampling.temperature > 0 ? 1 : 0
        const right = conversation.at(-1)?.content.slice(-1) ?? ""
        if (sampling.temperature === 0) return Effect.succeed(right)
        return episodes > 16 ? Effect.never : Effect.succeed(seed % 2 === 0 ? right : "wrong")
      })
      const fiber = yield* run(curriculum(stage("endless", 1000, { refillRounds: 0 })), options).pipe(
        Effect.provide([World, stalling, RunFolder.layer(folder)]),
        Effect.forkChild
      )
      const started = Effect.sync(() => episodes > 16)
      yield* Effect.yieldNow.pipe(Effect.andThen(started), Effect.repeat({ until: (done) => done }))
      yield* Fiber.interrupt(fiber)
      const { summary } = yield* RunReader.open(folder)
      assert.strictEqual(summary.outcome, "interrupted")
      assert.deepStrictEqual(summary.weights, [
        { path: "checkpoints/start", step: 0 },
        { path: "checkpoints/step-2", step: 2 }
      ])
      assert.deepStrictEqual(summary.after, {})
    }).pipe(Effect.provide(NodeServices.layer), TestClock.withLive))

  it.effect("finishes the update under way when it is interrupted, and saves what came of it", () =>
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      const gate = yield* Deferred.make<void>()
      const slow = Layer.effect(
        Trainer,
        Effect.map(Trainer, (trainer) =>
          Trainer.of({
            step: Effect.fnUntraced(function*(batch) {
              yield* Deferred.succeed(begun, undefined)
              yield* Deferred.await(gate)
              return yield* trainer.step(batch)
            })
          }))
      ).pipe(Layer.provide(TrainerMemory.layer))
      const fiber = yield* run(twoStages, options).pipe(Effect.provide(slow), Effect.forkChild)
      yield* Deferred.await(begun)
      const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber), { startImmediately: true })
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(interrupting)
      const events = yield* Ref.get(yield* RunStoreMemory.Recorded)
      const [done, ended, saved, end] = events.slice(-4)
      assert.deepStrictEqual([done?._tag, ended?._tag], ["StepDone", "StageEnded"])
      assert.deepInclude(saved, { _tag: "WeightsSaved", path: "checkpoints/stage-1", kind: "stage", step: 1 })
      assert.deepInclude(end, { _tag: "RunEnded", outcome: "interrupted" })
    }).pipe(Effect.provide([World, RunStoreMemory.layer])))

  it.effect("says why it failed, and fails", () =>
    Effect.gen(function*() {
      const detail = "the loss is NaN; the optimiser step was not taken"
      const breaking = Layer.succeed(
        Trainer,
        Trainer.of({
          step: () => Effect.fail(new TrainerError({ reason: new EngineFailed({ detail, retryable: false }) }))
        })
      )
      const error = yield* Effect.flip(run(twoStages, options).pipe(Effect.provide(breaking)))
      assert.include(error.message, detail)
      const events = yield* Ref.get(yield* RunStoreMemory.Recorded)
      const last = events.at(-1)
      assert(last?._tag === "RunEnded")
      assert.strictEqual(last.outcome, "failed")
      assert.include(last.detail, detail)
      const saved = events.flatMap((event) => event._tag === "WeightsSaved" ? [event.kind] : [])
      assert.deepStrictEqual(saved, ["start"])
    }).pipe(Effect.provide([World, RunStoreMemory.layer])))

  it.effect("runs without a reference where none can be kept, unless a stage measures itself by it", () =>
    Effect.gen(function*() {
      const refused = yield* Effect.flip(run(twoStages, options))
      assert.strictEqual(
        refused.message,
        "the engine rejected the request: one, two: klCoefficient is 0.1 and has to be 0: there is no room"
      )
      assert.deepStrictEqual(yield* Ref.get(yield* EngineScripted.Recorded), [])
      const free = stage("free", 2, { optimization: { loss: { klCoefficient: 0 } } })
      assert.strictEqual((yield* run(curriculum(free), options)).steps, 2)
      const requests = yield* Ref.get(yield* EngineScripted.Recorded)
      assert.notInclude(requests.map(({ _tag }) => _tag), "FreezeReference")
      const events = yield* Ref.get(yield* RunStoreMemory.Recorded)
      const updates = events.flatMap((event) => event._tag === "StepDone" ? [event.report.update] : [])
      assert.strictEqual(updates.length, 2)
      for (const update of updates) assert.notProperty(update, "kl")
    }).pipe(Effect.provide([
      worldOf({ capabilities: { entropyGradient: false, noReference: "there is no room" } }),
      RunStoreMemory.layer
    ])))

  it.effect("refuses staleness of an engine without snapshots, before anything is recorded", () =>
    Effect.gen(function*() {
      const stale = curriculum(stage("strict", 1), stage("ahead", 1, { maxStaleness: 1 }))
      const embedded = worldOf({ capabilities: { entropyGradient: true } })
      const error = yield* Effect.flip(run(stale, options).pipe(Effect.provide(embedded)))
      assert.strictEqual(
        error.message,
        "the engine rejected the request: ahead: maxStaleness is 1 and has to be 0: training changes the weights of whoever is "
          + "sampling"
      )
      assert.deepStrictEqual(yield* Ref.get(yield* RunStoreMemory.Recorded), [])
      assert.deepStrictEqual(yield* Effect.map(run(stale, options), ({ steps }) => steps), 2)
    }).pipe(Effect.provide([World, RunStoreMemory.layer])))

  it.effect("does not evaluate when it is not asked to", () =>
    Effect.gen(function*() {
      const { evaluation: _, ...without } = options
      const result = yield* run(twoStages, without)
      assert.deepStrictEqual(result, { steps: 3 })
    }).pipe(Effect.provide([World, RunStoreMemory.layer])))
})
