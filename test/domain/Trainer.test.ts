import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Trainer from "../../src/domain/Trainer.ts"

const Decay = Schema.Struct({
  steps: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 50 })),
  to: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))
})

const rates = (decay: Trainer.Optimization["decay"]) =>
  Array.from({ length: 60 }, (_, n) => Trainer.inStep({ ...Trainer.paper, learningRate: 2, decay }, n).learningRate)

describe("the learning rate in a stage", () => {
  it.prop("falls by the same amount every step, to its share, and stays there", [Decay], ([decay]) => {
    const all = rates(decay)
    assert.strictEqual(all[0], 2)
    for (let n = 1; n < all.length; n++) {
      const fall = n <= decay.steps ? 2 * (1 - decay.to) / decay.steps : 0
      assert.approximately(all[n - 1]! - all[n]!, fall, 1e-12)
    }
  })

  it("stays where it is without decay, also where none was written down", () => {
    const { decay: _, ...older } = Trainer.paper
    assert.strictEqual(Schema.decodeUnknownSync(Trainer.Optimization)(older).decay, null)
    assert.deepStrictEqual(new Set(rates(null)), new Set([2]))
  })
})
