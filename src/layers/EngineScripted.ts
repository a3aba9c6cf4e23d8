/**
 * An engine without a model that keeps what it was asked: for tests of policies, trainers and
 * programs. Its tokens are a function of the request, its log-probs a constant, and its weights
 * a number of optimiser steps.
 */
import { Context, Effect, Layer, Ref } from "effect"
import { Engine, type EngineInfo, type Sampler, type SampleRequest } from "../domain/Engine.ts"

/** What was asked for, oldest first. */
export type Request =
  | { readonly _tag: "Sample"; readonly request: SampleRequest; readonly optimSteps: number }
  | { readonly _tag: "Forward" | "ForwardBackward"; readonly sequences: number }
  | { readonly _tag: "OptimStep" | "FreezeReference" }
  | { readonly _tag: "Save" | "Load"; readonly path: string }

export class Recorded extends Context.Service<Recorded, Ref.Ref<ReadonlyArray<Request>>>()(
  "envtune/layers/EngineScripted/Recorded"
) {}

const logprob = -0.5

/** Samples `respond(request)`, which should end with a stop id. */
export const layer = (
  respond: (request: SampleRequest) => ReadonlyArray<number>,
  info: Partial<EngineInfo> = {}
): Layer.Layer<Engine | Recorded> =>
  Layer.effect(
    Engine,
    Effect.gen(function*() {
      const recorded = yield* Recorded
      const record = (request: Request) => Ref.update(recorded, (before) => [...before, request])
      let optimSteps = 0
      const score: (tag: "Forward" | "ForwardBackward") => Engine["Service"]["forwardBackward"] = (_tag) => (data) =>
        Effect.as(
          record({ _tag, sequences: data.length }),
          data.map(({ weights }) => ({
            logprobs: weights.map((weight) => weight === 0 ? 0 : logprob),
            entropies: weights.map((weight) => weight === 0 ? 0 : -logprob)
          }))
        )
      const samplerOf = (steps: () => number): Sampler => (request) =>
        Effect.map(Effect.suspend(() => record({ _tag: "Sample", request, optimSteps: steps() })), () => {
          const tokens = Int32Array.from(respond(request).slice(0, request.maxTokens))
          const ended = request.stop.includes(tokens.at(-1) ?? -1)
          return { tokens, logprobs: new Float32Array(tokens.length).fill(logprob), stop: ended ? "stop" : "length" }
        })
      return Engine.of({
        info: {
          name: "scripted",
          vocabularySize: 1,
          contextLength: 4096,
          parameters: 0,
          capabilities: { entropyGradient: false, snapshots: true },
          ...info
        },
        sample: samplerOf(() => optimSteps),
        snapshot: Effect.sync(() => {
          const steps = optimSteps
          return samplerOf(() => steps)
        }),
        forward: score("Forward"),
        forwardBackward: score("ForwardBackward"),
        optimStep: () =>
          Effect.map(record({ _tag: "OptimStep" }), () => {
            optimSteps += 1
            return { gradientNorm: 1 }
          }),
        freezeReference: record({ _tag: "FreezeReference" }),
        save: (path) => record({ _tag: "Save", path }),
        load: (path) => record({ _tag: "Load", path })
      })
    })
  ).pipe(Layer.provideMerge(Layer.effect(Recorded, Ref.make<ReadonlyArray<Request>>([]))))
