import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Stream } from "effect"
import { createServer } from "node:http"
import * as Tasks from "../../src/domain/Tasks.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import * as RunStoreMemory from "../../src/layers/RunStoreMemory.ts"
import * as Telemetry from "../../src/layers/Telemetry.ts"
import * as TrainerMemory from "../../src/layers/TrainerMemory.ts"
import { layerMetered } from "../../src/programs/meter.ts"
import { tune } from "../../src/programs/tune.ts"
import { curriculum, stage, tasks } from "./world.ts"

/** A collector that remembers what it was sent, by path. */
const collector = Effect.acquireRelease(
  Effect.callback<{ readonly port: number; readonly got: Map<string, string>; readonly close: () => void }>(
    (resume) => {
      const got = new Map<string, string>()
      const server = createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk) => chunks.push(chunk))
        request.on("end", () => {
          const path = request.url ?? ""
          got.set(path, `${got.get(path) ?? ""}${Buffer.concat(chunks).toString("latin1")}`)
          response.end()
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(Effect.succeed({ port, got, close: () => server.close() }))
      })
    }
  ),
  ({ close }) => Effect.sync(close)
)

const policy = PolicyScripted.layer((_, { seed }) => seed % 2 === 0 ? "a" : "wrong")

describe("meter", () => {
  it.live("sends what steps measure where OpenTelemetry's variables say", () =>
    Effect.gen(function*() {
      const { got, port } = yield* collector
      const provider = ConfigProvider.fromUnknown({
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
        OTEL_METRICS_EXPORTER: "otlp",
        OTEL_TRACES_EXPORTER: "otlp"
      })
      yield* Stream.runDrain(tune(curriculum(stage("one", 2)), { seed: 1 })).pipe(
        Effect.provide([
          TrainerMemory.layer,
          Layer.provide(layerMetered, RunStoreMemory.layer),
          Tasks.layer(tasks, {}),
          policy
        ]),
        Effect.provide(Layer.provide(Telemetry.layer, ConfigProvider.layer(provider)))
      )
      const metrics = got.get("/v1/metrics") ?? ""
      for (const name of ["envtune/reward/mean", "envtune/success/all", "envtune/episodes/attempted", "envtune/step"]) {
        assert.include(metrics, name)
      }
      assert.include(got.get("/v1/traces") ?? "", "envtune")
    }).pipe(Effect.scoped))
})
