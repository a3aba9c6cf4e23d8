/**
 * The protocol-buffer form of passes and samples (spec: tinker, 1.4 and 5.6), as a server needs
 * it: requests are read, into what their JSON would be; results are written.
 */
import { Schema } from "effect"
import type { PassOutput } from "../../domain/tinker/Model.ts"
import type { Sampled } from "../../domain/tinker/Sampling.ts"
import {
  readFloat32,
  readInt32,
  readInt64,
  typeOf,
  writeFloat32,
  writeInt32,
  writeInt64
} from "../tinker/ProtobufMessages.ts"

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
  loss_fn_config: Schema.Record(Schema.String, Schema.Unknown),
  loss_fn_config_v2: Schema.Record(
    Schema.String,
    Schema.Struct({ number: Schema.optionalKey(Schema.Unknown), text: Schema.optionalKey(Schema.Unknown) })
  ),
  forward_only: Schema.Boolean
})

const decodeRequest = Schema.decodeUnknownSync(Request)

/** What there is no JSON for (sparse tensors, 16-bit floats) becomes something that no schema lets pass. */
const tensor = ({ dense, dtype, shape }: Tensor): unknown => {
  if (dense === undefined) return { dtype: "sparse" }
  const length = shape.length === 0 ? {} : { shape }
  switch (dtype) {
    case "FLOAT32":
      return { data: readFloat32(dense), dtype: "float32", ...length }
    case "INT64":
      return { data: readInt64(dense), dtype: "int64", ...length }
    case "INT32":
      return { data: readInt32(dense), dtype: "int64", ...length }
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
                tokens: readInt32(encoded_text.tokens)
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
  return { data: writeFloat32(tensors.flat()), offsets: writeInt64(offsets), dtype: 1 }
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
      tokens: writeInt32(tokens),
      ...(logprobs !== undefined && { logprobs: writeFloat32(logprobs) })
    })),
    ...(prompt_logprobs !== undefined &&
      { prompt_logprobs: writeFloat32(prompt_logprobs.map((value) => value ?? NaN)) })
  })
