import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem } from "effect"
import { TestConsole } from "effect/testing"
import { envtune, errors, file, output, refused, temporary } from "./commandLine.ts"

describe("envtune evaluate", () => {
  it.effect("prints what passed", () =>
    Effect.gen(function*() {
      yield* envtune(["evaluate", "--policy", "oracle", "--part", "train,test"])
      const said = yield* output
      assert.match(said, /train\/base +6 +100\.0 % \[61\.0, 100\.0\] +100\.0 %/)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("prints one JSON object when asked to", () =>
    Effect.gen(function*() {
      yield* envtune(["evaluate", "--json", "--part", "transfer"])
      const [line, ...more] = yield* TestConsole.logLines
      assert.deepStrictEqual(JSON.parse(String(line)).cells["transfer/unseen"].success, { n: 1, passed: 1 })
      assert.deepStrictEqual(more, [])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("plays recorded messages", () =>
    Effect.gen(function*() {
      const script = yield* file("script.jsonl", "{\"task\": \"x0\", \"messages\": [\"a\", \"no\"]}\n")
      yield* envtune(["evaluate", "--policy", "scripted", "--script", script, "--part", "transfer", "--json"])
      const [line] = yield* TestConsole.logLines
      assert.deepStrictEqual(JSON.parse(String(line)).cells["transfer/unseen"].turns, { n: 2, passed: 1 })
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("says why episodes were not finished", () =>
    Effect.gen(function*() {
      const script = yield* file("script.jsonl", "{\"task\": \"x0\", \"messages\": [\"a\"]}\n")
      yield* envtune(["evaluate", "--policy", "scripted", "--script", script, "--part", "transfer"])
      assert.match(yield* errors, /^1 episodes were not finished: .*x0/)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("names the line of a script that is broken", () =>
    Effect.gen(function*() {
      const script = yield* file("script.jsonl", "{\"task\": \"x0\", \"messages\": []}\n{\"task\": 1}\n")
      assert.match(
        yield* refused("evaluate", "--policy", "scripted", "--script", script),
        new RegExp(`^envtune: ${script}:2: `)
      )
      assert.include(yield* refused("evaluate", "--policy", "scripted"), "--policy scripted needs --script FILE")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("says which parts and categories there are", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* refused("evaluate", "--part", "dev"),
        "envtune: there is no part \"dev\"; there are train, test and transfer"
      )
      assert.include(
        yield* refused("evaluate", "--category", "bse"),
        "envtune: no task of test, transfer in bse; there are train/base, test/base, transfer/unseen"
      )
    }).pipe(Effect.provide(NodeServices.layer)))
})

describe("envtune evaluate --policy openai", () => {
  const server = ["evaluate", "--policy", "openai", "--base-url", "http://somewhere/v1", "--model", "m"]

  it.effect("says what it took, and what it cost where prices are given", () =>
    Effect.gen(function*() {
      const prices = yield* file("prices.json", "{\"m\": {\"prompt\": 1, \"completion\": 4}}")
      yield* envtune([...server, "--part", "test", "--prices", prices])
      assert.include(
        yield* output,
        "1,200 requests, 3 of them repeated; 1,000,000 tokens in (0 cached), 500,000 out; 3.0000 USD"
      )
      assert.strictEqual(
        yield* refused(...server.with(6, "n"), "--prices", prices),
        `envtune: ${prices}: it has no prices of n; it has those of m`
      )
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("is refused in one sentence where something is missing or wrong", () =>
    Effect.gen(function*() {
      const said = yield* refused("evaluate", "--policy", "openai", "--model", "m")
      assert.include(said, "envtune: --policy openai needs --base-url URL and --model NAME")
      assert.include(yield* refused(...server.with(4, "somewhere")), "--base-url somewhere is no http or https URL")
      assert.include(yield* refused(...server.with(4, "http://nobody/v1")), "http://nobody/v1: there is no such host")
      assert.include(
        yield* refused(...server, "--api-key-env", "NOT_SET_ANYWHERE"),
        "--api-key-env NOT_SET_ANYWHERE: the environment has no such variable"
      )
      assert.include(
        yield* refused("evaluate", "--policy", "oracle", "--base-url", "http://somewhere/v1"),
        "--base-url, --api-key-env and --prices go with --policy openai"
      )
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("goes on with the results that are there, and refuses those of other settings", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const results = `${yield* temporary}/results`
      const evaluating = [...server, "--results", results, "--json"]
      yield* envtune([...evaluating, "--part", "transfer"])
      yield* envtune([...evaluating, "--part", "transfer,test"])
      const [first, second] = (yield* TestConsole.logLines).map((line) => JSON.parse(String(line)))
      assert.deepStrictEqual(second.cells["transfer/unseen"], first.cells["transfer/unseen"])
      assert.strictEqual(second.cells["test/base"].success.passed, 3)
      assert.strictEqual(yield* errors, `${results}: 1 episodes are there, and are not played again`)
      const lines = (yield* fs.readFileString(`${results}/m/training/base.jsonl`)).trimEnd().split("\n")
      assert.strictEqual(lines.length, 3)
      assert.include(
        yield* refused(...evaluating, "--temperature", "0.5"),
        `${results}/m/envtune.json: the results of m there are of other settings (temperature 0 there and 0.5 here)`
      )
    }).pipe(Effect.provide(NodeServices.layer)))
})
