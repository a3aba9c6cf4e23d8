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

/**
 * What an episode's reward is taken to be, for credit.
 *
 * `episode`: the total, for every token of the episode (the paper). `turn`: for the tokens of
 * turn t, the reward from turn t on, `sum_{u >= t} discount^(u - t) * perTurn[u]`, compared with the siblings' at
 * the same turn. Sound where the user, not the agent, decides how many turns there are.
 */
export type Credit = "episode" | "turn"

/** Rewards from each turn on. */
export const returns = (perTurn: ReadonlyArray<number>, discount: number): ReadonlyArray<number> => {
  const sums = [...perTurn]
  for (let turn = sums.length - 2; turn >= 0; turn--) sums[turn] = perTurn[turn]! + discount * sums[turn + 1]!
  return sums
}

/** Member -> turn -> advantage, from member -> turn -> reward of that turn. */
export const byTurn = (
  perTurn: ReadonlyArray<ReadonlyArray<number>>,
  estimator: Estimator,
  discount: number
): ReadonlyArray<ReadonlyArray<number>> => {
  const all = perTurn.map((rewards) => returns(rewards, discount))
  const turns = Math.max(0, ...all.map(({ length }) => length))
  const columns = Array.from({ length: turns }, (_, turn) => estimator(all.map((rewards) => rewards[turn] ?? 0)))
  return all.map((rewards, member) => rewards.map((_, turn) => columns[turn]![member]!))
}

/** What a member of a group is credited with; `turnAdvantages` where credit is given by turn. */
export interface Credited {
  readonly advantage: number
  readonly turnAdvantages?: ReadonlyArray<number>
}

/** Advantages of a group's scored members, by how its stage gives credit; nothing when the group has nothing to teach. */
export const ofGroup = (
  scores: ReadonlyArray<{ readonly total: number; readonly perTurn: ReadonlyArray<number> }>,
  estimator: Estimator,
  { credit, turnDiscount }: { readonly credit: Credit; readonly turnDiscount: number }
): ReadonlyArray<Credited> | undefined => {
  if (credit === "turn") {
    const turns = byTurn(scores.map(({ perTurn }) => perTurn), estimator, turnDiscount)
    const same = turns[0]?.every((_, turn) => !hasSignal(turns.map((member) => member[turn] ?? 0))) ?? true
    return same ? undefined : turns.map((turnAdvantages) => ({ advantage: mean(turnAdvantages), turnAdvantages }))
  }
  const rewards = scores.map(({ total }) => total)
  return hasSignal(rewards) ? estimator(rewards).map((advantage) => ({ advantage })) : undefined
}
