/**
 * What a part of a method is worth: the same training with the part left out, on the same held-out tasks with the same
 * seeds. Outcomes of several training seeds are pooled task by task.
 *
 * Intervals and probabilities are over scenarios that might have been chosen, for the models that were trained. What
 * training once more would change shows only in the differences by seed.
 */
import { cellName } from "./Evaluation.ts"
import * as Paired from "./Paired.ts"
import type { Rate } from "./Report.ts"
import type { Outcomes } from "./RunStore.ts"
import { holm, type Interval, wilsonClustered } from "./Statistics.ts"
import type { Task } from "./Task.ts"
import { ofPart } from "./Tasks.ts"

/** One training of one arm, evaluated before and after. */
export interface Trained {
  readonly arm: string
  readonly seed: number
  readonly before: Outcomes
  readonly after: Outcomes
}

export interface Accuracy {
  readonly rate: Rate
  /** 95 %; episodes of one task, by several seeds, do not count as independent. */
  readonly interval: Interval
}

/** `<part>/<category>`, and `<part>, all`, before and after, all seeds together. */
export interface Arm {
  readonly name: string
  readonly seeds: ReadonlyArray<number>
  readonly cells: Readonly<Record<string, { readonly before: Accuracy; readonly after: Accuracy }>>
}

/** An arm compared with the first one, after training, on the held-out tasks of the test part. */
export interface Contrast {
  readonly arm: string
  readonly overall: Paired.Comparison
  readonly categories: Readonly<Record<string, Paired.Comparison>>
  /** Arm minus first arm, for every seed that both have. */
  readonly bySeed: ReadonlyArray<{ readonly seed: number; readonly difference: number }>
  /** Of the overall difference by chance alone, adjusted for the number of contrasts (Holm). */
  readonly p: number
  /** `p` is below 5 %. */
  readonly significant: boolean
}

export interface Ablation {
  readonly arms: ReadonlyArray<Arm>
  readonly contrasts: ReadonlyArray<Contrast>
}

const none: Rate = { n: 0, passed: 0 }

/** Task by task, all of them together. */
const pool = (all: ReadonlyArray<Outcomes>): ReadonlyMap<string, Rate> => {
  const pooled = new Map<string, Rate>()
  for (const [id, { n, passed }] of all.flatMap((outcomes) => Object.entries(outcomes))) {
    const before = pooled.get(id) ?? none
    pooled.set(id, { n: before.n + n, passed: before.passed + passed })
  }
  return pooled
}

const accuracy = (outcomes: ReadonlyMap<string, Rate>, tasks: ReadonlyArray<Task>): Accuracy => {
  const rates = tasks.flatMap(({ id }) => outcomes.get(id) ?? []).filter(({ n }) => n > 0)
  return {
    rate: rates.reduce((sum, { n, passed }) => ({ n: sum.n + n, passed: sum.passed + passed }), none),
    interval: wilsonClustered(rates)
  }
}

/** The tasks that a table has a row for, by the row's name; a part of several categories also as a whole. */
const rows = (tasks: ReadonlyArray<Task>): ReadonlyArray<readonly [name: string, tasks: ReadonlyArray<Task>]> =>
  [...new Set(tasks.map(({ part }) => part))].flatMap((part) => {
    const own = ofPart(tasks, part)
    const names = [...new Set(own.map(cellName))]
    return [
      ...names.map((name) => [name, own.filter((task) => cellName(task) === name)] as const),
      ...(names.length < 2 ? [] : [[`${part}, all`, own] as const])
    ]
  })

const armOf = (name: string, trained: ReadonlyArray<Trained>, tasks: ReadonlyArray<Task>): Arm => {
  const before = pool(trained.map((one) => one.before))
  const after = pool(trained.map((one) => one.after))
  return {
    name,
    seeds: trained.map(({ seed }) => seed),
    cells: Object.fromEntries(
      rows(tasks.filter(({ id }) => after.has(id))).map(([cell, of]) => [
        cell,
        { before: accuracy(before, of), after: accuracy(after, of) }
      ])
    )
  }
}

const pairsOf = (
  first: ReadonlyArray<Trained>,
  second: ReadonlyArray<Trained>,
  tasks: ReadonlyArray<Task>
): ReadonlyArray<Paired.Pair & { readonly category: string }> => {
  const [outcomes, others] = [first, second].map((trained) => pool(trained.map(({ after }) => after)))
  return tasks.map(({ category, id, scenario }) => ({
    id,
    scenario,
    category,
    first: outcomes?.get(id) ?? none,
    second: others?.get(id) ?? none
  }))
}

/** Only seeds that both have are compared. */
const shared = (trained: ReadonlyArray<Trained>, others: ReadonlyArray<Trained>): ReadonlyArray<Trained> =>
  trained.filter(({ seed }) => others.some((other) => other.seed === seed))

const contrast = (
  first: ReadonlyArray<Trained>,
  second: ReadonlyArray<Trained>,
  tasks: ReadonlyArray<Task>,
  seed: number
): Omit<Contrast, "significant"> => {
  const [ours, theirs] = [shared(first, second), shared(second, first)]
  const pairs = pairsOf(ours, theirs, tasks)
  const categories = [...new Set(pairs.map(({ category }) => category))]
  return {
    arm: second[0]?.arm ?? "",
    overall: Paired.compare(pairs, seed),
    categories: Object.fromEntries(
      categories.map((category) => [category, Paired.compare(pairs.filter((pair) => pair.category === category), seed)])
    ),
    bySeed: theirs.flatMap((one) => {
      const other = ours.filter((each) => each.seed === one.seed)
      const { difference } = Paired.compare(pairsOf(other, [one], tasks), seed)
      return [{ seed: one.seed, difference }]
    }),
    p: Paired.permutation(pairs, seed)
  }
}

/** Significant means: a difference as large would come about by chance in fewer than one of twenty ablations like this. */
const level = 0.05

/** Every arm by itself, and every arm but the first compared with the first. The seed is of resampling. */
export const analyse = (trained: ReadonlyArray<Trained>, tasks: ReadonlyArray<Task>, seed: number): Ablation => {
  const names = [...new Set(trained.map(({ arm }) => arm))]
  const byArm = names.map((name) => trained.filter(({ arm }) => arm === name))
  const [first = [], ...others] = byArm
  const heldOut = ofPart(tasks, "test")
  const contrasts = others.map((other) => contrast(first, other, heldOut, seed))
  const adjusted = holm(contrasts.map(({ p }) => p))
  return {
    arms: byArm.map((of, at) => armOf(names[at] ?? "", of, tasks)),
    contrasts: contrasts.map((one, at) => {
      const p = adjusted[at] ?? 1
      return { ...one, p, significant: p < level }
    })
  }
}
