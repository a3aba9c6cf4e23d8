/**
 * Recordings of what `transformers` makes of conversations (`apply_chat_template`), a conversation a line: the tools, the
 * messages, and of several of its beginnings how long they are in tokens and what their ids and texts hash to.
 */
import { Result, Schema } from "effect"
import type { Message, ToolCall, ToolDocument } from "../Message.ts"
import { dumps, loads } from "../python/Json.ts"
import { PythonError } from "../python/PythonError.ts"
import { Dict, type Value } from "../python/Value.ts"
import { Family } from "./Family.ts"

const Render = Schema.Struct({
  family: Family,
  /** How many messages of the conversation. */
  upto: Schema.Natural,
  /** Whether an assistant message is to be generated. */
  generation: Schema.Boolean,
  /** Absent in the sense of Python's None where the family has no such choice. */
  thinking: Schema.NullOr(Schema.Boolean),
  /** Tokens. */
  n: Schema.Natural,
  /** SHA-256 of the ids as little-endian 32-bit integers. */
  ids: Schema.String,
  /** SHA-256 of the text in UTF-8. */
  text: Schema.String,
  full_ids: Schema.optionalKey(Schema.Array(Schema.Int))
})
export type Render = typeof Render.Type

const Line = Schema.Struct({
  id: Schema.String,
  tools: Schema.Array(Schema.Struct({
    type: Schema.Literal("function"),
    function: Schema.Struct({ name: Schema.String, description: Schema.String, parameters: Schema.Unknown })
  })),
  messages: Schema.Array(Schema.Struct({
    role: Schema.Literals(["system", "user", "assistant", "tool"]),
    content: Schema.String,
    tool_calls: Schema.optionalKey(Schema.Array(Schema.Struct({
      type: Schema.Literal("function"),
      function: Schema.Struct({ name: Schema.String, arguments: Schema.Unknown })
    }))),
    reasoning_content: Schema.optionalKey(Schema.String)
  })),
  renders: Schema.Array(Render)
})

export interface Recording {
  readonly id: string
  readonly tools: ReadonlyArray<ToolDocument>
  readonly messages: ReadonlyArray<Message>
  readonly renders: ReadonlyArray<Render>
}

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Line))

/** What lies in a document at a path of keys and indices. */
const at = (value: Value, ...path: ReadonlyArray<string | number>): Value =>
  path.reduce<Value>((found, step) => {
    if (typeof step === "number") return Array.isArray(found) ? found[step] ?? null : null
    return found instanceof Dict ? found.get(step) ?? null : null
  }, value)

/** A line, or what is wrong with it. Arguments keep the kinds of their numbers, which only Python's reader sees. */
export const read = (line: string): Result.Result<Recording, string> => {
  const decoded = decode(line, { errors: "all", onExcessProperty: "error" })
  if (Result.isFailure(decoded)) return Result.fail(decoded.failure.message)
  const { id, messages, renders, tools } = decoded.success
  try {
    const whole = loads(line)
    const callsOf = (i: number): ReadonlyArray<ToolCall> =>
      (messages[i]?.tool_calls ?? []).map(({ function: { name } }, j) => ({
        name,
        arguments: dumps(at(whole, "messages", i, "tool_calls", j, "function", "arguments"), { ensureAscii: false })
      }))
    return Result.succeed({
      id,
      renders,
      tools: tools.map((raw) => ({
        name: raw.function.name,
        description: raw.function.description,
        parameters: [],
        raw
      })),
      messages: messages.map(({ content, reasoning_content: reasoning, role }, i) => {
        const toolCalls = callsOf(i)
        return {
          role,
          content,
          ...(reasoning !== undefined && { reasoning }),
          ...(toolCalls.length > 0 && { toolCalls })
        }
      })
    })
  } catch (error) {
    if (error instanceof PythonError) return Result.fail(error.message)
    throw error
  }
}
