/** Sampling sessions: which weights each samples from, and what can be asked of it. */
import { Effect } from "effect"
import * as Seed from "../../domain/Seed.ts"
import { tokensOf } from "../../domain/tinker/Datum.ts"
import * as Endpoint from "../../domain/tinker/Endpoint.ts"
import type { Sample, Sampled, SamplingParams } from "../../domain/tinker/Sampling.ts"
import { type Answer, mistaken, type OperationFailed } from "./Futures.ts"
import * as Jobs from "./Jobs.ts"
import type { Working } from "./Models.ts"
import * as Protobuf from "./Protobuf.ts"
import { answering } from "./Training.ts"

const sampled = answering(Endpoint.sample)

/** A sentence about the first thing asked for that is not done here. */
const unsupported = (request: Sample): string | undefined => {
  const { stop = [], top_k, top_p } = request.sampling_params
  if (top_k !== -1) return `top_k is ${top_k}: this server samples from the whole distribution`
  if (top_p !== 1) return `top_p is ${top_p}: this server samples from the whole distribution`
  if (typeof stop === "string" || stop.some((each) => typeof each === "string")) {
    return "stop has text: this server has no tokenizer; give the ids of tokens"
  }
  if (request.topk_prompt_logprobs !== 0) return "this server gives the log-probs of the prompt's own tokens only"
  return undefined
}

const stopIds = ({ stop = [] }: SamplingParams): ReadonlyArray<number> =>
  typeof stop === "string" ? [] : stop.filter((each) => typeof each === "number")

/** Log-probs of all tokens of a text but the first. */
const promptLogprobs = (
  engine: Working,
  tokens: Int32Array
): Effect.Effect<ReadonlyArray<number | null>, OperationFailed> =>
  tokens.length < 2
    ? Effect.succeed(Array.from(tokens, () => null))
    : engine.forward([{ tokens, weights: new Float32Array(tokens.length - 1).fill(1) }], "current").pipe(
      Effect.mapBoth({
        onFailure: Jobs.ofEngine,
        onSuccess: ([scored]) => [null, ...scored!.logprobs]
      })
    )

/**
 * Samples from an engine. Sample i of a request with seed s has the seed s + i, as on SkyRL's JAX backend; without one the
 * seed follows from `origin`, which differs from request to request.
 */
export const sample = Effect.fnUntraced(function*(engine: Working, request: Sample, origin: string) {
  const problem = unsupported(request)
  if (problem !== undefined) return yield* mistaken(problem)
  const { max_tokens, seed, temperature } = request.sampling_params
  const prompt = Int32Array.from(tokensOf(request.prompt))
  const first = seed ?? Seed.derive(origin)
  const [sequences, scored] = yield* Effect.all([
    Effect.forEach(
      Array.from({ length: request.num_samples }, (_, i) => (first + i) >>> 0),
      (seed) =>
        engine.sample({
          prompt,
          maxTokens: max_tokens ?? engine.info.contextLength,
          temperature,
          stop: stopIds(request.sampling_params),
          seed,
          family: origin
        }).pipe(Effect.mapError(Jobs.ofEngine)),
      { concurrency: "unbounded" }
    ),
    request.prompt_logprobs === true ? promptLogprobs(engine, prompt) : Effect.undefined
  ], { concurrency: "unbounded" })
  const response: Sampled = {
    sequences: sequences.map(({ logprobs, stop, tokens }) => ({
      stop_reason: stop,
      tokens: Array.from(tokens),
      logprobs: Array.from(logprobs)
    })),
    ...(scored !== undefined && { prompt_logprobs: scored })
  }
  const answer: Answer = {
    ...sampled(response),
    proto: () => Protobuf.encodeSampled(response),
    numbers: sequences.reduce((sum, { tokens }) => sum + 2 * tokens.length, scored?.length ?? 0)
  }
  return answer
})
