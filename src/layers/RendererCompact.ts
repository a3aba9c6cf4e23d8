/** The drills' language as tokens: a role mark, then the message in phrases, names and bytes. */
import { Layer, Result } from "effect"
import { systemMessage } from "../domain/drills/Documents.ts"
import { type Codec, codec, type Vocabulary } from "../domain/drills/Vocabulary.ts"
import type { Message, ToolDocument } from "../domain/Message.ts"
import { messageOf } from "../domain/Protocol.ts"
import { type Dialogue, Renderer } from "../domain/Renderer.ts"
import { TokenBuffer } from "../domain/TokenBuffer.ts"

/** Tools that are shown are a system message of their own. */
const shown = (tools: ReadonlyArray<ToolDocument>): ReadonlyArray<Message> =>
  tools.length === 0 ? [] : [{ role: "system", content: systemMessage(tools) }]

const render = (own: Codec, messages: ReadonlyArray<Message>): Int32Array => {
  const ids: Array<number> = []
  for (const { content, role } of messages) {
    // Drills have no tool messages of their own: results come back as the user's (the paper's protocol).
    ids.push(own.roleId(role === "tool" ? "user" : role))
    for (const id of own.encode(content)) ids.push(id)
  }
  ids.push(own.roleId("assistant"))
  return Int32Array.from(ids)
}

const open = (own: Codec, tools: ReadonlyArray<ToolDocument>): Dialogue => {
  const tokens = new TokenBuffer()
  let opening = shown(tools)
  return {
    prompt: (messages) => {
      const read = [...opening, ...messages.flatMap((message) => [...shown(message.tools ?? []), message])]
      opening = []
      return Result.succeed(tokens.add(render(own, read)))
    },
    said: (completion) => {
      tokens.add(completion)
    }
  }
}

export const layer = (vocabulary: Vocabulary): Layer.Layer<Renderer> =>
  Layer.sync(Renderer, () => {
    const own = codec(vocabulary)
    const spoken = (completion: Int32Array): string => own.decode(completion)
    return Renderer.of({
      vocabularySize: vocabulary.size,
      vocabularyHash: vocabulary.hash,
      stop: own.endingIds,
      preservesHistory: true,
      open: (tools) => open(own, tools),
      spoken,
      parse: (completion) => messageOf(spoken(completion)),
      text: (tokens) => own.decode(tokens)
    })
  })
