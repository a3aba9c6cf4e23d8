import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, layer } from "@effect/vitest"
import { Deferred, Effect, Fiber, FileSystem, Stream } from "effect"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import { Engine } from "../../src/domain/Engine.ts"
import { ledgerBalances, type StepReport } from "../../src/domain/Report.ts"
import { ModelConfig } from "../../src/domain/Transformer.ts"
import * as EngineEmbedded from "../../src/layers/EngineEmbedded.ts"
import { files } from "../../src/layers/RunFolder.ts"
import * as RunReader from "../../src/layers/RunReader.ts"
import { serve } from "../../src/programs/serve.ts"
import { tinyModel } from "../domain/tinyModel.ts"
import { folderOf } from "../layers/chat/models.ts"
import { envtune, tuneKilled } from "./trainer/command.ts"

const curriculum = fileURLToPath(new URL("trainer/curriculum.ts", import.meta.url))

/** With a place for every token of the small tokenizer, and some more. */
const config = new ModelConfig({ ...tinyModel, vocabularySize: 280, contextLength: 1024 })

/** `serve-engine` with random weights, as long as the scope; what `tune` has to be told of it. */
const serving = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "envtune-" })
  const weights = `${folder}/noise`
  yield* Effect.flatMap(Engine, ({ save }) => save(weights)).pipe(
    Effect.provide(EngineEmbedded.layer({ config, seed: 3, workers: 1, cacheSize: 1 }))
  )
  const said = yield* Deferred.make<string>()
  const fiber = yield* Effect.forkScoped(serve({
    weights,
    host: "127.0.0.1",
    port: 0,
    checkpoints: `${folder}/checkpoints`,
    workers: 1,
    say: (line) => Deferred.succeed(said, line)
  }))
  const line = yield* Effect.raceFirst(Deferred.await(said), Fiber.join(fiber))
  const model = yield* folderOf("qwen2_5", { "config.json": JSON.stringify({ vocab_size: config.vocabularySize }) })
  const settings = {
    trainer: line.slice(line.indexOf("http://")),
    "base-model": "envtune/noise",
    model,
    family: "qwen2_5",
    context: "1024"
  }
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
})

const withoutTimes = (report: StepReport) => ({ ...report, seconds: { collect: 0, train: 0 } })

/** What a run came to, whenever and however often it was interrupted. */
const outcomeOf = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const { reports, summary } = yield* RunReader.open(folder)
  const lines = yield* Stream.runCollect(reports)
  const measured = lines.flatMap((line) => line._tag === "Line" ? [line.value] : [])
  return {
    summary: { outcome: summary.outcome, before: summary.before, after: summary.after },
    reports: measured.map(withoutTimes),
    episodes: gunzipSync(yield* fs.readFile(`${folder}/${files.episodes}`)).toString()
  }
})

describe("envtune tune --trainer", () => {
  layer(NodeServices.layer, { excludeTestServices: true })((it) => {
    it.effect(
      "runs four stages on a server, is killed, goes on, and ends as a run that was left alone",
      () =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const server = yield* serving
          const folder = yield* fs.makeTempDirectoryScoped({ prefix: "envtune-" })
          // Of the profiles, the one that has its reference from the base alone, and speaks protocol buffers.
          const asked = [curriculum, ...server, "--profile", "hosted", "--seed", "5", "--save-every", "1"]
          const left = yield* envtune(["tune", ...asked, "--out", `${folder}/left`])
          assert.deepStrictEqual(left, { code: 0, errors: "" })
          const expected = yield* outcomeOf(`${folder}/left`)
          assert.strictEqual(expected.summary.outcome, "completed")
          assert.deepStrictEqual(expected.reports.map(({ stageIndex }) => stageIndex), [0, 0, 1, 1, 2, 2, 3, 3])
          for (const { ledger, update } of expected.reports) {
            assert.isTrue(ledgerBalances(ledger))
            assert.deepStrictEqual(ledger.failed, {})
            assert.isAbove(update?.gradientNorm ?? 0, 0)
          }
          assert.isAbove(expected.reports.at(-1)?.update?.kl ?? 0, 1e-4)

          const killed = `${folder}/killed`
          assert.strictEqual(yield* tuneKilled(3, [...asked, "--out", killed]), 3)
          assert.notStrictEqual((yield* RunReader.open(killed)).summary.outcome, "completed")
          const resumed = yield* envtune(["resume", killed])
          assert.match(resumed.errors, /^going on after [23] steps, in stage [12], from /)
          assert.strictEqual(resumed.code, 0)
          assert.deepStrictEqual(yield* outcomeOf(killed), expected)
          assert.match(yield* fs.readFileString(`${killed}/report.html`), /Resumed after [23] steps/)
        }).pipe(Effect.scoped),
      180_000
    )
  })
})
