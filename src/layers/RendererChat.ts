/**
 * The language of a real model, from its folder: its tokenizer, its chat template, and how its family writes calls.
 *
 * What a template does is found out when the folder is read, by conversations that are rendered with it: how an
 * assistant's message begins, whether reasoning is shown where it was sampled, whether the past stays as it was.
 */
import { Effect, type FileSystem, Layer, type Path, Result, Schema } from "effect"
import * as Dialogue from "../domain/chat/Dialogue.ts"
import { type Custom, customOf, Family } from "../domain/chat/Family.ts"
import * as Variables from "../domain/chat/Variables.ts"
import * as Writing from "../domain/chat/Writing.ts"
import { remembered } from "../domain/Memo.ts"
import type { Message, ToolDocument } from "../domain/Message.ts"
import { Renderer, type RendererError } from "../domain/Renderer.ts"
import * as ModelFolder from "./chat/ModelFolder.ts"

export const Options = Schema.Struct({
  family: Family,
  /** Whether the model is to think before it speaks, where it can be told; the template's own way when absent. */
  thinking: Schema.optionalKey(Schema.Boolean),
  /**
   * `template`: the past in a prompt is what the model's template makes of it, as servers that are sent messages do it;
   * `template` when absent. `sampled`: the past stays as it was sampled, so that an episode is one segment.
   */
  history: Schema.optionalKey(Schema.Literals(["template", "sampled"]))
}).annotate({ identifier: "envtune/RendererChat/Options" })
export type Options = typeof Options.Type

/** A model's language without a dialogue: what it makes of a conversation that is there as text. */
export interface Language {
  readonly model: ModelFolder.Model
  readonly options: Options
  readonly custom: Custom
  readonly stop: ReadonlyArray<number>
  /** The text of a conversation and, when `generation` says so, of how the next assistant message begins. */
  readonly render: (
    messages: ReadonlyArray<Message>,
    tools: ReadonlyArray<ToolDocument>,
    generation: boolean
  ) => Result.Result<string, string>
}

const decodeOptions = Schema.decodeUnknownEffect(Options)

const stopsOf = (folder: string, { ends, tokenizer }: ModelFolder.Model, custom: Custom) => {
  const [first] = custom.ends
  if (first !== undefined && tokenizer.idOf(first) === undefined) {
    return Effect.fail(
      ModelFolder.unusable(folder, `its tokenizer has no ${first}, with which this family of models ends a message`)
    )
  }
  const stop = [...new Set([...custom.ends.flatMap((end) => tokenizer.idOf(end) ?? []), ...ends])]
  return stop.length > 0
    ? Effect.succeed(stop)
    : Effect.fail(ModelFolder.unusable(folder, "nothing in it says which token ends a message"))
}

/** Reads a folder. Fails with the path and what is wrong with it, or with what of the options does not go with it. */
export const read = Effect.fn("RendererChat.read")(
  function*(folder: string, given: Options): Effect.fn.Return<
    Language,
    RendererError,
    FileSystem.FileSystem | Path.Path
  > {
    const options = yield* Effect.mapError(
      decodeOptions(given, { errors: "all", onExcessProperty: "error" }),
      ({ message }) => ModelFolder.unusable(folder, `it cannot be read as asked: ${message}`)
    )
    const { family, thinking } = options
    const model = yield* ModelFolder.read(folder)
    const custom = customOf(family, model.source)
    if (thinking !== undefined && !custom.thinks) {
      return yield* ModelFolder.unusable(folder, `a model of family ${family} cannot be told whether to think`)
    }
    const stop = yield* stopsOf(folder, model, custom)
    const render: Language["render"] = (messages, tools, generation) =>
      Result.flatMap(Result.all(tools.map(Variables.ofTool)), (documents) =>
        model.template({
          ...model.specials,
          messages: messages.map(Variables.ofMessage),
          tools: documents.length === 0 ? null : documents,
          add_generation_prompt: generation,
          ...(thinking !== undefined && { enable_thinking: thinking })
        }))
    return { model, options, custom, stop, render }
  }
)

const user = (content: string): Message => ({ role: "user", content })

const probe: ToolDocument = {
  name: "probe_of_tools",
  description: "Shows whether tools are shown.",
  parameters: [],
  raw: {
    type: "function",
    function: { name: "probe_of_tools", description: "", parameters: { type: "object", properties: {}, required: [] } }
  }
}

/** What is read before each of the probes' completions. */
const probes: ReadonlyArray<ReadonlyArray<ReadonlyArray<Message>>> = [
  [[user("One.")], [user("Two.")], [user("Three.")]],
  [[user("One.")], [{ role: "tool", content: "1" }, { role: "tool", content: "2" }], [user("Two.")], [user("Three.")]]
]

const openLong = { maximumTexts: 64, maximumLength: 1 << 20 }

/** The renderer of a language, or why its chat template is of no use. */
export const make = (
  { custom, model, options, render, stop }: Language
): Result.Result<Renderer["Service"], RendererError> => {
  const { tokenizer } = model
  // The episodes of a group open with the same tools, and long; what comes later is short, and nobody else's.
  const encodeLong = remembered(tokenizer.encode, openLong)
  const withoutEnd = (completion: Int32Array): Int32Array =>
    stop.includes(completion.at(-1) ?? -1) ? completion.subarray(0, -1) : completion
  const spoken = (completion: Int32Array): string => tokenizer.decode(withoutEnd(completion))

  const reasoningOf = (completion: Int32Array): Writing.Reasoning => {
    if (!custom.reasoning) return { length: 0, empty: true }
    const ids = withoutEnd(completion)
    return Writing.reasoningOf(ids.length, (n) => tokenizer.decode(ids.subarray(0, n)))
  }

  const useless = (detail: string) => ModelFolder.unusable(model.folder, `its chat template cannot be used: ${detail}`)
  return Result.map(Result.mapError(headerOf(render), useless), (header) => {
    const showsTools = Result.match(render([user("One.")], [probe], true), {
      onFailure: () => false,
      onSuccess: (text) => text.includes(probe.name)
    })
    const language: Omit<Dialogue.Language, "preservesHistory"> = {
      stop,
      header,
      reasoningOf,
      showsReasoning: showsReasoning(render, header),
      encode: (text) => text.length < 2048 ? tokenizer.encode(text) : encodeLong(text),
      render: (messages, tools) =>
        tools.length > 0 && !showsTools
          ? Result.fail("the model's chat template does not show tools")
          : render(messages, tools, true)
    }
    const thinks = custom.reasoning && options.thinking !== false
    const said = tokenizer.encode(thinks ? "<think>\nHm.\n</think>\n\nFine." : "Fine.")
    const preservesHistory = options.history === "sampled" || preserves(language, Int32Array.of(...said, stop[0] ?? 0))
    return Renderer.of({
      vocabularySize: tokenizer.size,
      vocabularyHash: model.hash,
      stop,
      preservesHistory,
      open: (tools) => Dialogue.open({ ...language, preservesHistory }, tools),
      spoken,
      parse: (completion) => Writing.read(spoken(completion), custom),
      text: tokenizer.decode
    })
  })
}

/** What a template writes when an assistant message is to be generated, and not otherwise. */
const headerOf = (render: Language["render"]): Result.Result<string, string> =>
  Result.flatMap(
    render([user("One.")], [], false),
    (before) =>
      Result.flatMap(render([user("One.")], [], true), (text) =>
        text.startsWith(before)
          ? Result.succeed(text.slice(before.length))
          : Result.fail("it changes what was said before when an assistant message is to be generated"))
  )

/** Whether reasoning of a message before a tool's result is shown, behind the header and the tag that a model samples. */
const showsReasoning = (render: Language["render"], header: string): boolean => {
  const messages: ReadonlyArray<Message> = [
    user("One."),
    { role: "assistant", content: "Two.", reasoning: "Hm." },
    { role: "tool", content: "3" }
  ]
  return Result.match(render(messages, [], true), {
    onFailure: () => false,
    onSuccess: (text) => {
      const at = text.indexOf("Hm.")
      const start = text.lastIndexOf(header, at)
      return at >= 0 && start >= 0 && ["", "<think>"].includes(text.slice(start + header.length, at).trim())
    }
  })
}

/** Whether prompts that are only ever extended are those of the template. A probe that it refuses shows nothing. */
const preserves = (language: Omit<Dialogue.Language, "preservesHistory">, completion: Int32Array): boolean =>
  probes.every((script) => {
    const whole = Dialogue.open({ ...language, preservesHistory: false }, [])
    const extended = Dialogue.open({ ...language, preservesHistory: true }, [])
    return script.every((messages) => {
      const wanted = whole.prompt(messages)
      const got = extended.prompt(messages)
      whole.said(completion)
      extended.said(completion)
      return Result.isFailure(wanted) || Result.isSuccess(got) && got.success.join() === wanted.success.join()
    })
  })

/** The renderer of the model whose folder it is. */
export const layer = (
  folder: string,
  options: Options
): Layer.Layer<Renderer, RendererError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    Renderer,
    Effect.flatMap(read(folder, options), (language) => Effect.fromResult(make(language)))
  )
