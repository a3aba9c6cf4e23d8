/** What an agent reads and writes. */

/** A call in the function-calling form: the arguments are JSON text, exactly as the model wrote them. */
export interface ToolCall {
  readonly id?: string
  readonly name: string
  readonly arguments: string
}

export interface Message {
  readonly role: "system" | "user" | "assistant" | "tool"
  readonly content: string
  /** What the model thought before it spoke, where that is told apart. It was not said: no environment reads it. */
  readonly reasoning?: string
  /** Assistant messages of function-calling models. */
  readonly toolCalls?: ReadonlyArray<ToolCall>
  /** Tool messages: the call they answer. */
  readonly toolCallId?: string
  readonly name?: string
  /** The tools that may be called from this message on, all of them, where it changes what they are. */
  readonly tools?: ReadonlyArray<ToolDocument>
}

/** One parameter of a tool, in the words of its document. */
export interface ToolParameter {
  readonly name: string
  /** The document's type name: string, integer, float, boolean, array, dict. */
  readonly type: string
  readonly description: string
  readonly required: boolean
  /** The values the document lists, where it lists them. */
  readonly allowed?: ReadonlyArray<string>
  /** The default the document states, as text. */
  readonly default?: string
}

/**
 * What an agent is told about a tool. `raw` is the document for renderers that show it whole: as its author wrote it, or
 * as an environment compiled it for models that call functions.
 */
export interface ToolDocument {
  readonly name: string
  readonly description: string
  readonly parameters: ReadonlyArray<ToolParameter>
  readonly raw?: unknown
}
