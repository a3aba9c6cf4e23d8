/** A release of a few small files, and the places where it is published: memory, a folder, a wheel, a server. */
import { Effect, Stream } from "effect"
import * as Zip from "effect/encoding/Zip"
import { TestClock } from "effect/testing"
import { createHash } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import * as LongContext from "../../../src/domain/bfcl/LongContext.ts"
import type { PinnedFile, Release } from "../../../src/domain/bfcl/Release.ts"
import type { ReleaseSource } from "../../../src/domain/bfcl/ReleaseSource.ts"

const module = "CARDS = {'1': {'balance': 3.0}}\nWATCHED = ['A', ...]\n"
const modulePath = "eval_checker/multi_turn_eval/func_source_code/long_context.py"

/** Content by path within the package. */
export const files: Readonly<Record<string, string>> = {
  "data/BFCL_v4_multi_turn_base.json": "{\"id\": \"multi_turn_base_0\"}\n".repeat(40),
  "data/possible_answer/BFCL_v4_multi_turn_base.json": "{\"id\": \"multi_turn_base_0\", \"ground_truth\": []}\n",
  [modulePath]: module
}

export const pin = (path: string, content: string | Uint8Array): PinnedFile => ({
  path,
  bytes: Buffer.byteLength(content),
  sha256: createHash("sha256").update(content).digest("hex")
})

/** What lies in a folder that the release was pulled into, without what this package adds. */
export const pulled: Readonly<Record<string, string>> = {
  "BFCL_v4_multi_turn_base.json": files["data/BFCL_v4_multi_turn_base.json"]!,
  "possible_answer/BFCL_v4_multi_turn_base.json": files["data/possible_answer/BFCL_v4_multi_turn_base.json"]!,
  "long_context.json": LongContext.ofModule(module)
}

/** The package as a wheel, with something in it that is not asked for. */
const zip = Stream.fromIterable([
  Zip.file("bfcl_eval/__init__.py", ""),
  ...Object.entries(files).map(([path, content]) => Zip.file(`bfcl_eval/${path}`, content)),
  Zip.file("bfcl_eval-1.dist-info/RECORD", "")
]).pipe(
  Stream.pipeThroughChannel(Zip.encode()),
  Stream.runCollect,
  Effect.map((pieces) => Buffer.concat(pieces))
)

export const published = Effect.map(zip, (wheel) => {
  const release: Release = {
    name: "a release",
    id: "release",
    url: "http://127.0.0.1:1",
    requirement: "bfcl-eval==1",
    wheel: pin("bfcl_eval-1-py3-none-any.whl", wheel),
    data: Object.entries(files).flatMap(([path, content]) => path === modulePath ? [] : [pin(path, content)]),
    longContext: pin(modulePath, module),
    longContextJson: pin("long_context.json", pulled["long_context.json"]!)
  }
  return { release, wheel }
})

/** Has the test's time pass while the work is under way. */
export const hurried = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.raceFirst(work, Effect.forever(TestClock.adjust("1 second")))

/** A source that gives these bytes of a file, in two pieces. */
export const memory = (bytesOf: (file: PinnedFile, from: number) => Uint8Array): ReleaseSource => ({
  name: "memory",
  layout: "package",
  place: ({ path }) => `memory/${path}`,
  open: (file, from) => {
    const bytes = bytesOf(file, from)
    return Effect.succeed({ from, bytes: Stream.make(bytes.subarray(0, 5), bytes.subarray(5)) })
  }
})

export interface Asked {
  readonly path: string
  readonly range: string | undefined
}

export type Answer = (asked: Asked, response: ServerResponse) => void

/** Answers as an ordinary file server does, ranges included. */
export const ordinary =
  (contents: Readonly<Record<string, string | Uint8Array>>): Answer => ({ path, range }, response) => {
    const content = contents[path.slice(1)]
    if (content === undefined) return void response.writeHead(404).end("no such file")
    const bytes = Buffer.from(content)
    const from = range === undefined ? 0 : Number(/\d+/.exec(range)![0])
    if (from >= bytes.length && range !== undefined) return void response.writeHead(416).end()
    const total = bytes.length
    response.writeHead(range === undefined ? 200 : 206, {
      "content-length": total - from,
      ...(range !== undefined && { "content-range": `bytes ${from}-${total - 1}/${total}` })
    })
    response.end(bytes.subarray(from))
  }

/** A server on the loopback, until the scope closes: its address, and what it was asked for. */
export const serve = Effect.fnUntraced(function*(answer: Answer) {
  const asked: Array<Asked> = []
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const one = { path: request.url ?? "", range: request.headers.range }
    asked.push(one)
    answer(one, response)
  }
  const server = yield* Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const server = createServer(handle)
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the server listens to no port")
  return { url: `http://127.0.0.1:${address.port}`, asked }
})
