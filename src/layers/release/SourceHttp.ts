/** A release over HTTP, under a URL. Whatever interrupts a transfer, the next request asks for the rest. */
import { Effect, Stream } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import { type PullError, type ReleaseSource, unavailable } from "../../domain/bfcl/ReleaseSource.ts"

/** A server that says nothing for so long will not. */
const patience = "30 seconds"

/** What went wrong below HTTP: the error that fetch hides behind its own. */
const causeOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : causeOf(error.cause)
}

const broken = (place: string) => ({ reason }: HttpClientError): PullError =>
  unavailable(place, `the connection failed: ${causeOf(reason.cause ?? reason)}`, true)

const silent = (place: string): PullError => unavailable(place, `the server said nothing for ${patience}`, true)

const isTransient = (status: number): boolean => status === 408 || status === 429 || status >= 500

/** Where an answer to a request for a range begins. */
const startOf = (contentRange: string | undefined): number | undefined => {
  const [, start] = /^bytes (\d+)-/.exec(contentRange ?? "") ?? []
  return start === undefined ? undefined : Number(start)
}

/** The package folder, or whatever else holds the files asked for, under `url`. */
export const make = Effect.fnUntraced(function*(url: string) {
  const client = yield* HttpClient.HttpClient
  const base = url.replace(/\/+$/, "")

  const get = Effect.fnUntraced(function*(place: string, from: number) {
    // A compressed answer has no ranges of the file's own bytes.
    const headers = { "accept-encoding": "identity", ...(from > 0 && { range: `bytes=${from}-` }) }
    return yield* client.get(place, { headers }).pipe(
      Effect.mapError(broken(place)),
      Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(silent(place)) })
    )
  })

  const source: ReleaseSource = {
    name: base,
    layout: "package",
    place: ({ path }) => `${base}/${path}`,
    open: Effect.fnUntraced(function*({ path }, from) {
      const place = `${base}/${path}`
      const asked = yield* get(place, from)
      // Not satisfiable: the whole file instead.
      const response = asked.status === 416 && from > 0 ? yield* get(place, 0) : asked
      if (response.status !== 200 && response.status !== 206) {
        return yield* unavailable(place, `HTTP ${response.status}`, isTransient(response.status))
      }
      const start = response.status === 206 ? startOf(response.headers["content-range"]) : 0
      if (start !== 0 && start !== from) return yield* unavailable(place, "the answer is of another range", false)
      const bytes = response.stream.pipe(
        Stream.mapError(broken(place)),
        Stream.timeoutOrElse({ duration: patience, orElse: () => Stream.fail(silent(place)) })
      )
      return { from: start, bytes }
    })
  }
  return source
})
