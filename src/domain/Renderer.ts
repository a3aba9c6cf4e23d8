/**
 * Messages to token ids and back. Token ids are the truth: what was sampled is never
 * tokenised again, and a prompt takes the ids of the past as they were.
 */
import { Context, type Result, Schema } from "effect"
import type { Message, ToolDocument } from "./Message.ts"

/** A model's folder that lacks a file, or has one that cannot be used. */
export class ModelUnusable extends Schema.TaggedError<ModelUnusable>()("ModelUnusable", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.path}: ${this.detail}`
  }
  readonly isRetryable = false
}

/** A conversation that the model's language has no form for. */
export class ConversationRefused extends Schema.TaggedError<ConversationRefused>()("ConversationRefused", {
  detail: Schema.String
}) {
  override get message() {
    return `the conversation cannot be rendered: ${this.detail}`
  }
  readonly isRetryable = false
}

export class RendererError extends Schema.TaggedError<RendererError>()("RendererError", {
  reason: Schema.Union([ModelUnusable, ConversationRefused])
}) {
  override get message() {
    return this.reason.message
  }
  get isRetryable() {
    return this.reason.isRetryable
  }
}

/** A conversation as its model reads it, one prompt after the other. */
export interface Dialogue {
  /**
   * The ids of the whole prompt for the next assistant message. `messages` are those that are new; the first call brings
   * the opening. Later prompts leave it as it is.
   */
  readonly prompt: (messages: ReadonlyArray<Message>) => Result.Result<Int32Array, RendererError>
  /** What was sampled after the last prompt, whether or not it ended with a stop id. */
  readonly said: (completion: Int32Array) => void
}

export class Renderer extends Context.Service<Renderer, {
  /** Ids are below it. */
  readonly vocabularySize: number
  /** Changes whenever an id changes its meaning; saved with weights. */
  readonly vocabularyHash: string
  /** Ids that end an assistant message. */
  readonly stop: ReadonlyArray<number>
  /**
   * Whether a prompt begins with the prompt and the completion before it as long as the tools stay the same. Where it
   * need not, as with templates that drop old reasoning, an episode may become several segments (Segment.ts).
   */
  readonly preservesHistory: boolean
  /** A conversation with tools that are shown in the language's own form; with none where messages tell of them. */
  readonly open: (tools: ReadonlyArray<ToolDocument>) => Dialogue
  /** What a completion spells, without a stop id that only ends it. */
  readonly spoken: (completion: Int32Array) => string
  /** The same with reasoning and calls apart; what looks like a call and is none stays in the content. */
  readonly parse: (completion: Int32Array) => Message
  /** The text of any token ids, for reports. */
  readonly text: (tokens: Int32Array) => string
}>()("envtune/domain/Renderer") {}
