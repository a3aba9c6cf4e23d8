/**
 * A Tinker server without its wire: sessions, models in training, samplers, and the outcomes
 * of what was asked of them.
 */
import { Clock, Effect, type FileSystem, Layer, Path } from "effect"
import { Engine, type EngineError } from "../../domain/Engine.ts"
import * as Endpoint from "../../domain/tinker/Endpoint.ts"
import type { CreateModel, ModelInfo } from "../../domain/tinker/Model.ts"
import type { CreateSamplingSession, Sample } from "../../domain/tinker/Sampling.ts"
import type { CreateFromWeights, SaveWeightsForSampler, WeightsInfo } from "../../domain/tinker/Weights.ts"
import { Futures, type Limits, mistaken } from "./Futures.ts"
import * as Jobs from "./Jobs.ts"
import * as Models from "./Models.ts"
import { Refused } from "./Refused.ts"
import * as Samplers from "./Samplers.ts"
import * as Sampling from "./Sampling.ts"
import * as Sessions from "./Sessions.ts"
import * as Storage from "./Storage.ts"
import * as Training from "./Training.ts"

export interface Options {
  /** The name that clients ask for. */
  readonly model: string
  readonly contextLength: number
  /** The folder of the weights that every model begins with. */
  readonly base: string
  /** An engine with the weights in a folder. */
  readonly engine: (folder: string) => Layer.Layer<Engine, EngineError, FileSystem.FileSystem | Path.Path>
  /** The folder that named weights are saved in. */
  readonly checkpoints: string
}

/** Engines at a time: one for each model in training, and those that are sampled from. */
const mostModels = 8
const mostSamplers = 2

/** Unnamed snapshots of a model that can still be sampled from. */
const keptSnapshots = 8

const limits: Limits = { pending: 16_384, bytes: 512 << 20, outcomes: 16_384, numbers: 32 << 20 }

/** What LoRA means here, as the description of a model. */
const training =
  "every model is a copy of the base whose parameters are all trained; LoRA configurations are accepted and not applied"

interface Sampler {
  readonly session: string
  readonly folder: string
  readonly path: string | undefined
}

const modelCreated = Training.answering(Endpoint.createModel)
const savedForSampler = Training.answering(Endpoint.saveWeightsForSampler)

const samplerId = (session: string, number: number): string => `${session}:sample:${number}`

export const make = Effect.fnUntraced(function*(options: Options) {
  const path = yield* Path.Path
  const scope = yield* Effect.scope
  const platform = yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  const storage = yield* Storage.make(options.checkpoints)
  // Ids differ from those of a server before this one, whose weights may lie in the same folder.
  const start = (yield* Clock.currentTimeMillis).toString(36)
  const futures = new Futures(`${start}-`, limits)
  const open = (folder: string) =>
    Layer.build(options.engine(folder)).pipe(
      Effect.flatMap((context) => Effect.provide(Engine, context)),
      Effect.mapError(Jobs.ofEngine),
      Effect.provide(platform)
    )
  const models = yield* Models.make({ futures, open: open(options.base), most: mostModels })
  const engines = yield* Samplers.make({ open, most: mostSamplers })
  const samplers = new Map<string, Sampler>()
  const snapshots = new Map<string, Array<string>>()

  const forget = (id: string): Effect.Effect<void> => {
    const sampler = samplers.get(id)
    samplers.delete(id)
    return sampler !== undefined && sampler.folder.startsWith(storage.passing)
      ? storage.remove(sampler.folder)
      : Effect.void
  }

  const sessions = yield* Sessions.make({
    prefix: `${start}-`,
    close: (session) =>
      Effect.andThen(
        models.closeSession(session),
        Effect.forEach(
          Array.from(samplers).filter(([, sampler]) => sampler.session === session),
          ([id]) => forget(id),
          { discard: true }
        )
      )
  })

  const isServed = (name: string): Effect.Effect<void, Refused> =>
    name === options.model
      ? Effect.void
      : Effect.fail(
        new Refused({ status: 400, detail: `this server has the model "${options.model}", not "${name}"` })
      )

  /** The folder to sample from for a base model or saved weights. */
  const source = Effect.fnUntraced(function*(from: { readonly base_model?: string; readonly model_path?: string }) {
    const { base_model, model_path } = from
    if (model_path !== undefined) {
      const found = storage.find(model_path, "sampler_weights")
      return yield* Effect.mapError(found, ({ error }) => new Refused({ status: 400, detail: error }))
    }
    if (base_model === undefined) {
      return yield* new Refused({ status: 400, detail: "neither a base_model nor a model_path is given" })
    }
    yield* isServed(base_model)
    return options.base
  })

  const findSampler = (id: string): Effect.Effect<Sampler, Refused> => {
    const sampler = samplers.get(id)
    if (sampler !== undefined) return Effect.succeed(sampler)
    const detail =
      `there is no sampling session "${id}"; of a model's unnamed snapshots the last ${keptSnapshots} are kept`
    return Effect.fail(new Refused({ status: 404, detail }))
  }

  /** Weights of the moment, for a sampling session that begins with them. */
  const snapshot = Effect.fnUntraced(function*(engine: Models.Working, model: string, id: string) {
    const folder = path.join(storage.passing, id.replaceAll(":", "-"))
    yield* Effect.mapError(engine.save(folder), Jobs.ofEngine)
    yield* storage.dropOptimiser(folder)
    const session = model.slice(0, model.indexOf(":"))
    samplers.set(id, { session, folder, path: undefined })
    const kept = [...(snapshots.get(model) ?? []), id]
    yield* Effect.forEach(kept.slice(0, -keptSnapshots), forget, { discard: true })
    snapshots.set(model, kept.slice(-keptSnapshots))
    return savedForSampler({ sampling_session_id: id })
  })

  return {
    sessions,
    futures,
    /** Accepts what is asked of a model by number. */
    submit: models.submit,
    storage,
    unload: models.unload,

    createModel: Effect.fnUntraced(function*(request: CreateModel, digest: string) {
      yield* sessions.hear(request.session_id)
      yield* isServed(request.base_model)
      return yield* models.create({
        session: request.session_id,
        number: request.model_seq_id,
        digest,
        operation: (_, model_id) => Effect.succeed(modelCreated({ model_id }))
      })
    }),

    createFromWeights: Effect.fnUntraced(function*(request: CreateFromWeights, digest: string) {
      yield* sessions.hear(request.session_id)
      if (request.base_model !== undefined) yield* isServed(request.base_model)
      return yield* models.create({
        session: request.session_id,
        number: request.model_seq_id,
        digest,
        operation: (engine, model_id) => Training.loadWeights(engine, storage, { ...request, model_id })
      })
    }),

    /** Weights that can be trained on. SDKs up to 0.24 reload them only as an adapter's, of a rank; any rank will do. */
    weightsInfo: (path: string): Effect.Effect<WeightsInfo, Refused> =>
      storage.find(path, "weights").pipe(
        Effect.mapBoth({
          onFailure: ({ error }) => new Refused({ status: 404, detail: error }),
          onSuccess: () => ({ base_model: options.model, is_lora: true, lora_rank: 1 })
        })
      ),

    info: (model_id: string): Effect.Effect<ModelInfo, Refused> =>
      Effect.as(models.exists(model_id), {
        model_id,
        model_data: { arch: training, model_name: options.model },
        is_lora: false,
        model_name: options.model
      }),

    saveForSampler: (engine: Models.Working, request: SaveWeightsForSampler): Jobs.Operation => {
      const { model_id, path: name, sampling_session_seq_id } = request
      if (name !== undefined) {
        return Effect.map(
          Training.save(engine, storage, { model: model_id, kind: "sampler_weights", name }),
          (path) => savedForSampler({ path })
        )
      }
      if (sampling_session_seq_id === undefined) {
        return Effect.fail(mistaken("neither a path nor a sampling_session_seq_id is given"))
      }
      const session = model_id.slice(0, model_id.indexOf(":"))
      return snapshot(engine, model_id, samplerId(session, sampling_session_seq_id))
    },

    createSampler: Effect.fnUntraced(function*(request: CreateSamplingSession) {
      yield* sessions.hear(request.session_id)
      const folder = yield* source(request)
      const id = samplerId(request.session_id, request.sampling_session_seq_id)
      samplers.set(id, { session: request.session_id, folder, path: request.model_path })
      return id
    }),

    sampler: findSampler,

    /** Accepts a request for samples and answers with its id. */
    sample: Effect.fnUntraced(function*(request: Sample, bytes: number) {
      const { sampling_session_id } = request
      const folder = sampling_session_id === undefined
        ? yield* source(request)
        : (yield* findSampler(sampling_session_id)).folder
      return yield* Jobs.begin(
        futures,
        scope,
        bytes,
        (id) => engines.using(folder, (engine) => Sampling.sample(engine, request, id))
      )
    })
  }
})
