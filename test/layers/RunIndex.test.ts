import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import type { Path } from "effect"
import { Context, Effect, Exit, FileSystem, Layer, Option, Scope, Stream } from "effect"
import { hostname } from "node:os"
import * as process from "node:process"
import { gunzipSync, gzipSync } from "node:zlib"
import type { EpisodeRecord } from "../../src/domain/EpisodeRecord.ts"
import type { Manifest } from "../../src/domain/Manifest.ts"
import { idle, type StepReport } from "../../src/domain/Report.ts"
import { type RunEvent, RunStore } from "../../src/domain/RunStore.ts"
import type * as RunView from "../../src/domain/RunView.ts"
import * as Task from "../../src/domain/Task.ts"
import * as RunFolder from "../../src/layers/RunFolder.ts"
import * as RunIndex from "../../src/layers/RunIndex.ts"
import * as RunReader from "../../src/layers/RunReader.ts"
import * as RunResumption from "../../src/layers/RunResumption.ts"
import { recorded } from "../programs/viewer/recording.ts"

const all = { offset: 0, limit: 1000 }

const recordsOf = Effect.fnUntraced(function*(folder: string) {
  const { episodes } = yield* RunReader.open(folder)
  const lines = yield* Stream.runCollect(episodes)
  return lines.flatMap((line): ReadonlyArray<EpisodeRecord> => line._tag === "Line" ? [line.value] : [])
})

const opened = Effect.fnUntraced(function*(folder: string) {
  const view = yield* RunIndex.open(folder)
  yield* Stream.runDrain(view.progress)
  return view
})

/** As if another process, which is there, wrote the run. */
const heldByAnother = (folder: string) =>
  FileSystem.FileSystem.use((fs) =>
    fs.writeFileString(`${folder}/lock`, JSON.stringify({ pid: process.ppid, host: hostname() }))
  )

const report = (step: number): StepReport => ({
  ...idle,
  stage: "one",
  stageStep: step,
  step,
  ledger: { attempted: 2, trained: 0, filtered: {}, failed: { deadline: 2 } },
  groups: { collected: 1, trained: 0, refillRounds: 0 },
  seconds: { collect: 1, train: 0 }
})

/** A step of two episodes that failed for the same cause. */
const stepOf = (step: number, cause: string): ReadonlyArray<RunEvent> => [
  ...[0, 1].map((member): RunEvent => ({
    _tag: "EpisodeAttempted",
    attempted: {
      id: `0/${step}/t/${member}`,
      stage: "one",
      step,
      member,
      task: Task.make("t", null),
      seed: member,
      attempts: 1,
      fate: { _tag: "Failed", cause, detail: "" }
    }
  })),
  { _tag: "StepDone", report: report(step) }
]

const saved = (step: number, kind: "start" | "step"): RunEvent => ({
  _tag: "WeightsSaved",
  path: `checkpoints/${kind}-${step}`,
  step,
  kind,
  seconds: { run: 0, training: 0 }
})

/** What a process does to a run, until it is done with it or breaks down. */
const writing = Effect.fnUntraced(function*<E>(
  folder: string,
  open: Effect.Effect<RunStore["Service"], E, FileSystem.FileSystem | Path.Path | Scope.Scope>
) {
  const fs = yield* FileSystem.FileSystem
  const scope = yield* Scope.make()
  const store = yield* Scope.provide(open, scope)
  return {
    append: Effect.fnUntraced(function*(step: number, cause: string, save?: "saved") {
      yield* store.append(stepOf(step, cause))
      if (save === undefined) return
      yield* fs.makeDirectory(`${folder}/checkpoints/step-${step + 1}`)
      yield* store.append([saved(step + 1, "step")])
    }),
    crash: Scope.close(scope, Exit.die("killed")),
    complete: Effect.andThen(
      store.append([{ _tag: "RunEnded", outcome: "completed", detail: "", seconds: 1 }]),
      Scope.close(scope, Exit.void)
    )
  }
})

const begun = (folder: string) =>
  writing(
    folder,
    Effect.gen(function*() {
      const store = Context.get(yield* Layer.build(RunFolder.layer(folder)), RunStore)
      yield* FileSystem.FileSystem.use((fs) => fs.makeDirectory(`${folder}/checkpoints/start-0`))
      yield* store.append([{ _tag: "RunStarted", milliseconds: 0, manifest }])
      yield* store.append([saved(0, "start")])
      return store
    })
  )

const resumed = (folder: string) =>
  writing(
    folder,
    Effect.gen(function*() {
      const { goOn, standing } = yield* RunResumption.open(folder)
      const { store } = yield* goOn
      yield* store.append([{ _tag: "Resumed", milliseconds: 0, step: standing.steps }])
      return store
    })
  )

const manifest: Manifest = {
  curriculum: "one",
  seed: 1,
  versions: {},
  tasks: { provenance: {}, sha256: "", counts: {} },
  engine: { name: "scripted", parameters: 0, vocabularySize: 1, contextLength: 1 },
  vocabularyHash: "",
  stages: [],
  options: {}
}

const causesOf = (view: RunView.RunView) =>
  Effect.map(view.page({}, all.offset, all.limit), ({ episodes }) => episodes.map(({ cause }) => cause))

describe("RunIndex", () => {
  it.effect("summarises every episode as its record says, and finds each of them again", () =>
    Effect.gen(function*() {
      const folder = yield* recorded
      const records = yield* recordsOf(folder)
      const view = yield* opened(folder)
      const { episodes, known, matching } = yield* view.page({}, all.offset, all.limit)
      assert.deepStrictEqual([known, matching], [records.length, records.length])
      for (const [at, summary] of episodes.entries()) {
        const record = records[at] ?? assert.fail(`no record ${at}`)
        const steps = record.finished?.steps ?? []
        const verdicts = steps.flatMap(({ verdict }) => verdict ?? [])
        const outcomes = steps.flatMap(({ outcomes }) => outcomes)
        assert.deepInclude(summary, {
          at,
          id: record.id,
          task: record.task.id,
          turnsPassed: verdicts.filter(({ passed }) => passed).length,
          passed: verdicts.length === record.finished?.turns && verdicts.every(({ passed }) => passed),
          steps: steps.length,
          calls: outcomes.length,
          hints: [...new Set(outcomes.flatMap(({ hint }) => hint ?? []))]
        })
        assert.strictEqual(summary.failure, verdicts.find(({ passed }) => !passed)?.failure)
      }
      const id = episodes.at(-7)?.id ?? ""
      assert.deepStrictEqual(yield* view.episode(id), records.at(-7))
      const group = records.filter((record) => record.id.startsWith(id.slice(0, id.lastIndexOf("/") + 1)))
      assert.deepStrictEqual(yield* view.group(id), group)
      assert.isUndefined(yield* view.episode("9/9/none/0"))
      assert.deepStrictEqual((yield* view.header).torn, [])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("says what became of hints, by stage and rule", () =>
    Effect.gen(function*() {
      const folder = yield* recorded
      const records = new Map((yield* recordsOf(folder)).map((record) => [record.id, record]))
      const view = yield* opened(folder)
      const spoken: Record<string, number> = {}
      for (const { hints, stage } of yield* view.reports) {
        for (const [rule, times] of Object.entries(hints)) {
          spoken[`${stage}: ${rule}`] = (spoken[`${stage}: ${rule}`] ?? 0) + times
        }
      }
      const uses = yield* view.hints
      assert.isAbove(uses.length, 0)
      assert.deepStrictEqual(
        Object.fromEntries(uses.map(({ following, rule, stage }) => [`${stage}: ${rule}`, following.fired])),
        spoken
      )
      for (const { episodes, example, rule, stage } of uses) {
        const { matching } = yield* view.page({ hint: rule, stage }, 0, 0)
        assert.strictEqual(episodes, matching)
        const outcomes = records.get(example.id)?.finished?.steps.flatMap(({ outcomes }) => outcomes)
        assert.deepStrictEqual(outcomes?.find(({ hint }) => hint === rule), example.outcome)
      }
      assert.deepStrictEqual(yield* view.hints, uses)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("reads everything before a torn tail, and says where it is torn", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* recorded
      const file = `${folder}/episodes.jsonl.gz`
      const records = yield* recordsOf(folder)
      const bytes = yield* fs.readFile(file)
      yield* fs.writeFile(file, bytes.subarray(0, bytes.length - 9))
      const view = yield* opened(folder)
      const { known } = yield* view.page({}, all.offset, all.limit)
      assert.isAbove(known, 0)
      assert.isBelow(known, records.length)
      const [torn = ""] = (yield* view.header).torn
      assert.match(torn, /episodes\.jsonl\.gz is torn from byte \d+ of \d+ on/)
      assert.deepStrictEqual(yield* view.episode(records[0]?.id ?? ""), records[0])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("says what is no record", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* recorded
      yield* fs.writeFileString(`${folder}/episodes.jsonl.gz`, "not compressed at all, and longer than a header")
      const view = yield* opened(folder)
      const [torn = ""] = (yield* view.header).torn
      assert.match(torn, /cannot be decompressed from byte 0 on/)
      const missing = yield* Effect.flip(RunIndex.open(`${folder}/nothing`))
      assert.include(missing.message, "no run is there")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("goes on reading while the run is on", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* recorded
      const file = `${folder}/episodes.jsonl.gz`
      const bytes = yield* fs.readFile(file)
      const summary = yield* fs.readFileString(`${folder}/summary.json`)
      yield* fs.writeFile(file, bytes.subarray(0, 100))
      yield* fs.writeFileString(`${folder}/summary.json`, summary.replace("\"completed\"", "\"running\""))
      yield* heldByAnother(folder)
      const view = yield* RunIndex.open(folder)
      // As the run does it: what is missing is appended, and a summary is renamed into place.
      const finish = fs.writeFile(file, bytes.subarray(100), { flag: "a" }).pipe(
        Effect.andThen(fs.writeFileString(`${folder}/summary.json.new`, summary)),
        Effect.andThen(fs.rename(`${folder}/summary.json.new`, `${folder}/summary.json`))
      )
      const seen = yield* view.progress.pipe(
        Stream.zipWithIndex,
        Stream.tap(([, event]) => event === 0 ? finish : Effect.void),
        Stream.map(([progress]) => progress),
        Stream.runCollect
      )
      assert.strictEqual(seen[0]?.outcome, "running")
      assert.deepInclude(seen.at(-1), { outcome: "completed", episodes: 60, read: bytes.length, rewinds: 0 })
      assert.deepStrictEqual((yield* view.header).torn, [])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

  it.live("follows a run back to where it is taken up again, and on from there", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = `${yield* fs.makeTempDirectoryScoped()}/run`
      const { append, crash } = yield* begun(folder)
      yield* append(0, "first", "saved")
      yield* append(1, "first")
      yield* crash
      const view = yield* RunIndex.open(folder)
      const until = (reached: (progress: RunView.Progress) => boolean) =>
        Stream.runDrain(Stream.takeUntil(view.progress, reached))
      yield* until(({ episodes, outcome }) => outcome === "failed" && episodes === 4)
      assert.deepStrictEqual(yield* causesOf(view), ["first", "first", "first", "first"])

      // Seen when it has gone back.
      const again = yield* resumed(folder)
      yield* until(({ outcome, rewinds }) => outcome === "running" && rewinds === 1)
      assert.deepStrictEqual(yield* causesOf(view), ["first", "first"])
      assert.strictEqual((yield* view.reports).length, 1)
      assert.isUndefined(yield* view.episode("0/1/t/0"))
      yield* again.append(1, "other", "saved")
      yield* again.append(2, "other")
      yield* until(({ episodes }) => episodes === 6)
      yield* again.crash

      // Seen when it has gone on, with more in the place of what there was.
      const last = yield* resumed(folder)
      yield* last.append(2, "third")
      yield* last.append(3, "third")
      yield* last.complete
      yield* Stream.runDrain(view.progress)
      assert.deepStrictEqual(
        yield* causesOf(view),
        ["first", "first", "other", "other", "third", "third", "third", "third"]
      )
      assert.deepStrictEqual((yield* view.reports).map(({ step }) => step), [0, 1, 2, 3])
      assert.deepStrictEqual(yield* view.episode("0/2/t/0"), (yield* recordsOf(folder))[4])
      assert.deepStrictEqual((yield* view.header).torn, [])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

  it.live("counts nothing that the journal of a killed run does not vouch for, until the run goes on", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = `${yield* fs.makeTempDirectoryScoped()}/run`
      const { append, crash } = yield* begun(folder)
      yield* append(0, "kept", "saved")
      const journal = yield* fs.readFile(`${folder}/events.jsonl`)
      yield* append(1, "lost")
      yield* crash
      // In the middle of a line.
      yield* fs.truncate(`${folder}/events.jsonl`, journal.length + 20)
      const summary = yield* fs.readFileString(`${folder}/summary.json`)
      yield* fs.writeFileString(`${folder}/summary.json`, summary.replace("\"failed\"", "\"running\""))
      const view = yield* RunIndex.open(folder)
      const settled = Stream.runHead(Stream.filter(view.progress, ({ episodes }) => episodes > 0))
      assert.deepInclude(Option.getOrUndefined(yield* settled), { outcome: "killed", steps: 1, episodes: 2 })
      yield* Stream.runDrain(Stream.take(view.progress, 2))
      const { torn } = yield* view.header
      assert.deepStrictEqual(torn.map((sentence) => /(\w+)\.jsonl\S* is torn/.exec(sentence)?.[1]), [
        "metrics",
        "episodes"
      ])

      const { append: again, complete } = yield* resumed(folder)
      yield* again(1, "again")
      yield* complete
      yield* Stream.runDrain(view.progress)
      assert.deepStrictEqual(yield* causesOf(view), ["kept", "kept", "again", "again"])
      assert.deepStrictEqual((yield* view.header).torn, [])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

  it.effect("keeps what it found in many episodes, and believes it as far as the record still holds them", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* recorded
      const kept = `${folder}/episodes.index.gz`
      const read = Effect.map(
        Effect.flatMap(opened(folder), (view) => view.page({}, all.offset, all.limit)),
        ({ episodes }) => episodes
      )
      const episodes = yield* read
      const lines = gunzipSync(yield* fs.readFile(kept)).toString().split("\n").filter((line) => line !== "")
      assert.isAbove(lines.length, 2)

      // So that it shows where a summary comes from; the last member is no longer what it was.
      const marked = lines.map((line, i) => {
        const one = line.replaceAll("\"category\":\"base\"", "\"category\":\"kept\"")
        return i < lines.length - 1 ? one : one.replace(/"trailer":"[^"]*"/, "\"trailer\":\"0000000000000000\"")
      })
      yield* fs.writeFile(kept, gzipSync(marked.join("\n")))
      const again = yield* read
      const last = again.findIndex(({ category }) => category === "base")
      assert.isAbove(last, 0)
      assert.deepStrictEqual(
        again,
        episodes.map((episode, at) => at < last ? { ...episode, category: "kept" } : episode)
      )

      yield* fs.writeFileString(kept, "not compressed at all")
      // Where it cannot be written, as in a folder of somebody else's.
      yield* fs.makeDirectory(`${kept}.new`)
      assert.deepStrictEqual(yield* read, episodes)
      assert.strictEqual(yield* fs.readFileString(kept), "not compressed at all")
    }).pipe(Effect.provide(NodeServices.layer)))
})
