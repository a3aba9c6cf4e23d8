import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { type Datum, float32, int64, modelInput } from "../../../src/domain/tinker/Datum.ts"
import * as TrainingPass from "../../../src/domain/tinker/TrainingPass.ts"

const datum = (changes: Partial<Datum> = {}): Datum => ({
  model_input: modelInput([5, 6, 7]),
  loss_fn_inputs: { target_tokens: int64([6, 7, 8]), weights: float32([0, 1, -2]) },
  ...changes
})

const problem = (data: ReadonlyArray<Datum>, loss_fn = "cross_entropy"): string =>
  Result.getOrThrow(Result.flip(TrainingPass.decode({ data, loss_fn })))

describe("TrainingPass", () => {
  it("asks the engine for every log-prob, and then for the gradient of the loss at them", () => {
    const pass = Result.getOrThrow(TrainingPass.decode({ data: [datum()], loss_fn: "cross_entropy" }))
    assert.deepStrictEqual(TrainingPass.scoring(pass), [
      { tokens: Int32Array.of(5, 6, 7, 8), weights: Float32Array.of(1, 1, 1) }
    ])
    const scored = [{ logprobs: Float32Array.of(-1, -2, -0.5), entropies: new Float32Array(3) }]
    const linear = TrainingPass.linearise(pass, scored)
    assert.deepStrictEqual(TrainingPass.gradient(pass, linear), [
      { tokens: Int32Array.of(5, 6, 7, 8), weights: Float32Array.of(0, 1, -2) }
    ])
    assert.deepStrictEqual(TrainingPass.output(scored, linear), {
      loss_fn_output_type: "ArrayRecord",
      loss_fn_outputs: [{ logprobs: float32([-1, -2, -0.5]) }],
      metrics: { "loss:sum": 1 }
    })
  })

  it("reads the tokens of several chunks as one text", () => {
    const chunks = [...modelInput([5]).chunks, ...modelInput([6, 7]).chunks]
    const pass = Result.getOrThrow(
      TrainingPass.decode({ data: [datum({ model_input: { chunks } })], loss_fn: "cross_entropy" })
    )
    assert.deepStrictEqual(pass.sequences[0]?.tokens, Int32Array.of(5, 6, 7, 8))
  })

  it("says which datum cannot be computed on, and why", () => {
    assert.include(problem([]), "no data")
    assert.include(problem([datum()], "dro"), "no loss \"dro\"")
    assert.include(problem([datum(), datum({ loss_fn_inputs: {} })]), "datum 1: there are no target_tokens")
    assert.include(problem([datum({ model_input: modelInput([5, 6]) })]), "datum 0: 3 target_tokens for 2 tokens")
    assert.include(problem([datum({ model_input: modelInput([5, 9, 7]) })]), "target_tokens[0] is 6")
    const square = { data: [6, 7, 8, 9], dtype: "int64", shape: [2, 2] } as const
    assert.include(problem([datum({ loss_fn_inputs: { target_tokens: square } })]), "more than one dimension")
  })
})
