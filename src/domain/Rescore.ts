/**
 * Another reward, or another advantage, over a run's recorded episodes: what the same groups would have taught.
 * Episodes were sampled by weights that the recorded rewards had trained, so this says how rewards see what was
 * played, not what training with them would have led to.
 */
import * as Advantage from "./Advantage.ts"
import * as EpisodeRecord from "./EpisodeRecord.ts"
import type { Rule, Score, Scored } from "./Reward.ts"
import { mean } from "./Statistics.ts"

/** How a stage forms groups and gives credit; its settings have it. */
export interface Grouping {
  readonly groupSize: number
  readonly credit: Advantage.Credit
  readonly turnDiscount: number
}

export interface Options {
  /** The recorded scores stay when absent. */
  readonly reward?: Rule
  readonly estimator: Advantage.Estimator
}

/** An episode that was finished, by the record and by the new rules; an advantage where its group had something to teach. */
export interface Rescored {
  readonly id: string
  readonly stage: string
  readonly recorded: { readonly score: Score; readonly advantage?: number }
  readonly score: Score
  readonly advantage?: number
}

/** Episodes of one task in one step of which a stage made one group: their records follow one another. */
export const groupOf = ({ member, stage, step, task }: EpisodeRecord.EpisodeRecord, groupSize: number): string =>
  JSON.stringify([stage, step, task.id, Math.floor(member / groupSize)])

const isScored = (score: Score): score is Scored => score._tag === "Scored"

/** One group, scored again. */
export const group = (
  records: ReadonlyArray<EpisodeRecord.EpisodeRecord>,
  grouping: Grouping,
  { estimator, reward }: Options
): ReadonlyArray<Rescored> => {
  const scored = records.flatMap((record) => {
    const episode = EpisodeRecord.episode(record)
    const before = EpisodeRecord.score(record)
    return episode === undefined || before === undefined
      ? []
      : [{ record, before, score: reward === undefined ? before : reward(episode) }]
  })
  const scores = scored.map(({ score }) => score).filter(isScored)
  const credited = scores.length < 2 ? undefined : Advantage.ofGroup(scores, estimator, grouping)
  const advantages = new Map(scores.map((score, i) => [score, credited?.[i]?.advantage]))
  return scored.map(({ before, record: { fate, id, stage }, score }) => {
    const advantage = isScored(score) ? advantages.get(score) : undefined
    return {
      id,
      stage,
      recorded: { score: before, ...(fate._tag === "Trained" && { advantage: fate.advantage }) },
      score,
      ...(advantage !== undefined && { advantage })
    }
  })
}

/** One of the two ways to see a stage's episodes. */
export interface Seen {
  /** Mean reward of what could be scored. */
  readonly reward: number
  readonly scored: number
  /** Groups that had something to teach. */
  readonly live: number
}

export interface Comparison {
  readonly episodes: number
  readonly groups: number
  readonly recorded: Seen
  readonly rescored: Seen
  /** Of the episodes with an advantage in both ways: how many, and of how many its sign is another one. */
  readonly both: number
  readonly turned: number
}

const seen = (
  groups: ReadonlyArray<ReadonlyArray<Rescored>>,
  of: (one: Rescored) => { readonly score: Score; readonly advantage?: number }
): Seen => {
  const totals = groups.flat().map((one) => of(one).score).filter(isScored).map(({ total }) => total)
  return {
    reward: mean(totals),
    scored: totals.length,
    live: groups.filter((group) => group.some((one) => of(one).advantage !== undefined)).length
  }
}

/** What became of groups that were scored again. */
export const compare = (groups: ReadonlyArray<ReadonlyArray<Rescored>>): Comparison => {
  const both = groups.flat().flatMap(({ advantage, recorded }) =>
    advantage === undefined || recorded.advantage === undefined ? [] : [[recorded.advantage, advantage] as const]
  )
  return {
    episodes: groups.flat().length,
    groups: groups.length,
    recorded: seen(groups, ({ recorded }) => recorded),
    rescored: seen(groups, (one) => one),
    both: both.length,
    turned: both.filter(([before, after]) => Math.sign(before) !== Math.sign(after)).length
  }
}

const pool = (one: Seen, other: Seen): Seen => {
  const scored = one.scored + other.scored
  const sum = one.reward * one.scored + other.reward * other.scored
  return { reward: scored === 0 ? 0 : sum / scored, scored, live: one.live + other.live }
}

/** Two comparisons as one. */
export const add = (a: Comparison, b: Comparison): Comparison => ({
  episodes: a.episodes + b.episodes,
  groups: a.groups + b.groups,
  recorded: pool(a.recorded, b.recorded),
  rescored: pool(a.rescored, b.rescored),
  both: a.both + b.both,
  turned: a.turned + b.turned
})
