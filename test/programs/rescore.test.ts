import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Stream } from "effect"
import * as EpisodeRecord from "../../src/domain/EpisodeRecord.ts"
import * as Reward from "../../src/domain/Reward.ts"
import * as RunReader from "../../src/layers/RunReader.ts"
import { complete, envtune, lastError, output } from "./recorded.ts"

const recordsOf = (folder: string) =>
  RunReader.open(folder).pipe(
    Effect.flatMap(({ episodes }) => Stream.runCollect(episodes)),
    Effect.map((lines) => lines.flatMap((line) => line._tag === "Line" ? [line.value] : []))
  )

const rescored = Effect.fnUntraced(function*(folder: string, ...given: ReadonlyArray<string>) {
  const before = (yield* output).length
  yield* envtune(["rescore", folder, "--json", ...given])
  return (yield* output).slice(before).map((line) => JSON.parse(line))
})

const ruleFile = Effect.fnUntraced(function*(text: string) {
  const fs = yield* FileSystem.FileSystem
  const file = `${yield* fs.makeTempDirectoryScoped()}/rule.mjs`
  yield* fs.writeFileString(file, text)
  return file
})

describe("envtune rescore", () => {
  it.effect("finds the recorded rewards and advantages again with the rules that made them", () =>
    Effect.gen(function*() {
      const folder = yield* complete
      for (const given of [[], ["--reward", "progress"]]) {
        const episodes = yield* rescored(folder, ...given)
        assert.isAbove(episodes.length, 30)
        for (const { advantage, recorded, score } of episodes) {
          assert.deepStrictEqual(score, recorded.score)
          assert.strictEqual(advantage, recorded.advantage)
        }
        assert.isTrue(episodes.some(({ advantage }) => advantage !== undefined))
      }
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("scores what was played by another rule, and compares by another estimator", () =>
    Effect.gen(function*() {
      const folder = yield* complete
      const records = new Map((yield* recordsOf(folder)).map((record) => [record.id, record]))
      const episodes = yield* rescored(folder, "--reward", "binary", "--advantage", "centred")
      assert.strictEqual(episodes.length, records.size)
      for (const { id, score } of episodes) {
        const record = records.get(id)
        const episode = record === undefined ? undefined : EpisodeRecord.episode(record)
        assert(episode !== undefined)
        assert.deepStrictEqual(score, Reward.binary(episode))
      }
      const groups = Map.groupBy(episodes, ({ id }) => id.slice(0, id.lastIndexOf("/")))
      for (const group of groups.values()) {
        const advantages = group.flatMap(({ advantage }) => advantage ?? [])
        assert.closeTo(advantages.reduce((sum, advantage) => sum + advantage, 0), 0, 1e-9)
        const isLive = new Set(group.map(({ score }) => score.total)).size > 1
        assert.strictEqual(advantages.length, isLive ? group.length : 0)
      }
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("takes a rule from a user's file, and prints a line a stage", () =>
    Effect.gen(function*() {
      const folder = yield* complete
      const file = yield* ruleFile(
        "export const reward = ({ steps }) => ({ _tag: 'Scored', total: steps.length, terms: {}, perTurn: [] })"
      )
      yield* envtune(["rescore", folder, "--reward", file])
      const [stage, two] = (yield* output).slice(-2)
      assert.match(stage ?? "", /^one +\d+ +0\.\d+ +2\.\d+ /)
      assert.match(two ?? "", /^two /)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("says what is wrong with a rule", () =>
    Effect.gen(function*() {
      const folder = yield* complete
      const refused = (file: string) => Effect.flip(envtune(["rescore", folder, "--reward", file]))
      yield* refused("nowhere.ts")
      assert.strictEqual(yield* lastError, "envtune: nowhere.ts: no such file or folder")
      const none = yield* ruleFile("export const rule = 1")
      yield* refused(none)
      assert.include(yield* lastError, `${none}: it exports no function called "reward"; built in are progress, `)
      const wrong = yield* ruleFile("export const reward = () => 0.5")
      yield* refused(wrong)
      assert.match((yield* lastError) ?? "", /rule\.mjs: its reward of an episode of t\d is no score: /)
      const throwing = yield* ruleFile("export const reward = () => { throw new Error('no judge') }")
      yield* refused(throwing)
      assert.strictEqual(yield* lastError, `envtune: ${throwing}: it failed: Error: no judge`)
    }).pipe(Effect.provide(NodeServices.layer)))
})
