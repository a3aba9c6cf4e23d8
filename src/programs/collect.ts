/**
 * Collects the groups of one step: episodes concurrently, each retried alone and under a
 * deadline; groups without signal dropped and replaced up to a bound; every attempt accounted for.
 */
import { Deferred, Effect, Result } from "effect"
import { ofGroup } from "../domain/Advantage.ts"
import type { Settings, Stage } from "../domain/Curriculum.ts"
import { episodeId, type RoundJudged } from "../domain/Journal.ts"
import { Reward } from "../domain/Reward.ts"
import type { Attempted, Fate } from "../domain/RunStore.ts"
import * as Seed from "../domain/Seed.ts"
import type { Task } from "../domain/Task.ts"
import type { Group } from "../domain/Trainer.ts"
import { type Listener, type Move, moves } from "../domain/UnderWay.ts"
import { type GivenUp, persist } from "./persist.ts"
import { rollout } from "./rollout.ts"

export interface Place {
  readonly seed: number
  readonly stage: string
  readonly stageIndex: number
  /** Within the run. */
  readonly step: number
  /** Hears what each episode does, as it does it. */
  readonly moved?: Listener
}

export interface Collected {
  readonly groups: ReadonlyArray<Group>
  /** Every attempt of every round, in order. */
  readonly attempted: ReadonlyArray<Attempted>
  /** The tasks taken, and what became of their groups. */
  readonly rounds: ReadonlyArray<RoundJudged>
  readonly groupsCollected: number
  readonly refillRounds: number
}

/** Why what was collected ahead is of no use. */
export const stageOver = "stage_over"

type Unjudged = Omit<Attempted, "fate"> & { readonly failed?: GivenUp }

/** Plays and scores one member of a group. Never fails: a failure is where the episode ended up. */
const attempt = Effect.fnUntraced(function*(
  place: Place,
  settings: Settings,
  task: Task,
  member: number,
  useless?: Deferred.Deferred<GivenUp>
) {
  const reward = yield* Reward
  const moved = (move: Move) => place.moved?.(task.id, member, move)
  const seed = Seed.derive(place.seed, "episode", place.stageIndex, place.step, task.id, member)
  const once = rollout(task, {
    seed,
    family: `${place.stageIndex}/${place.step}/${task.id}`,
    sampling: settings.sampling,
    maxSteps: settings.maxSteps,
    moved
  }).pipe(
    Effect.flatMap((episode) => Effect.map(reward.score(episode), (score) => ({ episode, score })))
  )
  const { attempts, result } = yield* persist(once, settings, useless)
  moved(Result.isSuccess(result) ? moves.finishes : moves.isGivenUp)
  const unjudged: Unjudged = {
    id: episodeId(place.stageIndex, place.step, task.id, member),
    stage: place.stage,
    step: place.step,
    member,
    task,
    seed,
    attempts,
    ...(Result.isSuccess(result) ? { finished: result.success } : { failed: result.failure })
  }
  return unjudged
})

/** Decides where the members of one group end up; the group is there when it has something to teach. */
const judge = <E, R>(
  stage: Stage<E, R>,
  task: Task,
  members: ReadonlyArray<Unjudged>
): {
  readonly group: Group | undefined
  readonly attempted: ReadonlyArray<Attempted>
  readonly judgement: RoundJudged["groups"][number]
} => {
  const scored = members.flatMap((member) =>
    member.finished !== undefined && member.finished.score._tag === "Scored"
      ? [{ member, episode: member.finished.episode, score: member.finished.score }]
      : []
  )
  const credits = scored.length < 2
    ? undefined
    : ofGroup(scored.map(({ score }) => score), stage.advantage, stage.settings)
  const dropped = scored.length < 2 ? "lone_member" : "no_signal"
  const fateOf = (member: Unjudged): Fate => {
    if (member.failed !== undefined) return { _tag: "Failed", ...member.failed }
    const position = scored.findIndex((candidate) => candidate.member === member)
    if (position < 0) return { _tag: "Filtered", cause: "unscorable" }
    return credits === undefined
      ? { _tag: "Filtered", cause: dropped }
      : { _tag: "Trained", advantage: credits[position]!.advantage }
  }
  return {
    group: credits === undefined
      ? undefined
      : { task, members: scored.map(({ episode, score }, i) => ({ episode, score, ...credits[i]! })) },
    attempted: members.map((member) => {
      const { failed: _, ...rest } = member
      return { ...rest, fate: fateOf(member) }
    }),
    judgement: { task: task.id, admitted: credits !== undefined, why: credits === undefined ? dropped : "signal" }
  }
}

/**
 * Groups for one update. `next(n)` takes n tasks from the stage's order; it never runs out. When all this turns out to be
 * useless, what is being played is given up, and what was not begun is not attempted.
 */
export const collect = Effect.fnUntraced(function*<E, R>(
  stage: Stage<E, R>,
  place: Place,
  next: (n: number) => ReadonlyArray<Task>,
  useless?: Deferred.Deferred<GivenUp>
) {
  const { concurrency, groupSize, refillRounds, tasksPerStep } = stage.settings
  const groups: Array<Group> = []
  const attempted: Array<Attempted> = []
  const rounds: Array<RoundJudged> = []
  const met = new Map<Task, number>()
  const isUseless = () => useless !== undefined && Deferred.isDoneUnsafe(useless)
  while (rounds.length <= refillRounds && groups.length < tasksPerStep && !isUseless()) {
    const tasks = next(tasksPerStep - groups.length)
    const seats = tasks.flatMap((task) => {
      // A task that a later round meets again has other episodes: their numbers, and so their seeds, go on.
      const first = met.get(task) ?? 0
      met.set(task, first + groupSize)
      return Array.from({ length: groupSize }, (_, i) => ({ task, member: first + i }))
    })
    const members = yield* Effect.forEach(
      seats,
      ({ member, task }) => isUseless() ? Effect.undefined : attempt(place, stage.settings, task, member, useless),
      { concurrency }
    )
    const judged = tasks.map((task, i) =>
      judge(stage, task, members.slice(i * groupSize, (i + 1) * groupSize).flatMap((member) => member ?? []))
    )
    attempted.push(...judged.flatMap((one) => one.attempted))
    groups.push(...judged.flatMap(({ group }) => group ?? []))
    rounds.push({
      _tag: "RoundJudged",
      stageIndex: place.stageIndex,
      step: place.step,
      round: rounds.length,
      groups: judged.map(({ judgement }) => judgement)
    })
  }
  const collected: Collected = {
    groups,
    attempted,
    rounds,
    groupsCollected: rounds.reduce((sum, { groups }) => sum + groups.length, 0),
    refillRounds: rounds.length - 1
  }
  return collected
})

const nothing: Collected = { groups: [], attempted: [], rounds: [], groupsCollected: 0, refillRounds: 0 }

/**
 * What was collected ahead for a stage that was over after `last`, as further rounds of that step: all of it is accounted
 * for, and nothing is trained on. Members are numbered behind the step's own, a group's in one row; ids stay what they were.
 */
export const unused = (
  step: number,
  groupSize: number,
  last: Collected,
  ahead: ReadonlyArray<Collected>
): Collected => {
  const seats = new Map<Task, number>()
  const seat = ({ attempted }: Collected): void => {
    for (const { member, task } of attempted) {
      seats.set(task, Math.max(seats.get(task) ?? 0, groupSize * (Math.floor(member / groupSize) + 1)))
    }
  }
  seat(last)
  return ahead.reduce((all, collected) => {
    const attempted = collected.attempted.map((one): Attempted => {
      const member = (seats.get(one.task) ?? 0) + one.member
      const fate: Fate = one.fate._tag === "Trained" ? { _tag: "Filtered", cause: stageOver } : one.fate
      return { ...one, step, member, fate }
    })
    const rounds = collected.rounds.map((round, i): RoundJudged => ({
      ...round,
      step,
      round: last.rounds.length + all.rounds.length + i,
      groups: round.groups.map((group) => group.admitted ? { ...group, admitted: false, why: stageOver } : group)
    }))
    seat({ ...collected, attempted })
    return {
      ...all,
      attempted: [...all.attempted, ...attempted],
      rounds: [...all.rounds, ...rounds],
      groupsCollected: all.groupsCollected + collected.groupsCollected
    }
  }, nothing)
}
