/**
 * The messages of Tinker's that have a protocol-buffer form (spec: tinker, 1.4 and 5.6, package `tinker_public`), for
 * both sides, and the numbers that travel in them as bytes, little endian whatever the machine is.
 */
import protobuf from "protobufjs"

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
export const typeOf = (message: string) => root.lookupType(`tinker_public.${message}`)

type Write = (view: DataView, at: number, value: number) => void
type Read = (view: DataView, at: number) => number

const writer = (width: number, write: Write) => (numbers: ReadonlyArray<number>): Uint8Array => {
  const bytes = new Uint8Array(numbers.length * width)
  const view = new DataView(bytes.buffer)
  numbers.forEach((value, i) => write(view, i * width, value))
  return bytes
}

const reader = (width: number, read: Read) => (bytes: Uint8Array): Array<number> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return Array.from({ length: Math.floor(bytes.byteLength / width) }, (_, i) => read(view, i * width))
}

export const writeInt32 = writer(4, (view, at, value) => view.setInt32(at, value, true))
export const writeInt64 = writer(8, (view, at, value) => view.setBigInt64(at, BigInt(value), true))
export const writeFloat32 = writer(4, (view, at, value) => view.setFloat32(at, value, true))
export const readInt32 = reader(4, (view, at) => view.getInt32(at, true))
export const readInt64 = reader(8, (view, at) => Number(view.getBigInt64(at, true)))
export const readFloat32 = reader(4, (view, at) => view.getFloat32(at, true))

const one = new DataView(new ArrayBuffer(4))

/** Each the upper half of a 32-bit float. */
export const readBfloat16 = reader(2, (view, at) => {
  one.setUint16(0, view.getUint16(at, true))
  return one.getFloat32(0)
})
