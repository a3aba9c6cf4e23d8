import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer, Path } from "effect"
import { type AdamW, type Datum, Engine, type PpoDatum } from "../../src/domain/Engine.ts"
import * as Seed from "../../src/domain/Seed.ts"
import * as BuiltinLoss from "../../src/domain/tinker/BuiltinLoss.ts"
import { presets, type ServerProfile } from "../../src/domain/tinker/ServerProfile.ts"
import * as EngineTinker from "../../src/layers/EngineTinker.ts"
import { layer as client } from "./tinker/scripted.ts"
import * as ToyServer from "./tinker/ToyServer.ts"

const adam: AdamW = { learningRate: 0.05, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0, clipNorm: null }

const lora = { rank: 8, seed: 1, train_unembed: true, train_mlp: true, train_attn: true }

const sums: ServerProfile = presets.custom
const means: ServerProfile = presets["skyrl-jax"]
const meansOf = { reduction: "mean", isolation: false } as const

const engine = (
  server: ToyServer.ToyServer,
  profile: ServerProfile,
  changes: Partial<EngineTinker.Options> = {}
) =>
  EngineTinker.layer({
    baseModel: "toy",
    profile,
    training: lora,
    vocabularySize: ToyServer.vocabulary,
    contextLength: 64,
    ...changes
  }).pipe(Layer.provide(client(server.answer)))

const tokensOf = (length: number, ...seed: ReadonlyArray<number>): Int32Array => {
  const draws = new Seed.Draws(Seed.derive("tokens", ...seed))
  return Int32Array.from({ length }, () => draws.below(ToyServer.vocabulary))
}

/** Sequences of different lengths, with weights of both signs and of 0. */
const data: ReadonlyArray<Datum> = Array.from({ length: 5 }, (_, n) => ({
  tokens: tokensOf(4 + 3 * n, n),
  weights: Float32Array.from({ length: 3 + 3 * n }, (_, t) => ((t + n) % 3 - 1) / 10)
}))

const request = { prompt: tokensOf(5, 9), maxTokens: 12, temperature: 1, stop: [3], seed: 7 }

/** The norm of the gradient of data that are given to the engine like this, and what the model thinks afterwards. */
const trained = (passes: ReadonlyArray<ReadonlyArray<Datum>>) =>
  Effect.gen(function*() {
    const { forward, forwardBackward, optimStep } = yield* Engine
    for (const pass of passes) yield* forwardBackward(pass)
    const { gradientNorm } = yield* optimStep(adam)
    const after = yield* forward(data.map((datum) => ({ ...datum, weights: datum.weights.map(() => 1) })), "current")
    return { gradientNorm, after: after.flatMap(({ logprobs }) => Array.from(logprobs)) }
  })

const close = (actual: ReadonlyArray<number>, expected: ReadonlyArray<number>, tolerance: number) => {
  assert.strictEqual(actual.length, expected.length)
  expected.forEach((value, i) => assert.approximately(actual[i]!, value, tolerance))
}

describe("EngineTinker", () => {
  layer(NodeServices.layer)((it) => {
    it.effect("has the gradient of a plain sum on every kind of server, however the data are cut", () =>
      Effect.gen(function*() {
        const expected = yield* Effect.provide(trained([data]), engine(ToyServer.make(), sums))
        const norm = expected.gradientNorm ?? 0
        assert.isAbove(norm, 0.1)
        const others: ReadonlyArray<readonly [Partial<ToyServer.Habits>, ServerProfile]> = [
          [{}, { ...sums, linearLoss: "importance_sampling" }],
          [meansOf, means],
          [{ forward: false }, { ...presets.openrl, name: "without forward" }],
          [{ ...meansOf, forward: false }, { ...means, forward: false }]
        ]
        for (const [habits, profile] of others) {
          for (const passes of [[data], [data.slice(0, 1), data.slice(1, 2), data.slice(2)]]) {
            const { after, gradientNorm } = yield* Effect.provide(
              trained(passes),
              engine(ToyServer.make(habits), profile)
            )
            assert.approximately(gradientNorm ?? 0, norm, 1e-6)
            close(after, expected.after, 1e-5)
          }
        }
      }))

    it.effect("has the gradient of the clipped loss in one pass, where the server has it", () =>
      Effect.gen(function*() {
        const [low, high] = [0.7, 1.6] as const
        const built: ReadonlyArray<readonly [Partial<ToyServer.Habits>, ServerProfile]> = [
          [{}, sums],
          [{}, { ...sums, linearLoss: "importance_sampling" }],
          [meansOf, means]
        ]
        for (const [habits, profile] of built) {
          const server = ToyServer.make(habits)
          yield* Effect.gen(function*() {
            const { forward, forwardBackward, optimStep, ppo } = yield* Engine
            assert(ppo !== undefined)
            const known = yield* forward(
              data.map((datum) => ({ ...datum, weights: datum.weights.map(() => 1) })),
              "current"
            )
            const stale = data.map(({ tokens, weights }, n): PpoDatum => ({
              tokens,
              // Ratios from 0.5 to 2, on both sides of either bound.
              oldLogprobs: known[n]!.logprobs.map((logprob, t) => logprob + Math.log(2) * ((3 * t + n) % 5 - 2) / 2),
              advantages: weights
            }))
            const loss = { name: "ppo", clip: [low, high] } as const
            const slopes = stale.map(({ advantages, oldLogprobs }, n) =>
              BuiltinLoss.linearise(
                loss,
                { weights: advantages, advantages, logprobs: oldLogprobs },
                known[n]!.logprobs
              )
            )
            const advantages = stale.flatMap((datum) => Array.from(datum.advantages))
            const linear = slopes.flatMap(({ weights }) => Array.from(weights))
            assert.isAbove(linear.filter((slope, t) => slope === 0 && advantages[t] !== 0).length, 2)
            assert.isAbove(linear.filter((slope) => slope !== 0).length, 10)
            yield* forwardBackward(data.map(({ tokens }, n) => ({ tokens, weights: slopes[n]!.weights })))
            const { gradientNorm: expected = 0 } = yield* optimStep({ ...adam, learningRate: 0 })
            const before = server.requests().length
            const scored = yield* ppo(stale, { low, high })
            const sent = server.requests().slice(before)
            assert.deepStrictEqual(new Set(sent), new Set(["forward_backward"]))
            assert.deepStrictEqual(
              scored.map(({ logprobs }) => logprobs.length),
              data.map(({ weights }) => weights.length)
            )
            const { gradientNorm = 0 } = yield* optimStep({ ...adam, learningRate: 0 })
            assert.approximately(gradientNorm, expected, 1e-6)
            assert.isAbove(expected, 0.1)
          }).pipe(Effect.provide(engine(server, profile)))
        }
      }))

    it.effect("adds nothing to the clipped loss's data on a server that averages", () =>
      Effect.gen(function*() {
        const { forwardBackward, optimStep, ppo } = yield* Engine
        assert(ppo !== undefined)
        const stale = data.map(({ tokens, weights }) => ({ tokens, oldLogprobs: weights, advantages: weights }))
        const clip = { low: 0.8, high: 1.28 }
        yield* ppo(stale, clip)
        assert.include((yield* Effect.flip(forwardBackward(data))).message, "takes the data of a step with ppo at once")
        assert.include((yield* Effect.flip(ppo(stale, clip))).message, "cannot add the data of ppo to others")
        yield* optimStep({ ...adam, learningRate: 0 })
        yield* forwardBackward(data)
        assert.include((yield* Effect.flip(ppo(stale, clip))).message, "cannot add the data of ppo to others")
        const none = yield* Effect.provide(Engine, engine(ToyServer.make(), presets["skyrl-megatron"]))
        assert.isUndefined(none.ppo)
      }).pipe(Effect.provide(engine(ToyServer.make(meansOf), means))))

    it.effect("sends the backward pass, the step and the publication before it waits for any", () =>
      Effect.gen(function*() {
        const server = ToyServer.make(meansOf)
        yield* Effect.provide(trained([data.slice(0, 3)]), engine(server, means))
        const after = server.asked.slice(server.asked.findIndex(({ path }) => path === "forward_backward"))
        assert.deepStrictEqual(after.slice(0, 5).map(({ path }) => path), [
          "forward_backward",
          "forward_backward",
          "optim_step",
          "save_weights_for_sampler",
          "retrieve_future"
        ])
        const numbers = server.asked.flatMap(({ body }) =>
          typeof body === "object" && body !== null && "seq_id" in body ? [body.seq_id] : []
        )
        assert.deepStrictEqual(numbers, numbers.map((_, i) => i + 1))
      }))

    it.effect("samples what the weights think, up to a stop id, and the same for a seed", () =>
      Effect.gen(function*() {
        const { forward, sample } = yield* Engine
        const samples = yield* Effect.forEach(
          Array.from({ length: 20 }, (_, seed) => ({ ...request, seed })),
          sample,
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(yield* sample({ ...request, seed: 4 }), samples[4])
        assert.isAbove(new Set(samples.map(({ tokens }) => tokens.join())).size, 5)
        const scored = yield* forward(
          samples.map(({ tokens }) => ({
            tokens: Int32Array.of(...request.prompt, ...tokens),
            weights: new Float32Array(request.prompt.length + tokens.length - 1).fill(1, request.prompt.length - 1)
          })),
          "current"
        )
        samples.forEach(({ logprobs, stop, tokens }, n) => {
          assert.strictEqual(stop, tokens.at(-1) === 3 ? "stop" : "length")
          assert.strictEqual(tokens.indexOf(3), stop === "stop" ? tokens.length - 1 : -1)
          close(Array.from(scored[n]!.logprobs.slice(request.prompt.length - 1)), Array.from(logprobs), 1e-6)
        })
      }).pipe(Effect.provide(engine(ToyServer.make(), sums))))

    it.effect("samples with the weights of the last step", () =>
      Effect.gen(function*() {
        for (const [habits, profile] of [[{}, sums], [meansOf, means]] as const) {
          yield* Effect.gen(function*() {
            const { forwardBackward, optimStep, sample } = yield* Engine
            const [token] = (yield* sample({ ...request, temperature: 0 })).tokens
            const tokens = Int32Array.of(...request.prompt, token!)
            for (let step = 0; step < 40; step++) {
              yield* forwardBackward([{ tokens, weights: Float32Array.of(0, 0, 0, 0, -1) }])
              yield* optimStep({ ...adam, learningRate: 0.2 })
            }
            assert.notStrictEqual((yield* sample({ ...request, temperature: 0 })).tokens[0], token)
          }).pipe(Effect.provide(engine(ToyServer.make(habits), profile)))
        }
      }))

    it.effect("keeps the weights of a snapshot, where the server does", () =>
      Effect.gen(function*() {
        const { sample, snapshot } = yield* Engine
        assert(snapshot !== undefined)
        const before = yield* sample(request)
        const early = yield* snapshot
        yield* trained([data])
        const late = yield* snapshot
        yield* trained([data])
        assert.deepStrictEqual(yield* early(request), before)
        const samples = yield* Effect.forEach([early, late, sample], (ask) => ask({ ...request, temperature: 0 }))
        assert.strictEqual(new Set(samples.map(({ logprobs }) => logprobs.join())).size, 3)
        const overwritten = yield* Effect.provide(Engine, engine(ToyServer.make(meansOf), means))
        assert.isUndefined(overwritten.snapshot)
      }).pipe(Effect.provide(engine(ToyServer.make(), sums))))

    it.effect("remembers the reference, however the server lets it", () =>
      Effect.gen(function*() {
        const ways: ReadonlyArray<readonly [Partial<ToyServer.Habits>, ServerProfile]> = [
          [{}, { ...sums, reference: "second-model" }],
          [{}, { ...sums, reference: "base-sampler" }],
          [{ promptLogprobs: "no-first" }, { ...sums, reference: "base-sampler" }],
          [meansOf, means]
        ]
        for (const [habits, profile] of ways) {
          yield* Effect.gen(function*() {
            const { forward, forwardBackward, freezeReference, optimStep } = yield* Engine
            const before = yield* forward(data, "current")
            yield* freezeReference
            yield* forwardBackward(data)
            yield* optimStep(adam)
            const remembered = yield* forward(data, "reference")
            before.forEach(({ logprobs }, i) => close(Array.from(remembered[i]!.logprobs), Array.from(logprobs), 1e-6))
            assert.notDeepEqual(yield* forward(data, "current"), before)
          }).pipe(Effect.provide(engine(ToyServer.make(habits), profile)))
        }
      }))

    it.effect("freezes weights that were trained in a second model, and refuses where it has only the base", () =>
      Effect.gen(function*() {
        const frozen = Effect.gen(function*() {
          const { forward, forwardBackward, freezeReference, optimStep } = yield* Engine
          yield* forwardBackward(data)
          yield* optimStep(adam)
          yield* freezeReference
          return { current: yield* forward(data, "current"), reference: yield* forward(data, "reference") }
        })
        const { current, reference } = yield* Effect.provide(frozen, engine(ToyServer.make(), sums))
        assert.deepStrictEqual(reference, current)
        const error = yield* Effect.flip(
          Effect.provide(frozen, engine(ToyServer.make(), { ...sums, reference: "base-sampler" }))
        )
        assert.include(error.message, "can only have its base model as the reference")
      }))

    it.effect("freezes the start again after it was interrupted, also where only the base can be the reference", () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const ways: ReadonlyArray<readonly [Partial<ToyServer.Habits>, ServerProfile]> = [
          [{}, sums],
          [{ room: 1 }, { ...sums, reference: "base-sampler" }]
        ]
        for (const [habits, profile] of ways) {
          const server = ToyServer.make(habits)
          const folder = yield* files.makeTempDirectoryScoped()
          const [start, current] = [`${folder}/start`, `${folder}/current`]
          const before = yield* Effect.gen(function*() {
            const { forward, freezeReference, save } = yield* Engine
            yield* freezeReference
            yield* save(start)
            yield* trained([data])
            yield* save(current)
            return { reference: yield* forward(data, "reference"), current: yield* forward(data, "current") }
          }).pipe(Effect.provide(engine(server, profile)))
          assert.notDeepEqual(before.current, before.reference)
          yield* Effect.gen(function*() {
            const { forward, freezeReference, load } = yield* Engine
            yield* load(start)
            yield* freezeReference
            yield* load(current)
            assert.deepStrictEqual(yield* forward(data, "reference"), before.reference)
            assert.deepStrictEqual(yield* forward(data, "current"), before.current)
          }).pipe(Effect.provide(engine(server, profile)))
        }
      }).pipe(Effect.scoped))

    it.effect("says why it has no reference where all weights are trained on a server with room for one model", () =>
      Effect.gen(function*() {
        const { freezeReference, info } = yield* Engine
        const why = "servers of profile skyrl-fsdp keep no start of a model all of whose weights are trained"
        assert.include(info.capabilities.noReference, why)
        assert.include((yield* Effect.flip(freezeReference)).message, why)
        const { noReference } = EngineTinker.capabilitiesOf(presets["skyrl-fsdp"], { full: false })
        assert.isUndefined(noReference)
      }).pipe(Effect.provide(engine(ToyServer.make(), presets["skyrl-fsdp"], { training: "full" }))))

    it.effect("says no gradient's norm where the server says none", () =>
      Effect.gen(function*() {
        const { gradientNorm } = yield* trained([data])
        assert.isUndefined(gradientNorm)
      }).pipe(Effect.provide(engine(ToyServer.make({ gradientNorm: false }), sums))))

    it.effect("saves weights and the optimiser's state, and goes on from them in a fresh model", () =>
      Effect.gen(function*() {
        const server = ToyServer.make()
        const files = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const folder = path.join(yield* files.makeTempDirectoryScoped(), "runs", "stage 1")
        yield* Effect.gen(function*() {
          const { forward, load, save, sample } = yield* Engine
          yield* trained([data])
          yield* save(folder)
          assert.include((yield* Effect.flip(save(folder))).message, "exists")
          const expected = yield* trained([data])
          const greedy = { ...request, temperature: 0, stop: [] }
          yield* trained([data, data])
          yield* load(folder)
          const sampled = yield* sample(greedy)
          assert.deepStrictEqual(yield* trained([data]), expected)
          yield* load(folder)
          assert.deepStrictEqual(yield* sample(greedy), sampled)
          assert.strictEqual(server.loadedModels(), 1)
          assert.strictEqual((yield* forward(data, "current")).length, 5)
        }).pipe(Effect.provide(engine(server, sums)))
        assert.strictEqual(server.loadedModels(), 0)
        yield* Effect.gen(function*() {
          const { load } = yield* Engine
          assert.include((yield* Effect.flip(load(path.join(folder, "nowhere")))).message, "cannot be used")
          assert.include(
            (yield* Effect.flip(load("tinker://m/weights/x"))).message,
            "no weights at tinker://m/weights/x"
          )
        }).pipe(Effect.provide(engine(server, sums)))
      }).pipe(Effect.scoped))

    it.effect("refuses everything of a model with part of a gradient, until weights are loaded", () =>
      Effect.gen(function*() {
        const server = ToyServer.make({ ...meansOf, failingPass: 2 })
        const files = yield* FileSystem.FileSystem
        const folder = `${yield* files.makeTempDirectoryScoped()}/good`
        yield* Effect.gen(function*() {
          const { forward, forwardBackward, load, optimStep, save } = yield* Engine
          yield* save(folder)
          yield* forwardBackward(data)
          const failure = yield* Effect.flip(optimStep(adam))
          assert.include(failure.message, "out of memory")
          const refusal = yield* Effect.flip(forward(data, "current"))
          assert.strictEqual(refusal.reason._tag, "WeightsUnusable")
          assert.include(refusal.message, "holds an unknown part of a gradient")
          yield* load(folder)
          yield* trained([data])
        }).pipe(Effect.provide(engine(server, means)))
      }).pipe(Effect.scoped))

    it.effect("refuses what the server would do otherwise, before anything is sent", () =>
      Effect.gen(function*() {
        const refused = (profile: ServerProfile, changes: Partial<EngineTinker.Options> = {}) => {
          const server = ToyServer.make()
          return Effect.map(
            Effect.flip(Effect.provide(Engine, engine(server, profile, changes))),
            ({ message }) => ({ message, requests: server.requests() })
          )
        }
        for (
          const [told, words] of [
            [refused(presets.twinkle), "no loss of a twinkle server is linear"],
            [refused({ ...means, linearLoss: "cross_entropy" }), "divides by the weights' sum"],
            [refused(means, { training: "full" }), "trains adapters only"]
          ] as const
        ) {
          const { message, requests } = yield* told
          assert.include(message, words)
          assert.deepStrictEqual(requests, ["client/config"])
        }
        const server = ToyServer.make(meansOf)
        yield* Effect.gen(function*() {
          const { forward, forwardBackward, optimStep, sample } = yield* Engine
          const clipped = yield* Effect.flip(optimStep({ ...adam, clipNorm: 1 }))
          assert.include(clipped.message, "clipNorm is null and cannot be 1")
          const [datum] = data
          const entropyWeights = datum!.weights
          const wrongData: ReadonlyArray<readonly [Datum, string]> = [
            [{ ...datum!, entropyWeights }, "gradient of the entropy"],
            [{ ...datum!, weights: Float32Array.of(1) }, "1 weights for 4 tokens"],
            [{ ...datum!, weights: Float32Array.of(1, NaN, 0) }, "NaN"],
            [{ tokens: tokensOf(65, 0), weights: new Float32Array(64) }, "exceeds the context of 64"]
          ]
          for (const [wrong, words] of wrongData) {
            assert.include((yield* Effect.flip(forwardBackward([wrong]))).message, words)
          }
          for (
            const [wrong, words] of [
              [{ ...request, temperature: 0.7 }, "temperature is 0.7"],
              [{ ...request, prompt: tokensOf(64, 1) }, "leaves no room"],
              [{ ...request, prompt: Int32Array.of(99) }, "token 99"]
            ] as const
          ) {
            assert.include((yield* Effect.flip(sample(wrong))).message, words)
          }
          assert.include((yield* Effect.flip(forward(data, "reference"))).message, "no reference has been frozen")
        }).pipe(Effect.provide(engine(server, means)))
        assert.deepStrictEqual(server.requests(), [
          "client/config",
          "create_session",
          "create_model",
          "save_weights_for_sampler",
          "unload_model"
        ])
      }))
  })
})
