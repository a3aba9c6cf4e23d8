/**
 * Runs a curriculum: a stream of step reports.
 *
 * A step is collected and then trained on, one after the other, and the next step is
 * collected only then: the stream is on-policy by construction, and concurrency lives inside
 * `collect`. Staleness would be a `Stream.buffer` between the two, on purpose and visible.
 */
import { Clock, Effect, Layer, Schema, Stream } from "effect"
import { summarise } from "../domain/Accounting.ts"
import type { Decision } from "../domain/Advance.ts"
import * as Alarms from "../domain/Alarms.ts"
import type { Curriculum, Stage } from "../domain/Curriculum.ts"
import type { StepReport } from "../domain/Report.ts"
import { type RunEvent, RunStore } from "../domain/RunStore.ts"
import * as Seed from "../domain/Seed.ts"
import * as TaskOrder from "../domain/TaskOrder.ts"
import { ofPart, Tasks } from "../domain/Tasks.ts"
import { Trainer } from "../domain/Trainer.ts"
import { collect } from "./collect.ts"

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

/** Where a run is; its one mutable field counts steps over all stages. */
interface Progress {
  steps: number
  readonly stages: number
  /** Milliseconds. */
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

/** One step of a stage: collect, train, report, record. */
const makeStep = Effect.fnUntraced(function*<E, R>(
  stage: Stage<E, R>,
  stageIndex: number,
  options: TuneOptions,
  progress: Progress
) {
  const trainer = yield* Trainer
  const store = yield* RunStore
  const { all } = yield* Tasks
  const trainTasks = ofPart(all, "train")
  const tasks = trainTasks.filter(stage.tasks)
  if (tasks.length === 0) return yield* new StageEmpty({ stage: stage.name, trainTasks: trainTasks.length })
  const next = TaskOrder.make(tasks, Seed.derive(options.seed, "stage", stageIndex))
  const reports: Array<StepReport> = []
  const allowed = options.seconds === undefined ? undefined : (options.seconds * (stageIndex + 1)) / progress.stages

  return Effect.fn("tune.step")(function*(stageStep: number) {
    const step = progress.steps++
    const started = yield* Clock.currentTimeMillis
    const collected = yield* collect(
      stage,
      { seed: options.seed, stage: stage.name, stageIndex, step },
      next
    )
    const collectedAt = yield* Clock.currentTimeMillis
    const { optimization } = stage.settings
    const update = collected.groups.length === 0
      ? undefined
      : yield* trainer.step({ stage: stage.name, step, groups: collected.groups, optimization })
    const trainedAt = yield* Clock.currentTimeMillis
    const measured: StepReport = {
      stage: stage.name,
      stageIndex,
      stageStep,
      step,
      ...summarise(collected.attempted),
      groups: {
        collected: collected.groupsCollected,
        trained: collected.groups.length,
        refillRounds: collected.refillRounds
      },
      alarms: [],
      ...(update !== undefined && { update }),
      advance: { over: false, why: "" },
      seconds: { collect: seconds(started, collectedAt), train: seconds(collectedAt, trainedAt) }
    }
    const spent = seconds(progress.startedAt, trainedAt)
    const undecided = { ...measured, alarms: Alarms.raised(stage.settings, [...reports, measured]) }
    const report = { ...undecided, advance: decide(stage, [...reports, undecided], spent, allowed) }
    reports.push(report)
    yield* store.append([
      ...collected.attempted.map((attempted): RunEvent => ({ _tag: "EpisodeAttempted", attempted })),
      { _tag: "StepDone", report }
    ])
    return report
  })
})

/** One stage, with its services and the environment built on them for just as long. */
const runStage = <E, R>(
  curriculum: Curriculum<E, R>,
  stage: Stage<E, R>,
  stageIndex: number,
  options: TuneOptions,
  progress: Progress
) =>
  Stream.unwrap(
    Effect.gen(function*() {
      const store = yield* RunStore
      const started = yield* Clock.currentTimeMillis
      const step = yield* makeStep(stage, stageIndex, options, progress)
      yield* store.append([{ _tag: "StageStarted", stage: stage.name, index: stageIndex }])
      return Stream.iterate(0, (n) => n + 1).pipe(
        Stream.mapEffect(step),
        Stream.takeUntil((report) => report.advance.over),
        Stream.tap((report) =>
          report.advance.over
            ? Effect.flatMap(Clock.currentTimeMillis, (now) =>
              store.append([{
                _tag: "StageEnded",
                stage: stage.name,
                steps: report.stageStep + 1,
                seconds: seconds(started, now),
                why: report.advance.why
              }]))
            : Effect.void
        )
      )
    })
  ).pipe(Stream.provide(Layer.provideMerge(curriculum.environment, stage.services)))

/** A whole curriculum. Each stage starts from the weights of the one before: the engine is outside. */
export const tune = <E, R>(curriculum: Curriculum<E, R>, options: TuneOptions) =>
  Stream.unwrap(
    Effect.map(Clock.currentTimeMillis, (startedAt) => {
      const progress: Progress = { steps: 0, stages: curriculum.stages.length, startedAt }
      return Stream.fromIterable(curriculum.stages.entries()).pipe(
        Stream.flatMap(([index, stage]) => runStage(curriculum, stage, index, options, progress))
      )
    })
  )
