import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { type Datum, float32, int64, modelInput } from "../../../src/domain/tinker/Datum.ts"
import * as Chunks from "../../../src/layers/tinker/Chunks.ts"

const datum = (length: number): Datum => ({
  model_input: modelInput(new Int32Array(length)),
  loss_fn_inputs: { target_tokens: int64(new Int32Array(length)), weights: float32(new Float32Array(length)) }
})

/** 4 bytes for a token, 8 for its target, 4 for its weight. */
const bytes = 16

const lengths = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9 })))
const limit = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 6 }))

/** The output of one request. */
const part = (outputs: number, metrics: Readonly<Record<string, number>>) => ({
  loss_fn_output_type: "ArrayRecord",
  loss_fn_outputs: Array.from({ length: outputs }, () => ({})),
  metrics
})

describe("a large pass", () => {
  it.prop(
    "is cut into requests within the limits, and no more than it needs",
    [lengths, limit, limit],
    ([all, n, m]) => {
      const data = all.map(datum)
      const limits = { data: n, bytes: m * 3 * bytes }
      const size = (chunk: ReadonlyArray<Datum>) =>
        chunk.reduce((sum, { loss_fn_inputs }) => sum + loss_fn_inputs["weights"]!.data.length * bytes, 0)
      const chunks = Chunks.cut(data, limits)
      assert.deepStrictEqual(chunks.flat(), data)
      chunks.forEach((chunk, i) => {
        assert.isAbove(chunk.length, 0)
        assert.isTrue(chunk.length === 1 || (chunk.length <= n && size(chunk) <= limits.bytes))
        const next = chunks[i + 1]?.[0]
        if (next !== undefined) assert.isTrue(chunk.length === n || size([...chunk, next]) > limits.bytes)
      })
    }
  )

  it("has its metrics put together by what their names say", () => {
    const { loss_fn_outputs, metrics } = Chunks.join([
      part(3, { "loss:sum": 2, "a:min": 1, "b:max": 1, "c:mean": 1, plain: 4 }),
      part(1, { "loss:sum": 5, "a:min": 0, "b:max": 3, "c:mean": 5 })
    ])
    assert.strictEqual(loss_fn_outputs.length, 4)
    assert.deepStrictEqual(metrics, { "loss:sum": 7, "a:min": 0, "b:max": 3, "c:mean": 2, plain: 4 })
  })
})
