/**
 * How `envtune validate` scales: the same ground truths on one worker thread and on several, in turns, in one process.
 * On the drills, or on the instances of a BFCL folder.
 *
 * The engine compiles what runs often anew in every thread, beside the thread, for the first seconds of its life: there
 * one worker keeps more than one core busy. It is the time after them that is measured; the first round is shown, too.
 */
import { Effect, Option } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Worker } from "node:worker_threads"
import * as LongContext from "../src/domain/bfcl/LongContext.ts"
import * as DrillsLongContext from "../src/domain/drills/LongContext.ts"
import { Tasks } from "../src/domain/Tasks.ts"
import * as BfclFolder from "../src/layers/BfclFolder.ts"
import * as Drills from "../src/layers/Drills.ts"
import * as Validators from "../src/layers/validation/Validators.ts"
import { positive } from "../src/programs/commands/flags.ts"
import * as Figures from "./Figures.ts"
import { entryOf } from "./Scripts.ts"

const drills = Tasks.useSync(({ all }): Omit<Validators.Work, "times"> => ({
  entries: all.map(entryOf),
  longContext: LongContext.encode(DrillsLongContext.longContext.constants)
})).pipe(Effect.provide(Drills.tasks({ seed: 1 })))

const benchmark = Effect.fnUntraced(function*(folder: string) {
  const { entries, longContext } = yield* BfclFolder.read(folder)
  return { entries, longContext: LongContext.encode(longContext.constants) }
})

/** Times each is played in a round, about a second of work on one worker, and by every worker before it is measured. */
const times = 60
const warmUp = 300

export interface Options {
  readonly data: Option.Option<string>
  readonly workers: number
  readonly rounds: number
}

/** The quickest of some rounds: what else the machine does only ever makes one slower. */
const quickest = (spent: ReadonlyArray<Figures.Spent>): Figures.Spent =>
  spent.reduce((best, one) => one.seconds < best.seconds ? one : best)

const spinner = Effect.acquireRelease(
  Effect.sync(() => new Worker(new URL("./Spinner.ts", import.meta.url))),
  (worker) => Effect.promise(() => worker.terminate())
)

const spin = (rounds: number) => (worker: Worker): Effect.Effect<void> =>
  Effect.callback((resume) => {
    worker.once("message", () => resume(Effect.void))
    worker.postMessage(rounds, [])
  })

const spinAll = (workers: ReadonlyArray<Worker>, rounds: number) =>
  Figures.spent(Effect.forEach(workers, spin(rounds), { concurrency: "unbounded", discard: true }))

/** What several threads get done over what one does, where they share nothing: cores may be halves of one. */
const machine = Effect.fnUntraced(function*(threads: number, rounds: number) {
  const spinners = yield* Effect.forEach(Array.from({ length: threads }), () => spinner)
  yield* spinAll(spinners, 1000)
  const spent = yield* Effect.forEach(
    Array.from({ length: rounds }),
    () => Effect.all([spinAll(spinners.slice(0, 1), 3000), spinAll(spinners, 3000)])
  )
  return threads * quickest(spent.map(([one]) => one)).seconds / quickest(spent.map(([, all]) => all)).seconds
}, Effect.scoped)

export const measure = Effect.fnUntraced(function*({ data, rounds, workers }: Options) {
  const subject = Option.isSome(data) ? yield* benchmark(data.value) : yield* drills
  const one = yield* Validators.make(1)
  const several = yield* Validators.make(workers)
  const round = (validators: Validators.Validators) => Figures.spent(validators.validate({ ...subject, times }))
  const [first, firstOfSeveral] = yield* Effect.all([round(one), round(several)])
  yield* Effect.forEach(
    [one, several],
    (validators) => validators.validate({ ...subject, times: warmUp * validators.size })
  )
  const spent = yield* Effect.forEach(
    Array.from({ length: rounds }),
    () => Effect.all([round(one), round(several)])
  )
  const limit = yield* machine(workers, rounds)
  const alone = quickest(spent.map(([alone]) => alone))
  const together = quickest(spent.map(([, together]) => together))
  const played = subject.entries.length * times
  const findings: Figures.Findings = {
    bench: "validation",
    about: `${subject.entries.length} ground truths, ${times} times a round, the quickest of ${rounds} rounds after ` +
      `${warmUp} times by every worker`,
    figures: [
      { name: "on 1 worker", value: played / alone.seconds, unit: "instances / s" },
      {
        name: `on ${workers} workers`,
        value: played / together.seconds,
        unit: "instances / s",
        ratio: { value: alone.seconds / together.seconds, to: "1 worker" },
        ...(workers === 2 && { target: { of: "ratio", bound: "at least", value: 1.7 } })
      },
      {
        name: "  by CPU, what several cost over one",
        value: played / together.cpu,
        unit: "instances / CPU s",
        ratio: { value: alone.cpu / together.cpu, to: "1 worker" }
      },
      {
        name: `the first round, on ${workers} workers`,
        value: played / firstOfSeveral.seconds,
        unit: "instances / s",
        ratio: { value: first.seconds / firstOfSeveral.seconds, to: "1 worker" }
      },
      { name: `arithmetic alone gains by ${workers} threads`, value: limit, unit: "x" }
    ]
  }
  return findings
}, Effect.scoped)

export const command = Command.make(
  "validation",
  {
    data: Flag.String("data").pipe(
      Flag.withDescription("A folder with BFCL's multi-turn data; the built-in drills when absent"),
      Flag.optional
    ),
    workers: positive("workers").pipe(Flag.withDefault(2), Flag.withDescription("Worker threads to compare with one")),
    rounds: Figures.rounds(5),
    json: Figures.json
  },
  Effect.fnUntraced(function*(options) {
    yield* Figures.print(yield* measure(options), options)
  })
).pipe(Command.withDescription("Measures how the validation of ground truths scales with worker threads"))
