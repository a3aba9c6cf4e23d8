import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { gzipSync } from "node:zlib"
import * as TextFile from "../../src/layers/TextFile.ts"
import { writeFolder } from "./benchmark.ts"

const textsOf = (path: string, longest?: number) =>
  TextFile.lines(path, longest).pipe(Stream.map(({ text }) => text), Stream.runCollect)

/** Longer than the pieces in which files are read. */
const long = "x".repeat(200_000)

layer(NodeServices.layer)("the lines of a file", (it) => {
  it.effect("are whole however many pieces they come in, compressed or not", () =>
    Effect.gen(function*() {
      const lines = ["a", "", long, "b"]
      const text = lines.join("\n")
      const folder = yield* writeFolder({ "in.jsonl": text, "in.jsonl.gz": gzipSync(text) })
      assert.deepStrictEqual(yield* textsOf(`${folder}/in.jsonl`, long.length), lines)
      assert.deepStrictEqual(yield* textsOf(`${folder}/in.jsonl.gz`), lines)
    }))

  it.effect("are refused by number when they are longer than a text can be", () =>
    Effect.gen(function*() {
      const folder = yield* writeFolder({ "in.jsonl": `a\n\n${long}\nb\n` })
      const error = yield* Effect.flip(textsOf(`${folder}/in.jsonl`, long.length - 1))
      assert.strictEqual(
        error.message,
        `${folder}/in.jsonl:3: the line has more than 199999 characters, too many to be read`
      )
    }))
})
