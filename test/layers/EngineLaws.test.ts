import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer, Path, References, type Scope } from "effect"
import * as HttpServer from "effect/http/HttpServer"
import { createServer } from "node:http"
import type { Engine } from "../../src/domain/Engine.ts"
import { presets, type ServerProfile } from "../../src/domain/tinker/ServerProfile.ts"
import * as EngineTinker from "../../src/layers/EngineTinker.ts"
import * as TinkerClientHttp from "../../src/layers/TinkerClientHttp.ts"
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
