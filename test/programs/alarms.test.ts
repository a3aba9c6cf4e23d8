import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Ref, Stream } from "effect"
import type * as Alarms from "../../src/domain/Alarms.ts"
import * as Curriculum from "../../src/domain/Curriculum.ts"
import type { Alarm } from "../../src/domain/Report.ts"
import * as Reward from "../../src/domain/Reward.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import { Trainer, type Update } from "../../src/domain/Trainer.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import * as RunStoreMemory from "../../src/layers/RunStoreMemory.ts"
import { tune } from "../../src/programs/tune.ts"
import * as View from "../../src/programs/view.ts"
import { curriculum, stage, tasks } from "./world.ts"

const healthy: Update = {
  loss: 0,
  policyLoss: 0,
  kl: 0,
  entropy: 0.3,
  clipFraction: 0,
  gradientNorm: 0.5,
  learningRate: 1e-4,
  sequences: 1,
  tokens: 1
}

const { gradientNorm: _, ...unseen } = healthy

/** A trainer that measures what it is told to, step by step. */
const measuring = (measured: (step: number) => Partial<Update>, usual: Update) =>
  Layer.succeed(Trainer, Trainer.of({ step: ({ step }) => Effect.succeed({ ...usual, ...measured(step) }) }))

/** Calls a tool first, and then answers: right, or by its seed. */
const trying = PolicyScripted.layer((conversation, { seed }) => {
  const [before] = conversation.slice(-1)
  if (before?.role !== "tool") return "call ls"
  return seed % 2 === 0 ? conversation.findLast(({ role }) => role === "user")?.content.slice(-1) ?? "" : "wrong"
})

const window = 4
const steps = 12

/** One stage of twelve steps, in which every alarm looks at four. */
const watched = (alarms: Curriculum.Overrides<Alarms.Settings> = {}, maxTokens = 1024) =>
  stage("watched", steps, { refillRounds: 0, alarms: { window, ...alarms }, sampling: { maxTokens } })

const run = (
  stages: ReadonlyArray<Curriculum.Stage>,
  measured: (step: number) => Partial<Update> = () => ({}),
  policy = trying,
  usual: Update = healthy
) =>
  Effect.gen(function*() {
    const reports = yield* Stream.runCollect(tune(curriculum(...stages), { seed: 1 }))
    const events = yield* Ref.get(yield* RunStoreMemory.Recorded)
    return {
      reports,
      events,
      raised: reports.flatMap(({ alarms, step }) => alarms.map((alarm) => ({ step, ...alarm })))
    }
  }).pipe(
    Effect.provide([measuring(measured, usual), RunStoreMemory.layer, Tasks.layer(tasks, { source: "toy" }), policy])
  )

const raisedBy = (...given: Parameters<typeof run>) =>
  Effect.map(run(...given), ({ raised }) => raised.map(({ kind, step }) => [kind, step]))

const kinds = (...alarms: ReadonlyArray<readonly [Alarm["kind"], number]>) => alarms.map((alarm) => [...alarm])

describe("an alarm", () => {
  it.effect("is not raised by a stage that goes well", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* raisedBy([watched()]), [])
    }))

  it.effect("is raised when the entropy has collapsed, once the whole window says so", () =>
    Effect.gen(function*() {
      const collapsed = yield* raisedBy([watched()], (step) => ({ entropy: step < 2 ? 0.3 : 0.001 }))
      assert.deepStrictEqual(collapsed, kinds(["entropy", 5]))
    }))

  it.effect("is raised again when what it is about has passed and come back", () =>
    Effect.gen(function*() {
      const again = yield* raisedBy([watched()], (step) => ({ entropy: step === 5 ? 0.3 : 0.001 }))
      assert.deepStrictEqual(again, kinds(["entropy", 3], ["entropy", 9]))
    }))

  it.effect("is raised when no group has anything to teach", () =>
    Effect.gen(function*() {
      const failing = PolicyScripted.layer((conversation) => conversation.at(-1)?.role === "tool" ? "wrong" : "call ls")
      assert.deepStrictEqual(yield* raisedBy([watched()], undefined, failing), kinds(["no_signal", 3]))
    }))

  it.effect("is raised when the policy has stopped calling tools", () =>
    Effect.gen(function*() {
      const silent = PolicyScripted.layer((conversation, { seed }) =>
        seed % 2 === 0 ? conversation.at(-1)?.content.slice(-1) ?? "" : "wrong"
      )
      assert.deepStrictEqual(yield* raisedBy([watched()], undefined, silent), kinds(["no_calls", 3]))
    }))

  it.effect("is raised when the reward rises while fewer turns pass", () =>
    Effect.gen(function*() {
      // Right at first and wrong later, and paid for being wrong.
      let opened = 0
      const worsening = PolicyScripted.layer((conversation) => {
        if (conversation.length === 1) opened += 1
        const right = conversation.findLast(({ role }) => role === "user")?.content.slice(-1) ?? ""
        if (conversation.at(-1)?.role !== "tool") return "call ls"
        return opened <= 6 * 8 ? right : "wrong"
      })
      const perverse = Reward.layer((episode) => {
        const score = Reward.progress(episode)
        return score._tag === "Scored" ? { ...score, total: 1 - score.total } : score
      })
      const off = { action: "off" } as const
      const one = watched({ noSignal: off })
      const raised = yield* raisedBy([{ ...one, services: Layer.merge(one.services, perverse) }], undefined, worsening)
      assert.deepStrictEqual(raised, kinds(["reward_without_success", 6]))
    }))

  it.effect("is raised when the gradient explodes", () =>
    Effect.gen(function*() {
      const exploded = yield* raisedBy([watched()], (step) => ({ gradientNorm: step < 6 ? 1 : 1000 }))
      assert.deepStrictEqual(exploded, kinds(["gradient", 6]))
    }))

  it.effect("warns that it cannot see a gradient that the engine says nothing of, and neither stops nor fires", () =>
    Effect.gen(function*() {
      const stopping = watched({ gradient: { action: "stop", above: 10 } })
      const { raised, reports } = yield* run([stopping], () => ({}), trying, unseen)
      const says = "the engine did not say the gradient's norm in 4 steps: nobody sees it explode"
      assert.deepStrictEqual(raised, [{ step: 3, kind: "gradient", action: "warn", says }])
      assert.strictEqual(reports.length, steps)
      const late = yield* raisedBy([stopping], (step) => step === 2 ? { gradientNorm: 1 } : {}, trying, unseen)
      assert.deepStrictEqual(late, kinds(["gradient", 6]))
      assert.deepStrictEqual(
        yield* raisedBy([watched({ gradient: { action: "off" } })], () => ({}), trying, unseen),
        []
      )
    }))

  it.effect("is raised when messages are as long as they may be", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* raisedBy([watched({}, 5)]), kinds(["length", 3]))
    }))

  it.effect("ends its stage where the settings say so, and the next one begins", () =>
    Effect.gen(function*() {
      const stopping = watched({ gradient: { action: "stop", above: 10 } })
      const calm = { ...watched({ gradient: { action: "off" } }), name: "after" }
      const { events, raised, reports } = yield* run([stopping, calm], () => ({ gradientNorm: 50 }))
      assert.deepStrictEqual(raised, [{
        step: 3,
        kind: "gradient",
        action: "stop",
        says: "the gradient's norm was 50.0 on average of 4 steps, above 10"
      }])
      assert.deepStrictEqual(reports.map(({ stage }) => stage).lastIndexOf("watched"), 3)
      assert.strictEqual(reports.length, 4 + steps)
      const ended = events.find((event) => event._tag === "StageEnded")
      assert.strictEqual(
        ended?._tag === "StageEnded" ? ended.why : "",
        "stopped by an alarm: the gradient's norm was 50.0 on average of 4 steps, above 10"
      )
    }))

  it.effect("is in the record and in what is shown of a step", () =>
    Effect.gen(function*() {
      const { events } = yield* run([watched()], () => ({ gradientNorm: 500 }))
      const done = events.filter((event) => event._tag === "StepDone")
      const lines = done.map((event) => View.line(event) ?? "")
      assert.deepStrictEqual(lines.map((line) => line.includes("ALARM the gradient's norm was 500")).indexOf(true), 3)
      const state = events.reduce(View.next, View.start(0, 0))
      const screen = View.lines(state, { columns: 200, colors: false, now: 0 }).join("\n")
      assert.match(screen, /alarm +step 4: the gradient's norm was 500 on average of 4 steps, above 100 +1 in all/)
    }))

  it("has settings that are checked when the curriculum's file loads", () => {
    assert.throws(
      () => stage("one", 1, { alarms: { window: 1, noCalls: { below: 2 } } }),
      /alarms.*window[^]*noCalls.*below/
    )
    assert.throws(() => Curriculum.settings("s", { alarms: { entropie: {} } } as object), /entropie/)
  })
})
