/** A server that answers from a list, for the client alone: what it says is the test's, and it keeps what it was asked. */
import { Effect, Layer } from "effect"
import type { HttpBody } from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as TinkerClientHttp from "../../../src/layers/TinkerClientHttp.ts"

export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly bytes: Uint8Array
}

export type Reply =
  | {
    readonly status?: number
    readonly json?: unknown
    readonly text?: string
    readonly proto?: Uint8Array
    readonly headers?: Record<string, string>
  }
  /** The connection stays open and nothing comes. */
  | "silence"
  /** The connection breaks. */
  | "drop"

const bytesOf = (body: HttpBody): Uint8Array => body._tag === "Uint8Array" ? body.body : new Uint8Array()

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A client for a server that answers like this. */
export const httpClient = (answer: (asked: Asked) => Reply): HttpClient.HttpClient =>
  HttpClient.make((request, url) => {
    const bytes = bytesOf(request.body)
    const reply = answer({
      method: request.method,
      path: (url.pathname + url.search).replace("/api/v1/", ""),
      headers: request.headers,
      body: parsed(new TextDecoder().decode(bytes)),
      bytes
    })
    if (reply === "silence") return Effect.never
    if (reply === "drop") {
      return Effect.fail(
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.TransportError({ request, cause: new Error("ECONNRESET") })
        })
      )
    }
    const { headers = {}, json, proto, status = 200, text } = reply
    const type = proto === undefined ? "application/json" : "application/x-protobuf"
    const content = proto === undefined ? text ?? JSON.stringify(json) : Uint8Array.from(proto)
    const body = status === 204 ? undefined : content
    return Effect.succeed(
      HttpClientResponse.fromWeb(
        request,
        new Response(body ?? null, { status, headers: { "content-type": type, ...headers } })
      )
    )
  })

export const layer = (
  answer: (asked: Asked) => Reply,
  options: Partial<TinkerClientHttp.Options> = {}
) =>
  TinkerClientHttp.layer({ url: "http://server", ...options }).pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, httpClient(answer)))
  )

/** Answers from a list, one a request and the last of it for ever; what was asked is in `asked`. The client's own questions have answers. */
export const script = (replies: ReadonlyArray<Reply>, config: unknown = {}) => {
  const asked: Array<Asked> = []
  const left = [...replies]
  const answer = (request: Asked): Reply => {
    if (request.path === "client/config") return { json: config }
    asked.push(request)
    return (left.length > 1 ? left.shift() : left[0]) ?? { status: 500, json: { detail: "nothing left to say" } }
  }
  return { asked, answer }
}
