import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer, Path, References, type Scope } from "effect"
import * as HttpServer from "effect/http/HttpServer"
import { createServer } from "node:http"
import { type Datum, Engine } from "../../src/domain/Engine.ts"
import * as Reward from "../../src/domain/Reward.ts"
import * as Seed from "../../src/domain/Seed.ts"
import { fromEpisode } from "../../src/domain/Segment.ts"
import * as Task from "../../src/domain/Task.ts"
import { presets, type ServerProfile } from "../../src/domain/tinker/ServerProfile.ts"
import { type Batch, type Group, type Member, paper, Trainer } from "../../src/domain/Trainer.ts"
import * as EngineTinker from "../../src/layers/EngineTinker.ts"
import * as TinkerClientHttp from "../../src/layers/TinkerClientHttp.ts"
import * as TrainerGrpo from "../../src/layers/TrainerGrpo.ts"
import { laws } from "./EngineLaws.ts"
import { config, engine, model, server } from "./served.ts"

type Platform = FileSystem.FileSystem | Path.Path

const checkpoint: Effect.Effect<string, never, Platform | Scope.Scope> = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return path.join(yield* Effect.orDie(files.makeTempDirectoryScoped({ prefix: "envtune-" })), "weights")
})

/** Tests every law on an engine of its own, with what all of them share. */
const engineLaws = <R, E, E2>(
  name: string,
  makeEngine: Layer.Layer<Engine, E, R | Platform>,
  shared: Layer.Layer<R | Platform, E2>
): void => {
  describe(`the laws of engines hold for ${name}`, () => {
    layer(shared, { excludeTestServices: true })((it) => {
      for (const { miss, name, tolerance } of laws(checkpoint)) {
        it.effect(
          name,
          () => Effect.map(Effect.provide(miss, makeEngine), (missed) => assert.isAtMost(missed, tolerance))
        )
      }
    })
  })
}

engineLaws("the embedded engine", engine(), NodeServices.layer)

/** An episode of one message, as if weights had sampled it that found some tokens likelier and some less so. */
const member = (advantage: number, seed: number): Member => {
  const draws = new Seed.Draws(Seed.derive("sampled", seed))
  const tokensOf = (length: number) => Int32Array.from({ length }, () => draws.below(config.vocabularySize))
  const tokens = {
    prompt: tokensOf(6),
    completion: tokensOf(16),
    logprobs: Float32Array.from({ length: 16 }, () => -Math.log(config.vocabularySize) + draws.uniform() - 0.5)
  }
  return {
    episode: {
      task: Task.make("t", null),
      seed,
      turns: 1,
      steps: [{
        turn: 0,
        observed: [],
        completion: { message: { role: "assistant", content: "" }, tokens, stop: "stop" },
        transition: { code: -1, messages: [], outcomes: [], done: true }
      }],
      stop: "completed"
    },
    score: Reward.scored(0, {}, [0]),
    advantage
  }
}

const dataOf = ({ members }: Group): ReadonlyArray<Datum> =>
  members.flatMap(({ episode }) => fromEpisode(episode).map(({ mask, tokens }) => ({ tokens, weights: mask })))

const batch: Batch = {
  stage: "one",
  step: 1,
  groups: [{ task: Task.make("t", null), members: [member(1, 11), member(-1, 14)] }],
  optimization: {
    ...paper,
    loss: { ...paper.loss, klCoefficient: 0, entropyCoefficient: 0, dualClip: null },
    learningRate: 1e-3,
    weightDecay: 0
  },
  stageStep: 0,
  updatesBefore: 0,
  staleness: 1
}

const listening = NodeHttpServer.layerServer(() => createServer(), { host: "127.0.0.1", port: 0 })

const serving = Layer.mergeAll(server, NodeHttpClient.layerUndici, Layer.succeed(References.MinimumLogLevel, "Warn"))
  .pipe(
    Layer.provideMerge(Layer.merge(listening, NodeServices.layer))
  )

const overTinker = (profile: ServerProfile) =>
  Layer.unwrap(Effect.map(HttpServer.HttpServer, ({ address }) =>
    EngineTinker.layer({
      baseModel: model,
      profile,
      training: "full",
      vocabularySize: config.vocabularySize,
      contextLength: config.contextLength
    }).pipe(
      Layer.provide(TinkerClientHttp.layer({ url: HttpServer.formatAddress(address), wire: profile.wire }))
    )))

engineLaws("serve-engine, in JSON", overTinker(presets.custom), serving)

engineLaws(
  "serve-engine, in protocol buffers with importance sampling as the linear loss",
  overTinker({ ...presets.custom, wire: "proto", linearLoss: "importance_sampling" }),
  serving
)

/** What an update by a batch comes to that other weights have sampled, through the server's ppo or not. */
const updated = (ppo: boolean, linearLoss: ServerProfile["linearLoss"]) =>
  Effect.gen(function*() {
    const { forward, freezeReference } = yield* Engine
    const trainer = yield* Trainer
    yield* freezeReference
    const update = yield* trainer.step(batch)
    const after = yield* forward(batch.groups.flatMap(dataOf), "current")
    return { update, after: after.flatMap(({ logprobs }) => Array.from(logprobs)) }
  }).pipe(
    Effect.provide(Layer.provideMerge(TrainerGrpo.layer, overTinker({ ...presets.custom, ppo, linearLoss })))
  )

describe("serve-engine", () => {
  layer(serving, { excludeTestServices: true })((it) => {
    it.effect("has the paper's gradient in its ppo, where the loss has neither KL nor dual clip", () =>
      Effect.gen(function*() {
        const expected = yield* updated(false, "cross_entropy")
        assert.isAbove(expected.update.clipFraction, 0.1)
        assert.isBelow(expected.update.clipFraction, 0.9)
        for (const linearLoss of ["cross_entropy", "importance_sampling"] as const) {
          const { after, update } = yield* updated(true, linearLoss)
          for (const [name, value] of Object.entries(expected.update)) {
            assert.approximately(Reflect.get(update, name), value, 1e-4 * (1 + Math.abs(value)), name)
          }
          after.forEach((logprob, t) => assert.approximately(logprob, expected.after[t]!, 1e-3))
        }
      }))

    it.effect("keeps the weights of a snapshot while training goes on", () =>
      Effect.gen(function*() {
        const { freezeReference, sample, snapshot } = yield* Engine
        const trainer = yield* Trainer
        assert(snapshot !== undefined)
        const request = { prompt: Int32Array.of(5, 6, 7), maxTokens: 8, temperature: 0, stop: [], seed: 1 }
        yield* freezeReference
        const before = yield* sample(request)
        const early = yield* snapshot
        yield* trainer.step(batch)
        assert.deepStrictEqual(yield* early(request), before)
        assert.notDeepEqual((yield* sample(request)).logprobs, before.logprobs)
      }).pipe(
        Effect.provide(
          Layer.provideMerge(TrainerGrpo.layer, overTinker({ ...presets.custom, reference: "base-sampler" }))
        )
      ))
  })
})

describe("the laws of engines", () => {
  layer(serving, { excludeTestServices: true })((it) => {
    it.effect("do not hold where a profile is wrong about what the server divides by", () =>
      Effect.gen(function*() {
        const mistaken = overTinker({ ...presets.custom, linearLoss: "importance_sampling", reduction: "mean" })
        const broken = []
        for (const { miss, name, tolerance } of laws(checkpoint)) {
          if ((yield* Effect.provide(miss, mistaken)) > tolerance) broken.push(name)
        }
        assert.deepStrictEqual(broken, ["gradients of data add up: |a + b|^2 + |a - b|^2 = 2 |a|^2 + 2 |b|^2"])
      }))
  })
})
