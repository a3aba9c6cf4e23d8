/** A chat-completions server on loopback that does what a test says, however bad. */
import { Effect, Schema } from "effect"
import { createServer, type ServerResponse } from "node:http"

const Body = Schema.fromJsonString(Schema.Struct({
  model: Schema.String,
  messages: Schema.Array(Schema.Struct({ role: Schema.String, content: Schema.NullOr(Schema.String) })),
  seed: Schema.Int,
  temperature: Schema.Finite,
  max_tokens: Schema.optionalKey(Schema.Int)
}))

export interface Asked {
  /** As it arrived. */
  readonly text: string
  readonly body: typeof Body.Type
  readonly key: string | undefined
}

export type Answer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body: string }
  /** Only the first half of the body, and then the socket is closed. */
  | { readonly half: string }
  /** The socket is closed at once. */
  | "dropped"
  /** The socket stays open, and nothing comes. */
  | "silence"

/** A chat completion that says this. */
export const saying = (message: object | string, more: object = {}): Answer => ({
  body: JSON.stringify({
    object: "chat.completion",
    choices: [{
      index: 0,
      message: { role: "assistant", ...typeof message === "string" ? { content: message } : message },
      finish_reason: "stop"
    }],
    usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
    ...more
  })
})

export const refusing = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers,
  body: JSON.stringify({ error: { message } })
})

const send = (response: ServerResponse, answer: Answer): void => {
  if (answer === "silence") return
  if (answer === "dropped") {
    response.destroy()
  } else if ("half" in answer) {
    response.writeHead(200, { "content-type": "application/json", "content-length": answer.half.length })
    response.write(answer.half.slice(0, answer.half.length / 2), () => response.destroy())
  } else {
    response.writeHead(answer.status ?? 200, { "content-type": "application/json", ...answer.headers })
    response.end(answer.body)
  }
}

/** The trial is answered by itself, unless `trial` answers it, and is not among those asked. */
export const make = (
  respond: (asked: Asked, nth: number) => Answer | Promise<Answer>,
  trial: (asked: Asked) => Answer = () => saying("Hello.")
) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly url: string; readonly asked: Array<Asked>; readonly close: () => void }>((resume) => {
      const asked: Array<Asked> = []
      const server = createServer((request, response) => {
        const pieces: Array<Buffer> = []
        request.on("data", (piece: Buffer) => pieces.push(piece))
        request.on("end", async () => {
          const text = Buffer.concat(pieces).toString()
          const one = { text, body: Schema.decodeSync(Body)(text), key: request.headers.authorization }
          if (one.body.messages.length === 1 && one.body.messages[0]?.content === "Hello") {
            send(response, trial(one))
          } else {
            asked.push(one)
            send(response, await respond(one, asked.length - 1))
          }
        })
      })
      server.listen({ port: 0, host: "127.0.0.1", backlog: 2048 }, () => {
        const address = server.address()
        const port = typeof address === "object" ? address?.port : 0
        resume(Effect.succeed({
          url: `http://127.0.0.1:${port}/v1`,
          asked,
          close: () => {
            server.closeAllConnections()
            server.close()
          }
        }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )
