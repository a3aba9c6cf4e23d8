/**
 * BFCL's simulators in the paper's training protocol, as an environment.
 *
 * The layer asks for an augmentor, because what a failed call says is what a stage tunes;
 * a stage, or an evaluation's `layerStandard`, provides it.
 */
import { Effect, Layer, Result } from "effect"
import * as Knowledge from "../domain/augment/Knowledge.ts"
import * as Augmentor from "../domain/Augmentor.ts"
import * as Documents from "../domain/bfcl/Documents.ts"
import * as Entry from "../domain/bfcl/Entry.ts"
import * as Interaction from "../domain/bfcl/Interaction.ts"
import type { LongContext } from "../domain/bfcl/LongContext.ts"
import { tell, type Told } from "../domain/bfcl/Telling.ts"
import * as Toolsets from "../domain/bfcl/Toolsets.ts"
import {
  Environment,
  EnvironmentError,
  type Outcome,
  type Session,
  TaskUnusable,
  type Transition
} from "../domain/Environment.ts"
import type { ToolDocument } from "../domain/Message.ts"
import type { Task } from "../domain/Task.ts"

export interface Options {
  readonly documents: Documents.Documents
  /** Constants for long-context entries. */
  readonly longContext: LongContext
  /** The system message that opens every episode. */
  readonly system: (tools: ReadonlyArray<ToolDocument>) => string
  /** The user's text of a turn that hands tools over. */
  readonly announce: (tools: ReadonlyArray<Documents.Document>) => string
}

const unusable = (task: Task, detail: string): EnvironmentError =>
  new EnvironmentError({ reason: new TaskUnusable({ task: task.id, detail }) })

/** What all episodes of a task have in common. */
interface Prepared {
  readonly entry: Entry.Entry
  readonly start: Session["start"]
  /** The user's text of every turn. */
  readonly questions: ReadonlyArray<string>
  /** The tools that the agent may call, by turn. */
  readonly tools: ReadonlyArray<ReadonlyArray<ToolDocument>>
  readonly toolsets: ReadonlyArray<Toolsets.RegisteredToolset>
}

const prepare = (task: Task, options: Options): Result.Result<Prepared, EnvironmentError> =>
  Result.gen(function*() {
    const entry = yield* Result.mapError(Entry.ofTask(task), (detail) => unusable(task, detail))
    const missing = entry.classes.filter((name) => Toolsets.toolsetOf(name) === undefined)
    if (missing.length > 0) {
      return yield* Result.fail(unusable(task, `its tool sets are not implemented: ${missing.join(", ")}`))
    }
    const compiled = Documents.compile(entry, options.documents)
    const questions = Documents.userTexts(entry, compiled, options.announce)
    const offered = compiled.offered.map(({ tool }) => tool)
    return {
      entry,
      start: {
        messages: [
          { role: "system", content: options.system(offered) },
          { role: "user", content: questions[0] ?? "" }
        ],
        tools: offered,
        turns: entry.turns.length
      },
      questions,
      tools: entry.turns.map((_, turn) => [
        ...offered,
        ...compiled.revealed.slice(0, turn + 1).flatMap((documents) => documents.map(({ tool }) => tool))
      ]),
      toolsets: entry.classes.flatMap((name) => Toolsets.toolsetOf(name) ?? [])
    }
  })

/** A task is prepared once, however many episodes it has. */
const preparing = (options: Options) => {
  const known = new WeakMap<Task, Result.Result<Prepared, EnvironmentError>>()
  return (task: Task): Result.Result<Prepared, EnvironmentError> => {
    let prepared = known.get(task)
    if (prepared === undefined) known.set(task, prepared = prepare(task, options))
    return prepared
  }
}

const failureOf = ({ failure }: Interaction.Verdict): { readonly failure?: string; readonly detail?: string } => {
  if (failure === undefined) return {}
  const detail = failure.kind === "state"
    ? `${failure.mismatch.toolset} differs in ${failure.mismatch.attributes.join(", ")}`
    : failure.kind === "response"
    ? `missing results: ${failure.missing.join(" | ")}`
    : undefined
  return { failure: failure.kind, ...(detail !== undefined && { detail }) }
}

const outcomeOf = ({ outcome, shown }: Interaction.Call, told: ReadonlyMap<unknown, Told>): Outcome => {
  const hint = told.get(outcome)?.hint
  return {
    call: outcome.call,
    ...(outcome.tool !== undefined && { tool: outcome.tool }),
    ok: outcome.failure === undefined,
    standard: outcome.text,
    shown: shown ?? outcome.text,
    ...(outcome.failure !== undefined && { failure: outcome.failure.kind }),
    ...(hint !== undefined && { hint: hint.rule })
  }
}

const openSession = (prepared: Prepared, seed: number, options: Options, augment: Augmentor.Augment): Session => {
  const { entry, questions, start, tools, toolsets } = prepared
  const draw = Augmentor.drawOf(seed)
  let conversation = Interaction.start(entry, questions, entry.longContext ? { longContext: options.longContext } : {})
  return {
    start,
    step: (message) =>
      Effect.sync((): Transition => {
        const known = Knowledge.make(tools[conversation.turn] ?? [], toolsets, draw)
        const told = new Map<unknown, Told>()
        const step = Interaction.step(conversation, message.content, (outcome) => {
          const result = tell(outcome, augment, known)
          told.set(outcome, result)
          return result.text
        })
        conversation = step.next
        return {
          code: step.score,
          messages: step.terminate ? [] : [{ role: "user", content: step.content }],
          outcomes: step.calls.map((call) => outcomeOf(call, told)),
          ...(step.verdict !== undefined && {
            verdict: { turn: step.verdict.turn, passed: step.verdict.passed, ...failureOf(step.verdict) }
          }),
          done: step.terminate
        }
      })
  }
}

/** The training protocol, in the words of whatever augmentor is provided. */
export const layer = (options: Options): Layer.Layer<Environment, never, Augmentor.Augmentor> =>
  Layer.effect(
    Environment,
    Effect.gen(function*() {
      const { augment } = yield* Augmentor.Augmentor
      const preparedOf = preparing(options)
      return Environment.of({
        open: (task, seed) =>
          Effect.suspend(() =>
            Effect.fromResult(Result.map(preparedOf(task), (prepared) => openSession(prepared, seed, options, augment)))
          )
      })
    })
  )

/** The same without augmentation: what evaluations use. */
export const layerStandard = (options: Options): Layer.Layer<Environment> =>
  Layer.provide(layer(options), Augmentor.layerNone)
