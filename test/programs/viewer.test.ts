import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { Diagnosis } from "../../src/domain/Diagnosis.ts"
import type { EpisodeRecord } from "../../src/domain/EpisodeRecord.ts"
import type { EpisodePage, HintUse, Progress } from "../../src/domain/RunView.ts"
import { viewer } from "../../src/programs/viewer.ts"
import { guard } from "../../src/programs/viewer/access.ts"
import type { Compared, States, Token } from "../../src/programs/viewer/wire.ts"
import * as Wiring from "../../src/programs/wiring.ts"
import { hostile, recorded } from "./viewer/recording.ts"

const served = (host: string, token: string | undefined) =>
  Layer.unwrap(Effect.map(recorded, (folder) => viewer({ runs: [folder], host, token }))).pipe(
    Layer.provide(Wiring.layer),
    Layer.provideMerge(NodeHttpServer.layerTest),
    Layer.provideMerge(NodeServices.layer)
  )

const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
  HttpClient.execute(HttpClientRequest.get(path).pipe(HttpClientRequest.setHeaders(headers)))

const json = Effect.fnUntraced(function*<A>(path: string): Effect.fn.Return<A, unknown, HttpClient.HttpClient> {
  const response = yield* get(path)
  assert.strictEqual(response.status, 200, `${path}: ${yield* response.text}`)
  return JSON.parse(yield* response.text)
})

const events = (text: string): ReadonlyArray<string> =>
  text.split("\n\n").filter((event) => event.startsWith("data: ")).map((event) => event.slice(6))

/** Waits for the end of the record, as the page does. */
const complete = Effect.gen(function*() {
  const response = yield* get("/api/live?run=0")
  const text = yield* response.stream.pipe(
    Stream.decodeText,
    Stream.takeUntil((piece) => piece.includes("event: over")),
    Stream.mkString
  )
  const last: Progress = JSON.parse(events(text).at(-1) ?? "")
  return last
})

const firstOf = Effect.fnUntraced(function*(query: string) {
  const { episodes } = yield* json<EpisodePage>(`/api/episodes?run=0&offset=0&limit=1&${query}`)
  return episodes[0] ?? assert.fail(`no episode for ${query}`)
})

describe("the viewer's server", () => {
  it.live("serves a page that runs no script but its own", () =>
    Effect.gen(function*() {
      const page = yield* get("/")
      assert.strictEqual(page.status, 200)
      const policy = page.headers["content-security-policy"] ?? ""
      assert.include(policy, "default-src 'none'; script-src 'self'")
      assert.notInclude(policy, "unsafe")
      for (const [, file = ""] of (yield* page.text).matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
        assert.strictEqual((yield* get(file)).status, 200, file)
      }
    }).pipe(Effect.provide(served("127.0.0.1", undefined))))

  it.live("answers about a run: its episodes, their states and tokens, its groups, hints and evaluations", () =>
    Effect.gen(function*() {
      const progress = yield* complete
      assert.deepStrictEqual(
        { ...progress, read: progress.size },
        { ...progress, outcome: "completed", steps: 5, episodes: 60 }
      )

      const failed = yield* json<EpisodePage>(
        "/api/episodes?run=0&offset=2&limit=3&verdict=failed&order=calls&descending=true"
      )
      assert.strictEqual(failed.known, 60)
      assert.isBelow(failed.matching, 60)
      assert.strictEqual(failed.episodes.length, 3)
      assert.isTrue(failed.episodes.every(({ passed }) => !passed))

      const { id } = yield* firstOf("verdict=passed&order=calls&descending=true")
      const record = yield* json<EpisodeRecord>(`/api/episode?run=0&id=${id}`)
      assert.strictEqual(record.id, id)
      assert.strictEqual((yield* json<ReadonlyArray<EpisodeRecord>>(`/api/group?run=0&id=${id}`)).length, 6)

      const states = yield* json<States>(`/api/states?run=0&id=${id}`)
      assert.isTrue(states.steps.every(({ same }) => same))
      assert.isTrue(states.steps.some(({ changed }) => changed > 0))
      assert.deepStrictEqual(
        record.finished?.steps.flatMap(({ verdict }, at) => verdict === undefined ? [] : [states.steps[at]?.missed]),
        states.truth.map(() => 0)
      )
      const leaves = yield* json<ReadonlyArray<unknown>>(`/api/state?run=0&id=${id}&steps=1`)
      assert.isAbove(leaves.length, 0)

      const hinted = yield* firstOf("stage=with%20hints&verdict=failed&order=hints&descending=true")
      assert.isAbove(hinted.hints.length, 0)
      const tokens = yield* json<ReadonlyArray<ReadonlyArray<Token>>>(`/api/tokens?run=0&id=${hinted.id}`)
      assert.deepStrictEqual(tokens[0]?.map(({ logprob }) => logprob), [Math.fround(-0.1), -2])

      const { finished } = yield* json<EpisodeRecord>(`/api/episode?run=0&id=${hinted.id}`)
      const diagnoses = yield* json<ReadonlyArray<Diagnosis>>(`/api/diagnoses?run=0&id=${hinted.id}`)
      assert.isAbove(diagnoses.length, 0)
      assert.deepStrictEqual(
        diagnoses.map(({ turn }) => turn),
        finished?.steps.flatMap(({ verdict }) => verdict?.passed === false ? [verdict.turn] : [])
      )

      const hints = yield* json<ReadonlyArray<HintUse>>("/api/hints?run=0")
      assert.isAbove(hints.length, 0)
      assert.isTrue(hints.every(({ following, stage }) => following.fired > 0 && stage === "with hints"))

      const compared = yield* json<Compared>("/api/compare?first=0:before&second=0:after")
      assert.strictEqual(compared.tasks.length, 113)
      assert.include(
        yield* Effect.flatMap(get(`/api/task?run=0&id=${compared.tasks[0]?.id}`), (task) => task.text),
        "truth"
      )
    }).pipe(Effect.provide(served("127.0.0.1", undefined))))

  it.live("says in a sentence what it cannot answer", () =>
    Effect.gen(function*() {
      yield* complete
      for (
        const [path, status, sentence] of [
          ["/api/episode?run=0&id=9/9/none/0", 404, "there is no episode 9/9/none/0"],
          ["/api/header?run=3", 404, "there is no run 3"],
          ["/api/episodes?run=0&offset=0&limit=10&order=luck", 400, "order"],
          ["/api/episodes?run=0&offset=-1&limit=10", 400, "offset"],
          ["/api/header?run=0&typo=1", 400, "typo"],
          ["/api/compare?first=0:before&second=1:after", 404, "there is no run 1"],
          [`/api/task?run=0&id=${encodeURIComponent(hostile)}`, 404, "is not among those made again"]
        ] as const
      ) {
        const response = yield* get(path)
        assert.strictEqual(response.status, status, path)
        const { error } = JSON.parse(yield* response.text)
        assert.include(error, sentence)
      }
    }).pipe(Effect.provide(served("127.0.0.1", undefined))))

  it.effect("answers to the names of this machine only", () =>
    Effect.gen(function*() {
      const page = HttpRouter.add("GET", "/", HttpServerResponse.text("a page"))
      const { dispose, handler } = HttpRouter.toWebHandler(Layer.merge(page, guard("127.0.0.1", undefined)), {
        disableLogger: true
      })
      const statuses = yield* Effect.forEach(
        [
          "attacker.example",
          "localhost.attacker.example:80",
          "127.0.0.1.attacker.example",
          "localhost:4117",
          "[::1]:80"
        ],
        (host) => Effect.promise(() => handler(new Request("http://viewer/", { headers: { host } })))
      )
      yield* Effect.promise(dispose)
      assert.deepStrictEqual(statuses.map(({ status }) => status), [403, 403, 403, 200, 200])
    }))

  it.live("asks for its token where it has one", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* get("/")).status, 401)
      assert.strictEqual((yield* get("/api/runs", { authorization: "Bearer wrong" })).status, 401)
      assert.strictEqual((yield* get("/api/runs", { authorization: "Bearer secrets" })).status, 401)
      assert.strictEqual((yield* get("/api/runs", { authorization: "Bearer secret" })).status, 200)
      assert.strictEqual((yield* get("/api/runs", { cookie: "envtune_token=secret" })).status, 200)
    }).pipe(Effect.provide(served("0.0.0.0", "secret"))))

  it.effect("shows nothing to a network without a token", () =>
    Effect.gen(function*() {
      for (const token of [undefined, ""]) {
        const error = yield* Effect.flip(
          Layer.build(viewer({ runs: [], host: "0.0.0.0", token })).pipe(
            Effect.provide([Wiring.layer, NodeHttpServer.layerTest, NodeServices.layer])
          )
        )
        assert.include(error.message, "--token")
      }
    }).pipe(Effect.scoped))
})
