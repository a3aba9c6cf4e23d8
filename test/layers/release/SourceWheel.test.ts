import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as SourceWheel from "../../../src/layers/release/SourceWheel.ts"
import { writeFolder } from "../benchmark.ts"
import { files, pin, published } from "./published.ts"

layer(NodeServices.layer)("a release in a wheel", (it) => {
  it.effect("is unpacked", () =>
    Effect.gen(function*() {
      const { release, wheel } = yield* published
      const folder = yield* writeFolder({ "x.whl": wheel })
      const source = yield* SourceWheel.make(`${folder}/x.whl`, release)
      for (const file of [...release.data, release.longContext]) {
        const { bytes } = yield* Effect.scoped(source.open(file, 7))
        assert.strictEqual(yield* Stream.mkString(Stream.decodeText(bytes)), files[file.path]!.slice(7))
      }
    }))

  it.effect("is not even opened when it is another one, or cut", () =>
    Effect.gen(function*() {
      const { release, wheel } = yield* published
      const folder = yield* writeFolder({ "x.whl": wheel.subarray(0, 300) })
      const error = yield* Effect.flip(SourceWheel.make(`${folder}/x.whl`, release))
      assert.include(error.message, `${folder}/x.whl: 300 bytes with SHA-256 `)
      assert.match(
        (yield* Effect.flip(SourceWheel.make(`${folder}/y.whl`, release))).message,
        /y\.whl: no such file or folder/
      )
    }))

  it.effect("says what is wrong with an archive that has the right checksum", () =>
    Effect.gen(function*() {
      const { release, wheel } = yield* published
      const cut = wheel.subarray(0, 300)
      const folder = yield* writeFolder({ "x.whl": cut })
      const error = yield* Effect.flip(SourceWheel.make(`${folder}/x.whl`, { ...release, wheel: pin("x", cut) }))
      assert.match(error.message, /x\.whl: .*(truncat|ended|end)/i)
      const missing = pin("data/missing.json", "")
      yield* writeFolder({})
      const whole = yield* writeFolder({ "x.whl": wheel })
      const source = yield* SourceWheel.make(`${whole}/x.whl`, release)
      const absent = yield* Effect.flip(Effect.scoped(source.open(missing, 0)))
      assert.match(absent.message, /x\.whl: it has no bfcl_eval\/data\/missing\.json/)
    }))
})
