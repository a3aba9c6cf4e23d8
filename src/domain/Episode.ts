/** A rollout of a task by a policy, as it happened. */
import type { Outcome, StepCode, Transition, Verdict } from "./Environment.ts"
import type { Message } from "./Message.ts"
import { type Completion, usageOf } from "./Policy.ts"
import type { Task } from "./Task.ts"

export interface Step {
  /** The user turn this step belongs to, from 0. */
  readonly turn: number
  /** What the agent read before it answered: the messages new since its last step. */
  readonly observed: ReadonlyArray<Message>
  readonly completion: Completion
  readonly transition: Transition
}

/**
 * Why an episode ended. `completed`: the environment said so. `context`: no room was left
 * for another message. `steps`: the bound on steps, a safeguard above the environment's own limits.
 */
export type StopReason = "completed" | "context" | "steps"

export interface Episode {
  readonly task: Task
  readonly seed: number
  /** User turns the task has, played or not. */
  readonly turns: number
  readonly steps: ReadonlyArray<Step>
  readonly stop: StopReason
}

export const codes = (episode: Episode): ReadonlyArray<StepCode> => episode.steps.map((step) => step.transition.code)

export const verdicts = (episode: Episode): ReadonlyArray<Verdict> =>
  episode.steps.flatMap((step) => step.transition.verdict ?? [])

/** Every turn was played and passed. */
export const passed = (episode: Episode): boolean => {
  const all = verdicts(episode)
  return all.length === episode.turns && all.every((verdict) => verdict.passed)
}

export const outcomes = (episode: Episode): ReadonlyArray<Outcome> =>
  episode.steps.flatMap((step) => step.transition.outcomes)

/**
 * What was done and how it was judged, without words and tokens: an episode and its record say it alike, so what
 * explains one explains the other.
 */
export interface Trace {
  readonly stop: StopReason
  readonly steps: ReadonlyArray<
    Pick<Step, "turn"> & Pick<Transition, "code" | "verdict"> & {
      readonly outcomes: ReadonlyArray<Omit<Outcome, "shown">>
    }
  >
}

export const trace = ({ steps, stop }: Episode): Trace => ({
  stop,
  steps: steps.map(({ transition, turn }) => ({ ...transition, turn }))
})

/** How often each hint rule spoke. */
export const hints = (episode: Episode): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const { hint } of outcomes(episode)) if (hint !== undefined) counts[hint] = (counts[hint] ?? 0) + 1
  return counts
}

/** Sampled tokens over all steps. */
export const sampledTokens = (episode: Episode): number =>
  episode.steps.reduce((sum, step) => sum + (usageOf(step.completion)?.completion ?? 0), 0)
