/** Weights to sample from, on a Tinker server (spec: tinker, 1.5 and 2.2). */
import { Effect } from "effect"
import { modelInput } from "../../domain/tinker/Datum.ts"
import * as Endpoint from "../../domain/tinker/Endpoint.ts"
import type { Sampled, SamplingParams } from "../../domain/tinker/Sampling.ts"
import { AnswerMalformed, TinkerClient, TinkerError, Unsupported } from "../../domain/tinker/TinkerClient.ts"
import type { Session } from "./Session.ts"

export interface Sampler {
  readonly id: string
  /** One completion. */
  readonly sample: (
    prompt: Int32Array,
    params: SamplingParams
  ) => Effect.Effect<Sampled["sequences"][number], TinkerError>
  /** The log-prob of each token but the first. */
  readonly logprobs: (tokens: Int32Array) => Effect.Effect<Float32Array, TinkerError>
}

/** JSON spells a token with a few digits and a comma. */
const bytesOf = (prompt: Int32Array): number => 6 * prompt.length

const malformed = (detail: string): Effect.Effect<never, TinkerError> =>
  Effect.fail(new TinkerError({ method: Endpoint.sample.path, reason: new AnswerMalformed({ detail }) }))

/** The refusal of a sampler that a server without isolation has let the training overwrite. */
export const stale = (profile: string, trained: number, steps: number): TinkerError =>
  new TinkerError({
    method: Endpoint.sample.path,
    reason: new Unsupported({
      profile,
      detail: `does not keep the weights of step ${trained} for sampling while training goes on (now step ${steps})`
    })
  })

/** A sampling session that exists; `current` fails when its weights are no longer what they were. */
export const of = Effect.fnUntraced(function*(
  session: Session,
  id: string,
  current: Effect.Effect<void, TinkerError> = Effect.void
) {
  const client = yield* TinkerClient
  let requests = 0

  const ask = Effect.fnUntraced(
    function*(prompt: Int32Array, params: SamplingParams, prompt_logprobs: boolean) {
      yield* session.check
      yield* current
      const bytes = Math.min(bytesOf(prompt), client.config.sample_dispatch_bytes_semaphore_size)
      const pending = yield* session.prompts.withPermits(bytes)(Effect.suspend(() =>
        client.submit(Endpoint.sample, {
          sampling_session_id: id,
          seq_id: requests++,
          num_samples: 1,
          prompt: modelInput(prompt),
          sampling_params: params,
          topk_prompt_logprobs: 0,
          ...(prompt_logprobs && { prompt_logprobs })
        })
      ))
      return yield* session.outlive(client.retrieve(pending))
    },
    session.samples.withPermit
  )

  const sampler: Sampler = {
    id,
    sample: Effect.fnUntraced(function*(prompt, params) {
      const [sequence, ...others] = (yield* ask(prompt, params, false)).sequences
      if (sequence === undefined || others.length > 0) {
        return yield* malformed(`${others.length + (sequence ? 1 : 0)} sequences for one sample`)
      }
      return sequence
    }),
    logprobs: Effect.fnUntraced(function*(tokens) {
      const params = { max_tokens: 1, temperature: 1, top_k: -1, top_p: 1 }
      const given = (yield* ask(tokens, params, true)).prompt_logprobs
      if (given === undefined) return yield* malformed("no prompt_logprobs although they were asked for")
      // With a place for the first token, which has none, or without.
      const known = given.length === tokens.length ? given.slice(1) : given
      if (known.length !== tokens.length - 1) {
        return yield* malformed(`${given.length} prompt_logprobs for ${tokens.length} tokens`)
      }
      return Float32Array.from(known, (logprob) => logprob ?? Number.NaN)
    })
  }
  return sampler
})

/** Of the base model, as it was before any training. */
export const ofBase = Effect.fn("Sampler.ofBase")(function*(session: Session, baseModel: string) {
  const client = yield* TinkerClient
  const { sampling_session_id } = yield* client.call(Endpoint.createSamplingSession, {
    session_id: session.id,
    sampling_session_seq_id: yield* session.nextSampler,
    base_model: baseModel
  })
  return yield* of(session, sampling_session_id)
})
