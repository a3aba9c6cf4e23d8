/** A Tinker server of a model that is small enough to start one for a test. */
import { Effect, FileSystem, Layer, Path } from "effect"
import { Engine } from "../../src/domain/Engine.ts"
import { ModelConfig } from "../../src/domain/Transformer.ts"
import * as EngineEmbedded from "../../src/layers/EngineEmbedded.ts"
import * as TinkerServer from "../../src/layers/TinkerServer.ts"
import { tinyModel } from "../domain/tinyModel.ts"

export const config = new ModelConfig({ ...tinyModel, vocabularySize: 64, contextLength: 64 })

/** The engine behind the server. */
export const engine = (weights?: string) =>
  EngineEmbedded.layer({ config, seed: 3, workers: 1, cacheSize: 1, ...(weights !== undefined && { weights }) })

export const model = "envtune/test"

/** The server's routes; what is saved is gone with them. */
export const server = Layer.unwrap(
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const folder = yield* files.makeTempDirectoryScoped({ prefix: "envtune-" })
    const base = path.join(folder, "base")
    yield* Effect.flatMap(Engine, ({ save }) => save(base)).pipe(Effect.provide(engine()))
    return TinkerServer.layer({
      model,
      contextLength: config.contextLength,
      base,
      engine,
      checkpoints: path.join(folder, "checkpoints")
    })
  })
)
