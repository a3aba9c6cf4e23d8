import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import type { Finished } from "../../src/domain/Evaluation.ts"
import type { Completion } from "../../src/domain/Policy.ts"
import * as Task from "../../src/domain/Task.ts"
import * as EvaluationFolder from "../../src/layers/EvaluationFolder.ts"
import * as ResultFolder from "../../src/layers/ResultFolder.ts"
import { writeFolder } from "./benchmark.ts"

const completion: Completion = {
  message: { role: "assistant", content: "\u00e9 and\nmore" },
  stop: "stop",
  usage: { prompt: 9, cached: 4, completion: 2 }
}

const task = (id: string): Task.Task => Task.make(id, {}, { category: "base" })

const finished = (id: string, sample = 0): Finished => ({
  _tag: "Finished",
  task: task(id),
  sample,
  episode: {
    task: task(id),
    seed: 0,
    turns: 1,
    stop: "completed",
    steps: [{
      turn: 0,
      observed: [],
      completion,
      transition: { code: 1, messages: [], outcomes: [], done: true }
    }]
  }
})

const options: EvaluationFolder.Options = { model: "org/m", loop: "fc", samples: 1, settings: { seed: 0, model: "m" } }

const results = "org_m/multi_turn/BFCL_v4_multi_turn_base_result.json"

layer(NodeServices.layer)("the folder of an evaluation", (it) => {
  it.effect("knows what was written, in folders of results for each sample", () =>
    Effect.gen(function*() {
      const folder = yield* writeFolder({})
      const several = { ...options, samples: 2 }
      const { episodes, write } = yield* EvaluationFolder.open(folder, several)
      assert.strictEqual(episodes, 0)
      yield* write(finished("multi_turn_base_0"))
      yield* write(finished("multi_turn_base_1"))
      yield* write(finished("multi_turn_base_0", 1))
      const again = yield* EvaluationFolder.open(folder, several)
      assert.strictEqual(again.episodes, 3)
      assert.deepStrictEqual(again.recorded(task("multi_turn_base_1"), 0), [completion])
      assert.isUndefined(again.recorded(task("multi_turn_base_1"), 1))
      const sources = yield* ResultFolder.list(folder)
      const read = yield* Effect.forEach(sources, ResultFolder.survey)
      assert.deepStrictEqual(sources.map(({ model, sample }) => [sample, model]), [
        ["sample-1", "org_m"],
        ["sample-2", "org_m"]
      ])
      assert.deepStrictEqual(read.map(({ places }) => [...places.keys()]), [
        ["multi_turn_base_0", "multi_turn_base_1"],
        ["multi_turn_base_0"]
      ])
    }))

  it.effect("puts its lines in the order of their numbers", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* writeFolder({})
      const { sort, write } = yield* EvaluationFolder.open(folder, options)
      const written = ["multi_turn_base_10", "multi_turn_base_9", "multi_turn_base_100"]
      for (const id of written) yield* write(finished(id))
      const ids = Effect.map(
        fs.readFileString(`${folder}/${results}`),
        (text) => text.trimEnd().split("\n").map((line): unknown => JSON.parse(line).id)
      )
      assert.deepStrictEqual(yield* ids, written)
      yield* sort
      assert.deepStrictEqual(yield* ids, ["multi_turn_base_9", "multi_turn_base_10", "multi_turn_base_100"])
      assert.deepStrictEqual((yield* fs.readDirectory(`${folder}/org_m/multi_turn`)).length, 1)
      assert.strictEqual((yield* EvaluationFolder.open(folder, options)).episodes, 3)
    }))

  it.effect("keeps what a process that was killed has written whole, wherever the last line was cut", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* writeFolder({})
      const { write } = yield* EvaluationFolder.open(folder, options)
      yield* write(finished("a"))
      yield* write(finished("b"))
      const file = `${folder}/${results}`
      const whole = yield* fs.readFile(file)
      const first = whole.indexOf(10) + 1
      for (let length = 0; length <= whole.length; length++) {
        yield* fs.writeFile(file, whole.subarray(0, length))
        const { cuts, episodes } = yield* EvaluationFolder.open(folder, options)
        const kept = length < first ? 0 : length < whole.length ? first : length
        assert.strictEqual(episodes, kept === 0 ? 0 : kept === first ? 1 : 2)
        const cut = `${file}: the last line was not written to its end; its ${length - kept} bytes were cut off`
        assert.deepStrictEqual(cuts, length === kept ? [] : [cut])
        assert.deepStrictEqual(yield* fs.readFile(file), whole.slice(0, kept))
      }
    }))

  it.effect("is not opened with other settings, nor over results of another origin", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const own = yield* writeFolder({})
      yield* Effect.flatMap(EvaluationFolder.open(own, options), ({ write }) => write(finished("a")))
      const before = yield* fs.readFileString(`${own}/${results}`)
      const other = yield* Effect.flip(
        EvaluationFolder.open(own, { ...options, settings: { seed: 1, temperature: 0.5, model: "m" } })
      )
      assert.strictEqual(
        other.message,
        `${own}/org_m/envtune.json: the results of org/m there are of other settings (seed 0 there and 1 here, ` +
          "temperature (none) there and 0.5 here); nothing was overwritten"
      )
      assert.strictEqual(yield* fs.readFileString(`${own}/${results}`), before)
      const empty = yield* writeFolder({})
      yield* EvaluationFolder.open(empty, options)
      assert.strictEqual((yield* EvaluationFolder.open(empty, { ...options, settings: {} })).episodes, 0)
      const foreign = yield* writeFolder({ [results]: "{\"id\": \"a\", \"result\": []}" })
      const refused = yield* Effect.flip(EvaluationFolder.open(foreign, options))
      assert.match(refused.message, /there are results of org\/m already; nothing was overwritten/)
      assert.strictEqual(yield* fs.readFileString(`${foreign}/${results}`), "{\"id\": \"a\", \"result\": []}")
    }))

  it.effect("leaves files alone that are none of its own", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* writeFolder({})
      yield* Effect.flatMap(EvaluationFolder.open(folder, options), ({ write }) => write(finished("a")))
      const note = `${folder}/org_m/multi_turn/notes.txt`
      yield* fs.writeFileString(note, "no line feed")
      assert.deepInclude(yield* EvaluationFolder.open(folder, options), { episodes: 1, cuts: [] })
      assert.strictEqual(yield* fs.readFileString(note), "no line feed")
    }))

  it.effect("says which line is broken, or there twice", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* writeFolder({})
      const { write } = yield* EvaluationFolder.open(folder, options)
      yield* write(finished("a"))
      yield* write(finished("a"))
      const file = `${folder}/${results}`
      const twice = yield* Effect.flip(EvaluationFolder.open(folder, options))
      assert.strictEqual(twice.message, `${file}:2: a is there already`)
      yield* fs.writeFileString(file, "{}\n")
      assert.match((yield* Effect.flip(EvaluationFolder.open(folder, options))).message, /result\.json:1: Missing key/)
    }))
})
