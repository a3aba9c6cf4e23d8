/**
 * A conversation in the words of a chat template, on the ids that were sampled.
 *
 * The template renders the conversation with marks where something was sampled. What is between the marks is text, and
 * is tokenised once; in place of a mark come the ids that were sampled. So the template decides what remains of a message
 * in later prompts (some drop old reasoning), and nothing that was sampled is ever tokenised.
 */
import { Result } from "effect"
import type { Message, ToolDocument } from "../Message.ts"
import { ConversationRefused, type Dialogue, RendererError } from "../Renderer.ts"
import { TokenBuffer } from "../TokenBuffer.ts"
import type { Reasoning } from "./Writing.ts"

/** What a dialogue has to know of a model's language. */
export interface Language {
  /** The text of a conversation up to where the next assistant message begins, or what speaks against it. */
  readonly render: (
    messages: ReadonlyArray<Message>,
    tools: ReadonlyArray<ToolDocument>
  ) => Result.Result<string, string>
  readonly encode: (text: string) => Int32Array
  readonly stop: ReadonlyArray<number>
  /** The text between the last message and an assistant message that is to be sampled. */
  readonly header: string
  /** Whether the template, where it shows reasoning, shows it as it was sampled: right behind the header. */
  readonly showsReasoning: boolean
  /** What of a completion is reasoning. */
  readonly reasoningOf: (completion: Int32Array) => Reasoning
  /**
   * Whether a prompt is the one before it, the completion, and what the new messages are after any completion. Otherwise
   * it is what the template makes of the whole conversation, and may change what was there.
   */
  readonly preservesHistory: boolean
}

/** A text between marks. */
interface Text {
  readonly text: string
  readonly ids: Int32Array
}

/** What was sampled, as the `index`-th message of the assistant, from one of its ids on. */
interface Said {
  readonly index: number
  readonly from: number
}

type Piece = Text | Said

interface Completion {
  readonly ids: Int32Array
  readonly reasoning: Reasoning
}

const same = (a: Piece | undefined, b: Piece): boolean =>
  a !== undefined && ("text" in a
    ? "text" in b && a.text === b.text
    : !("text" in b) && a.index === b.index && a.from === b.from)

// Control characters that no text has, unless somebody means to mislead: a mark is one that no message and no tool has.
const marks = Array.from({ length: 26 }, (_, i) => String.fromCharCode(0x86 + i))
const anyMark = /[\u0086-\u009f]/g

/** Templates want one before an answer. */
const request: Message = { role: "user", content: "?" }

const noTokens = new Int32Array()

class ChatDialogue implements Dialogue {
  private readonly language: Language
  private tools: ReadonlyArray<ToolDocument>
  /** Messages that were read; the index stands for one that was said. */
  private readonly conversation: Array<Message | number> = []
  private readonly completions: Array<Completion> = []
  private readonly taken = new Set<string>()
  /** Of the last prompt; none where no later prompt can change it. */
  private pieces: ReadonlyArray<Piece> = []
  private tokens = new TokenBuffer()

  constructor(language: Language, tools: ReadonlyArray<ToolDocument>) {
    this.language = language
    this.tools = tools
    this.take(tools)
  }

  said(ids: Int32Array): void {
    this.conversation.push(this.completions.length)
    this.completions.push({ ids, reasoning: this.language.reasoningOf(ids) })
  }

  prompt(messages: ReadonlyArray<Message>): Result.Result<Int32Array, RendererError> {
    const { tools } = this
    for (const message of messages) {
      this.conversation.push(message)
      if (message.tools !== undefined) this.tools = message.tools
      this.take(message)
    }
    const continues = this.language.preservesHistory && this.completions.length > 0 && tools === this.tools
    return Result.mapError(
      continues ? this.extended(messages) : this.anew(),
      (detail) => new RendererError({ reason: new ConversationRefused({ detail }) })
    )
  }

  /** What somebody wrote may have any character in it; as JSON, too. */
  private take(written: Message | ReadonlyArray<ToolDocument>): void {
    for (const [found] of JSON.stringify(written).matchAll(anyMark)) this.taken.add(found)
  }

  /** The prompt before, the completion, and what new messages are after any completion. */
  private extended(messages: ReadonlyArray<Message>): Result.Result<Int32Array, string> {
    const last = this.completions.length - 1
    const conversation = [request, last, ...messages]
    return Result.map(this.rendered(conversation, []), (parts) => {
      this.tokens.add(this.idsOf(this.saidOf(last, true)))
      return this.tokens.add(this.behind(last, this.language.encode(parts.at(-1) ?? "")))
    })
  }

  /** The whole conversation, of which what has not changed is not tokenised again. */
  private anew(): Result.Result<Int32Array, string> {
    return Result.map(this.rendered(this.conversation, this.tools), (parts) => {
      const last = this.completions.length - 1
      const before: ReadonlyArray<Piece> = last < 0 ? [] : [...this.pieces, this.saidOf(last, true)]
      const pieces = this.piecesOf(parts)
      const kept = this.pieces.length > 0 && before.every((piece, i) => same(pieces[i], piece))
      if (!kept) this.tokens = new TokenBuffer()
      let ids = this.tokens.add(noTokens)
      pieces.slice(kept ? this.pieces.length : 0).forEach((piece, i, added) => {
        const previous = added[i - 1]
        const behind = previous === undefined || "text" in previous ? -1 : previous.index
        ids = this.tokens.add(behind < 0 ? this.idsOf(piece) : this.behind(behind, this.idsOf(piece)))
      })
      this.pieces = this.language.preservesHistory ? [] : pieces
      return ids
    })
  }

  /** A conversation as texts and, at every second place, what its mark says. */
  private rendered(
    conversation: ReadonlyArray<Message | number>,
    tools: ReadonlyArray<ToolDocument>
  ): Result.Result<ReadonlyArray<string>, string> {
    const mark = marks.find((character) => !this.taken.has(character))
    if (mark === undefined) {
      return Result.fail("its messages have every control character that could mark a place in it")
    }
    const messages = conversation.map((item): Message => {
      if (typeof item === "object") return item
      const reasoning = this.language.showsReasoning && this.completions[item]?.reasoning.empty === false
      return {
        role: "assistant",
        content: `${mark}${item}${mark}`,
        ...(reasoning && { reasoning: `${mark}reasoning${mark}` })
      }
    })
    return Result.map(this.language.render(messages, tools), (text) => text.split(mark))
  }

  /** Where reasoning is shown, a completion is whole and begins behind the header; elsewhere it is its answer. */
  private piecesOf(parts: ReadonlyArray<string>): ReadonlyArray<Piece> {
    const { encode, header } = this.language
    const known = new Map(this.pieces.flatMap((piece) => "text" in piece ? [[piece.text, piece] as const] : []))
    const pieceOf = (text: string): Text => known.get(text) ?? { text, ids: encode(text) }
    const pieces: Array<Piece> = []
    let whole = false
    for (let i = 0; i < parts.length; i += 2) {
      const text = parts[i] ?? ""
      const mark = parts[i + 1]
      if (mark === "reasoning") {
        pieces.push(pieceOf(text.slice(0, text.lastIndexOf(header) + header.length)))
        whole = true
        continue
      }
      if (!whole) pieces.push(pieceOf(text))
      if (mark !== undefined) pieces.push(this.saidOf(Number(mark), whole))
      whole = false
    }
    return pieces
  }

  private saidOf(index: number, whole: boolean): Said {
    return { index, from: whole ? 0 : this.completions[index]?.reasoning.length ?? 0 }
  }

  private idsOf(piece: Piece): Int32Array {
    return "text" in piece ? piece.ids : this.completions[piece.index]?.ids.subarray(piece.from) ?? noTokens
  }

  /** A text behind a completion. Templates end every message; where its end was sampled, theirs is left out. */
  private behind(index: number, ids: Int32Array): Int32Array {
    const { stop } = this.language
    const last = this.completions[index]?.ids.at(-1)
    const [first] = ids
    return last !== undefined && first !== undefined && stop.includes(last) && stop.includes(first)
      ? ids.subarray(1)
      : ids
  }
}

export const open = (language: Language, tools: ReadonlyArray<ToolDocument>): Dialogue => {
  const dialogue = new ChatDialogue(language, tools)
  return { prompt: (messages) => dialogue.prompt(messages), said: (completion) => dialogue.said(completion) }
}
