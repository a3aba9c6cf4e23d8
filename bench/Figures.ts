/** What a benchmark measures: figures, beside what is asked of them, as a table or as JSON lines. */
import { Clock, Console, Effect } from "effect"
import * as Flag from "effect/cli/Flag"
import { positive } from "../src/programs/commands/flags.ts"
import * as Text from "../src/programs/text.ts"

/** A bound of design.md, in the figure's own unit or in that of its ratio. */
export interface Target {
  readonly of: "value" | "ratio"
  readonly bound: "at least" | "at most"
  readonly value: number
}

export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly target?: Target
  /** This figure over another one, and what that one is of. */
  readonly ratio?: { readonly value: number; readonly to: string }
}

/** What a benchmark is about, in a line, and its figures. */
export interface Findings {
  readonly bench: string
  readonly about: string
  readonly figures: ReadonlyArray<Figure>
}

const number = (value: number): string => value >= 100 ? Text.grouped(value) : value.toPrecision(3)

const isMet = ({ ratio, target, value }: Figure): boolean | undefined => {
  const measured = target?.of === "ratio" ? ratio?.value : value
  if (target === undefined || measured === undefined) return undefined
  return target.bound === "at least" ? measured >= target.value : measured <= target.value
}

const verdict = (met: boolean | undefined): string => met === undefined ? "" : met ? "met" : "missed"

const table = ({ about, bench, figures }: Findings): ReadonlyArray<string> => [
  `${bench}: ${about}`,
  ...Text.table([
    ["", "measured", "", "ratio", "target", ""],
    ...figures.map((figure) => {
      const { name, ratio, target, unit, value } = figure
      return [
        name,
        number(value),
        unit,
        ratio === undefined ? "" : `${ratio.value.toFixed(2)} x ${ratio.to}`,
        target === undefined ? "" : `${target.bound} ${number(target.value)}${target.of === "ratio" ? " x" : ""}`,
        verdict(isMet(figure))
      ]
    })
  ]),
  ""
]

const lines = ({ bench, figures }: Findings): ReadonlyArray<string> =>
  figures.map((figure) => {
    const met = isMet(figure)
    return JSON.stringify({ bench, ...figure, ...(met !== undefined && { met }) })
  })

export const print = (findings: Findings, { json }: { readonly json: boolean }): Effect.Effect<void> =>
  Effect.forEach(json ? lines(findings) : table(findings), (line) => Console.log(line), { discard: true })

export const json = Flag.Boolean("json").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Print each figure as a line of JSON")
)

export const rounds = (count: number) =>
  positive("rounds").pipe(Flag.withDefault(count), Flag.withDescription("Rounds that are measured"))

export const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

/** What a piece of work took. */
export interface Spent {
  /** By the wall clock. */
  readonly seconds: number
  /** Seconds of CPU of this process, all of its threads together. */
  readonly cpu: number
}

export const spent = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<Spent, E, R> =>
  Effect.gen(function*() {
    const begin = yield* Clock.currentTimeNanos
    const cpu = process.cpuUsage()
    yield* work
    const { system, user } = process.cpuUsage(cpu)
    const end = yield* Clock.currentTimeNanos
    return { seconds: Number(end - begin) / 1e9, cpu: (system + user) / 1e6 }
  })

/** Bytes in use once nothing is left to collect; wants node's `--expose-gc`. */
export const inUse: Effect.Effect<number> = Effect.gen(function*() {
  // What the task at hand has looked at weakly stays until it is over.
  yield* Effect.sleep(0)
  globalThis.gc?.()
  globalThis.gc?.()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
})

/** Runs of a plain function per second of CPU, over at least so many seconds of it. */
export const rateOver = (seconds: number, run: () => void): number => {
  let runs = 0
  for (const start = process.cpuUsage();;) {
    run()
    runs++
    const { system, user } = process.cpuUsage(start)
    const cpu = (system + user) / 1e6
    if (cpu >= seconds) return runs / cpu
  }
}
