/**
 * BFCL's result files: what a model said in each entry, one JSON object a line,
 * `{"id", "result", "input_token_count", "output_token_count", "latency"}`.
 *
 * `result` has the steps of each turn. A step is the text that was said or, of a function-calling model, a list of
 * `{name: arguments}` with the arguments as JSON text; where inference broke off, `result` is the error's text.
 */
import { Result, Schema } from "effect"
import type { Episode, Step } from "../Episode.ts"
import { MessageRecord } from "../EpisodeRecord.ts"
import type { Finished } from "../Evaluation.ts"
import type { Message } from "../Message.ts"
import { type Completion, outOfContext, Usage, usageOf } from "../Policy.ts"
import { dumps, loads } from "../python/Json.ts"
import { PythonError } from "../python/PythonError.ts"
import { attributeError, Dict, iterate, type Value } from "../python/Value.ts"
import { type Decoded, functionCalls, promptingCalls, qwenCalls, type ToolCall } from "./Decode.ts"
import { Category } from "./Entry.ts"
import type { Mode } from "./Official.ts"

/** How BFCL's runner and scorer name their files, in its current version. */
export const fileNameOf = (category: Category, kind: "result" | "score"): string =>
  `BFCL_v4_multi_turn_${category}_${kind}.json`

/** The category of a file of any version, by its name; undefined for other files. */
export const categoryOf = (name: string, kind: "result" | "score"): Category | undefined => {
  const [, category, found] = /^BFCL_v\d+_multi_turn_(.+)_(result|score)\.json$/.exec(name) ?? []
  return found === kind ? Category.literals.find((known) => known === category) : undefined
}

/** What was said in an entry. */
export interface ResultEntry {
  readonly id: string
  /** As it was read: numbers of dictionaries that are no text keep their kind. */
  readonly result: Value
  /** What the official runner noted for people, message by message. */
  readonly log?: Value
}

/** A line of a result file, or what is wrong with it. */
export const decodeLine = (line: string): Result.Result<ResultEntry, string> => {
  try {
    const value = loads(line)
    if (!(value instanceof Dict)) return Result.fail("a result is a JSON object")
    const id = value.get("id")
    const result = value.get("result")
    if (typeof id !== "string") return Result.fail("a result has an id, which is a text")
    if (result === undefined) return Result.fail(`${id} has no result`)
    const log = value.get("inference_log")
    return Result.succeed({ id, result, ...(log !== undefined && { log }) })
  } catch (error) {
    if (error instanceof PythonError) return Result.fail(error.message)
    throw error
  }
}

/** The turns; undefined for an entry whose inference broke off. */
export const turnsOf = ({ result }: ResultEntry): ReadonlyArray<Value> | undefined =>
  Array.isArray(result) ? result : undefined

/**
 * The steps of a turn: what Python goes through, of a text its characters and of a dictionary its keys. Undefined for
 * numbers and the like, at which the original's scorer ends in an exception.
 */
export const stepsOf = (turn: Value): ReadonlyArray<Value> | undefined =>
  Array.isArray(turn) || typeof turn === "string" || turn instanceof Dict ? [...iterate(turn)] : undefined

/** What an evaluation plays: BFCL's own loops, or the paper's training protocol. */
export type Loop = Mode | "training"

/** How the steps of a model are to be read: as tool calls, as a Python list, or by the tags of Qwen's chat template. */
export type Form = Mode | "qwen"

const notAStep = (step: Value): Decoded => Result.fail(attributeError(step, "items"))

/** The calls of one step, or the exception of the original's decoder. */
export const decodeStep = (step: Value, form: Form): Decoded => {
  if (typeof step === "string") {
    if (form === "prompting") return promptingCalls(step)
    if (form === "qwen") return qwenCalls(step)
    return step === "" ? Result.succeed([]) : notAStep(step)
  }
  if (form !== "fc") return notAStep(step)
  const calls: Array<ToolCall> = []
  for (const item of Array.isArray(step) ? step : [step]) {
    if (!(item instanceof Dict)) return notAStep(item)
    for (const [name, given] of item.entries()) calls.push({ name: String(name), arguments: given })
  }
  return functionCalls(calls)
}

/** The calls of each step of a turn that has any; what cannot be read counts for nothing. */
export const decodeTurn = (turn: ReadonlyArray<Value>, form: Form): ReadonlyArray<ReadonlyArray<string>> =>
  turn.map((step) => Result.getOrElse(decodeStep(step, form), () => [])).filter((calls) => calls.length > 0)

const stepOf = ({ content, toolCalls = [] }: Message, loop: Loop): Value =>
  loop === "fc" && toolCalls.length > 0
    ? toolCalls.map(({ arguments: given, name }) => Dict.from([[name, given]]))
    : content

/** A value for each step, by turns. */
const byTurn = ({ steps }: Episode, value: (step: Step) => Value): Array<Value> => {
  const turns: Array<Array<Value>> = Array.from({ length: (steps.at(-1)?.turn ?? -1) + 1 }, () => [])
  for (const step of steps) turns[step.turn]?.push(value(step))
  return turns
}

const stops = {
  context: "no room was left in the context of the model",
  steps: "the episode has more messages than are allowed"
} as const

const inferenceError = (detail: string): string => `Error during inference: ${detail}`

/** A completion as a line keeps it: everything but its tokens, which are counted. */
const CompletionRecord = Schema.Struct({
  message: MessageRecord,
  stop: Schema.Literals(["stop", "length", "context"]),
  usage: Schema.optionalKey(Usage)
})

const completionRecord = (completion: Completion): typeof CompletionRecord.Type => {
  const { message: { tools: _, ...message }, stop } = completion
  const usage = usageOf(completion)
  return { message, stop, ...(usage !== undefined && { usage }) }
}

/** Every completion of an episode, the one that there was no room for included. */
const completionsOf = ({ steps, stop }: Episode): ReadonlyArray<Completion> => [
  ...steps.map(({ completion }) => completion),
  ...stop === "context" ? [outOfContext] : []
]

/**
 * The line of an episode, without its line feed. Latencies are not recorded. What the official files have no place for
 * (ids of calls, thoughts, text beside calls) is under `completions`, where the official scorer does not look: from them
 * an episode can be played again as it was.
 */
export const encodeLine = ({ episode, task }: Finished, loop: Loop): string => {
  const counted = (of: (usage: Usage) => number): Value => {
    const turns = byTurn(episode, ({ completion }) => {
      const usage = usageOf(completion)
      return usage === undefined ? null : BigInt(of(usage))
    })
    return turns.flat().includes(null) ? [] : turns
  }
  return dumps(Dict.of({
    id: task.id,
    result: episode.stop === "completed"
      ? byTurn(episode, ({ completion }) => stepOf(completion.message, loop))
      : inferenceError(stops[episode.stop]),
    input_token_count: counted(({ prompt }) => prompt),
    output_token_count: counted(({ completion }) => completion),
    latency: [],
    completions: loads(JSON.stringify(completionsOf(episode).map(completionRecord)))
  }))
}

const decodeRecorded = Schema.decodeUnknownResult(
  Schema.fromJsonString(Schema.Struct({ id: Schema.String, completions: Schema.Array(CompletionRecord) }))
)

/** An entry by the completions that `encodeLine` wrote, or what is wrong with the line. */
export const decodeCompletions = (
  line: string
): Result.Result<{ readonly id: string; readonly completions: ReadonlyArray<Completion> }, string> =>
  Result.mapError(decodeRecorded(line), ({ message }) => message)
