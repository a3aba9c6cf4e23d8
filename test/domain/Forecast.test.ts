import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Advance from "../../src/domain/Advance.ts"
import * as Curriculum from "../../src/domain/Curriculum.ts"
import * as Forecast from "../../src/domain/Forecast.ts"

const steps = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 3000 }))

describe("the bound of a stage", () => {
  it.prop("is that of its fixed steps, whatever else it waits for", [steps], ([n]) => {
    assert.strictEqual(Forecast.boundOf(Advance.after(n)), n)
    const waiting = Advance.any(
      Advance.rewardAbove(0.9, { window: 4 }),
      Advance.successAbove(0.5, { window: 2 }),
      Advance.plateau({ window: 3, tolerance: 0.01 }),
      Advance.after(n)
    )
    assert.strictEqual(Forecast.boundOf(waiting), n)
  }, { arbitrary: { runs: 20 } })

  it("is not there for a rule that may never be content", () => {
    assert.isUndefined(Forecast.boundOf(Advance.all(Advance.after(3), Advance.rewardAbove(0.9, { window: 4 }))))
  })
})

const settings = Curriculum.settings("test", { tasksPerStep: 32, groupSize: 16, refillRounds: 2 })
const size: Forecast.EpisodeSize = { steps: 8, context: 6000, sampled: 400 }
const linear: Forecast.Computing = { forwardPasses: 0, ppo: false, reference: true }

/** Passes without gradient of a stage with these settings, and those saved of 100 steps. */
const passesOf = (overrides: Curriculum.Overrides<Curriculum.Settings>, computing: Forecast.Computing) => {
  const { passes, savedPasses } = Forecast.ofStage(Curriculum.settings("test", overrides), 100, size, computing)
  return [passes, savedPasses]
}

describe("a stage", () => {
  it("costs what its settings multiply to", () => {
    const { episodes, passes, readTokens, requests, sampledTokens, trainedTokens, updates } = Forecast.ofStage(
      settings,
      250,
      size,
      linear
    )
    assert.strictEqual(updates, 250)
    assert.deepStrictEqual(episodes, { least: 128_000, most: 384_000 })
    assert.deepStrictEqual(requests, { least: 1_024_000, most: 3_072_000 })
    assert.deepStrictEqual(sampledTokens, { least: 51_200_000, most: 153_600_000 })
    assert.strictEqual(readTokens.least, 128_000 * 5600)
    assert.strictEqual(trainedTokens, 128_000 * 6000)
    // The paper's loss compares with the frozen start; the policy's own log-probs are those of sampling.
    assert.strictEqual(passes, 1)
  })

  it("asks for the policy's log-probs where it has moved, and where the engine's loss has to be told", () => {
    const asked = { ...linear, forwardPasses: 1 }
    assert.deepStrictEqual(passesOf({}, asked), [2, 0])
    assert.deepStrictEqual(passesOf({ maxStaleness: 1 }, linear), [2, 0])
    assert.deepStrictEqual(passesOf({ maxStaleness: 1 }, asked), [3, 0])
    assert.deepStrictEqual(passesOf({ optimization: { updatesPerBatch: 4 } }, linear), [1.75, 0])
    const free = { optimization: { loss: { klCoefficient: 0 } } }
    assert.deepStrictEqual(passesOf(free, { ...asked, reference: false }), [1, 0])
  })

  it("is one pass an update where the engine has its loss", () => {
    const builtIn = { forwardPasses: 1, ppo: true, reference: true }
    const loss = { klCoefficient: 0, entropyCoefficient: 0, dualClip: null }
    assert.deepStrictEqual(passesOf({ optimization: { loss } }, builtIn), [1 / 8, 100])
    assert.deepStrictEqual(passesOf({ optimization: { loss }, maxStaleness: 1 }, builtIn), [1 / 8, 200])
    for (const other of [{ klCoefficient: 0.1 }, { entropyCoefficient: 0.1 }, { dualClip: 10 }]) {
      assert.strictEqual(passesOf({ optimization: { loss: { ...loss, ...other } } }, builtIn)[1], 0)
    }
  })

  it("adds up with others", () => {
    const one = Forecast.ofStage(settings, 10, size, linear)
    assert.deepStrictEqual(Forecast.total([one, one]), Forecast.ofStage(settings, 20, size, linear))
  })
})

describe("GPU hours", () => {
  it("grow with the model, and shrink with a faster GPU", () => {
    const stage = Forecast.ofStage(settings, 10, size, linear)
    const { least, most } = Forecast.gpuHours(stage, 7.6e9, "h100")
    assert.isBelow(least, most)
    assert.closeTo(Forecast.gpuHours(stage, 15.2e9, "h100").most, 2 * most, 1e-9)
    assert.closeTo(Forecast.gpuHours(stage, 7.6e9, "a100").least, least * 989 / 312, 1e-9)
  })

  it("are those of the formula, worked by hand", () => {
    const stage: Forecast.StageForecast = {
      updates: 1,
      episodes: { least: 1, most: 1 },
      requests: { least: 1, most: 1 },
      readTokens: { least: 1e6, most: 1e6 },
      sampledTokens: { least: 1e6, most: 1e6 },
      trainedTokens: 1e6,
      passes: 2,
      savedPasses: 0
    }
    // 2e9 parameters, a million tokens each: (12 / 0.35 + 2 / 0.35 + 2 / 0.05) * 2e15 operations on 312e12 a second.
    assert.closeTo(Forecast.gpuHours(stage, 2e9, "a100").least, 80 * 2e15 / 312e12 / 3600, 1e-12)
  })
})
