import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect } from "effect"
import { homedir } from "node:os"
import { bfcl } from "../../src/domain/bfcl/Release.ts"
import { folder } from "../../src/layers/BfclCache.ts"

const inside = (variables: Record<string, string>) =>
  Effect.provide(folder, ConfigProvider.layer(ConfigProvider.fromEnv({ env: variables })))

describe("the cache", () => {
  it.effect("is where XDG says, or in the home folder", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* inside({ XDG_CACHE_HOME: "/var/mine" }), `/var/mine/envtune/${bfcl.id}`)
      const usual = `${homedir()}/.cache/envtune/${bfcl.id}`
      assert.strictEqual(yield* inside({}), usual)
      assert.strictEqual(yield* inside({ XDG_CACHE_HOME: "not/absolute" }), usual)
    }))
})
