import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import { codec, endings, make } from "../../src/domain/drills/Vocabulary.ts"
import * as Protocol from "../../src/domain/Protocol.ts"
import { Renderer } from "../../src/domain/Renderer.ts"
import * as Task from "../../src/domain/Task.ts"
import * as EngineScripted from "../../src/layers/EngineScripted.ts"
import * as EnvironmentBfclOfficial from "../../src/layers/EnvironmentBfclOfficial.ts"
import * as PolicyEngine from "../../src/layers/PolicyEngine.ts"
import * as RendererCompact from "../../src/layers/RendererCompact.ts"
import { rollout } from "../../src/programs/rollout.ts"
import { carEntry, pressBrake } from "../domain/bfcl/entries.ts"

const vocabulary = make(endings)
const { encode } = codec(vocabulary)
const renderer = RendererCompact.layer(vocabulary)

const tool = { name: "ls", description: "Lists.", parameters: [] }

const saying = (text: string) => Int32Array.from(encode(text))

describe("the drills' language", () => {
  it.effect("extends its prompts, and shows tools in a system message where it is asked to", () =>
    Effect.gen(function*() {
      const { open, text } = yield* Renderer
      const dialogue = open([tool])
      const first = Result.getOrThrow(dialogue.prompt([{ role: "user", content: "Hi." }]))
      assert.include(text(first), "ls")
      const completion = saying(Protocol.answer("Hello."))
      dialogue.said(completion)
      const cp = { ...tool, name: "cp" }
      const second = Result.getOrThrow(dialogue.prompt([{ role: "user", content: "More.", tools: [tool, cp] }]))
      const before = [...first, ...completion]
      assert.deepStrictEqual(Array.from(second.subarray(0, before.length)), before)
      assert.include(text(second.subarray(before.length)), "cp")
    }).pipe(Effect.provide(renderer)))

  it.effect("has calls taken out of it for a loop of function calling, and only for one", () =>
    Effect.gen(function*() {
      const task = Task.make("t", carEntry([pressBrake]))
      const [call, answer] = [
        saying(Protocol.call("pressBrakePedal", { pedalPosition: 1 }, "brake")),
        saying(Protocol.answer("Done."))
      ]
      const engine = EngineScripted.layer(({ prompt }) => Array.from(prompt.length < 100 ? call : answer))
      const calling = PolicyEngine.layerFunctionCalling.pipe(Layer.provide([engine, renderer]))
      const writing = PolicyEngine.layer.pipe(Layer.provide([engine, renderer]))
      const fc = EnvironmentBfclOfficial.layer({ documents: new Map(), mode: "fc" })
      const called = yield* Effect.provide(rollout(task, { seed: 1 }), [fc, calling])
      assert.deepStrictEqual(called.steps.map(({ transition }) => transition.verdict?.passed), [undefined, true])
      const [said] = called.steps.map(({ completion }) => completion.message)
      assert.deepStrictEqual(said?.toolCalls, [{ name: "pressBrakePedal", arguments: "{\"pedalPosition\": 1}" }])
      const written = yield* Effect.provide(rollout(task, { seed: 1 }), [fc, writing])
      assert.deepStrictEqual(written.steps.map(({ transition }) => transition.verdict?.passed), [false])
      assert.strictEqual(
        written.steps[0]?.completion.message.content,
        Protocol.call("pressBrakePedal", { pedalPosition: 1 }, "brake")
      )
    }))
})
