import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer, Schedule } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { TestClock } from "effect/testing"
import type { ServerResponse } from "node:http"
import { download } from "../../../src/layers/release/Download.ts"
import * as SourceHttp from "../../../src/layers/release/SourceHttp.ts"
import { writeFolder } from "../benchmark.ts"
import { type Answer, hurried, ordinary, pin, serve } from "./published.ts"

const content = "0123456789".repeat(10)
const file = pin("data/numbers.json", content)
const files = ordinary({ "data/numbers.json": content })

/** When so many bytes of a file have arrived. */
const arrived = Effect.fnUntraced(function*(path: string, bytes: bigint) {
  const fs = yield* FileSystem.FileSystem
  const size = fs.stat(path).pipe(Effect.map(({ size }) => size), Effect.orElseSucceed(() => 0n))
  yield* Effect.repeat(size, { until: (size) => size === bytes, schedule: Schedule.spaced("1 millis") })
})

/**
 * Downloads from a server that answers like this; what came of it, and which ranges it was asked for. Meanwhile somebody
 * may have an eye on what has arrived.
 */
const from = Effect.fnUntraced(function*(
  answer: Answer,
  left = "",
  meanwhile: (part: string) => Effect.Effect<void, never, FileSystem.FileSystem> = () => Effect.void
) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* writeFolder(left === "" ? {} : { "numbers.json.part": left })
  yield* Effect.forkScoped(meanwhile(`${folder}/numbers.json.part`))
  const { asked, url } = yield* serve(answer)
  const source = yield* SourceHttp.make(`${url}/`)
  const result = yield* Effect.result(download(source, file, `${folder}/numbers.json`))
  const text = yield* fs.readFileString(`${folder}/numbers.json`).pipe(Effect.orElseSucceed(() => undefined))
  return { result, text, url, ranges: asked.map(({ range }) => range) }
})

layer(Layer.merge(NodeServices.layer, FetchHttpClient.layer))("a release over HTTP", (it) => {
  it.effect("is read", () =>
    Effect.gen(function*() {
      const { ranges, result, text } = yield* from(files)
      assert.deepInclude(result, { success: "fetched" })
      assert.strictEqual(text, content)
      assert.deepStrictEqual(ranges, [undefined])
    }))

  it.effect("is asked for the rest by range", () =>
    Effect.gen(function*() {
      const { ranges, result, text } = yield* from(files, content.slice(0, 42))
      assert.deepInclude(result, { success: "resumed" })
      assert.strictEqual(text, content)
      assert.deepStrictEqual(ranges, ["bytes=42-"])
    }))

  it.effect("is read from its start where the server does not know ranges, or refuses this one", () =>
    Effect.gen(function*() {
      const whole = yield* from((_, response) => void response.end(content), content.slice(0, 42))
      assert.strictEqual(whole.text, content)
      const refusing = yield* from(
        (asked, response) => asked.range === undefined ? files(asked, response) : void response.writeHead(416).end(),
        content.slice(0, 42)
      )
      assert.strictEqual(refusing.text, content)
      assert.deepStrictEqual(refusing.ranges, ["bytes=42-", undefined])
    }))

  it.effect("is not put together from a range that was not asked for", () =>
    Effect.gen(function*() {
      const { result } = yield* from(
        (_, response) => void response.writeHead(206, { "content-range": "bytes 10-99/100" }).end(content.slice(10)),
        content.slice(0, 42)
      )
      assert.match(String(result), /the answer is of another range/)
    }))

  it.effect("goes on after a connection that dropped", () =>
    Effect.gen(function*() {
      let dropped: ServerResponse | undefined
      // What was sent and not read yet is lost with a connection: it drops when all has been read.
      const { ranges, result, text } = yield* TestClock.withLive(from(
        (asked, response) => {
          if (dropped !== undefined) return files(asked, response)
          dropped = response
          response.writeHead(200, { "content-length": content.length })
          response.write(content.slice(0, 30))
        },
        "",
        (part) => Effect.andThen(arrived(part, 30n), Effect.sync(() => dropped?.destroy()))
      ))
      assert.deepInclude(result, { success: "fetched" })
      assert.strictEqual(text, content)
      assert.deepStrictEqual(ranges, [undefined, "bytes=30-"])
    }))

  it.effect("is asked again when the server is overloaded", () =>
    Effect.gen(function*() {
      let refusals = 1
      const { text } = yield* TestClock.withLive(
        from((asked, response) => refusals-- > 0 ? void response.writeHead(503).end() : files(asked, response))
      )
      assert.strictEqual(text, content)
    }))

  it.effect("is refused with a wrong checksum", () =>
    Effect.gen(function*() {
      const { ranges, result, url } = yield* from((_, response) => void response.end("<html>please log in</html>"))
      assert.include(String(result), `${url}/data/numbers.json: 26 bytes with SHA-256 `)
      assert.strictEqual(ranges.length, 1)
    }))

  it.effect("names what is not found, and does not ask again", () =>
    Effect.gen(function*() {
      const { ranges, result, url } = yield* from(ordinary({}))
      assert.include(String(result), `${url}/data/numbers.json: HTTP 404`)
      assert.strictEqual(ranges.length, 1)
    }))

  it.effect("is given up when the server says nothing", () =>
    Effect.gen(function*() {
      const { result } = yield* hurried(from(() => undefined))
      assert.match(String(result), /the server said nothing for 30 seconds/)
      const stalled = yield* hurried(from((_, response) => {
        response.writeHead(200, { "content-length": content.length })
        response.flushHeaders()
      }))
      assert.match(String(stalled.result), /the server said nothing for 30 seconds/)
    }))

  it.effect("says that nobody is there", () =>
    Effect.gen(function*() {
      const { url } = yield* Effect.scoped(serve(files))
      const source = yield* SourceHttp.make(url)
      const error = yield* Effect.flip(Effect.scoped(source.open(file, 0)))
      assert.match(error.message, /numbers\.json: the connection failed: .*ECONNREFUSED/)
      assert.isTrue(error.isRetryable)
    }))
})
