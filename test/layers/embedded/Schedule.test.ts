import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type { Datum } from "../../../src/domain/Engine.ts"
import { decodeScores, encodeData } from "../../../src/layers/embedded/Messages.ts"
import { deal } from "../../../src/layers/embedded/Schedule.ts"

const dataOf = (rows: ReadonlyArray<number>): ReadonlyArray<Datum> =>
  rows.map((rows, index) => ({
    tokens: new Int32Array(rows + 1).fill(index),
    weights: new Float32Array(rows).fill(index)
  }))

const Rows = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 70 })))

describe("deal", () => {
  it.prop("deals every datum out once, in micro-batches that are not too large", [Rows], ([rows]) => {
    const dealt = deal(dataOf(rows), 4, 50)
    assert.strictEqual(dealt.length, 4)
    assert.deepStrictEqual(dealt.flat(2).toSorted((a, b) => a - b), rows.map((_, index) => index))
    for (const microBatch of dealt.flat()) {
      const total = microBatch.reduce((sum, index) => sum + rows[index]!, 0)
      assert.isTrue(microBatch.length === 1 || total <= 50)
    }
  })

  it.prop("balances the lanes to within the longest datum", [Rows], ([rows]) => {
    const loads = deal(dataOf(rows), 4, 50).map((lane) => lane.flat().reduce((sum, index) => sum + rows[index]!, 0))
    assert.isAtMost(Math.max(...loads) - Math.min(...loads), Math.max(0, ...rows))
  })

  it.prop("keeps what belongs together through encoding and decoding", [Rows], ([rows]) => {
    const data = dataOf(rows)
    for (const lane of deal(data, 4, 50)) {
      const batch = encodeData(data, lane)
      const scores = decodeScores(batch.lengths, { logprobs: batch.weights, entropies: batch.entropyWeights })
      lane.flat().forEach((index, at) => assert.deepStrictEqual(scores[at]!.logprobs, data[index]!.weights))
    }
  })
})
