/** The drills' language as tokens: a role mark, then the message in phrases, names and bytes. */
import { Layer } from "effect"
import { type Codec, codec, type Vocabulary } from "../domain/drills/Vocabulary.ts"
import type { Message } from "../domain/Message.ts"
import { Renderer } from "../domain/Renderer.ts"

const render = (own: Codec, messages: ReadonlyArray<Message>): Array<number> => {
  const ids: Array<number> = []
  for (const { content, role } of messages) {
    // Drills have no tool messages of their own: results come back as the user's (the paper's protocol).
    ids.push(own.roleId(role === "tool" ? "user" : role))
    for (const id of own.encode(content)) ids.push(id)
  }
  ids.push(own.roleId("assistant"))
  return ids
}

export const layer = (vocabulary: Vocabulary): Layer.Layer<Renderer> =>
  Layer.sync(Renderer, () => {
    const own = codec(vocabulary)
    return Renderer.of({
      vocabularySize: vocabulary.size,
      vocabularyHash: vocabulary.hash,
      stop: own.endingIds,
      opening: (messages) => Int32Array.from(render(own, messages)),
      continuation: (messages) => Int32Array.from(render(own, messages)),
      parse: (completion) => ({ role: "assistant", content: own.decode(completion) }),
      text: (tokens) => own.decode(tokens)
    })
  })
