import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as StepCodes from "../../src/domain/StepCodes.ts"

const Code = Schema.Literals([-3, -2, -1, 0, 1])
const Codes = Schema.Array(Code)

describe("what the step codes of a conversation are worth", () => {
  it("follows the released formulas", () => {
    const codes = [-1, 1, 0, -1, 1, -2, -3, 0] as const
    assert.strictEqual(StepCodes.progressReleased(codes), 2 / 4)
    assert.strictEqual(StepCodes.progress(codes, 5), 2 / 5)
    assert.strictEqual(StepCodes.format(codes), 7 / 8)
    assert.strictEqual(StepCodes.toolCalls(codes), 2 / 3)
    assert.strictEqual(StepCodes.syntax(codes), 7 / 8 + 2 / 3)
  })

  it("is all or nothing when binary", () => {
    assert.strictEqual(StepCodes.binary([-1, 1, 1], 2), 1)
    assert.strictEqual(StepCodes.binary([-1, 1, 0], 2), 0)
    assert.strictEqual(StepCodes.binary([-1, 1], 2), 0, "a turn that was not played has not passed")
    assert.strictEqual(StepCodes.binary([], 0), 0)
  })

  it("is 0 where nothing was done", () => {
    assert.strictEqual(StepCodes.progressReleased([]), 0)
    assert.strictEqual(StepCodes.progress([], 0), 0)
    assert.strictEqual(StepCodes.syntax([]), 0)
    assert.strictEqual(StepCodes.syntax([1, 1]), 0, "an agent that never calls a tool earns no syntax reward")
  })

  it.prop("stays in its range", [Codes], ([codes]) => {
    const turns = codes.filter((code) => code === 0 || code === 1).length
    for (
      const score of [StepCodes.progressReleased(codes), StepCodes.progress(codes, turns), StepCodes.format(codes)]
    ) {
      assert.isTrue(score >= 0 && score <= 1)
    }
    assert.isTrue(StepCodes.syntax(codes) >= 0 && StepCodes.syntax(codes) <= 2)
  })

  it.prop("agrees on progress, released and paper, when every turn was played", [Codes], ([codes]) => {
    const turns = codes.filter((code) => code === 0 || code === 1).length
    assert.strictEqual(StepCodes.progress(codes, turns), StepCodes.progressReleased(codes))
  })
})
