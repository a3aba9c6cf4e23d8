import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { gunzipSync } from "node:zlib"
import * as Advance from "../../src/domain/Advance.ts"
import * as Augmentor from "../../src/domain/Augmentor.ts"
import type { Curriculum } from "../../src/domain/Curriculum.ts"
import * as Episode from "../../src/domain/Episode.ts"
import { ofPart, Tasks } from "../../src/domain/Tasks.ts"
import * as Base from "../../src/layers/Base.ts"
import * as Drills from "../../src/layers/Drills.ts"
import * as EngineEmbedded from "../../src/layers/EngineEmbedded.ts"
import * as PolicyEngine from "../../src/layers/PolicyEngine.ts"
import * as RendererCompact from "../../src/layers/RendererCompact.ts"
import * as RunFolder from "../../src/layers/RunFolder.ts"
import * as TrainerGrpo from "../../src/layers/TrainerGrpo.ts"
import * as Paper from "../../src/programs/curricula/paper.ts"
import { defaults } from "../../src/programs/evaluate.ts"
import { rollout } from "../../src/programs/rollout.ts"
import { run } from "../../src/programs/run.ts"

const tasks = Drills.tasks({ seed: 1, sizes: { train: 8, test: 10, transfer: 1 } })

/** The base of this package, with some worker threads. */
const machine = (workers: number) =>
  Layer.unwrap(
    Effect.map(Base.read(), ({ config, folder, vocabulary }) =>
      Layer.merge(
        EngineEmbedded.layer({ config, weights: folder, vocabulary: vocabulary.hash, seed: 0, workers }),
        RendererCompact.layer(vocabulary)
      ))
  )

/** The stages with hints and without, two small steps each. */
const curriculum = (): Curriculum => {
  const { stages, ...rest } = Paper.drills(Drills.environment)
  return {
    ...rest,
    stages: [1, 3].flatMap((at) => stages[at] ?? []).map((stage) => ({
      ...stage,
      advance: Advance.after(2),
      settings: { ...stage.settings, tasksPerStep: 6, groupSize: 4 }
    }))
  }
}

const withoutSeconds = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value), (key, part: unknown) => key === "seconds" ? undefined : part)

const linesOf = (text: string): ReadonlyArray<string> => text.trimEnd().split("\n")

/** A run in a folder of its own: its reports without times, its episodes, and the weights it ended with. */
const recorded = Effect.fnUntraced(function*(workers: number) {
  const files = yield* FileSystem.FileSystem
  const folder = `${yield* files.makeTempDirectoryScoped()}/run`
  yield* run(curriculum(), {
    seed: 7,
    evaluation: { ...defaults, parts: ["test"], sampling: { temperature: 0, maxTokens: 32 }, maxSteps: 20 },
    about: { versions: {}, options: {} },
    weights: (name) => ({ path: `${folder}/checkpoints/${name}`, recorded: `checkpoints/${name}` })
  }).pipe(
    Effect.provide([
      RunFolder.layer(folder),
      tasks,
      Layer.merge(TrainerGrpo.layer, PolicyEngine.layer).pipe(Layer.provideMerge(machine(workers)))
    ])
  )
  const { checkpoints, episodes, metrics, summary } = RunFolder.files
  return {
    reports: linesOf(yield* files.readFileString(`${folder}/${metrics}`)).map((line) =>
      withoutSeconds(JSON.parse(line))
    ),
    episodes: linesOf(gunzipSync(yield* files.readFile(`${folder}/${episodes}`)).toString()),
    summary: withoutSeconds(JSON.parse(yield* files.readFileString(`${folder}/${summary}`))),
    weights: yield* files.readFile(`${folder}/${checkpoints}/final/model.safetensors`)
  }
}, Effect.scoped)

describe("a run with the embedded engine", () => {
  it.live("is the same whatever the number of workers, times aside", () =>
    Effect.gen(function*() {
      const one = yield* recorded(1)
      const two = yield* recorded(2)
      assert.lengthOf(one.reports, 4)
      assert.deepStrictEqual(two.reports, one.reports)
      assert.isAtLeast(one.episodes.length, 4 * 6 * 4)
      assert.deepStrictEqual(two.episodes, one.episodes)
      assert.deepStrictEqual(two.summary, one.summary)
      assert.isTrue(Buffer.from(two.weights).equals(one.weights), "the weights differ")
      const { folder } = yield* Base.read()
      const files = yield* FileSystem.FileSystem
      const base = yield* files.readFile(`${folder}/model.safetensors`)
      assert.strictEqual(base.length, one.weights.length)
      assert.isFalse(Buffer.from(base).equals(one.weights), "nothing was learned")
    }).pipe(Effect.provide(NodeServices.layer)))
})

describe("the base model", () => {
  it.live("speaks the drills' protocol and calls tools", () =>
    Effect.gen(function*() {
      const { all } = yield* Tasks
      const episodes = yield* Effect.forEach(
        ofPart(all, "test").slice(0, 30),
        (task) => rollout(task, { seed: 1, sampling: { temperature: 1, maxTokens: 32 }, maxSteps: 20 }),
        { concurrency: 30 }
      )
      const codes = episodes.flatMap(Episode.codes)
      const share = (of: (code: number) => boolean) => codes.filter(of).length / codes.length
      assert.lengthOf(episodes, 30)
      assert.isAbove(share((code) => code !== -3), 0.8, "well-formed messages")
      assert.isAbove(share((code) => code === -1), 0.1, "calls that ran")
    }).pipe(
      Effect.provide([
        tasks,
        PolicyEngine.layer.pipe(Layer.provide(machine(2))),
        Layer.provide(Drills.environment, Augmentor.layerNone)
      ]),
      Effect.provide(NodeServices.layer)
    ))
})
