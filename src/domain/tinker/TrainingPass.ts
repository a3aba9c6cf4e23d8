/**
 * A pass over data as an engine computes it: the sequences of a request, with what its loss
 * reads of them, and the answer it becomes. Engines know one loss, linear in the log-probs;
 * BuiltinLoss.ts says which one stands for a built-in loss at the log-probs of a forward pass.
 */
import { Result } from "effect"
import type { Datum as EngineDatum, Scored } from "../Engine.ts"
import * as BuiltinLoss from "./BuiltinLoss.ts"
import { type Datum, float32, tokensOf } from "./Datum.ts"
import type { Pass, PassOutput } from "./Model.ts"

export interface Sequence {
  /** Input and last target: T + 1 ids. */
  readonly tokens: Int32Array
  readonly inputs: BuiltinLoss.Inputs
}

export interface TrainingPass {
  readonly loss: BuiltinLoss.Loss
  readonly sequences: ReadonlyArray<Sequence>
}

/** The sequence of a datum, or a sentence that says why it is none. Its targets have to be its input, shifted by one. */
const sequence = (loss: BuiltinLoss.Loss, { loss_fn_inputs, model_input }: Datum): Result.Result<Sequence, string> =>
  Result.gen(function*() {
    const { target_tokens: targets, ...others } = loss_fn_inputs
    const input = tokensOf(model_input)
    if (targets === undefined) return yield* Result.fail("there are no target_tokens")
    const flat = [targets, ...Object.values(others)].every(({ shape = [0] }) => shape.length === 1)
    if (!flat) {
      return yield* Result.fail("a tensor has more than one dimension; one number for each target is what is read")
    }
    if (targets.data.length !== input.length || input.length === 0) {
      return yield* Result.fail(`${targets.data.length} target_tokens for ${input.length} tokens of input`)
    }
    const odd = targets.data.findIndex((token, t) => t + 1 < input.length && token !== input[t + 1])
    if (odd >= 0) {
      return yield* Result.fail(
        `target_tokens[${odd}] is ${targets.data[odd]} where the input goes on with ${
          input[odd + 1]
        }: targets have to be the input, shifted by one`
      )
    }
    const given = Object.fromEntries(Object.entries(others).map(([name, { data }]) => [name, Float32Array.from(data)]))
    const inputs = yield* BuiltinLoss.inputs(loss, given, targets.data.length)
    return { tokens: Int32Array.of(...input, targets.data.at(-1)!), inputs }
  })

/** What a request asks for, or a sentence that names the datum that cannot be computed on, and says why. */
export const decode = ({ data, loss_fn, loss_fn_config }: Pass): Result.Result<TrainingPass, string> =>
  Result.gen(function*() {
    const loss = yield* BuiltinLoss.make(loss_fn, loss_fn_config)
    if (data.length === 0) return yield* Result.fail("there are no data")
    const sequences: Array<Sequence> = []
    for (const [at, datum] of data.entries()) {
      sequences.push(yield* Result.mapError(sequence(loss, datum), (problem) => `datum ${at}: ${problem}`))
    }
    return { loss, sequences }
  })

/** Asks for the log-prob of every target. */
export const scoring = ({ sequences }: TrainingPass): ReadonlyArray<EngineDatum> =>
  sequences.map(({ tokens }) => ({ tokens, weights: new Float32Array(tokens.length - 1).fill(1) }))

/** The loss of each sequence at the log-probs that `scoring` gave. */
export const linearise = (
  { loss, sequences }: TrainingPass,
  scored: ReadonlyArray<Scored>
): ReadonlyArray<BuiltinLoss.Linear> =>
  sequences.map(({ inputs }, i) => BuiltinLoss.linearise(loss, inputs, scored[i]!.logprobs))

/** Has the gradient of the loss back-propagated. */
export const gradient = (
  { sequences }: TrainingPass,
  linear: ReadonlyArray<BuiltinLoss.Linear>
): ReadonlyArray<EngineDatum> => sequences.map(({ tokens }, i) => ({ tokens, weights: linear[i]!.weights }))

/** Log-probs of every target, and the sum of the losses under the hosted service's name for it. */
export const output = (scored: ReadonlyArray<Scored>, linear: ReadonlyArray<BuiltinLoss.Linear>): PassOutput => ({
  loss_fn_output_type: "ArrayRecord",
  loss_fn_outputs: scored.map(({ logprobs }) => ({ logprobs: float32(logprobs) })),
  metrics: { "loss:sum": linear.reduce((sum, { loss }) => sum + loss, 0) }
})
