/**
 * A whole run: freeze the reference, evaluate, tune, save, evaluate again; everything recorded.
 *
 * However it ends, the record says how, and weights that were trained are saved.
 */
import { Cause, Clock, Effect, Exit, Layer, Stream } from "effect"
import * as Augmentor from "../domain/Augmentor.ts"
import type { Curriculum, Settings } from "../domain/Curriculum.ts"
import { Engine, EngineError, type EngineInfo, RequestRejected, unheeded } from "../domain/Engine.ts"
import * as Evaluation from "../domain/Evaluation.ts"
import type { WeightsKind } from "../domain/Journal.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { Renderer } from "../domain/Renderer.ts"
import type { Counts } from "../domain/Report.ts"
import { type Outcomes, type RunEvent, RunStore } from "../domain/RunStore.ts"
import * as Standing from "../domain/Standing.ts"
import type { Task } from "../domain/Task.ts"
import { ofPart, Tasks } from "../domain/Tasks.ts"
import * as Fingerprint from "../layers/Fingerprint.ts"
import { evaluate, type EvaluateOptions } from "./evaluate.ts"
import { seeThrough } from "./seeThrough.ts"
import { type From, tune, type TuneOptions } from "./tune.ts"

export interface RunOptions<E = never, R = never> extends TuneOptions {
  /** How to evaluate before and after; not at all when absent. */
  readonly evaluation?: EvaluateOptions
  /** For the manifest: what runs, and what the user asked for. */
  readonly about: Pick<Manifest, "versions" | "options" | "curriculumFile">
  /** Where weights called `name` are saved: the engine's path, and the path in the record. */
  readonly weights: (name: string) => { readonly path: string; readonly recorded: string }
  /** Weights to go on from are saved at the ends of stages, and between them after so many steps (20 when absent) or a minute. */
  readonly saveEvery?: number
  /** Sees each episode of an evaluation. */
  readonly watch?: (when: When, played: Evaluation.Played) => Effect.Effect<void, E, R>
}

export type When = "before" | "after"

export interface RunResult {
  readonly before?: Evaluation.Accuracies
  readonly after?: Evaluation.Accuracies
  /** Trained over all stages. */
  readonly steps: number
}

/** What a run goes on from, instead of beginning: its record is open where it was left. */
export interface Resumed extends From {
  /** The engine's paths of the weights that the run began with and of those it goes on with; absent when none were saved. */
  readonly weights?: { readonly start: string; readonly current: string }
  /** What was evaluated already. */
  readonly evaluated: Partial<Record<When, Outcomes>>
  /** Where the record keeps what had followed, if anything had. */
  readonly superseded?: string
}

const countTasks = (tasks: ReadonlyArray<Task>): Counts => {
  const counts: Record<string, number> = {}
  for (const task of tasks) counts[Evaluation.cellName(task)] = (counts[Evaluation.cellName(task)] ?? 0) + 1
  return counts
}

/** What the record of a run says it was told to do. */
export const manifestOf = Effect.fnUntraced(function*<E, R>(
  { name, stages }: Curriculum<E, R>,
  { about, evaluation, seconds, seed }: Pick<RunOptions, "about" | "evaluation" | "seconds" | "seed">
) {
  const { all, provenance } = yield* Tasks
  const { info } = yield* Engine
  const { vocabularyHash } = yield* Renderer
  const train = ofPart(all, "train")
  const manifest: Manifest = {
    ...about,
    curriculum: name,
    seed,
    ...(seconds !== undefined && { trainingSeconds: seconds }),
    tasks: { provenance, sha256: Fingerprint.ofTasks(all), counts: countTasks(all) },
    engine: {
      name: info.name,
      parameters: info.parameters,
      vocabularySize: info.vocabularySize,
      contextLength: info.contextLength
    },
    vocabularyHash,
    ...(evaluation !== undefined && { evaluation: { ...evaluation, sampling: { ...evaluation.sampling } } }),
    stages: stages.map((stage) => ({
      name: stage.name,
      tasks: train.filter(stage.tasks).length,
      settings: stage.settings
    }))
  }
  return manifest
})

const ending = (exit: Exit.Exit<unknown, unknown>): Pick<RunEvent & { _tag: "RunEnded" }, "outcome" | "detail"> => {
  if (Exit.isSuccess(exit)) return { outcome: "completed", detail: "" }
  if (Cause.hasInterruptsOnly(exit.cause)) return { outcome: "interrupted", detail: "interrupted" }
  const error = Cause.squash(exit.cause)
  return { outcome: "failed", detail: error instanceof Error ? error.message : String(error) }
}

/** What a stage asks for that the engine would do otherwise, or could not do, a clause for each. */
const clauses = (
  { capabilities }: Pick<EngineInfo, "capabilities">,
  { maxStaleness, optimization: { loss: { klCoefficient }, ...adam } }: Settings
): ReadonlyArray<string> => [
  ...unheeded({ capabilities }, adam),
  ...(klCoefficient > 0 && capabilities.noReference !== undefined
    ? [`klCoefficient is ${klCoefficient} and has to be 0: ${capabilities.noReference}`]
    : []),
  ...(maxStaleness > 0 && capabilities.snapshots !== true
    ? [`maxStaleness is ${maxStaleness} and has to be 0: training changes the weights of whoever is sampling`]
    : [])
]

/** Fails when the engine would silently train otherwise than a stage says, or cannot measure what it asks for. */
export const heeded = <E, R>(
  info: Pick<EngineInfo, "capabilities">,
  { stages }: Curriculum<E, R>
): Effect.Effect<void, EngineError> => {
  const told = stages.flatMap(({ name, settings }) => clauses(info, settings).map((clause) => ({ name, clause })))
  if (told.length === 0) return Effect.void
  const detail = Array.from(
    Map.groupBy(told, ({ clause }) => clause),
    ([clause, stages]) => `${stages.map(({ name }) => name).join(", ")}: ${clause}`
  )
  return Effect.fail(new EngineError({ reason: new RequestRejected({ detail: detail.join("; ") }) }))
}

/** What goes wrong while a run ends must not hide why it ends. */
const complain = (error: Error) => Effect.logError(error.message)

/** Seconds since a time in milliseconds. */
const since = (from: number) => Effect.map(Clock.currentTimeMillis, (now) => (now - from) / 1000)

/** How far the training is, by what is recorded. */
interface Reached {
  /** Steps that are done, over the whole run. */
  readonly steps: number
  /** Whether another one is being trained on: the weights may lie between two. */
  readonly within: boolean
  /** The stage that the last of them ended, if it did. */
  readonly ended?: number
}

const reach = (reached: Reached, event: RunEvent): Reached => {
  switch (event._tag) {
    case "RoundJudged":
      return { ...reached, within: true }
    case "StepDone": {
      const { advance, stageIndex } = event.report
      return { steps: reached.steps + 1, within: false, ...(advance.over && { ended: stageIndex }) }
    }
    default:
      return reached
  }
}

/** At most this much work is lost with what is killed. */
const secondsUnsaved = 60

/**
 * Runs a curriculum with the engine, the policy and the trainer it is given, from the weights the engine has, or from
 * where a run was left.
 */
export const run = Effect.fn("run")(function*<E, R, E2 = never, R2 = never>(
  curriculum: Curriculum<E, R>,
  options: RunOptions<E2, R2>,
  resumed?: Resumed
) {
  const engine = yield* Engine
  yield* heeded(engine.info, curriculum)
  const store = yield* RunStore
  const { all } = yield* Tasks
  const { saveEvery = 20 } = options
  const milliseconds = yield* Clock.currentTimeMillis
  const standing = resumed?.standing ?? Standing.start
  const seconds = Effect.map(since(milliseconds), (spent) => standing.seconds.run + spent)
  let reached: Reached = { steps: standing.steps, within: false }
  let training = Effect.succeed(standing.seconds.training)
  let saved = { step: standing.steps, milliseconds }
  const following = RunStore.of({
    append: (events) =>
      Effect.andThen(
        store.append(events),
        Effect.sync(() => {
          reached = events.reduce(reach, reached)
        })
      )
  })

  const save = Effect.fnUntraced(function*(name: string, kind: WeightsKind) {
    const { steps } = reached
    // One attempt a place: what a failed one left there is not written over.
    saved = { step: steps, milliseconds: yield* Clock.currentTimeMillis }
    const { path, recorded } = options.weights(name)
    yield* engine.save(path)
    const spent = { run: yield* seconds, training: yield* training }
    yield* store.append([{ _tag: "WeightsSaved", path: recorded, step: steps, kind, seconds: spent }])
  }, seeThrough)

  /** Saves the weights that the training has reached: as those of a stage that is over, or as `kind`. */
  const saveReached = (kind: "step" | "end") => {
    const { ended, steps } = reached
    if (ended === undefined) return save(`step-${steps}`, kind)
    return save(ended === curriculum.stages.length - 1 ? "final" : `stage-${ended + 1}`, "stage")
  }

  const plain = Layer.provide(curriculum.environment, Augmentor.layerNone)
  const evaluateNow = Effect.fnUntraced(function*(when: When, evaluation: EvaluateOptions) {
    const from = yield* Clock.currentTimeMillis
    const watch = (played: Evaluation.Played) => options.watch?.(when, played) ?? Effect.void
    const result = yield* Effect.provide(evaluate(evaluation, watch), plain)
    const scores = Evaluation.scores(result)
    yield* store.append([{ _tag: "Evaluated", when, scores, tasks: result.tasks, seconds: yield* since(from) }])
    return result
  })
  const evaluateOnce = Effect.fnUntraced(function*(when: When) {
    const { evaluation } = options
    const outcomes = resumed?.evaluated[when]
    if (evaluation === undefined) return undefined
    return outcomes === undefined ? yield* evaluateNow(when, evaluation) : Evaluation.fromOutcomes(outcomes, all)
  })

  const train = Effect.gen(function*() {
    const from = (yield* Clock.currentTimeMillis) - standing.seconds.training * 1000
    training = since(from)
    yield* tune(curriculum, options, resumed).pipe(
      Stream.runForEach(Effect.fnUntraced(function*({ advance }) {
        const { steps } = reached
        const due = steps - saved.step >= saveEvery || (yield* since(saved.milliseconds)) >= secondsUnsaved
        if (advance.over || due) yield* saveReached("step")
      })),
      Effect.provideService(RunStore, following)
    )
    training = Effect.succeed(yield* since(from))
  })

  const freeze = engine.info.capabilities.noReference === undefined ? engine.freezeReference : Effect.void

  /** The record's beginning, or where it goes on, with the engine's weights and reference as they were there. */
  const open = Effect.gen(function*() {
    if (resumed === undefined) {
      yield* store.append([{ _tag: "RunStarted", milliseconds, manifest: yield* manifestOf(curriculum, options) }])
    } else {
      const { superseded } = resumed
      const where = superseded === undefined ? {} : { superseded }
      yield* store.append([{ _tag: "Resumed", milliseconds, step: standing.steps, ...where }])
    }
    if (resumed?.weights === undefined) {
      yield* freeze
      return yield* save("start", "start")
    }
    const { current, start } = resumed.weights
    yield* engine.load(start)
    yield* freeze
    if (current !== start) yield* engine.load(current)
  })

  const conclude = Effect.fnUntraced(function*(exit: Exit.Exit<unknown, unknown>) {
    const saving = reached.within ? save(ending(exit).outcome, "partial") : saveReached("end")
    if (reached.steps > saved.step) yield* Effect.catch(saving, complain)
    yield* store.append([{ _tag: "RunEnded", ...ending(exit), seconds: yield* seconds }]).pipe(Effect.catch(complain))
  })

  return yield* Effect.gen(function*() {
    yield* open
    const before = yield* evaluateOnce("before")
    yield* train
    const after = yield* evaluateOnce("after")
    const result: RunResult = {
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
      steps: reached.steps
    }
    return result
  }).pipe(Effect.onExit((exit) => conclude(exit)))
})
