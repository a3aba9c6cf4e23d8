import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { TestConsole } from "effect/testing"
import { Engine } from "../../src/domain/Engine.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import * as EngineScripted from "../../src/layers/EngineScripted.ts"
import * as EnvironmentToy from "../../src/layers/EnvironmentToy.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import { cli } from "../../src/programs/cli.ts"
import { defaults } from "../../src/programs/evaluate.ts"
import { type MachineOptions, Parts, type World } from "../../src/programs/parts.ts"
import { curriculum, openai, renderer, stage, tasks } from "./world.ts"

const world: World = {
  tasks: Tasks.layer(tasks, { source: "toy" }),
  environment: EnvironmentToy.layer,
  oracle: PolicyScripted.layer((conversation) => conversation.at(-1)?.content.slice(-1) ?? ""),
  curriculum: () => curriculum(stage("one", 5), stage("two", 10)),
  evaluation: { ...defaults, sampling: { temperature: 0, maxTokens: 8 } }
}

const scripted = EngineScripted.layer(() => [10])

/** An engine that is asked twice for a linear loss, and once for a clipped one. */
const clipping = Layer.effect(
  Engine,
  Effect.map(Engine, (engine) =>
    Engine.of({
      ...engine,
      info: { ...engine.info, capabilities: { ...engine.info.capabilities, forwardPasses: 1 } },
      ppo: () => Effect.succeed([])
    }))
).pipe(Layer.provide(scripted))

/** The command tree, and what engine it asked for. */
const made = (own: World = world, engine: Layer.Layer<Engine> = scripted) => {
  const asked: Array<MachineOptions> = []
  const parts = Layer.mock(Parts, {
    exercises: () => [],
    openai,
    world: () => Effect.succeed(own),
    machine: (options) => {
      asked.push(options)
      return Layer.merge(engine, renderer)
    }
  })
  return { asked, envtune: cli(parts, "1.2.3") }
}

const output = Effect.map(TestConsole.logLines, (lines) => lines.join("\n"))
const errors = Effect.map(TestConsole.errorLines, (lines) => lines.join("\n"))

describe("envtune tune --dry-run", () => {
  it.effect("says what a run would take, and makes no folder", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const out = `${yield* fs.makeTempDirectoryScoped()}/run`
      yield* made().envtune(["tune", "--dry-run", "--out", out, "--parameters", "7.6e9", "--gpu", "a100"])
      const said = yield* output
      // 5 steps of 2 groups of 4, every group replaced at most once; an episode has two turns of one message.
      assert.match(said, /^one +6 +5 +40 to 80 +80 to 160 /m)
      // Three test tasks and one of transfer, before and after.
      assert.match(said, /^before and after +4 +0 +8 +16 /m)
      assert.match(said, /^all +15 +128 to 248 +256 to 496 /m)
      assert.match(said, /^a100 hours for 7\.60 G parameters: /m)
      assert.isFalse(yield* fs.exists(out))
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("counts the passes that the engine's own clipped loss saves", () =>
    Effect.gen(function*() {
      const loss = { klCoefficient: 0, entropyCoefficient: 0, dualClip: null }
      const strict = stage("strict", 5, { optimization: { loss } })
      const ahead = stage("ahead", 10, { optimization: { loss }, maxStaleness: 1 })
      const paper = stage("paper", 10)
      const clipped = { ...world, curriculum: () => curriculum(strict, ahead, paper) }
      for (const engine of [scripted, clipping]) yield* made(clipped, engine).envtune(["tune", "--dry-run"])
      const saved = (yield* output).match(/.*saved$/gm)
      // The first stage needs no log-probs but the engine's own, the second asks for those of the moment, too.
      assert.deepStrictEqual(saved, [
        "the server's own ppo is the loss: 25 passes over what is trained on are saved"
      ])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("refuses what the run would refuse", () =>
    Effect.gen(function*() {
      const ahead = { ...world, curriculum: () => curriculum(stage("ahead", 5, { maxStaleness: 1 })) }
      const training = EngineScripted.layer(() => [10], { capabilities: { entropyGradient: true } })
      yield* Effect.flip(made(ahead, training).envtune(["tune", "--dry-run"]))
      assert.include(yield* errors, "ahead: maxStaleness is 1 and has to be 0")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("counts an episode in the model's tokens", () =>
    Effect.gen(function*() {
      yield* made().envtune(["tune", "--dry-run", "--json"])
      const { stages } = JSON.parse(yield* output)
      // What is asked and answered: "say a\n", "a\n", "say b\n", "b\n" after a system message; answers of one letter.
      assert.strictEqual(stages[0].size.steps, 2)
      assert.strictEqual(stages[0].size.sampled, 2)
      assert.isAtLeast(stages[0].size.context, 16)
    }).pipe(Effect.provide(NodeServices.layer)))
})

const all = (profile: string) =>
  `--trainer http://127.0.0.1:8000 --profile ${profile} --base-model q --model q --family qwen3`.split(" ")

describe("envtune tune --trainer", () => {
  const server = ["--trainer", "http://127.0.0.1:8000", "--profile", "skyrl-jax", "--base-model", "Qwen/Qwen3-4B"]

  it.effect("asks for the engine on that server", () =>
    Effect.gen(function*() {
      const { asked, envtune } = made()
      yield* envtune(["tune", "--dry-run", ...server, "--model", "qwen", "--family", "qwen3", "--rank", "16"])
      const [{ remote } = {}] = asked
      assert.strictEqual(remote?.url, "http://127.0.0.1:8000")
      assert.strictEqual(remote?.profile.name, "skyrl-jax")
      assert.strictEqual(remote?.rank, 16)
      assert.deepStrictEqual(remote?.language, { family: "qwen3" })
      assert.strictEqual(remote?.contextLength, 32_768)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("is refused before the server is asked for anything, when it would not do what a stage says", () =>
    Effect.gen(function*() {
      const { asked, envtune } = made()
      yield* Effect.flip(envtune(["tune", ...all("skyrl-fsdp"), "--rank", "0"]))
      yield* Effect.flip(envtune(["tune", "--dry-run", ...all("openrl")]))
      assert.deepStrictEqual((yield* errors).split("\n"), [
        "envtune: the engine rejected the request: one, two: klCoefficient is 0.1 and has to be 0: servers of "
        + "profile skyrl-fsdp keep no start of a model all of whose weights are trained; of an adapter's (a rank above 0) they do",
        "envtune: the engine rejected the request: one, two: klCoefficient is 0.1 and has to be 0: servers of "
        + "profile openrl have no place for a frozen reference beside the model"
      ])
      assert.strictEqual(asked.length, 0)
      yield* envtune(["tune", "--dry-run", ...all("skyrl-fsdp"), "--rank", "8"])
      assert.strictEqual(asked.length, 1)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("speaks to the model as it is told", () =>
    Effect.gen(function*() {
      const { asked, envtune } = made()
      const speaking = ["--thinking", "off", "--history", "sampled"]
      yield* envtune(["tune", "--dry-run", ...server, "--model", "qwen", "--family", "qwen3", ...speaking])
      assert.deepStrictEqual(asked[0]?.remote?.language, { family: "qwen3", thinking: false, history: "sampled" })
      yield* Effect.flip(envtune(["tune", "--thinking", "on"]))
      assert.include(yield* errors, "--thinking is of a server: say where it is with --trainer")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("evaluates a model as it was trained last", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const out = `${yield* fs.makeTempDirectoryScoped()}/run`
      const settings = {
        deadlineSeconds: 7200,
        concurrency: 3,
        retries: 1,
        sampling: { temperature: 1, maxTokens: 16 }
      }
      const slow = { ...world, curriculum: () => curriculum(stage("one", 1), stage("two", 1, settings)) }
      const { envtune } = made(slow)
      yield* envtune(["tune", "--out", out, ...server, "--model", "qwen", "--family", "qwen3"])
      const { evaluation } = JSON.parse(yield* fs.readFileString(`${out}/run.json`))
      assert.deepStrictEqual(evaluation, {
        ...world.evaluation,
        ...settings,
        maxSteps: 10,
        retryMilliseconds: 100
      })
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("is refused without what it needs, and so is what needs it", () =>
    Effect.gen(function*() {
      const { asked, envtune } = made()
      yield* Effect.flip(envtune(["tune", ...server]))
      yield* Effect.flip(envtune(["tune", "--rank", "8"]))
      yield* Effect.flip(envtune(["tune", ...server, "--model", "q", "--family", "qwen3", "--weights", "w"]))
      const said = yield* errors
      assert.include(
        said,
        "--trainer needs --profile (envtune doctor finds it out), --base-model, --model and --family"
      )
      assert.include(said, "--rank is of a server: say where it is with --trainer")
      assert.include(said, "--weights are of the embedded engine; a server has its own")
      assert.strictEqual(asked.length, 0)
    }).pipe(Effect.provide(NodeServices.layer)))
})
