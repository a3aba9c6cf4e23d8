import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Path, Stream } from "effect"
import { type ReleaseSource, unavailable } from "../../../src/domain/bfcl/ReleaseSource.ts"
import { download } from "../../../src/layers/release/Download.ts"
import { writeFolder } from "../benchmark.ts"
import { hurried, memory, pin } from "./published.ts"

const content = Buffer.from("0123456789".repeat(10))
const file = pin("data/numbers.json", content)
const source = memory((_, from) => content.subarray(from))

/** Downloads into a folder that has these files already; what came of it, and what is there then. */
const into = Effect.fnUntraced(function*(files: Readonly<Record<string, string>>, from: ReleaseSource = source) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* writeFolder(files)
  const path = (yield* Path.Path).join(folder, "deep", "numbers.json")
  const result = yield* Effect.result(download(from, file, path))
  const names = yield* fs.readDirectory(folder, { recursive: true })
  const text = yield* fs.readFileString(path).pipe(Effect.orElseSucceed(() => undefined))
  return { result, text, names: names.filter((name) => name !== "deep") }
})

layer(NodeServices.layer)("download", (it) => {
  it.effect("brings a file, whole, and leaves nothing else", () =>
    Effect.gen(function*() {
      const { names, result, text } = yield* into({})
      assert.deepInclude(result, { success: "fetched" })
      assert.strictEqual(text, content.toString())
      assert.deepStrictEqual(names, ["deep/numbers.json"])
    }))

  it.effect("asks for nothing when the file is there", () =>
    Effect.gen(function*() {
      const never = memory(() => assert.fail("asked"))
      const { result } = yield* into({ "deep/numbers.json": content.toString() }, never)
      assert.deepInclude(result, { success: "there" })
    }))

  it.effect("leaves a file of the user's alone", () =>
    Effect.gen(function*() {
      const { result, text } = yield* into({ "deep/numbers.json": "mine" })
      assert.strictEqual(text, "mine")
      assert.match(String(result), /left as it is/)
    }))

  it.effect("goes on from where an earlier process stopped", () =>
    Effect.gen(function*() {
      const asked: Array<number> = []
      const counting = memory((_, from) => {
        asked.push(from)
        return content.subarray(from)
      })
      const { result, text } = yield* into({ "deep/numbers.json.part": content.toString().slice(0, 42) }, counting)
      assert.deepInclude(result, { success: "resumed" })
      assert.strictEqual(text, content.toString())
      assert.deepStrictEqual(asked, [42])
    }))

  it.effect("starts over when what was left is of something else, or too long", () =>
    Effect.gen(function*() {
      for (const left of ["x".repeat(42), "x".repeat(100), "x".repeat(101)]) {
        const { result, text } = yield* into({ "deep/numbers.json.part": left })
        assert.strictEqual(text, content.toString())
        assert.deepInclude(result, { success: left.length > 100 ? "resumed" : "fetched" })
      }
    }))

  it.effect("refuses content with another checksum, and forgets it", () =>
    Effect.gen(function*() {
      for (const wrong of ["x".repeat(100), "x".repeat(99), "x".repeat(101)]) {
        const { names, result } = yield* into({}, memory(() => Buffer.from(wrong)))
        assert.match(String(result), new RegExp(`memory/data/numbers.json: (at least )?${wrong.length} bytes`))
        assert.deepStrictEqual(names, [])
      }
    }))

  it.effect("asks again for the rest when a transfer breaks, and gives up after three times", () =>
    Effect.gen(function*() {
      const asked: Array<number> = []
      const breaking = (times: number): ReleaseSource => ({
        ...source,
        open: (_, from) => {
          asked.push(from)
          const isBroken = asked.length <= times
          const bytes = Stream.succeed(content.subarray(from, isBroken ? from + 10 : undefined))
          return Effect.succeed({
            from,
            bytes: isBroken ? Stream.concat(bytes, Stream.fail(unavailable("memory", "it broke", true))) : bytes
          })
        }
      })
      assert.deepInclude((yield* hurried(into({}, breaking(2)))).result, { success: "fetched" })
      assert.deepStrictEqual(asked.splice(0), [0, 10, 20])
      const { names, result } = yield* hurried(into({}, breaking(99)))
      assert.match(String(result), /memory: it broke/)
      assert.deepStrictEqual(asked, [0, 10, 20, 30])
      assert.deepStrictEqual(names, ["deep/numbers.json.part"])
    }))

  it.effect("says what cannot be written", () =>
    Effect.gen(function*() {
      const folder = yield* writeFolder({ deep: "a file" })
      const error = yield* Effect.flip(download(source, file, `${folder}/deep/numbers.json`))
      assert.match(error.message, /deep.*: a part of the path is not a folder/)
    }))
})
