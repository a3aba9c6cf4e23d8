/**
 * TensorBoard's event files: records of length, checksum, data and checksum, each of them an `Event` in protocol buffers
 * (TensorFlow's `record_writer.h`, `event.proto` and `summary.proto`). Only what scalars need.
 */
import type { Scalar } from "./Scalars.ts"

/** CRC-32C (Castagnoli), a table of all bytes. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

export const crc32c = (bytes: Uint8Array): number => {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!
  return ~crc >>> 0
}

/** A checksum of data that holds checksums would be weak, so that it is turned and moved. */
export const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0

const join = (parts: ReadonlyArray<Uint8Array>): Uint8Array<ArrayBuffer> => {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

const checksum = (bytes: Uint8Array): Uint8Array => {
  const sum = new Uint8Array(4)
  new DataView(sum.buffer).setUint32(0, masked(crc32c(bytes)), true)
  return sum
}

const record = (data: Uint8Array): Uint8Array<ArrayBuffer> => {
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(data.length), true)
  return join([length, checksum(length), data, checksum(data)])
}

const varint = (value: number): Uint8Array => {
  const bytes: Array<number> = []
  let rest = BigInt(value)
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Uint8Array.of(...bytes, Number(rest))
}

/** Kinds of fields on the wire. */
const wire = { varint: 0, eight: 1, bytes: 2, four: 5 } as const

const field = (number: number, kind: keyof typeof wire, ...contents: ReadonlyArray<Uint8Array>): Uint8Array =>
  join([varint((number << 3) | wire[kind]), ...contents])

const double = (number: number, value: number): Uint8Array => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, value, true)
  return field(number, "eight", bytes)
}

const float = (number: number, value: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, value, true)
  return field(number, "four", bytes)
}

const bytes = (number: number, contents: Uint8Array): Uint8Array =>
  field(number, "bytes", varint(contents.length), contents)

const text = (number: number, value: string): Uint8Array => bytes(number, new TextEncoder().encode(value))

/** What a file begins with; the time is in Unix seconds. */
export const opening = (time: number): Uint8Array<ArrayBuffer> =>
  record(join([double(1, time), text(3, "brain.Event:2")]))

/** The scalars of one step; the time is in Unix seconds. */
export const event = (time: number, step: number, scalars: ReadonlyArray<Scalar>): Uint8Array<ArrayBuffer> => {
  const values = scalars.map(({ name, value }) => bytes(1, join([text(1, name), float(2, value)])))
  return record(join([double(1, time), field(2, "varint", varint(step)), bytes(5, join(values))]))
}

/** The `SessionLog` of a process that begins at a step: what readers have of that step and of later ones counts no longer. */
export const restart = (time: number, step: number): Uint8Array<ArrayBuffer> =>
  record(join([double(1, time), field(2, "varint", varint(step)), bytes(7, field(1, "varint", varint(1)))]))
