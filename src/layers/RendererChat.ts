/** The language of a real model, from its folder: its tokenizer, its chat template, and how its family writes calls. */
import { Effect, type FileSystem, Layer, type Path, Result, Schema } from "effect"
import * as Dialogue from "../domain/chat/Dialogue.ts"
import { type Custom, customOf, Family } from "../domain/chat/Family.ts"
import * as Probe from "../domain/chat/Probe.ts"
import * as Variables from "../domain/chat/Variables.ts"
import * as Writing from "../domain/chat/Writing.ts"
import { remembered } from "../domain/Memo.ts"
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
  readonly render: Probe.Render
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
    const render: Probe.Render = (messages, tools, generation) =>
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
  return Result.map(Result.mapError(Probe.headerOf(render), useless), (header) => {
    const showsTools = Probe.showsTools(render)
    const language: Omit<Dialogue.Language, "preservesHistory"> = {
      stop,
      header,
      reasoningOf,
      showsReasoning: Probe.showsReasoning(render, header),
      encode: (text) => text.length < 2048 ? tokenizer.encode(text) : encodeLong(text),
      render: (messages, tools) =>
        tools.length > 0 && !showsTools
          ? Result.fail("the model's chat template does not show tools")
          : render(messages, tools, true)
    }
    const thinks = custom.reasoning && options.thinking !== false
    const said = tokenizer.encode(thinks ? "<think>\nHm.\n</think>\n\nFine." : "Fine.")
    const preservesHistory = options.history === "sampled" ||
      Probe.preservesHistory(language, Int32Array.of(...said, stop[0] ?? 0))
    return Renderer.of({
      vocabularySize: model.vocabularySize,
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

/** The renderer of the model whose folder it is. */
export const layer = (
  folder: string,
  options: Options
): Layer.Layer<Renderer, RendererError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    Renderer,
    Effect.flatMap(read(folder, options), (language) => Effect.fromResult(make(language)))
  )
