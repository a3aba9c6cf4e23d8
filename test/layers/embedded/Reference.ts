/**
 * The embedded engine's model written a second time, from its equations, on jax-js, whose
 * gradients come from automatic differentiation.
 *
 * jax-js counts references: a function consumes the arrays it is given, `.ref` keeps one.
 */
import { nn, numpy as np, valueAndGrad } from "@jax-js/jax"
import type { Datum } from "../../../src/domain/Engine.ts"
import type { ModelConfig, Tensor } from "../../../src/domain/Transformer.ts"

type Parameters = Record<string, np.Array>

const matrix = (rows: number, columns: number, value: (row: number, column: number) => number): np.Array => {
  const numbers = Float32Array.from(
    { length: rows * columns },
    (_, at) => value(Math.floor(at / columns), at % columns)
  )
  return np.array(numbers).reshape([rows, columns])
}

const normalise = (x: np.Array, gain: np.Array): np.Array => {
  const meanSquare = np.mean(np.square(x.ref), -1, { keepdims: true })
  return x.mul(np.reciprocal(np.sqrt(meanSquare.add(1e-5)))).mul(gain)
}

/** x W^T */
const project = (x: np.Array, weight: np.Array): np.Array => np.einsum("ti,oi->to", x, weight)

/** `[T, heads, headDim]`, each head turned by its position: x cos + (x swapped and negated) sin. */
const rotate = (x: np.Array, length: number, headDim: number): np.Array => {
  const half = headDim / 2
  const angle = (t: number, d: number): number => t * 10_000 ** (-(d % half) / half)
  const cosines = matrix(length, headDim, (t, d) => Math.cos(angle(t, d)))
  const sines = matrix(length, headDim, (t, d) => Math.sin(angle(t, d)))
  const swap = matrix(headDim, headDim, (from, to) => from === to + half ? -1 : from + half === to ? 1 : 0)
  const swapped = np.einsum("thd,de->the", x.ref, swap)
  return np.einsum("thd,td->thd", x, cosines).add(np.einsum("thd,td->thd", swapped, sines))
}

const attend = (n: np.Array, p: (name: string) => np.Array, config: ModelConfig, length: number): np.Array => {
  const { headDim, heads, kvHeads } = config
  const split = (x: np.Array, count: number): np.Array => x.reshape([length, count, headDim])
  const share = (x: np.Array): np.Array => np.repeat(x, heads / kvHeads, 1)
  const q = rotate(split(project(n.ref, p("self_attn.q_proj")), heads), length, headDim)
  const k = share(rotate(split(project(n.ref, p("self_attn.k_proj")), kvHeads), length, headDim))
  const v = share(split(project(n, p("self_attn.v_proj")), kvHeads))
  const mask = matrix(length, length, (query, key) => key <= query ? 0 : -1e9)
  const scores = np.einsum("qhd,khd->hqk", q, k).mul(1 / Math.sqrt(headDim)).add(mask)
  const mixed = np.einsum("hqk,khd->qhd", nn.softmax(scores, -1), v)
  return project(mixed.reshape([length, heads * headDim]), p("self_attn.o_proj"))
}

const feedForward = (n: np.Array, p: (name: string) => np.Array): np.Array =>
  project(nn.silu(project(n.ref, p("mlp.gate_proj"))).mul(project(n, p("mlp.up_proj"))), p("mlp.down_proj"))

/** The linear loss of one datum with entropy weights. Consumes no parameter: each use takes a reference. */
const loss = (config: ModelConfig, parameters: Parameters, datum: Datum): np.Array => {
  const length = datum.tokens.length - 1
  const { vocabularySize } = config
  const parameter = (name: string): np.Array => parameters[`model.${name}.weight`]!.ref
  const oneHot = (offset: number): np.Array =>
    matrix(length, vocabularySize, (t, token) => datum.tokens[t + offset] === token ? 1 : 0)
  let x = np.einsum("tv,vd->td", oneHot(0), parameter("embed_tokens"))
  for (let layer = 0; layer < config.layers; layer++) {
    const p = (name: string): np.Array => parameter(`layers.${layer}.${name}`)
    x = x.ref.add(attend(normalise(x, p("input_layernorm")), p, config, length))
    x = x.ref.add(feedForward(normalise(x, p("post_attention_layernorm")), p))
  }
  const logits = project(normalise(x, parameter("norm")), parameter("embed_tokens"))
  const logprobs = nn.logSoftmax(logits, -1)
  const weights = matrix(length, 1, (t) => datum.weights[t]!)
  const entropyWeights = matrix(length, 1, (t) => datum.entropyWeights?.[t] ?? 0)
  const chosen = np.sum(logprobs.ref.mul(oneHot(1)).mul(weights))
  const negentropy = np.sum(np.exp(logprobs.ref).mul(logprobs).mul(entropyWeights))
  return negentropy.sub(chosen)
}

/** The loss of one datum and its gradient by tensor. */
export const lossAndGradient = (
  config: ModelConfig,
  tensors: ReadonlyArray<Tensor>,
  values: Float32Array,
  datum: Datum
): { readonly loss: number; readonly gradient: ReadonlyMap<string, Float32Array> } => {
  const parameters: Parameters = {}
  for (const { name, offset, shape } of tensors) {
    const size = shape.reduce((all, n) => all * n, 1)
    parameters[name] = np.array(values.slice(offset, offset + size)).reshape([...shape])
  }
  const [value, gradients] = valueAndGrad((p: Parameters) => loss(config, p, datum))(parameters)
  const gradient = new Map<string, Float32Array>()
  for (const { name } of tensors) gradient.set(name, Float32Array.from(gradients[name]!.dataSync()))
  return { loss: value.item(), gradient }
}
