/**
 * What a policy over HTTP costs, and how near it comes to what the server's latency allows: 1,000 episodes of 6 turns
 * with a server in another process that takes a fixed time for every answer. An episode's next request follows from the
 * answer before, so a number of episodes in flight takes (episodes / in flight) x turns x latency at least.
 */
import { Effect, Layer, Schema, Stream } from "effect"
import * as Command from "effect/cli/Command"
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

/** The base URL of a server with this latency, which goes with the scope. */
const serve = Effect.fnUntraced(function*(milliseconds: number) {
  const script = fileURLToPath(new URL("latency_server.ts", import.meta.url))
  const handle = yield* (yield* ChildProcessSpawner).spawn(
    ChildProcess.make(process.execPath, [script, String(milliseconds)])
  )
  const [port] = yield* handle.stdout.pipe(Stream.decodeText(), Stream.splitLines, Stream.take(1), Stream.runCollect)
  return `http://127.0.0.1:${yield* Schema.decodeUnknownEffect(Schema.FiniteFromString)(port)}/v1`
})

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

const measureLoad = Effect.fnUntraced(function*(load: Load, rounds: number) {
  const { inFlight, milliseconds, ratio } = load
  const baseUrl = yield* serve(milliseconds)
  const policy = PolicyOpenai.layer({
    ...PolicyOpenai.defaults,
    baseUrl,
    model: "latency",
    tools: true,
    temperature: 1,
    concurrency: inFlight
  })
  const { played, retries } = yield* Effect.gen(function*() {
    const played = yield* Effect.forEach(Array.from({ length: rounds + 1 }), () => round(load))
    return { played: played.slice(1), retries: (yield* (yield* PolicyOpenai.Meter).spending).retries }
  }).pipe(Effect.provide([world, policy]))
  const bound = (episodes / inFlight) * turns * milliseconds / 1000
  const seconds = Figures.median(played.map(({ seconds }) => seconds))
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
      value: Figures.median(played.map(({ cpu }) => cpu)) * 1000 / (episodes * turns),
      unit: "ms / turn",
      target: { of: "value", bound: "at most", value: 0.4 }
    },
    {
      name: `${name}, errors and retries`,
      value: played.reduce((sum, { errors }) => sum + errors, retries),
      unit: "",
      target: { of: "value", bound: "at most", value: 0 }
    }
  ]
  return figures
}, Effect.scoped)

export interface Options {
  readonly rounds: number
}

export const measure = Effect.fnUntraced(function*({ rounds }: Options) {
  const figures = yield* Effect.forEach(loads, (load) => measureLoad(load, rounds))
  const findings: Figures.Findings = {
    bench: "http",
    about: `${episodes} episodes of ${turns} turns, after a round that warms up; the median of ${rounds} rounds`,
    figures: figures.flat()
  }
  return findings
})

export const command = Command.make(
  "http",
  { rounds: Figures.rounds(3), json: Figures.json },
  Effect.fnUntraced(function*(options) {
    yield* Figures.print(yield* measure(options), options)
  })
).pipe(Command.withDescription("Measures policies over HTTP against a server of fixed latency"))
