import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Stream } from "effect"
import type { EpisodeRecord } from "../../src/domain/EpisodeRecord.ts"
import * as RunIndex from "../../src/layers/RunIndex.ts"
import * as RunReader from "../../src/layers/RunReader.ts"
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
      assert.deepInclude(seen.at(-1), { outcome: "completed", episodes: 60, read: bytes.length })
      assert.deepStrictEqual((yield* view.header).torn, [])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})
