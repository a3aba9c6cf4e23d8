/**
 * BFCL's score files (`eval_runner.py`): a header `{"accuracy", "correct_count", "total_count"}`, then a line for each
 * entry that is not valid, with what was asked, said, executed and expected. Their bytes are the original's.
 */
import { Result, Schema } from "effect"
import { charactersPerItem, extentOf } from "../python/Extent.ts"
import { dumps } from "../python/Json.ts"
import { exceeded, limits, ofScoring, within } from "../python/Limits.ts"
import { PythonError } from "../python/PythonError.ts"
import { str } from "../python/Text.ts"
import { Dict, type Value } from "../python/Value.ts"
import type { TasksUnreadable } from "../Tasks.ts"
import { type Judgement, play, type Played, type Steps } from "./Check.ts"
import { compile, type Documents } from "./Documents.ts"
import { type Entry, groundTruth } from "./Entry.ts"
import * as Lines from "./Lines.ts"
import { checkOptions, officialError, type Scored, type ScoreOptions } from "./Score.ts"
import type { Simulator } from "./Toolsets.ts"

/** The original fails where a text is none that UTF-8 can hold; here half of a character is escaped. */
const line = (value: Dict): string =>
  dumps(value, { ensureAscii: false }).replace(/\p{Surrogate}/gu, (half) => JSON.stringify(half).slice(1, -1))

const lists = (texts: Steps): Value => texts.map((step) => [...step])

/** What JSON can hold; in place of anything else, what Python prints (`make_json_serializable`). */
const jsonable = (value: Value): Value => {
  if (value instanceof Dict) {
    return Dict.from(Array.from(value.view(), ([key, item]) => [keyOf(key), jsonable(item)]))
  }
  if (Array.isArray(value)) return value.map(jsonable)
  if (typeof value === "string") return value
  try {
    dumps(value)
    return value
  } catch (error) {
    if (error instanceof PythonError) return str(value)
    throw error
  }
}

const keyOf = (key: Value): Value => key === null || typeof key !== "object" ? jsonable(key) : str(key)

/** An attribute of an instance. Where the original would end in an exception, or not at all, the exception. */
const shown = (value: Value): Value => {
  const { result } = limits()
  const most = result / charactersPerItem
  try {
    if (extentOf(value, most) > most) throw exceeded("the state has more characters", result, "shows")
    return jsonable(value)
  } catch (error) {
    if (error instanceof PythonError) return error.toString()
    throw error
  }
}

/** The public attributes of an instance. */
const stateOf = (instance: Simulator | undefined): Dict =>
  Dict.from(
    (instance?.attributes() ?? []).flatMap(([name, value]) => name.startsWith("_") ? [] : [[name, shown(value)]])
  )

type Invalid = Exclude<Judgement, { readonly valid: true }>

const executed = ({ results }: Played): Value =>
  results.map((turn) => Dict.of({ model: lists(turn.model), ground_truth: [...turn.groundTruth] }))

/** What the checker has to say of a turn beyond its message, under the original's names. */
const findings = ({ missing, state }: Invalid, played: Played): Readonly<Record<string, Value>> => {
  if (state !== undefined) {
    const [model, truth] = [played.model, played.truth].map(({ instances }) =>
      stateOf(instances.find(({ toolset }) => toolset.name === state.toolset))
    )
    const differences = state.attributes.map((name) =>
      [name, Dict.of({ model: model?.get(name) ?? null, ground_truth: truth?.get(name) ?? null })] as const
    )
    return {
      details: Dict.of({
        differences: Dict.from(differences),
        model_instance_state: model ?? new Dict(),
        ground_truth_instance_state: truth ?? new Dict()
      }),
      execution_result: executed(played)
    }
  }
  if (missing === undefined) return { details: Dict.of({ execution_result: executed(played) }) }
  return {
    details: Dict.of({
      missing_items: [...missing],
      "model_response (including all previous turns)": played.results.flatMap((turn) => turn.model.flat()),
      "ground_truth_response (only the current turn)": [...played.results.at(-1)?.groundTruth ?? []]
    })
  }
}

/** What else goes into the line of an entry. */
export interface LineOptions extends Omit<ScoreOptions, "form"> {
  /** See `Entry.questionsOf`. */
  readonly questions: ReadonlyMap<Value, Dict>
  readonly documents: Documents
}

/** The question as the original's scorer has loaded it: with the documents of tools that are held out. */
const promptOf = (entry: Entry, { documents, questions }: LineOptions): Dict => {
  const prompt = questions.get(entry.id)?.copy() ?? new Dict()
  const held = prompt.get("missed_function")
  if (held instanceof Dict) {
    const { revealed } = compile(entry, documents)
    const named = Array.from(
      held.keys(),
      (turn) => [turn, revealed[Number(turn)]?.map(({ json }) => json) ?? []] as const
    )
    prompt.set("missed_function", Dict.from(named))
  }
  return prompt
}

/** Under the limits under which it was judged. */
const playedAgain = (
  judgement: Invalid,
  turn: number,
  { decoded, entry, options }: Pick<Scored, "entry"> & {
    readonly decoded: ReadonlyArray<Steps>
    readonly options: LineOptions
  }
): Readonly<Record<string, Value>> =>
  within(ofScoring, () => findings(judgement, play(entry, decoded, turn + 1, checkOptions(options)))).value

/** The line of an entry that is not valid. Its calls are played again. */
export const lineOf = ({ decoded = [], entry, judgement, said }: Scored, options: LineOptions): string => {
  const [type = "", message = ""] = officialError(judgement) ?? []
  const error = { error_message: typeof message === "string" ? message : [...message], error_type: type }
  const checked = judgement.valid || judgement.turn === undefined
    ? undefined
    : playedAgain(judgement, judgement.turn, { decoded, entry, options })
  return line(Dict.of({
    id: entry.id,
    model_name: options.model,
    test_category: `multi_turn_${entry.category}`,
    valid: false,
    error: Dict.of({ ...error, ...checked }),
    prompt: promptOf(entry, options),
    ...(checked === undefined
      ? { model_result: said.result }
      : { model_result_raw: said.result, model_result_decoded: decoded.map(lists) }),
    possible_answer: lists(groundTruth(entry)),
    inference_log: said.log ?? ""
  }))
}

/** How many entries were scored, and how many of them are valid. */
export interface Count {
  readonly correct: number
  readonly total: number
}

export const accuracyOf = ({ correct, total }: Count): number => total === 0 ? 0 : correct / total

export const headerOf = (count: Count): string =>
  dumps(Dict.of({
    accuracy: accuracyOf(count),
    correct_count: BigInt(count.correct),
    total_count: BigInt(count.total)
  }))

const Header = Schema.Struct({ correct_count: Schema.Natural, total_count: Schema.Natural })
const decodeInvalid = Lines.decodeJson(Schema.Struct({ id: Schema.String }))
const decodeJsonHeader = Lines.decodeJson(Header)

/** The header of a score file, by its first line; what is wrong with it otherwise. */
export const decodeHeader = (first: string): Result.Result<Count, string> =>
  Result.mapBoth(decodeJsonHeader(first), {
    onFailure: (detail) => `no header of a score file: ${detail}`,
    onSuccess: ({ correct_count: correct, total_count: total }) => ({ correct, total })
  })

/** What a score file says without the data: which entries are not valid, and how many were scored. */
export interface ScoreFile {
  readonly total: number
  readonly invalid: ReadonlySet<string>
}

/** The official scorer's files, and ours. */
export const decode = (source: Lines.Source): Result.Result<ScoreFile, TasksUnreadable> =>
  Result.gen(function*() {
    const [first, ...rest] = Lines.split(source)
    const { correct, total } = yield* Result.mapError(
      decodeHeader(first?.text ?? ""),
      (detail) => Lines.unreadable(source, first, detail)
    )
    const invalid = new Set<string>()
    for (const line of rest) {
      const { id } = yield* Result.mapError(
        decodeInvalid(line.text),
        (detail) => Lines.unreadable(source, line, detail)
      )
      invalid.add(id)
    }
    if (correct + invalid.size !== total) {
      const detail = `${correct} of ${total} entries are correct, and ${invalid.size} are not`
      return yield* Result.fail(Lines.unreadable(source, first, detail))
    }
    return { total, invalid }
  })
