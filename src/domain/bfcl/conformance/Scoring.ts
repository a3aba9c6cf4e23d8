/** Compares scores of result files: what the official scorer says of an entry, its type of error and its words. */
import { Schema } from "effect"
import type { Form, ResultEntry } from "../ResultFile.ts"
import { officialError, score } from "../Score.ts"
import { Comparer, type Comparison, notImplemented } from "./Agreement.ts"
import { missingClasses, type Oracle } from "./Replay.ts"

const Verdict = Schema.NullOr(
  Schema.Tuple([Schema.String, Schema.Union([Schema.String, Schema.Tuple([Schema.String])])])
)

/** Model -> category -> id -> null where the entry is valid, else the type and the message of its error. */
export const Official = Schema.Record(
  Schema.String,
  Schema.Record(
    Schema.String,
    Schema.Struct({
      accuracy: Schema.Finite,
      total: Schema.Natural,
      entries: Schema.Record(Schema.String, Verdict)
    })
  )
)
export type Official = typeof Official.Type

/** One entry of one model. */
export const scored = (
  oracle: Oracle,
  { expected, form, id, model, said }: {
    readonly model: string
    readonly form: Form
    readonly id: string
    readonly said: ResultEntry | undefined
    readonly expected: typeof Verdict.Type
  }
): Comparison => {
  const comparer = new Comparer(`${model} ${id}`)
  const entry = oracle.entries.get(id)
  if (entry === undefined) return comparer.absent("the entry")
  if (said === undefined) return comparer.absent("the result")
  const missing = missingClasses(entry.classes)
  if (missing.length > 0) return notImplemented(...missing)
  const { decoded, judgement } = score(entry, said, { form, model, longContext: oracle.longContext })
  for (const step of decoded?.flat() ?? []) step.forEach(() => comparer.called())
  comparer.equal("error", "", expected, officialError(judgement) ?? null)
  return comparer.comparison
}
