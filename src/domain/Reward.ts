/**
 * What an episode is worth. A score keeps its terms and its share of every turn, so that a
 * run can say why a reward was what it was. An episode that cannot be scored never enters a mean.
 */
import { Context, Effect, Layer, Schema } from "effect"
import { codes, type Episode, verdicts } from "./Episode.ts"
import * as StepCodes from "./StepCodes.ts"

/** Whatever scores by asking (a judge model, a sandbox) did not answer. */
export class JudgeUnavailable extends Schema.TaggedError<JudgeUnavailable>()("JudgeUnavailable", {
  detail: Schema.String
}) {
  override get message() {
    return `the judge did not answer: ${this.detail}`
  }
  readonly isRetryable = true
}

export class RewardError extends Schema.TaggedError<RewardError>()("RewardError", {
  reason: JudgeUnavailable
}) {
  override get message() {
    return this.reason.message
  }
  get isRetryable() {
    return this.reason.isRetryable
  }
}

export interface Scored {
  readonly _tag: "Scored"
  readonly total: number
  /** Name -> value before weighting. */
  readonly terms: Readonly<Record<string, number>>
  /** Term -> its factor in this total; terms without one are shown beside it. Absent where the rule does not say. */
  readonly weights?: Readonly<Record<string, number>>
  /** One number per user turn of the task; turns that were not played have 0. */
  readonly perTurn: ReadonlyArray<number>
}

export interface Unscorable {
  readonly _tag: "Unscorable"
  readonly reason: string
}

export type Score = Scored | Unscorable

/** A reward as a plain function of the episode. */
export type Rule = (episode: Episode) => Score

export class Reward extends Context.Service<Reward, {
  readonly score: (episode: Episode) => Effect.Effect<Score, RewardError>
}>()("envtune/domain/Reward") {}

export const scored = (
  total: number,
  terms: Readonly<Record<string, number>>,
  perTurn: ReadonlyArray<number>,
  weights?: Readonly<Record<string, number>>
): Scored => ({ _tag: "Scored", total, terms, perTurn, ...(weights !== undefined && { weights }) })

export const unscorable = (reason: string): Unscorable => ({ _tag: "Unscorable", reason })

export const layer = (rule: Rule): Layer.Layer<Reward> =>
  Layer.succeed(Reward, Reward.of({ score: (episode) => Effect.succeed(rule(episode)) }))

const perTurnVerdicts = (episode: Episode): ReadonlyArray<number> => {
  const marks = Array.from({ length: episode.turns }, () => 0)
  for (const verdict of verdicts(episode)) if (verdict.passed) marks[verdict.turn] = 1
  return marks
}

/** Progress as the paper states it: passed turns over all turns of the task. */
export const progress: Rule = (episode) => {
  if (episode.turns === 0) return unscorable("the task has no turns")
  const total = StepCodes.progress(codes(episode), episode.turns)
  return scored(total, { progress: total }, perTurnVerdicts(episode), { progress: 1 })
}

/** Progress as the released code computes it: passed turns over turns that ended, 0 when none did. */
export const progressReleased: Rule = (episode) => {
  const total = StepCodes.progressReleased(codes(episode))
  return scored(total, { progress: total }, perTurnVerdicts(episode), { progress: 1 })
}

/**
 * 1 when every turn passed: the paper's ablation. A turn has what the episode has, so that credit by turn learns no more
 * of single turns than credit by episode does.
 */
export const binary: Rule = (episode) => {
  const total = StepCodes.binary(codes(episode), episode.turns)
  return scored(total, { binary: total }, Array.from({ length: episode.turns }, () => total), { binary: 1 })
}

/** Syntax (stage 1, the released `format_reward`): in 0..2, and 0 for an agent that never calls a tool. */
export const syntax: Rule = (episode) => {
  const all = codes(episode)
  const weight = StepCodes.called(all) ? 1 : 0
  return scored(
    StepCodes.syntax(all),
    { format: StepCodes.format(all), tool: StepCodes.toolCalls(all) },
    Array.from({ length: episode.turns }, () => 0),
    { format: weight, tool: weight }
  )
}

/**
 * A weighted sum of named rules: terms are `name` (its total) and, where a rule has terms of
 * its own, `name.term`. Unscorable when any rule is.
 */
export const weighted = (rules: Readonly<Record<string, readonly [weight: number, rule: Rule]>>): Rule => {
  const weights = Object.fromEntries(Object.entries(rules).map(([name, [weight]]) => [name, weight]))
  return (episode) => {
    const terms: Record<string, number> = {}
    const perTurn = Array.from({ length: episode.turns }, () => 0)
    let total = 0
    for (const [name, [weight, rule]] of Object.entries(rules)) {
      const score = rule(episode)
      if (score._tag === "Unscorable") return unscorable(`${name}: ${score.reason}`)
      terms[name] = score.total
      for (const [term, value] of Object.entries(score.terms)) if (term !== name) terms[`${name}.${term}`] = value
      total += weight * score.total
      score.perTurn.forEach((value, turn) => {
        perTurn[turn] = (perTurn[turn] ?? 0) + weight * value
      })
    }
    return scored(total, terms, perTurn, weights)
  }
}
