/**
 * Messages to token ids and back. Token ids are the truth: what was sampled is never
 * rendered again, only extended.
 */
import { Context } from "effect"
import type { Message, ToolDocument } from "./Message.ts"

export class Renderer extends Context.Service<Renderer, {
  readonly vocabularySize: number
  /** Changes whenever an id changes its meaning; saved with weights. */
  readonly vocabularyHash: string
  /** Ids that end an assistant message. */
  readonly stop: ReadonlyArray<number>
  /** The context for the first assistant message, up to where it begins. */
  readonly opening: (messages: ReadonlyArray<Message>, tools: ReadonlyArray<ToolDocument>) => Int32Array
  /** What follows an assistant message (whether or not it ended with a stop id), up to where the next one begins. */
  readonly continuation: (messages: ReadonlyArray<Message>, completion: Int32Array) => Int32Array
  /** The assistant message that a completion spells, without its stop id. */
  readonly parse: (completion: Int32Array) => Message
  /** The text of any token ids, for reports. */
  readonly text: (tokens: Int32Array) => string
}>()("envtune/domain/Renderer") {}
