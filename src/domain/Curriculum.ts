/**
 * A curriculum is a value: an environment, and stages in order. What differs between two
 * stages is what one reads: tasks, augmentor, reward, and when to move on.
 */
import type { Layer } from "effect"
import { Effect, Result, Schema } from "effect"
import type { Advance } from "./Advance.ts"
import { type Estimator, groupRelative } from "./Advantage.ts"
import * as Alarms from "./Alarms.ts"
import type { Augmentor } from "./Augmentor.ts"
import type { Environment } from "./Environment.ts"
import type { Reward } from "./Reward.ts"
import type { Task } from "./Task.ts"
import type { Tasks } from "./Tasks.ts"
import * as Trainer from "./Trainer.ts"

const count = Schema.Int.check(Schema.isGreaterThan(0))

/** The numbers of a stage. Checked when the curriculum's file loads, before anything is spent. */
export const Settings = Schema.Struct({
  /** Groups per update. */
  tasksPerStep: count,
  /** Episodes per group. */
  groupSize: Schema.Int.check(Schema.isGreaterThan(1)),
  /** Episodes in flight at once. */
  concurrency: count,
  /** Assistant messages per episode at most: a safeguard above the environment's own limits. */
  maxSteps: count,
  /** How often groups without signal are replaced by groups of other tasks within one step. */
  refillRounds: Schema.Natural,
  /** An episode's attempts after the first, when its failure is retryable. */
  retries: Schema.Natural,
  /** The first wait before another attempt; each next one is twice as long, with jitter. */
  retryMilliseconds: count,
  /** An attempt that takes longer is abandoned. */
  deadlineSeconds: Schema.Finite.check(Schema.isGreaterThan(0)),
  /** What the advantage compares: whole episodes (the paper), or each user turn for itself. */
  credit: Schema.Literals(["episode", "turn"]),
  /** With `credit: "turn"`: how much of the next turn's reward counts for this one. */
  turnDiscount: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })),
  /** Of the policy, in training. */
  sampling: Schema.Struct({
    temperature: Schema.Finite.check(Schema.isGreaterThan(0)),
    maxTokens: count
  }),
  optimization: Trainer.Optimization,
  /**
   * How many optimiser steps the weights may have taken since they sampled a batch, when it is trained on. 0: none, and
   * the server that samples waits while the one that trains does not, and the other way round. Otherwise as many whole
   * steps as that allows are collected ahead, which takes an engine with snapshots. Recorded runs of version 0.1.0 have none.
   */
  maxStaleness: Schema.Natural.pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))),
  alarms: Alarms.Settings
}).check(
  Schema.makeFilter(({ maxStaleness, optimization: { updatesPerBatch } }) =>
    maxStaleness === 0 || maxStaleness >= updatesPerBatch ? undefined : {
      path: ["maxStaleness"],
      issue: `${maxStaleness} allows nothing to be collected ahead: a batch makes ${updatesPerBatch} optimiser steps`
    }
  )
).annotate({ identifier: "envtune/StageSettings" })
export type Settings = typeof Settings.Type

export const defaults: Settings = {
  tasksPerStep: 16,
  groupSize: 16,
  concurrency: 256,
  maxSteps: 100,
  refillRounds: 2,
  retries: 3,
  retryMilliseconds: 100,
  deadlineSeconds: 600,
  credit: "episode",
  turnDiscount: 1,
  sampling: { temperature: 1, maxTokens: 1024 },
  optimization: Trainer.paper,
  maxStaleness: 0,
  alarms: Alarms.defaults
}

/** Steps that a stage may have collected beyond the one that is trained on. */
export const stepsAhead = ({ maxStaleness, optimization: { updatesPerBatch } }: Settings): number =>
  Math.floor(maxStaleness / updatesPerBatch)

/** Any subset of the settings, at any depth. */
export type Overrides<A> = { readonly [K in keyof A]?: A[K] extends object ? Overrides<A[K]> : A[K] }

export interface Stage<out E = never, out R = never> {
  readonly name: string
  readonly tasks: (task: Task) => boolean
  /** What tunes the environment and what it is worth: an `Augmentor` and a `Reward`. */
  readonly services: Layer.Layer<Augmentor | Reward, E, R>
  readonly advantage: Estimator
  readonly advance: Advance
  readonly settings: Settings
}

export interface Curriculum<out E = never, out R = never> {
  readonly name: string
  /** Built inside each stage, on top of the stage's services: it may ask for the augmentor. */
  readonly environment: Layer.Layer<Environment, E, R | Augmentor>
  readonly stages: ReadonlyArray<Stage<E, R>>
  /** Where its tasks come from, when it brings its own: `envtune tune FILE` uses them instead of the drills. */
  readonly tasks?: Layer.Layer<Tasks, E, R>
}

/** A curriculum's file says something that cannot be run. Thrown while the file loads. */
export class CurriculumInvalid extends Schema.TaggedError<CurriculumInvalid>()("CurriculumInvalid", {
  where: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.where}: ${this.detail}`
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** `overrides` laid over `base`, key by key; unknown keys stay, for the schema to refuse by name. */
const merge = (base: unknown, overrides: unknown): unknown => {
  if (overrides === undefined) return base
  if (!isRecord(base) || !isRecord(overrides)) return overrides
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(overrides)) merged[key] = merge(base[key], value)
  return merged
}

const decode = Schema.decodeUnknownResult(Settings)

/** `defaults` with overrides. Throws `CurriculumInvalid` naming every key that is unknown or out of range. */
export const settings = (where: string, overrides: Overrides<Settings> = {}, base: Settings = defaults): Settings => {
  const decoded = decode(merge(base, overrides), { errors: "all", onExcessProperty: "error" })
  if (Result.isFailure(decoded)) throw new CurriculumInvalid({ where, detail: decoded.failure.message })
  return decoded.success
}

/** A stage. Throws `CurriculumInvalid` when a setting is unknown or out of range. */
export const stage = <E, R>(
  name: string,
  options: {
    readonly tasks: (task: Task) => boolean
    readonly services: Layer.Layer<Augmentor | Reward, E, R>
    readonly advance: Advance
    readonly advantage?: Estimator
    readonly settings?: Overrides<Settings>
  }
): Stage<E, R> => ({
  name,
  tasks: options.tasks,
  services: options.services,
  advance: options.advance,
  advantage: options.advantage ?? groupRelative(),
  settings: settings(`stage "${name}"`, options.settings)
})

/** A curriculum. Throws `CurriculumInvalid` when it has no stage or two of one name. */
export const make = <E, R, E2, R2, E3 = never, R3 = never>(options: {
  readonly name: string
  readonly environment: Layer.Layer<Environment, E, R>
  readonly stages: ReadonlyArray<Stage<E2, R2>>
  readonly tasks?: Layer.Layer<Tasks, E3, R3>
}): Curriculum<E | E2 | E3, Exclude<R, Augmentor> | R2 | R3> => {
  const where = `curriculum "${options.name}"`
  if (options.stages.length === 0) throw new CurriculumInvalid({ where, detail: "it has no stages" })
  const names = options.stages.map((stage) => stage.name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new CurriculumInvalid({ where, detail: `two stages are called "${twice}"` })
  return {
    ...options,
    // R is Exclude<R, Augmentor> | Augmentor or less, which TypeScript does not see of a type parameter.
    environment: options.environment as Layer.Layer<Environment, E, Exclude<R, Augmentor> | Augmentor>
  }
}
