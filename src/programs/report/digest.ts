/**
 * What the page says about a run, gathered in one pass over its metrics and one over its
 * episodes. Nothing grows with the number of episodes.
 */
import { Effect, Stream } from "effect"
import type * as EpisodeRecord from "../../domain/EpisodeRecord.ts"
import * as Following from "../../domain/Following.ts"
import type * as Journal from "../../domain/Journal.ts"
import type { Manifest } from "../../domain/Manifest.ts"
import type * as Paired from "../../domain/Paired.ts"
import * as PairedOutcomes from "../../domain/PairedOutcomes.ts"
import { type Rate, type StepReport, total } from "../../domain/Report.ts"
import type { Outcomes } from "../../domain/RunStore.ts"
import { mean, poolMoments } from "../../domain/Statistics.ts"
import type { Summary } from "../../domain/Summary.ts"
import type { Update } from "../../domain/Trainer.ts"
import * as UnderWay from "../../domain/UnderWay.ts"
import type { Line, RunRecord } from "../../layers/RunReader.ts"
import { plural, underWay } from "../text.ts"

export interface Shown {
  readonly label: string
  readonly record: EpisodeRecord.EpisodeRecord
}

export interface Digest {
  readonly folder: string
  readonly manifest: Manifest
  /** Unix seconds. */
  readonly started: number
  readonly summary: Summary
  /** The evaluations before and after, task by task, where there are both. */
  readonly compared: Paired.Comparisons | undefined
  readonly reports: ReadonlyArray<StepReport>
  /** What became of failed calls, by the hint rule that spoke; under `undefined`, of those that nothing explained. */
  readonly answers: ReadonlyMap<string | undefined, Following.Answered>
  readonly episodes: ReadonlyArray<Shown>
  /** What could not be read, in sentences. */
  readonly torn: ReadonlyArray<string>
  /** Where the run went on after it had been cut short, in sentences. */
  readonly resumptions: ReadonlyArray<string>
  /** What it left unfinished when it ended early, in sentences. */
  readonly unfinished: ReadonlyArray<string>
}

/** Splits a stream's lines into values for `use` and a sentence about a torn tail. */
const read = <A, E>(
  stream: Stream.Stream<Line<A>, E>,
  use: (value: A) => void
): Effect.Effect<ReadonlyArray<string>, E> =>
  Effect.suspend(() => {
    const torn: Array<string> = []
    return Stream.runForEach(stream, (line) =>
      Effect.sync(() => {
        if (line._tag === "Line") use(line.value)
        else torn.push(`${line.path} is torn from line ${line.line} on (${line.detail})`)
      })).pipe(Effect.as(torn))
  })

/** The finished episodes nearest to the beginning, the middle and the end of `size` attempted ones. */
const picker = (size: number) => {
  const middle = Math.floor(size / 2)
  const picked: Array<{ readonly at: number; readonly record: EpisodeRecord.EpisodeRecord }> = []
  let at = -1
  return {
    offer: (record: EpisodeRecord.EpisodeRecord) => {
      at += 1
      if (record.finished === undefined) return
      const isNext = picked.length === 0 || (picked.length === 1 && at >= middle)
      if (isNext) picked.push({ at, record })
      else if (picked.length === 2) picked.push({ at, record })
      else if (picked.length === 3) picked[2] = { at, record }
    },
    picked: (): ReadonlyArray<Shown> => {
      const labels = ["First", "Middle", "Last"]
      return picked.map(({ record }, i) => ({ label: labels[i] ?? "", record }))
    }
  }
}

const resumption = (event: Journal.Event): ReadonlyArray<string> => {
  if (event._tag !== "Resumed") return []
  const { step, superseded } = event
  const rest = superseded === undefined ? "" : `; what had followed is in ${superseded}`
  return [`Resumed after ${plural(step, "step")}${rest}.`]
}

/** Of the bootstraps. */
const seed = 0

const compared = (before: Outcomes | undefined, after: Outcomes | undefined): Digest["compared"] =>
  before === undefined || after === undefined
    ? undefined
    : PairedOutcomes.compare(PairedOutcomes.pairs(Object.entries(before), new Map(Object.entries(after))), seed)

/** Reads a record into what the page says. */
export const gather = Effect.fn("report.gather")(function*(folder: string, record: RunRecord) {
  const reports: Array<StepReport> = []
  const tornReports = yield* read(record.reports, (report) => reports.push(report))
  const evaluated = new Map<string, Outcomes>()
  const tornEvaluations = yield* read(record.evaluations, ({ tasks, when }) => evaluated.set(when, tasks))
  const answers = new Map<string | undefined, Following.Answered>()
  const sampled = picker(reports.reduce((sum, { ledger }) => sum + ledger.attempted, 0))
  const tornEpisodes = yield* read(record.episodes, (episode) => {
    sampled.offer(episode)
    Following.count(answers, episode)
  })
  const entries = (record.journal?.entries ?? []).map(({ entry }) => entry)
  const digest: Digest = {
    folder,
    manifest: record.manifest,
    started: record.started,
    summary: record.summary,
    compared: compared(evaluated.get("before"), evaluated.get("after")),
    reports,
    answers,
    episodes: sampled.picked(),
    torn: [...tornReports, ...tornEvaluations, ...tornEpisodes],
    resumptions: entries.flatMap(({ events }) => events).flatMap(resumption),
    unfinished: record.summary.outcome === "completed"
      ? []
      : underWay(UnderWay.after(entries)).map((sentence) => `${sentence}.`)
  }
  return digest
})

/** Reports of neighbouring steps of one stage as one: rates and moments pooled, updates averaged. */
export interface Pooled {
  readonly stageIndex: number
  /** Steps it pools, first and last, within the run. */
  readonly from: number
  readonly to: number
  readonly reward: StepReport["reward"]
  readonly success: Rate
  readonly turns: Rate
  readonly categories: Readonly<Record<string, Rate>>
  readonly groups: Rate
  readonly hints: number
  readonly update: Pick<Update, "entropy" | "kl" | "gradientNorm"> | undefined
}

const addRates = (a: Rate, b: Rate): Rate => ({ n: a.n + b.n, passed: a.passed + b.passed })
const none: Rate = { n: 0, passed: 0 }

const poolUpdates = (reports: ReadonlyArray<StepReport>): Pooled["update"] => {
  const updates = reports.flatMap(({ update }) => update ?? [])
  if (updates.length === 0) return undefined
  const distances = updates.flatMap(({ kl }) => kl ?? [])
  const norms = updates.flatMap(({ gradientNorm }) => gradientNorm ?? [])
  return {
    entropy: mean(updates.map(({ entropy }) => entropy)),
    ...(distances.length > 0 && { kl: mean(distances) }),
    ...(norms.length > 0 && { gradientNorm: Math.max(...norms) })
  }
}

const poolOne = (reports: ReadonlyArray<StepReport>): Pooled => {
  const categories: Record<string, Rate> = {}
  for (const report of reports) {
    for (const [name, rate] of Object.entries(report.categories)) {
      categories[name] = addRates(categories[name] ?? none, rate)
    }
  }
  return {
    stageIndex: reports[0]?.stageIndex ?? 0,
    from: reports[0]?.step ?? 0,
    to: reports.at(-1)?.step ?? 0,
    reward: poolMoments(reports.map(({ reward }) => reward)),
    success: reports.reduce((sum, { success }) => addRates(sum, success), none),
    turns: reports.reduce((sum, { turns }) => addRates(sum, turns), none),
    categories,
    groups: reports.reduce(
      (sum, { groups }) => addRates(sum, { n: groups.collected, passed: groups.trained }),
      none
    ),
    hints: reports.reduce((sum, { hints }) => sum + total(hints), 0),
    update: poolUpdates(reports)
  }
}

/** At most about `most` points, none of which crosses a stage. */
export const pool = (reports: ReadonlyArray<StepReport>, most: number): ReadonlyArray<Pooled> => {
  const size = Math.max(1, Math.ceil(reports.length / most))
  const pools: Array<Array<StepReport>> = []
  for (const report of reports) {
    const last = pools.at(-1)
    if (last !== undefined && last.length < size && last[0]?.stageIndex === report.stageIndex) last.push(report)
    else pools.push([report])
  }
  return pools.map(poolOne)
}
