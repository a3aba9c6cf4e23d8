/** A policy that samples tokens from an engine: the one being trained. */
import { Effect, Layer } from "effect"
import { Engine, type EngineError, type Sampler } from "../domain/Engine.ts"
import type { Message } from "../domain/Message.ts"
import {
  type Completion,
  outOfContext,
  type Player,
  Policy,
  PolicyError,
  PolicyRefused,
  PolicyUnavailable
} from "../domain/Policy.ts"
import { Renderer, type RendererError } from "../domain/Renderer.ts"
import * as Seed from "../domain/Seed.ts"

const failed = (error: EngineError | RendererError): PolicyError =>
  new PolicyError({
    reason: error.isRetryable
      ? new PolicyUnavailable({ detail: error.message, cause: error })
      : new PolicyRefused({ detail: error.message })
  })

/**
 * How calls are said: `text` where the messages themselves say how, as the training protocol's do; what was sampled is
 * then the content of a message, as it is. `tools`: in the language's own form, by which it is shown the tools, too.
 */
type Calls = "text" | "tools"

const layerOf = (calls: Calls): Layer.Layer<Policy, never, Engine | Renderer> =>
  Layer.effect(
    Policy,
    Effect.gen(function*() {
      const engine = yield* Engine
      const renderer = yield* Renderer
      const read = (completion: Int32Array): Message =>
        calls === "tools" ? renderer.parse(completion) : { role: "assistant", content: renderer.spoken(completion) }
      const playing = (sample: Sampler): Player => ({
        open: (context) =>
          Effect.sync(() => {
            const dialogue = renderer.open(calls === "tools" ? context.tools : [])
            let steps = 0
            return {
              act: Effect.fnUntraced(function*(messages: ReadonlyArray<Message>) {
                const prompt = yield* Effect.fromResult(dialogue.prompt(messages))
                const room = engine.info.contextLength - prompt.length
                if (room < 1) return outOfContext
                const sampled = yield* sample({
                  prompt,
                  maxTokens: Math.min(room, context.sampling.maxTokens),
                  temperature: context.sampling.temperature,
                  stop: renderer.stop,
                  seed: Seed.derive(context.seed, steps),
                  session: `${context.family}#${context.seed}`,
                  family: context.family
                })
                steps += 1
                dialogue.said(sampled.tokens)
                const completion: Completion = {
                  message: read(sampled.tokens),
                  tokens: { prompt, completion: sampled.tokens, logprobs: sampled.logprobs },
                  stop: sampled.stop
                }
                return completion
              }, Effect.mapError(failed))
            }
          })
      })
      const { sample, snapshot } = engine
      return Policy.of({
        ...playing(sample),
        ...(snapshot !== undefined && { snapshot: Effect.map(snapshot, playing) })
      })
    })
  )

/** For environments whose messages say how to call. Needs the engine to sample from and its model's language. */
export const layer: Layer.Layer<Policy, never, Engine | Renderer> = layerOf("text")

/** For loops of function calling: the model is shown the tools in its own form, and its messages are taken apart. */
export const layerFunctionCalling: Layer.Layer<Policy, never, Engine | Renderer> = layerOf("tools")
