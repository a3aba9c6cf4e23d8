import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import type { StepCode } from "../../src/domain/Environment.ts"
import * as Reward from "../../src/domain/Reward.ts"
import { coded } from "./Playing.ts"

const Code = Schema.Literals([-3, -2, -1, 0, 1])

/** Codes of an episode whose turns all ended, and how many they were. */
const ended = (codes: ReadonlyArray<StepCode>) => codes.filter((code) => code === 0 || code === 1).length

const rules = {
  progress: Reward.progress,
  progressReleased: Reward.progressReleased,
  binary: Reward.binary,
  syntax: Reward.syntax
}

const totalOf = (score: Reward.Score): number => {
  if (score._tag === "Unscorable") throw new RangeError(score.reason)
  return score.total
}

describe("Reward", () => {
  it("counts a turn that was not played as failed, unlike the released code", () => {
    const half = coded([-1, 1], 2)
    assert.deepStrictEqual(Reward.progress(half), Reward.scored(0.5, { progress: 0.5 }, [1, 0], { progress: 1 }))
    assert.deepStrictEqual(Reward.progressReleased(half), Reward.scored(1, { progress: 1 }, [1, 0], { progress: 1 }))
    assert.deepStrictEqual(Reward.binary(half), Reward.scored(0, { binary: 0 }, [0, 0], { binary: 1 }))
  })

  it("tells nothing of single turns when it is binary", () => {
    assert.deepStrictEqual(Reward.binary(coded([1, 1], 2)), Reward.scored(1, { binary: 1 }, [1, 1], { binary: 1 }))
  })

  it("tells which turns passed", () => {
    const score = Reward.progress(coded([-1, 1, -2, 0, -1, -1, 1, 1], 4))
    assert.deepStrictEqual(score, Reward.scored(0.75, { progress: 0.75 }, [1, 0, 1, 1], { progress: 1 }))
  })

  it("adds the shares of well-formed steps and of calls that ran in the syntax reward", () => {
    assert.deepStrictEqual(
      Reward.syntax(coded([-1, -1, -2, -3, 1], 1)),
      Reward.scored(4 / 5 + 2 / 3, { format: 4 / 5, tool: 2 / 3 }, [0], { format: 1, tool: 1 })
    )
    assert.strictEqual(totalOf(Reward.syntax(coded([1], 1))), 0)
  })

  it.prop("stays in its range", [Schema.Array(Code)], ([codes]) => {
    const turns = Math.max(1, ended(codes))
    for (const [name, rule] of Object.entries(rules)) {
      const total = totalOf(rule(coded(codes, turns)))
      assert.isTrue(total >= 0 && total <= (name === "syntax" ? 2 : 1), name)
    }
  })

  it.prop("says in its turns what its total says", [Schema.Array(Code)], ([codes]) => {
    const turns = Math.max(1, ended(codes))
    const score = Reward.progress(coded(codes, turns))
    assert.isTrue(score._tag === "Scored")
    if (score._tag === "Scored") {
      assert.strictEqual(score.perTurn.length, turns)
      assert.closeTo(score.perTurn.reduce((sum, mark) => sum + mark, 0) / turns, score.total, 1e-12)
      assert.strictEqual(totalOf(Reward.binary(coded(codes, turns))), score.total === 1 ? 1 : 0)
    }
  })

  it("leaves a task without turns unscored", () => {
    assert.deepStrictEqual(Reward.progress(coded([], 0)), Reward.unscorable("the task has no turns"))
  })

  it.prop("weighs rules linearly", [Schema.Array(Code), Schema.Int, Schema.Int], ([codes, a, b]) => {
    const episode = coded(codes, Math.max(1, ended(codes)))
    const sum = Reward.weighted({ progress: [a, Reward.progress], syntax: [b, Reward.syntax] })(episode)
    const expected = a * totalOf(Reward.progress(episode)) + b * totalOf(Reward.syntax(episode))
    assert.closeTo(totalOf(sum), expected, 1e-9 * Math.max(1, Math.abs(expected)))
  })

  it.prop("is the sum of its terms by their weights", [Schema.Array(Code), Schema.Int, Schema.Int], ([codes, a, b]) => {
    const episode = coded(codes, Math.max(1, ended(codes)))
    const sum = Reward.weighted({ progress: [a, Reward.progress], form: [b, Reward.syntax] })
    for (const rule of [...Object.values(rules), sum]) {
      const score = rule(episode)
      assert(score._tag === "Scored" && score.weights !== undefined)
      const { terms, total, weights } = score
      const added = Object.entries(weights).map(([term, weight]) => weight * (terms[term] ?? Number.NaN))
      assert.closeTo(added.reduce((all, value) => all + value, 0), total, 1e-9 * Math.max(1, Math.abs(total)))
    }
  })

  it("names the terms of weighted rules", () => {
    const score = Reward.weighted({ progress: [0.9, Reward.progress], form: [0.1, Reward.syntax] })(coded([-1, 1], 1))
    assert.isTrue(score._tag === "Scored")
    if (score._tag === "Scored") {
      assert.deepStrictEqual(score.terms, { progress: 1, form: 2, "form.format": 1, "form.tool": 1 })
      assert.deepStrictEqual(score.perTurn, [0.9])
      assert.closeTo(score.total, 1.1, 1e-12)
    }
  })

  it("does not score what one of its rules cannot score", () => {
    const rule = Reward.weighted({ progress: [1, Reward.progress], judge: [1, () => Reward.unscorable("no judge")] })
    assert.deepStrictEqual(rule(coded([1], 1)), Reward.unscorable("judge: no judge"))
  })

  it.effect("is a service made from a rule", () =>
    Effect.gen(function*() {
      const { score } = yield* Reward.Reward
      assert.strictEqual(totalOf(yield* score(coded([1], 1))), 1)
    }).pipe(Effect.provide(Reward.layer(Reward.progress))))
})
