/** Messages and tools as chat templates take them: Python's values, in the form of `transformers`. */
import { Result } from "effect"
import type { Message, ToolCall, ToolDocument } from "../Message.ts"
import { loads } from "../python/Json.ts"
import { PythonError } from "../python/PythonError.ts"
import { Dict, type Value } from "../python/Value.ts"

/** Arguments as the value they are; as text where they are none, which some templates print as it is. */
const argumentsOf = (text: string): Value => {
  try {
    return loads(text)
  } catch (error) {
    if (error instanceof PythonError) return text
    throw error
  }
}

const callOf = ({ arguments: given, id, name }: ToolCall): Dict => {
  const call = Dict.of({ type: "function", function: Dict.of({ name, arguments: argumentsOf(given) }) })
  if (id !== undefined) call.set("id", id)
  return call
}

export const ofMessage = ({ content, name, reasoning, role, toolCallId, toolCalls = [] }: Message): Dict => {
  const message = Dict.of({ role, content })
  if (toolCalls.length > 0) message.set("tool_calls", toolCalls.map(callOf))
  if (reasoning !== undefined) message.set("reasoning_content", reasoning)
  if (toolCallId !== undefined) message.set("tool_call_id", toolCallId)
  if (name !== undefined) message.set("name", name)
  return message
}

const known = new WeakMap<ToolDocument, Value>()

/** A tool's own document, or which tool has none. Read once, however many prompts show it. */
export const ofTool = (tool: ToolDocument): Result.Result<Value, string> => {
  if (tool.raw === undefined) return Result.fail(`the tool ${tool.name} has no document to show`)
  let document = known.get(tool)
  if (document === undefined) known.set(tool, document = loads(JSON.stringify(tool.raw)))
  return Result.succeed(document)
}
