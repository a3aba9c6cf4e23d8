import { assert, describe, it } from "@effect/vitest"
import * as Forecast from "../../src/domain/Forecast.ts"
import * as Grpo from "../../src/domain/Grpo.ts"
import * as Trainer from "../../src/domain/Trainer.ts"
import * as EnvironmentToy from "../../src/layers/EnvironmentToy.ts"
import * as Paper from "../../src/programs/curricula/paper.ts"
import { task } from "./world.ts"

const released = Paper.bfcl(EnvironmentToy.layer)
const adapters = Paper.bfclLora(EnvironmentToy.layer)

/** After warm-up. */
const rate = (optimization: Trainer.Optimization, stageStep: number) =>
  Trainer.learningRateAt({ ...optimization, warmupSteps: 0 }, { stageStep, updatesBefore: 0 })

describe("the paper's curriculum on BFCL", () => {
  it("has the released configuration in every stage", () => {
    for (const { settings: { groupSize, optimization, sampling } } of released.stages) {
      assert.strictEqual(groupSize, 16)
      assert.strictEqual(sampling.temperature, 1)
      assert.strictEqual(optimization.learningRate, 1e-6)
      assert.strictEqual(optimization.clipNorm, 1)
      assert.deepStrictEqual(optimization.loss, Grpo.paper)
    }
    assert.deepStrictEqual(released.stages.map(({ settings }) => settings.tasksPerStep), [16, 32, 32, 32])
  })

  it("gives every stage 20 epochs of its instances", () => {
    assert.deepStrictEqual(released.stages.map(({ advance }) => Forecast.boundOf(advance)), [94, 63, 250, 250])
  })

  it("begins with base instances, three of four of them, and ends with all categories", () => {
    const [syntax, hints, hard, alone] = released.stages
    const base = Array.from({ length: 200 }, (_, i) => ({ ...task("t"), scenario: `scenario-${i}` }))
    assert.strictEqual(base.filter((one) => syntax?.tasks(one)).length, 150)
    assert.isTrue(base.every((one) => hints?.tasks(one)))
    const missing = task("m", "train", "miss_func")
    assert.isFalse(syntax?.tasks(missing) === true || hints?.tasks(missing) === true)
    assert.isTrue(hard?.tasks(missing) === true && alone?.tasks(missing) === true)
  })

  it("takes as many steps in a single stage, of all tasks, with hints and for progress, as in four", () => {
    const single = Paper.bfcl(EnvironmentToy.layer, { ...Paper.choices, singleStage: true })
    assert.deepStrictEqual(single.stages.map(({ advance }) => Forecast.boundOf(advance)), [94 + 63 + 250 + 250])
    assert.isTrue(single.stages[0]?.tasks(task("m", "train", "miss_func")))
    assert.deepStrictEqual(single.stages[0]?.settings, released.stages[2]?.settings)
  })

  it("takes steps of the same sizes in a single stage, where the last are smaller", () => {
    const drills = Paper.drills(EnvironmentToy.layer)
    const single = Paper.drills(EnvironmentToy.layer, { ...Paper.choices, singleStage: true })
    const sizes = ({ stages }: typeof drills) =>
      stages.flatMap(({ advance, settings: { optimization } }) =>
        Array.from({ length: Forecast.boundOf(advance) ?? 0 }, (_, n) => rate(optimization, n))
      )
    assert.closeTo(sizes(drills).at(-1)!, sizes(drills)[0]! / 10, 1e-5)
    assert.deepStrictEqual(sizes(single), sizes(drills))
  })

  it("differs for adapters in the optimiser alone", () => {
    adapters.stages.forEach(({ name, settings: { optimization, ...settings } }, i) => {
      const stage = released.stages[i]!
      const { optimization: whole, ...others } = stage.settings
      assert.strictEqual(name, stage.name)
      assert.deepStrictEqual(settings, others)
      assert.deepStrictEqual(optimization, { ...whole, learningRate: 1e-5, beta2: 0.95, weightDecay: 0 })
    })
  })
})
