import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as SourceFolder from "../../../src/layers/release/SourceFolder.ts"
import { writeFolder } from "../benchmark.ts"
import { files, published, pulled } from "./published.ts"

const below = (folder: string) =>
  Object.fromEntries(Object.entries(files).map(([path, content]) => [`${folder}${path}`, content]))

layer(NodeServices.layer)("a release in a folder", (it) => {
  it.effect("is found in a checkout, beside an installed package, in the package, and around its data", () =>
    Effect.gen(function*() {
      const { release } = yield* published
      const repository = yield* writeFolder(below("berkeley-function-call-leaderboard/bfcl_eval/"))
      for (
        const folder of [
          repository,
          `${repository}/berkeley-function-call-leaderboard`,
          `${repository}/berkeley-function-call-leaderboard/bfcl_eval`,
          `${repository}/berkeley-function-call-leaderboard/bfcl_eval/data`
        ]
      ) {
        const source = yield* SourceFolder.make(folder, release)
        assert.strictEqual(source.layout, "package", folder)
        for (const file of [...release.data, release.longContext]) {
          const { bytes, from } = yield* Effect.scoped(source.open(file, 10))
          assert.strictEqual(from, 10)
          assert.strictEqual(yield* Stream.mkString(Stream.decodeText(bytes)), files[file.path]!.slice(10))
        }
      }
    }))

  it.effect("is found where it was pulled to", () =>
    Effect.gen(function*() {
      const { release } = yield* published
      const source = yield* SourceFolder.make(yield* writeFolder(pulled), release)
      assert.strictEqual(source.layout, "benchmark")
      const { bytes } = yield* Effect.scoped(source.open(release.data[1]!, 0))
      assert.strictEqual(yield* Stream.mkString(Stream.decodeText(bytes)), files[release.data[1]!.path])
    }))

  it.effect("is missed where it is not, and so is a file of it", () =>
    Effect.gen(function*() {
      const { release } = yield* published
      const empty = yield* writeFolder({})
      const error = yield* Effect.flip(SourceFolder.make(empty, release))
      assert.include(error.message, `${empty}: no a release is there`)
      const part = yield* writeFolder({ [release.data[0]!.path]: "" })
      const source = yield* SourceFolder.make(part, release)
      const { bytes } = yield* Effect.scoped(source.open(release.longContext, 0))
      assert.match((yield* Effect.flip(Stream.runDrain(bytes))).message, /long_context\.py: no such file or folder/)
    }))
})
