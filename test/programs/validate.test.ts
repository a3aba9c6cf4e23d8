import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { validate } from "../../src/programs/validate.ts"
import { carEntry, lockAll, pressBrake, start } from "../domain/bfcl/entries.ts"
import { filesOf, writeFolder } from "../layers/benchmark.ts"

const answers = "possible_answer/BFCL_v4_multi_turn_base.json"
const questions = "BFCL_v4_multi_turn_base.json"

const good = carEntry([lockAll], [pressBrake, start])
const bad = { ...carEntry([lockAll], [start]), id: "multi_turn_base_1", scenario: 1 }

/** A folder with all of these entries, an empty line after each. */
const folderOf = (...entries: ReadonlyArray<typeof good>) => {
  const all = entries.map(filesOf)
  const joined = (name: string) => all.map((files) => files[name]).join("\n")
  return writeFolder({ ...all[0], [questions]: joined(questions), [answers]: joined(answers) })
}

layer(NodeServices.layer)("validate", (it) => {
  it.effect("counts what it plays, on any number of workers", () =>
    Effect.gen(function*() {
      const data = yield* folderOf(good, { ...good, id: "multi_turn_base_3" })
      for (const workers of [1, 2, 5]) {
        const { broken, lines } = yield* TestClock.withLive(validate({ data, workers, times: 2 }))
        assert.strictEqual(broken, 0)
        assert.match(lines[5]!, /^all +2 +4 +6 +2$/)
        assert.match(lines.at(-1)!, /^2 instances played 2 times on \d workers? in \d+\.\d\d s: [\d,]+ instances\/s, /)
      }
    }))

  it.effect("names the line of a ground truth that is broken", () =>
    Effect.gen(function*() {
      const data = yield* folderOf(good, bad)
      const { broken, lines } = yield* validate({ data, workers: 2, times: 1 })
      assert.strictEqual(broken, 1)
      assert.match(lines[5]!, /^all +2 +4 +5 +1$/)
      assert.include(
        lines[6],
        `${data}/${answers}:3: multi_turn_base_1: turn 1: startEngine(ignitionMode='START') fails: `
      )
    }))

  it.effect("shows the first of many", () =>
    Effect.gen(function*() {
      const data = yield* folderOf(...Array.from({ length: 25 }, (_, i) => ({ ...bad, id: `multi_turn_base_${i}` })))
      const { broken, lines } = yield* validate({ data, workers: 2, times: 1 })
      assert.strictEqual(broken, 25)
      assert.strictEqual(lines[26], "and 5 more")
    }))

  it.effect("does not take nothing for valid", () =>
    Effect.gen(function*() {
      const data = yield* writeFolder({ ...filesOf(good), [questions]: "", [answers]: "" })
      const error = yield* Effect.flip(validate({ data, workers: 1, times: 1 }))
      assert.strictEqual(error.message, `${data}: there are no instances`)
    }))

  it.effect("names every place that is broken, whatever is wrong there", () =>
    Effect.gen(function*() {
      const unknown = { ...good, id: "multi_turn_base_2", classes: ["Bicycle"] }
      const unloadable = {
        ...good,
        id: "multi_turn_base_3",
        initialConfig: "{\"VehicleControlAPI\": {\"doorStatus\": 5}}"
      }
      const all = [bad, unknown, unloadable, good].map(filesOf)
      const joined = (name: string) => `${all.map((files) => files[name]).join("")}{"id": "multi_tu`
      const documents = "multi_turn_func_doc/math_api.json"
      const data = yield* writeFolder({
        ...all[0],
        [questions]: joined(questions),
        [answers]: joined(answers),
        [documents]: all[0]![documents]!.replace(/^.*\n/, "")
      })
      const { broken, lines } = yield* validate({ data, workers: 2, times: 1 })
      assert.strictEqual(broken, 6)
      const places = lines.slice(6, 12).map((line) => line.slice(data.length + 1))
      assert.deepStrictEqual(places.map((place) => place.split(": ")[0]), [
        `${answers}:5`,
        `${questions}:5`,
        documents,
        `${answers}:1`,
        `${questions}:2`,
        `${questions}:3`
      ])
      assert.deepStrictEqual(places.slice(2, 3).concat(places.slice(4)).map((place) => place.replace(/^.*?: /, "")), [
        "there is no document of logarithm",
        "multi_turn_base_2: there is no class Bicycle",
        "multi_turn_base_3: its configuration cannot be loaded: AttributeError: 'int' object has no attribute 'keys'"
      ])
    }))

  it.effect("says when the constants of long contexts are somebody's own", () =>
    Effect.gen(function*() {
      const data = yield* folderOf(good)
      const { broken, lines } = yield* validate({ data, workers: 1, times: 1 })
      assert.strictEqual(broken, 0)
      assert.include(lines.at(-2), `${data}/long_context.json: these are not the constants of `)
    }))
})
