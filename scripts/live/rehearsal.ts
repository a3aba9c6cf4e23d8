/**
 * A run of the paper's four stages, one small step each, on whatever engine is provided: tasks, environment, hints,
 * reward, GRPO and record are the real ones, the model says noise.
 */
import { Effect, Layer, Ref } from "effect"
import * as Advance from "../../src/domain/Advance.ts"
import * as Curriculum from "../../src/domain/Curriculum.ts"
import type { Episode } from "../../src/domain/Episode.ts"
import { Renderer } from "../../src/domain/Renderer.ts"
import * as Reward from "../../src/domain/Reward.ts"
import * as PolicyEngine from "../../src/layers/PolicyEngine.ts"
import * as RendererChat from "../../src/layers/RendererChat.ts"
import { layer as storeLayer, Recorded } from "../../src/layers/RunStoreMemory.ts"
import * as TrainerGrpo from "../../src/layers/TrainerGrpo.ts"
import { Parts } from "../../src/programs/parts.ts"
import { run } from "../../src/programs/run.ts"

/** Of what was said, the share that is letters: noise has some, more or less, so that groups have something to learn. */
const letters: Reward.Rule = (episode: Episode) => {
  const said = episode.steps.map(({ completion }) => completion.message.content).join("")
  const share = said.length === 0 ? 0 : said.replaceAll(/[^a-z]/gi, "").length / said.length
  return Reward.scored(share, { letters: share }, Array.from({ length: episode.turns }, () => share))
}

const settings: Curriculum.Overrides<Curriculum.Settings> = {
  tasksPerStep: 2,
  groupSize: 2,
  concurrency: 4,
  maxSteps: 2,
  refillRounds: 0,
  deadlineSeconds: 1800,
  sampling: { temperature: 1, maxTokens: 16 },
  // The server does not clip.
  optimization: { clipNorm: null }
}

/** A model's own language without documents of tools: they are long, and noise is not made of them. */
const wordless = (folder: string) =>
  Layer.effect(
    Renderer,
    Effect.map(Renderer, (renderer) => Renderer.of({ ...renderer, open: () => renderer.open([]) }))
  ).pipe(Layer.provide(RendererChat.layer(folder, { family: "generic" })))

export interface Options {
  /** A BFCL folder. */
  readonly data: string
  /** The model's folder, for its tokenizer and its chat template. */
  readonly model: string
  /** Where weights called so are saved. */
  readonly weights: (name: string) => string
}

/** Returns the report of every step, and why episodes failed. */
export const rehearse = Effect.fnUntraced(function*({ data, model, weights }: Options) {
  const parts = yield* Parts
  const world = yield* parts.world({ data })
  const curriculum = world.curriculum({ reward: letters })
  const short = {
    ...curriculum,
    stages: curriculum.stages.map((stage) => ({
      ...stage,
      advance: Advance.after(1),
      services: Layer.merge(stage.services, Reward.layer(letters)),
      settings: Curriculum.settings(stage.name, settings, stage.settings)
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
      Layer.provideMerge(wordless(model))
    )
  ))
})
