/**
 * Plays a recorded episode again: the agent says what it said, and everything else is done anew. What an
 * environment answers, what hints say, how turns are judged and what it is worth must come out as recorded.
 */
import { Effect, Layer, Option, Schema } from "effect"
import * as Episode from "../domain/Episode.ts"
import * as EpisodeRecord from "../domain/EpisodeRecord.ts"
import { type Completion, Policy } from "../domain/Policy.ts"
import { Reward } from "../domain/Reward.ts"
import { Tasks } from "../domain/Tasks.ts"
import * as RunReader from "../layers/RunReader.ts"
import { prepare, requestOf } from "./prepare.ts"
import { rollout } from "./rollout.ts"

/** An episode that is not there, or that nothing can be played of. */
export class NotReplayable extends Schema.TaggedError<NotReplayable>()("NotReplayable", {
  episode: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `episode ${this.episode}: ${this.detail}`
  }
}

/** A place in an episode's record, and what is there: as it was recorded, and as it came out now. */
export interface Difference {
  /** `finished.steps.3.outcomes.0.standard`. */
  readonly at: string
  /** As JSON; absent where there is nothing. */
  readonly recorded?: string
  readonly replayed?: string
}

export interface ReplayedEpisode {
  readonly record: EpisodeRecord.EpisodeRecord
  /** Executed again. */
  readonly calls: number
  readonly verdicts: number
  readonly differences: ReadonlyArray<Difference>
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

/** Where two values differ, innermost. */
const differences = (recorded: unknown, replayed: unknown, at = ""): ReadonlyArray<Difference> => {
  if (isObject(recorded) && isObject(replayed)) {
    const before = new Map<string, unknown>(Object.entries(recorded))
    const after = new Map<string, unknown>(Object.entries(replayed))
    return [...new Set([...before.keys(), ...after.keys()])].flatMap((key) =>
      differences(before.get(key), after.get(key), at === "" ? key : `${at}.${key}`)
    )
  }
  if (recorded === replayed) return []
  return [{
    at,
    ...(recorded !== undefined && { recorded: JSON.stringify(recorded) }),
    ...(replayed !== undefined && { replayed: JSON.stringify(replayed) })
  }]
}

/** Says what was said, in order; an episode that goes on beyond it has no room for more. */
const policySaying = (completions: ReadonlyArray<Completion>): Layer.Layer<Policy> =>
  Layer.succeed(
    Policy,
    Policy.of({
      open: () =>
        Effect.sync(() => {
          const left = [...completions]
          const over: Completion = { message: { role: "assistant", content: "" }, stop: "context" }
          return { act: () => Effect.sync(() => left.shift() ?? over) }
        })
    })
  )

/** Plays one episode of the run in `folder` again, with the tasks and the stage that its settings name. */
export const replayEpisode = Effect.fn("replayEpisode")(function*(folder: string, id: string) {
  const { episode, manifest } = yield* RunReader.open(folder)
  const refuse = (detail: string) => Effect.fail(new NotReplayable({ episode: id, detail }))
  const found = yield* episode(id)
  if (Option.isNone(found)) {
    return yield* refuse(`${folder} has none of this id; ids are stage/step/task/member, as in episodes.jsonl.gz`)
  }
  const record = found.value
  const recorded = EpisodeRecord.episode(record)
  if (recorded === undefined) {
    const { fate } = record
    return yield* refuse(fate._tag === "Failed" ? `it failed (${fate.cause}): ${fate.detail}` : "it was not finished")
  }
  const { curriculum, tasks } = yield* prepare(yield* requestOf(folder, manifest), {
    seed: manifest.seed,
    workers: undefined,
    recorded: manifest.curriculumFile
  })
  const task = yield* Tasks.useSync(({ all }) => all.find((task) => task.id === record.task.id)).pipe(
    Effect.provide(tasks)
  )
  if (task === undefined) return yield* refuse(`its task ${record.task.id} is not there any more`)
  const stage = curriculum.stages.find(({ name }) => name === record.stage)
  if (stage === undefined) return yield* refuse(`its stage "${record.stage}" is not there any more`)
  const replayed = yield* Effect.gen(function*() {
    const reward = yield* Reward
    const played = yield* rollout(task, {
      seed: record.seed,
      sampling: stage.settings.sampling,
      maxSteps: recorded.stop === "steps" ? recorded.steps.length : stage.settings.maxSteps
    })
    const score = yield* reward.score(played)
    const { attempts, fate, id, member, seed, step } = record
    const finished = { episode: played, score }
    return EpisodeRecord.make({ id, stage: stage.name, step, member, task, seed, attempts, fate, finished })
  }).pipe(Effect.provide([
    policySaying(recorded.steps.map(({ completion }) => completion)),
    Layer.provideMerge(curriculum.environment, stage.services)
  ]))
  const result: ReplayedEpisode = {
    record,
    calls: Episode.outcomes(recorded).length,
    verdicts: Episode.verdicts(recorded).length,
    differences: differences(record, replayed)
  }
  return result
})
