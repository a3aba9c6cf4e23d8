/**
 * Group-relative advantages: how much better an episode was than its siblings.
 * Pure and synchronous; an estimator maps the rewards of one group to one number per member.
 */
import { mean } from "./Statistics.ts"

export type Estimator = (rewards: ReadonlyArray<number>) => ReadonlyArray<number>

const deviation = (rewards: ReadonlyArray<number>): number => {
  const centre = mean(rewards)
  return Math.sqrt(rewards.reduce((sum, reward) => sum + (reward - centre) ** 2, 0) / Math.max(1, rewards.length - 1))
}

/** GRPO: `(r - mean) / (sd + epsilon)`, with the sample deviation. `epsilon` damps groups that hardly differ. */
export const groupRelative = (epsilon = 1e-6): Estimator => (rewards) => {
  const centre = mean(rewards)
  const scale = deviation(rewards) + epsilon
  return rewards.map((reward) => (reward - centre) / scale)
}

/** Dr. GRPO: `r - mean`, without dividing by the deviation. */
export const centred: Estimator = (rewards) => {
  const centre = mean(rewards)
  return rewards.map((reward) => reward - centre)
}

/** RLOO: `r - mean of the others`. */
export const leaveOneOut: Estimator = (rewards) => {
  const n = rewards.length
  if (n < 2) return rewards.map(() => 0)
  const sum = rewards.reduce((total, reward) => total + reward, 0)
  return rewards.map((reward) => reward - (sum - reward) / (n - 1))
}

/** Whether a group's rewards differ at all. One whose rewards are equal teaches nothing. */
export const hasSignal = (rewards: ReadonlyArray<number>, tolerance = 1e-9): boolean => {
  const first = rewards[0]
  return first !== undefined && rewards.some((reward) => Math.abs(reward - first) > tolerance)
}
