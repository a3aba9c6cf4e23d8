/**
 * The linear loss, `-sum_t weights[t] * logprob[t]`, in the words of Tinker's losses (spec: tinker, 3.1, 3.2), and the
 * data of `ppo`, which is like it wherever its ratio is not clipped.
 *
 * Cross-entropy is that loss, where weights may be any number and nothing is averaged. Importance sampling has the same
 * gradient when it is put at the model's own log-probs, where every ratio is 1; a server that averages divides datum i
 * by its length and all of them by their number since the last step, which its advantages are multiplied by.
 */
import type { Datum, PpoDatum } from "../../domain/Engine.ts"
import type { Scored } from "../../domain/Engine.ts"
import { type Datum as WireDatum, float32, int64, modelInput, type Tensor } from "../../domain/tinker/Datum.ts"
import type { PassOutput } from "../../domain/tinker/Model.ts"
import type { ServerProfile } from "../../domain/tinker/ServerProfile.ts"

const shifted = (tokens: Int32Array, inputs: Readonly<Record<string, Tensor>>): WireDatum => ({
  model_input: modelInput(tokens.subarray(0, -1)),
  loss_fn_inputs: { target_tokens: int64(tokens.subarray(1)), ...inputs }
})

/** For cross-entropy, also where only its log-probs are of interest. */
export const weighted = ({ tokens, weights }: Datum): WireDatum => shifted(tokens, { weights: float32(weights) })

/** For importance sampling that adds nothing to the gradient, on servers without a forward pass. */
export const inert = ({ tokens, weights }: Datum): WireDatum => {
  const zeros = float32(new Float32Array(weights.length))
  return shifted(tokens, { logprobs: zeros, advantages: zeros })
}

/** A datum, and the model's own log-probs of its tokens. */
export interface Anchored {
  readonly datum: Datum
  readonly logprobs: Tensor
}

/** Where servers average, what a datum of so many targets is divided by. */
const divisorOf = (targets: number, reduction: ServerProfile["reduction"], data: number): number =>
  reduction === "sum" ? 1 : targets * data

/** For importance sampling; `data` counts all that the server has been given since the last step, these included. */
export const surrogate = (
  { datum: { tokens, weights }, logprobs }: Anchored,
  reduction: ServerProfile["reduction"],
  data: number
): WireDatum => {
  const divisor = divisorOf(weights.length, reduction, data)
  return shifted(tokens, { logprobs, advantages: float32(weights.map((weight) => weight * divisor)) })
}

/** For ppo; `data` as for importance sampling. */
export const clipped = (
  { advantages, oldLogprobs, tokens }: PpoDatum,
  reduction: ServerProfile["reduction"],
  data: number
): WireDatum => {
  const divisor = divisorOf(advantages.length, reduction, data)
  return shifted(tokens, {
    logprobs: float32(oldLogprobs),
    advantages: float32(advantages.map((advantage) => advantage * divisor))
  })
}

/** What is wrong with a pass's outputs for these data, if anything is. */
export const outputProblem = (data: ReadonlyArray<Datum>, { loss_fn_outputs }: PassOutput): string | undefined => {
  const wrong = data.findIndex(({ weights }, i) => loss_fn_outputs[i]?.["logprobs"]?.data.length !== weights.length)
  if (wrong === -1) return undefined
  const length = loss_fn_outputs[wrong]?.["logprobs"]?.data.length ?? 0
  return `${length} log-probs of ${data[wrong]?.weights.length ?? 0} targets`
}

/** Tensors of log-probs, one a datum. */
export const logprobsOf = ({ loss_fn_outputs }: PassOutput): ReadonlyArray<Tensor> =>
  loss_fn_outputs.flatMap(({ logprobs }) => logprobs === undefined ? [] : [logprobs])

/** Only of tokens whose weight is not 0. */
export const scored = ({ weights }: Datum, logprobs: ArrayLike<number>): Scored => {
  const kept = weights.map((weight, t) => weight === 0 ? 0 : logprobs[t]!)
  return { logprobs: kept, entropies: kept.map((logprob) => logprob === 0 ? 0 : -logprob) }
}
