import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { Message } from "../../src/domain/Message.ts"
import { Policy } from "../../src/domain/Policy.ts"
import * as Task from "../../src/domain/Task.ts"
import * as EngineScripted from "../../src/layers/EngineScripted.ts"
import * as PolicyEngine from "../../src/layers/PolicyEngine.ts"
import { renderer } from "../programs/world.ts"

/** Says the last character it read. */
const engine = EngineScripted.layer(({ prompt }) => [prompt.at(-2) ?? 0, 10], { contextLength: 2000 })

const World = PolicyEngine.layer.pipe(Layer.provide(Layer.merge(engine, renderer)))

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

  it.effect("stops where the context has no room left", () =>
    Effect.gen(function*() {
      const { open } = yield* Policy
      const actor = yield* open(context)
      const completion = yield* actor.act([user("a".repeat(2000))])
      assert.strictEqual(completion.stop, "context")
      assert.isUndefined(completion.tokens)
    }).pipe(Effect.scoped, Effect.provide(World)))
})
