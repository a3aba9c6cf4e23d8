import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Schema, Stream } from "effect"
import type { StepReport } from "../../src/domain/Report.ts"
import type { RunEvent } from "../../src/domain/RunStore.ts"
import { RunStore } from "../../src/domain/RunStore.ts"
import * as Seed from "../../src/domain/Seed.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import type { Update } from "../../src/domain/Trainer.ts"
import * as EngineScripted from "../../src/layers/EngineScripted.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import * as RunFolder from "../../src/layers/RunFolder.ts"
import * as RunReader from "../../src/layers/RunReader.ts"
import * as TrainerMemory from "../../src/layers/TrainerMemory.ts"
import { defaults } from "../../src/programs/evaluate.ts"
import { writeReport } from "../../src/programs/report.ts"
import * as Chart from "../../src/programs/report/chart.ts"
import * as Conversation from "../../src/programs/report/conversation.ts"
import { curves } from "../../src/programs/report/curves.ts"
import { gather, pool } from "../../src/programs/report/digest.ts"
import { escape, html } from "../../src/programs/report/html.ts"
import { run } from "../../src/programs/run.ts"
import { curriculum, renderer, stage, tasks } from "./world.ts"

const hostile = "<script>alert(\"1\")</script><img src=x onerror='steal()'>&amp;"

/** Calls what is not there and then what is, says something hostile, and answers by its seed. */
const policy = PolicyScripted.layer((conversation, { seed }) => {
  const said = conversation.filter(({ role }) => role === "assistant").length
  if (said === 0) return "call cd"
  if (said === 1) return seed % 4 === 0 ? "call mv" : "call ls"
  return seed % 2 === 0 ? conversation.at(-1)?.content.slice(-1) ?? "" : hostile
})

/** Runs the toy world into a folder of its own. */
const recorded = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = `${yield* fs.makeTempDirectoryScoped()}/run`
  yield* run(curriculum(stage("first <b>", 3, { refillRounds: 0 }), stage("second", 2, { refillRounds: 0 })), {
    seed: 5,
    evaluation: defaults,
    about: { versions: { envtune: "0.0.0" }, options: { note: hostile } },
    weights: (name) => ({ path: name, recorded: name })
  }).pipe(
    Effect.provide([
      RunFolder.layer(folder),
      TrainerMemory.layer,
      policy,
      EngineScripted.layer(() => [10]),
      renderer,
      Tasks.layer(tasks, { source: hostile })
    ])
  )
  return folder
})

const digestOf = (folder: string) => Effect.flatMap(RunReader.open(folder), (record) => gather(folder, record))

describe("the report", () => {
  it.effect("is one page that loads nothing and runs nothing", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* recorded
      const file = yield* writeReport(folder, undefined)
      assert.strictEqual(file, `${folder}/report.html`)
      const page = yield* fs.readFileString(file)
      assert.notInclude(page, "<script")
      assert.notMatch(page, /<[^>]*\s(?:src|href|on\w+)=|url\(|@import/i)
      assert.include(page, "default-src 'none'")
      assert.include(page, escape(hostile))
      assert.notInclude(page, "<img")
      assert.include(page, "first &lt;b&gt;")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("has every tag closed that it opens", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const page = yield* fs.readFileString(yield* writeReport(yield* recorded, undefined))
      const open: Array<string> = []
      for (const [, slash, name = "", self] of page.matchAll(/<(\/?)([a-z0-9]+)(?:\s[^<>]*?)?(\/?)>/g)) {
        if (slash === "/") assert.strictEqual(open.pop(), name)
        else if (self === "" && !["meta", "wbr"].includes(name)) open.push(name)
      }
      assert.deepStrictEqual(open, [])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("counts how often a rule spoke, was followed, and saved its turn", () =>
    Effect.gen(function*() {
      const folder = yield* recorded
      const { answers, reports } = yield* digestOf(folder)
      const record = yield* RunReader.open(folder)
      const seeds = (yield* Stream.runCollect(record.episodes)).flatMap((line) =>
        line._tag === "Line" ? [Seed.derive(line.value.seed, "policy")] : []
      )
      const wrongTwice = seeds.filter((seed) => seed % 4 === 0).length
      const answered = answers.get("name-the-tools")
      assert.deepStrictEqual([...answers.keys()], ["name-the-tools"])
      assert.strictEqual(answered?.following.fired, seeds.length + wrongTwice)
      assert.strictEqual(
        answered?.following.fired,
        reports.reduce((sum, report) => sum + (report.hints["name-the-tools"] ?? 0), 0)
      )
      assert.deepStrictEqual(answered?.following.followed, {
        n: seeds.length + wrongTwice,
        passed: seeds.length - wrongTwice
      })
      assert.deepStrictEqual(answered?.following.recovered, { n: seeds.length, passed: 0 })
      assert.strictEqual(answered?.example.outcome.standard, "no tool cd")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("draws what the engine said, and no empty chart of what it did not", () =>
    Effect.gen(function*() {
      const digest = yield* digestOf(yield* recorded)
      const charts = (change: (update: Update) => Update) => {
        const reports = digest.reports.map((report) =>
          report.update === undefined ? report : { ...report, update: change(report.update) }
        )
        return Array.from(
          html`${curves({ ...digest, reports })}`.text.matchAll(/<b>([^<]*)<\/b>/g),
          ([, title]) => title
        )
      }
      const all = charts((update) => ({ ...update, kl: 0.1, gradientNorm: 2 }))
      assert.includeMembers(all, ["Entropy", "KL to the start", "Gradient norm"])
      const seen = charts(({ gradientNorm: _norm, kl: _kl, ...update }) => update)
      assert.deepStrictEqual(seen, all.filter((title) => title !== "KL to the start" && title !== "Gradient norm"))
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("shows the first, a middle and the last episode", () =>
    Effect.gen(function*() {
      const { episodes } = yield* digestOf(yield* recorded)
      assert.deepStrictEqual(episodes.map(({ label, record }) => [label, record.step]), [["First", 0], ["Middle", 2], [
        "Last",
        4
      ]])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("says what a reward is the sum of, where the record has the weights", () =>
    Effect.gen(function*() {
      const { episodes: [first] } = yield* digestOf(yield* recorded)
      assert(first?.record.finished !== undefined)
      const textOf = (score: typeof first.record.finished.score) => {
        const record = { ...first.record, finished: { ...first.record.finished!, score } }
        return /reward [^<]*/.exec(Conversation.episode({ ...first, record }).text)?.[0]
      }
      const terms = { progress: 0.5, failures: 3, "failures.failed": 3 }
      const known = { total: 0.35, terms, perTurn: [], weights: { progress: 1, failures: -0.05 } }
      const { weights: _, ...unknown } = known
      assert.strictEqual(
        textOf(known),
        "reward 0.350 = progress 0.500 + -0.05 \u00d7 failures 3.000 (failures.failed 3.000)"
      )
      assert.strictEqual(textOf(unknown), "reward 0.350 of progress 0.500, failures 3.000, failures.failed 3.000")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("prints what was measured", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* recorded
      const { summary } = yield* RunReader.open(folder)
      const page = yield* fs.readFileString(yield* writeReport(folder, `${folder}/page.html`))
      const base = summary.after["test/base"]
      assert.strictEqual(base?.n, 3)
      assert.include(page, `after: ${base?.passed} of 3`)
      assert.include(page, "<td class=\"n\">40</td>")
      assert.include(page, "<h2>Why turns failed</h2>")
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("is written for a run that was cut off, and says what is missing", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* recorded
      const bytes = yield* fs.readFile(`${folder}/episodes.jsonl.gz`)
      yield* fs.writeFile(`${folder}/episodes.jsonl.gz`, bytes.subarray(0, bytes.length - 5))
      const page = yield* fs.readFileString(yield* writeReport(folder, undefined))
      assert.match(page, /Not everything could be read: [^<]*episodes\.jsonl\.gz is torn/)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("is written for a run that has done nothing yet", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* recorded
      const { manifest } = yield* RunReader.open(folder)
      const empty = `${folder}-2`
      const started: RunEvent = { _tag: "RunStarted", milliseconds: 0, manifest }
      yield* RunStore.use((store) => store.append([started])).pipe(Effect.provide(RunFolder.layer(empty)))
      assert.include(yield* fs.readFileString(yield* writeReport(empty, undefined)), "<h2>Settings</h2>")
    }).pipe(Effect.provide(NodeServices.layer)))
})

describe("html", () => {
  it.prop("escapes every string it is given", [Schema.String], ([text]) => {
    const { text: page } = html`<p title="${text}">${text}</p>`
    assert.strictEqual(page.replaceAll(/[^<>"]/g, ""), "<\"\"><>")
  })

  it("leaves HTML alone, in lists too", () => {
    assert.strictEqual(
      html`<ul>${["a<b", "c"].map((one) => html`<li>${one}</li>`)}</ul>`.text,
      "<ul><li>a&lt;b</li><li>c</li></ul>"
    )
  })
})

const range = Schema.Finite.check(Schema.isBetween({ minimum: -1e6, maximum: 1e6 }))

const count = (all: ReadonlyArray<Pick<StepReport, "success">>) => all.reduce((sum, { success }) => sum + success.n, 0)

describe("charts", () => {
  it.prop("have round ticks that span the values", [range, range], ([a, b]) => {
    const [low, high] = [Math.min(a, b), Math.max(a, b)]
    // Values that differ in their last digits alone are one value to a chart.
    if (high - low < 1e-6 * Math.max(1e-3, Math.abs(low), Math.abs(high))) return
    const ticks = Chart.ticks(low, high, 5)
    const slack = (high - low) * 1e-5
    assert.isAtMost(ticks.length, 7)
    assert.isAtMost(ticks[0]!, low + slack)
    assert.isAtLeast(ticks.at(-1)!, high - slack)
  })

  it.effect("pool steps without crossing a stage, and lose no episode", () =>
    Effect.gen(function*() {
      const { reports } = yield* digestOf(yield* recorded)
      const pooled = pool(reports, 2)
      assert.deepStrictEqual(pooled.map(({ from, stageIndex, to }) => [stageIndex, from, to]), [[0, 0, 2], [1, 3, 4]])
      assert.strictEqual(count(pooled), count(reports))
      const rewards = (all: typeof pooled) => all.reduce((sum, { reward }) => sum + reward.n * reward.mean, 0)
      assert.closeTo(rewards(pooled), rewards(pool(reports, 100)), 1e-9)
    }).pipe(Effect.provide(NodeServices.layer)))
})
