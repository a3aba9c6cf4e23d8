/**
 * The requests of an episode to a chat-completions API (`POST /chat/completions`), each a function of the messages so
 * far, the sampling and a seed: whoever has those has the body, byte for byte.
 *
 * Messages are turned into JSON once, when they are added, however often they are sent. Thoughts are not sent back.
 */
import type { Message, ToolCall, ToolDocument } from "../Message.ts"
import type { Sampling } from "../Policy.ts"
import * as Toolbox from "./Toolbox.ts"

/** What a server calls the bound on new tokens; hosted reasoning models know the second name only. */
export type LimitName = "max_tokens" | "max_completion_tokens"

export interface Options {
  readonly model: string
  readonly limitName: LimitName
  /** Whether tools go with the requests. They are in the words of the environment otherwise. */
  readonly tools: boolean
}

const known = new WeakMap<ReadonlyArray<ToolDocument>, Toolbox.Toolbox>()

/** The episodes of a task share their documents, and so what becomes of them. */
const toolboxOf = (tools: ReadonlyArray<ToolDocument>): Toolbox.Toolbox => {
  let toolbox = known.get(tools)
  if (toolbox === undefined) known.set(tools, toolbox = Toolbox.make(tools))
  return toolbox
}

const callJson = ({ arguments: given, id, name }: ToolCall, { spelled }: Toolbox.Toolbox) => ({
  id,
  type: "function",
  function: { name: spelled(name), arguments: given }
})

const messageJson = (message: Message, toolbox: Toolbox.Toolbox): string => {
  const { content, name, role, toolCallId, toolCalls = [] } = message
  return JSON.stringify({
    role,
    // A message that only calls has no text at all.
    content: content === "" && toolCalls.length > 0 ? null : content,
    ...(name !== undefined && { name }),
    ...(toolCallId !== undefined && { tool_call_id: toolCallId }),
    ...(toolCalls.length > 0 && { tool_calls: toolCalls.map((call) => callJson(call, toolbox)) })
  })
}

/** The conversation of an episode, as it is sent. */
export class Conversation {
  private readonly options: Options
  private toolbox: Toolbox.Toolbox
  private messages = ""

  constructor(tools: ReadonlyArray<ToolDocument>, options: Options) {
    this.options = options
    this.toolbox = toolboxOf(tools)
  }

  /** Messages that came after all others. Tools that one brings take the place of those before. */
  add(messages: ReadonlyArray<Message>): void {
    for (const message of messages) {
      if (message.tools !== undefined) this.toolbox = toolboxOf(message.tools)
      this.messages += `${this.messages === "" ? "" : ","}${messageJson(message, this.toolbox)}`
    }
  }

  /** The tool that a reply calls. */
  named(spelled: string): string {
    return this.toolbox.named(spelled)
  }

  /** The body of the request for the next message, JSON text. */
  body({ maxTokens, temperature }: Sampling, seed: number): string {
    const { limitName, model, tools } = this.options
    const offered = tools && this.toolbox.json !== "[]"
      ? `,"tools":${this.toolbox.json},"parallel_tool_calls":true`
      : ""
    return `{"model":${JSON.stringify(model)},"messages":[${this.messages}]${offered},"temperature":${temperature},`
      + `"${limitName}":${maxTokens},"seed":${seed},"stream":false}`
  }
}
