/** A token in the place of an API key, for servers that want one (spec: tinker, 1.1). */
import { Clock, Effect, Option, Result, Schema, Semaphore } from "effect"
import * as Base64Url from "effect/encoding/Base64Url"

const Claims = Schema.fromJsonString(Schema.Struct({ exp: Schema.Finite }))
const decodeClaims = Schema.decodeUnknownOption(Claims)

/** When a token ends, in seconds since 1970; one that does not say is not kept. */
const expiry = (jwt: string): number =>
  Base64Url.decodeString(jwt.split(".")[1] ?? "").pipe(
    Result.getOrElse(() => ""),
    decodeClaims,
    Option.match({ onNone: () => 0, onSome: ({ exp }) => exp })
  )

/** Seconds before a token's end from which on another is asked for, and from which on the old one will not do. */
const early = 300
const late = 60

/** The token to use now. A refresh that fails is tried again a minute later, as long as the old token lasts. */
export const make = <E>(issue: Effect.Effect<string, E>) =>
  Effect.gen(function*() {
    const turn = yield* Semaphore.make(1)
    let token: string | undefined
    let expires = 0
    let notBefore = 0

    return turn.withPermit(Effect.gen(function*() {
      const now = (yield* Clock.currentTimeMillis) / 1000
      if (token !== undefined && (expires - now > early || (now < notBefore && expires - now > late))) return token
      const issued = yield* Effect.result(issue)
      if (Result.isSuccess(issued)) {
        token = issued.success
        expires = expiry(token)
        return token
      }
      if (token === undefined || expires - now <= late) return yield* Effect.fail(issued.failure)
      notBefore = now + 60
      return token
    }))
  })
