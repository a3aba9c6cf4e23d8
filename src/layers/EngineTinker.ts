/**
 * An engine on a server that speaks Tinker's protocol: GPUs elsewhere.
 *
 * What the port promises is made of what the server's profile says it can do, and what cannot be made of that is
 * refused when the layer is built, or before a request is sent. Where the linear loss goes by importance sampling,
 * `forwardBackward` asks for the log-probs that this needs and keeps the data; `optimStep` sends them, when it is
 * known how many they are. The step and the publication of its weights are under way with them, so that the server
 * never waits for the client in between.
 */
import { Effect, Exit, FileSystem, Layer, Path, Schema, Scope } from "effect"
import {
  type AdamW,
  type Clip,
  type Datum,
  Engine,
  EngineError,
  type EngineInfo,
  EngineUnavailable,
  NonFinite,
  type PpoDatum,
  RequestRejected,
  type Sample,
  type Sampler as Sampling,
  type SampleRequest,
  type Scored,
  unheeded,
  WeightsUnusable
} from "../domain/Engine.ts"
import * as Endpoint from "../domain/tinker/Endpoint.ts"
import type { LoraConfig, PassOutput, StepTaken } from "../domain/tinker/Model.ts"
import type { ServerProfile } from "../domain/tinker/ServerProfile.ts"
import { TinkerClient, type TinkerError } from "../domain/tinker/TinkerClient.ts"
import * as Folder from "./Folder.ts"
import * as LinearLoss from "./tinker/LinearLoss.ts"
import * as Model from "./tinker/Model.ts"
import * as Sampler from "./tinker/Sampler.ts"
import * as Session from "./tinker/Session.ts"
import * as WeightsLock from "./WeightsLock.ts"

export interface Options {
  /** As the server calls it. */
  readonly baseModel: string
  readonly profile: ServerProfile
  /** The adapter that is trained, or all weights. */
  readonly training: LoraConfig | "full"
  /** Of the model: no server says them. */
  readonly vocabularySize: number
  readonly contextLength: number
  readonly session?: Session.Options
}

/** What `save` writes into its folder: where the server has the weights. */
const Saved = Schema.Struct({
  path: Schema.String,
  baseModel: Schema.String,
  profile: Schema.String,
  /** Whether a step was taken since the base model; those of version 0.1.0 do not say it. */
  trained: Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(true)))
}).annotate({ identifier: "envtune/TinkerWeights" })
const SavedJson = Schema.fromJsonString(Saved)
const savedFile = "tinker.json"

const failWith = (reason: EngineError["reason"]): Effect.Effect<never, EngineError> =>
  Effect.fail(new EngineError({ reason }))

const reject = (detail: string): Effect.Effect<never, EngineError> => failWith(new RequestRejected({ detail }))

const unusable = (path: string, detail: string): EngineError =>
  new EngineError({ reason: new WeightsUnusable({ path, detail }) })

const failed = (error: TinkerError): EngineError => {
  const { reason } = error
  if (reason._tag === "ModelPoisoned") return unusable(reason.modelId, error.message)
  return new EngineError({
    reason: error.isRetryable
      ? new EngineUnavailable({ detail: error.message, cause: error })
      : new RequestRejected({ detail: error.message })
  })
}

/** Why an engine cannot be made with this profile, if it cannot. */
const profileProblem = ({ profile, training }: Options): string | undefined => {
  const { fullFineTune, linearLoss, name, reduction } = profile
  if (linearLoss === "none") return `no loss of a ${name} server is linear, so none can be trained with exactly`
  if (linearLoss === "cross_entropy" && reduction !== "sum") {
    return `cross-entropy that averages (profile ${name}) divides by the weights' sum, which is no linear loss`
  }
  if (training === "full" && fullFineTune === "none") return `a ${name} server trains adapters only`
  return undefined
}

/** Where the log-probs of a frozen reference come from, beside an adapter or when all weights are trained. */
const referenceOf = ({ fullFineTune, reference }: ServerProfile, full: boolean): ServerProfile["reference"] =>
  full && fullFineTune === "rank-zero" ? "none" : reference

const whyNoReference = ({ name, reference }: ServerProfile): string =>
  reference === "none"
    ? `servers of profile ${name} have no place for a frozen reference beside the model`
    : `servers of profile ${name} keep no start of a model all of whose weights are trained; of an adapter's (a rank above 0) they do`

/** What an engine on such a server can do; the server need not be asked. */
export const capabilitiesOf = (
  profile: ServerProfile,
  { full }: { readonly full: boolean }
): EngineInfo["capabilities"] => ({
  entropyGradient: false,
  fixedOptimizer: profile.fixed,
  snapshots: profile.samplerIsolation,
  forwardPasses: profile.linearLoss === "importance_sampling" ? 1 : 0,
  ...(referenceOf(profile, full) === "none" && { noReference: whyNoReference(profile) })
})

/** What a request of full fine-tuning looks like on this kind of server. */
const loraOf = ({ profile, training }: Options): { readonly lora?: LoraConfig } => {
  if (training !== "full") return { lora: training }
  if (profile.fullFineTune === "omit-lora-config") return {}
  return { lora: { rank: 0, train_unembed: true, train_mlp: true, train_attn: true } }
}

const requestProblem = (
  { contextLength, vocabularySize }: Options,
  { maxTokens, prompt, temperature }: SampleRequest
): string | undefined => {
  if (prompt.length === 0) return "the prompt is empty"
  if (prompt.length >= contextLength) {
    return `a prompt of ${prompt.length} tokens leaves no room in a context of ${contextLength}`
  }
  if (!(maxTokens >= 1)) return `maxTokens is ${maxTokens}`
  // What servers give are log-probs at temperature 1, which those of sampling are at 1, and promised to be at 0.
  if (temperature !== 0 && temperature !== 1) return `the temperature is ${temperature}; servers say log-probs at 1`
  const unknown = prompt.find((token) => token < 0 || token >= vocabularySize)
  return unknown === undefined ? undefined : `token ${unknown} is not in the vocabulary of ${vocabularySize}`
}

const datumProblem = ({ contextLength }: Options, { entropyWeights, tokens, weights }: Datum): string | undefined => {
  if (entropyWeights !== undefined) return "no server has the gradient of the entropy"
  if (tokens.length < 2) return `a datum of ${tokens.length} tokens predicts nothing`
  if (tokens.length > contextLength) return `a datum of ${tokens.length} tokens exceeds the context of ${contextLength}`
  return weights.length === tokens.length - 1
    ? undefined
    : `${weights.length} weights for ${tokens.length} tokens; there must be ${tokens.length - 1}`
}

/** Ends where the engine's own port says that a sample ends, whatever the server makes of stop ids. */
const sampleOf = (
  { maxTokens, stop }: SampleRequest,
  { logprobs, tokens }: { readonly tokens: ReadonlyArray<number>; readonly logprobs: ReadonlyArray<number> }
): Sample => {
  const end = tokens.findIndex((token) => stop.includes(token))
  const length = Math.min(maxTokens, end === -1 ? tokens.length : end + 1)
  return {
    tokens: Int32Array.from(tokens.slice(0, length)),
    logprobs: Float32Array.from(logprobs.slice(0, length)),
    stop: end !== -1 && end < length ? "stop" : "length"
  }
}

/** Of the gradient, by whatever name a server gives it; undefined where it gives none. */
const gradientNormOf = ({ metrics = {} }: StepTaken): number | undefined =>
  Object.entries(metrics).find(([name]) => /grad(ient)?_norm(:|$)/.test(name))?.[1]

/** Weights in training, and those published last. */
interface Loaded {
  readonly model: Model.Model
  readonly scope: Scope.Closeable
  /** Whether a step was taken since the base model: an adapter without one changes nothing. */
  trained: boolean
  sampler: Sampler.Sampler
}

type ReferenceSource = (data: ReadonlyArray<Datum>) => Effect.Effect<ReadonlyArray<Scored>, EngineError>

const make = Effect.fnUntraced(function*(options: Options) {
  const { baseModel, contextLength, profile, training, vocabularySize } = options
  const problem = profileProblem(options)
  if (problem !== undefined) return yield* reject(problem)
  const client = yield* TinkerClient
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const context = yield* Effect.context<TinkerClient | FileSystem.FileSystem | Path.Path>()
  const engineScope = yield* Effect.scope
  const session = yield* Effect.mapError(Session.make(options.session), failed)
  const lock = yield* WeightsLock.make
  const info: EngineInfo = {
    name: `tinker ${profile.name}`,
    vocabularySize,
    contextLength,
    parameters: 0,
    capabilities: capabilitiesOf(profile, { full: training === "full" })
  }
  const referenceSource = referenceOf(profile, training === "full")

  const openModel = (from?: string) =>
    Model.make(session, { baseModel, profile, ...loraOf(options), ...(from !== undefined && { from }) })

  /** A model with its own scope, which the engine's ends. Nothing is left of one that cannot be opened. */
  const openLoaded = Effect.fnUntraced(function*(from: typeof Saved.Type | undefined) {
    const scope = yield* Scope.fork(engineScope)
    return yield* Effect.gen(function*() {
      const model = yield* Scope.provide(openModel(from?.path), scope)
      const sampler = yield* Effect.flatten(model.publish)
      const loaded: Loaded = { model, scope, sampler, trained: from?.trained ?? false }
      return loaded
    }).pipe(Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))), Effect.mapError(failed))
  }, Effect.provideContext(context))

  let loaded = yield* openLoaded(undefined)
  let saves = 0
  /** What importance sampling is still to be asked for, and how much else the server was given since the last step. */
  let kept: ReadonlyArray<LinearLoss.Anchored> = []
  let given = 0
  /** Whether what was given was divided by its number already, so that nothing can be added to it. */
  let whole = false
  let reference: ReferenceSource | undefined
  let closeReference: Effect.Effect<void> = Effect.void

  /** Samplers are overwritten by training where they are not isolated: nobody samples meanwhile. */
  const sampling: typeof lock.shared = profile.samplerIsolation ? (effect) => effect : lock.shared

  const checked = Effect.fnUntraced(function*(data: ReadonlyArray<Datum>, output: PassOutput) {
    const wrong = LinearLoss.outputProblem(data, output)
    if (wrong !== undefined) return yield* reject(`the server answered with ${wrong}`)
    return LinearLoss.logprobsOf(output)
  })

  const addable: Effect.Effect<void, EngineError> = Effect.suspend(() =>
    whole
      ? reject("a server that averages takes the data of a step with ppo at once, and nothing beside them")
      : Effect.void
  )

  const logprobs = Effect.fnUntraced(function*(model: Model.Model, data: ReadonlyArray<Datum>) {
    if (profile.forward) {
      const output = yield* Effect.mapError(model.forward(data.map(LinearLoss.weighted), "cross_entropy"), failed)
      return yield* checked(data, output)
    }
    yield* addable
    given += data.length
    const outcome = model.forwardBackward(data.map(LinearLoss.inert), "importance_sampling")
    const output = yield* Effect.mapError(Effect.flatten(outcome), failed)
    return yield* checked(data, output)
  })

  const scoredWith = Effect.fnUntraced(function*(model: Model.Model, data: ReadonlyArray<Datum>) {
    const tensors = yield* logprobs(model, data)
    return data.map((datum, i) => LinearLoss.scored(datum, tensors[i]!.data))
  })

  const refuse = Effect.fnUntraced(function*(data: ReadonlyArray<Datum>) {
    for (const datum of data) {
      const wrong = datumProblem(options, datum)
      if (wrong !== undefined) return yield* reject(wrong)
      const value = datum.weights.find((weight) => !Number.isFinite(weight))
      if (value !== undefined) return yield* failWith(new NonFinite({ quantity: "weight of a token", value }))
    }
  })

  const sampleFrom = Effect.fnUntraced(
    function*({ sampler }: Pick<Loaded, "sampler">, request: SampleRequest): Effect.fn.Return<Sample, EngineError> {
      const wrong = requestProblem(options, request)
      if (wrong !== undefined) return yield* reject(wrong)
      const sequence = yield* Effect.mapError(
        sampler.sample(request.prompt, {
          max_tokens: request.maxTokens,
          // Half of the 32-bit seeds are none to servers whose numbers have a sign.
          seed: request.seed % 2 ** 31,
          stop: request.stop,
          temperature: request.temperature,
          top_k: -1,
          top_p: 1
        }),
        failed
      )
      const { logprobs, tokens } = sequence
      if (logprobs?.length !== tokens.length) {
        return yield* reject(`the server gave ${logprobs?.length ?? 0} log-probs for ${tokens.length} sampled tokens`)
      }
      return sampleOf(request, { tokens, logprobs })
    }
  )

  const sample: Sampling = (request) => sampling(Effect.suspend(() => sampleFrom(loaded, request)))

  const snapshot = Effect.sync((): Sampling => {
    const { sampler } = loaded
    return (request) => sampleFrom({ sampler }, request)
  })

  const forward = Effect.fn("EngineTinker.forward")(
    function*(data: ReadonlyArray<Datum>, weights: "current" | "reference") {
      yield* refuse(data)
      if (data.length === 0) return []
      if (weights === "current") return yield* scoredWith(loaded.model, data)
      return reference === undefined ? yield* reject("no reference has been frozen") : yield* reference(data)
    },
    lock.shared
  )

  const forwardBackward = Effect.fn("EngineTinker.forwardBackward")(
    function*(data: ReadonlyArray<Datum>) {
      yield* refuse(data)
      yield* addable
      if (data.length === 0) return []
      if (profile.linearLoss === "cross_entropy") {
        given += data.length
        const outcome = loaded.model.forwardBackward(data.map(LinearLoss.weighted), "cross_entropy")
        const tensors = yield* checked(data, yield* Effect.mapError(Effect.flatten(outcome), failed))
        return data.map((datum, i) => LinearLoss.scored(datum, tensors[i]!.data))
      }
      const tensors = yield* logprobs(loaded.model, data)
      kept = [...kept, ...data.map((datum, i) => ({ datum, logprobs: tensors[i]! }))]
      return data.map((datum, i) => LinearLoss.scored(datum, tensors[i]!.data))
    },
    lock.exclusive
  )

  const ppo = Effect.fn("EngineTinker.ppo")(
    function*(data: ReadonlyArray<PpoDatum>, { high, low }: Clip) {
      const weighted = data.map(({ advantages, tokens }): Datum => ({ tokens, weights: advantages }))
      yield* refuse(weighted)
      yield* refuse(data.map(({ oldLogprobs, tokens }) => ({ tokens, weights: oldLogprobs })))
      if (profile.reduction === "mean") {
        if (given + kept.length > 0) return yield* reject("a server that averages cannot add the data of ppo to others")
        yield* addable
      }
      if (data.length === 0) return []
      const outcome = loaded.model.forwardBackward(
        data.map((datum) => LinearLoss.clipped(datum, profile.reduction, data.length)),
        "ppo",
        { clip_low_threshold: low, clip_high_threshold: high }
      )
      const tensors = yield* checked(weighted, yield* Effect.mapError(Effect.flatten(outcome), failed))
      given += data.length
      whole = profile.reduction === "mean"
      return weighted.map((datum, i) => LinearLoss.scored(datum, tensors[i]!.data))
    },
    lock.exclusive
  )

  /** The kept data's backward pass, the step and the publication, all accepted before any is waited for. */
  const stepModel = Effect.fnUntraced(function*({ model }: Loaded, adam: AdamW) {
    const count = given + kept.length
    const data = kept.map((anchored) => LinearLoss.surrogate(anchored, profile.reduction, count))
    const pass = data.length === 0 ? Effect.void : yield* model.forwardBackward(data, "importance_sampling")
    const step = yield* model.optimStep({
      learning_rate: adam.learningRate,
      beta1: adam.beta1,
      beta2: adam.beta2,
      eps: adam.epsilon,
      weight_decay: adam.weightDecay,
      grad_clip_norm: adam.clipNorm ?? 0
    })
    const published = yield* model.publish
    const [, taken, sampler] = yield* Effect.all([pass, step, published])
    return { taken, sampler }
  }, Effect.mapError(failed))

  const optimStep = Effect.fn("EngineTinker.optimStep")(
    function*(adam: AdamW) {
      const clauses = unheeded(info, adam)
      if (clauses.length > 0) return yield* reject(`the server's ${clauses.join("; ")}`)
      loaded.trained = true
      const { sampler, taken } = yield* stepModel(loaded, adam)
      loaded.sampler = sampler
      kept = []
      given = 0
      whole = false
      const gradientNorm = gradientNormOf(taken)
      if (gradientNorm === undefined) return {}
      if (!Number.isFinite(gradientNorm)) {
        return yield* unusable(loaded.model.id, `the gradient's norm was ${gradientNorm}`)
      }
      return { gradientNorm }
    },
    Effect.uninterruptible,
    lock.exclusive
  )

  const saveModel = (model: Model.Model, name: string) =>
    Effect.mapError(model.save(`${name.replaceAll(/[^A-Za-z0-9_-]/g, "-").slice(-200)}_${saves++}`), failed)

  const freezeReference = Effect.gen(function*() {
    const { trained } = loaded
    if (referenceSource === "none") return yield* reject(whyNoReference(profile))
    if (referenceSource === "base-sampler") {
      if (trained) return yield* reject(`a ${profile.name} server can only have its base model as the reference`)
      const base = yield* Effect.mapError(Sampler.ofBase(session, baseModel), failed)
      reference = (data) =>
        Effect.forEach(
          data,
          (datum) => Effect.map(base.logprobs(datum.tokens), (logprobs) => LinearLoss.scored(datum, logprobs)),
          { concurrency: "unbounded" }
        ).pipe(Effect.mapError(failed))
      return
    }
    const scope = yield* Scope.fork(engineScope)
    const from = trained ? yield* saveModel(loaded.model, "reference") : undefined
    const model = yield* Scope.provide(openModel(from), scope).pipe(
      Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
      Effect.mapError(failed)
    )
    yield* closeReference
    closeReference = Scope.close(scope, Exit.void)
    reference = (data) => scoredWith(model, data)
  }).pipe(Effect.provideContext(context), lock.exclusive)

  const save = Effect.fn("EngineTinker.save")(
    function*(folder: string) {
      const file = path.join(folder, savedFile)
      yield* Effect.mapError(Folder.create(folder), ({ message }) => unusable(folder, message))
      const taken = yield* Effect.mapError(files.exists(file), ({ message }) => unusable(file, message))
      if (taken) return yield* unusable(file, "the file exists")
      const { model, trained } = loaded
      const saved = yield* saveModel(model, path.basename(folder))
      const text = yield* Effect.orDie(
        Schema.encodeEffect(SavedJson)({ path: saved, baseModel, profile: profile.name, trained })
      )
      yield* Effect.mapError(
        files.writeFileString(file, `${text}\n`, { flag: "wx" }),
        ({ message }) => unusable(file, `${message}; the server has them as ${saved}`)
      )
    },
    Effect.provideContext(context),
    lock.shared
  )

  /** What a folder that `save` has written says, or what there is to say of a path on the server. */
  const savedIn = Effect.fnUntraced(function*(folder: string) {
    if (folder.startsWith("tinker://")) return { path: folder, baseModel, profile: profile.name, trained: true }
    const file = path.join(folder, savedFile)
    const text = yield* Effect.mapError(files.readFileString(file), ({ message }) => unusable(file, message))
    const decoded = Schema.decodeUnknownEffect(SavedJson)(text, { errors: "all", onExcessProperty: "error" })
    return yield* Effect.mapError(decoded, ({ message }) => unusable(file, message))
  })

  /**
   * Where a second model fits beside it, the one in training stays until the other is there. Other servers have room for
   * one at a time (spec: tinker, 4), so nothing is left when the weights that were found cannot be loaded.
   */
  const replace = Effect.fnUntraced(function*(saved: typeof Saved.Type) {
    const before = loaded
    const close = Scope.close(before.scope, Exit.void)
    if (referenceSource !== "second-model") yield* close
    loaded = yield* openLoaded(saved)
    kept = []
    given = 0
    whole = false
    if (referenceSource === "second-model") yield* close
  })

  const load = Effect.fn("EngineTinker.load")(
    function*(folder: string) {
      const saved = yield* savedIn(folder)
      const about = yield* Effect.mapError(client.call(Endpoint.weightsInfo, { tinker_path: saved.path }), failed)
      if (about.base_model !== baseModel) {
        return yield* unusable(saved.path, `they are for ${about.base_model}, not for ${baseModel}`)
      }
      // Adapters that were never trained are the base model, each of them: a start is not loaded over a start.
      const alike = !saved.trained && !loaded.trained && given + kept.length === 0
      if (!alike) yield* replace(saved)
    },
    Effect.uninterruptible,
    lock.exclusive
  )

  return Engine.of({
    info,
    sample,
    ...(profile.samplerIsolation && { snapshot }),
    forward,
    forwardBackward,
    ...(profile.ppo && { ppo }),
    optimStep,
    freezeReference,
    save,
    load
  })
})

/** The session, its models and its samplers live as long as the layer's scope. */
export const layer = (
  options: Options
): Layer.Layer<Engine, EngineError, TinkerClient | FileSystem.FileSystem | Path.Path> =>
  Layer.effect(Engine, make(options))
