import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Stream } from "effect"
import { gunzipSync, gzipSync } from "node:zlib"
import * as RunReader from "../../src/layers/RunReader.ts"
import { complete, envtune, envtuneIn, lastError, output, world } from "./recorded.ts"
import { curriculum, stage } from "./world.ts"

const idsOf = (folder: string) =>
  RunReader.open(folder).pipe(
    Effect.flatMap(({ episodes }) => Stream.runCollect(episodes)),
    Effect.map((lines) => lines.flatMap((line) => line._tag === "Line" ? [line.value.id] : []))
  )

describe("envtune replay-episode", () => {
  it.effect("plays every episode of a run again, as it was recorded", () =>
    Effect.gen(function*() {
      const folder = yield* complete
      const ids = yield* idsOf(folder)
      assert.isAbove(ids.length, 30)
      for (const id of ids) yield* envtune(["replay-episode", folder, id, "--json"])
      const replayed = (yield* output).filter((line) => line.startsWith("{")).map((line) => JSON.parse(line))
      assert.deepStrictEqual(replayed.map(({ id }) => id), ids)
      assert.isTrue(replayed.every(({ differences }) => differences.length === 0))
      assert.isTrue(replayed.some(({ calls }) => calls > 0))
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("shows what differs, and fails", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* complete
      const file = `${folder}/episodes.jsonl.gz`
      const lines = gunzipSync(yield* fs.readFile(file)).toString().trimEnd().split("\n")
      const calling = lines.find((line) => line.includes("\"no tool x\"")) ?? ""
      const changed = lines.map((line) => line === calling ? line.replace("no tool x", "no such tool") : line)
      yield* fs.writeFile(file, gzipSync(`${changed.join("\n")}\n`))
      yield* fs.remove(`${folder}/events.jsonl`)
      const { id } = JSON.parse(calling)
      yield* Effect.flip(envtune(["replay-episode", folder, id]))
      const said = yield* output
      const at = said.findIndex((line) => /^finished\.steps\.\d\.outcomes\.0\.standard$/.test(line))
      assert.deepStrictEqual(said.slice(at + 1, at + 3), [
        "  recorded  \"no such tool\"",
        "  replayed  \"no tool x\""
      ])
      assert.strictEqual(yield* lastError, `envtune: episode ${id} differs from its record in 1 place`)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("says what it has no way to play", () =>
    Effect.gen(function*() {
      const folder = yield* complete
      yield* Effect.flip(envtune(["replay-episode", folder, "0/0/none/0"]))
      assert.include(yield* lastError, `${folder} has none of this id`)
      const [id = ""] = yield* idsOf(folder)
      const without = envtuneIn({ ...world, curriculum: () => curriculum(stage("other", 1)) })
      yield* Effect.flip(without(["replay-episode", folder, id]))
      assert.strictEqual(yield* lastError, `envtune: episode ${id}: its stage "one" is not there any more`)
    }).pipe(Effect.provide(NodeServices.layer)))
})
