import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as Safetensors from "../../src/domain/Safetensors.ts"

const tensor = (name: string, shape: ReadonlyArray<number>, data: ReadonlyArray<number>): Safetensors.NamedTensor => ({
  name,
  shape,
  data: Float32Array.from(data)
})

const example = [tensor("a.weight", [2, 3], [1, 2, 3, -4, 0.5, 1e-30]), tensor("b", [], [7]), tensor("c", [0, 4], [])]

/** A file with any header. */
const fileWith = (header: string, data: number): Uint8Array => {
  const json = new TextEncoder().encode(header)
  const bytes = new Uint8Array(8 + json.length + data)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  return bytes
}

const failure = (bytes: Uint8Array): string => {
  const result = Safetensors.decode(bytes)
  assert.isTrue(Result.isFailure(result))
  return Result.isFailure(result) ? result.failure : ""
}

const Name = Schema.String.check(Schema.isPattern(/^[a-z.0-9_]+$/))

describe("Safetensors", () => {
  it("reads what it has written, to the bit", () => {
    const { metadata, tensors } = Result.getOrThrow(Safetensors.decode(Safetensors.encode(example, { format: "pt" })))
    assert.deepStrictEqual(metadata, { format: "pt" })
    assert.deepStrictEqual([...tensors.values()], example)
  })

  it("begins the numbers at a multiple of eight bytes, after the header's length", () => {
    for (const name of ["x", "xy", "xyz", "a longer name"]) {
      const bytes = Safetensors.encode([tensor(name, [1], [1])], {})
      assert.strictEqual(new DataView(bytes.buffer).getBigUint64(0, true), BigInt(bytes.length - 12))
      assert.strictEqual((bytes.length - 4) % 8, 0)
    }
  })

  it.prop(
    "reads any named tensors and metadata it has written",
    [
      Schema.Array(Schema.Tuple([Name, Schema.Array(Schema.Finite)])),
      Schema.Record(Name, Schema.String)
    ],
    ([entries, metadata]) => {
      const tensors = [...new Map(entries)].map(([name, data]) => tensor(name, [data.length], data))
      const read = Result.getOrThrow(Safetensors.decode(Safetensors.encode(tensors, metadata)))
      assert.deepStrictEqual(
        [...read.tensors.values()].map(({ name }) => name).toSorted(),
        tensors.map(({ name }) => name).toSorted()
      )
      for (const tensor of tensors) assert.deepStrictEqual(read.tensors.get(tensor.name), tensor)
    }
  )

  it("says what is wrong with a file", () => {
    const whole = Safetensors.encode(example, {})
    assert.include(failure(new Uint8Array(3)), "only 3 bytes")
    assert.include(failure(new TextEncoder().encode("PK, not a tensor")), "not safetensors: a header of")
    assert.include(failure(fileWith("[1]", 0)), "not a JSON object")
    assert.include(failure(fileWith("{", 0)), "not a JSON object")
    assert.include(failure(fileWith("{\"a\": 1}", 0)), "entry for a is malformed")
    assert.include(
      failure(fileWith("{\"a\": {\"dtype\": \"BF16\", \"shape\": [1], \"data_offsets\": [0, 2]}}", 2)),
      "a is BF16; only F32"
    )
    assert.include(
      failure(fileWith("{\"a\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offsets\": [0, 4]}}", 4)),
      "a of shape [2] needs 8 bytes and has 4"
    )
    assert.include(failure(whole.subarray(0, whole.length - 1)), "cut off")
  })
})
