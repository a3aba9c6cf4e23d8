/**
 * What a policy over HTTP costs, and how near it comes to what the server's latency allows: 1,000 episodes of 6 turns
 * with a server in another process that takes a fixed time for every answer. An episode's next request follows from the
 * answer before, so a number of episodes in flight takes (episodes / in flight) x turns x latency at least. On request the
 * package `verifiers` plays the same episodes against the same server.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Effect, Layer, Option, Schema, Stream } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as HttpClient from "effect/http/HttpClient"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { fileURLToPath } from "node:url"
import * as Augmentor from "../src/domain/Augmentor.ts"
import * as Task from "../src/domain/Task.ts"
import * as Tasks from "../src/domain/Tasks.ts"
import * as EnvironmentToy from "../src/layers/EnvironmentToy.ts"
import * as PolicyOpenai from "../src/layers/PolicyOpenai.ts"
import { defaults, evaluate } from "../src/programs/evaluate.ts"
import * as Figures from "./Figures.ts"
import * as Reference from "./Reference.ts"

const episodes = 1000
const turns = 6

const tasks = Array.from({ length: episodes }, (_, i) =>
  Task.make(
    `task ${i}`,
    { tools: ["ls"], turns: Array.from({ length: turns }, () => ({ ask: "Say that it is done.", expect: "done" })) },
    { part: "test" }
  ))

const world = Layer.merge(
  Layer.provide(EnvironmentToy.layer, Augmentor.layerNone),
  Tasks.layer(tasks, { source: "bench" })
)

interface Load {
  readonly milliseconds: number
  readonly inFlight: number
  /** Wall time over what the latency allows, at most. */
  readonly ratio: number
}

const loads: ReadonlyArray<Load> = [
  { milliseconds: 500, inFlight: 1000, ratio: 1.3 },
  { milliseconds: 50, inFlight: 256, ratio: 2 }
]

const decodeNumber = Schema.decodeUnknownEffect(Schema.FiniteFromString)

/** A server with this latency, which goes with the scope: its base URL, and seconds of CPU that it has taken. */
const serve = Effect.fnUntraced(function*(milliseconds: number) {
  const script = fileURLToPath(new URL("latency_server.ts", import.meta.url))
  const handle = yield* (yield* ChildProcessSpawner).spawn(
    ChildProcess.make(process.execPath, [script, String(milliseconds)])
  )
  const [port] = yield* handle.stdout.pipe(Stream.decodeText(), Stream.splitLines, Stream.take(1), Stream.runCollect)
  const url = `http://127.0.0.1:${yield* decodeNumber(port)}`
  const cpu = HttpClient.get(url).pipe(
    Effect.flatMap(({ text }) => text),
    Effect.flatMap(decodeNumber),
    Effect.provide(NodeHttpClient.layerUndici)
  )
  return { baseUrl: `${url}/v1`, cpu }
})

const Answer = Schema.Struct({
  version: Schema.String,
  seconds: Schema.Finite,
  cpu: Schema.Finite,
  errors: Schema.Int
})

/** The same episodes by another package. */
type Peer = Effect.Success<ReturnType<typeof startPeer>>

const startPeer = (environment: string) =>
  Reference.start({ command: `${environment}/bin/python`, script: "verifiers_reference.py" }, Answer)

/** What a round took, and how many of its episodes did not end as they should. */
const round = Effect.fnUntraced(function*({ inFlight }: Load) {
  let errors = 0
  const spent = yield* Figures.spent(
    Effect.map(
      evaluate({ ...defaults, concurrency: inFlight, retries: 0 }),
      ({ parts }) => errors = episodes - (parts["test"]?.success.passed ?? 0)
    )
  )
  return { ...spent, errors }
})

const perTurn = (seconds: number): number => seconds * 1000 / (episodes * turns)

/** The peer's figures, beside ours. */
const measurePeer = Effect.fnUntraced(function*(peer: Peer, baseUrl: string, inFlight: number, ours: Figures.Spent) {
  const { cpu, errors, seconds, version } = yield* peer({ url: baseUrl, episodes, turns, inFlight })
  const name = `  verifiers ${version}`
  const figures: ReadonlyArray<Figures.Figure> = [
    { name, value: seconds, unit: "s", ratio: { value: seconds / ours.seconds, to: "ours" } },
    { name: `${name}, CPU`, value: perTurn(cpu), unit: "ms / turn", ratio: { value: cpu / ours.cpu, to: "ours" } },
    { name: `${name}, errors`, value: errors, unit: "" }
  ]
  return figures
})

const measureLoad = Effect.fnUntraced(function*(load: Load, rounds: number, peer: Peer | undefined) {
  const { inFlight, milliseconds, ratio } = load
  const server = yield* serve(milliseconds)
  const { baseUrl } = server
  const policy = PolicyOpenai.layer({
    ...PolicyOpenai.defaults,
    baseUrl,
    model: "latency",
    tools: true,
    temperature: 1,
    concurrency: inFlight
  })
  const { played, retries, served } = yield* Effect.gen(function*() {
    yield* round(load)
    const before = yield* server.cpu
    const played = yield* Effect.forEach(Array.from({ length: rounds }), () => round(load))
    const served = (yield* server.cpu) - before
    return { played, served, retries: (yield* (yield* PolicyOpenai.Meter).spending).retries }
  }).pipe(Effect.provide([world, policy]))
  const bound = (episodes / inFlight) * turns * milliseconds / 1000
  const seconds = Figures.median(played.map(({ seconds }) => seconds))
  const cpu = Figures.median(played.map(({ cpu }) => cpu))
  const name = `${milliseconds} ms, ${inFlight} in flight`
  const figures: ReadonlyArray<Figures.Figure> = [
    {
      name,
      value: seconds,
      unit: "s",
      ratio: { value: seconds / bound, to: `${bound.toFixed(1)} s` },
      target: { of: "ratio", bound: "at most", value: ratio }
    },
    {
      name: `${name}, CPU`,
      value: perTurn(cpu),
      unit: "ms / turn",
      target: { of: "value", bound: "at most", value: 0.4 }
    },
    {
      name: `${name}, errors and retries`,
      value: played.reduce((sum, { errors }) => sum + errors, retries),
      unit: "",
      target: { of: "value", bound: "at most", value: 0 }
    },
    {
      name: "  of a core, that the server takes",
      value: 100 * served / played.reduce((sum, { seconds }) => sum + seconds, 0),
      unit: "%",
      target: { of: "value", bound: "at most", value: 80 }
    },
    ...peer === undefined ? [] : yield* measurePeer(peer, baseUrl, inFlight, { seconds, cpu })
  ]
  return figures
}, Effect.scoped)

export interface Options {
  readonly rounds: number
  /** A virtual environment with `verifiers`. */
  readonly peer: Option.Option<string>
}

export const measure = Effect.fnUntraced(function*({ peer: environment, rounds }: Options) {
  const peer = Option.isSome(environment) ? yield* startPeer(environment.value) : undefined
  const figures = yield* Effect.forEach(loads, (load) => measureLoad(load, rounds, peer))
  const findings: Figures.Findings = {
    bench: "http",
    about: `${episodes} episodes of ${turns} turns, after a round that warms up; the median of ${rounds} rounds`,
    figures: figures.flat()
  }
  return findings
}, Effect.scoped)

export const command = Command.make(
  "http",
  {
    rounds: Figures.rounds(3),
    peer: Flag.String("peer").pipe(
      Flag.withDescription("A virtual environment with verifiers: plays the same episodes, once"),
      Flag.optional
    ),
    json: Figures.json
  },
  Effect.fnUntraced(function*(options) {
    yield* Figures.print(yield* measure(options), options)
  })
).pipe(Command.withDescription("Measures policies over HTTP against a server of fixed latency"))
