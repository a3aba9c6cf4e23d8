import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { TestConsole } from "effect/testing"
import * as Augmentor from "../../src/domain/Augmentor.ts"
import * as Curriculum from "../../src/domain/Curriculum.ts"
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
    score: () => Effect.succeed({ models: [], gaps: [] }),
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

const envtune = cli(parts, "1.2.3")
const output = Effect.map(TestConsole.logLines, (lines) => lines.join("\n"))
const errors = Effect.map(TestConsole.errorLines, (lines) => lines.join("\n"))

/** Runs a command that is refused, and gives what it says on stderr. */
const refused = Effect.fnUntraced(function*(...given: ReadonlyArray<string>) {
  yield* Effect.flip(envtune(given))
  return yield* errors
})

const temporary = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())

/** A file with a user's text in it. */
const file = Effect.fnUntraced(function*(name: string, text: string) {
  const fs = yield* FileSystem.FileSystem
  const path = `${yield* temporary}/${name}`
  yield* fs.writeFileString(path, text)
  return path
})

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

const commands = [
  "tune",
  "resume",
  "evaluate",
  "score",
  "compare",
  "report",
  "ablate",
  "rescore",
  "replay-episode",
  "view",
  "metrics",
  "drills",
  "pretrain",
  "serve-engine",
  "split",
  "conformance",
  "hints",
  "hints counterfactual",
  "doctor",
  "data pull",
  "validate",
  "replay"
]

describe("envtune --help", () => {
  for (const command of commands) {
    it.effect(`documents ${command}, with an example`, () =>
      Effect.gen(function*() {
        yield* envtune([...command.split(" "), "--help"])
        const help = yield* output
        assert.include(help, `envtune ${command}`)
        assert.include(help, "EXAMPLES")
      }).pipe(Effect.provide(NodeServices.layer)))
  }

  it.effect("names every command", () =>
    Effect.gen(function*() {
      yield* envtune(["--help"])
      const help = yield* output
      for (const command of commands) assert.include(help, command.replace(/ .*/, ""))
    }).pipe(Effect.provide(NodeServices.layer)))
})

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

describe("the other commands", () => {
  it.effect("report says where it wrote the page, or that no run is there", () =>
    Effect.gen(function*() {
      const out = `${yield* temporary}/run`
      yield* envtune(["tune", "--out", out, "--stages", "1"])
      yield* envtune(["report", out, "--out", `${out}/again.html`])
      assert.strictEqual((yield* TestConsole.logLines).at(-1), `${out}/again.html`)
      assert.strictEqual(
        yield* refused("report", "/nowhere"),
        "envtune: /nowhere: no run is there (run.json is missing)"
      )
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("drills counts the tasks and plays some by their ground truth", () =>
    Effect.gen(function*() {
      yield* envtune(["drills", "--show", "2"])
      const said = yield* output
      assert.include(said, "10 tasks of 10 scenarios; 50.0 % hold a trap: path 5")
      assert.strictEqual(said.match(/turn 2 passed/g)?.length, 2)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("hints lists rules, and tool by tool what they speak of", () =>
    Effect.gen(function*() {
      yield* envtune(["hints", "--class", "TicketAPI"])
      assert.match(yield* output, /^dependency\.ticket_id +not_found +4$/m)
      yield* envtune(["hints", "--coverage", "--class", "TicketAPI,MessageAPI"])
      const said = yield* output
      assert.match(said, /^TicketAPI +create_ticket +invalid_value +schema\.invalid_value +\d+$/m)
      assert.match(said, /^MessageAPI +get_user_id +not_found +dependency\.user +[\d,]+$/m)
      assert.include(said, "22 of 22 kinds of failures have a rule")
      assert.include(yield* refused("hints", "--class", "TicketApi"), "there are no tools of a class \"TicketApi\"")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("hints prints JSON lines and nothing else", () =>
    Effect.gen(function*() {
      yield* envtune(["hints", "--coverage", "--class", "TicketAPI", "--json"])
      const rows = (yield* TestConsole.logLines).map((line) => JSON.parse(String(line)))
      assert.strictEqual(rows.length, 12)
      for (const { kind, met, rules, silent, tool, toolset } of rows) {
        assert.isString(kind)
        assert.isString(tool)
        assert.strictEqual(toolset, "TicketAPI")
        assert.isAbove(met, 0)
        assert.isAbove(rules.length, 0)
        assert.strictEqual(silent, 0)
      }
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("compare takes two places, and fails in one sentence", () =>
    Effect.gen(function*() {
      assert.include(yield* refused("compare", "a", "b#m"), "envtune: a and b#m differ")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("evaluate plays an official loop where there is data", () =>
    Effect.gen(function*() {
      yield* envtune(["evaluate", "--data", "d", "--loop", "fc", "--policy", "oracle", "--json"])
      assert.strictEqual(JSON.parse(yield* output).cells["test/base"].success.passed, 3)
      assert.include(yield* refused("evaluate", "--loop", "fc"), "--loop fc is for BFCL's own tasks")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("split ends with code 1 when what is tested was trained on", () =>
    Effect.gen(function*() {
      yield* envtune(["split", "--data", "d"])
      assert.include(yield* output, "split undefined")
      assert.include(yield* refused("split", "--data", "d", "--split", "leaky.json"), "what is tested was trained on")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("conformance ends with code 1 when something disagrees", () =>
    Effect.gen(function*() {
      assert.include(yield* refused("conformance", "--oracle", "o", "--data", "d"), "this implementation disagrees")
      yield* envtune(["conformance", "--tinker", "t"])
      assert.strictEqual(yield* output, "base 3 of 4\nexchanges t")
      assert.include(yield* refused("conformance"), "nothing to compare with")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("conformance compares what it is given recordings of, and nothing else", () =>
    Effect.gen(function*() {
      yield* envtune(["conformance", "--renderers", "r", "--models", "m"])
      assert.strictEqual(yield* output, "languages of m")
      assert.include(yield* refused("conformance", "--renderers", "r"), "--renderers FILE and --models DIR go together")
      assert.include(yield* refused("conformance"), "nothing to compare with")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("doctor ends with code 1 when a server does not do what it is asked", () =>
    Effect.gen(function*() {
      yield* envtune(["doctor", "--trainer", "http://one", "--profile", "custom"])
      assert.include(yield* refused("doctor", "--trainer", "http://two"), "would not do what it says")
      assert.strictEqual(yield* output, "http://one as custom\nhttp://two as undefined")
      assert.include(yield* refused("doctor", "--trainer", "http://one", "--profile", "skyrl"), "skyrl-jax")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("data pull fills the cache, or the folder that it is told", () =>
    Effect.gen(function*() {
      yield* envtune(["data", "pull"])
      yield* envtune(["data", "pull", "--from", "pip", "--to", "here"])
      assert.deepStrictEqual(yield* TestConsole.logLines, [
        "pulling from the repository to /cache",
        "data  /cache",
        "pulling from pip to here",
        "data  here"
      ])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("validate looks into the cache, and ends with code 1 when something is broken", () =>
    Effect.gen(function*() {
      yield* envtune(["validate"])
      assert.include(
        yield* refused("validate", "--data", "bad", "--times", "3"),
        "broken ground truths: 2; see above"
      )
      assert.deepStrictEqual(yield* TestConsole.logLines, ["/cache 1 times", "bad 3 times"])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("replay counts on stderr, and ends with code 1 when lines are bad", () =>
    Effect.gen(function*() {
      yield* envtune(["replay", "--in", "good"])
      assert.deepStrictEqual(yield* TestConsole.errorLines, ["1,200 sequences, 3 calls"])
      const inCache = "envtune: /cache undefined: lines that are no call sequence: 2"
      assert.include(yield* refused("replay", "--in", "/cache undefined"), inCache)
      const named = "envtune: d o: lines that are no call sequence: 2"
      assert.include(yield* refused("replay", "--data", "d", "--in", "d o", "--out", "o"), named)
      assert.deepStrictEqual(yield* TestConsole.logLines, [])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("pretrain says where the weights are", () =>
    Effect.gen(function*() {
      yield* envtune(["pretrain", "--out", "base"])
      assert.strictEqual(yield* output, "pretending to make base\nweights  base")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("serve-engine listens to this machine alone unless told otherwise, and says what is in its way", () =>
    Effect.gen(function*() {
      const refused = yield* Effect.flip(envtune(["serve-engine", "--weights", "mine"]))
      assert.include(refused.message, "port 8000 of 127.0.0.1 is in use; nobody serves mine")
      yield* Effect.flip(envtune(["serve-engine", "--port", "65536"]))
      assert.include((yield* TestConsole.errorLines).join("\n"), "65536")
    }).pipe(Effect.provide(NodeServices.layer)))
})
