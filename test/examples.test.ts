import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, FileSystem, Layer } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import { TestConsole } from "effect/testing"
import * as augmentor from "../examples/augmentor.ts"
import * as curriculum from "../examples/curriculum.ts"
import * as environment from "../examples/environment.ts"
import * as reward from "../examples/reward.ts"
import * as trainer from "../examples/trainer.ts"
import { load } from "../src/programs/load.ts"
import { folderOf } from "./layers/chat/models.ts"
import { httpClient } from "./layers/tinker/scripted.ts"
import * as ToyServer from "./layers/tinker/ToyServer.ts"

const folder = new URL("../examples/", import.meta.url).pathname

/** What an example prints. */
const printed = Effect.fnUntraced(function*<E>(main: Effect.Effect<unknown, E>) {
  yield* main
  return (yield* TestConsole.logLines).map(String)
})

describe("examples/curriculum.ts", () => {
  it.effect("plays a step of every stage, the first with hints and the second without", () =>
    Effect.gen(function*() {
      const lines = (yield* printed(curriculum.main)).join("\n")
      assert.match(lines, /with hints: 1\d\d episodes, reward 0\.\d\d, [1-9]\d* to learn from/)
      assert.match(lines, /on its own: 1\d\d episodes, reward 0\.\d\d, [1-9]\d* to learn from/)
    }))
})

describe("examples/reward.ts", () => {
  it.effect("scores episodes with terms, and every turn", () =>
    Effect.gen(function*() {
      const lines = yield* printed(reward.main)
      const scores = lines.map((line) => JSON.parse(line.slice(line.indexOf("{"))))
      assert.strictEqual(scores.length, 8)
      for (const { perTurn, terms, total } of scores) {
        assert.closeTo(total, terms.progress - 0.05 * (terms["failures.failed"] + terms["failures.repeated"]), 1e-9)
        const passed = perTurn.reduce((sum: number, turn: number) => sum + turn, 0) + 0.05 * terms.failures
        assert.closeTo(passed, terms.progress * perTurn.length, 1e-9)
      }
      assert.isTrue(scores.some(({ terms }) => terms.failures > 0))
      assert.isTrue(scores.some(({ terms }) => terms.progress > 0))
    }))
})

describe("examples/augmentor.ts", () => {
  it.effect("shows what its own rule says, and what the built-in ones say where it has nothing to say", () =>
    Effect.gen(function*() {
      const lines = yield* printed(augmentor.main)
      const rules = lines.flatMap((line) => /^ {2}(\S+) {2}/m.exec(line.replace(/^ {2}without.*$/m, ""))?.[1] ?? [])
      assert.include(rules, "pointer")
      assert.isTrue(rules.some((rule) => rule.startsWith("dependency.") || rule.startsWith("schema.")))
      assert.isTrue(
        lines.some((line) =>
          /(lockDoors|pressBrakePedal|startEngine) may help with the (doors locked|brake pressed|engine running)\./
            .test(line)
        )
      )
    }))
})

describe("examples/environment.ts", () => {
  it.effect("prints an episode whose failed calls are explained, and its reward", () =>
    Effect.gen(function*() {
      const text = (yield* printed(environment.main)).join("\n")
      assert.include(text, "reason must be 'damaged' or 'late', not 'broken'.")
      assert.include(text, "Use list_orders() first.")
      assert.include(text, "turn 1 passed")
      assert.include(
        text,
        "{\"_tag\":\"Scored\",\"total\":1,\"terms\":{\"progress\":1},\"perTurn\":[1],\"weights\":{\"progress\":1}}"
      )
    }))
})

describe("examples/trainer.ts", () => {
  it.effect("asks the server for the model it is told, and says why it does not get it", () =>
    Effect.gen(function*() {
      const server = ToyServer.make()
      const settings = { TRAINER_URL: "http://server", MODEL: "another", MODEL_FOLDER: yield* folderOf("qwen3") }
      const error = yield* Effect.flip(trainer.training).pipe(
        Effect.provide(Layer.succeed(HttpClient.HttpClient, httpClient(server.answer))),
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(settings))
      )
      assert.match(error.message, /create_model: request \d+ failed: no base model another/)
      assert.deepStrictEqual(server.requests(), ["client/config", "create_session", "create_model"])
    }).pipe(Effect.provide(NodeServices.layer)))
})

describe("every example", () => {
  it.effect("has less than 60 lines", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const files = yield* fs.readDirectory(folder)
      assert.sameMembers(files, ["augmentor.ts", "curriculum.ts", "environment.ts", "reward.ts", "trainer.ts"])
      for (const file of files) {
        const text = yield* fs.readFileString(`${folder}${file}`)
        assert.isBelow(text.trimEnd().split("\n").length, 60, file)
      }
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("that is a curriculum can be loaded by the command line", () =>
    Effect.gen(function*() {
      const names: Array<string> = []
      for (const file of ["curriculum", "reward", "augmentor"]) names.push((yield* load(`${folder}${file}.ts`)).name)
      assert.deepStrictEqual(names, ["hints, then none", "paper-drills", "paper-drills"])
    }).pipe(Effect.provide(NodeServices.layer)))
})
