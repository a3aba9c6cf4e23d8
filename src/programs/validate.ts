/** Plays every ground truth of a benchmark's folder on all cores, and says what is broken, where, and how fast it was. */
import { Clock, Effect, Path } from "effect"
import * as Documents from "../domain/bfcl/Documents.ts"
import { Category, type Entry } from "../domain/bfcl/Entry.ts"
import * as LongContext from "../domain/bfcl/LongContext.ts"
import { bfcl } from "../domain/bfcl/Release.ts"
import * as Validation from "../domain/bfcl/Validation.ts"
import * as BfclFolder from "../layers/BfclFolder.ts"
import { inWords } from "../layers/FileProblem.ts"
import * as Checksum from "../layers/release/Checksum.ts"
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

const table = (entries: ReadonlyArray<Entry>, findings: ReadonlyArray<Validation.Finding>): ReadonlyArray<string> => {
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

/** Broken things that are shown. */
const shown = 20

const unavailable = ({ message }: Error): Unavailable => new Unavailable({ detail: message })

const undocumented = Effect.fnUntraced(function*(folder: string, documents: Documents.Documents) {
  const path = yield* Path.Path
  return Object.entries(Documents.fileOfClass).flatMap(([name, file]) => {
    const tools = Validation.undocumented(name, documents)
    return tools.length === 0
      ? []
      : [`${path.join(folder, "multi_turn_func_doc", `${file}.json`)}: there is no document of ${tools.join(", ")}`]
  })
})

/** What is broken in the folder, with its place: what cannot be decoded, documents, then entries. */
const problems = Effect.fnUntraced(function*(
  folder: string,
  { broken: undecoded, contents: { documents, entries } }: BfclFolder.Survey,
  findings: ReadonlyArray<Validation.Finding>
) {
  const told = [...undecoded.map(({ message }) => Text.oneLine(message)), ...yield* undocumented(folder, documents)]
  const unfit = findings.flatMap(({ problem }, i) => problem === undefined ? [] : [{ problem, entry: entries[i]! }])
  const found = yield* Effect.forEach(
    unfit.slice(0, shown),
    ({ entry, problem: { detail, file } }) =>
      Effect.map(
        BfclFolder.placeOf(folder, entry, file),
        (place) => `${place}: ${entry.id}: ${Text.oneLine(detail)}`
      )
  )
  const broken = told.length + unfit.length
  const lines = [...told, ...found].slice(0, shown)
  return { broken, lines: broken > shown ? [...lines, `and ${broken - shown} more`] : lines }
})

/** That the constants are not the release's, which is nothing broken, but gives other results in long context. */
const ownConstants = Effect.fnUntraced(function*(folder: string) {
  const file = (yield* Path.Path).join(folder, bfcl.longContextJson.path)
  const difference = yield* Effect.mapError(
    Checksum.difference(file, bfcl.longContextJson),
    (error) => new Unavailable({ detail: `${file}: ${inWords(error)}` })
  )
  return difference === undefined
    ? []
    : [`${file}: these are not the constants of ${bfcl.name}: in long context, results are others than BFCL's`]
})

/** Fails when the folder cannot be read or there is none to play; what is broken in it otherwise is a result. */
export const validate: (
  options: ValidateOptions
) => Effect.Effect<Validated, Unavailable, Platform> = Effect.fn("validate")(
  function*({ data, times, workers }) {
    const [survey, validators] = yield* Effect.all([
      Effect.mapError(BfclFolder.survey(data), unavailable),
      Validators.make(workers)
    ], { concurrency: "unbounded" })
    const { broken: undecoded, contents: { entries, longContext: { constants } } } = survey
    if (entries.length + undecoded.length === 0) {
      return yield* new Unavailable({ detail: `${data}: there are no instances` })
    }
    const longContext = LongContext.encode(constants)
    const begin = yield* Clock.currentTimeNanos
    const findings = yield* validators.validate({ entries, longContext, times })
    const end = yield* Clock.currentTimeNanos
    const { broken, lines } = yield* Effect.mapError(problems(data, survey, findings), unavailable)
    return {
      broken,
      lines: [
        ...table(entries, findings),
        ...lines,
        ...yield* ownConstants(data),
        speed(entries, times, validators.size, Number(end - begin) / 1e9)
      ]
    }
  },
  Effect.scoped
)
