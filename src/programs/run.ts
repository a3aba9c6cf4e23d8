/**
 * A whole run: freeze the reference, evaluate, tune, save, evaluate again; everything recorded.
 *
 * However it ends, the record says how, and weights that were trained are saved.
 */
import { Cause, Clock, Effect, Exit, Layer, Stream } from "effect"
import * as Augmentor from "../domain/Augmentor.ts"
import type { Curriculum } from "../domain/Curriculum.ts"
import { Engine, EngineError, type EngineInfo, RequestRejected, unheeded } from "../domain/Engine.ts"
import * as Evaluation from "../domain/Evaluation.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { Renderer } from "../domain/Renderer.ts"
import type { Counts } from "../domain/Report.ts"
import { type RunEvent, RunStore } from "../domain/RunStore.ts"
import type { Task } from "../domain/Task.ts"
import { ofPart, Tasks } from "../domain/Tasks.ts"
import * as Fingerprint from "../layers/Fingerprint.ts"
import { evaluate, type EvaluateOptions } from "./evaluate.ts"
import { tune, type TuneOptions } from "./tune.ts"

export interface RunOptions<E = never, R = never> extends TuneOptions {
  /** How to evaluate before and after; not at all when absent. */
  readonly evaluation?: EvaluateOptions
  /** For the manifest: what runs, and what the user asked for. */
  readonly about: Pick<Manifest, "versions" | "options">
  /** Where weights called `name` are saved: the engine's path, and the path in the record. */
  readonly weights: (name: string) => { readonly path: string; readonly recorded: string }
  /** Sees each episode of an evaluation. */
  readonly watch?: (when: When, played: Evaluation.Played) => Effect.Effect<void, E, R>
}

export type When = "before" | "after"

export interface RunResult {
  readonly before?: Evaluation.Evaluation
  readonly after?: Evaluation.Evaluation
  /** Trained over all stages. */
  readonly steps: number
}

const countTasks = (tasks: ReadonlyArray<Task>): Counts => {
  const counts: Record<string, number> = {}
  for (const task of tasks) counts[Evaluation.cellName(task)] = (counts[Evaluation.cellName(task)] ?? 0) + 1
  return counts
}

const manifestOf = Effect.fnUntraced(function*<E, R, E2, R2>(
  { name, stages }: Curriculum<E, R>,
  { about, evaluation, seconds, seed }: RunOptions<E2, R2>
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

/** Fails when the engine would silently optimise otherwise than a stage says. */
const heeded = <E, R>(info: EngineInfo, { stages }: Curriculum<E, R>): Effect.Effect<void, EngineError> => {
  const detail = stages.flatMap(({ name, settings }) =>
    unheeded(info, settings.optimization).map((clause) => `${name}: ${clause}`)
  )
  return detail.length === 0
    ? Effect.void
    : Effect.fail(new EngineError({ reason: new RequestRejected({ detail: detail.join("; ") }) }))
}

/** What goes wrong while a run ends must not hide why it ends. */
const complain = (error: Error) => Effect.logError(error.message)

/** Runs a curriculum with the engine, the policy and the trainer it is given, from the weights the engine has. */
export const run = Effect.fn("run")(function*<E, R, E2 = never, R2 = never>(
  curriculum: Curriculum<E, R>,
  options: RunOptions<E2, R2>
) {
  const engine = yield* Engine
  yield* heeded(engine.info, curriculum)
  const store = yield* RunStore
  const milliseconds = yield* Clock.currentTimeMillis
  const seconds = Effect.map(Clock.currentTimeMillis, (now) => (now - milliseconds) / 1000)
  const manifest = yield* manifestOf(curriculum, options)
  let steps = 0
  let savedAt = 0

  const save = Effect.fnUntraced(function*(name: string) {
    const { path, recorded } = options.weights(name)
    yield* engine.save(path)
    savedAt = steps
    yield* store.append([{ _tag: "WeightsSaved", path: recorded, step: steps }])
  })

  const plain = Layer.provide(curriculum.environment, Augmentor.layerNone)
  const evaluateAll = Effect.fnUntraced(function*(when: When, evaluation: EvaluateOptions) {
    const from = yield* seconds
    const watch = (played: Evaluation.Played) => options.watch?.(when, played) ?? Effect.void
    const result = yield* Effect.provide(evaluate(evaluation, watch), plain)
    const scores = Evaluation.scores(result)
    yield* store.append([
      { _tag: "Evaluated", when, scores, tasks: result.tasks, seconds: (yield* seconds) - from }
    ])
    return result
  })

  const train = tune(curriculum, options).pipe(
    Stream.runForEach(Effect.fnUntraced(function*(report) {
      steps += 1
      const last = report.stageIndex === curriculum.stages.length - 1
      if (report.advance.over) yield* save(last ? "final" : `stage-${report.stageIndex + 1}`)
    }))
  )

  const conclude = Effect.fnUntraced(function*(exit: Exit.Exit<unknown, unknown>) {
    if (steps > savedAt) yield* Effect.catch(save(ending(exit).outcome), complain)
    yield* store.append([{ _tag: "RunEnded", ...ending(exit), seconds: yield* seconds }]).pipe(Effect.catch(complain))
  })

  return yield* Effect.gen(function*() {
    yield* store.append([{ _tag: "RunStarted", milliseconds, manifest }])
    yield* engine.freezeReference
    const { evaluation } = options
    const before = evaluation === undefined ? undefined : yield* evaluateAll("before", evaluation)
    yield* train
    const after = evaluation === undefined ? undefined : yield* evaluateAll("after", evaluation)
    const result: RunResult = { ...(before !== undefined && { before }), ...(after !== undefined && { after }), steps }
    return result
  }).pipe(Effect.onExit((exit) => conclude(exit)))
})
