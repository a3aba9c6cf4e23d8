/** Serves the embedded engine to anybody's Tinker client. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, Layer, Path, type Scope } from "effect"
import * as HttpServer from "effect/http/HttpServer"
import type { ServeError } from "effect/http/HttpServerError"
import { createServer } from "node:http"
import type { EngineError } from "../domain/Engine.ts"
import { ModelConfig } from "../domain/Transformer.ts"
import * as EngineEmbedded from "../layers/EngineEmbedded.ts"
import * as TinkerServer from "../layers/TinkerServer.ts"
import { type Platform, Unavailable } from "./refusal.ts"

export interface ServeOptions {
  /** The folder of the weights that every model begins with. */
  readonly weights: string
  readonly host: string
  /** 0 takes one that is free. */
  readonly port: number
  /** The folder that weights are saved in; made when something is. */
  readonly checkpoints: string
  /** Worker threads of each engine. */
  readonly workers: number | undefined
  /** Takes each line about the server. */
  readonly say: (line: string) => Effect.Effect<void>
}

/** Contexts that hold a benchmark instance; positions are rotary, so no model needs a change for it. */
const leastContext = 2048

/** Long polls do not keep a server from ending. */
const shutdownTimeout = "1 second"

const notListening = ({ host, port }: ServeOptions) => ({ cause }: ServeError): Unavailable => {
  const inUse = cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE"
  return new Unavailable({
    detail: inUse
      ? `port ${port} of ${host} is in use; --port takes another, 0 any that is free`
      : `nothing can be served on port ${port} of ${host}: ${cause instanceof Error ? cause.message : String(cause)}`
  })
}

/** Serves until it is interrupted. */
export const serve: (
  options: ServeOptions
) => Effect.Effect<never, EngineError | Unavailable, Platform> = Effect.fn("serve")(
  function*(
    options: ServeOptions
  ): Effect.fn.Return<never, EngineError | Unavailable, Platform | Scope.Scope> {
    const { checkpoints, host, port, say, weights, workers } = options
    const path = yield* Path.Path
    const purpose = yield* EngineEmbedded.describe(weights)
    const contextLength = Math.max(purpose.config.contextLength, leastContext)
    const config = new ModelConfig({ ...purpose.config, contextLength })
    const model = `envtune/${path.basename(path.resolve(weights))}`
    const server = TinkerServer.layer({
      model,
      contextLength,
      base: weights,
      checkpoints,
      engine: (folder) =>
        EngineEmbedded.layer({
          config,
          vocabulary: purpose.vocabulary,
          weights: folder,
          seed: 0,
          ...(workers !== undefined && { workers })
        })
    })
    const http = yield* NodeHttpServer.make(() => createServer(), {
      host,
      port,
      gracefulShutdownTimeout: shutdownTimeout
    }).pipe(Effect.mapError(notListening(options)))
    yield* Effect.provideService(Layer.build(server), HttpServer.HttpServer, http)
    yield* say(`serving ${model} at ${HttpServer.formatAddress(http.address)}`)
    return yield* Effect.never
  },
  Effect.scoped
)
