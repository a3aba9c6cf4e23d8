/** Answers of the viewer's server as they go over the wire, for both of its ends. */
import type { Change, Retraced } from "../../domain/bfcl/Retrace.ts"
import type { Comparisons } from "../../domain/Paired.ts"
import type { RunHeader } from "../../domain/RunView.ts"

/** An episode's states; of long lists of changes, the first ones and how many there are. */
export interface States {
  readonly truth: Retraced["truth"]
  readonly steps: ReadonlyArray<{
    readonly changes: ReadonlyArray<Change>
    readonly changed: number
    readonly missing: ReadonlyArray<Change>
    readonly missed: number
    readonly same: boolean
  }>
}

/** A leaf of a state: its place, and its text. */
export type Leaf = readonly [path: string, text: string]

/** A sampled token. */
export interface Token {
  readonly id: number
  /** Empty where the vocabulary is not known. */
  readonly text: string
  /** Under the sampling policy, in nats. */
  readonly logprob: number
}

export interface TaskText {
  readonly id: string
  readonly category: string
  readonly scenario: string
  readonly classes: ReadonlyArray<string>
  readonly turns: ReadonlyArray<{ readonly user: string; readonly truth: ReadonlyArray<string> }>
}

export interface ComparedTask {
  readonly id: string
  /** `part/category`, as far as its id names them. */
  readonly cell: string
  readonly first: readonly [passed: number, n: number]
  readonly second: readonly [passed: number, n: number]
}

export interface Compared extends Comparisons {
  /** Every task that both have an outcome of. */
  readonly tasks: ReadonlyArray<ComparedTask>
}

export type Headers = ReadonlyArray<RunHeader>
