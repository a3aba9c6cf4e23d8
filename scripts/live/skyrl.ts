/**
 * `npm run live:skyrl`: SkyRL's Tinker server, started for real with a model of random weights, under the engine laws.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Clock, Console, Effect, FileSystem, Layer, Option, Path } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { presets } from "../../src/domain/tinker/ServerProfile.ts"
import * as EngineTinker from "../../src/layers/EngineTinker.ts"
import * as TinkerClientHttp from "../../src/layers/TinkerClientHttp.ts"
import * as Text from "../../src/programs/text.ts"
import { laws } from "../../test/layers/EngineLaws.ts"
import * as Process from "./Process.ts"

const release = "skyrl[tinker,jax]==0.3.0"

/** Shapes are compiled one by one: few of them, and small. */
const backend = {
  max_lora_adapters: 6,
  max_lora_rank: 8,
  train_micro_batch_size: 4,
  sample_max_num_sequences: 4
}

const lora = { rank: 8, seed: 1, train_unembed: false, train_mlp: true, train_attn: true }

/** Starts the server; returns its URL and the model's name there. */
const serving = Effect.fnUntraced(function*(options: {
  readonly python: string
  readonly checkout: Option.Option<string>
  readonly port: number
}) {
  const { checkout, port } = options
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const own = yield* Process.environment({ name: "skyrl", packages: [release], python: options.python })
  const model = path.join(Process.folder, "tiny-qwen3")
  if (!(yield* files.exists(model))) yield* Process.run(own, [Process.script("tiny_model.py"), model])
  const folder = yield* files.makeTempDirectoryScoped({ prefix: "envtune-" })
  const url = `http://127.0.0.1:${port}`
  const settings = {
    "base-model": model,
    backend: "jax",
    "backend-config": JSON.stringify(backend),
    "database-url": `sqlite:///${path.join(folder, "tinker.db")}`,
    "checkpoints-base": path.join(folder, "checkpoints"),
    port: String(port)
  }
  const given = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const begin = yield* Clock.currentTimeMillis
  yield* Process.start(
    own,
    [Process.script("skyrl_server.py"), ...given],
    (line) => line.includes("Uvicorn running on") ? url : undefined,
    {
      env: {
        HF_HUB_OFFLINE: "1",
        JAX_PLATFORMS: "cpu",
        ...(Option.isSome(checkout) && { PYTHONPATH: checkout.value })
      }
    }
  )
  yield* Process.answers(`${url}/api/v1/healthz`, "180 seconds")
  yield* Console.log(`SkyRL answers after ${(((yield* Clock.currentTimeMillis) - begin) / 1000).toFixed(0)} s`)
  return { url, model }
})

const checkpoint = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return path.join(yield* Effect.orDie(files.makeTempDirectoryScoped({ prefix: "envtune-" })), "weights")
})

const examine = Effect.fnUntraced(function*({ model, url }: { readonly url: string; readonly model: string }) {
  const engine = EngineTinker.layer({
    baseModel: model,
    profile: presets["skyrl-jax"],
    training: lora,
    vocabularySize: 259,
    contextLength: 2048
  }).pipe(Layer.provide(TinkerClientHttp.layer({ url })))
  let broken = 0
  for (const { miss, name, tolerance } of laws(checkpoint)) {
    const begin = yield* Clock.currentTimeMillis
    const missed = yield* Effect.result(Effect.scoped(Effect.provide(miss, engine)))
    const seconds = (((yield* Clock.currentTimeMillis) - begin) / 1000).toFixed(0)
    const holds = missed._tag === "Success" && missed.success <= tolerance
    if (!holds) broken += 1
    const found = missed._tag === "Success" ? missed.success.toExponential(1) : Text.oneLine(missed.failure.message)
    yield* Console.log(`${holds ? "holds " : "BROKEN"}  ${found} of ${tolerance}  ${seconds} s  ${name}`)
  }
  return broken
})

Command.make(
  "live:skyrl",
  {
    python: Process.python,
    checkout: Flag.String("checkout").pipe(
      Flag.withDescription("A checkout of SkyRL to run instead of the release, with the release's dependencies"),
      Flag.optional
    ),
    port: Flag.Int("port").pipe(Flag.withDefault(8711), Flag.withDescription("A free port for the server"))
  },
  Effect.fnUntraced(function*(options) {
    const broken = yield* examine(yield* serving(options))
    if (broken > 0) return yield* new Process.LiveError({ detail: `${broken} laws do not hold` })
  }, Effect.scoped)
).pipe(
  Command.withDescription("SkyRL's Tinker server under the engine laws"),
  Command.run({ version: "0" }),
  Effect.provide([NodeServices.layer, NodeHttpClient.layerUndici]),
  NodeRuntime.runMain
)
