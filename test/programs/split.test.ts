import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { inspect } from "../../src/programs/split.ts"
import { carEntry, lockAll } from "../domain/bfcl/entries.ts"
import { filesOf, writeFolder } from "../layers/benchmark.ts"

const folderOf = (sides: object) => writeFolder({ ...filesOf(carEntry([lockAll])), "mine.json": JSON.stringify(sides) })

layer(NodeServices.layer)("split", (it) => {
  it.effect("counts both sides, and says what they share", () =>
    Effect.gen(function*() {
      const data = yield* folderOf({ train: [0], test: ["multi_turn_base_0"] })
      const { leaks, lines } = yield* inspect({ data, split: `${data}/mine.json` })
      assert.isTrue(leaks)
      assert.deepStrictEqual(lines.slice(1, 4).map((line) => line.trim().replaceAll(/ +/g, " ")), [
        "train 1 0 0 0 1",
        "test 1 0 0 0 1",
        "train and test have in common: 1 id, 1 scenario, 1 initial state, 1 answer"
      ])
    }))

  it.effect("says which side is empty", () =>
    Effect.gen(function*() {
      const data = yield* folderOf({ train: [0], test: [] })
      const { leaks, lines } = yield* inspect({ data, split: `${data}/mine.json` })
      assert.isFalse(leaks)
      assert.include(lines, "nothing is in test")
    }))

  it.effect("refuses a side that names what is not there", () =>
    Effect.gen(function*() {
      const data = yield* folderOf({ train: [0], test: [1] })
      const error = yield* Effect.flip(inspect({ data, split: `${data}/mine.json` }))
      assert.strictEqual(
        error.message,
        `${data}/mine.json: its test side names what the data do not have: scenario 1`
      )
    }))
})
