/** What is said of scores beside the numbers: how they came about, and what is missing. */
import * as ResultForm from "../domain/bfcl/ResultForm.ts"
import * as Scores from "../domain/bfcl/Scores.ts"
import type { Gap, Limited, Scoring } from "./score.ts"

const numberOf = (id: string): number | undefined => {
  const [, digits] = /_(\d+)$/.exec(id) ?? []
  return digits === undefined ? undefined : Number(digits)
}

/** `a_1 to 3, a_7`: ids whose numbers follow each other are put together. */
const inRanges = (ids: ReadonlyArray<string>): string => {
  const ranges: Array<{ first: string; last: string }> = []
  for (const id of ids) {
    const range = ranges.at(-1)
    const before = range && numberOf(range.last)
    if (range !== undefined && before !== undefined && numberOf(id) === before + 1) range.last = id
    else ranges.push({ first: id, last: id })
  }
  return ranges.map(({ first, last }) => first === last ? first : `${first} to ${numberOf(last)}`).join(", ")
}

const gapLine = ({ missing, path }: Gap): string =>
  `${path} has no result of ${missing.length} entries: ${inRanges(missing)}`

const limitLine = ({ id, limit, line, path, turn }: Limited): string =>
  `${path}:${line}: ${id} may have another official verdict: in turn ${turn}, ${limit}`

const ofModel = <A extends { readonly model: string }>(all: ReadonlyArray<A>, model: string): ReadonlyArray<A> =>
  all.filter((one) => one.model === model)

/** What makes a model's scores doubtful or incomplete, a sentence each. */
const caveats = (scoring: Scoring, model: string): ReadonlyArray<string> => [
  ...ofModel(scoring.gaps, model).map(gapLine),
  ...ofModel(scoring.limited, model).map(limitLine)
]

const sentences = (readings: Scoring["readings"]): ReadonlyArray<string> => [
  ...new Set(readings.map((reading) => ResultForm.sentence(reading.model, reading)))
]

/** Everything that is said of a model's scores, a sentence each. */
export const notes = (scoring: Scoring, model: Scores.ModelRuns): ReadonlyArray<string> => {
  const absent = Scores.absentCategories(model)
  return [
    ...sentences(ofModel(scoring.readings, model.model)),
    ...absent.length === 0 ? [] : [`no results of ${absent.join(", ")}, which count as 0 in overall`],
    ...caveats(scoring, model.model)
  ]
}

/** What should be known of a model's scores even where nothing but they is printed. */
export const warnings = (scoring: Scoring, model: string): ReadonlyArray<string> => [
  ...sentences(ofModel(scoring.readings, model).filter(({ doubts }) => doubts.length > 0)),
  ...caveats(scoring, model)
]
