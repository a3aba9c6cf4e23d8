import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer, Sink, Stream } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { systemError } from "effect/PlatformError"
import * as Spawner from "effect/process/ChildProcessSpawner"
import { pull } from "../../src/programs/pull.ts"
import { writeFolder } from "../layers/benchmark.ts"
import { files, ordinary, published, pulled, serve } from "../layers/release/published.ts"

const own = ["LICENSE", "NOTICE.md", "split_by_scenario.json", "split_seal.json"]

/** Pulls into a folder; what was said, and what went wrong. */
const pulling = Effect.fnUntraced(function*(from: string | undefined, to: string, url?: string) {
  const { release } = yield* published
  const said: Array<string> = []
  const say = (line: string) => Effect.sync(() => void said.push(line))
  const result = yield* Effect.result(pull({ from, to, say }, url === undefined ? release : { ...release, url }))
  return { said, error: result._tag === "Failure" ? result.failure.message : undefined }
})

/** That all files are there, and no others. */
const assertPulled = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  for (const [name, content] of Object.entries(pulled)) {
    assert.strictEqual(yield* fs.readFileString(`${folder}/${name}`), content, name)
  }
  const names = yield* fs.readDirectory(folder, { recursive: true })
  assert.sameMembers(names, [...Object.keys(pulled), ...own, "possible_answer"])
})

/** A `python3` that does what `act` does with its arguments, prints this and ends with the code that comes of it. */
const python = (output: string, act: (given: ReadonlyArray<string>) => Effect.Effect<number, never>) =>
  Layer.succeed(
    Spawner.ChildProcessSpawner,
    Spawner.make((command) =>
      Effect.map(
        command._tag === "StandardCommand" ? act(command.args.map(String)) : Effect.succeed(1),
        (code) =>
          Spawner.makeHandle({
            pid: Spawner.ProcessId(1),
            exitCode: Effect.succeed(Spawner.ExitCode(code)),
            isRunning: Effect.succeed(false),
            kill: () => Effect.void,
            stdin: Sink.drain,
            stdout: Stream.empty,
            stderr: Stream.empty,
            all: Stream.encodeText(Stream.succeed(output)),
            getInputFd: () => Sink.drain,
            getOutputFd: () => Stream.empty,
            unref: Effect.succeed(Effect.void)
          })
      )
    )
  )

layer(Layer.merge(NodeServices.layer, FetchHttpClient.layer))("pull", (it) => {
  it.effect("takes the benchmark's repository unless told otherwise", () =>
    Effect.gen(function*() {
      const folder = `${yield* writeFolder({})}/new/folder`
      const { url } = yield* serve(ordinary(files))
      const { error, said } = yield* pulling(undefined, folder, url)
      assert.isUndefined(error)
      assert.strictEqual(said[0], `a release from ${url} to ${folder}`)
      assert.strictEqual(said.at(-1), "7 files: 2 fetched, 1 made, 4 added; all of BFCL's have the release's checksums")
      yield* assertPulled(folder)
      const again = yield* pulling(undefined, folder, url)
      assert.strictEqual(again.said.at(-1), "7 files: 7 there; all of BFCL's have the release's checksums")
    }).pipe(Effect.scoped))

  it.effect("takes a folder, a wheel and the URL of either", () =>
    Effect.gen(function*() {
      const { wheel } = yield* published
      const places = yield* writeFolder({ ...files, "x.whl": wheel })
      const { url } = yield* serve(ordinary({ ...files, "deep/x.whl": wheel }))
      for (const from of [places, `${places}/x.whl`, url, `${url}/deep/x.whl`]) {
        const folder = yield* writeFolder({})
        assert.isUndefined((yield* pulling(from, folder)).error, from)
        yield* assertPulled(folder)
        const copy = yield* writeFolder({})
        assert.isUndefined((yield* pulling(folder, copy)).error)
        yield* assertPulled(copy)
      }
    }).pipe(Effect.scoped))

  it.effect("has pip download a wheel", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { release, wheel } = yield* published
      const folder = yield* writeFolder({})
      let temporary = ""
      const pip = python("Saved it", (given) => {
        assert.deepStrictEqual(given.slice(0, 4), ["-m", "pip", "download", "--no-deps"])
        assert.strictEqual(given.at(-1), release.requirement)
        temporary = given[given.indexOf("--dest") + 1]!
        return Effect.as(Effect.orDie(fs.writeFile(`${temporary}/${release.wheel.path}`, wheel)), 0)
      })
      const { error } = yield* Effect.provide(pulling("pip", folder), pip)
      assert.isUndefined(error)
      yield* assertPulled(folder)
      assert.isFalse(yield* fs.exists(temporary))
    }))

  it.effect("says what pip says, or that it is not there", () =>
    Effect.gen(function*() {
      const folder = yield* writeFolder({})
      const failing = python("Looking\nERROR: no such version\nERROR: none found\nbye\n", () => Effect.succeed(1))
      assert.strictEqual(
        (yield* Effect.provide(pulling("pip", folder), failing)).error,
        "pip download bfcl-eval==1: python3 ended with code 1: ERROR: no such version ERROR: none found"
      )
      const absent = Layer.succeed(
        Spawner.ChildProcessSpawner,
        Spawner.make(() => Effect.fail(systemError({ _tag: "NotFound", module: "ChildProcess", method: "spawn" })))
      )
      assert.strictEqual(
        (yield* Effect.provide(pulling("pip", folder), absent)).error,
        "pip download bfcl-eval==1: there is no python3 on the path"
      )
    }))

  it.effect("keeps what the user changed of what this package adds, and refuses to replace the benchmark's", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const source = yield* writeFolder(files)
      const folder = yield* writeFolder({ "split_by_scenario.json": "{\"train\": [], \"test\": [0]}" })
      const { said } = yield* pulling(source, folder)
      assert.include(said, "kept     split_by_scenario.json")
      assert.strictEqual(yield* fs.readFileString(`${folder}/split_by_scenario.json`), "{\"train\": [], \"test\": [0]}")
      for (const name of ["long_context.json", "BFCL_v4_multi_turn_base.json"]) {
        const other = yield* writeFolder({ [name]: "mine" })
        assert.include((yield* pulling(source, other)).error, `${other}/${name} is not the release's`)
        assert.strictEqual(yield* fs.readFileString(`${other}/${name}`), "mine")
      }
    }))

  it.effect("says where it looked in vain", () =>
    Effect.gen(function*() {
      const folder = yield* writeFolder({})
      const { url } = yield* serve(ordinary({}))
      const { error } = yield* pulling(undefined, folder, url)
      assert.match(String(error), new RegExp(`^${url}/data/.*: HTTP 404; --from pip, a wheel or a folder may do$`))
      for (const from of ["nowhere", "ftp://example.org", "http://a b"]) {
        assert.strictEqual((yield* pulling(from, folder)).error, `${from}: neither a file, a folder, a URL nor pip`)
      }
    }).pipe(Effect.scoped))

  it.effect.skipIf(process.platform !== "linux")(
    "does not wait for a folder that nobody can make",
    () =>
      Effect.gen(function*() {
        const source = yield* writeFolder(files)
        assert.match(String((yield* pulling(source, "/proc/envtune")).error), /^\/proc\/envtune.*: /)
      })
  )
})
