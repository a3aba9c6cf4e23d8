/**
 * A recorded run to look at, while it is on or after it: its header, what every step measured, and its episodes, paged and
 * filtered, one by one or with their siblings. Whatever the record's format, viewers ask for nothing else.
 */
import type { Effect, Stream } from "effect"
import { Schema } from "effect"
import type { EpisodeRecord } from "./EpisodeRecord.ts"
import type { Answered } from "./Following.ts"
import type { Manifest } from "./Manifest.ts"
import type { StepReport } from "./Report.ts"
import type { Evaluated, RunStoreError } from "./RunStore.ts"
import type { Summary } from "./Summary.ts"

/** An episode in a list. */
export const EpisodeSummary = Schema.Struct({
  /** Place in the record, from 0. */
  at: Schema.Natural,
  /** `stage/step/task/member`. */
  id: Schema.String,
  stage: Schema.String,
  step: Schema.Natural,
  member: Schema.Natural,
  task: Schema.String,
  category: Schema.String,
  fate: Schema.Literals(["trained", "filtered", "failed"]),
  /** Why it was filtered or failed. */
  cause: Schema.optionalKey(Schema.String),
  /** Of a trained one. */
  advantage: Schema.optionalKey(Schema.Finite),
  /** Of a scored one. */
  reward: Schema.optionalKey(Schema.Finite),
  /** Every turn was played and passed. */
  passed: Schema.Boolean,
  turns: Schema.Natural,
  turnsPassed: Schema.Natural,
  /** Assistant messages. */
  steps: Schema.Natural,
  calls: Schema.Natural,
  /** Rules that spoke, each once. */
  hints: Schema.Array(Schema.String),
  /** Why its first failed turn failed. */
  failure: Schema.optionalKey(Schema.String)
})
export type EpisodeSummary = typeof EpisodeSummary.Type

export const orders = ["at", "reward", "advantage", "steps", "calls", "hints"] as const

/** Which episodes, and in which order; what is absent does not restrict. */
export const EpisodeQuery = Schema.Struct({
  stage: Schema.optionalKey(Schema.String),
  step: Schema.optionalKey(Schema.Natural),
  category: Schema.optionalKey(Schema.String),
  fate: Schema.optionalKey(Schema.Literals(["trained", "filtered", "failed"])),
  verdict: Schema.optionalKey(Schema.Literals(["passed", "failed"])),
  hint: Schema.optionalKey(Schema.String),
  failure: Schema.optionalKey(Schema.String),
  /** Part of the id. */
  text: Schema.optionalKey(Schema.String),
  order: Schema.optionalKey(Schema.Literals(orders)),
  descending: Schema.optionalKey(Schema.Boolean)
}).annotate({ identifier: "envtune/EpisodeQuery" })
export type EpisodeQuery = typeof EpisodeQuery.Type

export interface EpisodePage {
  /** Episodes that match. */
  readonly matching: number
  /** Episodes known so far. */
  readonly known: number
  /** Of the matching ones, in order, from the offset that was asked for. */
  readonly episodes: ReadonlyArray<EpisodeSummary>
}

/** What a list of episodes can be restricted to. */
export interface Facets {
  readonly categories: ReadonlyArray<string>
  readonly hints: ReadonlyArray<string>
  readonly failures: ReadonlyArray<string>
}

/** How much of the record is known; it grows until the record has been read, and again while the run is on. */
export interface Progress {
  /** `killed` when the record says that the run is on, and no process writes it. */
  readonly outcome: Summary["outcome"] | "killed"
  readonly steps: number
  readonly episodes: number
  /** Bytes of the record's episodes that were read, of those there are. */
  readonly read: number
  readonly size: number
  /**
   * How often the run was taken up again from an earlier point since the record was opened: what was known of later steps
   * and episodes is known no longer.
   */
  readonly rewinds: number
}

export interface RunHeader {
  /** Where the record is, as the user named it. */
  readonly folder: string
  readonly manifest: Manifest
  /** Unix seconds. */
  readonly started: number
  readonly summary: Summary
  /** What cannot be read, in sentences. */
  readonly torn: ReadonlyArray<string>
}

/** What became of the failed calls that one rule explained in one stage. */
export interface HintUse extends Answered {
  readonly rule: string
  readonly stage: string
}

export interface RunView {
  readonly header: Effect.Effect<RunHeader, RunStoreError>
  readonly reports: Effect.Effect<ReadonlyArray<StepReport>, RunStoreError>
  readonly evaluations: Effect.Effect<ReadonlyArray<Evaluated>, RunStoreError>
  readonly page: (query: EpisodeQuery, offset: number, limit: number) => Effect.Effect<EpisodePage>
  readonly facets: Effect.Effect<Facets>
  /** The episode of that id; undefined when it is not, or not yet, known. */
  readonly episode: (id: string) => Effect.Effect<EpisodeRecord | undefined, RunStoreError>
  /** All members of the episode's group, itself included. */
  readonly group: (id: string) => Effect.Effect<ReadonlyArray<EpisodeRecord>, RunStoreError>
  /** What became of the hints of the episodes known so far. */
  readonly hints: Effect.Effect<ReadonlyArray<HintUse>, RunStoreError>
  /** The progress now, and whenever it changes. It ends with a run that is complete: any other can be resumed. */
  readonly progress: Stream.Stream<Progress, RunStoreError>
}

/** `stage/step/task` of an episode's id: what the members of a group have in common. */
export const groupOf = (id: string): string => id.slice(0, id.lastIndexOf("/"))

/** Whether an episode is one of those asked for. */
export const matches = (query: EpisodeQuery) => (episode: EpisodeSummary): boolean =>
  (query.stage === undefined || episode.stage === query.stage)
  && (query.step === undefined || episode.step === query.step)
  && (query.category === undefined || episode.category === query.category)
  && (query.fate === undefined || episode.fate === query.fate)
  && (query.verdict === undefined || episode.passed === (query.verdict === "passed"))
  && (query.hint === undefined || episode.hints.includes(query.hint))
  && (query.failure === undefined || episode.failure === query.failure)
  && (query.text === undefined || episode.id.includes(query.text))

/** What an order compares; episodes without a value come last either way. */
const keyOf = (episode: EpisodeSummary, order: (typeof orders)[number]): number | undefined =>
  order === "hints" ? episode.hints.length : episode[order]

/** The episodes asked for, in the order asked for. */
export const select = (
  episodes: ReadonlyArray<EpisodeSummary>,
  query: EpisodeQuery
): ReadonlyArray<EpisodeSummary> => {
  const { descending = false, order = "at" } = query
  const selected = episodes.filter(matches(query))
  if (order === "at") return descending ? selected.toReversed() : selected
  const sign = descending ? -1 : 1
  const last = Infinity * sign
  return selected.toSorted((a, b) => {
    const [x, y] = [keyOf(a, order) ?? last, keyOf(b, order) ?? last]
    return x === y ? a.at - b.at : x < y ? -sign : sign
  })
}
