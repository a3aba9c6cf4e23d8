import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Advance from "../../src/domain/Advance.ts"
import { idle, type StepReport } from "../../src/domain/Report.ts"
import { mean, variance, wilson } from "../../src/domain/Statistics.ts"

/** A report as far as rules read it. */
const report = (rewards: ReadonlyArray<number>, more: Partial<StepReport> = {}): StepReport => ({
  ...idle,
  stage: "s",
  reward: { n: rewards.length, mean: mean(rewards), variance: variance(rewards) },
  success: { n: rewards.length, passed: rewards.filter((reward) => reward === 1).length },
  seconds: { collect: 2, train: 1 },
  ...more
})

const Quarter = Schema.Literals([0, 0.25, 0.5, 0.75, 1])
const Reports = Schema.Array(Schema.Array(Quarter)).check(Schema.isMaxLength(8))

const always: Advance.Advance = () => ({ over: true, why: "always", progress: 1 })
const never: Advance.Advance = () => ({ over: false, why: "never", progress: 0 })

describe("Advance", () => {
  it.prop("after n steps is over at step n and not before", [Reports], ([steps]) => {
    const { over, progress } = Advance.after(5)(steps.map((rewards) => report(rewards)))
    assert.strictEqual(over, steps.length >= 5)
    assert.strictEqual(progress, Math.min(1, steps.length / 5))
  })

  it.prop("rewardAbove compares the lower confidence bound over the window's episodes", [Reports], ([steps]) => {
    const window = 3
    const all = steps.slice(-window).flat()
    const low = mean(all) - 1.959963984540054 * Math.sqrt(variance(all) / all.length)
    if (Math.abs(low - 0.5) < 1e-9) return
    const { over } = Advance.rewardAbove(0.5, { window })(steps.map((rewards) => report(rewards)))
    assert.strictEqual(over, steps.length >= window && all.length >= 2 && low >= 0.5)
  })

  it("rewardAbove does not let a few episodes pass by luck", () => {
    const rewards = [1, 0.5, 1, 1]
    const many = Array.from({ length: 50 }, () => rewards).flat()
    const rule = Advance.rewardAbove(0.8, { window: 1 })
    assert.isAbove(mean(rewards), 0.8)
    assert.isFalse(rule([report(rewards)]).over)
    assert.isTrue(rule([report(many)]).over)
  })

  it("rewardAbove looks at its window alone", () => {
    const rule = Advance.rewardAbove(0.9, { window: 2 })
    const [bad, good] = [report([0, 0, 0]), report([1, 1, 1])]
    assert.isTrue(rule([bad, good, good]).over)
    assert.isFalse(rule([good, good, bad]).over)
    assert.isFalse(rule([good]).over)
    assert.strictEqual(rule([good]).why, "window 1 of 2")
  })

  it.prop("successAbove compares Wilson's lower bound", [Reports], ([steps]) => {
    const all = steps.slice(-2).flat()
    const passed = all.filter((reward) => reward === 1).length
    const { over } = Advance.successAbove(0.3, { window: 2 })(steps.map((rewards) => report(rewards)))
    assert.strictEqual(over, steps.length >= 2 && all.length > 0 && wilson(passed, all.length).low >= 0.3)
  })

  it("plateau is over when rewards stop rising", () => {
    const rule = Advance.plateau({ window: 4, tolerance: 0.01 })
    const rising = [0.1, 0.2, 0.3, 0.4].map((reward) => report([reward, reward]))
    const flat = [0.4, 0.41, 0.4, 0.41].map((reward) => report([reward, reward]))
    assert.isFalse(rule(rising).over)
    assert.isTrue(rule([...rising, ...flat]).over)
    assert.isFalse(rule(flat.slice(1)).over, "a window has to be full")
  })

  it("elapsed counts the seconds of collecting and training", () => {
    const rule = Advance.elapsed(9)
    assert.isFalse(rule([report([]), report([])]).over)
    assert.isTrue(rule([report([]), report([]), report([])]).over)
  })

  it("any and all combine rules and say why", () => {
    assert.deepStrictEqual(Advance.any(always, never)([]), { over: true, why: "always", progress: 1 })
    assert.deepStrictEqual(Advance.all(always, never)([]), { over: false, why: "always; never", progress: 0 })
    assert.deepStrictEqual(Advance.any(never, never)([]), { over: false, why: "never; never", progress: 0 })
    assert.isTrue(Advance.all(always, always)([]).over)
  })

  it.prop("progress stays between 0 and 1", [Reports], ([steps]) => {
    const reports = steps.map((rewards) => report(rewards))
    const rules = [Advance.after(3), Advance.rewardAbove(0.7, { window: 2 }), Advance.successAbove(0.7, { window: 2 })]
    for (const rule of rules) {
      const { progress = 0 } = rule(reports)
      assert.isTrue(progress >= 0 && progress <= 1)
    }
  })
})
