/**
 * Runs a curriculum: a stream of step reports.
 *
 * A step is collected and then trained on, one after the other, and the next step is
 * collected only then: the stream is on-policy by construction, and concurrency lives inside
 * `collect`. A stage that allows staleness has its next steps collected meanwhile, each by a snapshot of the policy;
 * `Ahead` is what keeps them within its bound.
 */
import { Clock, Deferred, Effect, Layer, Schema, Stream } from "effect"
import * as Accounting from "../domain/Accounting.ts"
import type { Decision } from "../domain/Advance.ts"
import * as Alarms from "../domain/Alarms.ts"
import { type Curriculum, type Stage, stepsAhead } from "../domain/Curriculum.ts"
import { asItIs, Policy } from "../domain/Policy.ts"
import type { StepReport } from "../domain/Report.ts"
import { type Attempted, type RunEvent, RunStore } from "../domain/RunStore.ts"
import * as Seed from "../domain/Seed.ts"
import * as Standing from "../domain/Standing.ts"
import type { Task } from "../domain/Task.ts"
import * as TaskOrder from "../domain/TaskOrder.ts"
import { ofPart, Tasks } from "../domain/Tasks.ts"
import { Trainer, updatesOf } from "../domain/Trainer.ts"
import * as Ahead from "./ahead.ts"
import { collect, type Collected, type Place, stageOver, unused } from "./collect.ts"
import { follow } from "./follow.ts"
import type { GivenUp } from "./persist.ts"
import { seeThrough } from "./seeThrough.ts"

/** A stage that no training task is for. */
export class StageEmpty extends Schema.TaggedError<StageEmpty>()("StageEmpty", {
  stage: Schema.String,
  trainTasks: Schema.Int
}) {
  override get message() {
    return `stage "${this.stage}" selects none of the ${this.trainTasks} training tasks`
  }
}

export interface TuneOptions {
  /** Of the run; every other seed is derived from it. */
  readonly seed: number
  /**
   * Training time at most: stage i of n is over when i/n of it has passed, so that what one
   * stage leaves is its successors'. Without it, stages end by their own rules alone.
   */
  readonly seconds?: number
}

/** Where to begin: the standing, and the reports that its stage has so far. */
export interface From {
  readonly standing: Standing.Standing
  readonly reports: ReadonlyArray<StepReport>
}

const fresh: From = { standing: Standing.start, reports: [] }

/** The record names other tasks than the stage would take: it was made of other tasks or by another version. */
export class OrderChanged extends Schema.TaggedError<OrderChanged>()("OrderChanged", {
  stage: Schema.String,
  round: Schema.Int,
  recorded: Schema.Array(Schema.String),
  taken: Schema.Array(Schema.String)
}) {
  override get message() {
    return `stage "${this.stage}" took the tasks ${this.recorded.join(", ")} in its round ${this.round + 1}, and `
      + `would now take ${this.taken.join(", ")}: the run cannot go on as it began`
  }
}

/** Where a run is, over all stages. */
interface Progress {
  steps: number
  updates: number
  readonly stages: number
  /** Milliseconds, breaks left out. */
  readonly startedAt: number
}

const seconds = (from: number, to: number): number => (to - from) / 1000

/** The stage's own rule, and above it the alarms that stop a stage and the time box. */
const decide = (
  stage: Stage<unknown, unknown>,
  reports: ReadonlyArray<StepReport>,
  spent: number,
  allowed: number | undefined
): Decision => {
  const decision = stage.advance(reports)
  const alarm = reports.at(-1)?.alarms.find(({ action }) => action === "stop")
  if (alarm !== undefined) return { over: true, why: `stopped by an alarm: ${alarm.says}`, progress: 1 }
  return decision.over || allowed === undefined || spent < allowed
    ? decision
    : { over: true, why: `time is up: ${spent.toFixed(0)} s of ${allowed.toFixed(0)} s`, progress: 1 }
}

/** Takes again what the record says was taken, so that the order goes on where it was. */
const retake = Effect.fnUntraced(function*(
  stage: string,
  next: (n: number) => ReadonlyArray<Task>,
  rounds: Standing.Standing["rounds"]
) {
  for (const [round, recorded] of rounds.entries()) {
    const taken = next(recorded.length).map(({ id }) => id)
    if (taken.join() !== recorded.join()) return yield* new OrderChanged({ stage, round, recorded, taken })
  }
})

const attemptsOf = (attempted: ReadonlyArray<Attempted>): ReadonlyArray<RunEvent> =>
  attempted.map((attempted) => ({ _tag: "EpisodeAttempted", attempted }))

/** The batches of a stage in order, collected as far ahead of whoever trains on them as the stage allows. */
const batchesOf = Effect.fnUntraced(function*<E, R>(
  stage: Stage<E, R>,
  stageIndex: number,
  seed: number,
  progress: Progress,
  nextTasks: (n: number) => ReadonlyArray<Task>
) {
  const policy = yield* Policy
  const useless = yield* Deferred.make<GivenUp>()
  const most = stepsAhead(stage.settings)
  const { next, rest } = yield* Ahead.make(
    Effect.gen(function*() {
      const place: Place = { seed, stage: stage.name, stageIndex, step: progress.steps++ }
      const { updates } = progress
      const player = yield* asItIs(policy)
      const { rest, value: collected } = yield* follow(
        place,
        (moved) => collect(stage, { ...place, moved }, nextTasks, most === 0 ? undefined : useless)
      ).pipe(Effect.provideService(Policy, player))
      return { place, collected, moves: rest, updates }
    }),
    most
  )
  return {
    /** The next batch, where it belongs, and how many optimiser steps the weights had taken that sampled it. */
    next,
    /** Gives up what was collected for steps after this one, and counts it as a part of it. */
    end: Effect.fnUntraced(function*({ collected, place }: Effect.Success<typeof next>, why: string) {
      yield* Deferred.succeed(useless, { cause: stageOver, detail: `the stage was over: ${why}` })
      const left = yield* rest
      progress.steps = place.step + 1
      return {
        ...unused(place.step, stage.settings.groupSize, collected, left.map(({ collected }) => collected)),
        moves: left.flatMap(({ moves }) => moves)
      }
    })
  }
})

/** One step of a stage that began at a time in milliseconds: collect, record what was attempted, train, report. */
const makeStep = Effect.fnUntraced(function*<E, R>(
  stage: Stage<E, R>,
  stageIndex: number,
  options: TuneOptions,
  progress: Progress,
  from: From,
  began: number
) {
  const trainer = yield* Trainer
  const store = yield* RunStore
  const { all } = yield* Tasks
  const trainTasks = ofPart(all, "train")
  const tasks = trainTasks.filter(stage.tasks)
  if (tasks.length === 0) return yield* new StageEmpty({ stage: stage.name, trainTasks: trainTasks.length })
  const next = TaskOrder.make(tasks, Seed.derive(options.seed, "stage", stageIndex))
  yield* retake(stage.name, next, from.standing.rounds)
  const reports = [...from.reports]
  const allowed = options.seconds === undefined ? undefined : (options.seconds * (stageIndex + 1)) / progress.stages
  const batches = yield* batchesOf(stage, stageIndex, options.seed, progress, next)

  return Effect.fn("tune.step")(function*(stageStep: number) {
    const started = yield* Clock.currentTimeMillis
    const batch = yield* batches.next
    const collectedAt = yield* Clock.currentTimeMillis
    const { collected, place: { step } } = batch
    const { groups } = collected
    const { optimization } = stage.settings
    const updates = updatesOf(groups.length, optimization)
    const staleness = progress.updates - batch.updates
    const episodes = groups.reduce((sum, { members }) => sum + members.length, 0)
    const train = Effect.gen(function*() {
      yield* store.append([
        ...batch.moves,
        ...attemptsOf(collected.attempted),
        ...collected.rounds,
        ...(updates === 0 ? [] : [{ _tag: "UpdateStarted", step, groups: groups.length, episodes, updates } as const])
      ])
      const recordedAt = yield* Clock.currentTimeMillis
      const update = updates === 0
        ? undefined
        : yield* trainer.step({
          stage: stage.name,
          step,
          stageStep,
          groups,
          optimization,
          updatesBefore: progress.updates,
          staleness
        })
      progress.updates += updates
      const trainedAt = yield* Clock.currentTimeMillis
      const measured: StepReport = {
        stage: stage.name,
        stageIndex,
        stageStep,
        step,
        ...Accounting.summarise(collected.attempted),
        groups: {
          collected: collected.groupsCollected,
          trained: groups.length,
          refillRounds: collected.refillRounds
        },
        alarms: [],
        ...(staleness > 0 && { staleness }),
        ...(update !== undefined && { update }),
        advance: { over: false, why: "" },
        seconds: { collect: seconds(started, collectedAt), train: seconds(recordedAt, trainedAt) }
      }
      const spent = seconds(progress.startedAt, trainedAt)
      const undecided = { ...measured, alarms: Alarms.raised(stage.settings, [...reports, measured]) }
      const advance = decide(stage, [...reports, undecided], spent, allowed)
      const left = advance.over ? yield* batches.end(batch, advance.why) : undefined
      const report = { ...undecided, ...(left !== undefined && withUnused(undecided, left)), advance }
      reports.push(report)
      const ended: RunEvent = {
        _tag: "StageEnded",
        stage: stage.name,
        steps: stageStep + 1,
        seconds: seconds(began, trainedAt),
        why: advance.why
      }
      yield* store.append([
        ...(left?.moves ?? []),
        ...attemptsOf(left?.attempted ?? []),
        ...(left?.rounds ?? []),
        { _tag: "StepDone", report },
        ...(advance.over ? [ended] : [])
      ])
      return report
    })
    // Halfway through an update there is no place to go on from.
    return yield* seeThrough(train)
  })
})

/** A step's report with what was collected beyond it for nothing in its ledger; what it measured stays its own. */
const withUnused = (
  { groups, ledger, sampledTokens }: StepReport,
  { attempted, groupsCollected }: Collected
): Pick<StepReport, "groups" | "ledger" | "sampledTokens"> => ({
  ledger: Accounting.plus(ledger, Accounting.ledger(attempted)),
  groups: { ...groups, collected: groups.collected + groupsCollected },
  sampledTokens: sampledTokens + Accounting.sampledTokens(attempted)
})

/** Seconds that reports account for. */
const spentIn = (reports: ReadonlyArray<StepReport>): number =>
  reports.reduce((sum, { seconds }) => sum + seconds.collect + seconds.train, 0)

/** One stage, with its services and the environment built on them for just as long. */
const runStage = <E, R>(
  curriculum: Curriculum<E, R>,
  stage: Stage<E, R>,
  stageIndex: number,
  options: TuneOptions,
  progress: Progress,
  from: From
) =>
  Stream.unwrap(
    Effect.gen(function*() {
      const store = yield* RunStore
      const began = (yield* Clock.currentTimeMillis) - spentIn(from.reports) * 1000
      const step = yield* makeStep(stage, stageIndex, options, progress, from, began)
      if (!from.standing.begun) yield* store.append([{ _tag: "StageStarted", stage: stage.name, index: stageIndex }])
      return Stream.iterate(from.reports.length, (n) => n + 1).pipe(
        Stream.mapEffect(step),
        Stream.takeUntil((report) => report.advance.over)
      )
    })
  ).pipe(Stream.provide(Layer.provideMerge(curriculum.environment, stage.services)))

/**
 * A whole curriculum, or what is left of it. Each stage starts from the weights of the one before: the engine is outside,
 * and has the weights of where to begin.
 */
export const tune = <E, R>(curriculum: Curriculum<E, R>, options: TuneOptions, from: From = fresh) =>
  Stream.unwrap(
    Effect.map(Clock.currentTimeMillis, (now) => {
      const { seconds, stageIndex, steps, updates } = from.standing
      const progress: Progress = {
        steps,
        updates,
        stages: curriculum.stages.length,
        startedAt: now - seconds.training * 1000
      }
      return Stream.fromIterable(curriculum.stages.entries()).pipe(
        Stream.drop(stageIndex),
        Stream.flatMap(([index, stage]) =>
          runStage(curriculum, stage, index, options, progress, index === stageIndex ? from : fresh)
        )
      )
    })
  )
