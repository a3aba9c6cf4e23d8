import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Advantage from "../../src/domain/Advantage.ts"

/** Rewards as they come: quarters, so that sums are exact and equal rewards are frequent. */
const Rewards = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: -8, maximum: 8 }))).check(
  Schema.isMinLength(2),
  Schema.isMaxLength(24)
)
const quarters = (whole: ReadonlyArray<number>): ReadonlyArray<number> => whole.map((n) => n / 4)

const estimators = {
  groupRelative: Advantage.groupRelative(),
  centred: Advantage.centred,
  leaveOneOut: Advantage.leaveOneOut
}

const close = (a: ReadonlyArray<number>, b: ReadonlyArray<number>, tolerance = 1e-9): void => {
  assert.strictEqual(a.length, b.length)
  a.forEach((value, i) => assert.closeTo(value, b[i]!, tolerance))
}

describe("Advantage", () => {
  for (const [name, estimate] of Object.entries(estimators)) {
    it.prop(`${name} sums to 0 over a group`, [Rewards], ([whole]) => {
      assert.closeTo(estimate(quarters(whole)).reduce((sum, advantage) => sum + advantage, 0), 0, 1e-9)
    })

    it.prop(`${name} does not depend on where rewards start`, [Rewards, Schema.Int], ([whole, shift]) => {
      const moved = quarters(whole).map((reward) => reward + (shift % 1000))
      close(estimate(moved), estimate(quarters(whole)))
    })

    it.prop(`${name} keeps the order of rewards`, [Rewards], ([whole]) => {
      const rewards = quarters(whole)
      const advantages = estimate(rewards)
      rewards.forEach((reward, i) =>
        rewards.forEach((other, j) => {
          if (reward > other) assert.isAbove(advantages[i]!, advantages[j]!)
          if (reward === other) assert.strictEqual(advantages[i], advantages[j])
        })
      )
    })

    it(`${name} gives a lone episode nothing`, () => {
      assert.deepStrictEqual(estimate([0.5]), [0])
    })
  }

  it.prop("groupRelative does not depend on the scale of rewards", [Rewards], ([whole]) => {
    const rewards = quarters(whole)
    if (!Advantage.hasSignal(rewards)) return
    const estimate = Advantage.groupRelative(0)
    close(estimate(rewards.map((reward) => 7 * reward)), estimate(rewards))
  })

  it("groupRelative divides by the sample deviation", () => {
    const [worse = 0, , better = 0] = Advantage.groupRelative(0)([0, 0, 1, 1])
    assert.closeTo(better, 0.5 / Math.sqrt(1 / 3), 1e-12)
    assert.strictEqual(worse, -better)
  })

  it("damps groups that hardly differ, the more the larger epsilon", () => {
    const [, small = 0] = Advantage.groupRelative(0)([0, 0.001])
    const [, damped = 0] = Advantage.groupRelative(0.1)([0, 0.001])
    assert.closeTo(small, Math.SQRT1_2, 1e-12)
    assert.isBelow(damped, 0.01)
  })

  it.prop("leaveOneOut is centred, scaled by n / (n - 1)", [Rewards], ([whole]) => {
    const rewards = quarters(whole)
    const scale = rewards.length / (rewards.length - 1)
    close(Advantage.leaveOneOut(rewards), Advantage.centred(rewards).map((advantage) => scale * advantage))
  })

  it.prop("a group has signal exactly when its rewards differ", [Rewards], ([whole]) => {
    assert.strictEqual(Advantage.hasSignal(quarters(whole)), new Set(whole).size > 1)
  })

  const Turns = Schema.Array(Schema.Literals([0, 1])).check(Schema.isMaxLength(6))

  it("returns sum what a turn and the turns after it are worth, discounted", () => {
    assert.deepStrictEqual(Advantage.returns([1, 0, 2], 0.5), [1.5, 1, 2])
    assert.deepStrictEqual(Advantage.returns([1, 0, 2], 1), [3, 2, 2])
    assert.deepStrictEqual(Advantage.returns([1, 0, 2], 0), [1, 0, 2])
    assert.deepStrictEqual(Advantage.returns([], 1), [])
  })

  it.prop("the first return without discount is the total", [Turns], ([perTurn]) => {
    assert.strictEqual(Advantage.returns(perTurn, 1)[0] ?? 0, perTurn.reduce((sum: number, reward) => sum + reward, 0))
  })

  it.prop("byTurn compares each turn with the siblings' same turn", [Rewards, Rewards], ([first, second]) => {
    const members = Array.from({ length: Math.min(first.length, second.length) }, (_, i) => [first[i]!, second[i]!])
    const advantages = Advantage.byTurn(members, Advantage.centred, 0)
    for (const turn of [0, 1]) {
      close(
        advantages.map((each) => each[turn]!),
        Advantage.centred(members.map((each) => each[turn]!))
      )
    }
  })

  it.prop(
    "byTurn of one turn is the estimator itself",
    [Rewards, Schema.Literals([0, 0.5, 1])],
    ([whole, discount]) => {
      const advantages = Advantage.byTurn(whole.map((reward) => [reward]), Advantage.groupRelative(), discount)
      close(advantages.flat(), Advantage.groupRelative()(whole))
    }
  )

  it("rounding is no signal, and neither is no reward at all", () => {
    assert.isFalse(Advantage.hasSignal([0.1 + 0.2, 0.3]))
    assert.isFalse(Advantage.hasSignal([]))
  })
})
