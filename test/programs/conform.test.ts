import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { gzipSync } from "node:zlib"
import type { Decoded, Fuzz, Sequence } from "../../src/domain/bfcl/conformance/Recording.ts"
import { fileOfClass } from "../../src/domain/bfcl/Documents.ts"
import { encodeState } from "../../src/domain/bfcl/Encoding.ts"
import { open } from "../../src/domain/bfcl/Session.ts"
import { conform } from "../../src/programs/conform.ts"
import * as recorded from "../domain/bfcl/conformance/recordings.ts"
import { filesOf, writeFolder } from "../layers/benchmark.ts"

const gzip = (text: string): Uint8Array => gzipSync(text)
const lines = (...cases: ReadonlyArray<object>): Uint8Array =>
  gzip(cases.map((each) => `${JSON.stringify(each)}\n`).join(""))

const unknownCall = { s: "nope()" }
const nameError = "Error during execution: name 'nope' is not defined"

const stateOf = (name: string) =>
  encodeState(open({ classes: [name], initialConfig: "{}", longContext: false }, { name: "oracle" }).instances[0]!)

const unknownIn = (name: string): Fuzz => ({
  id: `fuzz_${name}`,
  class: name,
  long_context: false,
  config_json: "{}",
  calls: [unknownCall],
  results: [nameError],
  state: stateOf(name)
})

const sequence: Sequence = {
  id: "exec_0",
  involved_classes: ["TravelAPI"],
  long_context: false,
  config_json: "{}",
  calls: [unknownCall],
  results: [nameError],
  state: { TravelAPI: stateOf("TravelAPI") }
}

const undecodable: Decoded = {
  kind: "paper_parse",
  text: "no tags",
  paper: { ok: ["no tags", "Error: Missing <think></think> tags"] }
}

/** A folder of recordings, one case of every kind. */
const oracleFiles = (): Record<string, string | Uint8Array> => ({
  "blobs.json.gz": gzip(JSON.stringify(recorded.oracle.blobs)),
  "nondeterministic.json": JSON.stringify({ differences: [{ case: "fuzz_1", i: 0, call: "" }] }),
  "gt.jsonl.gz": lines(recorded.groundTruth),
  ...Object.fromEntries(Object.keys(fileOfClass).map((name) => [`fuzz_${name}.jsonl.gz`, lines(unknownIn(name))])),
  "fuzz_TravelAPI.jsonl.gz": lines(recorded.fuzz),
  "exec.jsonl.gz": lines(sequence),
  "tables.jsonl.gz": lines(sequence),
  "checker.jsonl.gz": lines(recorded.checked),
  "decode.jsonl.gz": lines(undecodable),
  "interaction.jsonl.gz": lines(recorded.conversation),
  "augmented_errors.jsonl.gz": lines(recorded.augmented),
  "scores/official.json": JSON.stringify(recorded.official),
  "scores/result/some-model-FC/multi_turn/BFCL_v4_multi_turn_base_result.json": `${JSON.stringify(recorded.result)}\n`
})

const run = Effect.fnUntraced(function*(changes: Record<string, string | Uint8Array> = {}) {
  const data = yield* writeFolder(filesOf(recorded.entry))
  const oracle = yield* writeFolder({ ...oracleFiles(), ...changes })
  return yield* conform({ data, oracle })
})

layer(NodeServices.layer)("conformance", (it) => {
  it.effect("agrees with recordings of what this package does", () =>
    Effect.gen(function*() {
      const { agrees, lines, parts } = yield* run()
      assert.isTrue(agrees, lines.join("\n"))
      const classes = Object.keys(fileOfClass)
      assert.deepStrictEqual(
        parts.map(({ agreed, cases, name }) => [name, cases, agreed]),
        [
          "gt",
          ...classes.map((name) => `fuzz ${name}`),
          "exec",
          "tables",
          "checker",
          "decode",
          "interaction",
          "scores",
          ...classes.map((name) => `augmented ${name}`)
        ].map((name) => [name, 1, 1])
      )
      assert.strictEqual(lines.length, parts.length + 1)
    }))

  it.effect("shows the first of what disagrees", () =>
    Effect.gen(function*() {
      const wrong = { ...recorded.groundTruth, turns: [] }
      const { agrees, lines } = yield* run({
        "gt.jsonl.gz": gzip(`${JSON.stringify(wrong)}\n${JSON.stringify({ ...wrong, init: { TravelAPI: {} } })}\n`)
      })
      assert.isFalse(agrees)
      assert.isTrue(lines.some((line) => line.includes("initial state of TravelAPI")), lines.join("\n"))
    }))

  it.effect("shows a score in other words, and an entry without a result", () =>
    Effect.gen(function*() {
      const { parts } = yield* run({
        "scores/official.json": JSON.stringify({
          "some-model-FC": { multi_turn_base: { accuracy: 1, total: 1, entries: { [recorded.entry.id]: null } } },
          "another": { multi_turn_base: { accuracy: 1, total: 1, entries: { [recorded.entry.id]: null } } }
        })
      })
      const scores = parts.find((part) => part.name === "scores")
      assert.strictEqual(scores?.disagreed, 2)
      assert.deepStrictEqual(scores?.disagreements.map(({ what }) => what), ["error", "the result"])
    }))

  it.effect("does not agree with nothing, and names the file that has nothing", () =>
    Effect.gen(function*() {
      for (const [name, content] of [["checker.jsonl.gz", lines()], ["scores/official.json", "{}"]] as const) {
        const { agrees, lines } = yield* run({ [name]: content })
        assert.isFalse(agrees)
        assert.isTrue(lines.some((line) => line.includes(`${name}: any case`)), lines.join("\n"))
      }
    }))

  it.effect("does not take a sum that is not that of its entries", () =>
    Effect.gen(function*() {
      const { multi_turn_base: scores } = recorded.official["some-model-FC"]!
      const official = { "some-model-FC": { multi_turn_base: { ...scores, accuracy: 0.5, total: 2 } } }
      const { agrees, parts } = yield* run({ "scores/official.json": JSON.stringify(official) })
      assert.isFalse(agrees)
      const { agreed, disagreed, disagreements } = parts.find(({ name }) => name === "scores")!
      assert.deepStrictEqual([agreed, disagreed], [1, 1])
      assert.deepInclude(disagreements[0], {
        case: "scores/official.json: some-model-FC multi_turn_base",
        what: "total",
        expected: "2",
        got: "1"
      })
    }))

  it.effect("names the line of a recording that is none", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(run({ "checker.jsonl.gz": gzip("{}\n") }))
      assert.match(error.message, /checker\.jsonl\.gz:1: /)
    }))

  it.effect("names a file that is missing or damaged", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(run({ "blobs.json.gz": "not compressed" }))
      assert.match(error.message, /blobs\.json\.gz: /)
    }))
})
