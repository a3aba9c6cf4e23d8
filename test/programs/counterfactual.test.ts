import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { TestConsole } from "effect/testing"
import * as Tasks from "../../src/domain/Tasks.ts"
import * as EngineScripted from "../../src/layers/EngineScripted.ts"
import * as EnvironmentToy from "../../src/layers/EnvironmentToy.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import { cli } from "../../src/programs/cli.ts"
import { counterfactual } from "../../src/programs/counterfactual.ts"
import { defaults } from "../../src/programs/evaluate.ts"
import { Parts, type World } from "../../src/programs/parts.ts"
import { curriculum, openai, renderer, stage, tasks } from "./world.ts"

const toy: World = {
  tasks: Tasks.layer(tasks, { source: "toy" }),
  environment: EnvironmentToy.layer,
  oracle: PolicyScripted.layer(() => ""),
  curriculum: () => curriculum(stage("one", 1, { refillRounds: 0 }), stage("two", 1, { refillRounds: 0 })),
  evaluation: { ...defaults, sampling: { temperature: 1, maxTokens: 8 } }
}

const points = (text: string) => Array.from(text, (character) => character.codePointAt(0) ?? 0)

/**
 * Calls what is not there in every other episode, and then answers: right when it was told which tool exists, or had not
 * asked. Its second turn is right in half of the episodes, so that groups differ.
 */
const engine = EngineScripted.layer(({ prompt, seed }) => {
  const said = String.fromCodePoint(...prompt)
  if (said.endsWith("say a\n")) return points(seed % 2 === 0 ? "call x\n" : "a\n")
  if (said.endsWith("say b\n")) return points(seed % 3 === 0 ? "c\n" : "b\n")
  return points(said.endsWith("exists\n") ? "a\n" : "?\n")
})

const parts = Layer.mock(Parts, {
  exercises: () => [],
  world: () => Effect.succeed(toy),
  machine: () => Layer.merge(engine, renderer),
  openai
})

const envtune = cli(parts, "1.2.3")
const errors = Effect.map(TestConsole.errorLines, (lines) => lines.join("\n"))

/** A run of the toy curriculum. */
const trained = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const run = `${yield* fs.makeTempDirectoryScoped()}/run`
  yield* envtune(["tune", "--out", run, "--seed", "3"])
  return run
})

const options = { rule: "name-the-tools", episodes: 256, seed: 1, weights: undefined, workers: undefined }

describe("a counterfactual", () => {
  it.effect("says what a rule adds, with the same seeds and one rule less", () =>
    Effect.gen(function*() {
      const run = yield* trained
      const { played, recorded, spoke, success, turns } = yield* counterfactual({ ...options, run })
      assert.isAbove(recorded, 0)
      assert.strictEqual(played, recorded)
      assert.strictEqual(spoke, recorded)
      // Without the hint the first turn fails in every one of these episodes; the second is as it was.
      assert.strictEqual(success.first, 0)
      assert.isAbove(success.second, 0)
      assert.closeTo(turns.difference, 0.5, 1e-12)
    }).pipe(Effect.provide([NodeServices.layer, parts])))

  it.effect("plays a sample that follows from the seed", () =>
    Effect.gen(function*() {
      const run = yield* trained
      const some = yield* counterfactual({ ...options, run, episodes: 3 })
      assert.strictEqual(some.played, 3)
      assert.deepStrictEqual(yield* counterfactual({ ...options, run, episodes: 3 }), some)
    }).pipe(Effect.provide([NodeServices.layer, parts])))

  it.effect("is printed by envtune hints counterfactual", () =>
    Effect.gen(function*() {
      const run = yield* trained
      yield* envtune(["hints", "counterfactual", run, "--rule", "name-the-tools"])
      const lines = (yield* TestConsole.logLines).join("\n")
      assert.match(lines, /name-the-tools spoke in \d+ episodes of the run; \d+ of them were played again/)
      assert.match(lines, /turns +\d+ +\d+\.\d % +\d+\.\d % +\+50\.0 \[/)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("names the rules that spoke when it is asked for another", () =>
    Effect.gen(function*() {
      const run = yield* trained
      yield* Effect.flip(envtune(["hints", "counterfactual", run, "--rule", "name-tools"]))
      assert.include(
        yield* errors,
        `envtune: ${run}: the rule "name-tools" never spoke; those that spoke are name-the-tools`
      )
    }).pipe(Effect.provide(NodeServices.layer)))
})
