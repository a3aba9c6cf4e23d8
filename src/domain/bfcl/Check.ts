/**
 * BFCL's checkers (`multi_turn_checker.py`): is a turn done?
 *
 * A turn passes when, after it, every public attribute of every class equals the ground truth's by Python's `==`, and
 * every result of the ground truth's calls in this turn is among the results of the model's calls so far.
 */
import { PythonError } from "../python/PythonError.ts"
import type { Entry } from "./Entry.ts"
import { execute } from "./Execute.ts"
import type { LongContext } from "./LongContext.ts"
import { open, type Session } from "./Session.ts"
import type { Shared } from "./Shared.ts"
import type { Simulator } from "./Toolsets.ts"

/** The first class, in the ground truth's order, whose states differ, and the public attributes that do. */
export interface StateMismatch {
  readonly toolset: string
  readonly attributes: ReadonlyArray<string>
}

/** Public attributes that differ. Directories that contain themselves, which Python cannot compare, differ. */
const differences = (expected: Simulator, actual: Simulator | undefined): ReadonlyArray<string> => {
  try {
    return expected.differences(actual)
  } catch (error) {
    if (error instanceof PythonError) return expected.differences(undefined)
    throw error
  }
}

/** The original's state checker. Undefined when the states agree. */
export const stateMismatch = (model: Session, truth: Session): StateMismatch | undefined => {
  for (const instance of truth.instances) {
    const attributes = differences(instance, model.instances.find((other) => other.toolset === instance.toolset))
    if (attributes.length > 0) return { toolset: instance.toolset.name, attributes }
  }
  return undefined
}

/**
 * The original's response checker: what the ground truth's results have and the model's lack. One result of the model
 * stands for one of the ground truth, whatever their order. Results are compared as text.
 */
export const missingResponses = (
  model: ReadonlyArray<string>,
  truth: ReadonlyArray<string>
): ReadonlyArray<string> => {
  // Mostly a turn did just what it should have done.
  const start = model.length - truth.length
  if (truth.every((result, i) => result === model[start + i])) return []
  const unused = [...model]
  return truth.filter((result) => {
    const index = unused.indexOf(result)
    if (index >= 0) unused.splice(index, 1)
    return index < 0
  })
}

/** What differs, for a report. */
export const mismatchDetail = ({ attributes, toolset }: StateMismatch): string =>
  `${toolset} differs in ${attributes.join(", ")}`

/** What is missing, for a report. */
export const missingDetail = (missing: ReadonlyArray<string>): string => `missing results: ${missing.join(" | ")}`

/** One turn of a model: steps of calls. */
export type Steps = ReadonlyArray<ReadonlyArray<string>>

/** The original's emptiness: no step, or one step without a call. Two steps without a call are not empty. */
export const isEmpty = (steps: Steps): boolean => steps.length === 0 || (steps.length === 1 && steps[0]?.length === 0)

/** BFCL's judgement of an entry: valid, or the first turn that is not, in BFCL's own words. */
export type Judgement =
  | { readonly valid: true }
  | {
    readonly valid: false
    readonly reason:
      | "multi_turn:inference_error"
      | "multi_turn:force_terminated"
      | "multi_turn:empty_turn_model_response"
      | "multi_turn:instance_state_mismatch"
      | "multi_turn:execution_response_mismatch"
      | "multi_turn:irrelevance_error:decoder_success"
    readonly message: string
    /** The turn that fails, from 0; absent when the turns do not even match in number. */
    readonly turn?: number
    readonly state?: StateMismatch
    readonly missing?: ReadonlyArray<string>
  }

const valid: Judgement = { valid: true }

export interface CheckOptions {
  /** What the instances are called after; it shows in a result whose text has `name (` in it. */
  readonly modelName?: string
  readonly longContext?: LongContext
  /** What the model's instances share with the ground truth's, as in the original; nothing when absent. */
  readonly shared?: Shared
}

/** Judges an entry turn by turn: each call takes the next turn. Of no use after a turn that failed. */
export type Checker = (steps: Steps) => Judgement

/** The model's calls and the ground truth's, side by side in fresh sessions. */
interface Sides {
  readonly model: Session
  readonly truth: Session
}

const sidesOf = (entry: Entry, { longContext, modelName = "model", shared }: CheckOptions): Sides => ({
  model: open(entry, { name: `${modelName}_eval_${entry.id}`, longContext, shared }),
  truth: open(entry, { name: `${modelName}_ground_truth_eval_${entry.id}`, longContext, shared })
})

/** The results of a turn's calls: the model's by steps, the ground truth's one after the other. */
export interface TurnResults {
  readonly model: ReadonlyArray<ReadonlyArray<string>>
  readonly groundTruth: ReadonlyArray<string>
}

/** The first turns of an entry on both sides: what came of every call, and the sessions as they are then. */
export interface Played extends Sides {
  readonly results: ReadonlyArray<TurnResults>
}

/** Plays the first turns as the checker plays them: what it judged by, for a report. */
export const play = (
  entry: Entry,
  decoded: ReadonlyArray<Steps>,
  turns: number,
  options: CheckOptions = {}
): Played => {
  const { model, truth } = sidesOf(entry, options)
  const results = entry.turns.slice(0, turns).map(({ groundTruth }, turn): TurnResults => ({
    model: (decoded[turn] ?? []).map((step) => step.map((call) => execute(model, call).text)),
    groundTruth: groundTruth.map((call) => execute(truth, call).text)
  }))
  return { model, truth, results }
}

/**
 * The original's multi-turn checker: plays the model's calls and the ground truth's side by side in fresh sessions.
 * A turn without ground truth is played and not checked.
 */
export const checker = (entry: Entry, options: CheckOptions = {}): Checker => {
  const { model, truth } = sidesOf(entry, options)
  const results: Array<string> = []
  let turn = -1
  return (steps) => {
    turn += 1
    const groundTruth = entry.turns[turn]?.groundTruth ?? []
    for (const step of steps) for (const call of step) results.push(execute(model, call).text)
    const expected = groundTruth.map((call) => execute(truth, call).text)
    if (groundTruth.length === 0) return valid
    if (isEmpty(steps)) {
      return {
        valid: false,
        reason: "multi_turn:empty_turn_model_response",
        message: `Model response list is empty for turn ${turn}`,
        turn
      }
    }
    const state = stateMismatch(model, truth)
    if (state !== undefined) {
      return {
        valid: false,
        reason: "multi_turn:instance_state_mismatch",
        message: `Model instance for ${state.toolset} does not match the state with ground truth instance.`,
        turn,
        state
      }
    }
    const missing = missingResponses(results, expected)
    return missing.length === 0 ? valid : {
      valid: false,
      reason: "multi_turn:execution_response_mismatch",
      message: "Model response execution results so far does not contain all the ground truth response " +
        `execution results for turn ${turn}.`,
      turn,
      missing
    }
  }
}

/** A checker over all turns; the first that fails decides. `decoded` holds the model's steps by turn. */
const overTurns = (entry: Entry, decoded: ReadonlyArray<Steps>, check: Checker): Judgement => {
  for (const turn of entry.turns.keys()) {
    const judgement = check(decoded[turn] ?? [])
    if (!judgement.valid) return judgement
  }
  return valid
}

/** The checker over all turns. */
export const multiTurn = (entry: Entry, decoded: ReadonlyArray<Steps>, options?: CheckOptions): Judgement =>
  overTurns(entry, decoded, checker(entry, options))

/**
 * The score of a whole entry (`_evaluate_single_multi_turn_entry`): a model whose inference broke off (`undefined`), or
 * that was stopped before the last turn, fails; else the multi-turn checker decides.
 */
export const entryScore = (
  entry: Entry,
  decoded: ReadonlyArray<Steps> | undefined,
  check: Checker = checker(entry)
): Judgement => {
  if (decoded === undefined) {
    return {
      valid: false,
      reason: "multi_turn:inference_error",
      message: "Error during inference phase. Model did not output a list of model responses."
    }
  }
  return decoded.length === entry.turns.length ? overTurns(entry, decoded, check) : {
    valid: false,
    reason: "multi_turn:force_terminated",
    message: "Model was force-terminated during inference phase. The length of the model result turns " +
      `(${decoded.length}) does not match the length of the ground truth turns (${entry.turns.length}).`
  }
}

/** The original's irrelevance checker, which its runner never calls: no call in a turn without ground truth. */
export const irrelevance = (entry: Pick<Entry, "turns">, decoded: ReadonlyArray<Steps>): Judgement => {
  const turn = entry.turns.findIndex(({ groundTruth }, index) =>
    groundTruth.length === 0 && !isEmpty(decoded[index] ?? [])
  )
  return turn < 0 ? valid : {
    valid: false,
    reason: "multi_turn:irrelevance_error:decoder_success",
    message: `Model outputs valid function calls when it should not for turn ${turn}.`,
    turn
  }
}
