import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { decodeRequests, decodeSamples, encodeRequests, encodeSamples } from "../../../src/layers/embedded/Messages.ts"

const Word = Schema.Int.check(Schema.isBetween({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 }))
const Request = Schema.Struct({
  id: Word,
  prompt: Schema.Array(Word),
  maxTokens: Word,
  temperature: Schema.Literals([0, 0.5, 1]),
  seed: Word,
  stop: Schema.Array(Word)
})
const Sample = Schema.Struct({ id: Word, tokens: Schema.Array(Word), stop: Schema.Literals(["stop", "length"]) })

describe("the messages of the embedded engine", () => {
  it.prop("carry requests", [Schema.Array(Request)], ([requests]) => {
    const given = requests.map((request) => ({ ...request, prompt: Int32Array.from(request.prompt) }))
    const words = encodeRequests(given.map(({ id, ...request }) => ({ id, request })))
    assert.deepStrictEqual(decodeRequests(words), given)
  })

  it.prop("carry samples", [Schema.Array(Sample)], ([samples]) => {
    const given = samples.map((sample) => ({
      ...sample,
      tokens: Int32Array.from(sample.tokens),
      logprobs: Float32Array.from(sample.tokens, (token) => -token / 7)
    }))
    assert.deepStrictEqual(decodeSamples(encodeSamples(given)), given)
  })

  it("carry seeds beyond 2^31", () => {
    const request = { prompt: Int32Array.of(1), maxTokens: 1, temperature: 1, seed: 2 ** 32 - 1, stop: [] }
    assert.strictEqual(decodeRequests(encodeRequests([{ id: 0, request }]))[0]!.seed >>> 0, 2 ** 32 - 1)
  })
})
