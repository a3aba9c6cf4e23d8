/**
 * The protocol-buffer form of passes and samples (spec: tinker, 1.4 and 5.6), as a server needs
 * it: requests are read, into what their JSON would be; results are written.
 */
import { Schema } from "effect"
import protobuf from "protobufjs"
import type { PassOutput } from "../../domain/tinker/Model.ts"
import type { Sampled } from "../../domain/tinker/Sampling.ts"

const schema = `
syntax = "proto3";
package tinker_public;
enum DType { UNSPECIFIED = 0; FLOAT32 = 1; INT64 = 2; INT32 = 3; BFLOAT16 = 4; }
message SparseCsr { bytes values = 1; bytes crow_indices = 2; bytes col_indices = 3; }
message Tensor { oneof encoding { bytes dense = 1; SparseCsr sparse_csr = 2; } DType dtype = 3; repeated int64 shape = 4; }
message EncodedTextChunk { bytes tokens = 1; }
message Chunk { oneof chunk { EncodedTextChunk encoded_text = 1; bytes image = 2; bytes dmel = 3; } }
message Datum { repeated Chunk model_input = 1; map<string, Tensor> loss_fn_inputs = 2; }
message LossConfigValue { oneof value { double number = 1; string text = 2; } }
message ForwardBackwardRequest {
  string model_id = 1; int32 seq_id = 2; repeated Datum data = 3; string loss_fn = 4;
  map<string, double> loss_fn_config = 5; bool forward_only = 6; map<string, LossConfigValue> loss_fn_config_v2 = 7;
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

const int32s = (numbers: ReadonlyArray<number>) =>
  bytesOf(numbers, 4, (view, at, value) => view.setInt32(at, value, true))
const float32s = (numbers: ReadonlyArray<number>) =>
  bytesOf(numbers, 4, (view, at, value) => view.setFloat32(at, value, true))
const int64s = (numbers: ReadonlyArray<number>) =>
  bytesOf(numbers, 8, (view, at, value) => view.setBigInt64(at, BigInt(value), true))

const Tensor = Schema.Struct({
  dense: Schema.optionalKey(Schema.Uint8Array),
  dtype: Schema.String,
  shape: Schema.Array(Schema.Natural)
})
type Tensor = typeof Tensor.Type

const Request = Schema.Struct({
  model_id: Schema.String,
  seq_id: Schema.Int,
  data: Schema.Array(Schema.Struct({
    model_input: Schema.Array(Schema.Struct({
      chunk: Schema.optionalKey(Schema.String),
      encoded_text: Schema.optionalKey(Schema.Struct({ tokens: Schema.Uint8Array }))
    })),
    loss_fn_inputs: Schema.Record(Schema.String, Tensor)
  })),
  loss_fn: Schema.String,
  loss_fn_config: Schema.Record(Schema.String, Schema.Number),
  loss_fn_config_v2: Schema.Record(
    Schema.String,
    Schema.Struct({ number: Schema.optionalKey(Schema.Number), text: Schema.optionalKey(Schema.String) })
  ),
  forward_only: Schema.Boolean
})

const decodeRequest = Schema.decodeUnknownSync(Request)

/** What is not there in JSON either (sparse tensors, 16-bit floats) becomes something that no schema lets pass. */
const tensor = ({ dense, dtype, shape }: Tensor): unknown => {
  if (dense === undefined) return { dtype: "sparse" }
  const length = shape.length === 0 ? {} : { shape }
  switch (dtype) {
    case "FLOAT32":
      return { data: numbersOf(dense, 4, (view, at) => view.getFloat32(at, true)), dtype: "float32", ...length }
    case "INT64":
      return { data: numbersOf(dense, 8, (view, at) => Number(view.getBigInt64(at, true))), dtype: "int64", ...length }
    case "INT32":
      return { data: numbersOf(dense, 4, (view, at) => view.getInt32(at, true)), dtype: "int64", ...length }
    default:
      return { dtype }
  }
}

/** What the JSON of a request would be, and whether it is for a pass forward only. Throws for bytes that are no request. */
export const decodePass = (bytes: Uint8Array): { readonly json: unknown; readonly forwardOnly: boolean } => {
  const type = typeOf("ForwardBackwardRequest")
  const options = { enums: String, longs: Number, arrays: true, objects: true, oneofs: true }
  const plain = {
    model_id: "",
    seq_id: 0,
    loss_fn: "",
    forward_only: false,
    ...type.toObject(type.decode(bytes), options)
  }
  const { data, forward_only, loss_fn, loss_fn_config, loss_fn_config_v2, model_id, seq_id } = decodeRequest(plain)
  const settings = Object.entries(loss_fn_config_v2).map(([name, { number, text }]) => [name, number ?? text ?? 0])
  return {
    forwardOnly: forward_only,
    json: {
      model_id,
      seq_id,
      forward_backward_input: {
        data: data.map(({ loss_fn_inputs, model_input }) => ({
          model_input: {
            chunks: model_input.map(({ chunk, encoded_text }) => ({
              type: chunk,
              ...(encoded_text !== undefined && {
                tokens: numbersOf(encoded_text.tokens, 4, (view, at) => view.getInt32(at, true))
              })
            }))
          },
          loss_fn_inputs: Object.fromEntries(
            Object.entries(loss_fn_inputs).map(([name, values]) => [name, tensor(values)])
          )
        })),
        loss_fn,
        loss_fn_config: { ...loss_fn_config, ...Object.fromEntries(settings) }
      }
    }
  }
}

const write = (message: string, value: object): Uint8Array => {
  const type = typeOf(message)
  return type.encode(type.create(value)).finish()
}

/** The tensors of one name, end to end. */
const batched = (tensors: ReadonlyArray<ReadonlyArray<number>>) => {
  let end = 0
  const offsets = [0, ...tensors.map((numbers) => end += numbers.length * 4)]
  return { data: float32s(tensors.flat()), offsets: int64s(offsets), dtype: 1 }
}

/** Log-probs, which is what every pass has an answer of. */
export const encodePassOutput = ({ loss_fn_output_type, loss_fn_outputs, metrics }: PassOutput): Uint8Array =>
  write("ForwardBackwardOutput", {
    loss_fn_output_type,
    loss_fn_outputs: [{
      type_tag: loss_fn_output_type,
      fields: { logprobs: batched(loss_fn_outputs.map(({ logprobs }) => logprobs?.data ?? [])) },
      num_datums: loss_fn_outputs.length
    }],
    metrics: { ...metrics }
  })

export const encodeSampled = ({ prompt_logprobs, sequences }: Sampled): Uint8Array =>
  write("SampleResponse", {
    sequences: sequences.map(({ logprobs, stop_reason, tokens }) => ({
      stop_reason: stop_reason === "stop" ? 0 : 1,
      tokens: int32s(tokens),
      ...(logprobs !== undefined && { logprobs: float32s(logprobs) })
    })),
    ...(prompt_logprobs !== undefined && { prompt_logprobs: float32s(prompt_logprobs.map((value) => value ?? NaN)) })
  })
