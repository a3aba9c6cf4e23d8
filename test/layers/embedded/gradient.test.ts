import { assert, describe, it } from "@effect/vitest"
import type { Datum } from "../../../src/domain/Engine.ts"
import * as Seed from "../../../src/domain/Seed.ts"
import { ModelConfig } from "../../../src/domain/Transformer.ts"
import { Machine } from "./Machine.ts"
import { lossAndGradient } from "./Reference.ts"

const config = new ModelConfig({
  vocabularySize: 45,
  dModel: 32,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 16,
  dFeedForward: 48,
  contextLength: 64
})

/** Sequences of several lengths, one longer than the attention's block of queries, with gaps in the weights. */
const randomData = (lengths: ReadonlyArray<number>, entropy: boolean): ReadonlyArray<Datum> => {
  const draws = new Seed.Draws(Seed.derive("data", entropy ? 1 : 0))
  return lengths.map((length) => ({
    tokens: Int32Array.from({ length: length + 1 }, () => draws.below(config.vocabularySize)),
    weights: Float32Array.from({ length }, () => draws.uniform() < 0.7 ? draws.uniform() * 2 - 0.5 : 0),
    ...(entropy
      ? { entropyWeights: Float32Array.from({ length }, () => draws.uniform() < 0.5 ? draws.uniform() : 0) }
      : {})
  }))
}

/** The norm of the difference, as a share of the norm of the second. */
const distance = (actual: Float32Array, expected: Float32Array): number => {
  let error = 0
  let scale = 0
  expected.forEach((value, at) => {
    error += (actual[at]! - value) ** 2
    scale += value ** 2
  })
  return Math.sqrt(error / scale)
}

describe("the gradient", () => {
  for (const entropy of [false, true]) {
    it(`is that of central finite differences, tensor by tensor (entropy: ${entropy})`, () => {
      const machine = new Machine(config, 7)
      const data = randomData([37, 21, 50, 3], entropy)
      const gradient = machine.gradient(data)
      const draws = new Seed.Draws(3)
      for (const { name, offset, shape } of machine.map.layout.tensors) {
        const size = shape.reduce((all, n) => all * n, 1)
        let error = 0
        let scale = 0
        for (let n = 0; n < 10; n++) {
          const at = offset + draws.below(size)
          const value = machine.parameters[at]!
          const lossAt = (moved: number): number => {
            machine.parameters[at] = moved
            machine.optimiser.pack("current")
            return machine.loss(data)
          }
          const h = 4e-3
          const difference = (lossAt(value + h) - lossAt(value - h)) / (2 * h)
          machine.parameters[at] = value
          error += (difference - gradient[at]!) ** 2
          scale += gradient[at]! ** 2
        }
        assert.isBelow(Math.sqrt(error / scale), 1e-2, name)
      }
    })
  }

  it("of a linear loss adds up over data, whatever micro-batches they are in", () => {
    const machine = new Machine(config, 5)
    const data = randomData([17, 30, 5], true)
    const together = machine.gradient(data)
    const alone = data.map((datum) => machine.gradient([datum]))
    const sum = Float32Array.from(together, (_, at) => alone.reduce((all, gradient) => all + gradient[at]!, 0))
    assert.isBelow(distance(together, sum), 1e-6)
  })

  it("is that of automatic differentiation of an independent model", () => {
    const machine = new Machine(config, 11)
    for (const datum of randomData([19, 41], true)) {
      const expected = lossAndGradient(config, machine.map.layout.tensors, machine.parameters, datum)
      const gradient = machine.gradient([datum])
      assert.approximately(machine.loss([datum]), expected.loss, 1e-4)
      for (const { name, offset } of machine.map.layout.tensors) {
        const reference = expected.gradient.get(name)!
        assert.isBelow(distance(gradient.subarray(offset, offset + reference.length), reference), 1e-5, name)
      }
    }
  })
})
