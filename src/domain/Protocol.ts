/**
 * The paper's training protocol: a message is a thought and then either tool calls or an answer, and the results of
 * calls come back as a user's text. Whichever environment speaks it (BFCL's, tools by Schema), its texts are these.
 */
import type { Schema } from "effect"
import type { Message, ToolCall } from "./Message.ts"
import * as Json from "./python/Json.ts"
import { PythonError } from "./python/PythonError.ts"
import { strip } from "./python/Text.ts"
import { Dict } from "./python/Value.ts"

/** A turn may have six steps: five after which it goes on, and one that ends it. */
export const maximumAttempts = 5

const complaint = "Error: "

const opening = "Here are the function's execution results."

/** What the user says after calls: their results, and that the agent may go on or answer. */
export const resultsText = (results: ReadonlyArray<string>): string =>
  `${opening} Execution results:${Json.dumps([...results], { ensureAscii: false })}` +
  "\n If you believe you have already fulfilled the user's request, please first outline your thought process in a " +
  "<think></think>pair, and then give a brief summary of the result in an <answer></answer> pair. Otherwise, you should " +
  "continue to call until fulfilling user's request."

/** Whether a user's text is the protocol's: results of calls, or what is wrong with a message; any other is a request. */
export const isReply = (content: string): boolean => content.startsWith(opening) || content.startsWith(complaint)

const think = (thought: string): string => `<think>${thought}</think>`

/** A message that calls tools; `content` is JSON, of one call or of a list of calls. */
export const toolCall = (content: string, thought = ""): string =>
  `${think(thought)}\n<tool_call>\n${content}\n</tool_call>`

/** A message that calls one tool. */
export const call = (name: string, given: Schema.JsonObject = {}, thought = ""): string =>
  toolCall(JSON.stringify([{ name, arguments: given }]), thought)

/** A message that ends the turn. */
export const answer = (text: string, thought = ""): string => `${think(thought)}\n<answer>${text}</answer>`

/** A message of the paper's protocol, taken apart by its tags. */
export type Response =
  /** `content` is JSON, written anew. */
  | { readonly kind: "tool_call"; readonly content: string }
  | { readonly kind: "answer"; readonly content: string }
  /** `error` is what the user says about it. */
  | { readonly kind: "malformed"; readonly content: string; readonly error: string }

/** What is between `open` and `close`, and the text without them: as `open(.*?)close` finds them, in linear time. */
export const between = (
  text: string,
  open: string,
  close: string
): { readonly bodies: ReadonlyArray<string>; readonly rest: string } => {
  const bodies: Array<string> = []
  let rest = ""
  let from = 0
  for (;;) {
    const start = text.indexOf(open, from)
    const end = start < 0 ? -1 : text.indexOf(close, start + open.length)
    if (end < 0) return { bodies, rest: rest + text.slice(from) }
    bodies.push(text.slice(start + open.length, end))
    rest += text.slice(from, start)
    from = end + close.length
  }
}

const taken = (text: string, tag: string) => between(text, `<${tag}>`, `</${tag}>`)

/** The paper's `parse_model_response`: one thought, and either tool calls or an answer, and nothing else. */
export const parseResponse = (text: string): Response => {
  const malformed = (error: string): Response => ({ kind: "malformed", content: text, error: `${complaint}${error}` })
  const tooMany = (tag: string): Response =>
    malformed(`Multiple <${tag}></${tag}> tag pairs found. Only one pair is allowed.`)
  const thoughts = taken(text, "think")
  if (thoughts.bodies.length === 0) return malformed("Missing <think></think> tags")
  if (thoughts.bodies.length > 1) return tooMany("think")
  const called = taken(text, "tool_call").bodies
  const answered = taken(text, "answer").bodies
  if (called.length > 1) return tooMany("tool_call")
  if (answered.length > 1) return tooMany("answer")
  const [call] = called
  const [answer] = answered
  if (call !== undefined && answer !== undefined) {
    return malformed("Response cannot contain both <tool_call> and <answer> tags")
  }
  if (call === undefined && answer === undefined) {
    return malformed("Response must contain either <tool_call> or <answer> tags")
  }
  const { rest } = taken(thoughts.rest, call === undefined ? "answer" : "tool_call")
  if (strip(rest) !== "") return malformed("Response must not contain text outside the required XML tags")
  if (answer !== undefined) return { kind: "answer", content: strip(answer) }
  try {
    return { kind: "tool_call", content: Json.dumps(Json.loadsCall(strip(call ?? ""))) }
  } catch (error) {
    if (error instanceof PythonError) return malformed(`Invalid JSON inside <tool_call>: ${error.message}`)
    throw error
  }
}

/** Calls as the paper reads them: what is no call is left out, and so are arguments that are no object. */
const callsOf = (content: string): ReadonlyArray<ToolCall> => {
  const parsed = Json.loads(content)
  return (Array.isArray(parsed) ? parsed : [parsed]).flatMap((item) => {
    const name = item instanceof Dict ? item.get("name") : undefined
    const given = item instanceof Dict ? item.get("arguments") : undefined
    if (typeof name !== "string") return []
    return [{ name, arguments: Json.dumps(given instanceof Dict ? given : new Dict(), { ensureAscii: false }) }]
  })
}

/** A message of the protocol as one of function calling; what is malformed is its content as it is. */
export const messageOf = (text: string): Message => {
  const response = parseResponse(text)
  if (response.kind === "malformed") return { role: "assistant", content: text }
  const [reasoning = ""] = taken(text, "think").bodies
  const toolCalls = response.kind === "tool_call" ? callsOf(response.content) : []
  return {
    role: "assistant",
    content: response.kind === "answer" ? response.content : "",
    ...(reasoning !== "" && { reasoning }),
    ...(toolCalls.length > 0 && { toolCalls })
  }
}
