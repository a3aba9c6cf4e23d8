import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Stream } from "effect"
import * as Scalars from "../../src/domain/Scalars.ts"
import * as TensorBoard from "../../src/domain/TensorBoard.ts"
import * as RunReader from "../../src/layers/RunReader.ts"
import { writeTensorBoard } from "../../src/programs/metrics.ts"
import { recorded } from "./viewer/recording.ts"

describe("envtune metrics", () => {
  it.live("writes an event a step into a new file, and nothing over one that is there", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* recorded
      const to = `${yield* fs.makeTempDirectoryScoped()}/a/board`
      const { file, steps } = yield* writeTensorBoard(folder, to)
      assert.strictEqual(steps, 5)

      const { reports, started } = yield* RunReader.open(folder)
      const lines = yield* Stream.runCollect(reports)
      const [first] = lines.flatMap((line) => line._tag === "Line" ? [line.value] : [])
      if (first === undefined) return assert.fail("no report")
      const { collect, train } = first.seconds
      const expected = TensorBoard.event(started + (collect + train), 0, Scalars.ofReport(first))
      const written = Buffer.from(yield* fs.readFile(file))
      assert.isTrue(written.includes(Buffer.from(expected)))
      assert.isTrue(written.includes("evaluation/transfer/base"))

      const error = yield* Effect.flip(writeTensorBoard(folder, to))
      assert.include(error.message, "it is there already")
      assert.deepStrictEqual(Buffer.from(yield* fs.readFile(file)), written)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})
