import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, FileSystem, Layer, Path } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Base from "../../src/layers/Base.ts"
import { serve, type ServeOptions } from "../../src/programs/serve.ts"

const options = (changes: Partial<ServeOptions> = {}) =>
  Effect.map(Base.read(), ({ folder }): ServeOptions => ({
    weights: folder,
    host: "127.0.0.1",
    port: 0,
    checkpoints: "nowhere",
    workers: 1,
    say: () => Effect.void,
    ...changes
  }))

/** A server that ends with the scope, and its URL. */
const serving = Effect.gen(function*() {
  const said = yield* Deferred.make<string>()
  const given = yield* options({ say: (line) => Deferred.succeed(said, line) })
  const fiber = yield* Effect.forkScoped(serve(given))
  const line = yield* Effect.raceFirst(Deferred.await(said), Fiber.join(fiber))
  return { fiber, line, url: line.slice(line.indexOf("http://")) }
})

describe("serve", () => {
  layer(Layer.merge(NodeServices.layer, NodeHttpClient.layerUndici), { excludeTestServices: true })((it) => {
    it.effect("says where it serves what, and leaves the port when it is interrupted", () =>
      Effect.gen(function*() {
        const { fiber, line, url } = yield* serving
        assert.match(line, /^serving envtune\/base at http:\/\/127\.0\.0\.1:\d+$/)
        const answer = HttpClient.get(`${url}/api/v1/get_server_capabilities`)
        assert.include(yield* Effect.flatMap(answer, ({ text }) => text), "\"max_context_length\":2048")
        const port = Number(new URL(url).port)
        const taken = yield* Effect.flip(Effect.flatMap(options({ port }), serve))
        assert.include(taken.message, `port ${port} of 127.0.0.1 is in use`)
        yield* Fiber.interrupt(fiber)
        assert.isTrue((yield* Effect.exit(answer))._tag === "Failure")
      }))

    it.effect("says what is wrong with weights or an address before it serves", () =>
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const path = yield* Path.Path
        const folder = yield* files.makeTempDirectoryScoped({ prefix: "envtune-" })
        const missing = yield* Effect.flip(Effect.flatMap(options({ weights: folder }), serve))
        assert.include(missing.message, path.join(folder, "model.safetensors"))
        const elsewhere = yield* Effect.flip(Effect.flatMap(options({ host: "203.0.113.1" }), serve))
        assert.include(elsewhere.message, "nothing can be served on port 0 of 203.0.113.1")
      }))
  })
})
