/** The viewer's server: the page's files, the answers of `api.ts` as JSON, and the progress of runs as events. */
import { Effect, FileSystem, Layer, Path, Schema, Stream } from "effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { EpisodeQuery } from "../../domain/RunView.ts"
import type { Platform } from "../refusal.ts"
import * as Api from "./api.ts"

/** Where `npm run build:viewer` puts the page. */
const assets = new URL("../../../assets/viewer/", import.meta.url)

const files = [
  ["/", "index.html", "text/html; charset=utf-8"],
  ["/viewer.js", "viewer.js", "text/javascript; charset=utf-8"],
  ["/viewer.css", "viewer.css", "text/css; charset=utf-8"]
] as const

const page = HttpRouter.addAll(Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* Effect.orDie(path.fromFileUrl(assets))
  return yield* Effect.forEach(
    files,
    ([at, name, contentType]) =>
      Effect.map(
        Effect.orDie(fs.readFile(path.join(folder, name))),
        (bytes) => HttpRouter.route("GET", at, HttpServerResponse.uint8Array(bytes, { contentType }))
      )
  )
}))

const Count = Schema.NumberFromString.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0))
const OfRun = Schema.Struct({ run: Count })
const OfEpisode = Schema.Struct({ run: Count, id: Schema.String })
const OfState = Schema.Struct({ run: Count, id: Schema.String, steps: Count })
const OfPage = Schema.Struct({
  ...EpisodeQuery.fields,
  run: Count,
  offset: Count,
  limit: Count,
  step: Schema.optionalKey(Count),
  descending: Schema.optionalKey(Schema.Literals(["true", "false"]))
})
const OfComparison = Schema.Struct({ first: Api.Evaluation, second: Api.Evaluation })

/** Episodes on one page at most. */
const most = 500

const failed = (status: number) => (error: { readonly message: string }) =>
  Effect.succeed(HttpServerResponse.jsonUnsafe({ error: error.message }, { status }))

/** A JSON answer to what the address asks for. */
const get = <A, I extends Readonly<Record<string, string | ReadonlyArray<string> | undefined>>>(
  path: HttpRouter.PathInput,
  schema: Schema.ConstraintCodec<A, I, never, unknown>,
  answer: (asked: A) => Effect.Effect<unknown, Api.ApiError, Platform>
) =>
  HttpRouter.add(
    "GET",
    path,
    HttpServerRequest.schemaSearchParams(schema, { errors: "all", onExcessProperty: "error" }).pipe(
      Effect.flatMap(answer),
      Effect.map((value) => HttpServerResponse.jsonUnsafe(value)),
      Effect.catchTags({ SchemaError: failed(400), Missing: failed(404) }),
      Effect.catch(failed(500))
    )
  )

const encoder = new TextEncoder()

/** Says that it is alive, too: a proxy, or a laptop that slept, would cut a silent connection without telling. */
const live = (shown: Api.Shown) =>
  shown.view.progress.pipe(
    Stream.buffer({ capacity: 1, strategy: "sliding" }),
    Stream.throttle({ cost: () => 1, units: 1, duration: "200 millis", strategy: "shape" }),
    Stream.map((progress) => `data: ${JSON.stringify(progress)}\n\n`),
    Stream.concat(Stream.succeed("event: over\ndata: {}\n\n")),
    Stream.catch((error) => Stream.succeed(`event: broken\ndata: ${JSON.stringify(error.message)}\n\n`)),
    Stream.map((text) => encoder.encode(text))
  )

/** Everything the page asks for. */
export const routes = (runs: ReadonlyArray<Api.Shown>) => {
  const at = (run: number) =>
    runs[run] === undefined
      ? Effect.fail(new Api.Missing({ detail: `there is no run ${run}` }))
      : Effect.succeed(runs[run])
  const ofRun = <A>(
    path: HttpRouter.PathInput,
    answer: (shown: Api.Shown) => Effect.Effect<A, Api.ApiError, Platform>
  ) => get(path, OfRun, ({ run }) => Effect.flatMap(at(run), answer))
  return Layer.mergeAll(
    page,
    get("/api/runs", Schema.Struct({}), () => Effect.forEach(runs, ({ view }) => view.header)),
    ofRun("/api/header", ({ view }) => view.header),
    ofRun("/api/reports", ({ view }) => view.reports),
    ofRun("/api/facets", ({ view }) => view.facets),
    ofRun("/api/hints", ({ view }) => view.hints),
    get(
      "/api/episodes",
      OfPage,
      ({ descending, limit, offset, run, ...query }) =>
        Effect.flatMap(
          at(run),
          ({ view }) => view.page({ ...query, descending: descending === "true" }, offset, Math.min(limit, most))
        )
    ),
    get("/api/episode", OfEpisode, ({ id, run }) =>
      Effect.flatMap(at(run), ({ view }) => view.episode(id)).pipe(
        Effect.filterOrFail(
          (record) => record !== undefined,
          () => new Api.Missing({ detail: `there is no episode ${id}, or it has not been read yet` })
        )
      )),
    get("/api/group", OfEpisode, ({ id, run }) => Effect.flatMap(at(run), ({ view }) => view.group(id))),
    get("/api/states", OfEpisode, ({ id, run }) => Effect.flatMap(at(run), (shown) => Api.states(shown, id))),
    get("/api/state", OfState, ({ id, run, steps }) => Effect.flatMap(at(run), (shown) => Api.state(shown, id, steps))),
    get("/api/diagnoses", OfEpisode, ({ id, run }) => Effect.flatMap(at(run), (shown) => Api.diagnoses(shown, id))),
    get("/api/tokens", OfEpisode, ({ id, run }) => Effect.flatMap(at(run), (shown) => Api.tokens(shown, id))),
    get("/api/task", OfEpisode, ({ id, run }) => Effect.flatMap(at(run), (shown) => Api.task(shown, id))),
    get("/api/compare", OfComparison, ({ first, second }) => Api.compare(runs, first, second)),
    HttpRouter.add(
      "GET",
      "/api/live",
      HttpServerRequest.schemaSearchParams(OfRun).pipe(
        Effect.flatMap(({ run }) => at(run)),
        Effect.map((shown) => HttpServerResponse.stream(live(shown), { contentType: "text/event-stream" })),
        Effect.catchTags({ SchemaError: failed(400), Missing: failed(404) })
      )
    )
  )
}
