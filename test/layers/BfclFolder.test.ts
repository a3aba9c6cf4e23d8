import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { Entry } from "../../src/domain/bfcl/Entry.ts"
import { ofPart, Tasks } from "../../src/domain/Tasks.ts"
import * as BfclFolder from "../../src/layers/BfclFolder.ts"
import { carEntry, lockAll } from "../domain/bfcl/entries.ts"
import { constants, filesOf, writeFolder } from "./benchmark.ts"

const entry = carEntry([lockAll])

layer(NodeServices.layer)("a BFCL folder", (it) => {
  it.effect("is read whole", () =>
    Effect.gen(function*() {
      const benchmark = yield* BfclFolder.read(yield* writeFolder(filesOf(entry)))
      assert.deepStrictEqual(benchmark.entries, [entry])
      assert.include(benchmark.documents.get("TravelAPI")!.map(({ tool }) => tool.name), "book_flight")
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

  const questions = "BFCL_v4_multi_turn_base.json"

  it.effect("names the question of an entry that cannot be played", () =>
    Effect.gen(function*() {
      const refused = Effect.fnUntraced(function*(changes: Partial<Entry>) {
        const bad = filesOf({ ...entry, ...changes, id: "multi_turn_base_1" })
        const files = filesOf(entry)
        const joined = (name: string) => `${files[name]}\n${bad[name]}`
        const answers = `possible_answer/${questions}`
        const folder = yield* writeFolder({
          ...files,
          [questions]: joined(questions),
          [answers]: joined(answers)
        })
        return (yield* Effect.flip(BfclFolder.read(folder))).message.replace(folder, "")
      })
      assert.strictEqual(
        yield* refused({ classes: ["VehicleControlAPI", "Bicycle"] }),
        `/${questions}:3: multi_turn_base_1: there is no class Bicycle`
      )
      assert.strictEqual(
        yield* refused({ classes: ["GorillaFileSystem"], initialConfig: "{\"GorillaFileSystem\": {\"root\": 5}}" }),
        `/${questions}:3: multi_turn_base_1: its configuration cannot be loaded: ` +
          "AttributeError: 'int' object has no attribute 'keys'"
      )
    }))

  it.effect("reads what can be read, and tells of the rest", () =>
    Effect.gen(function*() {
      const files = filesOf(entry)
      const folder = yield* writeFolder({ ...files, [questions]: `{\n${files[questions]}[]\n` })
      const { broken, contents } = yield* BfclFolder.survey(folder)
      assert.deepStrictEqual(contents.entries, [entry])
      assert.deepStrictEqual(broken.map(({ line }) => line), [1, 3])
      assert.deepStrictEqual(yield* Effect.flip(BfclFolder.read(folder)), broken[0])
    }))

  it.effect("names the constants of long contexts that are missing, or are something else", () =>
    Effect.gen(function*() {
      const refused = Effect.fnUntraced(function*(text: string) {
        const folder = yield* writeFolder({ ...filesOf(entry), "long_context.json": text })
        return (yield* Effect.flip(BfclFolder.read(folder))).message.replace(folder, "")
      })
      const { FILE_CONTENT_EXTENSION: _, ...others } = constants
      assert.strictEqual(
        yield* refused(JSON.stringify({ ...others, MA_5_EXTENSION: "", CREDIT_CARD_EXTENSION: [] })),
        "/long_context.json: it has no FILE_CONTENT_EXTENSION; MA_5_EXTENSION is no list; " +
          "CREDIT_CARD_EXTENSION is no object"
      )
      assert.match(yield* refused("{}"), /^\/long_context\.json: it has no WATCH_LIST_EXTENSION, .*, FILES_TAIL_USED$/)
      assert.match(yield* refused("[]"), /^\/long_context\.json: /)
    }))
})
