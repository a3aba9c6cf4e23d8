import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Endpoint from "../../../src/domain/tinker/Endpoint.ts"

const endpoints = Object.values(Endpoint).flatMap((one) => typeof one !== "function" && "_tag" in one ? [one] : [])

const schemas = endpoints.flatMap((endpoint): ReadonlyArray<readonly [string, Schema.Codec<unknown, unknown>]> => {
  const { path } = endpoint
  if (endpoint._tag === "Resource") return [[`${path}, answer`, endpoint.response]]
  return [
    [`${path}, request`, endpoint.request],
    [`${path}, answer`, endpoint._tag === "Call" ? endpoint.response : endpoint.result]
  ]
})

/** As it is on the wire, where a number is finite. */
const json = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, part: unknown) => typeof part === "number" && !Number.isFinite(part) ? 0 : part))

describe("Tinker's messages", () => {
  it("are there for every endpoint that training needs", () => {
    assert.strictEqual(new Set(endpoints.map(({ path }) => path)).size, 19)
  })

  it("leave out what is absent, and read null as absent", () => {
    const sample: typeof Endpoint.createModel extends Endpoint.Operation<infer Q, unknown> ? Q : never = {
      session_id: "s",
      model_seq_id: 0,
      base_model: "m"
    }
    const encoded = Schema.encodeSync(Endpoint.createModel.request)(sample)
    assert.deepStrictEqual(encoded, { ...sample, type: "create_model" })
    const lenient = Schema.decodeUnknownSync(Endpoint.createModel.request)
    assert.deepStrictEqual(lenient({ ...sample, lora_config: null, user_metadata: null, more: 1 }), sample)
  })

  it("have defaults where a writer left something out", () => {
    const params = Schema.decodeUnknownSync(Endpoint.optimStep.request)({ model_id: "m", seq_id: 1, adam_params: {} })
    assert.deepStrictEqual(params.adam_params, {
      learning_rate: 1e-4,
      beta1: 0.9,
      beta2: 0.95,
      eps: 1e-12,
      weight_decay: 0,
      grad_clip_norm: 0
    })
  })

  describe("are read back as they were written", () => {
    for (const [name, schema] of schemas) {
      it.prop(name, [Schema.toType(schema)], ([message]) => {
        const wire = json(Schema.encodeSync(schema)(message))
        const read = Schema.decodeUnknownSync(schema)(wire)
        assert.deepStrictEqual(json(Schema.encodeSync(schema)(read)), wire)
      })
    }
  })
})
