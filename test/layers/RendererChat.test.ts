import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Arbitrary, Effect, Layer, Result, Schema } from "effect"
import type { Message, ToolDocument } from "../../src/domain/Message.ts"
import { Policy, type SampledTokens } from "../../src/domain/Policy.ts"
import { dumps, loads } from "../../src/domain/python/Json.ts"
import { strip } from "../../src/domain/python/Text.ts"
import { Dict } from "../../src/domain/python/Value.ts"
import { Renderer } from "../../src/domain/Renderer.ts"
import { extendsStep, fromEpisode } from "../../src/domain/Segment.ts"
import * as Task from "../../src/domain/Task.ts"
import * as EngineScripted from "../../src/layers/EngineScripted.ts"
import * as EnvironmentBfclOfficial from "../../src/layers/EnvironmentBfclOfficial.ts"
import * as PolicyEngine from "../../src/layers/PolicyEngine.ts"
import * as RendererChat from "../../src/layers/RendererChat.ts"
import { rollout } from "../../src/programs/rollout.ts"
import { carEntry, pressBrake } from "../domain/bfcl/entries.ts"
import { episode } from "../domain/Playing.ts"
import { jsonValue, text } from "../domain/python/values.ts"
import { folderOf, type Model } from "./chat/models.ts"

/** A model's folder, and how it is spoken to. */
interface Speaker {
  readonly model: Model
  readonly options: RendererChat.Options
  readonly preservesHistory: boolean
}

const speakers: ReadonlyArray<Speaker> = [
  { model: "qwen2_5", options: { family: "qwen2_5" }, preservesHistory: true },
  { model: "qwen3", options: { family: "qwen3" }, preservesHistory: false },
  { model: "qwen3", options: { family: "qwen3", thinking: false }, preservesHistory: false },
  { model: "qwen3", options: { family: "qwen3", history: "sampled" }, preservesHistory: true },
  { model: "llama3_1", options: { family: "llama3_1" }, preservesHistory: true },
  { model: "qwen2_5", options: { family: "generic" }, preservesHistory: true },
  { model: "qwen3", options: { family: "generic", thinking: true }, preservesHistory: false },
  { model: "plain", options: { family: "generic" }, preservesHistory: true }
]

const nameOf = ({ model, options }: Speaker): string => `${model} as ${Object.values(options).join(", ")}`

interface Spoken {
  readonly language: RendererChat.Language
  readonly renderer: Renderer["Service"]
}

const known = new Map<string, Spoken>()

/** Read once, however many runs a law has. */
const speak = Effect.fnUntraced(function*(speaker: Speaker) {
  const before = known.get(nameOf(speaker))
  if (before !== undefined) return before
  const language = yield* RendererChat.read(yield* folderOf(speaker.model), speaker.options)
  const spoken: Spoken = { language, renderer: Result.getOrThrow(RendererChat.make(language)) }
  known.set(nameOf(speaker), spoken)
  return spoken
})

const function_ = { name: "echo", description: "Says it again.", parameters: { minimum: 0.5 } }

const tool: ToolDocument = {
  name: "echo",
  description: "Says it again.",
  parameters: [],
  raw: { type: "function", function: function_ }
}

const user = (content: string): Message => ({ role: "user", content })

/** Texts that survive a normalising tokenizer. */
const spoken = Arbitrary.map(text, (some) => strip(some.toWellFormed().normalize("NFC")))

const name = Schema.Literals(["cd", "get_stock_info", "MathAPI.mean"])

const call = Arbitrary.map(Arbitrary.all([Arbitrary.schema(name), text, jsonValue]), ([name, key, value]) => ({
  name,
  arguments: dumps(
    Dict.from([[key.toWellFormed().normalize("NFC"), loads(dumps(value).replaceAll(/\\ud83d(?!\\ude00)/g, "?"))]]),
    {
      ensureAscii: false
    }
  )
}))

/** What an assistant's message is, as a template writes it, in tokens. */
const completionOf = (language: RendererChat.Language, message: Message): Int32Array => {
  const render = (messages: ReadonlyArray<Message>, generation: boolean) =>
    Result.getOrThrow(language.render(messages, [], generation))
  const prompt = render([user("?")], true)
  const whole = render([user("?"), message], false)
  assert.isTrue(whole.startsWith(prompt), `${whole} begins with ${prompt}`)
  const ids = language.model.tokenizer.encode(whole.slice(prompt.length))
  return ids.subarray(0, ids.findLastIndex((id) => language.stop.includes(id)) + 1)
}

const values = (message: Message) =>
  message.toolCalls?.map(({ arguments: given, name }) => [name, dumps(loads(given))]) ?? []

/** What is read before a completion, and what is said then. */
const Step = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.schema(Schema.Literals(["user", "tool", "tools"])),
    spoken,
    spoken,
    spoken,
    Arbitrary.schema(Schema.Boolean)
  ]),
  ([kind, heard, reasoning, said, cut]) => ({ kind, heard, reasoning, said: `Y${said}`, cut })
)
type Step = typeof Step extends Arbitrary.Arbitrary<infer A> ? A : never

/** Leads a dialogue. `text` is what the template makes of the conversation so far, as messages. */
const lead = (
  renderer: Renderer["Service"],
  { custom, model: { tokenizer }, options: { thinking }, render, stop }: RendererChat.Language,
  steps: ReadonlyArray<Step>
): ReadonlyArray<{ readonly tokens: SampledTokens; readonly prompt: Int32Array; readonly text: string }> => {
  const dialogue = renderer.open([])
  const conversation: Array<Message> = []
  return steps.map(({ cut, heard, kind, reasoning, said }, i) => {
    const result: Message = { role: "tool", content: heard }
    const messages = i === 0 || kind === "user" ? [user(heard)] : kind === "tool" ? [result] : [result, result]
    conversation.push(...messages)
    const prompt = Result.getOrThrow(dialogue.prompt(messages))
    const text = Result.getOrThrow(render(conversation, [], true))
    const thinks = custom.reasoning && thinking !== false
    const completion = Int32Array.from([
      ...(thinks ? tokenizer.encode(`<think>\n${reasoning}\n</think>\n\n`) : []),
      ...tokenizer.encode(said),
      ...(cut ? [] : stop.slice(0, 1))
    ])
    dialogue.said(completion)
    conversation.push({ role: "assistant", content: said, ...(thinks && reasoning !== "" && { reasoning }) })
    return { prompt, text, tokens: { prompt, completion, logprobs: new Float32Array(completion.length) } }
  })
}

layer(NodeServices.layer)("a renderer from a model's folder", (it) => {
  for (const speaker of speakers.filter(({ model }) => model !== "plain")) {
    it.effect.prop(
      `takes calls out of what its template writes: ${nameOf(speaker)}`,
      [Arbitrary.all([spoken, spoken, Arbitrary.array(call, { maxLength: 3 })])],
      ([[content, reasoning, calls]]) =>
        Effect.gen(function*() {
          const { language, renderer } = yield* speak(speaker)
          const { custom: { calls: form, reasoning: reasons }, options: { thinking } } = language
          const toolCalls = form === "objects" ? calls.slice(0, 1) : calls
          const message: Message = {
            role: "assistant",
            content: form === "objects" && toolCalls.length > 0 ? "" : content,
            ...(reasons && thinking !== false && reasoning !== "" && { reasoning }),
            ...(toolCalls.length > 0 && { toolCalls })
          }
          const parsed = renderer.parse(completionOf(language, message))
          assert.deepStrictEqual(values(parsed), values(message))
          assert.strictEqual(parsed.content, message.content)
          assert.strictEqual(parsed.reasoning, message.reasoning)
        }).pipe(Effect.scoped),
      { arbitrary: { size: 4 } }
    )
  }

  for (const speaker of speakers) {
    it.effect.prop(
      `${speaker.preservesHistory ? "extends its prompts" : "starts anew where the template does"}: ${nameOf(speaker)}`,
      [Arbitrary.array(Step)],
      ([steps]) =>
        Effect.gen(function*() {
          const { language, renderer } = yield* speak(speaker)
          assert.strictEqual(renderer.preservesHistory, speaker.preservesHistory)
          const played = lead(renderer, language, steps)
          const tokens = played.map((one) => one.tokens)
          const breaks = tokens.filter((one, i) => i > 0 && !extendsStep(one.prompt, tokens[i - 1]!)).length
          if (renderer.preservesHistory) assert.strictEqual(breaks, 0)
          const segments = fromEpisode(episode(tokens.map((one) => ({ code: -1, tokens: one })), 1))
          assert.strictEqual(segments.length, tokens.length === 0 ? 0 : breaks + 1)
          if (speaker.options.history === "sampled") return
          for (const { prompt, text } of played) assert.strictEqual(renderer.text(prompt), text)
        }).pipe(Effect.scoped)
    )
  }

  it.effect("drops reasoning as its template does, and keeps the ids of what remains", () =>
    Effect.gen(function*() {
      const { language, renderer } = yield* speak(speakers[1]!)
      const { open, text } = renderer
      const { encode } = language.model.tokenizer
      // A way to spell it that no tokenizer would choose.
      const answer = [..."the", "<|im_end|>"].flatMap((part) => Array.from(encode(part)))
      const dialogue = open([])
      const first = Result.getOrThrow(dialogue.prompt([user("One.")]))
      const completion = Int32Array.from([...encode("<think>\nHm.\n</think>\n\n"), ...answer])
      dialogue.said(completion)
      const results = Result.getOrThrow(dialogue.prompt([{ role: "tool", content: "1" }]))
      assert.isTrue(extendsStep(results, { prompt: first, completion, logprobs: new Float32Array() }))
      dialogue.said(completion)
      const second = Result.getOrThrow(dialogue.prompt([user("Two.")]))
      assert.isFalse(extendsStep(second, { prompt: first, completion, logprobs: new Float32Array() }))
      assert.notInclude(text(second), "Hm.")
      assert.isTrue(Array.from(second).join().includes(`${Array.from(first).join()},${answer.join()},`))
      assert.deepStrictEqual(first, open([]).prompt([user("One.")]).pipe(Result.getOrThrow))
    }).pipe(Effect.scoped))

  it.effect("shows new tools where tools are shown, which changes the past", () =>
    Effect.gen(function*() {
      const { language, renderer } = yield* speak(speakers[0]!)
      const { open, text } = renderer
      const dialogue = open([tool])
      const prompt = Result.getOrThrow(dialogue.prompt([user("One.")]))
      const completion = language.model.tokenizer.encode("Yes.<|im_end|>")
      dialogue.said(completion)
      const other = { ...tool, name: "other", raw: { ...function_, name: "other" } }
      const changed = Result.getOrThrow(dialogue.prompt([{ ...user("Two."), tools: [tool, other] }]))
      assert.include(text(changed), "\"name\": \"other\"")
      assert.isFalse(extendsStep(changed, { prompt, completion, logprobs: new Float32Array() }))
      dialogue.said(completion)
      const next = Result.getOrThrow(dialogue.prompt([user("Three.")]))
      assert.isTrue(extendsStep(next, { prompt: changed, completion, logprobs: new Float32Array() }))
    }).pipe(Effect.scoped))

  it.effect("ends a message that was cut, and takes any end that was sampled for one", () =>
    Effect.gen(function*() {
      const { language, renderer } = yield* speak(speakers[0]!)
      const { open, text } = renderer
      const after = (said: string) => {
        const dialogue = open([])
        Result.getOrThrow(dialogue.prompt([user("One.")]))
        dialogue.said(language.model.tokenizer.encode(said))
        return text(Result.getOrThrow(dialogue.prompt([user("Two.")])))
      }
      const rest = "\n<|im_start|>user\nTwo.<|im_end|>\n<|im_start|>assistant\n"
      const start = "<|im_start|>user\nOne.<|im_end|>\n<|im_start|>assistant\n"
      assert.strictEqual(after("Ye"), `${start}Ye<|im_end|>${rest}`)
      assert.strictEqual(after("Yes.<|im_end|>"), `${start}Yes.<|im_end|>${rest}`)
      assert.strictEqual(after("Yes.<|endoftext|>"), `${start}Yes.<|endoftext|>${rest}`)
    }).pipe(Effect.scoped))

  it.effect("is not misled by messages with the characters that mark places", () =>
    Effect.gen(function*() {
      const { language, renderer } = yield* speak(speakers[0]!)
      const { open, text } = renderer
      const dialogue = open([])
      const controls = Array.from({ length: 25 }, (_, i) => String.fromCharCode(0x86 + i)).join("0")
      Result.getOrThrow(dialogue.prompt([user(controls)]))
      dialogue.said(language.model.tokenizer.encode("Yes.<|im_end|>"))
      assert.include(text(Result.getOrThrow(dialogue.prompt([user("\u0086reasoning\u0086")]))), "\u0086reasoning\u0086")
      const refused = dialogue.prompt([user("\u009f")])
      assert.include(Result.isFailure(refused) ? refused.failure.message : "", "every control character")
    }).pipe(Effect.scoped))

  it.effect("plays a loop of function calling: tools in its own form, calls taken out", () =>
    Effect.gen(function*() {
      const folder = yield* folderOf("qwen2_5")
      const options: RendererChat.Options = { family: "qwen2_5" }
      const { model: { tokenizer } } = yield* RendererChat.read(folder, options)
      const said = (text: string) => Array.from(tokenizer.encode(`${text}<|im_end|>`))
      const engine = EngineScripted.layer(({ prompt }) =>
        tokenizer.decode(prompt).includes("<tool_response>")
          ? said("Done.")
          : said("<tool_call>\n{\"name\": \"pressBrakePedal\", \"arguments\": {\"pedalPosition\": 1}}\n</tool_call>")
      )
      const policy = PolicyEngine.layerFunctionCalling.pipe(
        Layer.provide([engine, RendererChat.layer(folder, options)])
      )
      const fc = EnvironmentBfclOfficial.layer({ documents: new Map(), mode: "fc" })
      const { steps } = yield* Effect.provide(rollout(Task.make("t", carEntry([pressBrake])), { seed: 1 }), [
        fc,
        policy
      ])
      assert.deepStrictEqual(steps.map(({ transition }) => transition.verdict?.passed), [undefined, true])
      assert.strictEqual(
        fromEpisode(episode(steps.map(({ completion }) => ({ code: -1, ...completion })), 1)).length,
        1
      )
    }).pipe(Effect.scoped))

  it.effect("refuses, in a sentence, what cannot be spoken", () =>
    Effect.gen(function*() {
      const folder = yield* folderOf("plain")
      const policy = PolicyEngine.layerFunctionCalling.pipe(
        Layer.provide([EngineScripted.layer(() => []), RendererChat.layer(folder, { family: "generic" })])
      )
      const refused = yield* Effect.gen(function*() {
        const { open } = yield* Policy
        const context = {
          task: Task.make("t", null),
          tools: [tool],
          seed: 1,
          family: "t",
          sampling: { temperature: 1, maxTokens: 9 }
        }
        const actor = yield* open(context)
        return yield* Effect.flip(actor.act([user("Hi.")]))
      }).pipe(Effect.scoped, Effect.provide(policy))
      assert.isFalse(refused.isRetryable)
      assert.strictEqual(
        refused.message,
        "the policy cannot play this task: the conversation cannot be rendered: the model's chat template does not show tools"
      )
      const { language } = yield* speak(speakers[0]!)
      const bare = { name: "ls", description: "", parameters: [] }
      assert.deepStrictEqual(
        language.render([user("Hi.")], [bare], true),
        Result.fail("the tool ls has no document to show")
      )
    }).pipe(Effect.scoped))

  it.effect("says what is wrong with a folder, and with what is asked of it", () =>
    Effect.gen(function*() {
      const problem = Effect.fnUntraced(
        function*(model: Model, options: object, changes: Record<string, string | undefined> = {}) {
          const folder = yield* folderOf(model, changes)
          const given = { family: "qwen2_5", ...options } as RendererChat.Options
          const error = yield* Effect.flip(Effect.provide(Renderer, RendererChat.layer(folder, given)))
          return error.message.replace(folder, "DIR")
        },
        Effect.scoped
      )
      const config = { eos_token: "<|im_end|>" }
      assert.strictEqual(
        yield* problem("qwen2_5", {}, { "tokenizer.json": undefined }),
        "DIR/tokenizer.json: there is no such file, which every model's folder has"
      )
      assert.strictEqual(
        yield* problem("qwen2_5", {}, { "tokenizer_config.json": JSON.stringify(config) }),
        "DIR/tokenizer_config.json: it has no chat_template, and there is no chat_template.jinja beside it"
      )
      assert.match(
        yield* problem("qwen2_5", {}, { "tokenizer.json": "{}" }),
        /^DIR\/tokenizer\.json: Tokenizer must contain/
      )
      assert.match(yield* problem("qwen2_5", {}, { "tokenizer.json": "{" }), /^DIR\/tokenizer\.json: ./)
      assert.match(
        yield* problem("qwen2_5", {}, { "chat_template.jinja": "{% if %}" }),
        /^DIR\/chat_template\.jinja: the chat template cannot be read: ./
      )
      assert.strictEqual(
        yield* problem("qwen2_5", {}, { "chat_template.jinja": "{{ raise_exception('not today') }}" }),
        "DIR: its chat template cannot be used: not today"
      )
      assert.match(
        yield* problem("qwen2_5", { family: "qwen9" }),
        /^DIR: it cannot be read as asked: Expected "qwen2_5" \|/
      )
      assert.strictEqual(
        yield* problem("llama3_1", {}),
        "DIR: its tokenizer has no <|im_end|>, with which this family of models ends a message"
      )
      assert.strictEqual(
        yield* problem("qwen2_5", { thinking: true }),
        "DIR: a model of family qwen2_5 cannot be told whether to think"
      )
      assert.strictEqual(
        yield* problem("plain", { family: "generic" }, {
          "tokenizer_config.json": JSON.stringify({ chat_template: [{ name: "default", template: "x" }] })
        }),
        "DIR: nothing in it says which token ends a message"
      )
    }))

  it.effect("takes from config.json how many ids there are, where the model has more than the tokenizer", () =>
    Effect.gen(function*() {
      const sizeWith = Effect.fnUntraced(function*(config: object) {
        const folder = yield* folderOf("qwen3", { "config.json": JSON.stringify(config) })
        const { vocabularySize } = yield* Effect.provide(Renderer, RendererChat.layer(folder, { family: "qwen3" }))
        return vocabularySize
      }, Effect.scoped)
      const size = yield* sizeWith({})
      assert.strictEqual(yield* sizeWith({ vocab_size: 320, hidden_size: 64 }), 320)
      assert.strictEqual(yield* sizeWith({ text_config: { vocab_size: 384 } }), 384)
      assert.strictEqual(yield* sizeWith({ vocab_size: 2 }), size)
    }))

  it.effect("takes the ends of messages from generation_config.json, too", () =>
    Effect.gen(function*() {
      const folder = yield* folderOf("plain", { "generation_config.json": "{\"eos_token_id\": [7, 8], \"top_k\": 1}" })
      const { stop } = yield* Effect.provide(Renderer, RendererChat.layer(folder, { family: "generic" }))
      assert.deepStrictEqual(stop.slice(1), [7, 8])
    }).pipe(Effect.scoped))
})
