/**
 * What ten thousand queued episodes take of memory: waiting for their turn, and open, waiting for the policy. Each case has
 * a process of its own, queue.ts.
 */
import { Effect, Schema, Stream } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import { fileURLToPath } from "node:url"
import { positive } from "../src/programs/commands/flags.ts"
import * as Figures from "./Figures.ts"

/** What a process with a queue says. */
export const Measured = Schema.Struct({
  episodes: Schema.Int,
  /** Bytes of heap and buffers before there is a queue, and with it. */
  before: Schema.Finite,
  queued: Schema.Finite,
  /** Bytes of the process before there is a queue, and at most. */
  resident: Schema.Finite,
  peak: Schema.Finite
})

const decode = Schema.decodeEffect(Schema.fromJsonString(Measured))

const queue = Effect.fnUntraced(function*(given: ReadonlyArray<string>) {
  const script = fileURLToPath(new URL("queue.ts", import.meta.url))
  const handle = yield* (yield* ChildProcessSpawner).spawn(
    ChildProcess.make(process.execPath, ["--expose-gc", script, ...given], { stderr: "inherit" })
  )
  return yield* decode(yield* Stream.mkString(Stream.decodeText(handle.stdout)))
}, Effect.scoped)

interface Case {
  readonly name: string
  readonly pipeline: "evaluate" | "tune"
  /** All of them when absent. */
  readonly inFlight?: number
  /** KB of heap for each queued episode, at most. */
  readonly bound: number
}

/** An episode that waits for its turn is a number; one that is open has the budget of design.md. */
const cases: ReadonlyArray<Case> = [
  { name: "evaluate, 256 in flight", pipeline: "evaluate", inFlight: 256, bound: 1 },
  { name: "evaluate, all in flight", pipeline: "evaluate", bound: 20 },
  { name: "a step of tune, 256 in flight", pipeline: "tune", inFlight: 256, bound: 1 },
  { name: "a step of tune, all in flight", pipeline: "tune", bound: 20 }
]

export interface Options {
  readonly episodes: number
}

export const measure = Effect.fnUntraced(function*({ episodes }: Options) {
  const figures = yield* Effect.forEach(
    cases,
    Effect.fnUntraced(function*({ bound, inFlight = episodes, name, pipeline }) {
      const measured = yield* queue([pipeline, String(episodes), String(Math.min(inFlight, episodes))])
      const of: ReadonlyArray<Figures.Figure> = [
        {
          name: `${name}: heap for each`,
          value: (measured.queued - measured.before) / measured.episodes / 1000,
          unit: "KB",
          target: { of: "value", bound: "at most", value: bound }
        },
        { name: "  the process at most, until all are played", value: measured.peak / 1e6, unit: "MB" },
        {
          name: "  more than before, for each",
          value: (measured.peak - measured.resident) / measured.episodes / 1000,
          unit: "KB"
        }
      ]
      return of
    })
  )
  const findings: Figures.Findings = {
    bench: "memory",
    about: `${episodes} drills queued at least, by the training protocol with hints`,
    figures: figures.flat()
  }
  return findings
})

export const command = Command.make(
  "memory",
  {
    episodes: positive("episodes").pipe(Flag.withDefault(10_000), Flag.withDescription("Episodes in the queue")),
    json: Figures.json
  },
  Effect.fnUntraced(function*(options) {
    yield* Figures.print(yield* measure(options), options)
  })
).pipe(Command.withDescription("Measures what queued episodes take of memory"))
