import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestConsole } from "effect/testing"
import { envtune, output, refused, temporary } from "./commandLine.ts"

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

  it.effect("an empty path is not the folder that one is in", () =>
    Effect.gen(function*() {
      assert.include(
        yield* refused("score", "--results", "r", "--out", ""),
        "--out. Expected: a path that is not empty"
      )
      assert.include(yield* refused("tune", "--data", ""), "--data. Expected: a path that is not empty")
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
        "broken: 2; see above"
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
