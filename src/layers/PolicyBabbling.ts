/** The policy that makes the text a base model is pre-trained on (domain/drills/Babble). */
import { Effect, Layer } from "effect"
import { babble } from "../domain/drills/Babble.ts"
import { lines } from "../domain/drills/Documents.ts"
import type { Message } from "../domain/Message.ts"
import { Policy } from "../domain/Policy.ts"
import * as Protocol from "../domain/Protocol.ts"
import * as Seed from "../domain/Seed.ts"

const isRequest = ({ content, role }: Message): boolean => role === "user" && !Protocol.isReply(content)

const announced = (message: Message): ReadonlyArray<string> =>
  [...lines.keys()].filter((tool) => message.content.includes(`${tool}(`))

export const layer: Layer.Layer<Policy> = Layer.succeed(
  Policy,
  Policy.of({
    open: (context) =>
      Effect.sync(() => {
        const draws = new Seed.Draws(context.seed)
        const messages: Array<Message> = []
        const tools = new Set(context.tools.map(({ name }) => name))
        let request = 0
        return {
          act: (observed) =>
            Effect.sync(() => {
              for (const message of observed) {
                messages.push(message)
                if (!isRequest(message)) continue
                request = messages.length - 1
                for (const tool of announced(message)) tools.add(tool)
              }
              const message: Message = {
                role: "assistant",
                content: babble(draws, { tools: [...tools], messages, request })
              }
              messages.push(message)
              return { message, stop: "stop" as const }
            })
        }
      })
  })
)
