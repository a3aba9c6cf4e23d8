/** A policy that samples tokens from an engine: the one being trained. */
import { Effect, Layer } from "effect"
import { Engine, type EngineError } from "../domain/Engine.ts"
import type { Message } from "../domain/Message.ts"
import { type Completion, Policy, PolicyError, PolicyRefused, PolicyUnavailable } from "../domain/Policy.ts"
import { Renderer } from "../domain/Renderer.ts"
import * as Seed from "../domain/Seed.ts"

const failed = (error: EngineError): PolicyError =>
  new PolicyError({
    reason: error.isRetryable
      ? new PolicyUnavailable({ detail: error.message, cause: error })
      : new PolicyRefused({ detail: error.message })
  })

const outOfContext: Completion = { message: { role: "assistant", content: "" }, stop: "context" }

const concat = (...arrays: ReadonlyArray<Int32Array>): Int32Array => {
  const joined = new Int32Array(arrays.reduce((sum, array) => sum + array.length, 0))
  let at = 0
  for (const array of arrays) {
    joined.set(array, at)
    at += array.length
  }
  return joined
}

/** Needs the engine to sample from and the renderer of its model's language. */
export const layer: Layer.Layer<Policy, never, Engine | Renderer> = Layer.effect(
  Policy,
  Effect.gen(function*() {
    const engine = yield* Engine
    const renderer = yield* Renderer
    return Policy.of({
      open: (context) =>
        Effect.sync(() => {
          let tokens: Int32Array | undefined
          let last: Int32Array = new Int32Array(0)
          let steps = 0
          const extend = (messages: ReadonlyArray<Message>): Int32Array =>
            tokens === undefined
              ? renderer.opening(messages, context.tools)
              : concat(tokens, renderer.continuation(messages, last))
          return {
            act: Effect.fnUntraced(function*(messages: ReadonlyArray<Message>) {
              const prompt = extend(messages)
              const room = engine.info.contextLength - prompt.length
              if (room < 1) return outOfContext
              const sample = yield* engine.sample({
                prompt,
                maxTokens: Math.min(room, context.sampling.maxTokens),
                temperature: context.sampling.temperature,
                stop: renderer.stop,
                seed: Seed.derive(context.seed, steps),
                session: `${context.family}#${context.seed}`,
                family: context.family
              }).pipe(Effect.mapError(failed))
              steps += 1
              last = sample.tokens
              tokens = concat(prompt, sample.tokens)
              const completion: Completion = {
                message: renderer.parse(sample.tokens),
                tokens: { prompt, completion: sample.tokens, logprobs: sample.logprobs },
                stop: sample.stop
              }
              return completion
            })
          }
        })
    })
  })
)
