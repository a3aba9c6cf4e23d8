/**
 * A task of BFCL's multi-turn benchmark ("test entry"): what the user asks for, turn by turn, the
 * classes it needs, the state they start in, and the calls that do what is asked.
 *
 * Decoded from a question file and its answer file, both JSON Lines. Everything in an entry is JSON, so that
 * it can be the payload of a `Task`; the configuration stays JSON text because 10000.0 and 10000 are two
 * different starts.
 */
import { Result, Schema } from "effect"
import { remembered } from "../Memo.ts"
import { dumps, loads } from "../python/Json.ts"
import { PythonError } from "../python/PythonError.ts"
import { Dict, type Value } from "../python/Value.ts"
import type { Task } from "../Task.ts"
import * as Lines from "./Lines.ts"
import type { Line, Source } from "./Lines.ts"

export const Category = Schema.Literals(["base", "miss_func", "miss_param", "long_context"])
export type Category = typeof Category.Type

export const Turn = Schema.Struct({
  /** What the user says; nothing where tools are revealed instead. */
  messages: Schema.Array(Schema.Struct({ role: Schema.Literals(["system", "user"]), content: Schema.String })),
  /** Names of tools that are held out before this turn and announced with it. */
  revealed: Schema.Array(Schema.NonEmptyString),
  /** Calls that do what is asked; none where it cannot be done yet. */
  groundTruth: Schema.Array(Schema.String)
})
export type Turn = typeof Turn.Type

export const Entry = Schema.Struct({
  /** `multi_turn_<category>_<scenario>`. */
  id: Schema.NonEmptyString,
  category: Category,
  /** The four categories are variants of the same scenarios. */
  scenario: Schema.Natural,
  /** Classes to instantiate, in the order of their tools. */
  classes: Schema.Array(Schema.NonEmptyString),
  /** Class name -> configuration, as the text of a JSON object. */
  initialConfig: Schema.String,
  turns: Schema.Array(Turn),
  longContext: Schema.Boolean,
  /** Tools offered at the start; when absent, all of the classes' but those that are revealed later. */
  tools: Schema.optionalKey(Schema.Array(Schema.NonEmptyString))
}).annotate({ identifier: "envtune/bfcl/Entry" })
export type Entry = typeof Entry.Type

const decodeEntry = Schema.decodeUnknownResult(Entry)

const entries = new WeakMap<Task, Result.Result<Entry, string>>()

/** The entry that is a task's payload, decoded once however often it is asked for; a sentence where there is none. */
export const ofTask = (task: Task): Result.Result<Entry, string> => {
  let entry = entries.get(task)
  if (entry === undefined) {
    entry = Result.mapError(
      decodeEntry(task.payload, { errors: "all" }),
      ({ message }) => `its payload is no BFCL entry: ${message}`
    )
    entries.set(task, entry)
  }
  return entry
}

/** The ground truth by turns, as the checker wants it. */
export const groundTruth = (entry: Entry): ReadonlyArray<ReadonlyArray<string>> =>
  entry.turns.map((turn) => turn.groundTruth)

const Question = Schema.Struct({
  id: Schema.String,
  question: Schema.Array(Turn.fields.messages),
  involved_classes: Entry.fields.classes,
  missed_function: Schema.optionalKey(Schema.Record(Schema.String, Turn.fields.revealed))
})

const Answer = Schema.Struct({
  id: Schema.String,
  ground_truth: Schema.Array(Turn.fields.groundTruth)
})

const decodeQuestion = Lines.decodeJson(Question)
const decodeAnswer = Lines.decodeJson(Answer)
const decodeId = Lines.decodeJson(Schema.Struct({ id: Schema.String }))
const decodeCategory = Schema.decodeUnknownResult(Category)

/** The configuration of a question line, written again with its numbers as they were. */
const configOf = (line: Line): Result.Result<string, string> => {
  try {
    const question = loads(line.text)
    const config = question instanceof Dict ? question.get("initial_config") : undefined
    return config instanceof Dict ? Result.succeed(dumps(config)) : Result.fail("initial_config is no JSON object")
  } catch (error) {
    if (error instanceof PythonError) return Result.fail(error.message)
    throw error
  }
}

/** Category and scenario of an id; BFCL itself reads them out of it. */
export const kindOf = (id: string): Result.Result<Pick<Entry, "category" | "scenario">, string> => {
  const [, name, scenario] = /^multi_turn_(.+)_(\d+)$/.exec(id) ?? []
  return Result.mapBoth(decodeCategory(name), {
    onFailure: () => `${id} is no id of the form multi_turn_<category>_<number>`,
    onSuccess: (category) => ({ category, scenario: Number(scenario) })
  })
}

const idOf = ({ text }: Line): string | undefined => Result.getOrUndefined(decodeId(text))?.id

/** One text for all that are equal: the variants of a scenario have most of their calls in common. */
const same = remembered((text) => text)

const entryOf = (
  line: Line,
  answers: ReadonlyMap<string, ReadonlyArray<ReadonlyArray<string>>>
): Result.Result<Entry, string> =>
  Result.gen(function*() {
    const question = yield* decodeQuestion(line.text)
    const initialConfig = yield* configOf(line)
    const { category, scenario } = yield* kindOf(question.id)
    const truth = answers.get(question.id)
    if (truth === undefined) return yield* Result.fail(`${question.id} has no line in the answer file`)
    if (truth.length !== question.question.length) {
      return yield* Result.fail(
        `${question.id} has ${question.question.length} turns and a ground truth of ${truth.length}`
      )
    }
    const turns = question.question.map((_, turn) => String(turn))
    const misplaced = Object.keys(question.missed_function ?? {}).find((turn) => !turns.includes(turn))
    if (misplaced !== undefined) {
      return yield* Result.fail(
        `missed_function of ${question.id} names turn ${misplaced}, and there are ${turns.length} from 0`
      )
    }
    return {
      id: question.id,
      category,
      scenario,
      classes: question.involved_classes,
      initialConfig,
      turns: question.question.map((messages, turn) => ({
        messages,
        revealed: question.missed_function?.[turn] ?? [],
        groundTruth: (truth[turn] ?? []).map(same)
      })),
      longContext: category === "long_context"
    }
  })

/** Decodes lines that have an id each, which no two of them share. */
const decodeUnique = <A extends { readonly id: string }>(
  source: Source,
  decodeLine: (line: Line) => Result.Result<A, string>
): Lines.Decoded<A> => {
  const seen = new Map<string, number>()
  return Lines.decodeAll(source, (line) =>
    Result.flatMap(decodeLine(line), (decoded) => {
      const first = seen.get(decoded.id)
      if (first !== undefined) return Result.fail(`${decoded.id} is also on line ${first}`)
      seen.set(decoded.id, line.number)
      return Result.succeed(decoded)
    }))
}

/** The entries of a question file with the ground truth of its answer file, joined by id: each is once in both. */
export const decode = (questions: Source, answers: Source): Lines.Decoded<Entry> => {
  const truths = decodeUnique(
    answers,
    (line) => Result.map(decodeAnswer(line.text), (answer) => ({ ...answer, line }))
  )
  const truthOf = new Map(truths.values.map((answer) => [answer.id, answer.ground_truth]))
  const entries = decodeUnique(questions, (line) => entryOf(line, truthOf))
  // A question that is there and broken is told of once. Of some nobody can tell whose they are.
  const asked = new Set(
    entries.broken.length === 0 ? entries.values.map(({ id }) => id) : Lines.split(questions).map(idOf)
  )
  const unasked = truths.values.filter(({ id }) => !asked.has(id) && !asked.has(undefined)).map(({ id, line }) =>
    Lines.unreadable(answers, line, `${id} has no line in the question file`)
  )
  return { values: entries.values, broken: [...truths.broken, ...entries.broken, ...unasked] }
}

/** The lines of question files that were decoded, by id, with everything that is in them. */
export const questionsOf = (files: ReadonlyArray<Source>): ReadonlyMap<Value, Dict> =>
  new Map(
    files.flatMap(Lines.split).flatMap(({ text }) => {
      const question = loads(text)
      return question instanceof Dict ? [[question.get("id") ?? null, question] as const] : []
    })
  )

/** The number of the line in a question or an answer file that is about an entry. */
export const lineOf = (source: Source, id: string): number | undefined =>
  Lines.split(source).find((line) => idOf(line) === id)?.number
