/**
 * BFCL's simulators in the paper's training protocol, as an environment.
 *
 * The layer asks for an augmentor, because what a failed call says is what a stage tunes;
 * a stage, or an evaluation's `layerStandard`, provides it.
 */
import { Effect, Layer, Result, Schema } from "effect"
import * as Knowledge from "../domain/augment/Knowledge.ts"
import * as Augmentor from "../domain/Augmentor.ts"
import * as Documents from "../domain/bfcl/Documents.ts"
import { Entry } from "../domain/bfcl/Entry.ts"
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

const decodeEntry = Schema.decodeUnknownResult(Entry)

const unusable = (task: Task, detail: string): EnvironmentError =>
  new EnvironmentError({ reason: new TaskUnusable({ task: task.id, detail }) })

/** A task's payload is decoded once, however many episodes it has. */
const entries = () => {
  const known = new WeakMap<Task, Result.Result<Entry, EnvironmentError>>()
  return (task: Task): Result.Result<Entry, EnvironmentError> => {
    let entry = known.get(task)
    if (entry === undefined) {
      entry = Result.mapError(
        decodeEntry(task.payload, { errors: "all" }),
        (error) => unusable(task, `its payload is no BFCL entry: ${error.message}`)
      )
      known.set(task, entry)
    }
    return entry
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

const openSession = (entry: Entry, options: Options, augment: Augmentor.Augment): Session => {
  const compiled = Documents.compile(entry, options.documents)
  const questions = Documents.userTexts(entry, compiled, options.announce)
  const offered = compiled.offered.map(({ tool }) => tool)
  const toolsets = entry.classes.flatMap((name) => Toolsets.toolsetOf(name) ?? [])
  let conversation = Interaction.start(entry, questions, entry.longContext ? { longContext: options.longContext } : {})

  /** What is on offer in the present turn, and who provides what. */
  const knowledge = (): Augmentor.Knowledge => {
    const tools = [
      ...offered,
      ...compiled.revealed.slice(0, conversation.turn + 1).flatMap((documents) => documents.map(({ tool }) => tool))
    ]
    return Knowledge.make(tools, toolsets)
  }

  return {
    start: {
      messages: [
        { role: "system", content: options.system(offered) },
        { role: "user", content: questions[0] ?? "" }
      ],
      tools: offered,
      turns: entry.turns.length
    },
    step: (message) =>
      Effect.sync((): Transition => {
        const known = knowledge()
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
      const entryOf = entries()
      return Environment.of({
        open: (task) =>
          Effect.flatMap(Effect.fromResult(entryOf(task)), (entry) => {
            const missing = entry.classes.filter((name) => Toolsets.toolsetOf(name) === undefined)
            return missing.length > 0
              ? Effect.fail(unusable(task, `its tool sets are not implemented: ${missing.join(", ")}`))
              : Effect.sync(() => openSession(entry, options, augment))
          })
      })
    })
  )

/** The same without augmentation: what evaluations use. */
export const layerStandard = (options: Options): Layer.Layer<Environment> =>
  Layer.provide(layer(options), Augmentor.layerNone)
