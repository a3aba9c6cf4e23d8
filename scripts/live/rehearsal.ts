/**
 * A run of the paper's four stages, one small step each, on whatever engine is provided: tasks, environment, hints,
 * reward, GRPO and record are the real ones, the model says noise.
 */
import { Effect, Layer, Ref } from "effect"
import * as Advance from "../../src/domain/Advance.ts"
import * as Curriculum from "../../src/domain/Curriculum.ts"
import { announcement, systemMessage } from "../../src/domain/drills/Documents.ts"
import * as Reward from "../../src/domain/Reward.ts"
import { ofPart, Tasks, TasksError } from "../../src/domain/Tasks.ts"
import * as BfclFolder from "../../src/layers/BfclFolder.ts"
import * as EnvironmentBfcl from "../../src/layers/EnvironmentBfcl.ts"
import * as PolicyEngine from "../../src/layers/PolicyEngine.ts"
import * as RendererChat from "../../src/layers/RendererChat.ts"
import { layer as storeLayer, Recorded } from "../../src/layers/RunStoreMemory.ts"
import * as TrainerGrpo from "../../src/layers/TrainerGrpo.ts"
import * as Paper from "../../src/programs/curricula/paper.ts"
import { run } from "../../src/programs/run.ts"
import { even } from "../../test/programs/trainer/noise.ts"

/** How much of a run it is. */
export interface Size {
  readonly tasksPerStep: number
  readonly groupSize: number
  readonly maxSteps: number
  readonly maxTokens: number
}

const settingsOf = ({ maxTokens, ...size }: Size): Curriculum.Overrides<Curriculum.Settings> => ({
  ...size,
  concurrency: size.tasksPerStep * size.groupSize,
  refillRounds: 0,
  deadlineSeconds: 1800,
  sampling: { temperature: 1, maxTokens },
  // The server does not clip.
  optimization: { clipNorm: null }
})

export interface Rehearsed {
  /** A BFCL folder. */
  readonly data: string
  readonly size: Size
}

/** The stages on the training part of a folder; nothing is held out, so nothing is evaluated. */
export const curriculum = ({ data, size }: Rehearsed) => {
  const read = Effect.mapError(BfclFolder.read(data), (reason) => new TasksError({ reason }))
  // Compact documents: noise understands the others no better.
  const environment = Layer.unwrap(
    Effect.map(
      read,
      ({ documents, longContext }) =>
        EnvironmentBfcl.layer({ documents, longContext, system: systemMessage, announce: announcement })
    )
  )
  const whole = Layer.unwrap(Effect.map(read, (benchmark) => BfclFolder.tasksOf(benchmark, data)))
  const training = Effect.map(Tasks, ({ all, provenance }) => Tasks.of({ all: ofPart(all, "train"), provenance }))
  const { stages, ...paper } = Paper.rehearsal(environment)
  return {
    ...paper,
    tasks: Layer.provide(Layer.effect(Tasks, training), whole),
    stages: stages.map((stage) => ({
      ...stage,
      advance: Advance.after(1),
      services: Layer.merge(stage.services, Reward.layer(even)),
      settings: Curriculum.settings(stage.name, settingsOf(size), stage.settings)
    }))
  }
}

export interface Options extends Rehearsed {
  /** The model's folder, for its tokenizer and its chat template. */
  readonly model: string
  /** Where weights called so are saved. */
  readonly weights: (name: string) => string
}

/** Returns the report of every step, and why episodes failed. */
export const rehearse = Effect.fnUntraced(function*({ model, weights, ...rehearsed }: Options) {
  const { tasks, ...short } = curriculum(rehearsed)
  return yield* Effect.gen(function*() {
    yield* run(short, {
      seed: 1,
      about: { versions: {}, options: {} },
      weights: (name) => ({ path: weights(name), recorded: name })
    })
    const events = yield* Effect.flatMap(Recorded, Ref.get)
    const fates = events.flatMap((event) => event._tag === "EpisodeAttempted" ? [event.attempted.fate] : [])
    return {
      reports: events.flatMap((event) => event._tag === "StepDone" ? [event.report] : []),
      failures: [...new Set(fates.flatMap((fate) => fate._tag === "Failed" ? [fate.detail] : []))]
    }
  }).pipe(Effect.provide(
    Layer.mergeAll(TrainerGrpo.layer, PolicyEngine.layer, storeLayer, tasks).pipe(
      Layer.provideMerge(RendererChat.layer(model, { family: "generic" }))
    )
  ))
})
