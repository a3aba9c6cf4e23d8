import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Layer, Option, Path, PlatformError, Ref, Stream } from "effect"
import { TestClock } from "effect/testing"
import { hostname } from "node:os"
import * as process from "node:process"
import * as EpisodeRecord from "../../src/domain/EpisodeRecord.ts"
import type { Manifest } from "../../src/domain/Manifest.ts"
import { type RunEvent, RunStore, type RunStoreError } from "../../src/domain/RunStore.ts"
import * as Seed from "../../src/domain/Seed.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import * as RunFolder from "../../src/layers/RunFolder.ts"
import * as RunReader from "../../src/layers/RunReader.ts"
import * as RunStoreMemory from "../../src/layers/RunStoreMemory.ts"
import * as TrainerMemory from "../../src/layers/TrainerMemory.ts"
import { tune } from "../../src/programs/tune.ts"
import { curriculum, stage, tasks } from "../programs/world.ts"

const manifest: Manifest = {
  curriculum: "toy",
  seed: 1,
  versions: { envtune: "0.0.0" },
  tasks: { provenance: { source: "test" }, sha256: "", counts: { "train/base": 6 } },
  engine: { name: "scripted", parameters: 0, vocabularySize: 1, contextLength: 1 },
  vocabularyHash: "none",
  stages: [],
  options: {}
}

const started: RunEvent = { _tag: "RunStarted", milliseconds: 1_700_000_000_000, manifest }

/** Calls a tool that is not there, then answers by its seed. */
const policy = PolicyScripted.layer((conversation, { seed }) => {
  const last = conversation.at(-1)
  if (conversation.length === 1) return "call cd"
  if (last?.role === "tool") return seed % 2 === 0 ? "a" : "wrong \u{1f600}"
  return "b"
})

/** What two steps of a toy run append. */
const events = Stream.runDrain(tune(curriculum(stage("one", 2)), { seed: 1 })).pipe(
  Effect.andThen(Effect.flatMap(RunStoreMemory.Recorded, Ref.get)),
  Effect.provide([TrainerMemory.layer, RunStoreMemory.layer, Tasks.layer(tasks, {}), policy])
)

const folder = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return path.join(yield* fs.makeTempDirectoryScoped(), "run")
})

const write = (path: string, ...appends: ReadonlyArray<ReadonlyArray<RunEvent>>) =>
  RunStore.use((store) => Effect.forEach(appends, store.append, { discard: true })).pipe(
    Effect.provide(RunFolder.layer(path))
  )

const lines = <A, E>(stream: Stream.Stream<RunReader.Line<A>, E>) =>
  Effect.map(Stream.runCollect(stream), (all) => ({
    values: all.flatMap((line) => line._tag === "Line" ? [line.value] : []),
    torn: all.flatMap((line) => line._tag === "Torn" ? [{ line: line.line }] : [])
  }))

const isAttempt = (event: RunEvent): boolean => event._tag === "EpisodeAttempted"

/** A disk that takes half of what is written to a file and then has no room, while it is full. */
const fullDisk = Effect.fnUntraced(function*(name: string) {
  const fs = yield* FileSystem.FileSystem
  const isFull = yield* Ref.make(false)
  const noRoom = PlatformError.systemError({
    _tag: "Unknown",
    module: "FileSystem",
    method: "writeAll",
    cause: Object.assign(new Error("ENOSPC"), { code: "ENOSPC" })
  })
  const limited = (file: FileSystem.File): FileSystem.File =>
    Object.assign(Object.create(file), {
      writeAll: (bytes: Uint8Array) =>
        Effect.flatMap(Ref.get(isFull), (full) =>
          full
            ? Effect.andThen(file.writeAll(bytes.subarray(0, bytes.length / 2)), Effect.fail(noRoom))
            : file.writeAll(bytes))
    })
  const layer = Layer.succeed(
    FileSystem.FileSystem,
    FileSystem.FileSystem.of({
      ...fs,
      open: (path, options) => Effect.map(fs.open(path, options), (file) => path.endsWith(name) ? limited(file) : file)
    })
  )
  return { layer, fill: Ref.set(isFull, true), empty: Ref.set(isFull, false) }
})

const timeless = (text: unknown) => String(text).replaceAll(/"seconds":\{[^}]*\}/g, "")

/** Cuts the end off a file. */
const tear = Effect.fnUntraced(function*(file: string, bytes: number) {
  const fs = yield* FileSystem.FileSystem
  const whole = yield* fs.readFile(file)
  yield* fs.writeFile(file, whole.subarray(0, whole.length - bytes))
})

describe("RunFolder", () => {
  it.effect("gives back what was appended", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const appended = yield* events
      const scores = { "test/base": { n: 3, passed: 1 } }
      const outcomes = { e0: { n: 1, passed: 1 }, e1: { n: 2, passed: 0 } }
      yield* write(
        path,
        [started],
        [{ _tag: "Evaluated", when: "before", scores, tasks: outcomes, seconds: 1 }],
        appended,
        [
          {
            _tag: "WeightsSaved",
            path: "checkpoints/final",
            step: 2,
            kind: "stage",
            seconds: { run: 12, training: 11 }
          },
          { _tag: "RunEnded", outcome: "completed", detail: "", seconds: 12 }
        ]
      )
      const record = yield* RunReader.open(path)
      const evaluations = yield* lines(record.evaluations)
      assert.deepStrictEqual(evaluations.values, [{ when: "before", tasks: outcomes }])
      assert.deepStrictEqual(record.manifest, manifest)
      assert.strictEqual(record.started, 1_700_000_000)
      assert.strictEqual(record.summary.outcome, "completed")
      assert.deepStrictEqual(record.summary.before, scores)
      assert.deepStrictEqual(record.summary.stages.map(({ name, steps }) => [name, steps]), [["one", 2]])
      const reports = appended.flatMap((event) => event._tag === "StepDone" ? [event.report] : [])
      const episodes = appended.flatMap((event) =>
        event._tag === "EpisodeAttempted" ? [EpisodeRecord.make(event.attempted)] : []
      )
      assert.isAbove(episodes.length, 15)
      assert.deepStrictEqual(yield* lines(record.reports), { values: reports, torn: [] })
      assert.deepStrictEqual(yield* lines(record.episodes), { values: episodes, torn: [] })
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("keeps tokens whole: a prompt stored as an extension is the prompt again", () =>
    Effect.gen(function*() {
      const appended = yield* events
      for (const event of appended) {
        if (event._tag !== "EpisodeAttempted" || event.attempted.finished === undefined) continue
        const record = EpisodeRecord.make(event.attempted)
        const sampled = event.attempted.finished.episode.steps.map((step) => step.completion.tokens)
        assert.deepStrictEqual(EpisodeRecord.tokens(record), sampled)
        assert.isTrue(record.finished?.steps.slice(1).every(({ tokens }) => tokens?.extension !== undefined))
      }
    }))

  it.effect("refuses a folder that holds a run, and leaves it as it was", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* folder
      yield* write(path, [started], yield* events)
      const before = yield* fs.readFile(`${path}/metrics.jsonl`)
      const error = yield* Effect.flip(write(path, [started]))
      assert.strictEqual(error.message, `${path}: the folder already holds a run (run.json); nothing was overwritten`)
      assert.deepStrictEqual(yield* fs.readFile(`${path}/metrics.jsonl`), before)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("is readable up to a torn tail, and says where it begins", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const appended = yield* events
      const half = appended.findIndex((event) => event._tag === "StepDone") + 1
      yield* write(path, [started], appended.slice(0, half), appended.slice(half))
      const whole = yield* lines((yield* RunReader.open(path)).episodes)
      yield* tear(`${path}/metrics.jsonl`, 10)
      yield* tear(`${path}/episodes.jsonl.gz`, 10)
      const record = yield* RunReader.open(path)
      const reports = yield* lines(record.reports)
      assert.strictEqual(reports.values.length, 1)
      assert.deepStrictEqual(reports.torn, [{ line: 2 }])
      const episodes = yield* lines(record.episodes)
      assert.isAtLeast(episodes.values.length, half - 2)
      assert.isBelow(episodes.values.length, whole.values.length + 1)
      assert.deepStrictEqual(episodes.values, whole.values.slice(0, episodes.values.length))
      assert.strictEqual(episodes.torn.length, 1)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("does not count what no append committed, and says so unless a process is writing", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* folder
      const appended = yield* events
      yield* write(path, [started], appended)
      const whole = yield* lines((yield* RunReader.open(path)).reports)
      yield* fs.writeFileString(`${path}/metrics.jsonl`, `{"stage":`, { flag: "a" })
      const torn = yield* lines((yield* RunReader.open(path)).reports)
      assert.deepStrictEqual(torn, { values: whole.values, torn: [{ line: whole.values.length + 1 }] })
      yield* fs.writeFileString(`${path}/lock`, JSON.stringify({ pid: process.pid, host: hostname() }))
      assert.deepStrictEqual(yield* lines((yield* RunReader.open(path)).reports), whole)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("is readable whatever byte of whatever file a crash ends it at", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* folder
      const appended = yield* events
      const cuts = appended.flatMap((event, i) => event._tag === "StepDone" ? [i + 1] : [])
      yield* write(path, [started], ...cuts.map((cut, i) => appended.slice(cuts[i - 1] ?? 0, cut)))
      const whole = yield* lines((yield* RunReader.open(path)).reports)
      for (const name of ["events.jsonl", "metrics.jsonl", "episodes.jsonl.gz"]) {
        const bytes = yield* fs.readFile(`${path}/${name}`)
        const draws = new Seed.Draws(Seed.derive("tear", name))
        for (let i = 0; i < 40; i++) {
          yield* fs.writeFile(`${path}/${name}`, bytes.subarray(0, draws.below(bytes.length)))
          const record = yield* RunReader.open(path)
          const { values } = yield* lines(record.reports)
          assert.deepStrictEqual(values, whole.values.slice(0, values.length))
          yield* lines(record.episodes)
        }
        yield* fs.writeFile(`${path}/${name}`, bytes)
      }
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("refuses a journal that is damaged before its end", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* folder
      yield* write(path, [started], yield* events)
      const journal = yield* fs.readFileString(`${path}/events.jsonl`)
      yield* fs.writeFileString(`${path}/events.jsonl`, journal.replace("1700000000000", "1700000000001"))
      const error = yield* Effect.flip(RunReader.open(path))
      assert.strictEqual(error.message, `${path}/events.jsonl:1: its checksum does not fit`)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("finds an episode by its id", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const appended = yield* events
      const last = appended.findLast((event) => event._tag === "EpisodeAttempted")?.attempted
      assert(last !== undefined)
      // Collected for a step that never was, and counted by the one before.
      const ahead = { ...last, id: last.id.replace(`/${last.step}/`, `/${last.step + 1}/`) }
      yield* write(path, [started], [...appended, { _tag: "EpisodeAttempted", attempted: ahead }])
      const { episode } = yield* RunReader.open(path)
      for (const one of [last, ahead]) {
        assert.deepStrictEqual(yield* episode(one.id), Option.some(EpisodeRecord.make(one)))
      }
      assert.deepStrictEqual(yield* episode("0/1/nothing/0"), Option.none())
      assert.deepStrictEqual(yield* episode("nothing"), Option.none())
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("takes back an append that failed halfway, and goes on when there is room", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const disk = yield* fullDisk("metrics.jsonl")
      const appended = yield* events
      const half = appended.findIndex((event) => event._tag === "StepDone") + 1
      yield* RunStore.use((store) =>
        Effect.gen(function*() {
          yield* store.append([started])
          yield* disk.fill
          yield* Effect.flip(store.append(appended.slice(0, half)))
          yield* disk.empty
          yield* store.append(appended.slice(half))
        })
      ).pipe(Effect.provide(Layer.provide(RunFolder.layer(path), disk.layer)))
      const record = yield* RunReader.open(path)
      const reports = appended.slice(half).flatMap((event) => event._tag === "StepDone" ? [event.report] : [])
      assert.deepStrictEqual(yield* lines(record.reports), { values: reports, torn: [] })
      const episodes = yield* lines(record.episodes)
      assert.deepStrictEqual(episodes.torn, [])
      assert.strictEqual(episodes.values.length, appended.slice(half).filter(isAttempt).length)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("calls a broken line in the middle an error, with its place", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* folder
      yield* write(path, [started], yield* events)
      const file = `${path}/metrics.jsonl`
      yield* fs.writeFileString(file, `{"stage": 3}\n${yield* fs.readFileString(file)}`)
      const { reports } = yield* RunReader.open(path)
      const error = yield* Effect.flip(Stream.runDrain(reports))
      assert.include(error.message, `${file}:1: `)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("writes no more once another process has taken the run over", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* folder
      const appended = yield* events
      const error = yield* RunStore.use((store) =>
        Effect.gen(function*() {
          yield* store.append([started])
          yield* fs.writeFileString(`${path}/lock`, JSON.stringify({ pid: 1, host: "elsewhere" }))
          return yield* Effect.flip(store.append(appended))
        })
      ).pipe(Effect.provide(RunFolder.layer(path)))
      assert.strictEqual(
        error.message,
        `${path}: process 1 on elsewhere is writing this run; one at a time can`
      )
      assert.deepStrictEqual(yield* fs.readFileString(`${path}/metrics.jsonl`), "")
      assert.isTrue(yield* fs.exists(`${path}/lock`))
      assert.strictEqual((yield* RunReader.open(path)).summary.outcome, "running")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("says interrupted when it is, and everything appended until then is there", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const appended = yield* events
      const fiber = yield* RunStore.use((store) => Effect.andThen(store.append([started, ...appended]), Effect.never))
        .pipe(
          Effect.provide(RunFolder.layer(path)),
          Effect.forkChild
        )
      const reader = Effect.flatMap(RunReader.open(path), ({ episodes }) => lines(episodes))
      const expected = appended.filter((event) => event._tag === "EpisodeAttempted").length
      const written = reader.pipe(
        Effect.map(({ values }) => values.length),
        Effect.orElseSucceed(() => 0),
        Effect.repeat({ until: (n) => n === expected })
      )
      yield* written
      assert.strictEqual((yield* RunReader.open(path)).summary.outcome, "running")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* RunReader.open(path)).summary.outcome, "interrupted")
      assert.deepStrictEqual((yield* reader).torn, [])
    }).pipe(Effect.provide(NodeServices.layer), TestClock.withLive))

  it.effect("names the file when the disk is full", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const disk = yield* fullDisk("metrics.jsonl")
      yield* disk.fill
      const appended = yield* events
      const error: RunStoreError = yield* Effect.flip(Effect.provide(write(path, [started], appended), disk.layer))
      assert.strictEqual(error.message, `${path}/metrics.jsonl: no space left on the device`)
      const record = yield* RunReader.open(path)
      assert.strictEqual(record.summary.outcome, "failed")
      assert.include(record.summary.detail, "no space left")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("says that no run is there", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(RunReader.open("/nowhere"))
      assert.strictEqual(error.message, "/nowhere: no run is there (run.json is missing)")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("differs between two runs of one seed only in seconds", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const texts = yield* Effect.forEach([0, 1], () =>
        Effect.gen(function*() {
          const path = yield* folder
          yield* write(path, [started], yield* events)
          return [yield* fs.readFile(`${path}/episodes.jsonl.gz`), yield* fs.readFileString(`${path}/metrics.jsonl`)]
        }))
      assert.deepStrictEqual(texts[0]?.[0], texts[1]?.[0])
      assert.strictEqual(timeless(texts[0]?.[1]), timeless(texts[1]?.[1]))
    }).pipe(Effect.provide(NodeServices.layer)))
})
