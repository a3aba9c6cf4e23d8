/** From what a user asked of a run to the curriculum and the world it runs in. */
import { Effect, Layer, Schema } from "effect"
import * as Augmentor from "../domain/Augmentor.ts"
import type { Curriculum } from "../domain/Curriculum.ts"
import type { Manifest } from "../domain/Manifest.ts"
import * as Reward from "../domain/Reward.ts"
import { RunStoreError, StoreUnreadable } from "../domain/RunStore.ts"
import * as PolicyEngine from "../layers/PolicyEngine.ts"
import { files } from "../layers/RunFolder.ts"
import * as TrainerGrpo from "../layers/TrainerGrpo.ts"
import * as Versions from "../layers/Versions.ts"
import { load, type Loaded, select } from "./load.ts"
import { Parts, Unavailable, type World } from "./parts.ts"
import type { RunOptions } from "./run.ts"

/** Options by their names on the command line, those alone that were given; a run's manifest keeps them. */
export const Request = Schema.Struct({
  curriculum: Schema.optionalKey(Schema.String),
  data: Schema.optionalKey(Schema.String),
  split: Schema.optionalKey(Schema.String),
  minutes: Schema.optionalKey(Schema.Finite),
  out: Schema.optionalKey(Schema.String),
  "no-augment": Schema.optionalKey(Schema.Boolean),
  reward: Schema.optionalKey(Schema.Literals(["progress", "binary"])),
  "single-stage": Schema.optionalKey(Schema.Boolean),
  stages: Schema.optionalKey(Schema.Array(Schema.String)),
  weights: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "envtune/Request" })
export type Request = typeof Request.Type

/** The same stages with the environment as it is. */
const unaugmented = <E, R>(curriculum: Curriculum<E, R>): Curriculum<E, R> => ({
  ...curriculum,
  name: `${curriculum.name} without augmentation`,
  stages: curriculum.stages.map((stage) => ({ ...stage, services: Layer.merge(stage.services, Augmentor.layerNone) }))
})

const chosen = Effect.fnUntraced(function*(world: World, request: Request) {
  const { curriculum: file, reward } = request
  const singleStage = request["single-stage"] ?? false
  if (file === undefined) {
    return world.curriculum({ reward: reward === "binary" ? Reward.binary : Reward.progress, singleStage })
  }
  if (reward !== undefined || singleStage) {
    const option = reward === undefined ? "--single-stage" : "--reward"
    return yield* new Unavailable({
      detail: `${option} is for the built-in curriculum; ${file} chooses its own ${
        reward === undefined ? "stages" : "rewards"
      }`
    })
  }
  return yield* load(file)
})

export interface Prepared {
  readonly curriculum: Loaded
  readonly options: Pick<RunOptions, "seed" | "seconds" | "about"> & Required<Pick<RunOptions, "evaluation">>
  /** The tasks, the engine, and what works with it. */
  readonly services: ReturnType<typeof servicesOf>
}

const servicesOf = (
  parts: Parts["Service"],
  curriculum: Loaded,
  world: World,
  { data, weights }: Request,
  workers: number | undefined
) =>
  Layer.merge(TrainerGrpo.layer, PolicyEngine.layer).pipe(
    Layer.provideMerge(parts.machine({ data, weights, workers })),
    Layer.merge(curriculum.tasks ?? world.tasks)
  )

const decodeRequest = Schema.decodeUnknownEffect(Request)

/** What the run in `folder` was asked for. */
export const requestOf = (folder: string, { options }: Manifest): Effect.Effect<Request, RunStoreError> =>
  decodeRequest(options, { errors: "all", onExcessProperty: "error" }).pipe(
    Effect.mapError(({ message }) =>
      new RunStoreError({ reason: new StoreUnreadable({ path: `${folder}/${files.run}`, detail: message }) })
    )
  )

/** Everything a run needs. */
export const prepare = Effect.fn("prepare")(function*(
  request: Request,
  { seed, workers }: { readonly seed: number; readonly workers: number | undefined }
) {
  const parts = yield* Parts
  const world = yield* parts.world({ data: request.data, split: request.split })
  const selected = yield* select(yield* chosen(world, request), request.stages ?? [])
  const curriculum = request["no-augment"] === true ? unaugmented(selected) : selected
  const prepared: Prepared = {
    curriculum,
    options: {
      seed,
      ...(request.minutes !== undefined && { seconds: request.minutes * 60 }),
      evaluation: { ...world.evaluation, seed },
      about: { versions: Versions.all, options: request }
    },
    services: servicesOf(parts, curriculum, world, request, workers)
  }
  return prepared
})
