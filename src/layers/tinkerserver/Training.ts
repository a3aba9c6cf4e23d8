/** What can be asked of a model in training, as operations on its engine. */
import { Effect, Result, Schema } from "effect"
import * as Endpoint from "../../domain/tinker/Endpoint.ts"
import type { AdamParams, Pass } from "../../domain/tinker/Model.ts"
import * as TrainingPass from "../../domain/tinker/TrainingPass.ts"
import type { LoadWeights } from "../../domain/tinker/Weights.ts"
import { type Answer, mistaken } from "./Futures.ts"
import * as Jobs from "./Jobs.ts"
import type { Working } from "./Models.ts"
import * as Protobuf from "./Protobuf.ts"
import type { Kind, Storage } from "./Storage.ts"

/** An answer in the words of an endpoint. */
export const answering = <Request, Response>({ result }: Endpoint.Operation<Request, Response>) => {
  const encode = Schema.encodeSync(result)
  return (response: Response): Answer => ({ json: encode(response), numbers: 0 })
}

const passed = answering(Endpoint.forwardBackward)
const stepped = answering(Endpoint.optimStep)
const saved = answering(Endpoint.saveWeights)
const loaded = answering(Endpoint.loadWeights)

/**
 * A pass over data. The loss is evaluated at the log-probs of a forward pass; with `backward`, its gradient is then added
 * as that of the linear loss it has there. One that fails has added nothing.
 */
export const pass = Effect.fnUntraced(function*(
  engine: Working,
  request: Pass,
  { backward }: { readonly backward: boolean }
) {
  const decoded = TrainingPass.decode(request)
  if (Result.isFailure(decoded)) return yield* mistaken(decoded.failure)
  const scored = yield* Effect.mapError(engine.forward(TrainingPass.scoring(decoded.success), "current"), Jobs.ofEngine)
  const linear = TrainingPass.linearise(decoded.success, scored)
  if (backward) {
    yield* Effect.mapError(engine.forwardBackward(TrainingPass.gradient(decoded.success, linear)), Jobs.ofEngine)
  }
  const output = TrainingPass.output(scored, linear)
  const answer: Answer = {
    ...passed(output),
    proto: () => Protobuf.encodePassOutput(output),
    numbers: scored.reduce((sum, { logprobs }) => sum + logprobs.length, 0)
  }
  return answer
})

/** A norm to clip at of 0 means none. */
export const optimStep = (engine: Working, adam: AdamParams): Jobs.Operation =>
  engine.optimStep({
    learningRate: adam.learning_rate,
    beta1: adam.beta1,
    beta2: adam.beta2,
    epsilon: adam.eps,
    weightDecay: adam.weight_decay,
    clipNorm: adam.grad_clip_norm === 0 ? null : adam.grad_clip_norm
  }).pipe(
    Effect.mapBoth({
      onFailure: Jobs.ofEngine,
      onSuccess: ({ gradientNorm }) =>
        stepped(gradientNorm === undefined ? {} : { metrics: { grad_norm: gradientNorm } })
    })
  )

/** Saves weights under a name that is not taken; returns their path. */
export const save = Effect.fnUntraced(function*(
  engine: Working,
  storage: Storage,
  weights: { readonly model: string; readonly kind: Kind; readonly name: string }
) {
  const { kind, model, name } = weights
  const folder = yield* storage.place(model, kind, name)
  yield* Effect.mapError(engine.save(folder), Jobs.ofEngine)
  if (kind === "sampler_weights") yield* storage.dropOptimiser(folder)
  return storage.pathOf(model, kind, name)
})

export const saveWeights = (engine: Working, storage: Storage, model: string, name: string): Jobs.Operation =>
  Effect.map(save(engine, storage, { model, kind: "weights", name }), (path) => saved({ path }))

export const loadWeights = Effect.fnUntraced(function*(
  engine: Working,
  storage: Storage,
  { model_id, optimizer, path }: Pick<LoadWeights, "model_id" | "optimizer" | "path">
) {
  const folder = yield* storage.find(path, "weights")
  const from = optimizer ? folder : yield* storage.withoutOptimiser(folder)
  yield* Effect.mapError(engine.load(from), Jobs.ofEngine)
  return loaded({ path, model_id })
}, Effect.scoped)
