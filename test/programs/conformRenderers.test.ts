import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as Fingerprint from "../../src/layers/Fingerprint.ts"
import * as RendererChat from "../../src/layers/RendererChat.ts"
import { conformRenderers } from "../../src/programs/conformRenderers.ts"
import { writeFolder } from "../layers/benchmark.ts"
import { filesOf } from "../layers/chat/models.ts"

const models = Object.entries({ qwen2_5: filesOf("qwen2_5"), qwen3: filesOf("qwen3") })
  .flatMap(([family, files]) => Object.entries(files).map(([name, text]) => [`${family}/${name}`, text] as const))

const tools = [{ type: "function", function: { name: "fill", description: "Fills.", parameters: { type: "object" } } }]

/** As JSON text, because 3.0 is a float there. */
const messages = [
  "{\"role\": \"user\", \"content\": \"Fill it.\"}",
  "{\"role\": \"assistant\", \"content\": \"\", \"tool_calls\": [{\"type\": \"function\", \"function\": " +
  "{\"name\": \"fill\", \"arguments\": {\"gallons\": 3.0, \"times\": 3}}}]}",
  "{\"role\": \"tool\", \"content\": \"{}\"}"
]

const text = "<|im_start|>system\nHelp.\n<tools>\n" +
  "{\"type\": \"function\", \"function\": {\"name\": \"fill\", \"description\": \"Fills.\", \"parameters\": {\"type\": \"object\"}}}" +
  "\n</tools><|im_end|>\n<|im_start|>user\nFill it.<|im_end|>\n<|im_start|>assistant\n" +
  "<tool_call>\n{\"name\": \"fill\", \"arguments\": {\"gallons\": 3.0, \"times\": 3}}\n</tool_call><|im_end|>\n" +
  "<|im_start|>user\n<tool_response>\n{}\n</tool_response><|im_end|>\n<|im_start|>assistant\n"

const run = Effect.fnUntraced(function*(changes: object, files: ReadonlyArray<readonly [string, string]> = models) {
  const folder = yield* writeFolder(Object.fromEntries(models))
  const { model } = yield* RendererChat.read(`${folder}/qwen2_5`, { family: "qwen2_5" })
  const ids = model.tokenizer.encode(text)
  const render = {
    family: "qwen2_5",
    upto: 3,
    generation: true,
    thinking: null,
    n: ids.length,
    ids: Fingerprint.ofTokens(ids),
    text: Fingerprint.ofText(text),
    full_ids: Array.from(ids)
  }
  const renders = JSON.stringify([{ ...render, ...changes }])
  const recordings = yield* writeFolder({
    "r.jsonl": `{"id": "one", "tools": ${
      JSON.stringify(tools)
    }, "messages": [${messages.join()}], "renders": ${renders}}\n`
  })
  return yield* Effect.result(conformRenderers({
    renderers: `${recordings}/r.jsonl`,
    models: yield* writeFolder(Object.fromEntries(files))
  }))
})

layer(NodeServices.layer)("conformance of renderers", (it) => {
  it.effect("agrees with what a model's own tokenizer and template make of it, told at once or step by step", () =>
    Effect.gen(function*() {
      const { agrees, lines, parts } = Result.getOrThrow(yield* run({}))
      assert.isTrue(agrees, lines.join("\n"))
      assert.deepStrictEqual(parts.map(({ agreed, calls, name }) => [name, agreed, calls]), [
        ["renderings qwen2_5", 1, 0],
        ["dialogues qwen2_5", 1, 1]
      ])
    }))

  it.effect("shows what disagrees", () =>
    Effect.gen(function*() {
      for (
        const changes of [{ ids: "0" }, { text: "0" }, { n: 1 }, { full_ids: [1] }, { upto: 2 }, { generation: false }]
      ) {
        assert.isFalse(Result.getOrThrow(yield* run(changes)).agrees, JSON.stringify(changes))
      }
      const { agrees } = Result.getOrThrow(yield* run({ family: "qwen3", thinking: true, upto: 1 }))
      assert.isFalse(agrees)
    }))

  it.effect("fails where a model, a family or a file is missing", () =>
    Effect.gen(function*() {
      const problem = (result: Effect.Success<ReturnType<typeof run>>) =>
        Result.isFailure(result) ? result.failure.message : "compared"
      const others = models.filter(([name]) => name.startsWith("qwen3"))
      assert.match(problem(yield* run({}, others)), /qwen2_5\/tokenizer\.json: there is no such file/)
      assert.match(problem(yield* run({ family: "other" })), /r\.jsonl:1: Expected/)
      assert.match(
        problem(yield* Effect.result(conformRenderers({ renderers: "nowhere.jsonl", models: "." }))),
        /^nowhere\.jsonl: no such file/
      )
    }))
})
