/**
 * The protocol-buffer form of passes and samples (spec: tinker, 1.4, package `tinker_public`).
 *
 * Only what a client needs: requests are written, results are read. A result is read into what its JSON would be, and
 * the endpoint's schema looks at it like at JSON.
 */
import { Schema } from "effect"
import type { Tensor } from "../../domain/tinker/Datum.ts"
import { tokensOf } from "../../domain/tinker/Datum.ts"
import type { BinaryPass, Eventual } from "../../domain/tinker/Endpoint.ts"
import {
  readBfloat16,
  readFloat32,
  readInt32,
  readInt64,
  typeOf,
  writeFloat32,
  writeInt32,
  writeInt64
} from "./ProtobufMessages.ts"

const dtypes = { float32: 1, int64: 2 } as const

const tensor = ({ data, dtype, shape }: Tensor) => ({
  dense: dtype === "int64" ? writeInt64(data) : writeFloat32(data),
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
      model_input: [{ encoded_text: { tokens: writeInt32(tokensOf(model_input)) } }],
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
  if (dtype === "INT64") return readInt64(bytes)
  if (dtype === "INT32") return readInt32(bytes)
  if (dtype === "BFLOAT16") return readBfloat16(bytes)
  return readFloat32(bytes)
}

/** The tensor of one datum: the bytes between two offsets. */
const sliced = ({ data, dtype, offsets }: BatchedTensor, datum: number) => {
  const bounds = readInt64(offsets)
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
    tokens: readInt32(tokens),
    ...(logprobs !== undefined && { logprobs: readFloat32(logprobs) })
  })),
  ...(prompt_logprobs !== undefined && {
    prompt_logprobs: readFloat32(prompt_logprobs).map((value) => Number.isNaN(value) ? null : value)
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
