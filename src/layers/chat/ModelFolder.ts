/**
 * What is needed of a model's folder to speak its language: `tokenizer.json`, `tokenizer_config.json`, and where they
 * are there `chat_template.jinja`, which goes before a template in the config, `generation_config.json` and `config.json`.
 */
import { Effect, FileSystem, Option, Path, Result, Schema } from "effect"
import { ModelUnusable, RendererError } from "../../domain/Renderer.ts"
import { inWords } from "../FileProblem.ts"
import * as Fingerprint from "../Fingerprint.ts"
import { type ChatTemplate, compile } from "./Template.ts"
import * as Tokenizer from "./Tokenizer.ts"

export interface Model {
  readonly folder: string
  readonly tokenizer: Tokenizer.Tokenizer
  /** SHA-256 of `tokenizer.json`. */
  readonly hash: string
  /** The text of the template. */
  readonly source: string
  readonly template: ChatTemplate
  /** The tokens that templates know by name: `bos_token`, `eos_token` and their like. */
  readonly specials: Readonly<Record<string, string>>
  /** Ids that end what the model generates, as the folder says. */
  readonly ends: ReadonlyArray<number>
  /** Ids that the model may generate are below it: it can have more than its tokenizer has tokens for. */
  readonly vocabularySize: number
}

const SpecialToken = Schema.optionalKey(
  Schema.NullOr(Schema.Union([Schema.String, Schema.Struct({ content: Schema.String })]))
)

const TokenizerConfig = Schema.Struct({
  /** A text, or several by name, of which one is called `default`. */
  chat_template: Schema.optionalKey(Schema.NullOr(
    Schema.Union([Schema.String, Schema.Array(Schema.Struct({ name: Schema.String, template: Schema.String }))])
  )),
  bos_token: SpecialToken,
  eos_token: SpecialToken,
  pad_token: SpecialToken,
  unk_token: SpecialToken
})

const GenerationConfig = Schema.Struct({
  eos_token_id: Schema.optionalKey(Schema.NullOr(Schema.Union([Schema.Int, Schema.Array(Schema.Int)])))
})

/** Models that see images keep the numbers of their language apart. */
const ModelConfig = Schema.Struct({
  vocab_size: Schema.optionalKey(Schema.Natural),
  text_config: Schema.optionalKey(Schema.Struct({ vocab_size: Schema.optionalKey(Schema.Natural) }))
})

const JsonObject = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown))

export const unusable = (path: string, detail: string): RendererError =>
  new RendererError({ reason: new ModelUnusable({ path, detail }) })

/** A file of the folder, and how to say what is wrong with it. */
interface File {
  readonly text: string
  readonly wrong: (detail: string) => RendererError
}

const readOptional = Effect.fnUntraced(function*(folder: string, name: string) {
  const files = yield* FileSystem.FileSystem
  const path = (yield* Path.Path).join(folder, name)
  const wrong = (detail: string) => unusable(path, detail)
  return yield* files.readFileString(path).pipe(
    Effect.map((text): Option.Option<File> => Option.some({ text, wrong })),
    Effect.catch((error) =>
      error.reason._tag === "NotFound" ? Effect.succeed(Option.none<File>()) : Effect.fail(wrong(inWords(error)))
    )
  )
})

const readNeeded = Effect.fnUntraced(function*(folder: string, name: string) {
  const file = yield* readOptional(folder, name)
  if (Option.isSome(file)) return file.value
  return yield* unusable((yield* Path.Path).join(folder, name), "there is no such file, which every model's folder has")
})

const decoded = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, input: unknown, { wrong }: File) =>
  Effect.mapError(Schema.decodeUnknownEffect(schema)(input), ({ message }) => wrong(message))

/** A file that need not be there, all of whose settings are optional. */
const readSettings = Effect.fnUntraced(function*<A>(folder: string, name: string, schema: Schema.Codec<A, unknown>) {
  const none = (): File => ({ text: "{}", wrong: (detail) => unusable(name, detail) })
  const file = Option.getOrElse(yield* readOptional(folder, name), none)
  return yield* decoded(Schema.fromJsonString(schema), file.text, file)
})

const templateOf = (given: typeof TokenizerConfig.Type["chat_template"]): string | undefined =>
  typeof given === "string" ? given : given?.find(({ name }) => name === "default")?.template

const textOf = (token: typeof TokenizerConfig.Type["eos_token"]): string | undefined =>
  typeof token === "string" ? token : token?.content

/** Reads everything; takes a second or two for a vocabulary of 150,000 tokens. */
export const read = Effect.fn("ModelFolder.read")(
  function*(folder: string): Effect.fn.Return<Model, RendererError, FileSystem.FileSystem | Path.Path> {
    const tokenizerFile = yield* readNeeded(folder, "tokenizer.json")
    const configFile = yield* readNeeded(folder, "tokenizer_config.json")
    const json = yield* decoded(JsonObject, tokenizerFile.text, tokenizerFile)
    const settings = yield* decoded(JsonObject, configFile.text, configFile)
    const config = yield* decoded(TokenizerConfig, settings, configFile)
    const tokenizer = yield* Effect.fromResult(
      Result.mapError(Tokenizer.make(json, settings), (detail) => tokenizerFile.wrong(detail))
    )
    const templateFile = Option.getOrElse(
      yield* readOptional(folder, "chat_template.jinja"),
      () => ({ ...configFile, text: templateOf(config.chat_template) })
    )
    const source = templateFile.text
    if (source === undefined) {
      return yield* configFile.wrong("it has no chat_template, and there is no chat_template.jinja beside it")
    }
    const template = yield* Effect.fromResult(
      Result.mapError(compile(source), (detail) => templateFile.wrong(`the chat template cannot be read: ${detail}`))
    )
    const generation = yield* readSettings(folder, "generation_config.json", GenerationConfig)
    const { text_config, vocab_size = text_config?.vocab_size ?? 0 } = yield* readSettings(
      folder,
      "config.json",
      ModelConfig
    )
    const specials: Record<string, string> = {}
    for (const name of ["bos_token", "eos_token", "pad_token", "unk_token"] as const) {
      const text = textOf(config[name])
      if (text !== undefined) specials[name] = text
    }
    const end = specials["eos_token"] === undefined ? undefined : tokenizer.idOf(specials["eos_token"])
    return {
      folder,
      tokenizer,
      hash: Fingerprint.ofText(tokenizerFile.text),
      source,
      template,
      specials,
      ends: [...end === undefined ? [] : [end], ...[generation.eos_token_id ?? []].flat()],
      vocabularySize: Math.max(tokenizer.size, vocab_size)
    }
  }
)
