import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as TensorBoard from "../../src/domain/TensorBoard.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

const text = (encoded: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(encoded)

/** A record's data, its frame checked as TensorFlow's reader does. */
const dataOf = (record: Uint8Array): Uint8Array => {
  const view = new DataView(record.buffer, record.byteOffset, record.length)
  const length = Number(view.getBigUint64(0, true))
  const data = record.subarray(12, 12 + length)
  assert.strictEqual(record.length, 16 + length)
  assert.strictEqual(view.getUint32(8, true), TensorBoard.masked(TensorBoard.crc32c(record.subarray(0, 8))))
  assert.strictEqual(view.getUint32(12 + length, true), TensorBoard.masked(TensorBoard.crc32c(data)))
  return data
}

/** Fields of a message by number, in order: bytes, or a varint. */
const fieldsOf = (message: Uint8Array): ReadonlyArray<readonly [number: number, value: Uint8Array | number]> => {
  const fields: Array<readonly [number, Uint8Array | number]> = []
  let at = 0
  const varint = (): number => {
    let [value, factor] = [0, 1]
    for (;; factor *= 128) {
      const byte = message[at++] ?? assert.fail("a varint is cut")
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }
  while (at < message.length) {
    const key = varint()
    if (key % 8 === 0) fields.push([key >> 3, varint()])
    else {
      const length = key % 8 === 1 ? 8 : key % 8 === 5 ? 4 : varint()
      fields.push([key >> 3, message.slice(at, at += length)])
    }
  }
  return fields
}

const isBytes = (value: Uint8Array | number | undefined): Uint8Array =>
  value instanceof Uint8Array ? value : assert.fail("not bytes")

const Scalars = Schema.Array(Schema.Struct({ name: Schema.String, value: Schema.Finite }))
const Step = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 40 }))

describe("TensorBoard", () => {
  it("has the checksums of RFC 3720", () => {
    assert.strictEqual(TensorBoard.crc32c(bytes("123456789")), 0xe3069283)
    assert.strictEqual(TensorBoard.crc32c(new Uint8Array(32)), 0x8a9136aa)
    assert.strictEqual(TensorBoard.crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e)
  })

  it("begins a file with its version", () => {
    const [time, version] = fieldsOf(dataOf(TensorBoard.opening(1_795_390_111.5)))
    assert.deepStrictEqual([time?.[0], version?.[0]], [1, 3])
    assert.strictEqual(new DataView(isBytes(time?.[1]).buffer).getFloat64(0, true), 1_795_390_111.5)
    assert.deepStrictEqual(version?.[1], bytes("brain.Event:2"))
  })

  it.prop("writes every scalar of a step, in order", [Step, Scalars], ([step, scalars]) => {
    const fields = new Map(fieldsOf(dataOf(TensorBoard.event(2, step, scalars))))
    assert.strictEqual(fields.get(2), step)
    const read = fieldsOf(isBytes(fields.get(5))).map(([, value]) => {
      const [name, number] = fieldsOf(isBytes(value))
      return {
        name: text(isBytes(name?.[1])),
        value: new DataView(isBytes(number?.[1]).buffer).getFloat32(0, true)
      }
    })
    assert.deepStrictEqual(
      read,
      scalars.map(({ name, value }) => ({ name: text(bytes(name)), value: Math.fround(value) }))
    )
  })

  it("says from which step on a run begins again", () => {
    const fields = new Map(fieldsOf(dataOf(TensorBoard.restart(2, 300))))
    assert.strictEqual(fields.get(2), 300)
    assert.deepStrictEqual(fieldsOf(isBytes(fields.get(7))), [[1, 1]])
  })
})
