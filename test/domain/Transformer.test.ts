import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import { countParameters, initialise, layout, ModelConfig } from "../../src/domain/Transformer.ts"
import { tinyModel } from "./tinyModel.ts"

const config = new ModelConfig(tinyModel)

/** What is said of sizes that do not go together. */
const refusal = (changes: Partial<typeof tinyModel>): string =>
  String(Result.getFailure(Schema.decodeUnknownResult(ModelConfig)({ ...tinyModel, ...changes })))

describe("Transformer", () => {
  it("counts parameters as the definition does", () => {
    const attention = (4 * 8 + 2 * 2 * 8 + 4 * 8) * 32
    assert.strictEqual(countParameters(config), 61 * 32 + 2 * (attention + 3 * 64 * 32 + 2 * 32) + 32)
  })

  it("lays parameters out end to end, but for the vocabulary's padding", () => {
    const { size, tensors } = layout(config)
    let end = 0
    for (const { offset, shape } of tensors) {
      assert.isTrue(offset === end || offset === 64 * 32)
      end = offset + shape.reduce((all, n) => all * n, 1)
    }
    assert.strictEqual(end, size)
  })

  it("initialises gains to 1, padding to 0 and matrices to their standard deviations", () => {
    const parameters = initialise(config, 1)
    for (const { name, offset, shape } of layout(config).tensors) {
      const values = parameters.subarray(offset, offset + shape.reduce((all, n) => all * n, 1))
      if (shape.length === 1) assert.isTrue(values.every((value) => value === 1), name)
      else {
        const expected = name.includes("embed")
          ? 0.05
          : 1 / Math.sqrt(shape[1]! * (/o_proj|down_proj/.test(name) ? 4 : 1))
        const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
        assert.approximately(deviation / expected, 1, 0.1, name)
      }
    }
    assert.isTrue(parameters.subarray(61 * 32, 64 * 32).every((value) => value === 0))
  })

  it("initialises as the seed says", () => {
    assert.deepStrictEqual(initialise(config, 1), initialise(config, 1))
    assert.notDeepEqual(initialise(config, 1), initialise(config, 2))
  })

  it("refuses sizes that do not go together", () => {
    assert.include(refusal({ kvHeads: 3 }), "4 heads cannot share 3 key-value heads evenly")
    assert.include(refusal({ dModel: 30 }), "dModel")
    assert.include(refusal({ headDim: 4 }), "headDim")
    assert.include(refusal({ layers: 0 }), "layers")
  })
})
