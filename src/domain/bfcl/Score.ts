/**
 * The score of result files, and BFCL's score files: a header `{"accuracy", "correct_count", "total_count"}`, then one
 * line for each entry that is not valid, with the error's type and message.
 */
import { Result, Schema } from "effect"
import { dumps, loads } from "../python/Json.ts"
import { Dict, type Value } from "../python/Value.ts"
import type { TasksUnreadable } from "../Tasks.ts"
import { entryScore, type Judgement, type Steps } from "./Check.ts"
import { type Entry, groundTruth } from "./Entry.ts"
import * as Lines from "./Lines.ts"
import type { LongContext } from "./LongContext.ts"
import { decodeTurn, type Form, type ResultEntry, turnsOf } from "./ResultFile.ts"
import { Shared } from "./Shared.ts"

export interface Scored {
  readonly entry: Entry
  readonly said: ResultEntry
  /** The calls of each step of each turn; absent for an entry whose inference broke off. */
  readonly decoded?: ReadonlyArray<Steps>
  readonly judgement: Judgement
}

export interface ScoreOptions {
  readonly form: Form
  /** It shows in results whose text has `name (` in it. */
  readonly model: string
  readonly longContext: LongContext
}

/**
 * Scores an entry as the original would in a process of its own: what leaks there from the model's side to the ground
 * truth's leaks here, and nothing from entry to entry.
 */
export const score = (entry: Entry, said: ResultEntry, { form, longContext, model }: ScoreOptions): Scored => {
  const decoded = turnsOf(said)?.map((turn) => decodeTurn(turn, form))
  const judgement = entryScore(entry, decoded, { modelName: model, longContext, shared: new Shared() })
  return { entry, said, judgement, ...(decoded !== undefined && { decoded }) }
}

/** The type and the message of an error, as BFCL has them: messages from before the checker are lists of one. */
export type OfficialError = readonly [type: string, message: string | readonly [string]]

export const officialError = (judgement: Judgement): OfficialError | undefined => {
  if (judgement.valid) return undefined
  const { message, reason, turn } = judgement
  return [reason, turn === undefined ? [message] : message]
}

const errorOf = (judgement: Judgement): Dict => {
  const [type = "", message = ""] = officialError(judgement) ?? []
  const missing = judgement.valid ? undefined : judgement.missing
  return Dict.of({
    error_message: typeof message === "string" ? message : [...message],
    error_type: type,
    ...(missing !== undefined && { details: Dict.of({ missing_items: [...missing] }) })
  })
}

/** The question as the data has it, without the tools. */
const promptOf = ({ classes, id, initialConfig, turns }: Entry): Dict =>
  Dict.of({
    id,
    question: turns.map(({ messages }) => messages.map(({ content, role }) => Dict.of({ role, content }))),
    initial_config: loads(initialConfig),
    involved_classes: [...classes]
  })

const textsOf = (steps: Steps): Value => steps.map((step) => [...step])

const lineOf = ({ decoded, entry, judgement, said }: Scored, model: string): string => {
  const wasChecked = !judgement.valid && judgement.turn !== undefined
  return dumps(Dict.of({
    id: entry.id,
    model_name: model,
    test_category: `multi_turn_${entry.category}`,
    valid: false,
    error: errorOf(judgement),
    prompt: promptOf(entry),
    ...(wasChecked && decoded !== undefined
      ? { model_result_raw: said.result, model_result_decoded: decoded.map(textsOf) }
      : { model_result: said.result }),
    possible_answer: textsOf(groundTruth(entry))
  }))
}

/** The lines of a score file. */
export const lines = (scored: ReadonlyArray<Scored>, model: string): ReadonlyArray<string> => {
  const invalid = scored.filter(({ judgement }) => !judgement.valid)
  const correct = scored.length - invalid.length
  const header = Dict.of({
    accuracy: scored.length === 0 ? 0 : correct / scored.length,
    correct_count: BigInt(correct),
    total_count: BigInt(scored.length)
  })
  return [dumps(header), ...invalid.map((one) => lineOf(one, model))]
}

const Header = Schema.Struct({ correct_count: Schema.Natural, total_count: Schema.Natural })
const Invalid = Schema.Struct({ id: Schema.String })
const decodeHeader = Lines.decodeJson(Header)
const decodeInvalid = Lines.decodeJson(Invalid)

/** What a score file says without the data: which entries are not valid, and how many were scored. */
export interface ScoreFile {
  readonly total: number
  readonly invalid: ReadonlySet<string>
}

/** The official scorer's files, and ours. */
export const decode = (source: Lines.Source): Result.Result<ScoreFile, TasksUnreadable> =>
  Result.gen(function*() {
    const [first, ...rest] = Lines.split(source)
    const header = yield* Result.mapError(
      decodeHeader(first?.text ?? ""),
      (detail) => Lines.unreadable(source, first, `no header of a score file: ${detail}`)
    )
    const invalid = new Set<string>()
    for (const line of rest) {
      const { id } = yield* Result.mapError(
        decodeInvalid(line.text),
        (detail) => Lines.unreadable(source, line, detail)
      )
      invalid.add(id)
    }
    if (header.correct_count + invalid.size !== header.total_count) {
      const detail = `${header.correct_count} of ${header.total_count} entries are correct, and ${invalid.size} are not`
      return yield* Result.fail(Lines.unreadable(source, first, detail))
    }
    return { total: header.total_count, invalid }
  })
