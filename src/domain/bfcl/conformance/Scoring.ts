/** Compares scores of result files: what the official scorer says of an entry, its type of error and its words. */
import type { Form, ResultEntry } from "../ResultFile.ts"
import { type OfficialError, officialError, score } from "../Score.ts"
import type { Json } from "../Scores.ts"
import { Comparer, type Comparison, notImplemented } from "./Agreement.ts"
import { missingClasses, type Oracle } from "./Replay.ts"

/** One entry of one model. */
export const scored = (
  oracle: Oracle,
  { expected, form, id, model, said }: {
    readonly model: string
    readonly form: Form
    readonly id: string
    readonly said: ResultEntry | undefined
    readonly expected: OfficialError | undefined
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
  comparer.equal("error", "", expected, officialError(judgement))
  return comparer.comparison
}

/** The categories of a file of scores whose total or accuracy is not that of its own entries. */
export const sums = (file: string, scores: Json): ReadonlyArray<Comparison> =>
  Object.entries(scores).flatMap(([model, categories]) =>
    Object.entries(categories).flatMap(([category, recorded]) => {
      if (!("entries" in recorded)) return []
      const verdicts = Object.values(recorded.entries)
      const total = verdicts.length
      const accuracy = verdicts.filter((error) => error === null).length / total
      const comparer = new Comparer(`${file}: ${model} ${category}`)
      comparer.equal("total", "", recorded.total, total)
      comparer.equal("accuracy", "", recorded.accuracy, accuracy)
      const { comparison } = comparer
      return comparison.disagreements.length === 0 ? [] : [comparison]
    })
  )
