import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { TestConsole } from "effect/testing"
import * as Augmentor from "../../src/domain/Augmentor.ts"
import * as Curriculum from "../../src/domain/Curriculum.ts"
import * as Reward from "../../src/domain/Reward.ts"
import { envtune, file, output, refused, temporary } from "./commandLine.ts"

const source = new URL("../../src/", import.meta.url).href

const valid = `
import * as Advance from "${source}domain/Advance.ts"
import * as Augmentor from "${source}domain/Augmentor.ts"
import * as Curriculum from "${source}domain/Curriculum.ts"
import * as Reward from "${source}domain/Reward.ts"
import * as EnvironmentToy from "${source}layers/EnvironmentToy.ts"
import { Layer } from "effect"

export default Curriculum.make({
  name: "of a user",
  environment: EnvironmentToy.layer,
  stages: [Curriculum.stage("mine", {
    tasks: () => true,
    services: Layer.merge(Augmentor.layerNone, Reward.layer(Reward.progress)),
    advance: Advance.after(1),
    settings: { tasksPerStep: 2, groupSize: 2 }
  })]
})
`

describe("envtune tune", () => {
  it.effect("runs the built-in curriculum, and says what changed and where everything is", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const out = `${yield* temporary}/run`
      yield* envtune(["tune", "--out", out, "--seed", "3"])
      const said = yield* output
      assert.match(said, /test\/base +3 +100\.0 % \[43\.9, 100\.0\] +100\.0 % \[43\.9, 100\.0\] +\+0\.0/)
      assert.include(said, `run     ${out}`)
      assert.include(said, `report  ${out}/report.html`)
      assert.sameMembers(yield* fs.readDirectory(out), [
        "checkpoints",
        "episodes.jsonl.gz",
        "evaluations.jsonl",
        "events.jsonl",
        "metrics.jsonl",
        "report.html",
        "run.json",
        "summary.json"
      ])
      const run = JSON.parse(yield* fs.readFileString(`${out}/run.json`))
      assert.strictEqual(run.seed, 3)
      assert.deepStrictEqual(run.options, { out })
      const summary = JSON.parse(yield* fs.readFileString(`${out}/summary.json`))
      assert.strictEqual(summary.outcome, "completed")
      assert.deepStrictEqual(summary.after, {
        "test/base": { n: 3, passed: 3 },
        "transfer/unseen": { n: 1, passed: 1 }
      })
      assert.deepStrictEqual(summary.stages.map(({ name, steps }: { name: string; steps: number }) => [name, steps]), [
        ["one", 2],
        ["two", 2]
      ])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("prints JSON lines and nothing else when asked to", () =>
    Effect.gen(function*() {
      const out = `${yield* temporary}/run`
      yield* envtune(["tune", "--out", out, "--stages", "two", "--json"])
      const tags = (yield* TestConsole.logLines).map((line) => JSON.parse(String(line))._tag)
      assert.deepStrictEqual(tags, [
        "RunStarted",
        "WeightsSaved",
        "Evaluated",
        "StageStarted",
        "StepDone",
        "StepDone",
        "StageEnded",
        "WeightsSaved",
        "Evaluated",
        "RunEnded",
        "Written"
      ])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("leaves failed calls unexplained with --no-augment, and explains them without", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const hintsIn = Effect.fnUntraced(function*(...more: ReadonlyArray<string>) {
        const out = `${yield* temporary}/run`
        yield* envtune(["tune", "--out", out, ...more])
        const lines = (yield* fs.readFileString(`${out}/metrics.jsonl`)).trim().split("\n")
        return lines.flatMap((line) => Object.keys(JSON.parse(line).hints))
      })
      assert.include(yield* hintsIn(), "name-the-tools")
      assert.deepStrictEqual(yield* hintsIn("--no-augment"), [])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("pays for whole episodes alone with --reward binary", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const out = `${yield* temporary}/run`
      yield* envtune(["tune", "--out", out, "--reward", "binary", "--stages", "1"])
      const [line = ""] = (yield* fs.readFileString(`${out}/metrics.jsonl`)).split("\n")
      assert.deepStrictEqual(Object.keys(JSON.parse(line).terms), ["binary"])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("trains in one stage with --single-stage, which is for the built-in curriculum", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const out = `${yield* temporary}/run`
      yield* envtune(["tune", "--out", out, "--single-stage"])
      const { options, stages } = JSON.parse(yield* fs.readFileString(`${out}/run.json`))
      assert.deepStrictEqual(stages.map(({ name }: { name: string }) => name), ["everything"])
      assert.deepStrictEqual(options, { out, "single-stage": true })
      assert.strictEqual(
        yield* refused("tune", "mine.ts", "--single-stage"),
        "envtune: --single-stage is for the built-in curriculum; mine.ts chooses its own stages"
      )
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("runs a user's curriculum", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const out = `${yield* temporary}/run`
      const inside = new URL("../../test/", import.meta.url).pathname
      const path = yield* fs.makeTempFileScoped({ directory: inside, prefix: "curriculum-", suffix: ".ts" })
      yield* fs.writeFileString(path, valid)
      yield* envtune(["tune", path, "--out", out])
      const { curriculum, evaluation, stages } = JSON.parse(yield* fs.readFileString(`${out}/run.json`))
      assert.strictEqual(curriculum, "of a user")
      assert.deepStrictEqual(evaluation.sampling, stages[0].settings.sampling)
      assert.strictEqual(evaluation.concurrency, stages[0].settings.concurrency)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("runs a user's curriculum on the tasks it brings, without an evaluation when it holds none out", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const out = `${yield* temporary}/run`
      const inside = new URL("../../test/", import.meta.url).pathname
      const path = yield* fs.makeTempFileScoped({ directory: inside, prefix: "curriculum-", suffix: ".ts" })
      const own = `import * as Tasks from "${source}domain/Tasks.ts"\n`
      const tasks = `tasks: Tasks.layer([{ id: "mine", category: "base", scenario: "mine", part: "train", payload: {
        tools: ["ls"], turns: [{ ask: "say a", expect: "a" }] } }], { source: "mine" }),`
      yield* fs.writeFileString(path, own + valid.replace("environment:", `${tasks}\n  environment:`))
      yield* envtune(["tune", path, "--out", out])
      const manifest = JSON.parse(yield* fs.readFileString(`${out}/run.json`))
      assert.deepStrictEqual(manifest.tasks.counts, { "train/base": 1 })
      assert.deepStrictEqual(JSON.parse(yield* fs.readFileString(`${out}/summary.json`)).before, {})
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("refuses a folder that holds a run", () =>
    Effect.gen(function*() {
      const out = `${yield* temporary}/run`
      yield* envtune(["tune", "--out", out, "--stages", "1"])
      assert.strictEqual(
        yield* refused("tune", "--out", out),
        `envtune: ${out}: the folder already holds a run (run.json); nothing was overwritten`
      )
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("makes no folder when something else is wrong", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const out = `${yield* temporary}/run`
      assert.strictEqual(
        yield* refused("tune", "--out", out, "--weights", "old"),
        "envtune: the weights at old cannot be used: they are of another vocabulary"
      )
      assert.isFalse(yield* fs.exists(out))
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("names the stage that is not there", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* refused("tune", "--stages", "1,5"),
        "envtune: toy: there is no stage \"5\"; its stages are 1 one, 2 two"
      )
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("names the flag it does not know, on stderr alone", () =>
    Effect.gen(function*() {
      assert.match(yield* refused("tune", "--minuts", "3"), /^envtune: .*--minuts/)
      assert.strictEqual(yield* output, "")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("names the value it cannot use", () =>
    Effect.gen(function*() {
      assert.include(yield* refused("tune", "--minutes", "-3"), "--minutes")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("names the line of the data that is broken", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* refused("tune", "--data", "bfcl"), "envtune: bfcl/base.json:7: not a JSON object")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("names the curriculum's file that is not there", () =>
    Effect.gen(function*() {
      assert.match(yield* refused("tune", "nowhere.ts"), /^envtune: nowhere\.ts: /)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("names the curriculum's file whose export is missing, wrong, or throws", () =>
    Effect.gen(function*() {
      const none = yield* file("none.mjs", "export const curriculum = 1")
      assert.strictEqual(yield* refused("tune", none), `envtune: ${none}: it has no default export`)
      const wrong = yield* file("wrong.mjs", "export default { name: 'x' }")
      assert.include(
        yield* refused("tune", wrong),
        `envtune: ${wrong}: its default export is not made by Curriculum.make`
      )
      const throwing = yield* file("throwing.mjs", "throw new Error('two\\n  lines')")
      assert.include(yield* refused("tune", throwing), `envtune: ${throwing}: two; lines`)
    }).pipe(Effect.provide(NodeServices.layer)))

  it("names the key of a setting that does not exist, in one line", () => {
    const misspelt: Record<string, number> = { groupsize: 3 }
    const make = () =>
      Curriculum.stage("mine", {
        tasks: () => true,
        services: Layer.merge(Augmentor.layerNone, Reward.layer(Reward.progress)),
        advance: () => ({ over: true, why: "" }),
        settings: misspelt
      })
    assert.throws(make, /stage "mine": .*groupsize/s)
  })

  it.effect("refuses --reward for a curriculum that chooses its own", () =>
    Effect.gen(function*() {
      assert.include(yield* refused("tune", "mine.ts", "--reward", "binary"), "mine.ts chooses its own rewards")
    }).pipe(Effect.provide(NodeServices.layer)))
})
