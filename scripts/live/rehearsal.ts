/**
 * A run of the paper's four stages, one small step each, on whatever engine is provided: tasks, environment, hints,
 * reward, GRPO and record are the real ones, the model says noise.
 */
import { Effect, Layer, Ref } from "effect"
import * as Advance from "../../src/domain/Advance.ts"
import * as Curriculum from "../../src/domain/Curriculum.ts"
import type { Episode } from "../../src/domain/Episode.ts"
import * as Reward from "../../src/domain/Reward.ts"
import * as PolicyEngine from "../../src/layers/PolicyEngine.ts"
import * as RendererChat from "../../src/layers/RendererChat.ts"
import { layer as storeLayer, Recorded } from "../../src/layers/RunStoreMemory.ts"
import * as TrainerGrpo from "../../src/layers/TrainerGrpo.ts"
import { Parts } from "../../src/programs/parts.ts"
import { run } from "../../src/programs/run.ts"

/** The share of even ids among those sampled: noise has some, more or less, so that groups have something to learn. */
const even: Reward.Rule = (episode: Episode) => {
  const ids = episode.steps.flatMap(({ completion }) => Array.from(completion.tokens?.completion ?? []))
  const share = ids.length === 0 ? 0 : ids.filter((id) => id % 2 === 0).length / ids.length
  return Reward.scored(share, { even: share }, Array.from({ length: episode.turns }, () => share))
}

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

export interface Options {
  /** A BFCL folder. */
  readonly data: string
  readonly size: Size
  /** The model's folder, for its tokenizer and its chat template. */
  readonly model: string
  /** Where weights called so are saved. */
  readonly weights: (name: string) => string
}

/** Returns the report of every step, and why episodes failed. */
export const rehearse = Effect.fnUntraced(function*({ data, model, size, weights }: Options) {
  const parts = yield* Parts
  const world = yield* parts.world({ data })
  const curriculum = world.curriculum({ reward: even })
  const short = {
    ...curriculum,
    stages: curriculum.stages.map((stage) => ({
      ...stage,
      advance: Advance.after(1),
      services: Layer.merge(stage.services, Reward.layer(even)),
      settings: Curriculum.settings(stage.name, settingsOf(size), stage.settings)
    }))
  }
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
    Layer.mergeAll(TrainerGrpo.layer, PolicyEngine.layer, storeLayer, world.tasks).pipe(
      Layer.provideMerge(RendererChat.layer(model, { family: "generic" }))
    )
  ))
})
