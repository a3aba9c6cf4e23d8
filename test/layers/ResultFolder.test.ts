import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import type { Played } from "../../src/domain/Evaluation.ts"
import * as Task from "../../src/domain/Task.ts"
import * as ResultFolder from "../../src/layers/ResultFolder.ts"
import { writeFolder } from "./benchmark.ts"

const line = (id: string): string => `{"id": "${id}", "result": [["Done."]]}\n`
const name = (category: string): string => `BFCL_v4_multi_turn_${category}_result.json`

const listed = Effect.fnUntraced(function*(folder: string) {
  const models = yield* ResultFolder.list(folder)
  return models.map(({ files, model, sample }) => [sample, model, files.map(({ category }) => category)])
})

const unfinished = (id: string, category: string, sample: number): Played => ({
  _tag: "Unfinished",
  task: Task.make(id, {}, { category }),
  sample,
  cause: "deadline",
  detail: "too late"
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

  it.effect("says where a line is that is no result, or an entry that is there twice", () =>
    Effect.gen(function*() {
      const folder = yield* writeFolder({
        [`m/${name("base")}`]: `${line("a")}\n${line("a")}`,
        [`n/${name("base")}`]: `${line("a")}{\n`
      })
      const [twice, broken] = yield* ResultFolder.list(folder)
      const file = `${folder}/m/${name("base")}`
      const error = yield* Effect.flip(ResultFolder.read(twice!))
      assert.strictEqual(error.message, `${file}:3: a is there already, in ${file}:1`)
      assert.match((yield* Effect.flip(ResultFolder.read(broken!))).message, /_base_result\.json:2: Expecting property/)
    }))

  it.effect("says that there is none", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(ResultFolder.list(yield* writeFolder({ "README.md": "" })))
      assert.match(error.message, /: no BFCL_v4_multi_turn_base_result\.json or its like is in it/)
      assert.match((yield* Effect.flip(ResultFolder.list("no/such"))).message, /^no\/such: no such file or folder/)
    }))

  it.effect("is written as it is read, a folder for each sample where there are several", () =>
    Effect.gen(function*() {
      const folder = yield* writeFolder({})
      const { write } = yield* ResultFolder.writer(folder, { model: "org/m", mode: "fc", samples: 2 })
      yield* write(unfinished("multi_turn_base_0", "base", 0))
      yield* write(unfinished("multi_turn_base_1", "base", 0))
      yield* write(unfinished("multi_turn_base_0", "base", 1))
      const sources = yield* ResultFolder.list(folder)
      const read = yield* Effect.forEach(sources, ResultFolder.read)
      assert.deepStrictEqual(sources.map(({ model, sample }) => [sample, model]), [
        ["sample-1", "org_m"],
        ["sample-2", "org_m"]
      ])
      assert.deepStrictEqual(read.map((located) => located.map(({ said }) => said.id)), [
        ["multi_turn_base_0", "multi_turn_base_1"],
        ["multi_turn_base_0"]
      ])
    }))

  it.effect("is not written over", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* writeFolder({ [`m/multi_turn/${name("base")}`]: line("a") })
      const options = { model: "m", mode: "fc", samples: 1 } as const
      const error = yield* Effect.flip(ResultFolder.writer(folder, options))
      assert.match(error.message, /there are results of m already; nothing was overwritten/)
      assert.strictEqual(yield* fs.readFileString(`${folder}/m/multi_turn/${name("base")}`), line("a"))
    }))
})
