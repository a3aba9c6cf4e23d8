import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Ref, Schema, Stream, Terminal } from "effect"
import { TestClock, TestConsole } from "effect/testing"
import type { StepReport } from "../../src/domain/Report.ts"
import type { RunEvent } from "../../src/domain/RunStore.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import * as RunStoreMemory from "../../src/layers/RunStoreMemory.ts"
import * as TrainerMemory from "../../src/layers/TrainerMemory.ts"
import * as Show from "../../src/programs/show.ts"
import * as Text from "../../src/programs/text.ts"
import { tune } from "../../src/programs/tune.ts"
import * as View from "../../src/programs/view.ts"
import { curriculum, stage, task, tasks } from "./world.ts"

const screen: View.Screen = { columns: 100, colors: false, now: 65_000 }

const report: StepReport = {
  stage: "learning with hints",
  stageIndex: 1,
  stageStep: 0,
  step: 3,
  ledger: { attempted: 64, trained: 56, filtered: { no_signal: 8 }, failed: {} },
  groups: { collected: 8, trained: 7, refillRounds: 0 },
  reward: { n: 64, mean: 0.5, variance: 0.04 },
  terms: { progress: 0.5 },
  success: { n: 64, passed: 16 },
  turns: { n: 128, passed: 64 },
  categories: { base: { n: 32, passed: 12 }, miss_func: { n: 32, passed: 4 } },
  codes: {},
  hints: { "names-not-paths": 7, "unknown-tool": 2 },
  diagnoses: {},
  alarms: [],
  sampledTokens: 4000,
  update: {
    loss: 0,
    policyLoss: 0,
    kl: 0.0123,
    entropy: 0.75,
    clipFraction: 0,
    gradientNorm: 0.5,
    learningRate: 1e-4,
    sequences: 56,
    tokens: 3000
  },
  advance: { over: false, why: "step 5 of 20", progress: 0.25 },
  seconds: { collect: 2, train: 1 }
}

const started: RunEvent = {
  _tag: "RunStarted",
  milliseconds: 5_000,
  manifest: {
    curriculum: "toy",
    seed: 3,
    versions: {},
    tasks: { provenance: {}, sha256: "", counts: {} },
    engine: { name: "none", parameters: 0, vocabularySize: 1, contextLength: 1 },
    vocabularyHash: "",
    stages: [{ name: "syntax", tasks: 4, settings: {} }, { name: "learning with hints", tasks: 4, settings: {} }],
    options: {}
  }
}

const training: ReadonlyArray<RunEvent> = [
  started,
  { _tag: "StageStarted", stage: "learning with hints", index: 1 },
  { _tag: "StepDone", report }
]

const after = (events: ReadonlyArray<RunEvent>) => events.reduce(View.next, View.start(0, 10))

const escapes = new RegExp(`${String.fromCharCode(27)}[[]\\d*m`, "g")

describe("the view of a run", () => {
  it("says where the run is and what its last step measured", () => {
    assert.deepStrictEqual(View.lines(after(training), screen), [
      "envtune toy   seed 3",
      "stage     2 of 2  learning with hints   step 1",
      `advance   ${"\u2588".repeat(8)}${"\u2591".repeat(22)} step 5 of 20`,
      "reward    0.500 \u00b1 0.049  n 64  \u2581",
      "success   25.0 % [16.0, 36.8]  n 64   turns 50.0 %",
      `          base       ${"\u2588".repeat(8)}${"\u2591".repeat(12)} 37.5 % [22.9, 54.7]  n 32`,
      `          miss_func  ${"\u2588".repeat(3)}${"\u2591".repeat(17)} 12.5 % [5.0, 28.1]  n 32`,
      "hints     9  names-not-paths 7  unknown-tool 2",
      "update    entropy 0.750   KL 0.0123   |g| 0.50   2,000 tokens/s",
      "time      1 m 00 s   about 9 s left in this stage"
    ])
  })

  it("counts the episodes of an evaluation", () => {
    const state = [true, false, true].reduce((sum, passed) => View.played(sum, "before", passed), after([started]))
    assert.include(View.lines(state, screen)[1], "3 of 10 episodes, 2 passed  (before training)")
    assert.include(View.lines(View.played(state, "after", true), screen)[1], "1 of 10 episodes, 1 passed")
  })

  it("says so when nothing was trained", () => {
    const { update: _, ...untrained } = report
    const lines = View.lines(after([...training, { _tag: "StepDone", report: untrained }]), screen)
    assert.include(lines.join("\n"), "no group had signal; nothing was trained")
  })

  it("keeps hints of a stage apart from those of the next", () => {
    const state = after([...training, { _tag: "StageStarted", stage: "last", index: 1 }])
    assert.deepStrictEqual(state.hints, {})
    assert.strictEqual(state.steps, 1)
  })

  it.prop(
    "is never wider than the screen",
    [Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 130 }))],
    ([columns]) => {
      for (const line of View.lines(after(training), { ...screen, columns })) {
        assert.isAtMost(
          Array.from(line).length,
          columns
        )
      }
    }
  )

  it("has the same words in colour", () => {
    const plain = View.lines(after(training), screen)
    const colored = View.lines(after(training), { ...screen, colors: true })
    assert.deepStrictEqual(colored.map((line) => line.replaceAll(escapes, "")), plain)
    assert.notDeepEqual(colored, plain)
  })

  it("tells each event that is news in one line", () => {
    const told = training.map(View.line)
    assert.strictEqual(told[0], "curriculum toy, seed 3, 2 stages")
    assert.strictEqual(
      told[2],
      "stage 2 (learning with hints) step 1  reward 0.500 \u00b1 0.049  success 25.0 % [16.0, 36.8] n 64  turns 50.0 %  "
        + "hints 9  entropy 0.750  KL 0.0123  |g| 0.50  3.0 s  step 5 of 20"
    )
    assert.include(View.line({ _tag: "StepDone", report: { ...report, breaks: 12 } }), "breaks 12")
    const update = {
      loss: 0,
      policyLoss: 0,
      entropy: 0.75,
      clipFraction: 0,
      learningRate: 1e-4,
      sequences: 1,
      tokens: 9
    }
    assert.include(View.line({ _tag: "StepDone", report: { ...report, update } }), "entropy 0.750  3.0 s")
    assert.include(View.line({ _tag: "StepDone", report: { ...report, staleness: 2 } }), "stale by 2")
    assert.strictEqual(
      View.line({ _tag: "RunEnded", outcome: "failed", detail: "no space", seconds: 61 }),
      "run failed after 1 m 01 s: no space"
    )
  })

  it("does not guess the time left while a stage has hardly begun, or its rule cannot tell", () => {
    assert.strictEqual(View.secondsLeft([report]), 9)
    assert.isUndefined(View.secondsLeft([{ ...report, advance: { ...report.advance, progress: 0.01 } }]))
    assert.isUndefined(View.secondsLeft([{ ...report, advance: { over: false, why: "?" } }]))
  })
})

const terminal = (written: Ref.Ref<string>): Terminal.Terminal =>
  Terminal.make({
    columns: Effect.succeed(81),
    rows: Effect.succeed(24),
    size: Effect.die("not asked for"),
    readInput: Effect.die("not asked for"),
    readLine: Effect.die("not asked for"),
    display: (text) => Ref.update(written, (before) => before + text)
  })

const wrong = PolicyScripted.layer(() => "wrong")

describe("showing a run", () => {
  it.effect("prints JSON lines of everything but what steps are made of", () =>
    Effect.gen(function*() {
      yield* Stream.runDrain(tune(curriculum(stage("one", 2)), { seed: 1 })).pipe(
        Effect.provide(Show.layerShown(Show.json))
      )
      const lines = (yield* TestConsole.logLines).map((line) => JSON.parse(String(line))._tag)
      assert.deepStrictEqual(lines, ["StageStarted", "StepDone", "StepDone", "StageEnded"])
      const events = yield* Ref.get(yield* RunStoreMemory.Recorded)
      assert.isAbove(events.length, lines.length)
    }).pipe(Effect.provide([TrainerMemory.layer, RunStoreMemory.layer, Tasks.layer(tasks, {}), wrong])))

  it.effect("prints one line for each event that is news, elsewhere", () =>
    Effect.gen(function*() {
      yield* Show.plain.events(training)
      assert.deepStrictEqual(yield* TestConsole.logLines, training.flatMap((event) => View.line(event) ?? []))
    }))

  it.effect("redraws in place on a terminal, and gives the cursor back", () =>
    Effect.gen(function*() {
      const written = yield* Ref.make("")
      yield* Effect.gen(function*() {
        const show = yield* Show.live(4)
        yield* show.events(training)
        yield* TestClock.adjust("250 millis")
        yield* show.played("after", { _tag: "Unfinished", task: task("t"), sample: 0, cause: "deadline", detail: "" })
      }).pipe(
        Effect.scoped,
        Effect.provideService(Terminal.Terminal, terminal(written)),
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({ NO_COLOR: "1" }))
      )
      const text = yield* Ref.get(written)
      assert.isTrue(text.startsWith("\u001b[?25l"))
      assert.isTrue(text.endsWith("\u001b[?25h"))
      assert.include(text, "2 of 2  learning with hints")
      assert.include(text, "\u001b[10A")
      assert.include(text, "1 of 4 episodes, 0 passed")
    }))
})

describe("text", () => {
  it("writes durations and numbers for people", () => {
    assert.deepStrictEqual([0, 59.4, 60, 200, 3840].map(Text.duration), [
      "0 s",
      "59 s",
      "1 m 00 s",
      "3 m 20 s",
      "1 h 04 m"
    ])
    assert.deepStrictEqual([7, 1234, 1234567].map(Text.grouped), ["7", "1,234", "1,234,567"])
    assert.strictEqual(Text.oneLine("a\n  b\n\nc"), "a; b; c")
  })

  it.prop("draws bars of the width asked for", [
    Schema.Finite,
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 }))
  ], ([
    fraction,
    width
  ]) => {
    assert.strictEqual(Text.bar(fraction, width).length, width)
  })

  it("aligns tables", () => {
    assert.deepStrictEqual(Text.table([["a", "1"], ["bcd", "22"], ["e"]]), ["a     1", "bcd  22", "e"])
  })
})
