/** What a policy can do, by part and category: a fold over the episodes of an evaluation. */
import { diagnose, type Label } from "./Diagnosis.ts"
import * as Episode from "./Episode.ts"
import type { Counts, Rate, Scores } from "./Report.ts"
import type { Outcomes } from "./RunStore.ts"
import { type Interval, wilsonClustered } from "./Statistics.ts"
import type { Task } from "./Task.ts"

/** One episode of an evaluation: played to some end, or not finished (a model or a simulator that did not answer). */
export type Played =
  | { readonly _tag: "Finished"; readonly task: Task; readonly sample: number; readonly episode: Episode.Episode }
  | {
    readonly _tag: "Unfinished"
    readonly task: Task
    readonly sample: number
    readonly cause: string
    readonly detail: string
  }

export type Finished = Extract<Played, { readonly _tag: "Finished" }>

/** What an evaluation counts of an episode; the episode itself, with all its tokens, need not be kept. */
export interface Mark {
  readonly task: Task
  /** Absent for an episode that was not finished. */
  readonly finished?: {
    readonly passed: boolean
    readonly turns: Rate
    readonly failures: ReadonlyArray<string>
    readonly diagnoses: ReadonlyArray<Label>
    readonly steps: number
    readonly sampledTokens: number
  }
  readonly cause?: string
}

export interface Accuracy {
  /** Episodes whose every turn passed, over finished episodes. */
  readonly success: Rate
  /** 95 % for the success rate. Episodes of one task do not count as independent. */
  readonly interval: Interval
}

export interface Cell extends Accuracy {
  readonly tasks: number
  /** Turns passed, over the turns of the finished episodes' tasks: a turn that was not reached did not pass. */
  readonly turns: Rate
  /** Why turns did not pass, in the environment's words, and `not_reached`. */
  readonly failures: Counts
  /** Why turns that were judged did not pass (`Diagnosis.Label`). */
  readonly diagnoses: Counts
  /** Episodes that are not in any of the rates, by cause. */
  readonly unfinished: Counts
  /** Assistant messages of finished episodes. */
  readonly steps: number
  /** Sampled by the policy, where it has tokens. */
  readonly sampledTokens: number
}

/** What the record of an evaluation says of it. */
export interface Accuracies<out A extends Accuracy = Accuracy> {
  /** `<part>/<category>` in the order in which they were met. */
  readonly cells: Readonly<Record<string, A>>
  /** All categories of a part together. */
  readonly parts: Readonly<Record<string, A>>
}

export interface Evaluation extends Accuracies<Cell> {
  /** Task -> passed of its finished episodes. */
  readonly tasks: Outcomes
}

export const cellName = (task: Task): string => `${task.part}/${task.category}`

const groupBy = <A>(items: ReadonlyArray<A>, key: (item: A) => string): ReadonlyMap<string, ReadonlyArray<A>> => {
  const groups = new Map<string, Array<A>>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group === undefined) groups.set(key(item), [item])
    else group.push(item)
  }
  return groups
}

const tally = (keys: ReadonlyArray<string>): Counts => {
  const counts: Record<string, number> = {}
  for (const key of keys) counts[key] = (counts[key] ?? 0) + 1
  return counts
}

const sum = <A>(items: ReadonlyArray<A>, value: (item: A) => number): number =>
  items.reduce((total, item) => total + value(item), 0)

export const mark = (played: Played): Mark => {
  const { task } = played
  if (played._tag === "Unfinished") return { task, cause: played.cause }
  const { episode } = played
  const verdicts = Episode.verdicts(episode)
  return {
    task,
    finished: {
      passed: Episode.passed(episode),
      turns: { n: episode.turns, passed: verdicts.filter((verdict) => verdict.passed).length },
      failures: [
        ...verdicts.flatMap((verdict) => verdict.passed ? [] : [verdict.failure ?? "failed"]),
        ...Array.from({ length: episode.turns - verdicts.length }, () => "not_reached")
      ],
      diagnoses: diagnose(Episode.trace(episode)).map(({ label }) => label),
      steps: episode.steps.length,
      sampledTokens: Episode.sampledTokens(episode)
    }
  }
}

const success = (marks: ReadonlyArray<Mark>): Rate => ({
  n: marks.length,
  passed: marks.filter(({ finished }) => finished?.passed === true).length
})

const cell = (marks: ReadonlyArray<Mark>): Cell => {
  const finished = marks.filter((mark) => mark.finished !== undefined)
  const of = finished.flatMap((mark) => mark.finished ?? [])
  const byTask = groupBy(finished, ({ task }) => task.id)
  return {
    success: success(finished),
    interval: wilsonClustered([...byTask.values()].map(success)),
    tasks: byTask.size,
    turns: { n: sum(of, ({ turns }) => turns.n), passed: sum(of, ({ turns }) => turns.passed) },
    failures: tally(of.flatMap(({ failures }) => failures)),
    diagnoses: tally(of.flatMap(({ diagnoses }) => diagnoses)),
    unfinished: tally(marks.flatMap(({ cause }) => cause ?? [])),
    steps: sum(of, ({ steps }) => steps),
    sampledTokens: sum(of, ({ sampledTokens }) => sampledTokens)
  }
}

const by = <A extends { readonly task: Task }, B>(
  items: ReadonlyArray<A>,
  key: (task: Task) => string,
  of: (items: ReadonlyArray<A>) => B
): Readonly<Record<string, B>> =>
  Object.fromEntries([...groupBy(items, ({ task }) => key(task))].map(([name, group]) => [name, of(group)]))

const outcomes = (marks: ReadonlyArray<Mark>): Outcomes =>
  Object.fromEntries(
    Array.from(groupBy(marks, ({ task }) => task.id), ([id, of]) => [
      id,
      success(of.filter(({ finished }) => finished !== undefined))
    ])
  )

export const make = (marks: ReadonlyArray<Mark>): Evaluation => ({
  cells: by(marks, cellName, cell),
  parts: by(marks, (task) => task.part, cell),
  tasks: outcomes(marks)
})

const accuracy = (items: ReadonlyArray<{ readonly rate: Rate }>): Accuracy => {
  const rates = items.map(({ rate }) => rate)
  return {
    success: { n: sum(rates, ({ n }) => n), passed: sum(rates, ({ passed }) => passed) },
    interval: wilsonClustered(rates.filter(({ n }) => n > 0))
  }
}

/** An evaluation from its record; outcomes of tasks that are not there are left out. */
export const fromOutcomes = (outcomes: Outcomes, tasks: ReadonlyArray<Task>): Accuracies => {
  const rated = tasks.flatMap((task) => {
    const rate = outcomes[task.id]
    return rate === undefined ? [] : [{ task, rate }]
  })
  return { cells: by(rated, cellName, accuracy), parts: by(rated, ({ part }) => part, accuracy) }
}

/** The evaluation as a run's record keeps it. */
export const scores = (evaluation: Evaluation): Scores =>
  Object.fromEntries(Object.entries(evaluation.cells).map(([name, { success }]) => [name, success]))
