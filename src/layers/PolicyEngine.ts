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

/**
 * The tokens of an episode so far. Whatever was returned stays as it is, because tokens are only ever added behind it:
 * the prompts of an episode share memory, which is then linear in its length and not quadratic.
 */
class Context {
  private buffer = new Int32Array(256)
  private length = 0

  /** All tokens, these included. */
  add(tokens: Int32Array): Int32Array {
    const length = this.length + tokens.length
    if (length > this.buffer.length) {
      const larger = new Int32Array(Math.max(length, 2 * this.buffer.length))
      larger.set(this.buffer.subarray(0, this.length))
      this.buffer = larger
    }
    this.buffer.set(tokens, this.length)
    this.length = length
    return this.buffer.subarray(0, length)
  }
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
          const tokens = new Context()
          let last: Int32Array | undefined
          let steps = 0
          return {
            act: Effect.fnUntraced(function*(messages: ReadonlyArray<Message>) {
              const prompt = tokens.add(
                last === undefined
                  ? renderer.opening(messages, context.tools)
                  : renderer.continuation(messages, last)
              )
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
              tokens.add(sample.tokens)
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
