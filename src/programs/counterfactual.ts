/**
 * What a hint rule is worth: episodes of a run in which it spoke, played again with the same seeds by the run's weights,
 * once as they were and once with that rule silent. Everything else is the same, so what differs is its doing.
 */
import { Effect, Layer, Path, Result, Stream } from "effect"
import * as Augmentor from "../domain/Augmentor.ts"
import type { Stage } from "../domain/Curriculum.ts"
import * as Episode from "../domain/Episode.ts"
import type { EpisodeRecord } from "../domain/EpisodeRecord.ts"
import * as Paired from "../domain/Paired.ts"
import type { Rate } from "../domain/Report.ts"
import * as Seed from "../domain/Seed.ts"
import type { Task } from "../domain/Task.ts"
import { Tasks } from "../domain/Tasks.ts"
import * as RunReader from "../layers/RunReader.ts"
import { persist } from "./persist.ts"
import { prepare, type Prepared, requestOf } from "./prepare.ts"
import { Unavailable } from "./refusal.ts"
import { rollout } from "./rollout.ts"

export interface CounterfactualOptions {
  readonly run: string
  readonly rule: string
  /** At most so many; of more, a random choice that follows from the seed. */
  readonly episodes: number
  readonly seed: number
  /** The run's last ones when absent. */
  readonly weights: string | undefined
  readonly workers: number | undefined
}

export interface Counterfactual {
  readonly rule: string
  /** Episodes of the run in which it spoke. */
  readonly recorded: number
  /** Of those, played again and finished both ways. */
  readonly played: number
  /** Of those, in which it spoke again. */
  readonly spoke: number
  /** By task, first without the rule and second with it: episodes whose every turn passed, and turns. */
  readonly success: Paired.Comparison
  readonly turns: Paired.Comparison
  /** Of the successes' difference by chance: a permutation test of scenarios. */
  readonly p: number
}

type Told = Pick<EpisodeRecord, "id" | "stage" | "seed"> & { readonly task: string }

/** The rules that spoke in an episode. */
const rulesOf = ({ finished }: EpisodeRecord): ReadonlyArray<string> =>
  (finished?.steps ?? []).flatMap(({ outcomes }) => outcomes.flatMap(({ hint }) => hint ?? []))

/** Episodes in which the rule spoke, how many there are, and the rules that spoke at all. */
const listen = Effect.fnUntraced(function*(
  { episodes }: RunReader.RunRecord,
  { episodes: most, rule, seed }: CounterfactualOptions
) {
  const rules = new Set<string>()
  const told: Array<readonly [order: number, told: Told]> = []
  let recorded = 0
  const keepNearest = () => {
    told.sort(([a], [b]) => a - b)
    told.length = Math.min(told.length, most)
  }
  yield* Stream.runForEach(episodes, (line) =>
    Effect.sync(() => {
      if (line._tag === "Torn") return
      const spoke = rulesOf(line.value)
      for (const one of spoke) rules.add(one)
      if (!spoke.includes(rule)) return
      const { id, seed: own, stage, task } = line.value
      recorded += 1
      told.push([Seed.derive(seed, "counterfactual", id), { id, seed: own, stage, task: task.id }])
      if (told.length > 2 * most) keepNearest()
    }))
  keepNearest()
  return { recorded, rules, told: told.map(([, one]) => one) }
})

/** The stage's services with one rule silent. */
const silenced = <E, R>({ services }: Stage<E, R>, rule: string) =>
  Layer.effect(
    Augmentor.Augmentor,
    Effect.map(Augmentor.Augmentor, ({ augment }) =>
      Augmentor.Augmentor.of({ augment: Augmentor.without(rule, augment) }))
  ).pipe(Layer.provide(services))

/** Plays one episode again; nothing when it could not be finished. */
const play = Effect.fnUntraced(function*(task: Task, { seed }: Told, { settings }: Stage<unknown, unknown>) {
  const { maxSteps, sampling } = settings
  const { result } = yield* persist(rollout(task, { seed, sampling, maxSteps }), settings)
  return Result.isSuccess(result) ? result.success : undefined
})

interface Both {
  readonly task: Task
  readonly without: Episode.Episode
  readonly with: Episode.Episode
}

/** The episodes of one stage, both ways. */
const playStage = Effect.fnUntraced(function*(
  { curriculum }: Prepared,
  stage: Prepared["curriculum"]["stages"][number],
  told: ReadonlyArray<readonly [Task, Told]>,
  rule: string
) {
  const { concurrency } = stage.settings
  const all = Effect.forEach(told, ([task, one]) => play(task, one, stage), { concurrency })
  const on = yield* Effect.provide(all, Layer.provide(curriculum.environment, stage.services))
  const off = yield* Effect.provide(all, Layer.provide(curriculum.environment, silenced(stage, rule)))
  return told.flatMap(([task], i): ReadonlyArray<Both> => {
    const [withRule, without] = [on[i], off[i]]
    return withRule === undefined || without === undefined ? [] : [{ task, with: withRule, without }]
  })
})

const turnsOf = (episode: Episode.Episode): Rate => ({
  n: episode.turns,
  passed: Episode.verdicts(episode).filter(({ passed }) => passed).length
})

const successOf = (episode: Episode.Episode): Rate => ({ n: 1, passed: Episode.passed(episode) ? 1 : 0 })

const add = (a: Rate, b: Rate): Rate => ({ n: a.n + b.n, passed: a.passed + b.passed })

/** Episodes of one task are one pair. */
const pairs = (all: ReadonlyArray<Both>, rate: (episode: Episode.Episode) => Rate): ReadonlyArray<Paired.Pair> => {
  const byTask = new Map<string, Paired.Pair>()
  for (const { task: { id, scenario }, with: on, without: off } of all) {
    const known = byTask.get(id)
    const [first, second] = [rate(off), rate(on)]
    byTask.set(id, {
      id,
      scenario,
      first: known === undefined ? first : add(known.first, first),
      second: known === undefined ? second : add(known.second, second)
    })
  }
  return [...byTask.values()]
}

const weightsOf = Effect.fnUntraced(function*(folder: string, { summary }: RunReader.RunRecord) {
  const path = yield* Path.Path
  const last = summary.weights.at(-1)
  return last === undefined
    ? yield* new Unavailable({ detail: `${folder}: the run has saved no weights; name others with --weights` })
    : path.join(folder, last.path)
})

export const counterfactual = Effect.fn("counterfactual")(function*(options: CounterfactualOptions) {
  const { rule, run, seed, workers } = options
  const record = yield* RunReader.open(run)
  const request = yield* requestOf(run, record.manifest)
  const { recorded, rules, told } = yield* listen(record, options)
  if (recorded === 0) {
    const spoke = rules.size === 0 ? "no rule spoke in it" : `those that spoke are ${[...rules].toSorted().join(", ")}`
    return yield* new Unavailable({ detail: `${run}: the rule "${rule}" never spoke; ${spoke}` })
  }
  const weights = options.weights ?? (yield* weightsOf(run, record))
  const prepared = yield* prepare({ ...request, weights }, { seed: record.manifest.seed, workers })
  const all = yield* Effect.gen(function*() {
    const tasks = new Map((yield* Tasks).all.map((task) => [task.id, task]))
    const missing = told.find((one) => !tasks.has(one.task))
    if (missing !== undefined) {
      return yield* new Unavailable({ detail: `${run}: its task ${missing.task} is not there; were its tasks others?` })
    }
    return yield* Effect.forEach(prepared.curriculum.stages, (stage) =>
      playStage(
        prepared,
        stage,
        told.flatMap((one) => {
          const task = tasks.get(one.task)
          return one.stage === stage.name && task !== undefined ? [[task, one] as const] : []
        }),
        rule
      ))
  }).pipe(Effect.provide(prepared.services), Effect.map((stages) => stages.flat()))
  const successes = pairs(all, successOf)
  const result: Counterfactual = {
    rule,
    recorded,
    played: all.length,
    spoke: all.filter((both) => Episode.hints(both.with)[rule] !== undefined).length,
    success: Paired.compare(successes, seed),
    turns: Paired.compare(pairs(all, turnsOf), seed),
    p: Paired.permutation(successes, seed)
  }
  return result
})
