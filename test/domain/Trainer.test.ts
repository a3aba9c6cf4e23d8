import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Trainer from "../../src/domain/Trainer.ts"

const Decay = Schema.Struct({
  steps: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 50 })),
  to: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
})

const rates = (decay: Trainer.Optimization["decay"]) =>
  Array.from(
    { length: 60 },
    (_, stageStep) =>
      Trainer.learningRateAt({ learningRate: 2, warmupSteps: 10, decay }, { stageStep, updatesBefore: 10 })
  )

describe("the learning rate in a stage", () => {
  it.prop("falls by the same amount every step, to its share, and stays there", [Decay], ([decay]) => {
    const all = rates(decay)
    assert.strictEqual(all[0], 2)
    for (let n = 1; n < all.length; n++) {
      const fall = n <= decay.steps ? 2 * (1 - decay.to) / decay.steps : 0
      assert.approximately(all[n - 1]! - all[n]!, fall, 1e-12)
    }
  })

  it("rises over the first updates of a run, whatever the stage has of it", () => {
    const decay = { steps: 4, to: 0.5 }
    const rising = [0, 1, 2, 3, 4].map((updatesBefore) =>
      Trainer.learningRateAt({ learningRate: 1, warmupSteps: 4, decay }, { stageStep: 2, updatesBefore })
    )
    assert.deepStrictEqual(rising, [0.1875, 0.375, 0.5625, 0.75, 0.75])
  })

  it("stays where it is without decay, also where none was written down", () => {
    const { decay: _, ...older } = Trainer.paper
    assert.strictEqual(Schema.decodeUnknownSync(Trainer.Optimization)(older).decay, null)
    assert.deepStrictEqual(new Set(rates(null)), new Set([2]))
  })
})
