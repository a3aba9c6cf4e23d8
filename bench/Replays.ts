/**
 * How fast ground truths are played: with BFCL's checks, executed alone, and executed from texts never seen before.
 *
 * With the original Python at hand it plays the same entries in turns with this package, both measured in seconds of CPU.
 */
import { Effect, FileSystem, Path, Schema } from "effect"
import { multiTurn } from "../src/domain/bfcl/Check.ts"
import { type Entry, groundTruth } from "../src/domain/bfcl/Entry.ts"
import { execute } from "../src/domain/bfcl/Execute.ts"
import type { LongContext } from "../src/domain/bfcl/LongContext.ts"
import { open } from "../src/domain/bfcl/Session.ts"
import * as Figures from "./Figures.ts"
import * as Reference from "./Reference.ts"

/** What is done with the ground truth of every entry. */
export type Work = "replay" | "execute" | "read"

/** Whatever the ground truth does is what it should: a replay that fails is a fault of the environment. */
const replay = (entries: ReadonlyArray<Entry>, longContext: LongContext) => {
  const decoded = entries.map((entry) => groundTruth(entry).map((calls) => [calls]))
  return (): void =>
    entries.forEach((entry, i) => {
      if (!multiTurn(entry, decoded[i]!, { longContext }).valid) throw new Error(`${entry.id} does not pass`)
    })
}

/** What an executor is given: instances to make, and calls for them. Its parts lie in an entry among much else. */
const sequence = (entry: Entry) => ({ entry, calls: groundTruth(entry).flat() })

const executeAll = (
  entries: ReadonlyArray<Entry>,
  longContext: LongContext,
  written: (call: string) => string = (call) => call
) => {
  const sequences = entries.map(sequence)
  return (): void => {
    let checksum = 0
    for (const { calls, entry } of sequences) {
      const session = open(entry, { name: entry.id, longContext })
      for (const call of calls) {
        const { text } = execute(session, written(call))
        // JavaScript puts the parts of a text together when somebody looks at one of its characters.
        checksum += text.charCodeAt(text.length - 1)
      }
    }
    if (checksum === 0) throw new Error("nothing was executed")
  }
}

/** More ways to write a call than a cache of read calls has room for: with blanks inside its parentheses. */
const writings = 256

/** Every call in a way in which it was not written the last `writings` times. */
const readAll = (entries: ReadonlyArray<Entry>, longContext: LongContext) => {
  let pass = 0
  const run = executeAll(entries, longContext, (call) => {
    const open = call.indexOf("(") + 1
    const before = " ".repeat(pass % 16)
    const after = " ".repeat((pass >> 4) % 16)
    return `${call.slice(0, open)}${before}${call.slice(open, -1)}${after})`
  })
  return (): void => {
    run()
    pass = (pass + 1) % writings
  }
}

const runs: Readonly<Record<Work, (entries: ReadonlyArray<Entry>, longContext: LongContext) => () => void>> = {
  replay,
  execute: executeAll,
  read: readAll
}

const Answer = Schema.Struct({ version: Schema.String, cpu: Schema.Finite })

/** The original as a process. */
export interface Original {
  readonly version: string
  /** Seconds of CPU that it takes to play these entries. */
  readonly play: (work: Work, entries: ReadonlyArray<Entry>) => Effect.Effect<number>
}

/** Starts bfcl_reference.py on a folder with `bfcl-eval`, with that folder's own Python where it has one. */
export const startOriginal = Effect.fnUntraced(function*(folder: string, entries: ReadonlyArray<Entry>) {
  const path = yield* Path.Path
  const files = yield* FileSystem.FileSystem
  const own = path.join(folder, "bin", "python3")
  const command = (yield* files.exists(own)) ? own : "python3"
  const ask = yield* Reference.start({ command, script: "bfcl_reference.py", args: [folder] }, Answer)
  const { version } = yield* ask({
    op: "load",
    entries: entries.map((entry) => ({
      id: entry.id,
      classes: entry.classes,
      config: entry.initialConfig,
      turns: groundTruth(entry)
    }))
  })
  const original: Original = {
    version,
    play: (work, chosen) =>
      Effect.map(Effect.orDie(ask({ op: work, ids: chosen.map(({ id }) => id) })), ({ cpu }) => cpu)
  }
  return original
})

/**
 * Seconds of CPU that a round lasts at least, of either side: long against the time in which it has the caches, which the
 * other one used, for itself again. And seconds until the engine has compiled for good what runs often.
 */
const roundSeconds = 1
const warmUpSeconds = 5

/** Entries per second of CPU. */
export interface Rates {
  readonly own: number
  readonly original: number | undefined
}

/**
 * Of rounds that take turns: the quickest of either side, since what else the machine does only ever makes one slower,
 * and who waits for memory more than who computes; and their medians.
 */
export interface Measured {
  readonly quickest: Rates
  readonly median: Rates
}

export const measure = Effect.fnUntraced(function*(
  work: Work,
  entries: ReadonlyArray<Entry>,
  longContext: LongContext,
  rounds: number,
  original: Original | undefined
) {
  const run = runs[work](entries, longContext)
  Figures.rateOver(warmUpSeconds, run)
  const pass = original === undefined ? roundSeconds : yield* original.play(work, entries)
  const often = Array.from({ length: Math.ceil(roundSeconds / pass) }, () => entries).flat()
  const own: Array<number> = []
  const theirs: Array<number> = []
  for (let round = 0; round < rounds; round++) {
    own.push(entries.length * Figures.rateOver(roundSeconds, run))
    if (original !== undefined) theirs.push(often.length / (yield* original.play(work, often)))
  }
  const rates = (of: (rates: ReadonlyArray<number>) => number): Rates => ({
    own: of(own),
    original: original === undefined ? undefined : of(theirs)
  })
  const measured: Measured = { quickest: rates((all) => Math.max(...all)), median: rates(Figures.median) }
  return measured
})
