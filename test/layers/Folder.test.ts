import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import * as Folder from "../../src/layers/Folder.ts"

describe("Folder.create", () => {
  it.effect("makes a folder and those above it, again if asked again", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const top = yield* files.makeTempDirectoryScoped()
      for (let i = 0; i < 2; i++) yield* Folder.create(`${top}/a/b/c`)
      assert.deepStrictEqual(yield* files.readDirectory(`${top}/a/b`), ["c"])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("made by many at once is one folder", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const top = yield* files.makeTempDirectoryScoped()
      yield* Effect.all(Array.from({ length: 8 }, () => Folder.create(`${top}/a/b/c/d`)), { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* files.readDirectory(`${top}/a/b/c`), ["d"])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("fails where a part of the path is a file", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const top = yield* files.makeTempDirectoryScoped()
      yield* files.writeFileString(`${top}/file`, "")
      yield* Effect.flip(Folder.create(`${top}/file/b/c`))
      assert.strictEqual(yield* files.readFileString(`${top}/file`), "")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect.skipIf(process.platform !== "linux")("fails in /proc, and does not hang", () =>
    Effect.gen(function*() {
      yield* Effect.flip(Folder.create("/proc/envtune/run"))
    }).pipe(Effect.provide(NodeServices.layer)))
})
