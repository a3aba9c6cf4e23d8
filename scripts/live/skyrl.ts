/**
 * `npm run live:skyrl`: SkyRL's Tinker server, started for real with a model of random weights: the engine laws, and a
 * short run of the four stages on BFCL's instances, once as a program and once as `envtune tune`, killed and resumed.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Clock, Console, Effect, FileSystem, Layer, Option, Path, Stream } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import type { Engine } from "../../src/domain/Engine.ts"
import { ledgerBalances, type StepReport, total } from "../../src/domain/Report.ts"
import { presets } from "../../src/domain/tinker/ServerProfile.ts"
import * as EngineTinker from "../../src/layers/EngineTinker.ts"
import * as RunReader from "../../src/layers/RunReader.ts"
import * as TinkerClientHttp from "../../src/layers/TinkerClientHttp.ts"
import * as Text from "../../src/programs/text.ts"
import { laws } from "../../test/layers/EngineLaws.ts"
import { envtune, tuneKilled } from "../../test/programs/trainer/command.ts"
import * as Meter from "./Meter.ts"
import * as Process from "./Process.ts"
import { type Options as RehearsalOptions, rehearse, type Rehearsed } from "./rehearsal.ts"

const release = "skyrl[tinker,jax]==0.3.0"

const adapters = { max_lora_adapters: 6, max_lora_rank: 8 }

/** What the server runs on. On a CPU shapes are compiled slowly, one by one: few of them, and small. */
const devices = {
  cpu: {
    packages: [release],
    shape: "tiny",
    // Of the embedding: noise also has ids that the tokenizer has no token for.
    vocabularySize: 320,
    size: { tasksPerStep: 2, groupSize: 2, maxSteps: 2, maxTokens: 16 },
    backend: { ...adapters, train_micro_batch_size: 4, sample_max_num_sequences: 4 },
    env: { JAX_PLATFORMS: "cpu" },
    slack: 1
  },
  cuda: {
    packages: [release, "jax[cuda13]"],
    shape: "0.6b",
    vocabularySize: 151_936,
    size: { tasksPerStep: 8, groupSize: 16, maxSteps: 4, maxTokens: 256 },
    backend: { ...adapters, train_micro_batch_size: 8, sample_max_num_sequences: 128, gradient_checkpointing: true },
    env: {},
    // Numbers of 16 bits.
    slack: 1000
  }
} as const
type Device = keyof typeof devices

const lora = { rank: 8, seed: 1, train_unembed: false, train_mlp: true, train_attn: true }

/** Starts the server; returns its URL and the model's name there. */
const serving = Effect.fnUntraced(function*(options: {
  readonly python: string
  readonly checkout: Option.Option<string>
  readonly device: Device
  readonly port: number
}) {
  const { checkout, port } = options
  const { backend, env, packages, shape } = devices[options.device]
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const name = options.device === "cpu" ? "skyrl" : `skyrl-${options.device}`
  const own = yield* Process.environment({ name, packages, python: options.python })
  const model = path.join(Process.folder, `${shape}-qwen3`)
  if (!(yield* files.exists(model))) {
    yield* Process.run(own, [Process.script("tiny_model.py"), model, "--shape", shape])
  }
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
        ...env,
        HF_HUB_OFFLINE: "1",
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

/** Prints a line for each law; returns how many do not hold. */
const examine = Effect.fnUntraced(function*<E, R>(engine: Layer.Layer<Engine, E, R>, device: Device) {
  let broken = 0
  for (const { miss, name, tolerance } of laws(checkpoint)) {
    const begin = yield* Clock.currentTimeMillis
    const missed = yield* Effect.scoped(Effect.provide(miss, engine))
    const seconds = (((yield* Clock.currentTimeMillis) - begin) / 1000).toFixed(0)
    const bound = tolerance * devices[device].slack
    if (missed > bound) broken += 1
    yield* Console.log(
      `${missed <= bound ? "holds " : "BROKEN"}  missed by ${
        missed.toExponential(1)
      } of ${bound}  ${seconds} s  ${name}`
    )
  }
  return broken
})

const describe = ({ groups, ledger, reward, seconds, stage, update }: StepReport): string =>
  [
    `${stage}: ${ledger.attempted} episodes, ${total(ledger.failed)} failed, `
    + `${groups.trained} of ${groups.collected} groups trained`,
    `reward ${reward.mean.toFixed(2)}`,
    update === undefined
      ? "no update"
      : `loss ${update.loss.toFixed(4)}, gradient ${update.gradientNorm?.toPrecision(3)}, k3 ${
        update.kl?.toPrecision(2)
      }`,
    `${(seconds.collect + seconds.train).toFixed(0)} s`
  ].join("; ")

const perSecond = (tokens: number, seconds: number): string => seconds === 0 ? "none" : (tokens / seconds).toFixed(0)

/** Prints what the four stages did and how fast. */
const tune = Effect.fnUntraced(function*<E, R>(
  engine: Layer.Layer<Engine, E, R>,
  options: Omit<RehearsalOptions, "weights">
) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* files.makeTempDirectoryScoped({ prefix: "envtune-" })
  yield* Effect.gen(function*() {
    const { failures, reports } = yield* rehearse({ ...options, weights: (name) => path.join(folder, name) })
    yield* Effect.forEach([...reports.map(describe), ...failures], (line) => Console.log(line))
    const figures = yield* Effect.flatMap(Meter.Meter, ({ read }) => read)
    const { idle, sampledTokens, sampling, seconds, trainedTokens, training } = figures
    yield* Console.log(
      `sampled ${perSecond(sampledTokens, sampling)} tokens/s, trained on ${
        perSecond(trainedTokens, training)
      } tokens/s; `
        + `the server waited for us ${Text.percent(idle / seconds)} of ${seconds.toFixed(0)} s`
    )
  }).pipe(Effect.provide(Layer.provide(Meter.layer, engine)))
})

const rehearsal = Process.script("rehearsal.ts")

const wrong = (detail: string) => new Process.LiveError({ detail })

/** Prints what the same four stages did as a command that was killed after two of them, and resumed. */
const tuneByCommand = Effect.fnUntraced(
  function*(options: Rehearsed & { readonly model: string; readonly url: string }) {
    const { model, url, ...rehearsed } = options
    const files = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const place = yield* files.makeTempDirectoryScoped({ prefix: "envtune-" })
    const file = path.join(place, "curriculum.ts")
    const folder = path.join(place, "run")
    const data = path.resolve(rehearsed.data)
    yield* files.writeFileString(
      file,
      `import { curriculum } from ${JSON.stringify(rehearsal)}\n`
        + `export default curriculum(${JSON.stringify({ ...rehearsed, data })})\n`
    )
    const settings = {
      trainer: url,
      profile: "skyrl-jax",
      "base-model": model,
      model,
      family: "generic",
      rank: String(lora.rank),
      context: "8192",
      "save-every": "1",
      out: folder
    }
    const given = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
    const begun = yield* tuneKilled(2, [file, ...given])
    if (begun !== 2) return yield* wrong(`envtune tune ended after ${begun} steps`)
    const { code, errors } = yield* envtune(["resume", folder])
    yield* Console.log(errors.trim())
    if (code !== 0) return yield* wrong(`envtune resume ended with code ${code}`)
    const { reports, summary } = yield* RunReader.open(folder)
    const done = (yield* Stream.runCollect(reports)).flatMap((line) => line._tag === "Line" ? [line.value] : [])
    yield* Effect.forEach(done, (report) => Console.log(describe(report)))
    const stages = done.map(({ stageIndex }) => stageIndex).join()
    if (
      summary.outcome !== "completed" || stages !== "0,1,2,3" || !done.every(({ ledger }) => ledgerBalances(ledger))
    ) {
      return yield* wrong(`the run is ${summary.outcome}, with steps of the stages ${stages}`)
    }
  }
)

Command.make(
  "live:skyrl",
  {
    python: Process.python,
    checkout: Flag.String("checkout").pipe(
      Flag.withDescription("A checkout of SkyRL to run instead of the release, with the release's dependencies"),
      Flag.optional
    ),
    device: Flag.Literals("device", ["cpu", "cuda"]).pipe(
      Flag.withDefault("cpu"),
      Flag.withDescription("What JAX runs on; on cuda the model has the sizes of Qwen3-0.6B")
    ),
    data: Flag.String("data").pipe(
      Flag.withDescription("A folder that `envtune data pull` filled with BFCL's data; only the laws when absent"),
      Flag.optional
    ),
    port: Flag.Int("port").pipe(Flag.withDefault(8711), Flag.withDescription("A free port for the server"))
  },
  Effect.fnUntraced(function*(options) {
    const { model, url } = yield* serving(options)
    const engine = EngineTinker.layer({
      baseModel: model,
      profile: presets["skyrl-jax"],
      training: lora,
      vocabularySize: devices[options.device].vocabularySize,
      contextLength: 8192
    }).pipe(Layer.provide(TinkerClientHttp.layer({ url })))
    const broken = yield* examine(engine, options.device)
    if (Option.isSome(options.data)) {
      const rehearsed = { data: options.data.value, size: devices[options.device].size }
      yield* tune(engine, { model, ...rehearsed })
      yield* tuneByCommand({ model, url, ...rehearsed })
    }
    if (broken > 0) return yield* new Process.LiveError({ detail: `${broken} laws do not hold` })
  }, Effect.scoped)
).pipe(
  Command.withDescription("SkyRL's Tinker server under the engine laws, and in a short run"),
  Command.run({ version: "0" }),
  Effect.provide(Layer.merge(NodeServices.layer, NodeHttpClient.layerUndici)),
  NodeRuntime.runMain
)
