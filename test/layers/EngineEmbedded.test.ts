import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Path } from "effect"
import { type AdamW, type Datum, Engine, type SampleRequest } from "../../src/domain/Engine.ts"
import * as Safetensors from "../../src/domain/Safetensors.ts"
import * as Seed from "../../src/domain/Seed.ts"
import { ModelConfig } from "../../src/domain/Transformer.ts"
import * as EngineEmbedded from "../../src/layers/EngineEmbedded.ts"
import { tinyModel } from "../domain/tinyModel.ts"

const config = new ModelConfig(tinyModel)

const options: EngineEmbedded.Options = { config, seed: 3, workers: 2, cacheSize: 1, vocabulary: "v1" }

const engine = (changes: Partial<EngineEmbedded.Options> = {}) => EngineEmbedded.layer({ ...options, ...changes })

const adam: AdamW = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.01, clipNorm: 1 }

const tokensOf = (length: number, ...seed: ReadonlyArray<number>): Int32Array => {
  const draws = new Seed.Draws(Seed.derive("tokens", ...seed))
  return Int32Array.from({ length }, () => draws.below(config.vocabularySize))
}

const request = (changes: Partial<SampleRequest> = {}): SampleRequest => ({
  prompt: tokensOf(10, 0),
  maxTokens: 20,
  temperature: 1,
  stop: [],
  seed: 1,
  ...changes
})

/** Groups of requests with a common beginning, of different lengths, some of which stop early. */
const manyRequests: ReadonlyArray<SampleRequest> = Array.from({ length: 24 }, (_, n) => {
  const family = Math.floor(n / 6)
  return request({
    prompt: Int32Array.of(...tokensOf(5 + family * 17, family), ...tokensOf(n % 3, n)),
    maxTokens: 5 + n,
    temperature: n % 5 === 0 ? 0 : 0.7 + (n % 3) * 0.3,
    stop: [n],
    seed: n,
    family: `family ${family}`,
    session: `session ${n}`
  })
})

const manyData: ReadonlyArray<Datum> = Array.from({ length: 23 }, (_, n) => ({
  tokens: tokensOf(2 + n * 5, 7, n),
  weights: Float32Array.from({ length: 1 + n * 5 }, (_, t) => (t % 3) / 100),
  entropyWeights: Float32Array.from({ length: 1 + n * 5 }, (_, t) => (t % 2) / 1000)
}))

const sampleAll = Effect.fnUntraced(function*(requests: ReadonlyArray<SampleRequest>) {
  const { sample } = yield* Engine
  return yield* Effect.forEach(requests, sample, { concurrency: "unbounded" })
})

const weightsIn = Effect.fnUntraced(function*(folder: string) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return {
    model: yield* files.readFile(path.join(folder, "model.safetensors")),
    optimiser: yield* files.readFile(path.join(folder, "optimizer.safetensors"))
  }
})

const saved = Effect.fnUntraced(function*(name: string) {
  const { save } = yield* Engine
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = path.join(yield* files.makeTempDirectoryScoped(), name)
  yield* save(folder)
  return folder
})

describe("EngineEmbedded", () => {
  layer(NodeServices.layer)((it) => {
    it.effect("samples and trains bit for bit alike with one worker and with two", () =>
      Effect.gen(function*() {
        const run = Effect.gen(function*() {
          const { forwardBackward, optimStep } = yield* Engine
          const before = yield* sampleAll(manyRequests)
          const scores = []
          for (let step = 0; step < 3; step++) {
            scores.push(yield* forwardBackward(manyData), yield* optimStep(adam))
          }
          const after = yield* sampleAll(manyRequests)
          return { before, scores, after, weights: yield* weightsIn(yield* saved("weights")) }
        })
        const one = yield* Effect.provide(run, engine({ workers: 1 }))
        const two = yield* Effect.provide(run, engine({ workers: 2 }))
        assert.deepStrictEqual(one, two)
        assert.notDeepEqual(one.before, one.after)
      }))

    it.effect("has these results on every machine", () =>
      Effect.gen(function*() {
        const { forwardBackward, optimStep, sample } = yield* Engine
        yield* forwardBackward(manyData)
        const { gradientNorm } = yield* optimStep(adam)
        const { logprobs, tokens } = yield* sample(request({ maxTokens: 6 }))
        // A change of the kernels may change these numbers; a change of the host may not.
        assert.strictEqual(gradientNorm, 8.110858826502813)
        assert.deepStrictEqual(Array.from(tokens), [56, 57, 46, 32, 33, 50])
        assert.deepStrictEqual(
          Array.from(new Int32Array(logprobs.buffer)),
          [-1066276456, -1064205499, -1064724389, -1064630183, -1066599508, -1065178224]
        )
      }).pipe(Effect.provide(engine())))

    it.effect("gives a request the same result alone, in company and with everything cached", () =>
      Effect.gen(function*() {
        const crowd = yield* sampleAll(manyRequests)
        const cached = yield* sampleAll(manyRequests)
        assert.deepStrictEqual(cached, crowd)
        for (const n of [0, 9, 23]) {
          const alone = yield* Effect.provide(sampleAll([manyRequests[n]!]), engine({ workers: 1 }))
          assert.deepStrictEqual(alone, [crowd[n]])
        }
      }).pipe(Effect.provide(engine())))

    it.effect("gives the turns of a session the results they would have without the turns before", () =>
      Effect.gen(function*() {
        const { sample } = yield* Engine
        const turns: Array<SampleRequest> = []
        const results = []
        let prompt = tokensOf(9, 1)
        for (let turn = 0; turn < 4; turn++) {
          const next = request({ prompt, maxTokens: 11, seed: turn, session: "s" })
          turns.push(next)
          const result = yield* sample(next)
          results.push(result)
          prompt = Int32Array.of(...prompt, ...result.tokens, ...tokensOf(3, turn))
        }
        const fresh = yield* Effect.forEach(
          turns,
          (turn) => Effect.provide(Effect.map(sampleAll([turn]), ([result]) => result), engine({ workers: 1 }))
        )
        assert.deepStrictEqual(fresh, results)
      }).pipe(Effect.provide(engine())))

    it.effect("samples with the log-probs that training computes", () =>
      Effect.gen(function*() {
        const { forward } = yield* Engine
        const requests = manyRequests.map((request) => ({ ...request, temperature: 1 }))
        const samples = yield* sampleAll(requests)
        const scored = yield* forward(
          samples.map(({ tokens }, n) => {
            const { prompt } = requests[n]!
            const weights = new Float32Array(prompt.length + tokens.length - 1).fill(1, prompt.length - 1)
            return { tokens: Int32Array.of(...prompt, ...tokens), weights }
          }),
          "current"
        )
        samples.forEach(({ logprobs }, n) => {
          const trained = scored[n]!.logprobs.subarray(requests[n]!.prompt.length - 1)
          logprobs.forEach((logprob, t) => assert.approximately(logprob, trained[t]!, 1e-5))
        })
      }).pipe(Effect.provide(engine())))

    it.effect("draws tokens as often as their probabilities say", () =>
      Effect.gen(function*() {
        const n = 4000
        const { forward } = yield* Engine
        const prompt = tokensOf(6, 2)
        const samples = yield* sampleAll(
          Array.from({ length: n }, (_, seed) => request({ prompt, maxTokens: 1, seed, family: "f" }))
        )
        const scored = yield* forward(
          Array.from({ length: config.vocabularySize }, (_, token) => ({
            tokens: Int32Array.of(...prompt, token),
            weights: Float32Array.of(0, 0, 0, 0, 0, 1)
          })),
          "current"
        )
        const counts = new Float64Array(config.vocabularySize)
        for (const { tokens } of samples) counts[tokens[0]!]! += 1
        const chiSquare = scored.reduce((sum, { logprobs }, token) => {
          const expected = n * Math.exp(logprobs[5]!)
          return sum + (counts[token]! - expected) ** 2 / expected
        }, 0)
        // 60 degrees of freedom: mean 60, standard deviation 11.
        assert.isAbove(chiSquare, 30)
        assert.isBelow(chiSquare, 105)
      }).pipe(Effect.provide(engine())))

    it.effect("takes the likeliest token at temperature 0, with its log-prob at temperature 1", () =>
      Effect.gen(function*() {
        const { forward, sample } = yield* Engine
        const prompt = tokensOf(6, 2)
        const { logprobs, tokens } = yield* sample(request({ prompt, maxTokens: 1, temperature: 0 }))
        const scored = yield* forward(
          Array.from({ length: config.vocabularySize }, (_, token) => ({
            tokens: Int32Array.of(...prompt, token),
            weights: Float32Array.of(0, 0, 0, 0, 0, 1)
          })),
          "current"
        )
        const all = scored.map(({ logprobs }) => logprobs[5]!)
        assert.strictEqual(tokens[0], all.indexOf(Math.max(...all)))
        assert.approximately(logprobs[0]!, Math.max(...all), 1e-5)
      }).pipe(Effect.provide(engine())))

    it.effect("ends at a stop token, at maxTokens and where the context does", () =>
      Effect.gen(function*() {
        const { sample } = yield* Engine
        const free = yield* sample(request({ maxTokens: 8 }))
        assert.deepStrictEqual([free.tokens.length, free.stop], [8, "length"])
        const stopped = yield* sample(request({ maxTokens: 8, stop: [free.tokens[3]!] }))
        assert.deepStrictEqual([Array.from(stopped.tokens), stopped.stop], [
          Array.from(free.tokens.subarray(0, 4)),
          "stop"
        ])
        const full = yield* sample(request({ prompt: tokensOf(120, 1), maxTokens: 50 }))
        assert.deepStrictEqual([full.tokens.length, full.stop], [8, "length"])
      }).pipe(Effect.provide(engine())))

    it.effect("answers a short request while a long one is under way", () =>
      Effect.gen(function*() {
        const { sample } = yield* Engine
        const answered: Array<string> = []
        const long = yield* sample(request({ maxTokens: 100, family: "f" })).pipe(
          Effect.tap(() => Effect.sync(() => answered.push("long"))),
          Effect.forkChild
        )
        yield* sample(request({ maxTokens: 2, family: "f" }))
        answered.push("short")
        yield* Fiber.join(long)
        assert.deepStrictEqual(answered, ["short", "long"])
      }).pipe(Effect.provide(engine())))

    it.effect("goes on after a request was interrupted", () =>
      Effect.gen(function*() {
        const { optimStep, sample } = yield* Engine
        const fiber = yield* Effect.forkChild(sample(request({ maxTokens: 100 })), { startImmediately: true })
        yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        yield* optimStep(adam)
        assert.strictEqual((yield* sample(request())).tokens.length, 20)
      }).pipe(Effect.provide(engine())))

    it.effect("makes what is rewarded likelier and what is punished less likely", () =>
      Effect.gen(function*() {
        const { forward, forwardBackward, optimStep } = yield* Engine
        const data = [1, -1].map((weight) => ({
          tokens: tokensOf(12, weight),
          weights: new Float32Array(11).fill(weight / 22)
        }))
        const total = Effect.map(forward(data, "current"), (scored) =>
          scored.map(({ logprobs }) => logprobs.reduce((sum, logprob) => sum + logprob, 0)))
        const before = yield* total
        yield* forwardBackward(data)
        yield* optimStep({ ...adam, weightDecay: 0, learningRate: 1e-3 })
        const after = yield* total
        assert.isAbove(after[0]!, before[0]!)
        assert.isBelow(after[1]!, before[1]!)
      }).pipe(Effect.provide(engine())))

    it.effect("keeps the frozen reference while the weights move on", () =>
      Effect.gen(function*() {
        const { forward, forwardBackward, freezeReference, optimStep } = yield* Engine
        assert.strictEqual((yield* Effect.flip(forward(manyData, "reference"))).reason._tag, "RequestRejected")
        const before = yield* forward(manyData, "current")
        yield* freezeReference
        yield* forwardBackward(manyData)
        yield* optimStep(adam)
        assert.deepStrictEqual(yield* forward(manyData, "reference"), before)
        assert.notDeepEqual(yield* forward(manyData, "current"), before)
      }).pipe(Effect.provide(engine())))

    it.effect("does not step on a gradient that is not finite, and forgets it", () =>
      Effect.gen(function*() {
        const { forward, forwardBackward, optimStep } = yield* Engine
        const before = yield* forward(manyData, "current")
        yield* forwardBackward([{ tokens: tokensOf(5, 1), weights: Float32Array.of(1, Infinity, 0, 1) }])
        assert.strictEqual((yield* Effect.flip(optimStep(adam))).reason._tag, "NonFinite")
        assert.deepStrictEqual(yield* forward(manyData, "current"), before)
        yield* forwardBackward(manyData)
        assert.isAbove((yield* optimStep(adam)).gradientNorm ?? 0, 0)
      }).pipe(Effect.provide(engine())))

    it.effect("refuses what it cannot compute, with the numbers", () =>
      Effect.gen(function*() {
        const { forwardBackward, sample } = yield* Engine
        const sampling = (changes: Partial<SampleRequest>) =>
          Effect.map(Effect.flip(sample(request(changes))), ({ message }) => message)
        const training = (tokens: Int32Array, weights: number) =>
          Effect.map(
            Effect.flip(forwardBackward([{ tokens, weights: new Float32Array(weights) }])),
            ({ message }) => message
          )
        assert.include(yield* sampling({ prompt: new Int32Array(0) }), "empty")
        assert.include(yield* sampling({ prompt: tokensOf(128, 1) }), "128 tokens")
        assert.include(yield* sampling({ prompt: Int32Array.of(61) }), "token 61 is not in the vocabulary of 61")
        assert.include(yield* sampling({ temperature: -1 }), "-1")
        assert.include(yield* sampling({ maxTokens: 0 }), "0")
        assert.include(yield* training(tokensOf(129, 1), 128), "129 tokens")
        assert.include(yield* training(tokensOf(3, 1), 3), "3 weights for 3 tokens")
        assert.include(yield* training(Int32Array.of(1, -1), 1), "token -1")
      }).pipe(Effect.provide(engine())))

    it.effect("goes on from saved weights and optimiser state as if it had never stopped", () =>
      Effect.gen(function*() {
        const train = Effect.gen(function*() {
          const { forwardBackward, optimStep } = yield* Engine
          yield* forwardBackward(manyData)
          yield* optimStep(adam)
        })
        const [middle, end] = yield* Effect.gen(function*() {
          yield* train
          const middle = yield* saved("middle")
          yield* train
          return [middle, yield* weightsIn(yield* saved("end"))] as const
        }).pipe(Effect.provide(engine()))
        const resumed = yield* Effect.gen(function*() {
          yield* train
          return yield* weightsIn(yield* saved("resumed"))
        }).pipe(Effect.provide(engine({ weights: middle, seed: 99 })))
        assert.deepStrictEqual(resumed, end)
      }))

    it.effect("never overwrites saved weights", () =>
      Effect.gen(function*() {
        const { save } = yield* Engine
        const folder = yield* saved("weights")
        const before = yield* weightsIn(folder)
        const { reason } = yield* Effect.flip(save(folder))
        assert.strictEqual(reason._tag, "WeightsUnusable")
        assert.deepStrictEqual(yield* weightsIn(folder), before)
      }).pipe(Effect.provide(engine())))

    it.effect("says why weights do not fit", () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const folder = yield* Effect.provide(saved("weights"), engine())
        const file = path.join(folder, "model.safetensors")
        const refusal = (changes: Partial<EngineEmbedded.Options>) =>
          Effect.map(
            Effect.flip(Effect.provide(Engine, engine({ weights: folder, ...changes }))),
            ({ message }) => message
          )
        assert.include(yield* refusal({ vocabulary: "v2" }), "vocabulary \"v1\", not \"v2\"")
        assert.include(
          yield* refusal({ config: new ModelConfig({ ...config, dFeedForward: 72 }) }),
          "mlp.gate_proj.weight has shape [64, 32], not [72, 32]"
        )
        assert.include(yield* refusal({ config: new ModelConfig({ ...config, layers: 3 }) }), "layers.2")
        assert.include(yield* refusal({ weights: path.join(folder, "nowhere") }), "nowhere")
        const whole = yield* files.readFile(file)
        yield* files.writeFile(file, whole.subarray(0, whole.length - 4))
        assert.include(yield* refusal({}), "cut off")
        yield* files.writeFileString(file, "# weights\n")
        assert.include(yield* refusal({}), "not safetensors")
      }))

    it.effect("tells what saved weights are for", () =>
      Effect.gen(function*() {
        const folder = yield* Effect.provide(saved("weights"), engine())
        assert.deepStrictEqual(yield* EngineEmbedded.describe(folder), { config, vocabulary: "v1" })
      }))

    it.effect("writes files that name Hugging Face's tensors", () =>
      Effect.gen(function*() {
        const { model } = yield* weightsIn(yield* saved("weights"))
        const { tensors } = yield* Effect.fromResult(Safetensors.decode(model))
        assert.deepStrictEqual(tensors.get("model.embed_tokens.weight")?.shape, [61, 32])
        assert.deepStrictEqual(tensors.get("model.layers.1.self_attn.k_proj.weight")?.shape, [16, 32])
        assert.deepStrictEqual(tensors.get("model.layers.0.mlp.down_proj.weight")?.shape, [32, 64])
        assert.deepStrictEqual(tensors.get("model.norm.weight")?.shape, [32])
      }).pipe(Effect.provide(engine())))
  })
})
