import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { type Datum, float32, int64, modelInput } from "../../../src/domain/tinker/Datum.ts"
import { presets, type ServerProfile } from "../../../src/domain/tinker/ServerProfile.ts"
import * as Model from "../../../src/layers/tinker/Model.ts"
import * as Session from "../../../src/layers/tinker/Session.ts"
import { hurried } from "../release/published.ts"
import { type Asked, layer, type Reply } from "./scripted.ts"
import * as ToyServer from "./ToyServer.ts"

const datum = (...tokens: ReadonlyArray<number>): Datum => ({
  model_input: modelInput(tokens.slice(0, -1)),
  loss_fn_inputs: { target_tokens: int64(tokens.slice(1)), weights: float32(tokens.slice(1).map(() => 1)) }
})

const data = [datum(1, 2, 3), datum(2, 4), datum(3, 1, 5, 2), datum(5, 5), datum(0, 6)]

const adam = { learning_rate: 0.1, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0, grad_clip_norm: 0 }

/** A model on the toy server, of which `meddle` may answer in the server's place. */
const withModel = <A, E, R>(
  use: (model: Model.Model, server: ToyServer.ToyServer) => Effect.Effect<A, E, R>,
  meddle: (asked: Asked, count: number) => Reply | undefined = () => undefined,
  profile: ServerProfile = presets.custom
) => {
  const server = ToyServer.make({ isolation: profile.samplerIsolation })
  const counts = new Map<string, number>()
  const answer = (asked: Asked): Reply => {
    const count = (counts.get(asked.path) ?? 0) + 1
    counts.set(asked.path, count)
    return meddle(asked, count) ?? server.answer(asked)
  }
  return Effect.gen(function*() {
    const session = yield* Session.make()
    const model = yield* Model.make(session, { baseModel: "toy", profile })
    return yield* use(model, server)
  }).pipe(Effect.scoped, Effect.provide(layer(answer)))
}

const secondPass = ({ path }: Asked, count: number): boolean => path === "forward_backward" && count >= 2

/** What a sampler that was published before a step says after it. */
const sampledLate = (profile: ServerProfile) =>
  withModel(
    (model) =>
      Effect.gen(function*() {
        const sampler = yield* Effect.flatten(model.publish)
        const params = { max_tokens: 2, temperature: 1, top_k: -1, top_p: 1 }
        yield* sampler.sample(Int32Array.of(1, 2), params)
        yield* Effect.flatten(model.optimStep(adam))
        return yield* Effect.result(sampler.sample(Int32Array.of(1, 2), params))
      }),
    undefined,
    profile
  )

/** How the model is refused when it is asked for something. */
const refusalOf = (model: Model.Model) =>
  Effect.map(
    Effect.result(model.forward([datum(1, 2)], "cross_entropy")),
    (result) => result._tag === "Success" ? "usable" : result.failure.reason._tag
  )

describe("a model in training", () => {
  it.effect("is unloaded with its scope", () => {
    const server = ToyServer.make()
    return Effect.gen(function*() {
      const scope = yield* Scope.make()
      const session = yield* Session.make()
      yield* Scope.provide(Model.make(session, { baseModel: "toy", profile: presets.custom }), scope)
      assert.strictEqual(server.loadedModels(), 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(server.loadedModels(), 0)
    }).pipe(Effect.scoped, Effect.provide(layer(server.answer)))
  })

  it.effect("numbers its requests in the order in which they arrive, whoever asks at the same time", () =>
    withModel((model, server) =>
      Effect.gen(function*() {
        const outcomes = yield* Effect.all([
          model.forwardBackward(data, "cross_entropy"),
          Effect.as(model.forward(data, "cross_entropy"), Effect.void),
          model.optimStep(adam),
          Effect.as(model.save("a"), Effect.void)
        ], { concurrency: "unbounded" })
        yield* Effect.all(outcomes)
        const numbers = server.asked.flatMap(({ body }) =>
          typeof body === "object" && body !== null && "seq_id" in body ? [body.seq_id] : []
        )
        assert.deepStrictEqual(numbers, [1, 2, 3, 4, 5, 6, 7, 8])
      })
    ))

  it.effect("gives the outputs of several requests in the order of the data", () =>
    withModel((model, server) =>
      Effect.gen(function*() {
        const { loss_fn_outputs } = yield* model.forward(data, "cross_entropy")
        assert.strictEqual(server.requests().filter((path) => path === "forward").length, 3)
        const one = yield* Effect.forEach(data, (each) => model.forward([each], "cross_entropy"))
        assert.deepStrictEqual(loss_fn_outputs, one.flatMap((output) => output.loss_fn_outputs))
      })
    ))

  it.effect("is poisoned when a request of a pass fails, and when it may have been accepted", () =>
    Effect.gen(function*() {
      const outcomes: ReadonlyArray<readonly [Reply, string]> = [
        [{ status: 500, json: { detail: "oops" } }, "ModelPoisoned"],
        [{ status: 422, json: { detail: "no" } }, "ModelPoisoned"]
      ]
      for (const [reply, expected] of outcomes) {
        const refused = yield* withModel(
          (model) =>
            Effect.andThen(Effect.flip(Effect.asVoid(model.forwardBackward(data, "cross_entropy"))), refusalOf(model)),
          (asked, count) => secondPass(asked, count) ? reply : undefined
        )
        assert.strictEqual(refused, expected)
      }
    }).pipe(hurried))

  it.effect("is not poisoned by what is refused before anything is accepted", () =>
    Effect.gen(function*() {
      const refused = yield* withModel((model) =>
        Effect.andThen(Effect.flip(Effect.asVoid(model.forwardBackward(data, "no_such_loss"))), refusalOf(model))
      )
      assert.strictEqual(refused, "usable")
    }))

  it.effect("finds out that weights were saved whose answer was lost, and does not replace others", () =>
    Effect.gen(function*() {
      // The first request arrives, and its answer does not.
      let server: ToyServer.ToyServer | undefined
      const path = yield* withModel((model, toy) => {
        server = toy
        return model.save("a")
      }, (asked, count) => {
        if (asked.path !== "save_weights" || count > 1) return undefined
        server?.answer(asked)
        return "drop"
      })
      assert.strictEqual(path, "tinker://model0/weights/a")
      const error = yield* withModel((model) => Effect.andThen(model.save("a"), Effect.flip(model.save("a"))))
      assert.strictEqual(error.reason._tag, "Conflict")
    }).pipe(hurried))

  it.effect("refuses a sampler after a step where samplers are not isolated, and only there", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* sampledLate(presets.custom))._tag, "Success")
      const refused = yield* sampledLate(presets["skyrl-jax"])
      assert(refused._tag === "Failure")
      assert.include(refused.failure.message, "does not keep the weights of step 0")
    }))
})
