/** Runs of a toy world as the command line makes them, for tests of what can be done with a run's folder. */
import { Effect, FileSystem, Layer } from "effect"
import { TestConsole } from "effect/testing"
import { Engine } from "../../src/domain/Engine.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import * as EngineScripted from "../../src/layers/EngineScripted.ts"
import * as EnvironmentToy from "../../src/layers/EnvironmentToy.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import { cli } from "../../src/programs/cli.ts"
import { defaults } from "../../src/programs/evaluate.ts"
import { Parts, type World } from "../../src/programs/parts.ts"
import { curriculum, openai, renderer, stage, tasks } from "./world.ts"

/** Two stages of two steps. */
export const world: World = {
  tasks: Tasks.layer(tasks, { source: "toy" }),
  environment: EnvironmentToy.layer,
  oracle: PolicyScripted.layer(() => ""),
  curriculum: () => curriculum(stage("one", 2), stage("two", 2)),
  evaluation: { ...defaults, sampling: { temperature: 0, maxTokens: 8 } }
}

const spelled = (text: string) => Array.from(text, (character) => character.codePointAt(0) ?? 0)

/** Calls a tool that is not there, or is right or wrong, by the seed; its weights are a folder with nothing in it. */
const engine = Layer.effect(
  Engine,
  Effect.gen(function*() {
    const scripted = yield* Engine
    const fs = yield* FileSystem.FileSystem
    return Engine.of({ ...scripted, save: (path) => Effect.orDie(fs.makeDirectory(path)) })
  })
).pipe(
  Layer.provide(
    EngineScripted.layer(({ prompt, seed, temperature }) => {
      if (temperature > 0 && seed % 4 === 3) return spelled("call x\n")
      return [temperature > 0 && seed % 2 === 1 ? 63 : prompt.at(-2) ?? 0, 10]
    })
  )
)

/** The command line in a world. */
export const envtuneIn = (world: World) =>
  cli(
    Layer.mock(Parts, {
      world: () => Effect.succeed(world),
      machine: () => Layer.merge(engine, renderer),
      exercises: () => [],
      openai
    }),
    "1.2.3"
  )

export const envtune = envtuneIn(world)

/** What was said on stdout and stderr. */
export const output = Effect.map(TestConsole.logLines, (lines) => lines.map(String))
export const errors = Effect.map(TestConsole.errorLines, (lines) => lines.map(String))
export const lastError = Effect.map(errors, (lines) => lines.at(-1))

/** The folder of a complete run. */
export const complete = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = `${yield* fs.makeTempDirectoryScoped()}/run`
  yield* envtune(["tune", "--out", folder, "--seed", "3", "--save-every", "1"])
  return folder
})
