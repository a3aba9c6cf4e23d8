import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { ModelConfig } from "../../../src/domain/Transformer.ts"
import * as Pool from "../../../src/layers/embedded/Pool.ts"
import { kernelsModule, Machine } from "./Machine.ts"

const config = new ModelConfig({
  vocabularySize: 16,
  dModel: 8,
  layers: 1,
  heads: 1,
  kvHeads: 1,
  headDim: 8,
  dFeedForward: 8,
  contextLength: 16
})

/** A pool whose memory is too small for its map: the first command that touches weights traps. */
const doomed = Effect.suspend(() =>
  Pool.make({
    map: new Machine(config, 1).map,
    memory: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }),
    kernels: kernelsModule
  })
)

describe("Pool", () => {
  it.live("fails what is under way, and all that follows, when a worker dies", () =>
    Effect.gen(function*() {
      const pool = yield* doomed
      const request = { prompt: Int32Array.of(1), maxTokens: 1, temperature: 1, stop: [], seed: 1 }
      const [command, sample] = yield* Effect.all(
        [Effect.flip(pool.one(0, { _tag: "Prepare" })), Effect.flip(pool.sample(request))],
        { concurrency: "unbounded" }
      )
      for (const error of [command, sample, yield* Effect.flip(pool.one(0, { _tag: "Prepare" }))]) {
        assert.strictEqual(error.reason._tag, "EngineUnavailable")
        assert.include(error.message, "worker 0 failed")
      }
    }))

  it.live("fails what is asked of it after its scope has closed", () =>
    Effect.gen(function*() {
      const pool = yield* Effect.scoped(doomed)
      const error = yield* Effect.flip(pool.one(0, { _tag: "Prepare" }))
      assert.include(error.message, "closed")
    }))
})
