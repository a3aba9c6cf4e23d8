import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, FileSystem, Layer, PlatformError } from "effect"
import { TestClock } from "effect/testing"
import { hostname } from "node:os"
import * as process from "node:process"
import { Environment } from "../../src/domain/Environment.ts"
import * as EnvironmentToy from "../../src/layers/EnvironmentToy.ts"
import * as RunReader from "../../src/layers/RunReader.ts"
import { complete, envtune, envtuneIn, errors, lastError, world } from "./recorded.ts"
import { curriculum, stage } from "./world.ts"

/** Entries of a run's journal, and the same journal cut off in the middle of the one after the first `kept`. */
const entriesOf = (folder: string) => Effect.map(RunReader.open(folder), ({ journal }) => journal?.entries ?? [])

const cut = Effect.fnUntraced(function*(folder: string, kept: number) {
  const fs = yield* FileSystem.FileSystem
  const entries = yield* entriesOf(folder)
  yield* fs.truncate(`${folder}/events.jsonl`, (entries[kept - 1]?.end ?? 0) + 5)
})

/** A world that opens so many sessions and then no more, and when that is. */
const stallingAfter = Effect.fnUntraced(function*(sessions: number) {
  const stalled = yield* Deferred.make<void>()
  let opened = 0
  const environment = Layer.effect(
    Environment,
    Effect.map(Environment, ({ open }) =>
      Environment.of({
        open: (task, seed) => {
          opened += 1
          return opened <= sessions
            ? open(task, seed)
            : Effect.andThen(Deferred.succeed(stalled, undefined), Effect.never)
        }
      }))
  ).pipe(Layer.provide(EnvironmentToy.layer))
  const stalling = { ...curriculum(stage("one", 2), stage("two", 2)), environment }
  return { stalled: Deferred.await(stalled), world: { ...world, curriculum: () => stalling } }
})

const timeless = (text: string) => text.replaceAll(/"seconds":\{[^}]*\}/g, "")

const reportsOf = (folder: string) =>
  FileSystem.FileSystem.use((fs) => Effect.map(fs.readFileString(`${folder}/metrics.jsonl`), timeless))

describe("envtune resume", () => {
  it.effect("goes on from whichever event the journal ends with, and keeps what it supersedes", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* complete
      const expected = yield* reportsOf(folder)
      const episodes = yield* fs.readFile(`${folder}/episodes.jsonl.gz`)
      const count = (yield* entriesOf(folder)).length
      assert.isAbove(count, 15)
      for (let kept = 1; kept < count; kept++) {
        const killed = `${folder}-${kept}`
        yield* fs.copy(folder, killed)
        yield* cut(killed, kept)
        yield* envtune(["resume", killed])
        assert.strictEqual(yield* reportsOf(killed), expected)
        assert.isTrue(Buffer.from(yield* fs.readFile(`${killed}/episodes.jsonl.gz`)).equals(episodes))
        const { journal, summary } = yield* RunReader.open(killed)
        assert.strictEqual(summary.outcome, "completed")
        const superseded = journal?.entries.flatMap(({ entry }) => entry.events).find(({ _tag }) => _tag === "Resumed")
        assert.deepInclude(superseded, { superseded: "superseded/1" })
        assert.isTrue(yield* fs.exists(`${killed}/superseded/1/events.jsonl`))
      }
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("says where it goes on, and what is superseded", () =>
    Effect.gen(function*() {
      const folder = yield* complete
      const entries = yield* entriesOf(folder)
      const last = entries.findLastIndex(({ entry }) => entry.events.some(({ _tag }) => _tag === "StepDone"))
      yield* cut(folder, last + 1)
      yield* envtune(["resume", folder])
      const { journal } = yield* RunReader.open(folder)
      assert.isUndefined(journal?.torn)
      const fs = yield* FileSystem.FileSystem
      const page = yield* fs.readFileString(`${folder}/report.html`)
      assert.include(page, "Resumed after 3 steps; what had followed is in superseded/1.")
      assert.deepStrictEqual(yield* errors, [
        `going on after 3 steps, in stage 2, from ${folder}/checkpoints/step-3`,
        "the last line of events.jsonl does not count: it is not complete",
        "1 step and 8 episodes after that are superseded, and kept in superseded/1"
      ])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("refuses a complete run, one of other settings, and a folder without a run, and leaves them as they were", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* complete
      const before = (yield* fs.readDirectory(folder)).toSorted()
      yield* Effect.flip(envtune(["resume", folder]))
      assert.strictEqual(yield* lastError, `envtune: ${folder}: the run is complete; nothing is left to do`)
      yield* cut(folder, 8)
      const torn = yield* fs.readFile(`${folder}/events.jsonl`)
      const other = curriculum(stage("one", 2, { retries: 7 }), stage("two", 2))
      const changed = envtuneIn({ ...world, curriculum: () => other })
      yield* Effect.flip(changed(["resume", folder]))
      assert.strictEqual(
        yield* lastError,
        `envtune: ${folder} cannot go on as it began: stages of run.json would be different now`
      )
      assert.deepStrictEqual(yield* fs.readFile(`${folder}/events.jsonl`), torn)
      assert.deepStrictEqual((yield* fs.readDirectory(folder)).toSorted(), before)
      yield* Effect.flip(envtune(["resume", `${folder}/nothing`]))
      assert.include(yield* lastError, "no run is there")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("refuses a run that another process writes, and not one whose writer is gone", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* complete
      yield* cut(folder, 8)
      const lock = `${folder}/lock`
      const held = (pid: number, host: string) => fs.writeFileString(lock, JSON.stringify({ pid, host }))
      for (const [pid, host] of [[process.ppid, hostname()], [1, "elsewhere"]] as const) {
        yield* held(pid, host)
        yield* fs.utimes(lock, 0, 0)
        yield* Effect.flip(envtune(["resume", folder]))
        assert.strictEqual(
          yield* lastError,
          `envtune: ${folder}: process ${pid} on ${host} is writing this run; one at a time can`
        )
      }
      yield* held(2 ** 22 + 1, hostname())
      const again = `${folder}-again`
      yield* fs.copy(folder, again)
      yield* held(2 ** 22 + 2, hostname())
      yield* fs.copyFile(lock, `${lock}.stale`)
      yield* envtune(["resume", folder])
      assert.isFalse(yield* fs.exists(lock))
      assert.isFalse(yield* fs.exists(`${lock}.stale`))
      yield* fs.writeFileString(`${again}/lock`, JSON.stringify({ pid: 1, host: "elsewhere" }))
      yield* fs.utimes(`${again}/lock`, 0, 0)
      yield* TestClock.adjust("6 minutes")
      yield* envtune(["resume", again])
      assert.isFalse(yield* fs.exists(`${again}/lock`))
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("goes on with a run of a version whose stages had fewer settings", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* complete
      yield* cut(folder, 8)
      const manifest = yield* fs.readFileString(`${folder}/run.json`)
      const older = manifest.replaceAll(/ *"maxStaleness": 0,\n/g, "")
      assert.isBelow(older.length, manifest.length)
      yield* fs.writeFileString(`${folder}/run.json`, older)
      yield* envtune(["resume", folder])
      assert.strictEqual((yield* RunReader.open(folder)).summary.outcome, "completed")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("refuses a curriculum's file that has changed since", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = `${yield* fs.makeTempDirectoryScoped()}/run`
      const file = `${folder}.ts`
      const source = new URL("world.ts", import.meta.url).href
      yield* fs.writeFileString(
        file,
        `import { curriculum, stage } from "${source}"\nexport default curriculum(stage("mine", 2))\n`
      )
      yield* envtune(["tune", file, "--out", folder])
      yield* cut(folder, 5)
      yield* fs.writeFileString(file, "// more\n", { flag: "a" })
      yield* Effect.flip(envtune(["resume", folder]))
      assert.match((yield* lastError) ?? "", /run\.ts: it has changed since the run began: its SHA-256 was/)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("refuses a curriculum that imports a file which has changed since, or is gone", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = `${yield* fs.realPath(yield* fs.makeTempDirectoryScoped())}/run`
      const file = `${folder}.ts`
      const source = new URL("world.ts", import.meta.url).href
      yield* fs.writeFileString(
        file,
        `import { curriculum } from "${source}"\nimport { mine } from "./stages.ts"\nexport default curriculum(mine)\n`
      )
      const stages = folder.replace(/run$/, "stages.ts")
      yield* fs.writeFileString(stages, `import { stage } from "${source}"\nexport const mine = stage("mine", 2)\n`)
      yield* envtune(["tune", file, "--out", folder])
      yield* cut(folder, 5)
      yield* fs.writeFileString(stages, "// more\n", { flag: "a" })
      yield* Effect.flip(envtune(["resume", folder]))
      assert.match(
        (yield* lastError) ?? "",
        /^envtune: \S+\/stages\.ts: it has changed since the run began: its SHA-256/
      )
      yield* fs.remove(stages)
      yield* Effect.flip(envtune(["resume", folder]))
      assert.strictEqual(
        yield* lastError,
        `envtune: ${stages}: the curriculum imported it when the run began, and it is not there now`
      )
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("goes on after the last step that was done before an interruption, and does nothing twice", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const undisturbed = yield* complete
      const points = new Set<number>()
      const unfinished: Array<string | undefined> = []
      for (const sessions of [2, 6, 15, 24, 33]) {
        const folder = `${undisturbed}-${sessions}`
        const stalling = yield* stallingAfter(sessions)
        const fiber = yield* Effect.forkChild(envtuneIn(stalling.world)(["tune", "--out", folder, "--seed", "3"]))
        yield* stalling.stalled
        yield* Fiber.interrupt(fiber)
        assert.include(yield* lastError, `envtune resume ${folder} goes on`)
        yield* envtune(["report", folder])
        unfinished.push(/[^>]* had not ended: [^<]*/.exec(yield* fs.readFileString(`${folder}/report.html`))?.[0])
        const before = yield* fs.readFileString(`${folder}/events.jsonl`)
        yield* envtune(["resume", folder])
        const { journal, summary } = yield* RunReader.open(folder)
        assert.strictEqual(summary.outcome, "completed")
        assert.strictEqual(yield* reportsOf(folder), yield* reportsOf(undisturbed))
        assert.deepStrictEqual(
          yield* fs.readFile(`${folder}/episodes.jsonl.gz`),
          yield* fs.readFile(`${undisturbed}/episodes.jsonl.gz`)
        )
        assert.isTrue((yield* fs.readFileString(`${folder}/events.jsonl`)).startsWith(before))
        assert.isFalse(yield* fs.exists(`${folder}/superseded`))
        const resumed = journal?.entries.flatMap(({ entry }) => entry.events).find((event) => event._tag === "Resumed")
        points.add(resumed?.step ?? -1)
      }
      assert.isAbove(points.size, 2)
      // Of an evaluation, episodes are recorded when it is over.
      const [first, ...others] = unfinished
      assert.isUndefined(first)
      for (const sentence of others) {
        assert.match(sentence ?? "", /^\d+ episodes? had not ended: [01]\/\d\/t\d\/\d in turn 1 after \d messages?/)
        assert.include(yield* errors, sentence?.slice(0, -1))
      }
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("says that the folder cannot be written, in one sentence", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* complete
      yield* cut(folder, 8)
      const readOnly = PlatformError.systemError({
        _tag: "Unknown",
        module: "FileSystem",
        method: "open",
        cause: Object.assign(new Error("EROFS"), { code: "EROFS" })
      })
      const locked = Layer.succeed(
        FileSystem.FileSystem,
        FileSystem.FileSystem.of({ ...fs, writeFileString: () => Effect.fail(readOnly) })
      )
      yield* Effect.flip(Effect.provide(envtune(["resume", folder]), locked))
      assert.strictEqual(yield* lastError, `envtune: ${folder}/lock: the file system is read-only`)
      yield* Effect.flip(Effect.provide(envtune(["tune", "--out", `${folder}-new`]), locked))
      assert.strictEqual(yield* lastError, `envtune: ${folder}-new/lock: the file system is read-only`)
    }).pipe(Effect.provide(NodeServices.layer)))
})
