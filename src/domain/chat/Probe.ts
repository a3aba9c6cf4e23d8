/**
 * What a chat template does, found out by conversations that are rendered with it: how an assistant's message begins,
 * whether tools are shown, whether reasoning is, and whether the past stays as it was.
 */
import { Result } from "effect"
import type { Message, ToolDocument } from "../Message.ts"
import * as Dialogue from "./Dialogue.ts"

/**
 * The text of a conversation and, when `generation` says so, of how the next assistant message begins; or what the
 * template has against it.
 */
export type Render = (
  messages: ReadonlyArray<Message>,
  tools: ReadonlyArray<ToolDocument>,
  generation: boolean
) => Result.Result<string, string>

const user = (content: string): Message => ({ role: "user", content })

const probe: ToolDocument = {
  name: "probe_of_tools",
  description: "Shows whether tools are shown.",
  parameters: [],
  raw: {
    type: "function",
    function: { name: "probe_of_tools", description: "", parameters: { type: "object", properties: {}, required: [] } }
  }
}

/** What is read before each of the probes' completions. */
const probes: ReadonlyArray<ReadonlyArray<ReadonlyArray<Message>>> = [
  [[user("One.")], [user("Two.")], [user("Three.")]],
  [[user("One.")], [{ role: "tool", content: "1" }, { role: "tool", content: "2" }], [user("Two.")], [user("Three.")]]
]

/** What a template writes when an assistant message is to be generated, and not otherwise. */
export const headerOf = (render: Render): Result.Result<string, string> =>
  Result.flatMap(
    render([user("One.")], [], false),
    (before) =>
      Result.flatMap(render([user("One.")], [], true), (text) =>
        text.startsWith(before)
          ? Result.succeed(text.slice(before.length))
          : Result.fail("it changes what was said before when an assistant message is to be generated"))
  )

/** Whether a template shows tools at all. */
export const showsTools = (render: Render): boolean =>
  Result.match(render([user("One.")], [probe], true), {
    onFailure: () => false,
    onSuccess: (text) => text.includes(probe.name)
  })

/** Whether reasoning of a message before a tool's result is shown, behind the header and the tag that a model samples. */
export const showsReasoning = (render: Render, header: string): boolean => {
  const messages: ReadonlyArray<Message> = [
    user("One."),
    { role: "assistant", content: "Two.", reasoning: "Hm." },
    { role: "tool", content: "3" }
  ]
  return Result.match(render(messages, [], true), {
    onFailure: () => false,
    onSuccess: (text) => {
      const at = text.indexOf("Hm.")
      const start = text.lastIndexOf(header, at)
      return at >= 0 && start >= 0 && ["", "<think>"].includes(text.slice(start + header.length, at).trim())
    }
  })
}

/** Whether prompts that are only ever extended are those of the template. A probe that it refuses shows nothing. */
export const preservesHistory = (
  language: Omit<Dialogue.Language, "preservesHistory">,
  completion: Int32Array
): boolean =>
  probes.every((script) => {
    const whole = Dialogue.open({ ...language, preservesHistory: false }, [])
    const extended = Dialogue.open({ ...language, preservesHistory: true }, [])
    return script.every((messages) => {
      const wanted = whole.prompt(messages)
      const got = extended.prompt(messages)
      whole.said(completion)
      extended.said(completion)
      return Result.isFailure(wanted) || Result.isSuccess(got) && got.success.join() === wanted.success.join()
    })
  })
