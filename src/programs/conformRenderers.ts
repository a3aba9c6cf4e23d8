/**
 * Renders recorded conversations in the languages of real models, and compares with what `transformers` made of them:
 * once as texts, and once as a dialogue that is led step by step, in which what the assistant says counts as sampled.
 */
import { Effect, type FileSystem, Path, Result, Stream } from "effect"
import * as Agreement from "../domain/bfcl/conformance/Agreement.ts"
import * as Recording from "../domain/chat/Recording.ts"
import type { Renderer } from "../domain/Renderer.ts"
import * as Fingerprint from "../layers/Fingerprint.ts"
import * as RendererChat from "../layers/RendererChat.ts"
import * as TextFile from "../layers/TextFile.ts"
import type { Conformance } from "./conform.ts"
import { Unavailable } from "./refusal.ts"

export interface ConformRenderersOptions {
  /** The file of the recordings. */
  readonly renderers: string
  /** A folder with a model's folder for each family, under its name. */
  readonly models: string
}

/** A family in a way of thinking. */
interface Speaker {
  readonly name: string
  readonly language: RendererChat.Language
  readonly renderer: Renderer["Service"]
}

const nameOf = ({ family, thinking }: Recording.Render): string =>
  thinking === null ? family : `${family}, ${thinking ? "thinking" : "not thinking"}`

const speakerOf = Effect.fnUntraced(function*(models: string, render: Recording.Render) {
  const { family, thinking } = render
  const folder = (yield* Path.Path).join(models, family)
  const language = yield* RendererChat.read(folder, { family, ...(thinking !== null && { thinking }) })
  const renderer = yield* Effect.fromResult(RendererChat.make(language))
  const speaker: Speaker = { name: nameOf(render), language, renderer }
  return speaker
})

const compare = (
  { language, name }: Speaker,
  { id, messages, tools }: Recording.Recording,
  { full_ids: fullIds, generation, ids, n, text, upto }: Recording.Render
): Agreement.Comparison => {
  const comparer = new Agreement.Comparer(`${id}, ${upto} messages${generation ? " and the beginning of one" : ""}`)
  const rendered = Result.getOrElse(
    language.render(messages.slice(0, upto), tools, generation),
    (detail) => `refused: ${detail}`
  )
  const tokens = language.model.tokenizer.encode(rendered)
  comparer.equal("text", name, text, Fingerprint.ofText(rendered))
  comparer.equal("number of tokens", name, n, tokens.length)
  comparer.equal("ids", name, ids, Fingerprint.ofTokens(tokens))
  if (fullIds !== undefined) comparer.equal("all ids", name, fullIds, Array.from(tokens))
  return comparer.comparison
}

/** What the assistant would have sampled to say a message of the recording; undefined when it could not have. */
const completionOf = (
  { language: { model, render, stop } }: Speaker,
  { messages, tools }: Recording.Recording,
  index: number
): Int32Array | undefined => {
  const [before, prompt, after] = [
    render(messages.slice(0, index), tools, false),
    render(messages.slice(0, index), tools, true),
    render(messages.slice(0, index + 1), tools, false)
  ].map((rendered) => Result.getOrElse(rendered, () => ""))
  if (before === undefined || prompt === undefined || after === undefined) return undefined
  const header = prompt.slice(before.length)
  const at = after.lastIndexOf(header)
  const ids = model.tokenizer.encode(after.slice(at + header.length))
  const end = ids.findIndex((id) => stop.includes(id))
  return at < 0 || end < 0 || ids.findLastIndex((id) => stop.includes(id)) > end ? undefined : ids.subarray(0, end + 1)
}

/** Leads the dialogue of a recording, and compares the prompts of which the recording knows. */
const lead = (
  speaker: Speaker,
  recording: Recording.Recording,
  renders: ReadonlyArray<Recording.Render>
): Agreement.Comparison => {
  const { messages, tools } = recording
  const comparer = new Agreement.Comparer(recording.id)
  const dialogue = speaker.renderer.open(tools)
  let from = 0
  for (let upto = 1; upto <= messages.length; upto++) {
    if (upto < messages.length && messages[upto]?.role !== "assistant") continue
    const prompt = dialogue.prompt(messages.slice(from, upto))
    const known = renders.find((render) => render.generation && render.upto === upto)
    if (known !== undefined) {
      comparer.called()
      const tokens = Result.getOrElse(prompt, () => new Int32Array())
      comparer.equal(`ids of the prompt after ${upto} messages`, speaker.name, known.ids, Fingerprint.ofTokens(tokens))
    }
    const completion = completionOf(speaker, recording, upto)
    if (completion === undefined) break
    dialogue.said(completion)
    from = upto + 1
  }
  return comparer.comparison
}

const conformAll = Effect.fnUntraced(function*({ models, renderers }: ConformRenderersOptions) {
  const speakers = new Map<string, Speaker>()
  const parts = new Map<string, Agreement.Part>()
  const count = (part: string, comparison: Agreement.Comparison) =>
    parts.set(part, Agreement.count(parts.get(part) ?? Agreement.empty(part), comparison))
  yield* TextFile.lines(renderers).pipe(
    Stream.mapEffect(({ number, text }) =>
      Effect.mapError(
        Effect.fromResult(Recording.read(text)),
        (detail) => new TextFile.TextUnreadable({ path: renderers, line: number, detail })
      )
    ),
    Stream.runForEach(Effect.fnUntraced(function*(recording) {
      for (const [name, renders] of Map.groupBy(recording.renders, nameOf)) {
        const [render] = renders
        if (render === undefined) continue
        const speaker = speakers.get(name) ?? (yield* speakerOf(models, render))
        speakers.set(name, speaker)
        for (const one of renders) count(`renderings ${name}`, compare(speaker, recording, one))
        count(`dialogues ${name}`, lead(speaker, recording, renders))
      }
    }))
  )
  return [...parts.values()].toSorted((a, b) => a.name < b.name ? 1 : -1)
})

/** Compares all recordings. Fails only when a file cannot be read or used; a disagreement is a result. */
export const conformRenderers: (
  options: ConformRenderersOptions
) => Effect.Effect<Conformance, Unavailable, FileSystem.FileSystem | Path.Path> = Effect.fn("conformRenderers")(
  function*(options) {
    const parts = yield* Effect.mapError(conformAll(options), (error) => new Unavailable({ detail: error.message }))
    return { parts, lines: Agreement.table(parts), agrees: Agreement.agrees(parts) }
  }
)
