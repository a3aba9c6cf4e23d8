/**
 * The safetensors file format, for 32-bit floats: eight bytes with the length of a JSON
 * header, the header (name to dtype, shape and byte range, and free `__metadata__`), the
 * numbers, little-endian.
 */
import { Result, Schema } from "effect"

export interface NamedTensor {
  readonly name: string
  readonly shape: ReadonlyArray<number>
  readonly data: Float32Array
}

export interface Contents {
  readonly metadata: Readonly<Record<string, string>>
  readonly tensors: ReadonlyMap<string, NamedTensor>
}

const Entry = Schema.Struct({
  dtype: Schema.String,
  shape: Schema.Array(Schema.Natural),
  data_offsets: Schema.Tuple([Schema.Natural, Schema.Natural])
})
const Header = Schema.fromJsonString(Schema.StructWithRest(
  Schema.Struct({ __metadata__: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)) }),
  [Schema.Record(Schema.String, Schema.Unknown)]
))

const decodeHeader = Schema.decodeUnknownResult(Header)
const decodeEntry = Schema.decodeUnknownResult(Entry)

const count = (shape: ReadonlyArray<number>): number => shape.reduce((all, n) => all * n, 1)

export const encode = (
  tensors: ReadonlyArray<NamedTensor>,
  metadata: Readonly<Record<string, string>>
): Uint8Array => {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let length = 0
  for (const { data, name, shape } of tensors) {
    header[name] = { dtype: "F32", shape, data_offsets: [length, length + data.byteLength] }
    length += data.byteLength
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  // The format asks for numbers that begin at a multiple of 8 bytes; the header is filled up with spaces.
  const begin = 8 + Math.ceil(json.length / 8) * 8
  const bytes = new Uint8Array(begin + length).fill(0x20, 8, begin)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(begin - 8), true)
  bytes.set(json, 8)
  let at = begin
  for (const { data } of tensors) {
    for (const value of data) {
      view.setFloat32(at, value, true)
      at += 4
    }
  }
  return bytes
}

/** The contents of a file, or a sentence that says what is wrong with it. */
export const decode = (bytes: Uint8Array): Result.Result<Contents, string> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 8) return Result.fail(`not safetensors: only ${bytes.length} bytes`)
  const declared = view.getBigUint64(0, true)
  if (declared > BigInt(bytes.length - 8)) {
    return Result.fail(`not safetensors: a header of ${declared} bytes in a file of ${bytes.length}`)
  }
  const begin = 8 + Number(declared)
  const header = decodeHeader(new TextDecoder().decode(bytes.subarray(8, begin)))
  if (Result.isFailure(header)) return Result.fail("not safetensors: the header is not a JSON object")
  const { __metadata__: metadata = {}, ...entries } = header.success
  const tensors = new Map<string, NamedTensor>()
  for (const [name, value] of Object.entries(entries)) {
    const tensor = decodeTensor(name, value, view, begin)
    if (Result.isFailure(tensor)) return Result.fail(tensor.failure)
    tensors.set(name, tensor.success)
  }
  return Result.succeed({ metadata, tensors })
}

const decodeTensor = (
  name: string,
  value: unknown,
  view: DataView,
  begin: number
): Result.Result<NamedTensor, string> => {
  const entry = decodeEntry(value)
  if (Result.isFailure(entry)) return Result.fail(`the header's entry for ${name} is malformed`)
  const { data_offsets: [from, to], dtype, shape } = entry.success
  if (dtype !== "F32") return Result.fail(`${name} is ${dtype}; only F32 is read`)
  if (to - from !== count(shape) * 4) {
    return Result.fail(`${name} of shape [${shape.join(", ")}] needs ${count(shape) * 4} bytes and has ${to - from}`)
  }
  if (begin + to > view.byteLength) {
    return Result.fail(`${name} ends at byte ${begin + to} of a file of ${view.byteLength}: the file is cut off`)
  }
  const data = new Float32Array(count(shape))
  for (let at = 0; at < data.length; at++) data[at] = view.getFloat32(begin + from + at * 4, true)
  return Result.succeed({ name, shape, data })
}
