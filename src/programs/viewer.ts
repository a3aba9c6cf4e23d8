/** Serves recorded runs to a browser, until it is interrupted. */
import { Effect, Layer, Schema } from "effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as RunIndex from "../layers/RunIndex.ts"
import { guard, isLoopback } from "./viewer/access.ts"
import { show } from "./viewer/api.ts"
import { routes } from "./viewer/routes.ts"

export interface ViewOptions {
  /** Folders of runs. */
  readonly runs: ReadonlyArray<string>
  /** Address to listen on. */
  readonly host: string
  /** Whoever reads has to know it; not asked for when absent, which is for this machine only. */
  readonly token: string | undefined
}

/** A run would be shown to whoever can reach this machine. */
export class TokenMissing extends Schema.TaggedError<TokenMissing>()("TokenMissing", { host: Schema.String }) {
  override get message() {
    return `--host ${this.host} shows the run to others: say what they must know with --token, or in ENVTUNE_TOKEN`
  }
}

/** Serves the runs on whatever server is provided. Their records are opened first, so that a wrong folder is told at once. */
export const viewer = ({ host, runs, token }: ViewOptions) =>
  Layer.unwrap(Effect.gen(function*() {
    // An empty one, as an unset variable of a shell gives it, is none.
    if (!token && !isLoopback(host)) return yield* new TokenMissing({ host })
    const shown = yield* Effect.forEach(runs, (folder) => Effect.flatMap(RunIndex.open(folder), show))
    return HttpRouter.serve(Layer.merge(routes(shown), guard(host, token || undefined)), {
      disableLogger: true,
      disableListenLog: true
    })
  }))

/** The address of the page. */
export const address = (token: string | undefined) =>
  HttpServer.addressFormattedWith((url) =>
    Effect.succeed(token === undefined ? url : `${url}/?token=${encodeURIComponent(token)}`)
  )
