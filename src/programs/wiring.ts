/** The parts there are: which tasks, environments and engines the commands work with. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Config, Effect, Layer, Option, Path, type Redacted } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Documents from "../domain/bfcl/Documents.ts"
import { announcement, systemMessage } from "../domain/drills/Documents.ts"
import { generate, sizes } from "../domain/drills/Drill.ts"
import { longContext as drillContext } from "../domain/drills/LongContext.ts"
import { prove } from "../domain/drills/Proof.ts"
import { codec } from "../domain/drills/Vocabulary.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { Renderer } from "../domain/Renderer.ts"
import * as Tasks from "../domain/Tasks.ts"
import type { ServerProfile } from "../domain/tinker/ServerProfile.ts"
import * as ToolDocuments from "../domain/tools/Documents.ts"
import { ModelConfig } from "../domain/Transformer.ts"
import * as Base from "../layers/Base.ts"
import * as BfclCache from "../layers/BfclCache.ts"
import * as BfclFolder from "../layers/BfclFolder.ts"
import * as Drills from "../layers/Drills.ts"
import * as EngineEmbedded from "../layers/EngineEmbedded.ts"
import * as EngineTinker from "../layers/EngineTinker.ts"
import * as EnvironmentBfcl from "../layers/EnvironmentBfcl.ts"
import * as EnvironmentBfclOfficial from "../layers/EnvironmentBfclOfficial.ts"
import * as PolicyOpenai from "../layers/PolicyOpenai.ts"
import * as PolicyOracle from "../layers/PolicyOracle.ts"
import * as RendererChat from "../layers/RendererChat.ts"
import * as RendererCompact from "../layers/RendererCompact.ts"
import * as TinkerClientHttp from "../layers/TinkerClientHttp.ts"
import { compare } from "./compare.ts"
import { conform } from "./conform.ts"
import { conformRenderers } from "./conformRenderers.ts"
import { conformTinker } from "./conformTinker.ts"
import * as Paper from "./curricula/paper.ts"
import { doctor } from "./doctor.ts"
import { defaults } from "./evaluate.ts"
import { type MachineOptions, Parts, type Remote, type World, type WorldOptions } from "./parts.ts"
import * as Pretrain from "./pretrain.ts"
import { pull } from "./pull.ts"
import { Unavailable } from "./refusal.ts"
import { replay } from "./replay.ts"
import { score } from "./score.ts"
import { serve } from "./serve.ts"
import { inspect } from "./split.ts"
import { validate } from "./validate.ts"

/** Of the training drills, when none is asked for. */
const drillSeed = 1

const drills = (seed: number = drillSeed): World => ({
  tasks: Drills.tasks({ seed }),
  environment: Drills.environment,
  oracle: PolicyOracle.layer,
  curriculum: (choices) => Paper.drills(Drills.environment, { ...Paper.choices, ...choices }),
  evaluation: {
    ...defaults,
    sampling: { temperature: 1, maxTokens: 40 },
    concurrency: 256,
    maxSteps: 40
  }
})

const readBenchmark = (folder: string, split: string | undefined) =>
  Effect.mapBoth(BfclFolder.read(folder, split), {
    onFailure: (reason) => new Tasks.TasksError({ reason }),
    onSuccess: (read) => ({ read, tasks: BfclFolder.tasksOf(read, folder) })
  })

/** BFCL's own instances in the training protocol, in the compact form that the embedded model can read, or explained. */
const benchmark = Effect.fnUntraced(function*(
  folder: string,
  { explained = false, split, training }: WorldOptions
) {
  const { read, tasks } = yield* readBenchmark(folder, split)
  const environment = EnvironmentBfcl.layer({
    documents: read.documents,
    longContext: read.longContext,
    system: explained ? ToolDocuments.systemMessage : systemMessage,
    announce: explained ? Documents.announcement : announcement
  })
  const stages = { adapters: Paper.bfclLora, whole: Paper.bfcl }
  const world: World = {
    tasks,
    environment,
    oracle: PolicyOracle.layer,
    curriculum: (choices) =>
      (training === undefined ? Paper.rehearsal : stages[training])(environment, { ...Paper.choices, ...choices }),
    evaluation: training === undefined
      ? { ...defaults, parts: ["train", "test"], sampling: { temperature: 1, maxTokens: 128 } }
      : { ...defaults, parts: ["test"], sampling: { temperature: 1, maxTokens: 4096 } }
  }
  return world
})

const world: Parts["Service"]["world"] = (options) => {
  const { data, seed, split } = options
  if (data !== undefined) return benchmark(data, options)
  return split === undefined
    ? Effect.succeed(drills(seed))
    : Effect.fail(
      new Unavailable({
        detail:
          `--split ${split} is of tasks in a folder: say where it is with --data, or get it with \`envtune data pull\``
      })
    )
}

/** BFCL's own instances as BFCL plays them, with its settings. The loop itself limits the steps. */
const official: Parts["Service"]["official"] = Effect.fnUntraced(function*({ data, split, ...options }) {
  const { read: { documents, longContext }, tasks } = yield* readBenchmark(data, split)
  return {
    tasks,
    environment: EnvironmentBfclOfficial.layer({ documents, longContext, ...options }),
    oracle: PolicyOracle.layerOfficial(options.mode),
    evaluation: {
      ...defaults,
      parts: ["train", "test"],
      sampling: { temperature: 0.001, maxTokens: 4096 },
      maxSteps: 1000
    }
  }
})

/** The tasks that a run's provenance names, and the constants of their long contexts. */
const recordedTasks = Effect.fnUntraced(function*({ tasks: { provenance } }: Manifest) {
  const { folder, seed, source } = provenance
  if (source === "drills") {
    return { all: generate(Number(seed), sizes, prove).map(({ task }) => task), longContext: drillContext }
  }
  if (folder === undefined) {
    return yield* new Unavailable({
      detail: `its tasks are from ${source ?? "a source without a name"}, not made again`
    })
  }
  const { read, tasks } = yield* readBenchmark(folder, undefined)
  const { all } = yield* Effect.provide(Tasks.Tasks, tasks)
  return { all, longContext: read.longContext }
})

const origin: Parts["Service"]["origin"] = Effect.fnUntraced(function*(manifest) {
  const { all, longContext } = yield* recordedTasks(manifest)
  const { vocabulary } = yield* Base.read()
  const tasks = new Map(all.map((task) => [task.id, task]))
  return {
    task: (id) => tasks.get(id),
    longContext,
    spell: vocabulary.hash === manifest.vocabularyHash ? codec(vocabulary).decode : undefined
  }
})

/** The folder that `--weights` names, by itself or by its file. */
const folderOf = Effect.fnUntraced(function*(weights: string) {
  const path = yield* Path.Path
  return path.basename(weights) === "model.safetensors" ? path.dirname(weights) : weights
})

/** A context long enough for a benchmark instance; positions are rotary, so the base needs no change for it. */
const benchmarkContext = 2048

/** A client of a server, which finds its key in TINKER_API_KEY where it wants one. */
const client = (url: string, wire: ServerProfile["wire"], apiKey: Redacted.Redacted | undefined) =>
  TinkerClientHttp.layer({ url, wire, ...(apiKey !== undefined && { apiKey }) }).pipe(
    Layer.provide(NodeHttpClient.layerUndici)
  )

const remoteMachine = ({ baseModel, contextLength, folder, language, profile, rank, url }: Remote) =>
  Layer.unwrap(
    Effect.gen(function*() {
      const apiKey = yield* Config.Redacted("TINKER_API_KEY").pipe(Config.option, Effect.orDie)
      const { vocabularySize } = yield* Renderer
      const training = rank === 0
        ? "full" as const
        : { rank, train_attn: true, train_mlp: true, train_unembed: true }
      return EngineTinker.layer({ baseModel, profile, training, vocabularySize, contextLength }).pipe(
        Layer.provide(client(url, profile.wire, Option.getOrUndefined(apiKey)))
      )
    })
  ).pipe(Layer.provideMerge(RendererChat.layer(folder, language)))

const machine: Parts["Service"]["machine"] = ({ data, remote, weights, workers }) =>
  remote === undefined ? embeddedMachine({ data, weights, workers }) : remoteMachine(remote)

const embeddedMachine = ({ data, weights, workers }: MachineOptions) =>
  Layer.unwrap(
    Effect.gen(function*() {
      const { config, folder, vocabulary } = yield* Base.read()
      const engine = EngineEmbedded.layer({
        config: data === undefined ? config : new ModelConfig({ ...config, contextLength: benchmarkContext }),
        weights: weights === undefined ? folder : yield* folderOf(weights),
        vocabulary: vocabulary.hash,
        seed: 0,
        ...(workers !== undefined && { workers })
      })
      return Layer.merge(engine, RendererCompact.layer(vocabulary))
    })
  )

const pretrain: Parts["Service"]["pretrain"] = Effect.fn("pretrain")(function*({ out, say, seed, workers }) {
  const settings = { ...Pretrain.settings, seed }
  const conversations = yield* Pretrain.corpus(Drills.environment, settings)
  const vocabulary = Pretrain.learnVocabulary(conversations)
  yield* say(`${conversations.length} conversations, ${vocabulary.size} tokens in the vocabulary`)
  yield* Pretrain.train(
    conversations,
    vocabulary,
    settings,
    ({ loss, seconds, step, steps }) =>
      step % 25 === 0 || step === steps - 1
        ? say(`step ${step + 1} of ${steps}  loss ${loss.toFixed(3)}  ${seconds.toFixed(0)} s`)
        : Effect.void
  ).pipe(
    Effect.andThen(Pretrain.save(out)),
    Effect.provide(EngineEmbedded.layer({
      config: Pretrain.modelConfig(vocabulary),
      vocabulary: vocabulary.hash,
      seed,
      ...(workers !== undefined && { workers })
    }))
  )
  yield* Base.complete(out, vocabulary)
})

const examine: Parts["Service"]["doctor"] = ({ apiKey, baseModel, profile, rank, url }) =>
  Effect.provide(doctor({ profile, baseModel, rank }), client(url, profile?.wire ?? "json", apiKey))

const serveWeights: Parts["Service"]["serve"] = Effect.fnUntraced(function*(options) {
  const { weights } = options
  const folder = weights === undefined ? Effect.map(Base.read(), ({ folder }) => folder) : folderOf(weights)
  return yield* serve({ ...options, weights: yield* folder })
})

export const layer: Layer.Layer<Parts> = Layer.succeed(
  Parts,
  Parts.of({
    world,
    exercises: (seed) => generate(seed, sizes, prove),
    official,
    machine,
    openai: PolicyOpenai.layer,
    pretrain,
    serve: serveWeights,
    conformance: conform,
    conformanceOfRenderers: conformRenderers,
    conformanceOfTinker: conformTinker,
    doctor: examine,
    split: inspect,
    score,
    compare,
    cache: BfclCache.folder,
    pull: (options) => Effect.provide(pull(options), FetchHttpClient.layer),
    validate,
    replay,
    origin
  })
)
