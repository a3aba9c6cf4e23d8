import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { explore } from "../../../src/domain/bfcl/Exploration.ts"
import { classNames, toolsetOf } from "../../../src/domain/bfcl/Toolsets.ts"

const calls = 400

describe("random calls", () => {
  for (const toolset of classNames.flatMap((name) => toolsetOf(name) ?? [])) {
    const declared = new Set(toolset.tools.flatMap(({ failures, name }) => failures.map((kind) => `${name} ${kind}`)))

    it.prop(
      `of ${toolset.name} fail as its tools declare, or with an exception of Python's`,
      [Schema.Int],
      ([seed]) => {
        for (const { call, failure: { kind }, tool } of explore(toolset, seed, calls)) {
          assert.isTrue(kind === "python_error" || declared.has(`${tool} ${kind}`), `${call} is ${kind}`)
        }
      }
    )

    it(`of ${toolset.name} are the same for the same seed, and others for another`, () => {
      const [first, again, other] = [1, 1, 2].map((seed) =>
        Array.from(explore(toolset, seed, calls), ({ call, text }) => `${call} ${text}`)
      )
      assert.deepStrictEqual(first, again)
      assert.notDeepEqual(first, other)
    })
  }
})
