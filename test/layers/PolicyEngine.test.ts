import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Ref } from "effect"
import { Engine } from "../../src/domain/Engine.ts"
import type { Message } from "../../src/domain/Message.ts"
import { asItIs, Policy } from "../../src/domain/Policy.ts"
import * as Task from "../../src/domain/Task.ts"
import * as EngineScripted from "../../src/layers/EngineScripted.ts"
import * as PolicyEngine from "../../src/layers/PolicyEngine.ts"
import { renderer } from "../programs/world.ts"

/** Says the last character it read. */
const engine = EngineScripted.layer(({ prompt }) => [prompt.at(-2) ?? 0, 10], { contextLength: 2000 })

const World = PolicyEngine.layer.pipe(Layer.provideMerge(Layer.merge(engine, renderer)))

const adam = { learningRate: 0, beta1: 0.9, beta2: 0.9, epsilon: 1e-8, weightDecay: 0, clipNorm: null }

const user = (content: string): Message => ({ role: "user", content })

const context = {
  task: Task.make("t", null),
  tools: [],
  seed: 1,
  family: "t",
  sampling: { temperature: 1, maxTokens: 10 }
}

describe("a policy that samples from an engine", () => {
  it.effect("extends its prompts by what it said and what it read, and leaves earlier prompts as they were", () =>
    Effect.gen(function*() {
      const { open } = yield* Policy
      const actor = yield* open(context)
      const spoken = []
      const prompts = []
      let transcript = ""
      for (const word of ["a", "bc", "d".repeat(300), "e", "f".repeat(600), "g"]) {
        const completion = yield* actor.act([user(word)])
        transcript += `${word}\n`
        prompts.push(transcript)
        transcript += `${word.at(-1)}\n`
        spoken.push(completion)
      }
      assert.deepStrictEqual(spoken.map(({ message }) => message.content), ["a", "c", "d", "e", "f", "g"])
      const read = spoken.map(({ tokens }) => String.fromCodePoint(...tokens?.prompt ?? []))
      assert.deepStrictEqual(read, prompts)
    }).pipe(Effect.scoped, Effect.provide(World)))

  it.effect("plays whole episodes by a snapshot's weights, whatever steps are taken meanwhile", () =>
    Effect.gen(function*() {
      const policy = yield* Policy
      const { optimStep } = yield* Engine
      const fixed = yield* asItIs(policy)
      const early = yield* fixed.open(context)
      yield* early.act([user("a")])
      yield* optimStep(adam)
      yield* early.act([user("b")])
      yield* Effect.flatMap(fixed.open(context), ({ act }) => act([user("c")]))
      yield* Effect.flatMap(policy.open(context), ({ act }) => act([user("d")]))
      const requests = yield* Ref.get(yield* EngineScripted.Recorded)
      assert.deepStrictEqual(
        requests.flatMap((request) => request._tag === "Sample" ? [request.optimSteps] : []),
        [0, 0, 0, 1]
      )
    }).pipe(Effect.scoped, Effect.provide(World)))

  it.effect("stops where the context has no room left", () =>
    Effect.gen(function*() {
      const { open } = yield* Policy
      const actor = yield* open(context)
      const completion = yield* actor.act([user("a".repeat(2000))])
      assert.strictEqual(completion.stop, "context")
      assert.isUndefined(completion.tokens)
    }).pipe(Effect.scoped, Effect.provide(World)))
})
