/**
 * What training and sampling compute on, as Tinker's messages have it (spec: tinker, 2).
 *
 * For tokens x_0 ... x_T a datum's `model_input` is x_0 ... x_(T-1) and its `target_tokens` are x_1 ... x_T;
 * every other tensor has T numbers, too, and number t is about predicting target t.
 */
import { Schema } from "effect"
import { maybe } from "./Field.ts"

const Numbers = Schema.Array(Schema.Finite)

export const TokenChunk = Schema.Struct({
  type: Schema.Literal("encoded_text"),
  tokens: Schema.Array(Schema.Int)
})

/** Chunks of other kinds (images) are no part of this package. Some servers read the first chunk only. */
export const ModelInput = Schema.Struct({ chunks: Schema.Array(TokenChunk) })
export type ModelInput = typeof ModelInput.Type

/** Flat, row major. Numbers are finite: JSON has no others. */
export const Tensor = Schema.Struct({
  data: Numbers,
  dtype: Schema.Literals(["int64", "float32"]),
  shape: maybe(Schema.Array(Schema.Natural))
})
export type Tensor = typeof Tensor.Type

/** One sequence: `target_tokens`, and what the loss function needs beside it, by name. */
export const Datum = Schema.Struct({
  model_input: ModelInput,
  loss_fn_inputs: Schema.Record(Schema.String, Tensor)
})
export type Datum = typeof Datum.Type

/** The loss functions of the protocol, as this package uses them; servers know more, and some of them fewer. */
export type LossFunction = "cross_entropy" | "importance_sampling" | "ppo" | "cispo" | "dro"

export const modelInput = (tokens: ArrayLike<number>): ModelInput => ({
  chunks: [{ type: "encoded_text", tokens: Array.from(tokens) }]
})

/** The tokens of all chunks, in order. */
export const tokensOf = ({ chunks }: ModelInput): ReadonlyArray<number> => chunks.flatMap(({ tokens }) => tokens)

export const int64 = (data: ArrayLike<number>): Tensor => ({
  data: Array.from(data),
  dtype: "int64",
  shape: [data.length]
})

export const float32 = (data: ArrayLike<number>): Tensor => ({
  data: Array.from(data),
  dtype: "float32",
  shape: [data.length]
})
