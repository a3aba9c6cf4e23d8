import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { gzipSync } from "node:zlib"
import { fileOfClass } from "../../src/domain/bfcl/Documents.ts"
import { conform } from "../../src/programs/conform.ts"
import * as recorded from "../domain/bfcl/conformance/recordings.ts"
import { filesOf, writeFolder } from "../layers/benchmark.ts"

const gzip = (text: string): Uint8Array => gzipSync(text)
const lines = (...cases: ReadonlyArray<object>): Uint8Array =>
  gzip(cases.map((each) => `${JSON.stringify(each)}\n`).join(""))

/** A folder of recordings, one case of every kind that the entry has. */
const oracleFiles = (): Record<string, string | Uint8Array> => ({
  "blobs.json.gz": gzip(JSON.stringify(recorded.oracle.blobs)),
  "nondeterministic.json": JSON.stringify({ differences: [{ case: "fuzz_1", i: 0, call: "" }] }),
  "gt.jsonl.gz": lines(recorded.groundTruth),
  ...Object.fromEntries(Object.keys(fileOfClass).map((name) => [`fuzz_${name}.jsonl.gz`, lines()])),
  "fuzz_TravelAPI.jsonl.gz": lines(recorded.fuzz),
  "exec.jsonl.gz": lines(),
  "tables.jsonl.gz": lines(),
  "checker.jsonl.gz": lines(recorded.checked),
  "decode.jsonl.gz": lines(),
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
      const counted = parts.filter((part) => part.cases > 0).map((part) => [part.name, part.agreed])
      assert.deepStrictEqual(counted, [
        ["gt", 1],
        ["fuzz TravelAPI", 1],
        ["checker", 1],
        ["interaction", 1],
        ["scores", 1],
        ["augmented TravelAPI", 1]
      ])
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

  it.effect("does not agree with nothing", () =>
    Effect.gen(function*() {
      const empty: Record<string, string | Uint8Array> = Object.fromEntries(
        Object.keys(oracleFiles()).filter((name) => name.endsWith(".jsonl.gz")).map((name) => [name, lines()])
      )
      empty["scores/official.json"] = "{}"
      assert.isFalse((yield* run(empty)).agrees)
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
