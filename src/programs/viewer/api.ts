/** What the viewer's page asks the server for: answers about recorded runs. */
import { Effect, Result, Schema } from "effect"
import * as Entry from "../../domain/bfcl/Entry.ts"
import * as Retrace from "../../domain/bfcl/Retrace.ts"
import { diagnose } from "../../domain/Diagnosis.ts"
import * as EpisodeRecord from "../../domain/EpisodeRecord.ts"
import * as PairedOutcomes from "../../domain/PairedOutcomes.ts"
import { PythonError } from "../../domain/python/PythonError.ts"
import type { RunStoreError } from "../../domain/RunStore.ts"
import type { RunView } from "../../domain/RunView.ts"
import { type Origin, Parts, type PartsError } from "../parts.ts"
import { type Platform } from "../refusal.ts"
import type { Compared, Leaf, States, TaskText, Token } from "./wire.ts"

/** A run that is shown, and what is known of its making. */
export interface Shown {
  readonly view: RunView
  /** Made when it is first asked for, and once. */
  readonly origin: Effect.Effect<Origin, PartsError | RunStoreError, Platform>
}

/** There is nothing to answer with: what was asked for is not in the record, or cannot be made again. */
export class Missing extends Schema.TaggedError<Missing>()("Missing", { detail: Schema.String }) {
  override get message() {
    return this.detail
  }
}

/** Which evaluation: a run by its position among those shown, and when in it. */
export const Evaluation = Schema.TemplateLiteralParser([
  Schema.NumberFromString.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0)),
  ":",
  Schema.Literals(["before", "after"])
])
export type Evaluation = typeof Evaluation.Type

/** Changes of one step that are sent, and characters of each of their texts. */
const mostChanges = 60
const mostCharacters = 400
const mostLeaves = 4000

const cut = (text: string): string => text.length > mostCharacters ? `${text.slice(0, mostCharacters)}\u2026` : text

const cutChange = ({ from, path, to }: Retrace.Change): Retrace.Change => ({
  path,
  ...(from !== undefined && { from: cut(from) }),
  ...(to !== undefined && { to: cut(to) })
})

const finishedOf = Effect.fnUntraced(function*({ view }: Shown, id: string) {
  const record = yield* view.episode(id)
  if (record === undefined) return yield* new Missing({ detail: `there is no episode ${id}` })
  if (record.finished === undefined) return yield* new Missing({ detail: `episode ${id} was not finished` })
  return { record, finished: record.finished }
})

const entryOf = Effect.fnUntraced(function*(shown: Shown, task: string) {
  const { longContext, task: taskOf } = yield* shown.origin
  const found = taskOf(task)
  if (found === undefined) return yield* new Missing({ detail: `task ${task} is not among those made again` })
  const entry = yield* Effect.fromResult(Result.mapError(Entry.ofTask(found), (detail) => new Missing({ detail })))
  return { entry, longContext }
})

/** What the simulators throw about an entry is no news of ours to die of. */
const playing = <A>(play: () => A): Effect.Effect<A, Missing> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(play())
    } catch (error) {
      if (error instanceof PythonError) {
        return Effect.fail(new Missing({ detail: `not played again: ${error.toString()}` }))
      }
      throw error
    }
  })

export const states = Effect.fn("viewer.states")(function*(shown: Shown, id: string) {
  const { finished, record } = yield* finishedOf(shown, id)
  const { entry, longContext } = yield* entryOf(shown, record.task.id)
  const { steps, truth } = yield* playing(() => Retrace.retrace(entry, finished, longContext))
  const answer: States = {
    truth,
    steps: steps.map(({ changes, missing, same }) => ({
      changes: changes.slice(0, mostChanges).map(cutChange),
      changed: changes.length,
      missing: missing.slice(0, mostChanges).map(cutChange),
      missed: missing.length,
      same
    }))
  }
  return answer
})

export const state = Effect.fn("viewer.state")(function*(shown: Shown, id: string, steps: number) {
  const { finished, record } = yield* finishedOf(shown, id)
  const { entry, longContext } = yield* entryOf(shown, record.task.id)
  const leaves = yield* playing(() => Retrace.stateAfter(entry, finished, steps, longContext))
  const answer: ReadonlyArray<Leaf> = Array.from(leaves)
    .slice(0, mostLeaves)
    .map(([path, text]) => [path, cut(text)])
  return answer
})

export const diagnoses = Effect.fn("viewer.diagnoses")(function*(shown: Shown, id: string) {
  const { finished } = yield* finishedOf(shown, id)
  return diagnose(finished)
})

export const tokens = Effect.fn("viewer.tokens")(function*(shown: Shown, id: string) {
  const { record } = yield* finishedOf(shown, id)
  const spell = yield* Effect.map(shown.origin, ({ spell }) => spell).pipe(Effect.orElseSucceed(() => undefined))
  const answer: ReadonlyArray<ReadonlyArray<Token>> = EpisodeRecord.tokens(record).map((sampled) =>
    sampled === undefined
      ? []
      : Array.from(sampled.completion, (id, i) => ({
        id,
        text: spell?.([id]) ?? "",
        logprob: sampled.logprobs[i] ?? 0
      }))
  )
  return answer
})

export const task = Effect.fn("viewer.task")(function*(shown: Shown, id: string) {
  const { entry } = yield* entryOf(shown, id)
  const answer: TaskText = {
    id: entry.id,
    category: entry.category,
    scenario: String(entry.scenario),
    classes: entry.classes,
    turns: entry.turns.map(({ groundTruth, messages }) => ({
      user: messages.map(({ content }) => content).join("\n"),
      truth: groundTruth
    }))
  }
  return answer
})

const outcomesOf = Effect.fnUntraced(function*(runs: ReadonlyArray<Shown>, [run, , when]: Evaluation) {
  const evaluations = yield* runs[run]?.view.evaluations
    ?? Effect.fail(new Missing({ detail: `there is no run ${run}` }))
  const found = evaluations.find((evaluation) => evaluation.when === when)
  return found?.tasks ?? (yield* new Missing({ detail: `run ${run} was not evaluated ${when} training` }))
})

export const compare = Effect.fn("viewer.compare")(function*(
  runs: ReadonlyArray<Shown>,
  first: Evaluation,
  second: Evaluation
) {
  const before = yield* outcomesOf(runs, first)
  const after = yield* outcomesOf(runs, second)
  const pairs = PairedOutcomes.pairs(Object.entries(before), new Map(Object.entries(after)))
  if (pairs.length === 0) return yield* new Missing({ detail: "the two evaluations have no task in common" })
  const answer: Compared = {
    ...PairedOutcomes.compare(pairs, 0),
    tasks: pairs.map(({ first, id, second }) => ({
      id,
      cell: PairedOutcomes.cellOf(id) ?? "other",
      first: [first.passed, first.n],
      second: [second.passed, second.n]
    }))
  }
  return answer
})

/** What can go wrong with an answer, each in a sentence. */
export type ApiError = Missing | RunStoreError | PartsError

/** A run's view with its making, made once when it is first asked for. */
export const show = Effect.fnUntraced(function*(view: RunView) {
  const { origin } = yield* Parts
  const shown: Shown = {
    view,
    origin: yield* Effect.cached(Effect.flatMap(view.header, ({ manifest }) => origin(manifest)))
  }
  return shown
})
