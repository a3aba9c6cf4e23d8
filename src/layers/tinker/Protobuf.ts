/**
 * The protocol-buffer form of passes and samples (spec: tinker, 1.4, package `tinker_public`).
 *
 * Only what a client needs: requests are written, results are read. A result is read into what its JSON would be, and
 * the endpoint's schema looks at it like at JSON.
 */
import { Schema } from "effect"
import protobuf from "protobufjs"
import type { Tensor } from "../../domain/tinker/Datum.ts"
import { tokensOf } from "../../domain/tinker/Datum.ts"
import type { BinaryPass, Eventual } from "../../domain/tinker/Endpoint.ts"

const schema = `
syntax = "proto3";
package tinker_public;
enum DType { UNSPECIFIED = 0; FLOAT32 = 1; INT64 = 2; INT32 = 3; BFLOAT16 = 4; }
message SparseCsr { bytes values = 1; bytes crow_indices = 2; bytes col_indices = 3; }
message Tensor { oneof encoding { bytes dense = 1; SparseCsr sparse_csr = 2; } DType dtype = 3; repeated int64 shape = 4; }
message EncodedTextChunk { bytes tokens = 1; }
message Chunk { oneof chunk { EncodedTextChunk encoded_text = 1; } }
message Datum { repeated Chunk model_input = 1; map<string, Tensor> loss_fn_inputs = 2; }
message ForwardBackwardRequest {
  string model_id = 1; int32 seq_id = 2; repeated Datum data = 3; string loss_fn = 4;
  map<string, double> loss_fn_config = 5; bool forward_only = 6;
}
message BatchedTensor { bytes data = 1; bytes offsets = 2; DType dtype = 3; repeated int64 trailing_shape = 4; }
message ArrayRecord { string type_tag = 1; map<string, BatchedTensor> fields = 2; int64 num_datums = 3; }
message ForwardBackwardOutput {
  string loss_fn_output_type = 1; repeated ArrayRecord loss_fn_outputs = 2; map<string, double> metrics = 3;
}
enum StopReason { STOP = 0; LENGTH = 1; }
message SampledSequence { StopReason stop_reason = 1; bytes tokens = 2; optional bytes logprobs = 3; }
message SampleResponse { repeated SampledSequence sequences = 1; optional bytes prompt_logprobs = 2; }
`

const { root } = protobuf.parse(schema, { keepCase: true })
const typeOf = (message: string) => root.lookupType(`tinker_public.${message}`)

const dtypes = { float32: 1, int64: 2 } as const

/** Little endian, whatever the machine is. */
const bytesOf = (
  numbers: ReadonlyArray<number>,
  width: number,
  set: (view: DataView, at: number, value: number) => void
): Uint8Array => {
  const bytes = new Uint8Array(numbers.length * width)
  const view = new DataView(bytes.buffer)
  numbers.forEach((value, i) => set(view, i * width, value))
  return bytes
}

const numbersOf = (bytes: Uint8Array, width: number, get: (view: DataView, at: number) => number): Array<number> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: Math.floor(bytes.byteLength / width) }, (_, i) => get(view, i * width))
}

const setInt32 = (view: DataView, at: number, value: number) => view.setInt32(at, value, true)
const setInt64 = (view: DataView, at: number, value: number) => view.setBigInt64(at, BigInt(value), true)
const setFloat32 = (view: DataView, at: number, value: number) => view.setFloat32(at, value, true)
const getInt32 = (view: DataView, at: number) => view.getInt32(at, true)
const getInt64 = (view: DataView, at: number) => Number(view.getBigInt64(at, true))
const getFloat32 = (view: DataView, at: number) => view.getFloat32(at, true)
const getBfloat16 = (() => {
  const one = new DataView(new ArrayBuffer(4))
  return (view: DataView, at: number) => {
    one.setUint16(0, view.getUint16(at, true))
    return one.getFloat32(0)
  }
})()

const tensor = ({ data, dtype, shape }: Tensor) => ({
  dense: dtype === "int64" ? bytesOf(data, 8, setInt64) : bytesOf(data, 4, setFloat32),
  dtype: dtypes[dtype],
  shape: shape ?? [data.length]
})

const requestType = typeOf("ForwardBackwardRequest")

/** The body of `forward_backward`, which in this form is that of `forward`, too. */
export const encodePass = ({ forwardOnly, modelId, pass, sequenceId }: BinaryPass): Uint8Array =>
  requestType.encode(requestType.create({
    model_id: modelId,
    seq_id: sequenceId,
    data: pass.data.map(({ loss_fn_inputs, model_input }) => ({
      model_input: [{ encoded_text: { tokens: bytesOf(tokensOf(model_input), 4, setInt32) } }],
      loss_fn_inputs: Object.fromEntries(Object.entries(loss_fn_inputs).map(([name, values]) => [name, tensor(values)]))
    })),
    loss_fn: pass.loss_fn,
    loss_fn_config: { ...pass.loss_fn_config },
    forward_only: forwardOnly
  })).finish()

const BatchedTensor = Schema.Struct({ data: Schema.Uint8Array, offsets: Schema.Uint8Array, dtype: Schema.String })
type BatchedTensor = typeof BatchedTensor.Type

const ForwardBackwardOutput = Schema.Struct({
  loss_fn_output_type: Schema.String,
  loss_fn_outputs: Schema.Array(
    Schema.Struct({ fields: Schema.Record(Schema.String, BatchedTensor), num_datums: Schema.Natural })
  ),
  metrics: Schema.Record(Schema.String, Schema.Number)
})

const SampleResponse = Schema.Struct({
  sequences: Schema.Array(
    Schema.Struct({
      stop_reason: Schema.Literals(["STOP", "LENGTH"]),
      tokens: Schema.Uint8Array,
      logprobs: Schema.optionalKey(Schema.Uint8Array)
    })
  ),
  prompt_logprobs: Schema.optionalKey(Schema.Uint8Array)
})

const values = (bytes: Uint8Array, dtype: string): Array<number> => {
  if (dtype === "INT64") return numbersOf(bytes, 8, getInt64)
  if (dtype === "INT32") return numbersOf(bytes, 4, getInt32)
  if (dtype === "BFLOAT16") return numbersOf(bytes, 2, getBfloat16)
  return numbersOf(bytes, 4, getFloat32)
}

/** The tensor of one datum: the bytes between two offsets. */
const sliced = ({ data, dtype, offsets }: BatchedTensor, datum: number) => {
  const bounds = numbersOf(offsets, 8, getInt64)
  const numbers = values(data.subarray(bounds[datum], bounds[datum + 1]), dtype)
  return { data: numbers, dtype: dtype.startsWith("INT") ? "int64" : "float32", shape: [numbers.length] }
}

const passOutput = ({ loss_fn_output_type, loss_fn_outputs, metrics }: typeof ForwardBackwardOutput.Type): unknown => ({
  loss_fn_output_type,
  loss_fn_outputs: loss_fn_outputs.flatMap(({ fields, num_datums }) =>
    Array.from(
      { length: num_datums },
      (_, datum) => Object.fromEntries(Object.entries(fields).map(([name, batched]) => [name, sliced(batched, datum)]))
    )
  ),
  metrics
})

const sampled = ({ prompt_logprobs, sequences }: typeof SampleResponse.Type): unknown => ({
  sequences: sequences.map(({ logprobs, stop_reason, tokens }) => ({
    stop_reason: stop_reason.toLowerCase(),
    tokens: numbersOf(tokens, 4, getInt32),
    ...(logprobs !== undefined && { logprobs: numbersOf(logprobs, 4, getFloat32) })
  })),
  ...(prompt_logprobs !== undefined && {
    prompt_logprobs: numbersOf(prompt_logprobs, 4, getFloat32).map((value) => Number.isNaN(value) ? null : value)
  })
})

const decodePass = Schema.decodeUnknownSync(ForwardBackwardOutput)
const decodeSample = Schema.decodeUnknownSync(SampleResponse)

/** What a result's JSON would be. Throws for bytes that are no such message. */
export const decodeResult = (message: NonNullable<Eventual<unknown>["binaryResult"]>, bytes: Uint8Array): unknown => {
  const type = typeOf(message)
  const plain = type.toObject(type.decode(bytes), {
    enums: String,
    longs: Number,
    arrays: true,
    objects: true,
    defaults: true
  })
  return message === "SampleResponse" ? sampled(decodeSample(plain)) : passOutput(decodePass(plain))
}
