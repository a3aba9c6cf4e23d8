/** An HTTP server on an address of this machine. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Effect, Layer, Predicate, Schema } from "effect"
import { createServer } from "node:http"

/** The address cannot be listened on: which one, and why. */
export class AddressUnusable extends Schema.TaggedError<AddressUnusable>()("AddressUnusable", {
  host: Schema.String,
  port: Schema.Int,
  detail: Schema.String
}) {
  override get message() {
    return `cannot listen on ${this.host}, port ${this.port}: ${this.detail}`
  }
  readonly isRetryable = false
}

const sentences: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is taken; choose another one with --port, or let the system choose with --port 0",
  EADDRNOTAVAIL: "it is no address of this machine",
  EACCES: "permission denied; ports below 1024 are the system's",
  ENOTFOUND: "no such host"
}

const inWords = (cause: unknown): string => {
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : ""
  return sentences[code] ?? (cause instanceof Error ? cause.message : String(cause))
}

/** Listens until the scope closes. Port 0 is any that is free. Connections that are open do not hold it up. */
export const layer = (host: string, port: number) =>
  NodeHttpServer.layer(() => createServer(), { host, port, gracefulShutdownTimeout: 0 }).pipe(
    Layer.catchTag(
      "ServeError",
      ({ cause }) => Layer.effectContext(Effect.fail(new AddressUnusable({ host, port, detail: inWords(cause) })))
    )
  )
