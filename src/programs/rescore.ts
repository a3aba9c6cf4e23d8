/** Scores the episodes of a run again, with another reward or another advantage, and samples nothing. */
import { Effect, Predicate, Result, Schema, Stream } from "effect"
import * as Advantage from "../domain/Advantage.ts"
import * as Curriculum from "../domain/Curriculum.ts"
import type { EpisodeRecord } from "../domain/EpisodeRecord.ts"
import type { Manifest } from "../domain/Manifest.ts"
import * as Rescore from "../domain/Rescore.ts"
import * as Reward from "../domain/Reward.ts"
import { unreadable } from "../domain/RunStore.ts"
import { files } from "../layers/RunFolder.ts"
import * as RunReader from "../layers/RunReader.ts"
import { importFile } from "./load.ts"

/** The built-in rules by name. */
export const rewards: Readonly<Record<string, Reward.Rule>> = {
  progress: Reward.progress,
  progressReleased: Reward.progressReleased,
  binary: Reward.binary,
  syntax: Reward.syntax
}

/** Names of estimators: GRPO's, Dr. GRPO's and RLOO's. */
export const advantages = ["group-relative", "centred", "leave-one-out"] as const

const estimators: Readonly<Record<(typeof advantages)[number], Advantage.Estimator>> = {
  "group-relative": Advantage.groupRelative(),
  centred: Advantage.centred,
  "leave-one-out": Advantage.leaveOneOut
}

export interface RescoreOptions {
  /** A built-in rule's name, or a module that exports one as `reward`; the recorded scores stay when absent. */
  readonly reward?: string
  /** `group-relative` when absent. */
  readonly advantage?: (typeof advantages)[number]
}

/** A user's reward is none, or fails. */
export class RewardUnusable extends Schema.TaggedError<RewardUnusable>()("RewardUnusable", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.path}: ${this.detail}`
  }
}

const isRule = (value: unknown): value is Reward.Rule => Predicate.isFunction(value)

const Score = Schema.Union([
  Schema.Struct({
    _tag: Schema.tag("Scored"),
    total: Schema.Finite,
    terms: Schema.Record(Schema.String, Schema.Finite),
    weights: Schema.optionalKey(Schema.Record(Schema.String, Schema.Finite)),
    perTurn: Schema.Array(Schema.Finite)
  }),
  Schema.Struct({ _tag: Schema.tag("Unscorable"), reason: Schema.String })
])

const decodeScore = Schema.decodeUnknownResult(Score)

/** What a user's rule says, or, thrown, that it says nothing of the kind. */
const checked = (file: string, rule: Reward.Rule): Reward.Rule => (episode) => {
  const decoded = decodeScore(rule(episode))
  if (Result.isSuccess(decoded)) return decoded.success
  throw new RewardUnusable({
    path: file,
    detail: `its reward of an episode of ${episode.task.id} is no score: ${decoded.failure.message}`
  })
}

const ruleOf = Effect.fnUntraced(function*(name: string) {
  const known = rewards[name]
  if (known !== undefined) return known
  const module = yield* importFile(name)
  if (Predicate.hasProperty(module, "reward") && isRule(module.reward)) return checked(name, module.reward)
  return yield* new RewardUnusable({
    path: name,
    detail: `it exports no function called "reward"; built in are ${Object.keys(rewards).join(", ")}`
  })
})

const decodeSettings = Schema.decodeUnknownEffect(Curriculum.Settings)

const groupings = Effect.fnUntraced(function*(folder: string, { stages }: Manifest) {
  const groupings = new Map<string, Rescore.Grouping>()
  for (const { name, settings } of stages) {
    const decoded = yield* decodeSettings(settings).pipe(
      Effect.mapError(({ message }) => unreadable(`${folder}/${files.run}`, message))
    )
    groupings.set(name, decoded)
  }
  return groupings
})

/** A stage's name, and a group of its episodes as they are scored now. */
export interface RescoredGroup {
  readonly stage: string
  readonly episodes: ReadonlyArray<Rescore.Rescored>
}

/** A user's rule is plain code that may throw. */
const rescoreGroup = (
  records: readonly [EpisodeRecord, ...Array<EpisodeRecord>],
  grouping: Rescore.Grouping,
  options: Rescore.Options,
  reward: string | undefined
): Effect.Effect<RescoredGroup, RewardUnusable> =>
  Effect.try({
    try: () => ({ stage: records[0].stage, episodes: Rescore.group(records, grouping, options) }),
    catch: (error) =>
      error instanceof RewardUnusable
        ? error
        : new RewardUnusable({ path: reward ?? "the built-in reward", detail: `it failed: ${String(error)}` })
  })

/** Every group of a run, oldest first, scored again; a torn record ends with what of it can be read. */
export const rescore = Effect.fn("rescore")(function*(folder: string, { advantage, reward }: RescoreOptions) {
  const { episodes, manifest } = yield* RunReader.open(folder)
  const stages = yield* groupings(folder, manifest)
  const options: Rescore.Options = {
    estimator: estimators[advantage ?? "group-relative"],
    ...(reward !== undefined && { reward: yield* ruleOf(reward) })
  }
  const groupingOf = ({ stage }: EpisodeRecord): Rescore.Grouping => stages.get(stage) ?? Curriculum.defaults
  return episodes.pipe(
    Stream.filterMap((line) => line._tag === "Line" ? Result.succeed(line.value) : Result.failVoid),
    Stream.groupAdjacentBy((record) => Rescore.groupOf(record, groupingOf(record).groupSize)),
    Stream.mapEffect(([, records]) => rescoreGroup(records, groupingOf(records[0]), options, reward))
  )
})

/** By stage, in the order in which they were met. */
export const summarise = <E, R>(
  groups: Stream.Stream<RescoredGroup, E, R>
): Effect.Effect<ReadonlyMap<string, Rescore.Comparison>, E, R> =>
  Stream.runFold(groups, () => new Map<string, Rescore.Comparison>(), (stages, { episodes, stage }) => {
    const before = stages.get(stage)
    const own = Rescore.compare([episodes])
    return stages.set(stage, before === undefined ? own : Rescore.add(before, own))
  })
