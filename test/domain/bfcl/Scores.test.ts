import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type { OfficialError } from "../../../src/domain/bfcl/Score.ts"
import * as Scores from "../../../src/domain/bfcl/Scores.ts"
import { passAtK, passHatK, wilson, wilsonClustered } from "../../../src/domain/Statistics.ts"

const state: OfficialError = ["multi_turn:instance_state_mismatch", "Model instance for X does not match."]
const stopped: OfficialError = ["multi_turn:force_terminated", ["Model was force-terminated."]]

/** Verdicts of tasks t0, t1, ... */
const verdicts = (...passed: ReadonlyArray<boolean>): Scores.Verdicts =>
  new Map(passed.map((one, i) => [`t${i}`, one ? undefined : i % 2 === 0 ? state : stopped]))

const run = (name: string, base: Scores.Verdicts): Scores.Run => ({
  name,
  categories: new Map([["multi_turn_base", base]])
})

describe("summarise", () => {
  it("has accuracy, Wilson's interval and errors of one run", () => {
    const summary = Scores.summarise([verdicts(true, false, false, true)])
    assert.deepStrictEqual(summary.errors, { force_terminated: 1, instance_state_mismatch: 1 })
    assert.strictEqual(summary.accuracy, 0.5)
    assert.deepStrictEqual(summary.interval, wilson(2, 4))
    assert.strictEqual(summary.deviation, 0)
  })

  it("has pass@k, pass^k and the spread of several runs", () => {
    const summary = Scores.summarise([verdicts(true, false), verdicts(true, true), verdicts(true, false)])
    assert.strictEqual(summary.tasks, 2)
    assert.closeTo(summary.accuracy, (1 + 1 / 3) / 2, 1e-12)
    assert.closeTo(summary.passAt[1] ?? 0, (1 + passAtK(3, 1, 2)) / 2, 1e-12)
    assert.closeTo(summary.passHat[1] ?? 0, (1 + passHatK(3, 1, 2)) / 2, 1e-12)
    // Runs of 0.5, 1 and 0.5.
    assert.closeTo(summary.deviation, Math.sqrt(1 / 12), 1e-12)
    assert.deepStrictEqual(summary.interval, wilsonClustered([{ n: 3, passed: 3 }, { n: 3, passed: 1 }]))
  })

  it("knows nothing of no tasks", () => {
    const { accuracy, interval, passAt, tasks } = Scores.summarise([new Map()])
    assert.deepStrictEqual({ accuracy, interval, passAt, tasks }, {
      accuracy: 0,
      interval: { low: 0, high: 1 },
      passAt: [],
      tasks: 0
    })
  })
})

describe("the JSON of scores", () => {
  it("is that of the recorded official verdicts, with intervals", () => {
    assert.deepStrictEqual(Scores.toJson([{ model: "m", runs: [run("", verdicts(true, false))] }]), {
      m: {
        multi_turn_base: {
          accuracy: 0.5,
          total: 2,
          interval: wilson(1, 2),
          entries: { t0: null, t1: ["multi_turn:force_terminated", ["Model was force-terminated."]] }
        }
      }
    })
  })

  const Runs = Schema.NonEmptyArray(Schema.Tuple([Schema.Boolean, Schema.Boolean, Schema.Boolean]))
  const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Scores.Json))

  it.prop("says which entries were valid, in one run or several", [Runs], ([passed]) => {
    const runs = passed.map((one, i) => run(passed.length === 1 ? "" : `sample-${i}`, verdicts(...one)))
    const models: ReadonlyArray<Scores.ModelRuns> = [{ model: "m", runs }]
    assert.deepStrictEqual(Scores.fromJson(decode(JSON.stringify(Scores.toJson(models)))), models)
  })
})
