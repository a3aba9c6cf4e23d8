/** From what a user asked of a run to the curriculum and the world it runs in. */
import { Effect, Layer, Schema } from "effect"
import * as Augmentor from "../domain/Augmentor.ts"
import { Family } from "../domain/chat/Family.ts"
import type { Curriculum } from "../domain/Curriculum.ts"
import type { Manifest } from "../domain/Manifest.ts"
import * as Reward from "../domain/Reward.ts"
import { type RunStoreError, unreadable } from "../domain/RunStore.ts"
import { Name as ProfileName, presets, type ServerProfile } from "../domain/tinker/ServerProfile.ts"
import * as EngineTinker from "../layers/EngineTinker.ts"
import { inWords } from "../layers/FileProblem.ts"
import * as PolicyEngine from "../layers/PolicyEngine.ts"
import { files } from "../layers/RunFolder.ts"
import * as SourceFiles from "../layers/SourceFiles.ts"
import * as TrainerGrpo from "../layers/TrainerGrpo.ts"
import * as Versions from "../layers/Versions.ts"
import type { EvaluateOptions } from "./evaluate.ts"
import { CurriculumUnreadable, load, type Loaded, select } from "./load.ts"
import { Parts, type Remote, type World } from "./parts.ts"
import { Unavailable } from "./refusal.ts"
import { heeded, type RunOptions } from "./run.ts"

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
  "save-every": Schema.optionalKey(Schema.Int),
  stages: Schema.optionalKey(Schema.Array(Schema.String)),
  weights: Schema.optionalKey(Schema.String),
  trainer: Schema.optionalKey(Schema.String),
  profile: Schema.optionalKey(ProfileName),
  "base-model": Schema.optionalKey(Schema.String),
  model: Schema.optionalKey(Schema.String),
  family: Schema.optionalKey(Family),
  rank: Schema.optionalKey(Schema.Natural),
  thinking: Schema.optionalKey(Schema.Literals(["on", "off"])),
  history: Schema.optionalKey(Schema.Literals(["template", "sampled"])),
  context: Schema.optionalKey(Schema.Natural)
}).annotate({ identifier: "envtune/Request" })
export type Request = typeof Request.Type

/** The same stages with the environment as it is. */
const unaugmented = <E, R>(curriculum: Curriculum<E, R>): Curriculum<E, R> => ({
  ...curriculum,
  name: `${curriculum.name} without augmentation`,
  stages: curriculum.stages.map((stage) => ({ ...stage, services: Layer.merge(stage.services, Augmentor.layerNone) }))
})

/** Where a curriculum's file is and what it imports, and what they hold. */
const identify = (file: string) =>
  Effect.mapError(SourceFiles.read(file), (error) => new CurriculumUnreadable({ path: file, detail: inWords(error) }))

type Identity = NonNullable<Manifest["curriculumFile"]>

/** Why a curriculum is not the recorded one, if it is not. */
const difference = (recorded: Identity, now: SourceFiles.Program): CurriculumUnreadable | undefined => {
  const hashes = new Map([now, ...now.imports].map(({ path, sha256 }) => [path, sha256]))
  const differing = [recorded, ...(recorded.imports ?? [])].find(({ path, sha256 }) => hashes.get(path) !== sha256)
  if (differing === undefined) return undefined
  const { path, sha256 } = differing
  const hash = hashes.get(path)
  return new CurriculumUnreadable({
    path,
    detail: hash === undefined
      ? "the curriculum imported it when the run began, and it is not there now"
      : `it has changed since the run began: its SHA-256 was ${sha256} and is ${hash}`
  })
}

const chosen = Effect.fnUntraced(function*(world: World, request: Request, recorded: Identity | undefined) {
  const { curriculum: file, reward } = request
  const singleStage = request["single-stage"] ?? false
  if (file === undefined) {
    const rule = reward === "binary" ? Reward.binary : Reward.progress
    return { curriculum: world.curriculum({ reward: rule, singleStage }) }
  }
  if (reward !== undefined || singleStage) {
    const option = reward === undefined ? "--single-stage" : "--reward"
    return yield* new Unavailable({
      detail: `${option} is for the built-in curriculum; ${file} chooses its own ${
        reward === undefined ? "stages" : "rewards"
      }`
    })
  }
  const curriculumFile = yield* identify(recorded?.path ?? file)
  const differs = recorded === undefined ? undefined : difference(recorded, curriculumFile)
  if (differs !== undefined) return yield* differs
  return { curriculum: yield* load(recorded?.path ?? file), curriculumFile }
})

export interface Prepared {
  readonly curriculum: Loaded
  readonly world: World
  readonly tasks: World["tasks"]
  readonly options:
    & Pick<RunOptions, "seed" | "seconds" | "saveEvery" | "about">
    & Required<Pick<RunOptions, "evaluation">>
  /** The tasks, the engine, and what works with it. */
  readonly services: ReturnType<typeof servicesOf>
}

/** Where the engine is, when that is elsewhere. */
const remoteOf = Effect.fnUntraced(function*(request: Request) {
  const { "base-model": baseModel, context, family, history, model, profile, rank = 32, thinking, trainer: url } =
    request
  if (url === undefined) {
    const stray = ["profile", "base-model", "model", "family", "rank", "thinking", "history", "context"].find((name) =>
      name in request
    )
    return stray === undefined
      ? undefined
      : yield* new Unavailable({ detail: `--${stray} is of a server: say where it is with --trainer` })
  }
  if (profile === undefined || baseModel === undefined || model === undefined || family === undefined) {
    return yield* new Unavailable({
      detail: "--trainer needs --profile (envtune doctor finds it out), --base-model, --model and --family"
    })
  }
  if (request.weights !== undefined) {
    return yield* new Unavailable({ detail: "--weights are of the embedded engine; a server has its own" })
  }
  const language = {
    family,
    ...(thinking !== undefined && { thinking: thinking === "on" }),
    ...(history !== undefined && { history })
  }
  return { url, profile: presets[profile], baseModel, folder: model, language, rank, contextLength: context ?? 32_768 }
})

/** The built-in stages ask of an optimiser what its server would do anyway. */
const asServed = <E, R>(curriculum: Curriculum<E, R>, { fixed }: ServerProfile): Curriculum<E, R> => ({
  ...curriculum,
  stages: curriculum.stages.map((stage) => ({
    ...stage,
    settings: { ...stage.settings, optimization: { ...stage.settings.optimization, ...fixed } }
  }))
})

/** A model is evaluated as it was trained last: what an episode may take, and how its messages are sampled. */
const asTrained = <E, R>({ stages }: Curriculum<E, R>): Partial<EvaluateOptions> => {
  const last = stages.at(-1)
  if (last === undefined) return {}
  const { concurrency, deadlineSeconds, maxSteps, retries, retryMilliseconds, sampling } = last.settings
  return { concurrency, deadlineSeconds, maxSteps, retries, retryMilliseconds, sampling }
}

const servicesOf = (
  parts: Parts["Service"],
  tasks: World["tasks"],
  { data, weights }: Request,
  remote: Remote | undefined,
  workers: number | undefined
) =>
  Layer.merge(TrainerGrpo.layer, PolicyEngine.layer).pipe(
    Layer.provideMerge(parts.machine({ data, remote, weights, workers })),
    Layer.merge(tasks)
  )

const decodeRequest = Schema.decodeUnknownEffect(Request)

/** What the run in `folder` was asked for, by its manifest. */
export const requestOf = (folder: string, { options }: Manifest): Effect.Effect<Request, RunStoreError> =>
  decodeRequest(options, { errors: "all", onExcessProperty: "error" }).pipe(
    Effect.mapError(({ message }) => unreadable(`${folder}/${files.run}`, message))
  )

/**
 * Everything a run needs; `recorded` is the curriculum's file as the run that goes on had it. What a server of the
 * profile would silently do otherwise is refused before it is asked for anything.
 */
export const prepare = Effect.fn("prepare")(function*(
  request: Request,
  { recorded, seed, workers }: {
    readonly seed: number
    readonly workers: number | undefined
    readonly recorded?: Identity | undefined
  }
) {
  const parts = yield* Parts
  const remote = yield* remoteOf(request)
  const world = yield* parts.world({
    data: request.data,
    split: request.split,
    explained: remote !== undefined,
    training: remote === undefined ? undefined : remote.rank === 0 ? "whole" : "adapters"
  })
  const { curriculum: whole, curriculumFile } = yield* chosen(world, request, recorded)
  const builtIn = request.curriculum === undefined && remote !== undefined ? asServed(whole, remote.profile) : whole
  const selected = yield* select(builtIn, request.stages ?? [])
  const curriculum = request["no-augment"] === true ? unaugmented(selected) : selected
  if (remote !== undefined) {
    const capabilities = EngineTinker.capabilitiesOf(remote.profile, { full: remote.rank === 0 })
    yield* heeded({ capabilities }, curriculum)
  }
  const tasks = curriculum.tasks ?? world.tasks
  const prepared: Prepared = {
    curriculum,
    tasks,
    options: {
      seed,
      ...(request.minutes !== undefined && { seconds: request.minutes * 60 }),
      ...(request["save-every"] !== undefined && { saveEvery: request["save-every"] }),
      // The built-in model's own stages are evaluated by numbers of their own.
      evaluation: {
        ...world.evaluation,
        ...(request.curriculum !== undefined || remote !== undefined ? asTrained(curriculum) : {}),
        seed
      },
      about: {
        versions: Versions.all,
        options: request,
        ...(curriculumFile !== undefined && { curriculumFile })
      }
    },
    world,
    services: servicesOf(parts, tasks, request, remote, workers)
  }
  return prepared
})
