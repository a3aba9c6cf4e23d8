/**
 * What a chat-completions server answered, told apart by what to do about it.
 *
 * What the model wrote is data, however odd: no text, calls of tools that are not there, arguments that are no JSON. What
 * the server did wrong is asked for again: an answer that is cut, is no JSON or is no chat completion, 408, 409, 425,
 * 429 and 5xx. Any other status is a refusal, except that a conversation too long for the model is data again.
 */
import { Option, Result, Schema } from "effect"
import type { Message, ToolCall } from "../Message.ts"
import type { Completion, Usage } from "../Policy.ts"

export type Reply =
  | { readonly _tag: "Said"; readonly completion: Completion }
  /** The conversation and the new tokens do not fit. `room`: tokens that would, where the server says so. */
  | { readonly _tag: "Full"; readonly room: number }
  /** `after`: milliseconds that the server asked to wait. */
  | { readonly _tag: "Again"; readonly detail: string; readonly after?: number }
  | { readonly _tag: "Refused"; readonly status: number; readonly detail: string }

/** An HTTP response whose body has arrived. */
export interface Received {
  readonly status: number
  readonly body: string
  readonly retryAfter?: string | undefined
}

const nullable = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

const Call = Schema.Struct({
  id: nullable(Schema.String),
  function: Schema.Struct({
    name: Schema.String,
    /** JSON text; some servers parse it. */
    arguments: Schema.Json
  })
})

const Counts = Schema.Struct({
  prompt_tokens: Schema.Natural,
  completion_tokens: Schema.Natural,
  prompt_tokens_details: nullable(Schema.Struct({ cached_tokens: nullable(Schema.Natural) }))
})

const Answer = Schema.Struct({
  message: Schema.Struct({
    content: nullable(Schema.String),
    reasoning_content: nullable(Schema.String),
    reasoning: nullable(Schema.String),
    tool_calls: nullable(Schema.Array(Call))
  }),
  finish_reason: nullable(Schema.String)
})

const ChatCompletion = Schema.Struct({
  choices: Schema.NonEmptyArray(Answer),
  usage: nullable(Counts)
})

const decodeChat = Schema.decodeUnknownResult(ChatCompletion)

const Problem = Schema.Struct({
  message: Schema.String,
  code: nullable(Schema.Union([Schema.String, Schema.Finite])),
  type: nullable(Schema.String)
})

/** Servers put what went wrong under `error`, under `detail`, or nowhere. */
const decodeProblem = Schema.decodeUnknownOption(Schema.Union([
  Schema.Struct({ error: Problem }),
  Schema.Struct({ error: Schema.String }),
  Schema.Struct({ detail: Schema.Unknown }),
  Problem
]))

const parsed = (text: string): Option.Option<unknown> => Option.liftThrowable((): unknown => JSON.parse(text))()

const excerpt = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ").trim()
  return line.length > 300 ? `${line.slice(0, 300)}...` : line
}

interface Trouble {
  readonly says: string
  /** The server's word for the kind of it, where it has one. */
  readonly kind: string
}

const troubleOf = (body: string): Trouble => {
  const problem = Option.flatMap(parsed(body), decodeProblem)
  if (Option.isNone(problem)) return { says: excerpt(body), kind: "" }
  const found = problem.value
  if ("detail" in found) {
    return { says: excerpt(typeof found.detail === "string" ? found.detail : JSON.stringify(found.detail)), kind: "" }
  }
  const error = "error" in found ? found.error : found
  if (typeof error === "string") return { says: excerpt(error), kind: "" }
  return { says: excerpt(error.message), kind: `${error.code ?? ""} ${error.type ?? ""}` }
}

const again: ReadonlyArray<number> = [408, 409, 425, 429]

const overfull = /context[ _](length|size|window)|maximum context|too long for the model/i

/** Tokens that are left, by a server that names the size of its context and of the prompt (vLLM's words). */
const roomIn = (says: string): number => {
  const [, size] = /(?:maximum )?context length (?:is|of)(?: only)? (\d+)/i.exec(says) ?? []
  const [, prompt] = /(\d+) (?:input tokens|tokens? (?:in|from) the (?:messages|input)|in the messages)/i.exec(says) ??
    []
  return size === undefined || prompt === undefined ? 0 : Math.max(0, Number(size) - Number(prompt))
}

/** Milliseconds from `now` that `Retry-After` asks to wait: whole seconds, or the date of an HTTP header. */
export const retryAfter = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

const callOf = ({ function: { arguments: given, name }, id }: typeof Call.Type, fallback: string): ToolCall => ({
  id: id ?? fallback,
  name,
  arguments: typeof given === "string" ? given : JSON.stringify(given)
})

const messageOf = (
  { message: { content, reasoning, reasoning_content, tool_calls } }: typeof Answer.Type,
  step: number
): Message => {
  const thought = reasoning_content ?? reasoning
  const calls = tool_calls ?? []
  return {
    role: "assistant",
    content: content ?? "",
    ...(thought !== undefined && thought !== null && thought !== "" && { reasoning: thought }),
    ...(calls.length > 0 && { toolCalls: calls.map((call, i) => callOf(call, `call_${step}_${i}`)) })
  }
}

const usageOf = (counts: typeof Counts.Type): Usage => ({
  prompt: counts.prompt_tokens,
  cached: counts.prompt_tokens_details?.cached_tokens ?? 0,
  completion: counts.completion_tokens
})

const said = (body: string, step: number): Reply => {
  const json = parsed(body)
  if (Option.isNone(json)) return { _tag: "Again", detail: `the answer is no JSON: ${excerpt(body)}` }
  const chat = decodeChat(json.value)
  if (Result.isFailure(chat)) return { _tag: "Again", detail: `the answer is no chat completion: ${excerpt(body)}` }
  const { choices: [answer], usage } = chat.success
  return {
    _tag: "Said",
    completion: {
      message: messageOf(answer, step),
      stop: answer.finish_reason === "length" ? "length" : "stop",
      ...(usage !== undefined && usage !== null && { usage: usageOf(usage) })
    }
  }
}

/** Reads the answer to the request for message number `step` of an episode, at the time `now`. */
export const read = ({ body, retryAfter: header, status }: Received, step: number, now: number): Reply => {
  if (status >= 200 && status < 300) return said(body, step)
  const { kind, says } = troubleOf(body)
  const detail = `HTTP ${status}${says === "" ? "" : `: ${says}`}`
  // No credit is left: waiting brings none.
  if (status === 429 && kind.includes("insufficient_quota")) return { _tag: "Refused", status, detail }
  if (again.includes(status) || status >= 500) {
    const after = retryAfter(header, now)
    return { _tag: "Again", detail, ...(after !== undefined && { after }) }
  }
  return overfull.test(`${kind} ${says}`) ? { _tag: "Full", room: roomIn(says) } : { _tag: "Refused", status, detail }
}
