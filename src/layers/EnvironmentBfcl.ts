/**
 * BFCL's simulators in the paper's training protocol, as an environment.
 *
 * The layer asks for an augmentor, because what a failed call says is what a stage tunes;
 * a stage, or an evaluation's `layerStandard`, provides it.
 */
import { Effect, Layer, Result } from "effect"
import * as Knowledge from "../domain/augment/Knowledge.ts"
import * as Augmentor from "../domain/Augmentor.ts"
import { mismatchDetail, missingDetail } from "../domain/bfcl/Check.ts"
import * as Documents from "../domain/bfcl/Documents.ts"
import type * as Entry from "../domain/bfcl/Entry.ts"
import * as Interaction from "../domain/bfcl/Interaction.ts"
import type { LongContext } from "../domain/bfcl/LongContext.ts"
import { reported, tell, type Told } from "../domain/bfcl/Telling.ts"
import * as Toolsets from "../domain/bfcl/Toolsets.ts"
import { Environment, type Session, type Transition, type Verdict } from "../domain/Environment.ts"
import type { ToolDocument } from "../domain/Message.ts"
import { preparing } from "./BfclTask.ts"

export interface Options {
  readonly documents: Documents.Documents
  /** Constants for long-context entries. */
  readonly longContext: LongContext
  /** The system message that opens every episode. */
  readonly system: (tools: ReadonlyArray<ToolDocument>) => string
  /** The user's text of a turn that hands tools over. */
  readonly announce: (tools: ReadonlyArray<Documents.Document>) => string
}

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

const prepare = (entry: Entry.Entry, options: Options): Prepared => {
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
}

/** Why a turn failed, and what would have passed it. */
const failureOf = (
  { failure, turn }: Interaction.Verdict,
  { turns }: Entry.Entry
): Pick<Verdict, "failure" | "detail" | "expected"> => {
  if (failure === undefined) return {}
  const detail = failure.kind === "state"
    ? mismatchDetail(failure.mismatch)
    : failure.kind === "response"
    ? missingDetail(failure.missing)
    : undefined
  return {
    failure: failure.kind,
    ...(detail !== undefined && { detail }),
    expected: turns[turn]?.groundTruth ?? []
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
          outcomes: step.calls.map(({ outcome, shown }) => reported(outcome, shown, told.get(outcome)?.hint)),
          ...(step.verdict !== undefined && {
            verdict: { turn: step.verdict.turn, passed: step.verdict.passed, ...failureOf(step.verdict, entry) }
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
      const preparedOf = preparing((entry) => prepare(entry, options))
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
