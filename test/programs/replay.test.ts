import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, type Layer, Sink, Stdio } from "effect"
import { systemError } from "effect/PlatformError"
import { TestConsole } from "effect/testing"
import { gzipSync } from "node:zlib"
import { replay } from "../../src/programs/replay.ts"
import { carEntry } from "../domain/bfcl/entries.ts"
import { filesOf, writeFolder } from "../layers/benchmark.ts"

const good = (id: string) =>
  JSON.stringify({
    id,
    classes: ["VehicleControlAPI"],
    config_from: "multi_turn_base_0",
    long_context: false,
    calls: ["displayCarStatus('fuel')", "nope()"]
  })

/** Replays a file of these lines into a file; what was counted, and what the file holds. */
const replaying = Effect.fnUntraced(function*(content: string | Uint8Array, name = "in.jsonl") {
  const fs = yield* FileSystem.FileSystem
  const data = yield* writeFolder({ ...filesOf(carEntry()), [name]: content })
  const output = `${data}/out.jsonl`
  const result = yield* Effect.result(replay({ data, input: `${data}/${name}`, output }))
  const written = yield* fs.readFileString(output).pipe(Effect.orElseSucceed(() => ""))
  const lines = written.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line))
  return { data, result, lines }
})

/** Standard output that takes nothing: the device is full, or the reader has gone. */
const closed = (code: string) =>
  Stdio.layerTest({
    stdout: () =>
      Sink.fail(
        systemError({ _tag: "Unknown", module: "Stdio", method: "stdout", cause: Object.assign(new Error(), { code }) })
      )
  })

layer(NodeServices.layer)("replay", (it) => {
  it.effect("writes a line for each, in order", () =>
    Effect.gen(function*() {
      const { lines, result } = yield* replaying(`${good("b")}\n\n${good("a")}`)
      assert.deepInclude(result, { success: { played: 2, calls: 4, bad: 0 } })
      assert.deepStrictEqual(
        lines.map(({ id, results }) => [id, results]),
        ["b", "a"].map((id) => [id, [
          "{\"fuelLevel\": 10.0}",
          "Error during execution: name 'nope' is not defined"
        ]])
      )
      assert.deepStrictEqual(lines[0].state.VehicleControlAPI.fuelLevel, { $float: "10.0" })
    }))

  it.effect("reads compressed files", () =>
    Effect.gen(function*() {
      const { lines } = yield* replaying(gzipSync(good("x")), "in.jsonl.gz")
      assert.strictEqual(lines.length, 1)
      const cut = yield* replaying(gzipSync(good("x")).subarray(0, 30), "in.jsonl.gz")
      assert.match(String(cut.result), /in\.jsonl\.gz: unexpected end of file/)
    }))

  it.effect("names bad lines, the first of them, and plays the others", () =>
    Effect.gen(function*() {
      const bad = Array.from({ length: 25 }, () => "{}").join("\n")
      const { data, lines, result } = yield* replaying(`${good("a")}\n${bad}\n${good("b")}\n`)
      assert.deepInclude(result, { success: { played: 2, calls: 4, bad: 25 } })
      assert.deepStrictEqual(lines.map(({ id }) => id), ["a", "b"])
      const told = (yield* TestConsole.errorLines).map(String)
      assert.strictEqual(told.length, 20)
      assert.isTrue(told[0]?.startsWith(`${data}/in.jsonl:2: `), told[0])
    }))

  it.effect("overwrites nothing", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const data = yield* writeFolder({ ...filesOf(carEntry()), "in.jsonl": good("a"), "out.jsonl": "mine" })
      const input = `${data}/in.jsonl`
      for (const output of [`${data}/out.jsonl`, input]) {
        const error = yield* Effect.flip(replay({ data, input, output }))
        assert.strictEqual(error.message, `${output}: it is there already; nothing was overwritten`)
      }
      assert.strictEqual(yield* fs.readFileString(`${data}/out.jsonl`), "mine")
    }))

  it.effect("writes to standard output, for as long as somebody reads it", () =>
    Effect.gen(function*() {
      const data = yield* writeFolder({ ...filesOf(carEntry()), "in.jsonl": good("a") })
      const to = (stdio: Layer.Layer<Stdio.Stdio>) =>
        Effect.result(replay({ data, input: `${data}/in.jsonl`, output: undefined })).pipe(Effect.provide(stdio))
      const written: Array<string> = []
      const reader = Stdio.layerTest({
        stdout: () => Sink.forEach((piece) => Effect.sync(() => void written.push(Buffer.from(piece).toString())))
      })
      yield* to(reader)
      assert.strictEqual(JSON.parse(written.join("")).id, "a")
      assert.strictEqual((yield* to(closed("EPIPE")))._tag, "Success")
      assert.match(String(yield* to(closed("ENOSPC"))), /standard output: no space left on the device/)
    }))

  it.effect("names what cannot be read", () =>
    Effect.gen(function*() {
      const data = yield* writeFolder(filesOf(carEntry()))
      const from = (folder: string, input: string) => Effect.flip(replay({ data: folder, input, output: `${data}/o` }))
      assert.strictEqual((yield* from(data, `${data}/no`)).message, `${data}/no: no such file or folder`)
      assert.match((yield* from(`${data}/no`, "x")).message, /envtune data pull/)
    }))
})
