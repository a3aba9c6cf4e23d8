import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, FileSystem, type Layer, Path, type Scope } from "effect"
import type { Engine } from "../../src/domain/Engine.ts"
import { ModelConfig } from "../../src/domain/Transformer.ts"
import * as EngineEmbedded from "../../src/layers/EngineEmbedded.ts"
import { laws } from "./EngineLaws.ts"

const config = new ModelConfig({
  vocabularySize: 64,
  dModel: 32,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  dFeedForward: 64,
  contextLength: 128
})

const embedded = (folder?: string) =>
  EngineEmbedded.layer({
    config,
    seed: 3,
    workers: 1,
    cacheSize: 1,
    ...(folder !== undefined && { weights: folder })
  })

const temporary = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return path.join(yield* Effect.orDie(files.makeTempDirectoryScoped({ prefix: "envtune-" })), "weights")
})

/** Tests every law on an engine of its own. */
const engineLaws = <E>(
  name: string,
  makeEngine: Layer.Layer<Engine, E, FileSystem.FileSystem | Path.Path>,
  checkpoint: Effect.Effect<string, never, FileSystem.FileSystem | Path.Path | Scope.Scope>
): void => {
  describe(`the laws of engines hold for ${name}`, () => {
    layer(NodeServices.layer)((it) => {
      for (const { miss, name, tolerance } of laws(checkpoint)) {
        it.effect(
          name,
          () => Effect.map(Effect.provide(miss, makeEngine), (missed) => assert.isAtMost(missed, tolerance))
        )
      }
    })
  })
}

engineLaws("the embedded engine", embedded(), temporary)
