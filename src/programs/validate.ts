/** Plays every ground truth of a benchmark's folder on all cores, and says which of them are broken, where, and how fast it was. */
import { Clock, Effect } from "effect"
import { Category, type Entry } from "../domain/bfcl/Entry.ts"
import * as LongContext from "../domain/bfcl/LongContext.ts"
import type { Finding } from "../domain/bfcl/Validation.ts"
import * as BfclFolder from "../layers/BfclFolder.ts"
import * as Validators from "../layers/validation/Validators.ts"
import { type Platform, Unavailable } from "./refusal.ts"
import * as Text from "./text.ts"

export interface ValidateOptions {
  /** The folder of the benchmark. */
  readonly data: string
  /** Worker threads; one for each core when absent. */
  readonly workers: number | undefined
  /** How often each ground truth is played. */
  readonly times: number
}

export interface Validated {
  /** A table by category, and below it what is broken and the rate. */
  readonly lines: ReadonlyArray<string>
  readonly broken: number
}

const count = <A>(items: ReadonlyArray<A>, of: (item: A) => number): number =>
  items.reduce((sum, item) => sum + of(item), 0)

const calls = ({ turns }: Entry): number => count(turns, ({ groundTruth }) => groundTruth.length)

const row = (name: string, entries: ReadonlyArray<Entry>, valid: ReadonlySet<string>): ReadonlyArray<string> => [
  name,
  String(entries.length),
  String(count(entries, ({ turns }) => turns.length)),
  String(count(entries, calls)),
  String(count(entries, ({ id }) => valid.has(id) ? 1 : 0))
]

const table = (entries: ReadonlyArray<Entry>, findings: ReadonlyArray<Finding>): ReadonlyArray<string> => {
  const valid = new Set(findings.filter(({ problem }) => problem === undefined).map(({ id }) => id))
  return Text.table([
    ["", "instances", "turns", "calls", "valid"],
    ...Category.literals.map((name) => row(name, entries.filter(({ category }) => category === name), valid)),
    row("all", entries, valid)
  ])
}

const speed = (entries: ReadonlyArray<Entry>, times: number, workers: number, seconds: number): string => {
  const perSecond = (what: number) => Text.grouped(what * times / seconds)
  const often = times === 1 ? "once" : `${times} times`
  const crew = `${workers} ${workers === 1 ? "worker" : "workers"}`
  const rates = `${perSecond(entries.length)} instances/s, ${perSecond(count(entries, calls))} ground-truth calls/s`
  return `${entries.length} instances played ${often} on ${crew} in ${seconds.toFixed(2)} s: ${rates}`
}

/** Broken ground truths that are shown. */
const shown = 20

const unavailable = ({ message }: Error): Unavailable => new Unavailable({ detail: message })

/** The first broken ground truths, each with its place. */
const problems = Effect.fnUntraced(function*(
  folder: string,
  entries: ReadonlyArray<Entry>,
  findings: ReadonlyArray<Finding>
) {
  const broken = findings.flatMap(({ problem }, i) => problem === undefined ? [] : [{ problem, entry: entries[i]! }])
  const lines = yield* Effect.forEach(
    broken.slice(0, shown),
    ({ entry, problem }) =>
      Effect.map(BfclFolder.placeOf(folder, entry), (place) => `${place}: ${entry.id}: ${Text.oneLine(problem)}`)
  )
  return {
    broken: broken.length,
    lines: broken.length > shown ? [...lines, `and ${broken.length - shown} more`] : lines
  }
})

/** Fails when the folder cannot be read or there is none to play; what is broken in it otherwise is a result. */
export const validate: (
  options: ValidateOptions
) => Effect.Effect<Validated, Unavailable, Platform> = Effect.fn("validate")(
  function*({ data, times, workers }) {
    const [benchmark, validators] = yield* Effect.all([
      Effect.mapError(BfclFolder.read(data), unavailable),
      Validators.make(workers)
    ], { concurrency: "unbounded" })
    const { entries } = benchmark
    if (entries.length === 0) return yield* new Unavailable({ detail: `${data}: there are no instances` })
    const longContext = LongContext.encode(benchmark.longContext.constants)
    const begin = yield* Clock.currentTimeNanos
    const findings = yield* validators.validate({ entries, longContext, times })
    const end = yield* Clock.currentTimeNanos
    const { broken, lines } = yield* Effect.mapError(problems(data, entries, findings), unavailable)
    return {
      broken,
      lines: [
        ...table(entries, findings),
        ...lines,
        speed(entries, times, validators.size, Number(end - begin) / 1e9)
      ]
    }
  },
  Effect.scoped
)
