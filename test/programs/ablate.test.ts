import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { TestConsole } from "effect/testing"
import * as Reward from "../../src/domain/Reward.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import * as EngineScripted from "../../src/layers/EngineScripted.ts"
import * as EnvironmentToy from "../../src/layers/EnvironmentToy.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import * as RunReader from "../../src/layers/RunReader.ts"
import { cli } from "../../src/programs/cli.ts"
import { defaults } from "../../src/programs/evaluate.ts"
import { Parts, type World } from "../../src/programs/parts.ts"
import { curriculum, openai, renderer, stage, tasks } from "./world.ts"

const toy: World = {
  tasks: Tasks.layer(tasks, { source: "toy" }),
  environment: EnvironmentToy.layer,
  oracle: PolicyScripted.layer(() => ""),
  curriculum: ({ reward, singleStage }) => {
    const of = (name: string, steps: number) => {
      const one = stage(name, steps, { refillRounds: 0 })
      return { ...one, services: Layer.merge(one.services, Reward.layer(reward)) }
    }
    return singleStage ? curriculum(of("everything", 3)) : curriculum(of("one", 1), of("two", 2))
  },
  evaluation: { ...defaults, sampling: { temperature: 1, maxTokens: 8 } }
}

/** Answers right, or by its seed not; calls a tool that is not there when the seed says so. */
const engine = EngineScripted.layer(({ prompt, seed }) => {
  if (seed % 4 === 3) return Array.from("call x\n", (character) => character.codePointAt(0) ?? 0)
  return [seed % 2 === 1 ? 63 : prompt.at(-2) ?? 0, 10]
})

const parts = Layer.mock(Parts, {
  exercises: () => [],
  world: () => Effect.succeed(toy),
  machine: () => Layer.merge(engine, renderer),
  openai
})

const envtune = cli(parts, "1.2.3")
const errors = Effect.map(TestConsole.errorLines, (lines) => lines.join("\n"))
const temporary = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

const json = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  return JSON.parse(yield* fs.readFileString(path))
})

describe("envtune ablate", () => {
  it.effect("trains every arm with every seed, each in a folder of its own, and compares", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const out = `${yield* temporary}/ablation`
      yield* envtune(["ablate", "--seeds", "1,2", "--out", out])
      const trained = []
      for (const arm of ["full", "no-augment", "binary", "no-curriculum"]) {
        for (const seed of ["1", "2"]) {
          const { options, seed: recorded } = yield* json(`${out}/${arm}/${seed}/run.json`)
          trained.push([arm, recorded, options])
        }
      }
      assert.deepStrictEqual(trained, [
        ["full", 1, {}],
        ["full", 2, {}],
        ["no-augment", 1, { "no-augment": true }],
        ["no-augment", 2, { "no-augment": true }],
        ["binary", 1, { reward: "binary" }],
        ["binary", 2, { reward: "binary" }],
        ["no-curriculum", 1, { "single-stage": true }],
        ["no-curriculum", 2, { "single-stage": true }]
      ])
      const { arms, contrasts, statements } = yield* json(`${out}/ablation.json`)
      assert.deepStrictEqual(arms.map(({ name }: { name: string }) => name), [
        "full",
        "no-augment",
        "binary",
        "no-curriculum"
      ])
      assert.strictEqual(arms[0].cells["test/base"].after.rate.n, 6)
      assert.deepStrictEqual(
        arms[0].trainings.map(({ seed, steps }: { seed: number; steps: number }) => [seed, steps]),
        [
          [1, 3],
          [2, 3]
        ]
      )
      assert.strictEqual(contrasts.length, 3)
      assert.strictEqual(statements.length, 4)
      const lines = (yield* TestConsole.logLines).join("\n")
      assert.include(lines, `page  ${out}/ablation.html`)
      for (const statement of statements) assert.include(lines, statement)
      const page = yield* fs.readFileString(`${out}/ablation.html`)
      assert.notInclude(page, "<script")
      assert.include(page, "no-curriculum")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("trains nothing twice", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const out = `${yield* temporary}/ablation`
      yield* envtune(["ablate", "--arms", "binary", "--out", out])
      const before = yield* fs.readFileString(`${out}/binary/1/metrics.jsonl`)
      const compared = (yield* json(`${out}/ablation.json`)).contrasts
      yield* envtune(["ablate", "--arms", "binary", "--out", out])
      assert.include(yield* errors, "2 of 2 trainings are finished already")
      assert.strictEqual(yield* fs.readFileString(`${out}/binary/1/metrics.jsonl`), before)
      assert.deepStrictEqual((yield* json(`${out}/ablation.json`)).contrasts, compared)
      yield* envtune(["ablate", "--arms", "binary", "--seeds", "1,2", "--out", out])
      assert.include(yield* errors, "training 1 of 2: full, seed 2 (four stages, hints, progress reward)")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("goes on with a training that was cut short, as if it had not been", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const out = `${yield* temporary}/ablation`
      yield* envtune(["ablate", "--arms", "full", "--out", out])
      const folder = `${out}/full/1`
      const reports = Effect.map(
        fs.readFileString(`${folder}/metrics.jsonl`),
        (text) => text.replaceAll(/"seconds":\{[^}]*\}/g, "")
      )
      const expected = yield* reports
      const analysed = (yield* json(`${out}/ablation.json`)).arms[0].cells
      const { journal } = yield* RunReader.open(folder)
      const first = journal?.entries.find(({ entry }) => entry.events.some(({ _tag }) => _tag === "StageEnded"))
      yield* fs.truncate(`${folder}/events.jsonl`, first?.end)
      yield* envtune(["ablate", "--arms", "full", "--out", out])
      // The scripted engine writes no weights, so there are none to go on from.
      assert.match(
        yield* errors,
        /training 1 of 1: full, seed 1[^]*the run had saved no weights: it begins again[^]*are superseded/
      )
      assert.strictEqual(yield* reports, expected)
      assert.deepStrictEqual((yield* json(`${out}/ablation.json`)).arms[0].cells, analysed)
      assert.isFalse(yield* fs.exists(`${folder}-unfinished-1`))
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("moves aside what is no run, and keeps it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const out = `${yield* temporary}/ablation`
      const folder = `${out}/full/1`
      yield* fs.makeDirectory(folder, { recursive: true })
      yield* fs.writeFileString(`${folder}/notes.txt`, "mine")
      yield* envtune(["ablate", "--arms", "full", "--out", out])
      assert.include(yield* errors, `${folder} holds nothing that can go on; it is kept in ${folder}-unfinished-1`)
      assert.strictEqual(yield* fs.readFileString(`${folder}-unfinished-1/notes.txt`), "mine")
      assert.strictEqual((yield* json(`${folder}/summary.json`)).outcome, "completed")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("refuses trainings that were made otherwise, before it trains anything", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const out = `${yield* temporary}/ablation`
      yield* envtune(["ablate", "--arms", "full", "--seeds", "2", "--minutes", "5", "--out", out])
      yield* Effect.flip(envtune(["ablate", "--arms", "full", "--seeds", "1,2", "--minutes", "6", "--out", out]))
      assert.match(
        yield* errors,
        /full\/2 was trained by envtune \S+ with {"minutes":5,"seed":2}, and this asks envtune \S+ for {"minutes":6,"seed":2}/
      )
      assert.isFalse(yield* fs.exists(`${out}/full/1`))
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("names the arm and the seed that it does not know", () =>
    Effect.gen(function*() {
      yield* Effect.flip(envtune(["ablate", "--arms", "no-hints"]))
      yield* Effect.flip(envtune(["ablate", "--seeds", "1,two"]))
      assert.strictEqual(
        yield* errors,
        "envtune: there is no arm \"no-hints\"; there are full, no-augment, binary, no-curriculum\n"
          + "envtune: --seeds 1,two: \"two\" is no whole number from 0 on"
      )
    }).pipe(Effect.provide(NodeServices.layer)))
})
