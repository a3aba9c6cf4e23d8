import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as ResultFolder from "../../src/layers/ResultFolder.ts"
import { writeFolder } from "./benchmark.ts"

const line = (id: string): string => `{"id": "${id}", "result": [["Done."]]}\n`
const said = (id: string, step: string) => `{"id": "${id}", "result": [["${step}"]], "inference_log": [1.0]}`
const name = (category: string): string => `BFCL_v4_multi_turn_${category}_result.json`

const settings = (loop: string) => JSON.stringify({ version: "1", settings: { loop, seed: 0 } })

const listed = Effect.fnUntraced(function*(folder: string) {
  const models = yield* ResultFolder.list(folder)
  return models.map(({ files, model, sample }) => [sample, model, files.map(({ category }) => category)])
})

layer(NodeServices.layer)("a folder of results", (it) => {
  it.effect("has models by name, in today's layout and the first one, and their categories in BFCL's order", () =>
    Effect.gen(function*() {
      const folder = yield* writeFolder({
        [`new/multi_turn/${name("miss_func")}`]: line("a"),
        [`new/multi_turn/${name("base")}`]: line("b"),
        [`new/non_live/BFCL_v4_simple_result.json`]: "",
        "old/BFCL_v3_multi_turn_long_context_result.json": line("c")
      })
      assert.deepStrictEqual(yield* listed(folder), [
        ["", "new", ["base", "miss_func"]],
        ["", "old", ["long_context"]]
      ])
      assert.deepStrictEqual(yield* listed(`${folder}/new`), [["", "new", ["base", "miss_func"]]])
    }))

  it.effect("has samples of a model", () =>
    Effect.gen(function*() {
      const folder = yield* writeFolder({
        [`sample-1/m/multi_turn/${name("base")}`]: line("a"),
        [`sample-2/m/multi_turn/${name("base")}`]: line("a")
      })
      assert.deepStrictEqual(yield* listed(folder), [["sample-1", "m", ["base"]], ["sample-2", "m", ["base"]]])
    }))

  it.effect("knows where each entry is, and reads one alone", () =>
    Effect.gen(function*() {
      const long = "ä€😀".repeat(30_000)
      const files = {
        [`m/${name("base")}`]: `${said("a", long)}\r\n\n${said("b", "[f()]")}`,
        [`m/${name("miss_func")}`]: `${said("c", "<tool_call>\\n")}\n`
      }
      const [source] = yield* ResultFolder.list(yield* writeFolder(files))
      const { evidence, places } = yield* ResultFolder.survey(source!)
      assert.deepStrictEqual(evidence, { model: "m", loop: undefined, tally: { fc: 0, qwen: 0, prompting: 1 } })
      assert.deepStrictEqual(
        Array.from(places.values(), ({ category, id, number }) => [id, category, number]),
        [["a", "base", 1], ["b", "base", 3], ["c", "miss_func", 1]]
      )
      const read = yield* Effect.forEach(places.values(), ResultFolder.readAt)
      assert.deepStrictEqual(read.map(({ id, result }) => [id, result]), [
        ["a", [[long]]],
        ["b", [["[f()]"]]],
        ["c", [["<tool_call>\n"]]]
      ])
      assert.deepStrictEqual(read[0]?.log, [1])
    }))

  it.effect("says where a line is that is no result, or an entry that is there twice", () =>
    Effect.gen(function*() {
      const folder = yield* writeFolder({
        [`m/${name("base")}`]: `${line("a")}\n${line("a")}`,
        [`n/${name("base")}`]: `${line("a")}{\n`
      })
      const [twice, broken] = yield* ResultFolder.list(folder)
      const file = `${folder}/m/${name("base")}`
      const error = yield* Effect.flip(ResultFolder.survey(twice!))
      assert.strictEqual(error.message, `${file}:3: a is there already, in ${file}:1`)
      assert.match(
        (yield* Effect.flip(ResultFolder.survey(broken!))).message,
        /_base_result\.json:2: Expecting property/
      )
    }))

  it.effect("knows the loop that envtune evaluate wrote beside the results", () =>
    Effect.gen(function*() {
      const folder = yield* writeFolder({
        "a/envtune.json": settings("prompting"),
        [`a/multi_turn/${name("base")}`]: line("a"),
        "b/envtune.json": settings("training"),
        [`b/${name("base")}`]: line("a"),
        "c/envtune.json": "{}",
        [`c/${name("base")}`]: line("a")
      })
      const [a, b, c] = yield* ResultFolder.list(folder)
      assert.strictEqual((yield* ResultFolder.survey(a!)).evidence.loop, "prompting")
      assert.isUndefined((yield* ResultFolder.survey(b!)).evidence.loop)
      assert.match((yield* Effect.flip(ResultFolder.survey(c!))).message, /\/c\/envtune\.json: /)
    }))

  it.effect("says where a line is that is not UTF-8", () =>
    Effect.gen(function*() {
      const bytes = Buffer.concat([Buffer.from(line("a")), Buffer.from([0xe4]), Buffer.from(line("b"))])
      const [source] = yield* ResultFolder.list(yield* writeFolder({ [`m/${name("base")}`]: bytes }))
      assert.match(
        (yield* Effect.flip(ResultFolder.survey(source!))).message,
        /_base_result\.json:2: the line is not UTF-8$/
      )
    }))

  it.effect("says that there is none", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(ResultFolder.list(yield* writeFolder({ "README.md": "" })))
      assert.match(error.message, /: no BFCL_v4_multi_turn_base_result\.json or its like is in it/)
      assert.match((yield* Effect.flip(ResultFolder.list("no/such"))).message, /^no\/such: no such file or folder/)
    }))
})
