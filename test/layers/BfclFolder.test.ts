import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { ofPart, Tasks } from "../../src/domain/Tasks.ts"
import * as BfclFolder from "../../src/layers/BfclFolder.ts"
import { carEntry, lockAll } from "../domain/bfcl/entries.ts"
import { filesOf, writeFolder } from "./benchmark.ts"

const entry = carEntry([lockAll])

layer(NodeServices.layer)("a BFCL folder", (it) => {
  it.effect("is read whole", () =>
    Effect.gen(function*() {
      const benchmark = yield* BfclFolder.read(yield* writeFolder(filesOf(entry)))
      assert.deepStrictEqual(benchmark.entries, [entry])
      assert.deepStrictEqual(benchmark.documents.get("TravelAPI")?.map(({ tool }) => tool.name), [
        "tool_of_travel_booking"
      ])
      assert.isTrue(benchmark.longContext.constants.has("CREDIT_CARD_EXTENSION"))
      assert.isTrue(benchmark.split.train.has(entry.id))
    }))

  it.effect("gives tasks", () =>
    Effect.gen(function*() {
      const folder = yield* writeFolder(filesOf(entry))
      const tasks = yield* Effect.provide(Tasks, BfclFolder.layer(folder))
      assert.deepStrictEqual(ofPart(tasks.all, "train").map(({ id }) => id), [entry.id])
      assert.strictEqual(tasks.provenance.folder, folder)
    }))

  it.effect("refuses a split that tests on what it trains on, and says what it found", () =>
    Effect.gen(function*() {
      const split = "{\"train\": [0], \"test\": [\"multi_turn_base_0\"]}"
      const folder = yield* writeFolder({ ...filesOf(entry), "mine.json": split })
      const error = yield* Effect.flip(Effect.provide(Tasks, BfclFolder.layer(folder, `${folder}/mine.json`)))
      assert.strictEqual(
        error.message,
        "1 scenarios are in the training part and in an evaluated part: bfcl-0; they share 1 id, 1 scenario, " +
          "1 initial state, 1 answer"
      )
    }))

  it.effect("tests on everything when asked to", () =>
    Effect.gen(function*() {
      const folder = yield* writeFolder(filesOf(entry))
      const tasks = yield* Effect.provide(Tasks, BfclFolder.layer(folder, "all"))
      assert.deepStrictEqual(tasks.all.map(({ part }) => part), ["test"])
    }))

  it.effect("names the file and the line that cannot be read", () =>
    Effect.gen(function*() {
      const name = "possible_answer/BFCL_v4_multi_turn_base.json"
      const folder = yield* writeFolder({ ...filesOf(entry), [name]: "{\"id\": \"x\"}\n" })
      const error = yield* Effect.flip(BfclFolder.read(folder))
      assert.isTrue(error.message.startsWith(`${folder}/${name}:1: `), error.message)
    }))

  it.effect("names the file that is missing, and the command that brings it", () =>
    Effect.gen(function*() {
      const { "long_context.json": _, ...files } = filesOf(entry)
      const folder = yield* writeFolder(files)
      const help = `: no such file or folder; \`envtune data pull --to ${folder}\` brings BFCL's files there`
      assert.strictEqual(
        (yield* Effect.flip(BfclFolder.read(folder))).message,
        `${folder}/long_context.json${help}`
      )
      assert.strictEqual(
        (yield* Effect.flip(BfclFolder.read(`${folder}/not`))).message,
        `${folder}/not${help.replace(folder, `${folder}/not`)}`
      )
    }))
})
