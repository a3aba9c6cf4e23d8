/** Compares two policies task by task: which tasks were fixed, which were broken, and whether that could be chance. */
import { Effect } from "effect"
import type { Form } from "../domain/bfcl/ResultFile.ts"
import type * as Paired from "../domain/Paired.ts"
import * as PairedOutcomes from "../domain/PairedOutcomes.ts"
import { type ByTask, readOutcomes } from "./outcomes.ts"
import { Unavailable } from "./refusal.ts"
import { readBenchmark } from "./score.ts"

export interface CompareOptions {
  /** Paths, each with `#<model>` (`#before` of a run) where there are several to choose from. */
  readonly first: string
  readonly second: string
  /** The benchmark's folder, which result and score files need. */
  readonly data?: string | undefined
  /** Whose test side is compared, everything when absent; needs the data. */
  readonly split?: string | undefined
  /** How steps of result files are to be read; told from them when absent. */
  readonly mode?: Form | undefined
  /** Of the bootstrap. */
  readonly seed: number
}

export interface Compared {
  /** Tasks that the other one has no outcome of; they are left out. */
  readonly onlyFirst: number
  readonly onlySecond: number
  readonly overall: Paired.Comparison
  /** By part and BFCL's category, as far as the ids of the tasks name them. */
  readonly categories: Readonly<Record<string, Paired.Comparison>>
  /** What is doubtful about the outcomes, a sentence each. */
  readonly warnings: ReadonlyArray<string>
}

const without = (tasks: ByTask, others: ByTask): number => [...tasks.keys()].filter((id) => !others.has(id)).length

export const compare = Effect.fn("compare")(function*({ data, first, mode, second, seed, split }: CompareOptions) {
  if (split !== undefined && data === undefined) {
    return yield* new Unavailable({
      detail: `--split ${split} is of the benchmark: say where it is with --data, or get it with \`envtune data pull\``
    })
  }
  const benchmark = data === undefined ? undefined : yield* readBenchmark(data, split)
  const restricted = (tasks: ByTask): ByTask =>
    benchmark === undefined ? tasks : new Map([...tasks].filter(([id]) => benchmark.split.test.has(id)))
  const outcomes = yield* Effect.forEach([first, second], (given) => readOutcomes(given, benchmark, mode))
  const [ofFirst, ofSecond] = [restricted(outcomes[0]!.tasks), restricted(outcomes[1]!.tasks)]
  const pairs = PairedOutcomes.pairs(ofFirst, ofSecond)
  if (pairs.length === 0) {
    return yield* new Unavailable({ detail: `${first} and ${second} have no task in common` })
  }
  const { cells, overall } = PairedOutcomes.compare(pairs, seed)
  const compared: Compared = {
    onlyFirst: without(ofFirst, ofSecond),
    onlySecond: without(ofSecond, ofFirst),
    overall,
    categories: cells,
    warnings: outcomes.flatMap(({ warnings }) => warnings)
  }
  return compared
})
