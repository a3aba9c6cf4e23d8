/** From the attempts of one step to its report. */
import { diagnose } from "./Diagnosis.ts"
import * as Episode from "./Episode.ts"
import type { Counts, Ledger, Moments, Rate, StepReport } from "./Report.ts"
import type { Attempted } from "./RunStore.ts"
import * as Segment from "./Segment.ts"
import { mean, variance } from "./Statistics.ts"

const tally = (keys: Iterable<string>): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1
  return counts
}

export const ledger = (attempted: ReadonlyArray<Attempted>): Ledger => ({
  attempted: attempted.length,
  trained: attempted.filter(({ fate }) => fate._tag === "Trained").length,
  filtered: tally(attempted.flatMap(({ fate }) => fate._tag === "Filtered" ? [fate.cause] : [])),
  failed: tally(attempted.flatMap(({ fate }) => fate._tag === "Failed" ? [fate.cause] : []))
})

const sum = (left: Counts, right: Counts): Counts => {
  const counts: Record<string, number> = { ...left }
  for (const [cause, count] of Object.entries(right)) counts[cause] = (counts[cause] ?? 0) + count
  return counts
}

/** One ledger over the episodes of two. */
export const plus = (left: Ledger, right: Ledger): Ledger => ({
  attempted: left.attempted + right.attempted,
  trained: left.trained + right.trained,
  filtered: sum(left.filtered, right.filtered),
  failed: sum(left.failed, right.failed)
})

/** Of all episodes that finished. */
export const sampledTokens = (attempted: ReadonlyArray<Attempted>): number =>
  attempted.reduce(
    (sum, { finished }) => sum + (finished === undefined ? 0 : Episode.sampledTokens(finished.episode)),
    0
  )

const moments = (values: ReadonlyArray<number>): Moments => ({
  n: values.length,
  mean: mean(values),
  variance: variance(values)
})

/** Passed of n over episodes, by category. */
export const byCategory = (episodes: ReadonlyArray<Episode.Episode>): Readonly<Record<string, Rate>> => {
  const rates: Record<string, Rate> = {}
  for (const episode of episodes) {
    const rate = rates[episode.task.category] ?? { n: 0, passed: 0 }
    rates[episode.task.category] = { n: rate.n + 1, passed: rate.passed + (Episode.passed(episode) ? 1 : 0) }
  }
  return rates
}

/** The part of a step's report that the attempts alone determine. */
export const summarise = (
  attempted: ReadonlyArray<Attempted>
): Pick<
  StepReport,
  | "ledger"
  | "reward"
  | "terms"
  | "success"
  | "turns"
  | "categories"
  | "codes"
  | "hints"
  | "diagnoses"
  | "sampledTokens"
  | "breaks"
> => {
  const finished = attempted.flatMap(({ finished }) => finished === undefined ? [] : [finished])
  const episodes = finished.map(({ episode }) => episode)
  const scores = finished.flatMap(({ score }) => score._tag === "Scored" ? [score] : [])
  const verdicts = episodes.flatMap(Episode.verdicts)
  const breaks = episodes.reduce((sum, episode) => sum + Segment.breaks(episode), 0)
  const terms: Record<string, number> = {}
  for (const name of new Set(scores.flatMap((score) => Object.keys(score.terms)))) {
    terms[name] = mean(scores.flatMap((score) => score.terms[name] ?? []))
  }
  return {
    ledger: ledger(attempted),
    reward: moments(scores.map((score) => score.total)),
    terms,
    success: { n: episodes.length, passed: episodes.filter(Episode.passed).length },
    turns: { n: verdicts.length, passed: verdicts.filter((verdict) => verdict.passed).length },
    categories: byCategory(episodes),
    codes: tally(episodes.flatMap((episode) => Episode.codes(episode).map(String))),
    hints: tally(episodes.flatMap((episode) => Episode.outcomes(episode).flatMap(({ hint }) => hint ?? []))),
    diagnoses: tally(episodes.flatMap((episode) => diagnose(Episode.trace(episode)).map(({ label }) => label))),
    sampledTokens: sampledTokens(attempted),
    ...(breaks > 0 && { breaks })
  }
}
