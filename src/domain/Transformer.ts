/**
 * The embedded engine's model as data: a decoder in the style of Llama (RMSNorm, rotary
 * positions with halves paired, grouped-query attention, SwiGLU, tied embeddings), its
 * parameters in one flat array of 32-bit floats, their names and their initial values.
 *
 * Matrices are `[out, in]`, as Hugging Face stores them, and those that read the same input
 * lie one after the other, so that query, key and value (gate and up) are one product.
 */
import { Schema } from "effect"
import * as Seed from "./Seed.ts"

/** RMSNorm's epsilon. */
export const normEpsilon = 1e-5

/** The base of the rotary frequencies. */
export const rotaryTheta = 10_000

const size = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1 << 20 }))
const width = size.check(Schema.isMultipleOf(8))

/** Sizes of a model. Widths are multiples of 8; `heads` is a multiple of `kvHeads`. */
export class ModelConfig extends Schema.Class<ModelConfig>("envtune/ModelConfig")(
  Schema.Struct({
    vocabularySize: size,
    dModel: width,
    layers: size,
    heads: size,
    kvHeads: size,
    headDim: width,
    dFeedForward: width,
    /** The longest sequence, in tokens. */
    contextLength: size
  }).check(
    Schema.makeFilter(({ heads, kvHeads }) =>
      heads % kvHeads === 0 || `${heads} heads cannot share ${kvHeads} key-value heads evenly`
    )
  )
) {}

/** A parameter tensor: `offset` in floats from the beginning of the parameters. */
export interface Tensor {
  readonly name: string
  readonly shape: ReadonlyArray<number>
  readonly offset: number
}

/** Offsets of one layer's parameters, in floats. */
export interface LayerLayout {
  /** `[dModel]` */
  readonly attentionNorm: number
  /** `[(heads + 2 * kvHeads) * headDim, dModel]`: queries, keys, values. */
  readonly qkv: number
  /** `[dModel, heads * headDim]` */
  readonly output: number
  /** `[dModel]` */
  readonly feedForwardNorm: number
  /** `[2 * dFeedForward, dModel]`: gate, up. */
  readonly gateUp: number
  /** `[dModel, dFeedForward]` */
  readonly down: number
}

/** Where every parameter is, in floats, in an array of `size`. */
export interface Layout {
  /** `[paddedVocabulary, dModel]`; rows from `vocabularySize` on are zero. */
  readonly embedding: number
  readonly layers: ReadonlyArray<LayerLayout>
  /** `[dModel]` */
  readonly norm: number
  readonly size: number
  /** Under the names of Hugging Face's Llama; without padding. */
  readonly tensors: ReadonlyArray<Tensor>
}

/** The vocabulary's size, rounded up to the next multiple of 8. */
export const paddedVocabulary = (config: ModelConfig): number => Math.ceil(config.vocabularySize / 8) * 8

const product = (shape: ReadonlyArray<number>): number => shape.reduce((all, n) => all * n, 1)

export const layout = (config: ModelConfig): Layout => {
  const { dFeedForward, dModel, headDim, heads, kvHeads, vocabularySize } = config
  const tensors: Array<Tensor> = []
  let end = 0
  const place = (name: string, shape: ReadonlyArray<number>, floats = product(shape)): number => {
    const offset = end
    tensors.push({ name: `model.${name}.weight`, shape, offset })
    end += floats
    return offset
  }
  const embedding = place("embed_tokens", [vocabularySize, dModel], paddedVocabulary(config) * dModel)
  const layers = Array.from({ length: config.layers }, (_, n): LayerLayout => {
    const attentionNorm = place(`layers.${n}.input_layernorm`, [dModel])
    const qkv = place(`layers.${n}.self_attn.q_proj`, [heads * headDim, dModel])
    place(`layers.${n}.self_attn.k_proj`, [kvHeads * headDim, dModel])
    place(`layers.${n}.self_attn.v_proj`, [kvHeads * headDim, dModel])
    const output = place(`layers.${n}.self_attn.o_proj`, [dModel, heads * headDim])
    const feedForwardNorm = place(`layers.${n}.post_attention_layernorm`, [dModel])
    const gateUp = place(`layers.${n}.mlp.gate_proj`, [dFeedForward, dModel])
    place(`layers.${n}.mlp.up_proj`, [dFeedForward, dModel])
    const down = place(`layers.${n}.mlp.down_proj`, [dModel, dFeedForward])
    return { attentionNorm, qkv, output, feedForwardNorm, gateUp, down }
  })
  const norm = place("norm", [dModel])
  return { embedding, layers, norm, size: end, tensors }
}

/** The number of parameters. */
export const countParameters = (config: ModelConfig): number =>
  layout(config).tensors.reduce((all, { shape }) => all + product(shape), 0)

/**
 * Initial parameters: gains 1; embeddings of standard deviation 0.05; matrices of standard
 * deviation `in^-1/2`, those that write to the residual stream divided by `sqrt(2 * layers)`.
 * Entries are uniform, so that no function of the host's is involved whose last bit may vary.
 */
export const initialise = (config: ModelConfig, seed: number): Float32Array => {
  const { size, tensors } = layout(config)
  const parameters = new Float32Array(size)
  for (const tensor of tensors) {
    const end = tensor.offset + product(tensor.shape)
    if (tensor.shape.length === 1) parameters.fill(1, tensor.offset, end)
    else {
      const bound = Math.sqrt(3) * deviation(config, tensor)
      const own = Seed.derive(seed, tensor.name)
      for (let at = tensor.offset; at < end; at++) {
        parameters[at] = (2 * Seed.uniform(own, at - tensor.offset) - 1) * bound
      }
    }
  }
  return parameters
}

const deviation = (config: ModelConfig, { name, shape }: Tensor): number => {
  if (name.includes("embed_tokens")) return 0.05
  const writesToStream = name.includes("o_proj") || name.includes("down_proj")
  return 1 / Math.sqrt((shape[1] ?? 1) * (writesToStream ? 2 * config.layers : 1))
}
