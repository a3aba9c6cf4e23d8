import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, FileSystem, Ref } from "effect"
import type { Entry } from "../../src/domain/bfcl/Entry.ts"
import * as Scores from "../../src/domain/bfcl/Scores.ts"
import type { Manifest } from "../../src/domain/Manifest.ts"
import { RunStore } from "../../src/domain/RunStore.ts"
import * as RunFolder from "../../src/layers/RunFolder.ts"
import { compare } from "../../src/programs/compare.ts"
import { score } from "../../src/programs/score.ts"
import * as Scored from "../../src/programs/scored.ts"
import * as Tables from "../../src/programs/tables.ts"
import { carEntry, lockAll, pressBrake } from "../domain/bfcl/entries.ts"
import { filesOf, writeFolder } from "../layers/benchmark.ts"

const entry = (scenario: number): Entry => ({
  ...carEntry([lockAll, pressBrake]),
  id: `multi_turn_base_${scenario}`,
  scenario
})

const ids = ["multi_turn_base_0", "multi_turn_base_1", "multi_turn_base_2", "multi_turn_base_3"] as const

/** The benchmark has four entries, of which 2 and 3 are tested on. */
const data = Effect.suspend(() => {
  const all = [0, 1, 2, 3].map((scenario) => filesOf(entry(scenario)))
  const joined = (name: string) => all.map((files) => files[name]).join("")
  const base = "BFCL_v4_multi_turn_base.json"
  return writeFolder({
    ...all[0],
    [base]: joined(base),
    [`possible_answer/${base}`]: joined(`possible_answer/${base}`),
    "split_by_scenario.json": JSON.stringify({ train: [0, 1], test: [2, 3] })
  })
})

const right = `[${lockAll}, ${pressBrake}]`

/** A result file in which these entries are right and all others wrong. */
const resultFile = (passing: ReadonlyArray<number>, of: ReadonlyArray<string> = ids): string =>
  of.map((id, i) => `${JSON.stringify({ id, result: [[passing.includes(i) ? right : `[${lockAll}]`, "Done."]] })}\n`)
    .join("")

const file = "multi_turn/BFCL_v4_multi_turn_base_result.json"

const manifest: Manifest = {
  curriculum: "toy",
  seed: 1,
  versions: {},
  tasks: { provenance: {}, sha256: "", counts: {} },
  engine: { name: "none", parameters: 0, vocabularySize: 1, contextLength: 1 },
  vocabularyHash: "none",
  stages: [],
  options: {}
}

layer(NodeServices.layer)("score", (it) => {
  it.effect("judges every model's entries, in its table and its JSON", () =>
    Effect.gen(function*() {
      const results = yield* writeFolder({ [`a/${file}`]: resultFile([0, 2]), [`b/${file}`]: resultFile([1]) })
      const { gaps, models } = yield* score({ data: yield* data, results })
      assert.deepStrictEqual(gaps, [])
      const json = Scores.toJson(models)
      assert.strictEqual(json.a?.multi_turn_base?.accuracy, 0.5)
      assert.strictEqual(json.b?.multi_turn_base?.accuracy, 0.25)
      const [a] = models
      const wrong = Scores.ofCategory(a!, "multi_turn_base")[0]?.get(ids[1])
      assert.deepStrictEqual(wrong, [
        "multi_turn:instance_state_mismatch",
        "Model instance for VehicleControlAPI does not match the state with ground truth instance."
      ])
      assert.deepStrictEqual(Tables.scores(a!).slice(0, 2), [
        "a        n  accuracy, 95 % interval  state  response  empty  forced  error",
        "base     4      50.0 % [15.0, 85.0]      2         0      0       0      0"
      ])
    }))

  it.effect("scores the test side of a split, and says what has no result", () =>
    Effect.gen(function*() {
      const results = yield* writeFolder({ [`a/${file}`]: resultFile([0, 2], ids.slice(0, 3)) })
      const { gaps, models } = yield* score({ data: yield* data, results, split: "by-scenario" })
      assert.deepStrictEqual(Scores.summarise(Scores.ofAll(models[0]!)).tasks, 1)
      assert.deepStrictEqual(gaps.map(({ missing }) => missing), [[ids[3]]])
    }))

  it.effect("writes score files, and not over others", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const results = yield* writeFolder({ [`a/${file}`]: resultFile([0, 2]) })
      const options = { data: yield* data, results, out: `${yield* fs.makeTempDirectoryScoped()}/score` }
      yield* score(options)
      const text = yield* fs.readFileString(`${options.out}/a/multi_turn/BFCL_v4_multi_turn_base_score.json`)
      const [header = "", ...invalid] = text.trim().split("\n")
      assert.deepStrictEqual(JSON.parse(header), { accuracy: 0.5, correct_count: 2, total_count: 4 })
      assert.deepStrictEqual(invalid.map((line) => JSON.parse(line).id), [ids[1], ids[3]])
      yield* score(options)
      const others = yield* writeFolder({ [`a/${file}`]: resultFile([0, 1]), [`b/${file}`]: resultFile([0]) })
      const error = yield* Effect.flip(score({ ...options, results: others }))
      assert.match(error.message, /_base_score\.json: there are scores of a already, which are not these/)
      assert.strictEqual(
        yield* fs.readFileString(`${options.out}/a/multi_turn/BFCL_v4_multi_turn_base_score.json`),
        text
      )
      assert.isFalse(yield* fs.exists(`${options.out}/b`))
    }))

  it.effect("writes nothing before everything is scored, and goes on with what was written", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const out = `${yield* fs.makeTempDirectoryScoped()}/score`
      const folder = yield* data
      const odd = `{"id": "${ids[0]}", "result": [null]}\n`
      const broken = yield* writeFolder({ [`a/${file}`]: resultFile([0]), [`b/${file}`]: odd })
      const error = yield* Effect.flip(score({ data: folder, results: broken, out }))
      assert.match(
        error.message,
        /b\/multi_turn\/BFCL_v4_multi_turn_base_result\.json:1: the official scorer breaks off at multi_turn_base_0: /
      )
      assert.isFalse(yield* fs.exists(out))
      const results = yield* writeFolder({ [`a/${file}`]: resultFile([0]), [`b/${file}`]: resultFile([1, 2]) })
      yield* score({ data: folder, results, out })
      const table = yield* fs.readFileString(`${out}/data_multi_turn.csv`)
      // As if it had been killed before the second file, and before a table.
      yield* fs.remove(`${out}/b`, { recursive: true })
      yield* fs.remove(`${out}/data_multi_turn.csv`)
      yield* score({ data: folder, results, out })
      assert.strictEqual(yield* fs.readFileString(`${out}/data_multi_turn.csv`), table)
      assert.deepStrictEqual(yield* fs.readDirectory(`${out}/b/multi_turn`), [
        "BFCL_v4_multi_turn_base_score.json"
      ])
    }))

  it.effect("has the leaderboard's overall accuracy, and says what there is no result of", () =>
    Effect.gen(function*() {
      const results = yield* writeFolder({ [`a/${file}`]: resultFile([0], [ids[0], ids[3]]) })
      const scoring = yield* score({ data: yield* data, results })
      const [a] = scoring.models
      assert.deepStrictEqual(Tables.scores(a!).slice(2), [
        "pooled   2       50.0 % [9.5, 90.5]      1         0      0       0      0",
        "overall                      12.5 %"
      ])
      const place = `${results}/a/${file}`
      assert.deepStrictEqual(Scored.notes(scoring, a!), [
        "a was read as prompting: 2 of the 2 steps that say calls are Python text",
        "no results of miss_func, miss_param, long_context, which count as 0 in overall",
        `${place} has no result of 2 entries: multi_turn_base_1 to 2`
      ])
      assert.deepStrictEqual(Scored.warnings(scoring, "a"), [
        `${place} has no result of 2 entries: multi_turn_base_1 to 2`
      ])
    }))

  it.effect("reads a model by most of what it says, or as it is told", () =>
    Effect.gen(function*() {
      const tagged = JSON.stringify({ id: ids[3], result: [["<tool_call>\n", []]] })
      const results = yield* writeFolder({ [`a/${file}`]: `${resultFile([0, 1], ids.slice(0, 3))}${tagged}\n` })
      const options = { data: yield* data, results }
      const told = yield* score(options)
      assert.deepStrictEqual(told.readings.map(({ doubts, form }) => [form, doubts]), [["prompting", []]])
      assert.strictEqual(Scores.overall(told.models[0]!), 0.5 / 4)
      const forced = yield* score({ ...options, mode: "fc" })
      assert.strictEqual(Scores.overall(forced.models[0]!), 0)
      assert.include(Scored.notes(forced, forced.models[0]!), "a was read as fc: --mode says so")
    }))

  it.effect("names the entries whose calls meet a limit", () =>
    Effect.gen(function*() {
      const said = JSON.stringify({ id: ids[1], result: [[`[display_log(messages=['-' * 10 ** 8])]`]] })
      const results = yield* writeFolder({ [`a/${file}`]: `${resultFile([0], ids.slice(0, 1))}${said}\n` })
      const scoring = yield* score({ data: yield* data, results, split: "all" })
      assert.include(
        Scored.warnings(scoring, "a"),
        `${results}/a/${file}:2: ${
          ids[1]
        } may have another official verdict: in turn 0, the text has more characters ` +
          "than the 4194304 that envtune puts together"
      )
    }))

  it.effect("keeps a table over all models of a folder, and leaves any other table alone", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* data
      const out = `${yield* fs.makeTempDirectoryScoped()}/score`
      const table = `${out}/data_multi_turn.csv`
      const into = Effect.fnUntraced(function*(model: string, passing: ReadonlyArray<number>) {
        const results = yield* writeFolder({ [`${model}/${file}`]: resultFile(passing) })
        return yield* score({ data: folder, results, out })
      })
      yield* into("a", [0])
      yield* into("b", [0, 1, 2])
      const text = "Rank,Model,Multi Turn Overall Acc,Base,Miss Func,Miss Param,Long Context\n" +
        "1,b,18.75%,75.00%,N/A,N/A,N/A\n2,a,6.25%,25.00%,N/A,N/A,N/A"
      assert.strictEqual(yield* fs.readFileString(table), text)
      yield* fs.writeFileString(table, `${text}\n`)
      assert.match(
        (yield* Effect.flip(into("c", []))).message,
        /data_multi_turn\.csv: the table is not of the score files/
      )
      assert.isFalse(yield* fs.exists(`${out}/c`))
      assert.strictEqual(yield* fs.readFileString(table), `${text}\n`)
    }))

  it.effect("writes a table for each sample", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const results = yield* writeFolder({
        [`sample-1/a/${file}`]: resultFile([0, 1, 2, 3]),
        [`sample-2/a/${file}`]: resultFile([])
      })
      const out = yield* fs.makeTempDirectoryScoped()
      yield* score({ data: yield* data, results, out })
      const rows = yield* Effect.forEach(
        ["sample-1", "sample-2"],
        (sample) => fs.readFileString(`${out}/${sample}/data_multi_turn.csv`)
      )
      assert.deepStrictEqual(rows.map((text) => text.split("\n")[1]), [
        "1,a,25.00%,100.00%,N/A,N/A,N/A",
        "1,a,0.00%,0.00%,N/A,N/A,N/A"
      ])
      assert.isFalse(yield* fs.exists(`${out}/data_multi_turn.csv`))
    }))

  it.effect("puts the runs of a model together", () =>
    Effect.gen(function*() {
      const results = yield* writeFolder({
        [`sample-1/a/${file}`]: resultFile([0, 2]),
        [`sample-2/a/${file}`]: resultFile([0])
      })
      const { models } = yield* score({ data: yield* data, results })
      assert.strictEqual(models.length, 1)
      assert.deepStrictEqual(Tables.scores(models[0]!).slice(0, 2), [
        "a        n  pass@1, 95 % interval  pass@2  pass^2  sd of runs  state  response  empty  forced  error",
        "base     4     37.5 % [9.3, 77.8]  50.0 %  25.0 %        17.7      5         0      0       0      0"
      ])
    }))

  it.effect("names the line of an entry that the data does not have in that category", () =>
    Effect.gen(function*() {
      const results = yield* writeFolder({ [`a/${file}`]: resultFile([], ["multi_turn_base_0", "multi_turn_base_9"]) })
      const error = yield* Effect.flip(score({ data: yield* data, results }))
      assert.match(error.message, /_base_result\.json:2: multi_turn_base_9 is no entry of multi_turn_base in the data$/)
    }))
})

/** What `envtune evaluate --json` prints, as far as a comparison reads it. */
const evaluation = (passed: number) => JSON.stringify({ cells: {}, parts: {}, tasks: { t: { n: 2, passed } } })

const evaluated = (when: "before" | "after", passed: number) =>
  ({ _tag: "Evaluated", when, scores: {}, tasks: { t: { n: 1, passed } }, seconds: 1 }) as const

const scoreFile = (total: number, ...invalid: ReadonlyArray<string>): string =>
  [{ correct_count: total - invalid.length, total_count: total }, ...invalid.map((id) => ({ id }))]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("")

layer(NodeServices.layer)("compare", (it) => {
  const differing = Effect.fnUntraced(function*(first: string, second: string, folder?: string, split?: string) {
    const { overall } = yield* compare({ first, second, data: folder, split, seed: 1 })
    return { fixed: overall.fixed, broken: overall.broken, both: overall.both, neither: overall.neither }
  })

  it.effect("reads results, scores and their JSON alike", () =>
    Effect.gen(function*() {
      const folder = yield* data
      const results = yield* writeFolder({ [`a/${file}`]: resultFile([0, 2]), [`b/${file}`]: resultFile([1, 2]) })
      const fs = yield* FileSystem.FileSystem
      const scores = `${yield* fs.makeTempDirectoryScoped()}/score`
      const { models } = yield* score({ data: folder, results, out: scores })
      const json = yield* writeFolder({ "scores.json": JSON.stringify(Scores.toJson(models)) })
      const expected = { fixed: [ids[1]], broken: [ids[0]], both: 1, neither: 1 }
      assert.deepStrictEqual(yield* differing(`${results}#a`, `${results}#b`, folder), expected)
      assert.deepStrictEqual(yield* differing(`${results}/a`, `${results}/b`, folder), expected)
      assert.deepStrictEqual(yield* differing(`${scores}#a`, `${scores}/b`, folder), expected)
      assert.deepStrictEqual(yield* differing(`${json}/scores.json#a`, `${json}/scores.json#b`), expected)
      assert.deepStrictEqual(
        yield* differing(`${scores}#a`, `${json}/scores.json#b`, folder, "by-scenario"),
        { fixed: [], broken: [], both: 1, neither: 1 }
      )
    }))

  it.effect("reads results as it is told, and says what is doubtful", () =>
    Effect.gen(function*() {
      const folder = yield* data
      const results = yield* writeFolder({ [`a-FC/${file}`]: resultFile([0, 2]), [`b/${file}`]: resultFile([1]) })
      const options = { first: `${results}#a-FC`, second: `${results}#b`, data: folder, seed: 1 }
      const told = yield* compare(options)
      assert.strictEqual(told.overall.first, 0)
      assert.deepStrictEqual(told.warnings, [
        "a-FC was read as fc: the model's name ends in -FC, although 4 of the 4 steps that say calls are Python text; " +
        "--mode says how to read it"
      ])
      const forced = yield* compare({ ...options, mode: "prompting" })
      assert.strictEqual(forced.overall.first, 0.5)
      assert.deepStrictEqual(forced.warnings, [])
    }))

  it.effect("reads evaluations, and those of a run", () =>
    Effect.gen(function*() {
      const folder = yield* writeFolder({ "before.json": evaluation(0), "after.json": evaluation(1) })
      const expected = { fixed: ["t"], broken: [], both: 0, neither: 0 }
      assert.deepStrictEqual(yield* differing(`${folder}/before.json`, `${folder}/after.json`), expected)
      const run = `${folder}/run`
      yield* RunStore.use(({ append }) =>
        append([
          { _tag: "RunStarted", milliseconds: 0, manifest },
          evaluated("before", 0),
          evaluated("after", 1)
        ])
      ).pipe(Effect.provide(RunFolder.layer(run)))
      assert.deepStrictEqual(yield* differing(`${run}#before`, run), expected)
      const error = yield* Effect.flip(differing(`${run}#during`, run))
      assert.match(error.message, /the run has no evaluation "during"/)
    }))

  it.effect("says what is missing to compare", () =>
    Effect.gen(function*() {
      const results = yield* writeFolder({ [`a/${file}`]: resultFile([0]), [`b/${file}`]: resultFile([1]) })
      const told = yield* Ref.make<ReadonlyArray<string>>([])
      const refused = (first: string, second: string, folder?: string) =>
        Effect.flatMap(
          Effect.flip(differing(first, second, folder)),
          ({ message }) => Ref.update(told, (lines) => [...lines, message])
        )
      yield* refused(results, results, yield* data)
      yield* refused(`${results}#c`, results, yield* data)
      yield* refused(results, results)
      yield* refused("nowhere", results)
      const json = yield* writeFolder({ "a.json": "{\"tasks\": {}}", "b.json": "[]" })
      yield* refused(`${json}/b.json`, results)
      yield* refused(`${json}/a.json`, `${json}/a.json`)
      assert.deepStrictEqual(
        (yield* Ref.get(told)).map((line) => line.replaceAll(results, "R").replaceAll(json, "J")),
        [
          "R: it holds 2 models; name one: R#a, R#b",
          "R: it holds no model c; name one: R#a, R#b",
          "R: results and scores need the benchmark: say where it is with --data, or get it with `envtune data pull`",
          "nowhere: no such file or folder",
          "J/b.json: it is neither what envtune score --json prints, nor envtune evaluate --json",
          "J/a.json and J/a.json have no task in common"
        ]
      )
    }))

  it.effect("takes score files for what was scored, if that can be told", () =>
    Effect.gen(function*() {
      const name = "multi_turn/BFCL_v4_multi_turn_base_score.json"
      const folder = yield* data
      const scores = yield* writeFolder({
        [`half/${name}`]: scoreFile(2, ids[2]),
        [`three/${name}`]: scoreFile(3, ids[2]),
        [`odd/${name}`]: "{\"correct_count\": 3, \"total_count\": 4}\n"
      })
      assert.deepStrictEqual(yield* differing(`${scores}/half`, `${scores}/half`, folder, "by-scenario"), {
        fixed: [],
        broken: [],
        both: 1,
        neither: 1
      })
      const three = yield* Effect.flip(differing(`${scores}/three`, `${scores}/three`, folder))
      assert.match(three.message, /3 entries were scored, which are not all 4 of the category, nor the 4/)
      const odd = yield* Effect.flip(differing(`${scores}/odd`, `${scores}/odd`, folder))
      assert.match(odd.message, /_base_score\.json:1: 3 of 4 entries are correct, and 0 are not$/)
    }))
})
