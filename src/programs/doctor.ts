/**
 * Whether a server that speaks Tinker's protocol does what its profile says, found out on scratch models.
 *
 * What is asked is what a trainer will rely on, through the engine that it will use: that gradients are linear, add up
 * and are not scaled by how data are cut; that a step goes the right way; that samples are the model's; that weights
 * come back as they were saved. A server that computes something else than it was asked for, without a word, fails one
 * of these.
 */
import { Effect, FileSystem, Layer, type Path, Result, type Scope } from "effect"
import { type AdamW, type Datum, Engine, type EngineError } from "../domain/Engine.ts"
import * as BuiltinLoss from "../domain/tinker/BuiltinLoss.ts"
import * as Endpoint from "../domain/tinker/Endpoint.ts"
import type { ServerProfile } from "../domain/tinker/ServerProfile.ts"
import { presets } from "../domain/tinker/ServerProfile.ts"
import { TinkerClient, type TinkerError } from "../domain/tinker/TinkerClient.ts"
import * as EngineTinker from "../layers/EngineTinker.ts"
import * as LinearLoss from "../layers/tinker/LinearLoss.ts"
import * as Model from "../layers/tinker/Model.ts"
import * as Session from "../layers/tinker/Session.ts"
import { Unavailable } from "./refusal.ts"
import { oneLine, table } from "./text.ts"

export interface DoctorOptions {
  /** What the server is said to be; found out among the likely ones when absent. */
  readonly profile: ServerProfile | undefined
  /** The server's only one when absent. */
  readonly baseModel: string | undefined
  /** Of the scratch models' adapters. */
  readonly rank: number
}

/** `unknown`: there was no way to see it. */
export type Verdict = "works" | "broken" | "unknown"

export interface Finding {
  readonly check: string
  readonly verdict: Verdict
  readonly detail: string
}

export interface Diagnosis {
  readonly profile: ServerProfile
  readonly findings: ReadonlyArray<Finding>
  readonly lines: ReadonlyArray<string>
  /** Whether nothing is broken. */
  readonly healthy: boolean
}

type Requirements = TinkerClient | FileSystem.FileSystem | Path.Path

/** Small ids, which every vocabulary has. */
const tokens = (length: number): Int32Array => Int32Array.from({ length }, (_, i) => 1 + (i * i + 3 * i) % 5)

const datum = (length: number, weight: (t: number) => number): Datum => ({
  tokens: tokens(length),
  weights: Float32Array.from({ length: length - 1 }, (_, t) => weight(t))
})

const short = 9
const long = 14
const probe = (factor: number) => datum(short, (t) => factor * (t % 3 - 0.5) / 8)
const nothing = datum(long, () => 0)
const everything = datum(short, () => 1)

/** The optimiser as the server has it, at a rate. */
const adamOf = ({ fixed }: ServerProfile, learningRate: number): AdamW => ({
  learningRate,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  clipNorm: null,
  ...fixed
})

const works = (detail: string) => ({ verdict: "works", detail }) as const
const broken = (detail: string) => ({ verdict: "broken", detail }) as const
const unknown = (detail: string) => ({ verdict: "unknown", detail }) as const

type Outcome = Omit<Finding, "check">

const largest = (values: Iterable<number>): number => {
  let most = 0
  for (const value of values) most = Math.max(most, Math.abs(value))
  return most
}

const distance = (one: ArrayLike<number>, other: ArrayLike<number>): number =>
  one.length === other.length ? largest(Array.from(one, (value, i) => value - other[i]!)) : Infinity

/** Servers compute log-probs in half precision, and once for sampling and once for training. */
const tolerance = 0.05
/** Of ratios of gradients' norms. */
const ratioTolerance = 0.02

const logprobsOf = Effect.fnUntraced(function*(weights: "current" | "reference" = "current") {
  const [scored] = yield* (yield* Engine).forward([everything], weights)
  return scored?.logprobs ?? new Float32Array()
})

/** The norm of the gradient of data, and no change of the weights. */
const normOf = Effect.fnUntraced(function*(profile: ServerProfile, ...passes: ReadonlyArray<ReadonlyArray<Datum>>) {
  const engine = yield* Engine
  for (const pass of passes) yield* engine.forwardBackward(pass)
  return (yield* engine.optimStep(adamOf(profile, 0))).gradientNorm
})

/** What the norm must be, as a multiple of that of one datum, in each of these cases. */
const gradient = Effect.fnUntraced(function*(profile: ServerProfile): Effect.fn.Return<Outcome, EngineError, Engine> {
  const before = yield* logprobsOf()
  const base = yield* normOf(profile, [probe(1)])
  if (base === undefined) return unknown("the server does not say the gradient's norm")
  if (base === 0) return broken("the gradient of a loss is 0")
  const padded = datum(long, (t) => t < short - 1 ? probe(1).weights[t]! : 0)
  const cases: ReadonlyArray<readonly [string, number, ReadonlyArray<ReadonlyArray<Datum>>]> = [
    ["twice the weights", 2, [[probe(2)]]],
    ["weights of the other sign", 1, [[probe(-1)]]],
    ["no weight at all", 0, [[probe(0)]]],
    ["the same with a second datum of no weight", 1, [[probe(1), nothing]]],
    ["the same with more tokens of no weight", 1, [[padded]]],
    ["the same twice, in two requests", 2, [[probe(1)], [probe(1)]]]
  ]
  for (const [name, expected, passes] of cases) {
    const ratio = ((yield* normOf(profile, ...passes)) ?? NaN) / base
    if (!(Math.abs(ratio - expected) <= ratioTolerance * Math.max(1, expected))) {
      return broken(`${name}: the gradient is ${ratio.toPrecision(3)} times as large, not ${expected}`)
    }
  }
  const moved = distance(yield* logprobsOf(), before)
  if (moved > tolerance) return broken(`steps at a rate of 0 moved log-probs by ${moved.toPrecision(3)}`)
  return works(`linear, a plain sum; norm ${base.toPrecision(4)}`)
})

const clip = { low: 0.7, high: 1.6 }

/** The gradient of the clipped loss is that of the linear one that it is, ratios at, within and beyond its bounds. */
const clippedLoss = Effect.fnUntraced(function*(
  profile: ServerProfile
): Effect.fn.Return<Outcome, EngineError, Engine> {
  const { ppo, optimStep } = yield* Engine
  if (ppo === undefined) return unknown("the profile says that it is none to rely on: the linear loss is used")
  const { tokens } = everything
  const logprobs = yield* logprobsOf()
  // Between the usual bounds of 1.2 or 1.28 and the one that is asked for, and beyond it; of both signs.
  const ratios = [1, 1.4, 2, 0.5]
  const oldLogprobs = logprobs.map((logprob, t) => logprob - Math.log(ratios[t % ratios.length]!))
  const advantages = logprobs.map((_, t) => t < ratios.length ? 1 / 8 : -1 / 8)
  const { weights } = BuiltinLoss.linearise(
    { name: "ppo", clip: [clip.low, clip.high] },
    { weights: advantages, advantages, logprobs: oldLogprobs },
    logprobs
  )
  const expected = yield* normOf(profile, [{ tokens, weights }])
  if (expected === undefined || expected === 0) {
    return unknown("the server does not say the gradient's norm, or it is 0")
  }
  yield* ppo([{ tokens, oldLogprobs, advantages }], clip)
  const { gradientNorm } = yield* optimStep(adamOf(profile, 0))
  if (gradientNorm === undefined) return unknown("the server does not say the gradient's norm")
  const ratio = gradientNorm / expected
  return Math.abs(ratio - 1) <= ratioTolerance
    ? works(`ppo heeds its bounds: the gradient is ${ratio.toPrecision(4)} times that of the linear loss`)
    : broken(`ppo: the gradient is ${ratio.toPrecision(3)} times that of the linear loss, not 1`)
})

/** A step along a positive weight makes the tokens likelier. */
const step = Effect.fnUntraced(function*(profile: ServerProfile): Effect.fn.Return<Outcome, EngineError, Engine> {
  const engine = yield* Engine
  const before = yield* logprobsOf()
  for (let i = 0; i < 3; i++) {
    yield* engine.forwardBackward([everything])
    yield* engine.optimStep(adamOf(profile, 1e-3))
  }
  const after = yield* logprobsOf()
  const rise = after.reduce((sum, logprob, t) => sum + logprob - before[t]!, 0)
  return rise > 0 ? works(`log-probs rise by ${rise.toPrecision(3)} in 3 steps`) : broken(`log-probs change by ${rise}`)
})

/** An epsilon beyond all gradients leaves nothing of a step. */
const optimizer = Effect.fnUntraced(function*(profile: ServerProfile): Effect.fn.Return<Outcome, EngineError, Engine> {
  if (profile.fixed.epsilon !== undefined) return unknown("the profile says that the server has its own numbers")
  const engine = yield* Engine
  const before = yield* logprobsOf()
  yield* engine.forwardBackward([everything])
  yield* engine.optimStep({ ...adamOf(profile, 1e-2), epsilon: 1e12 })
  const moved = distance(yield* logprobsOf(), before)
  return moved < 1e-3
    ? works("an epsilon of 1e12 stops the step")
    : broken(`the optimiser's numbers are not heeded: an epsilon of 1e12 left a step of ${moved.toPrecision(3)}`)
})

const sampling = Effect.fnUntraced(function*(): Effect.fn.Return<Outcome, EngineError, Engine> {
  const engine = yield* Engine
  const request = { prompt: tokens(short), maxTokens: 8, temperature: 1, stop: [], seed: 11 }
  const [first, again] = yield* Effect.all([engine.sample(request), engine.sample(request)], {
    concurrency: "unbounded"
  })
  const scored = yield* engine.forward([{
    tokens: Int32Array.of(...request.prompt, ...first.tokens),
    weights: new Float32Array(short + first.tokens.length - 1).fill(1, short - 1)
  }], "current")
  const off = distance(scored[0]!.logprobs.subarray(short - 1), first.logprobs)
  if (off > tolerance) return broken(`log-probs of sampled tokens are ${off.toPrecision(3)} off those of training`)
  const stop = [first.tokens[0]!]
  const stopped = yield* engine.sample({ ...request, stop })
  const seeded = first.tokens.join() === again.tokens.join()
  if (seeded && (stopped.stop !== "stop" || stopped.tokens.length !== 1)) return broken("a stop id does not stop")
  return works(
    `log-probs within ${off.toPrecision(2)} of training's; ${
      seeded ? "a seed reproduces a sample" : "seeds are not heeded"
    }`
  )
})

const saving = Effect.fnUntraced(function*(
  profile: ServerProfile
): Effect.fn.Return<Outcome, EngineError, Engine | FileSystem.FileSystem | Scope.Scope> {
  const engine = yield* Engine
  const files = yield* FileSystem.FileSystem
  const folder = `${yield* Effect.orDie(files.makeTempDirectoryScoped({ prefix: "envtune-doctor-" }))}/weights`
  yield* engine.forwardBackward([everything])
  yield* engine.optimStep(adamOf(profile, 1e-3))
  const saved = yield* logprobsOf()
  yield* engine.save(folder)
  yield* engine.forwardBackward([everything])
  yield* engine.optimStep(adamOf(profile, 1e-2))
  yield* engine.load(folder)
  const off = distance(yield* logprobsOf(), saved)
  return off <= tolerance
    ? works(`log-probs within ${off.toPrecision(2)} after loading into a fresh model`)
    : broken(`log-probs are ${off.toPrecision(3)} off after loading`)
}, Effect.scoped)

const reference = Effect.fnUntraced(function*(profile: ServerProfile): Effect.fn.Return<Outcome, EngineError, Engine> {
  if (profile.reference === "none") return unknown("the profile says that the server has none; KL cannot be measured")
  const engine = yield* Engine
  const start = yield* logprobsOf()
  yield* engine.freezeReference
  yield* engine.forwardBackward([everything])
  yield* engine.optimStep(adamOf(profile, 1e-2))
  const off = distance(yield* logprobsOf("reference"), start)
  return off <= tolerance
    ? works(`${profile.reference}: within ${off.toPrecision(2)} of the start`)
    : broken(`${profile.reference}: ${off.toPrecision(3)} off the start after a step`)
})

/** Samplers that were published before a step must answer as before it. */
const isolation = Effect.fnUntraced(function*(options: EngineTinker.Options) {
  const { baseModel, profile, training } = options
  if (!profile.samplerIsolation) return unknown("the profile says that they do not: nobody samples during a step")
  const session = yield* Session.make()
  const model = yield* Model.make(session, { baseModel, profile, ...(training !== "full" && { lora: training }) })
  const sampler = yield* Effect.flatten(model.publish)
  const prompt = tokens(short)
  const before = yield* sampler.logprobs(prompt)
  yield* Effect.flatten(model.forwardBackward([LinearLoss.weighted(everything)], "cross_entropy"))
  const { epsilon: eps, learningRate: learning_rate, ...adam } = adamOf(profile, 1e-2)
  yield* Effect.flatten(
    model.optimStep({
      learning_rate,
      eps,
      beta1: adam.beta1,
      beta2: adam.beta2,
      weight_decay: adam.weightDecay,
      grad_clip_norm: adam.clipNorm ?? 0
    })
  )
  const off = distance(yield* sampler.logprobs(prompt), before)
  return off < 1e-3
    ? works("a step does not reach a sampler that was published before it")
    : broken(`a step moved log-probs of a sampler published before it by ${off.toPrecision(3)}`)
}, Effect.scoped)

/** Nobody has a loss of this name. */
const nonsense = "envtune_no_such_loss"

const unknownLoss = Effect.fnUntraced(function*({ baseModel, profile, training }: EngineTinker.Options) {
  const session = yield* Session.make()
  const model = yield* Model.make(session, { baseModel, profile, ...(training !== "full" && { lora: training }) })
  const accepted = yield* Effect.result(
    Effect.flatten(model.forwardBackward([LinearLoss.weighted(everything)], nonsense))
  )
  return Result.isFailure(accepted)
    ? works(`refused: ${oneLine(accepted.failure.message)}`)
    : broken(`a loss named ${nonsense} was computed without a word: as cross-entropy, presumably`)
}, Effect.scoped)

/** A failure is a finding, too. */
const found = <R>(check: string, outcome: Effect.Effect<Outcome, EngineError | TinkerError, R>) =>
  Effect.map(Effect.result(outcome), (result): Finding => ({
    check,
    ...(Result.isSuccess(result) ? result.success : broken(oneLine(result.failure.message)))
  }))

/** Each check has models of its own: one that fails may leave them unusable. */
const withEngine = <A, R>(options: EngineTinker.Options, check: Effect.Effect<A, EngineError, R | Engine>) =>
  Effect.provide(check, Layer.fresh(EngineTinker.layer(options)))

const gradientOf = (options: EngineTinker.Options) => found("gradient", withEngine(options, gradient(options.profile)))

const candidates: ReadonlyArray<ServerProfile> = [
  presets.custom,
  { ...presets.custom, name: "custom, by importance sampling", linearLoss: "importance_sampling" },
  presets["skyrl-jax"]
]

/** The first profile whose gradient is right, or the first of all. */
const find = Effect.fnUntraced(function*(optionsOf: (profile: ServerProfile) => EngineTinker.Options) {
  const tried: Array<{ readonly profile: ServerProfile; readonly finding: Finding }> = []
  for (const profile of candidates) {
    const finding = yield* gradientOf(optionsOf(profile))
    if (finding.verdict === "works") return { profile, finding }
    tried.push({ profile, finding })
  }
  return tried[0]!
})

const lineUp = ({ name }: ServerProfile, findings: ReadonlyArray<Finding>): ReadonlyArray<string> => [
  `as profile ${name}:`,
  ...table([["", "", ""], ...findings.map(({ check, detail, verdict }) => [check, verdict, detail])], 3).slice(1)
]

/** Fails when the server does not answer, or has no such model; everything else is a finding. */
export const doctor: (
  options: DoctorOptions
) => Effect.Effect<Diagnosis, TinkerError | Unavailable, Requirements> = Effect.fn("doctor")(
  function*({ baseModel, profile: given, rank }) {
    const client = yield* TinkerClient
    yield* client.get(Endpoint.healthz)
    const { supported_models } = yield* client.get(Endpoint.getServerCapabilities)
    const names = supported_models.flatMap(({ model_name }) => model_name === undefined ? [] : [model_name])
    const model = baseModel ?? (names.length === 1 ? names[0] : undefined)
    if (model === undefined || (names.length > 0 && !names.includes(model))) {
      return yield* new Unavailable({
        detail: `say with --base-model which of the server's models to try: ${names.join(", ")}`
      })
    }
    const optionsOf = (profile: ServerProfile): EngineTinker.Options => ({
      baseModel: model,
      profile,
      training: { rank, seed: 1, train_unembed: true, train_mlp: true, train_attn: true },
      vocabularySize: 8,
      contextLength: 64
    })
    const { finding, profile } = given === undefined
      ? yield* find(optionsOf)
      : { profile: given, finding: yield* gradientOf(optionsOf(given)) }
    const options = optionsOf(profile)
    const findings = [
      finding,
      yield* found("unknown losses", unknownLoss(options)),
      yield* found("clipped loss", withEngine(options, clippedLoss(profile))),
      yield* found("direction", withEngine(options, step(profile))),
      yield* found("optimiser", withEngine(options, optimizer(profile))),
      yield* found("sampling", withEngine(options, sampling())),
      yield* found("samplers", isolation(options)),
      yield* found("saving", withEngine(options, saving(profile))),
      yield* found("reference", withEngine(options, reference(profile)))
    ]
    return {
      profile,
      findings,
      lines: lineUp(profile, findings),
      healthy: findings.every(({ verdict }) => verdict !== "broken")
    }
  }
)
