/**
 * Who may read: a page of another site must not, even when it makes a browser on this machine ask, and on a network nobody
 * may without the token.
 */
import { Effect } from "effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"

const loopback = ["localhost", "127.0.0.1", "[::1]", "::1"]

export const isLoopback = (host: string): boolean => loopback.includes(host)

/** The name in a Host header, without the port. */
const nameIn = (header: string): string => header.replace(/:\d+$/, "")

const cookie = "envtune_token"

/** Takes as long for every wrong token of the right length. */
const equal = (given: string, token: string): boolean => {
  let difference = given.length ^ token.length
  for (let i = 0; i < token.length; i++) {
    difference |= given.charCodeAt(i % Math.max(1, given.length)) ^ token.charCodeAt(i)
  }
  return difference === 0
}

/** Everything is from here, nothing is framed, and no text can become a script. */
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
  + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const secured = HttpServerResponse.setHeaders({
  "content-security-policy": policy,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store"
})

const refused = (status: number, sentence: string) =>
  HttpServerResponse.text(`${sentence}\n`, { status, headers: { "x-content-type-options": "nosniff" } })

/** `?token=T` is exchanged for a cookie, and leaves the address. */
const entering = (url: URL, token: string) => {
  url.searchParams.delete("token")
  return HttpServerResponse.redirect(`${url.pathname}${url.search}`).pipe(
    HttpServerResponse.setCookieUnsafe(cookie, token, { httpOnly: true, sameSite: "strict", path: "/" })
  )
}

/** Lets requests through that come from here, or with the token, where there is one. */
export const guard = (host: string, token: string | undefined) =>
  HttpRouter.middleware(
    (answer) =>
      Effect.gen(function*() {
        const request = yield* HttpServerRequest.HttpServerRequest
        if (isLoopback(host) && !isLoopback(nameIn(request.headers["host"] ?? ""))) {
          return refused(403, "this viewer answers to the names of this machine only")
        }
        if (token !== undefined) {
          const url = new URL(request.url, "http://viewer")
          const asked = url.searchParams.get("token")
          if (asked !== null && equal(asked, token)) return entering(url, token)
          const bearer = (request.headers["authorization"] ?? "").replace(/^Bearer /, "")
          if (!equal(request.cookies[cookie] ?? bearer, token)) {
            return refused(401, "this viewer needs its token: open /?token=...")
          }
        }
        return secured(yield* answer)
      }),
    { global: true }
  )
