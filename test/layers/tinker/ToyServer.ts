/**
 * A Tinker server of a model that fits on a page: the next token depends on the last one alone, through a table of
 * logits. Its gradients and its Adam are exact, and it can have the faults and habits of real servers.
 */
import { Schema } from "effect"
import * as Seed from "../../../src/domain/Seed.ts"
import { type Datum, tokensOf } from "../../../src/domain/tinker/Datum.ts"
import * as Endpoint from "../../../src/domain/tinker/Endpoint.ts"
import type { AdamParams, Pass } from "../../../src/domain/tinker/Model.ts"
import type { Sample } from "../../../src/domain/tinker/Sampling.ts"
import type { Asked, Reply } from "./scripted.ts"

export const vocabulary = 7

export interface Habits {
  /** Every datum by its length, all by their number since the last step; cross-entropy by the sum of its weights. */
  readonly reduction: "sum" | "mean"
  /** Whether samplers keep their weights. */
  readonly isolation: boolean
  /** What becomes of a loss that it does not know. */
  readonly unknownLoss: "refused" | "cross_entropy"
  readonly losses: ReadonlyArray<string>
  /** Whether ppo has the bounds it is sent, and not its own. */
  readonly bounds: "heeded" | "ignored"
  readonly forward: boolean
  /** Optimiser's numbers that it has of its own. */
  readonly adam: Partial<AdamParams>
  readonly gradientNorm: boolean
  /** The place of the first token, which has no log-prob. */
  readonly promptLogprobs: "leading-null" | "no-first"
  /** Fails the backward pass of this number, counted from 1. */
  readonly failingPass: number
  /** Models at a time. */
  readonly room: number
}

const usual: Habits = {
  reduction: "sum",
  isolation: true,
  unknownLoss: "refused",
  losses: ["cross_entropy", "importance_sampling", "ppo"],
  bounds: "heeded",
  forward: true,
  adam: {},
  gradientNorm: true,
  promptLogprobs: "leading-null",
  failingPass: 0,
  room: 8
}

interface State {
  readonly weights: Float64Array
  readonly first: Float64Array
  readonly second: Float64Array
  step: number
}

interface Trained extends State {
  gradient: Float64Array
  data: number
  loaded: boolean
}

const size = vocabulary * vocabulary

const copy = ({ first, second, step, weights }: State): State => ({
  weights: weights.slice(),
  first: first.slice(),
  second: second.slice(),
  step
})

const fresh = (): State => {
  const draws = new Seed.Draws(Seed.derive("toy server"))
  return {
    weights: Float64Array.from({ length: size }, () => draws.below(1000) / 500 - 1),
    first: new Float64Array(size),
    second: new Float64Array(size),
    step: 0
  }
}

/** Log-probs of the token after `token`. */
const logprobsAfter = (weights: Float64Array, token: number): Float64Array => {
  const row = weights.subarray(token * vocabulary, (token + 1) * vocabulary)
  const most = Math.max(...row)
  const total = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - most), 0)) + most
  return row.map((logit) => logit - total)
}

/** The change of a token's ppo loss with its log-prob. */
const clippedSlope = (ratio: number, advantage: number, config: Readonly<Record<string, number>>): number => {
  const { clip_high_threshold: high = 1.2, clip_low_threshold: low = 0.8 } = config
  const isClipped = advantage > 0 ? ratio > high : ratio < low
  return isClipped ? 0 : -ratio * advantage
}

const numbers = (datum: Datum, name: string): ReadonlyArray<number> | undefined => datum.loss_fn_inputs[name]?.data

class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const route = <Q>(schema: Schema.Codec<Q, unknown>, use: (request: Q) => Reply) => (body: unknown): Reply =>
  use(Schema.decodeUnknownSync(schema)(body))

/** A server, as a function of what it is asked. */
export const make = (changes: Partial<Habits> = {}) => {
  const habits = { ...usual, ...changes }
  const models = new Map<string, Trained>()
  const saved = new Map<string, State>()
  const samplers = new Map<string, () => Float64Array>()
  const outcomes = new Map<string, Reply>()
  const asked: Array<Asked> = []
  let passes = 0

  const loadedModels = (): number => Array.from(models.values()).filter(({ loaded }) => loaded).length

  const modelOf = (id: string): Trained => {
    const model = models.get(id)
    if (model === undefined) throw new Refusal(404, `no model ${id}`)
    return model
  }

  /** Adds the gradient of one datum, and gives its log-probs. */
  const backward = (
    model: Trained,
    datum: Datum,
    { config, loss }: { readonly loss: string; readonly config: Readonly<Record<string, number>> },
    add: boolean
  ): ReadonlyArray<number> => {
    const tokens = tokensOf(datum.model_input)
    const targets = numbers(datum, "target_tokens") ?? []
    const weights = numbers(datum, "weights") ?? tokens.map(() => 1)
    const old = numbers(datum, "logprobs")
    const advantages = numbers(datum, "advantages")
    const entropy = loss === "cross_entropy"
    const divisor = habits.reduction === "sum"
      ? 1
      : entropy
      ? Math.max(weights.reduce((sum, weight) => sum + weight, 0), 1e-9)
      : tokens.length
    return tokens.map((token, t) => {
      const after = logprobsAfter(model.weights, token)
      const target = targets[t]!
      const ratio = entropy ? 1 : Math.exp(after[target]! - old![t]!)
      const slope = entropy
        ? -weights[t]!
        : loss === "ppo"
        ? clippedSlope(ratio, advantages![t]!, config)
        : -ratio * advantages![t]!
      if (add) {
        after.forEach((logprob, other) => {
          const change = (other === target ? 1 : 0) - Math.exp(logprob)
          model.gradient[token * vocabulary + other]! += slope * change / divisor
        })
      }
      return Math.fround(after[target]!)
    })
  }

  const pass = (model: Trained, { data, loss_fn, loss_fn_config = {} }: Pass, add: boolean): Reply => {
    const known = habits.losses.includes(loss_fn)
    if (!known && habits.unknownLoss === "refused") throw new Refusal(422, `loss_fn ${loss_fn} is not one of mine`)
    if (add) model.data += data.length
    return {
      json: {
        loss_fn_output_type: "scalar",
        loss_fn_outputs: data.map((datum) => {
          const config = habits.bounds === "heeded" ? loss_fn_config : {}
          const logprobs = backward(model, datum, { loss: known ? loss_fn : "cross_entropy", config }, add)
          return { logprobs: { data: logprobs, dtype: "float32", shape: [logprobs.length] } }
        }),
        metrics: {}
      }
    }
  }

  const optimStep = (model: Trained, params: AdamParams): Reply => {
    const { beta1, beta2, eps, grad_clip_norm, learning_rate, weight_decay } = { ...params, ...habits.adam }
    const divisor = habits.reduction === "mean" ? Math.max(1, model.data) : 1
    const gradient = model.gradient.map((value) => value / divisor)
    const norm = Math.hypot(...gradient)
    const scale = grad_clip_norm > 0 && norm > grad_clip_norm ? grad_clip_norm / norm : 1
    model.step += 1
    for (let i = 0; i < size; i++) {
      const slope = gradient[i]! * scale
      model.first[i] = beta1 * model.first[i]! + (1 - beta1) * slope
      model.second[i] = beta2 * model.second[i]! + (1 - beta2) * slope * slope
      const mean = model.first[i]! / (1 - beta1 ** model.step)
      const deviation = Math.sqrt(model.second[i]! / (1 - beta2 ** model.step))
      model.weights[i]! -= learning_rate * (mean / (deviation + eps) + weight_decay * model.weights[i]!)
    }
    model.gradient = new Float64Array(size)
    model.data = 0
    return { json: { metrics: habits.gradientNorm ? { "skyrl.ai/grad_norm": norm } : {} } }
  }

  const sample = (weights: Float64Array, request: Sample): Reply => {
    const prompt = tokensOf(request.prompt)
    const { max_tokens = 1, seed = 0, stop = [], temperature } = request.sampling_params
    const draws = new Seed.Draws(Seed.derive("sample", seed))
    const tokens: Array<number> = []
    const logprobs: Array<number> = []
    let last = prompt.at(-1)!
    while (tokens.length < max_tokens) {
      const after = logprobsAfter(weights, last)
      let left = draws.below(1_000_000) / 1_000_000
      const drawn = after.findIndex((logprob) => (left -= Math.exp(logprob)) < 0)
      last = temperature === 0 ? after.indexOf(Math.max(...after)) : Math.max(0, drawn)
      tokens.push(last)
      logprobs.push(Math.fround(after[last]!))
      if (typeof stop !== "string" && stop.some((id) => id === last)) break
    }
    const known = prompt.slice(1).map((token, t) => logprobsAfter(weights, prompt[t]!)[token]!)
    const first = habits.promptLogprobs === "leading-null" ? [null] : []
    return {
      json: {
        sequences: [{ stop_reason: tokens.length < max_tokens ? "stop" : "length", tokens, logprobs }],
        prompt_logprobs: request.prompt_logprobs === true ? [...first, ...known] : null
      }
    }
  }

  const later = (carryOut: () => Reply, more: Readonly<Record<string, unknown>> = {}): Reply => {
    const id = String(outcomes.size + 1)
    const attempt = (): Reply => {
      try {
        return carryOut()
      } catch (error) {
        if (error instanceof Refusal) return { status: 400, json: { detail: error.message } }
        throw error
      }
    }
    outcomes.set(id, attempt())
    return { json: { request_id: id, ...more } }
  }

  const snapshot = (model: Trained): () => Float64Array => {
    const weights = model.weights.slice()
    return habits.isolation ? () => weights : () => model.weights
  }

  const routes: Readonly<Record<string, (body: unknown) => Reply>> = {
    healthz: () => ({ json: { status: "ok" } }),
    get_server_capabilities: () => ({ json: { supported_models: [{ model_name: "toy" }] } }),
    "client/config": () => ({ json: { fwdbwd_max_chunk_len: 2 } }),
    create_session: () => ({ json: { session_id: "s" } }),
    session_heartbeat: () => ({ json: {} }),
    create_model: route(Endpoint.createModel.request, ({ base_model }) => {
      const id = `model${models.size}`
      return later(() => {
        if (base_model !== "toy") throw new Refusal(400, `no base model ${base_model}`)
        if (loadedModels() >= habits.room) throw new Refusal(400, "Only one model supported")
        models.set(id, { ...fresh(), gradient: new Float64Array(size), data: 0, loaded: true })
        return { json: { model_id: id } }
      })
    }),
    unload_model: route(Endpoint.unloadModel.request, ({ model_id }) =>
      later(() => {
        modelOf(model_id).loaded = false
        return { json: { model_id } }
      })),
    forward: route(Endpoint.forward.request, ({ forward_input, model_id }) => {
      if (!habits.forward) throw new Refusal(404, "Not Found")
      return later(() => pass(modelOf(model_id), forward_input, false))
    }),
    forward_backward: route(Endpoint.forwardBackward.request, ({ forward_backward_input: input, model_id }) => {
      passes += 1
      const failing = passes === habits.failingPass
      if (!habits.losses.includes(input.loss_fn) && habits.unknownLoss === "refused") {
        pass(modelOf(model_id), input, false)
      }
      return later(() => {
        if (failing) throw new Refusal(400, "out of memory")
        return pass(modelOf(model_id), input, true)
      })
    }),
    optim_step: route(
      Endpoint.optimStep.request,
      ({ adam_params, model_id }) => later(() => optimStep(modelOf(model_id), adam_params))
    ),
    save_weights: route(Endpoint.saveWeights.request, ({ model_id, path }) => {
      const place = `tinker://${model_id}/weights/${path}`
      if (saved.has(place)) throw new Refusal(409, `Checkpoint '${path}' already exists`)
      saved.set(place, copy(modelOf(model_id)))
      return later(() => ({ json: { path: place } }))
    }),
    save_weights_for_sampler: route(Endpoint.saveWeightsForSampler.request, ({ model_id }) =>
      later(() => {
        const id = `sampler${samplers.size}`
        samplers.set(id, snapshot(modelOf(model_id)))
        return { json: { path: null, sampling_session_id: id } }
      })),
    load_weights: route(Endpoint.loadWeights.request, ({ model_id, path, seq_id }) => {
      if (seq_id !== 1) throw new Refusal(400, `LoadWeights is not permitted with seq_id ${seq_id}`)
      return later(() => {
        const state = saved.get(path)
        if (state === undefined) throw new Refusal(400, `no weights at ${path}`)
        Object.assign(modelOf(model_id), copy(state))
        return { json: {} }
      })
    }),
    weights_info: route(Endpoint.weightsInfo.request, ({ tinker_path }) => {
      if (!saved.has(tinker_path)) throw new Refusal(404, `no weights at ${tinker_path}`)
      return { json: { base_model: "toy", is_lora: true, lora_rank: 8 } }
    }),
    create_sampling_session: route(Endpoint.createSamplingSession.request, () => {
      const id = `sampler${samplers.size}`
      const { weights } = fresh()
      samplers.set(id, () => weights)
      return { json: { sampling_session_id: id } }
    }),
    asample: route(Endpoint.sample.request, (request) => {
      const weights = samplers.get(request.sampling_session_id ?? "")
      if (weights === undefined) throw new Refusal(404, "no such sampler")
      return later(() => sample(weights(), request))
    }),
    retrieve_future: route(
      Endpoint.retrieveFuture.request,
      ({ request_id }) => outcomes.get(request_id) ?? { status: 404, json: { detail: "Future not found" } }
    )
  }

  const answer = (request: Asked): Reply => {
    asked.push(request)
    try {
      return routes[request.path]?.(request.body) ?? { status: 404, json: { detail: "Not Found" } }
    } catch (error) {
      if (error instanceof Refusal) return { status: error.status, json: { detail: error.message } }
      throw error
    }
  }

  return {
    answer,
    asked,
    /** Paths of what it was asked for, polls and heartbeats left out. */
    requests: () =>
      asked.map(({ path }) => path).filter((path) => path !== "retrieve_future" && path !== "session_heartbeat"),
    loadedModels
  }
}
export type ToyServer = ReturnType<typeof make>
