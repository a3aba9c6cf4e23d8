import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { survive } from "./crash/survive.ts"

describe("a run that is killed", () => {
  it.live("ends, once it is resumed, as one that was left alone", () =>
    Effect.gen(function*() {
      const survived: Array<string> = []
      yield* survive(3, 3, (sentence) => Effect.sync(() => survived.push(sentence)))
      assert.lengthOf(survived, 3)
    }).pipe(Effect.provide(NodeServices.layer)))
})
