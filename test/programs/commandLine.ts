/** The command line in a world without engines, servers and data. */
import { Effect, FileSystem, Layer } from "effect"
import { TestConsole } from "effect/testing"
import * as Augmentor from "../../src/domain/Augmentor.ts"
import { EngineError, WeightsUnusable } from "../../src/domain/Engine.ts"
import * as Reward from "../../src/domain/Reward.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import * as EngineScripted from "../../src/layers/EngineScripted.ts"
import * as EnvironmentToy from "../../src/layers/EnvironmentToy.ts"
import * as PolicyOpenai from "../../src/layers/PolicyOpenai.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import { cli } from "../../src/programs/cli.ts"
import { defaults } from "../../src/programs/evaluate.ts"
import { Parts, type World } from "../../src/programs/parts.ts"
import { Unavailable } from "../../src/programs/refusal.ts"
import { curriculum, renderer, stage, tasks } from "./world.ts"
const toy: World = {
  tasks: Tasks.layer(tasks, { source: "toy" }),
  environment: EnvironmentToy.layer,
  oracle: PolicyScripted.layer((conversation) => conversation.at(-1)?.content.slice(-1) ?? ""),
  curriculum: ({ reward, singleStage }) => {
    const of = (name: string) => {
      const one = stage(name, 2, { refillRounds: 0 })
      return { ...one, services: Layer.merge(one.services, Reward.layer(reward)) }
    }
    return singleStage ? curriculum(of("everything")) : curriculum(of("one"), of("two"))
  },
  evaluation: { ...defaults, sampling: { temperature: 0, maxTokens: 8 } }
}

/** Calls a tool that is not there when the seed says so, and else answers: right when sampled at temperature 0. */
const engine = EngineScripted.layer(({ prompt, seed, temperature }) => {
  const asked = prompt.at(-2) ?? 0
  if (temperature > 0 && seed % 4 === 3) return Array.from("call x\n", (character) => character.codePointAt(0) ?? 0)
  return [temperature > 0 && seed % 2 === 1 ? 63 : asked, 10]
})

const parts = Layer.succeed(
  Parts,
  Parts.of({
    world: ({ data }) =>
      data === undefined
        ? Effect.succeed(toy)
        : Effect.fail(
          new Tasks.TasksError({
            reason: new Tasks.TasksUnreadable({ path: `${data}/base.json`, line: 7, detail: "not a JSON object" })
          })
        ),
    exercises: () => tasks.map((task, i) => ({ task, traps: i < 5 ? ["path"] : [] })),
    official: () => Effect.succeed({ ...toy, environment: Layer.provide(toy.environment, Augmentor.layerNone) }),
    machine: ({ weights }) =>
      weights === undefined
        ? Layer.merge(engine, renderer)
        : Layer.unwrap(
          Effect.fail(
            new EngineError({
              reason: new WeightsUnusable({ path: weights, detail: "they are of another vocabulary" })
            })
          )
        ),
    openai: ({ baseUrl, model, tools }) =>
      baseUrl === "http://nobody/v1"
        ? Layer.unwrap(Effect.fail(new PolicyOpenai.ServerUnusable({ url: baseUrl, detail: "there is no such host" })))
        : Layer.merge(
          PolicyScripted.layer((conversation) =>
            model === "mute" || tools ? "" : conversation.at(-1)?.content.slice(-1) ?? ""
          ),
          Layer.succeed(PolicyOpenai.Meter, {
            spending: Effect.succeed({
              requests: 1200,
              retries: 3,
              uncounted: 0,
              tokens: { prompt: 1_000_000, cached: 0, completion: 500_000 }
            })
          })
        ),
    pretrain: ({ out, say }) => say(`pretending to make ${out}`),
    conformanceOfRenderers: ({ models }) => Effect.succeed({ lines: [`languages of ${models}`], agrees: true }),
    serve: ({ host, port, weights }) =>
      Effect.fail(new Unavailable({ detail: `port ${port} of ${host} is in use; nobody serves ${weights}` })),
    conformance: ({ data }) =>
      data === "bad"
        ? Effect.fail(new Unavailable({ detail: "no recordings" }))
        : Effect.succeed({ lines: ["base 3 of 4"], agrees: false }),
    conformanceOfTinker: ({ exchanges }) => Effect.succeed({ lines: [`exchanges ${exchanges}`], agrees: true }),
    doctor: ({ profile, url }) =>
      Effect.succeed({ lines: [`${url} as ${profile?.name}`], healthy: profile?.name === "custom" }),
    split: ({ split }) => Effect.succeed({ lines: [`split ${split}`], leaks: split === "leaky.json" }),
    score: () => Effect.succeed({ models: [], gaps: [], readings: [], limited: [] }),
    compare: ({ first, second }) => Effect.fail(new Unavailable({ detail: `${first} and ${second} differ` })),
    cache: Effect.succeed("/cache"),
    validate: ({ data, times }) =>
      Effect.succeed({ lines: [`${data} ${times} times`], broken: data === "bad" ? 2 : 0 }),
    replay: ({ data, input, output }) =>
      Effect.succeed({
        played: 1200,
        calls: 3,
        bad: input === `${data} ${output}` ? 2 : 0
      }),
    pull: ({ from, say, to }) => say(`pulling from ${from ?? "the repository"} to ${to}`),
    origin: () => Effect.fail(new Unavailable({ detail: "a toy has no origin" }))
  })
)

export const envtune = cli(parts, "1.2.3")
export const output = Effect.map(TestConsole.logLines, (lines) => lines.join("\n"))
export const errors = Effect.map(TestConsole.errorLines, (lines) => lines.join("\n"))

/** Runs a command that is refused, and gives what it says on stderr. */
export const refused = Effect.fnUntraced(function*(...given: ReadonlyArray<string>) {
  yield* Effect.flip(envtune(given))
  return yield* errors
})

export const temporary = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

/** A file with a user's text in it. */
export const file = Effect.fnUntraced(function*(name: string, text: string) {
  const fs = yield* FileSystem.FileSystem
  const path = `${yield* temporary}/${name}`
  yield* fs.writeFileString(path, text)
  return path
})
