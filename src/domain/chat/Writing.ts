/**
 * What a model writes, taken apart: reasoning, words and calls.
 *
 * A call is taken out of the text only when all of it can be read: a name, and arguments that are a JSON object. What
 * looks like a call and is none stays in the content as it was written, where whoever reads the message finds it.
 */
import { Schema } from "effect"
import type { Message, ToolCall } from "../Message.ts"
import { dumps, loads } from "../python/Json.ts"
import { PythonError } from "../python/PythonError.ts"
import { strip, stripCharacters } from "../python/Text.ts"
import { Dict, type Value } from "../python/Value.ts"

/**
 * `tags`: `<tool_call>{"name": ..., "arguments": {...}}</tool_call>` after the words, as often as there are calls (Hermes,
 * Qwen). `objects`: nothing but `{"name": ..., "parameters": {...}}`, several with `;` or space between (Llama 3.1).
 */
export const CallForm = Schema.Literals(["tags", "objects"])
export type CallForm = typeof CallForm.Type

export interface Style {
  readonly calls: CallForm
  /** Whether what stands before `</think>` is reasoning. */
  readonly reasoning: boolean
}

const readJson = (text: string): Value | undefined => {
  try {
    return loads(text)
  } catch (error) {
    if (error instanceof PythonError) return undefined
    throw error
  }
}

/** A call of a name and arguments, which are an object or the text of one. */
const callOf = (text: string, argumentsKey: string): ToolCall | undefined => {
  const call = readJson(text)
  const name = call instanceof Dict ? call.get("name") : undefined
  const given = call instanceof Dict ? call.get(argumentsKey) : undefined
  if (typeof name !== "string" || given === undefined) return undefined
  const written = typeof given === "string" ? readJson(given) : given
  if (!(written instanceof Dict)) return undefined
  return { name, arguments: typeof given === "string" ? given : dumps(given, { ensureAscii: false }) }
}

/** Where the text that is looked for begins, but not inside a JSON string; -1 when it is not there. */
const indexOutsideStrings = (text: string, wanted: string, from: number): number => {
  for (let at = from; at < text.length; at++) {
    if (text.startsWith(wanted, at)) return at
    if (text[at] !== "\"") continue
    do at += text[at] === "\\" ? 2 : 1
    while (at < text.length && text[at] !== "\"")
  }
  return -1
}

const opening = "<tool_call>"
const closing = "</tool_call>"

const tagged = (text: string): Pick<Message, "content" | "toolCalls"> => {
  const toolCalls: Array<ToolCall> = []
  let content = ""
  let from = 0
  for (;;) {
    const start = text.indexOf(opening, from)
    const body = start + opening.length
    if (start < 0) return { content: content + text.slice(from), toolCalls }
    const end = indexOutsideStrings(text, closing, body)
    const call = end < 0 ? undefined : callOf(strip(text.slice(body, end)), "arguments")
    if (call === undefined) {
      content += text.slice(from, body)
      from = body
      continue
    }
    // The line feed before a call is the template's.
    content += text.slice(from, text[start - 1] === "\n" ? Math.max(from, start - 1) : start)
    toolCalls.push(call)
    from = end + closing.length
  }
}

/** Where the JSON object that begins at `from` ends: behind its last brace, or -1. */
const endOfObject = (text: string, from: number): number => {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    if (text[at] === "{") depth++
    else if (text[at] === "}" && --depth === 0) return at + 1
    else if (text[at] === "\"") {
      do at += text[at] === "\\" ? 2 : 1
      while (at < text.length && text[at] !== "\"")
    }
  }
  return -1
}

const pythonTag = "<|python_tag|>"

const bare = (text: string): Pick<Message, "content" | "toolCalls"> => {
  const given = strip(text)
  const source = given.startsWith(pythonTag) ? strip(given.slice(pythonTag.length)) : given
  const toolCalls: Array<ToolCall> = []
  for (let from = 0; from < source.length;) {
    const end = source[from] === "{" ? endOfObject(source, from) : -1
    const call = end < 0 ? undefined : callOf(source.slice(from, end), "parameters")
    if (call === undefined) return { content: text, toolCalls: [] }
    toolCalls.push(call)
    from = end
    while (from < source.length && " \n;".includes(source[from]!)) from++
  }
  return { content: toolCalls.length === 0 ? text : "", toolCalls }
}

const thinking = "<think>"
const thought = "</think>"

/** Reasoning, which may lack its opening tag where the prompt has written it, or its closing one where it was cut. */
const reasoned = (text: string): { readonly reasoning: string; readonly rest: string } => {
  const end = text.lastIndexOf(thought)
  const from = text.startsWith(thinking) ? thinking.length : 0
  if (end < 0) return from === 0 ? { reasoning: "", rest: text } : { reasoning: text.slice(from), rest: "" }
  return { reasoning: text.slice(from, end), rest: stripCharacters(text.slice(end + thought.length), "\n", "start") }
}

/** The part of a completion that is reasoning. */
export interface Reasoning {
  /** Tokens of it, of its tags, and of the line feeds behind them. A token that is a line feed and more is not one. */
  readonly length: number
  /** Whether there is nothing between its tags. */
  readonly empty: boolean
}

/** The reasoning of a completion of `length` tokens; `textOf(n)` is the text of the first n. */
export const reasoningOf = (length: number, textOf: (n: number) => string): Reasoning => {
  const text = textOf(length)
  const { reasoning } = reasoned(text)
  const empty = stripCharacters(reasoning, "\n") === ""
  const closings = text.split(thought).length
  if (closings === 1) return { length: reasoning === "" ? 0 : length, empty }
  // The fewest tokens that have every closing tag, by halving: texts only get longer.
  let [low, high] = [0, length]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (textOf(middle).split(thought).length === closings) high = middle
    else low = middle + 1
  }
  const feeds = (n: number): boolean => stripCharacters(textOf(n + 1).slice(textOf(n).length), "\n") === ""
  while (low < length && feeds(low)) low++
  return { length: low, empty }
}

/** The assistant's message that a completion spells; `text` is without its stop token. */
export const read = (text: string, style: Style): Message => {
  const { reasoning, rest } = style.reasoning ? reasoned(text) : { reasoning: "", rest: text }
  const { content, toolCalls = [] } = style.calls === "tags" ? tagged(rest) : bare(rest)
  const told = stripCharacters(reasoning, "\n")
  return {
    role: "assistant",
    content,
    ...(told !== "" && { reasoning: told }),
    ...(toolCalls.length > 0 && { toolCalls })
  }
}
