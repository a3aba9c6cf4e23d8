/**
 * The table of multi-turn scores as the original writes it beside its score files, `data_multi_turn.csv`
 * (`generate_leaderboard_csv`).
 *
 * Of its other tables there is none here: every column of `data_overall.csv` is of categories that are not multi-turn, or
 * counts them as 0, or is of a model's price and licence. The original makes all of them from score files, ours included.
 */
import { fixed } from "../python/Number.ts"
import { mean } from "../Statistics.ts"
import { Category } from "./Entry.ts"
import { accuracyOf, type Count } from "./ScoreFile.ts"

export const fileName = "data_multi_turn.csv"

export interface Row {
  readonly model: string
  /** What was scored. */
  readonly counts: ReadonlyMap<Category, Count>
}

const header = ["Rank", "Model", "Multi Turn Overall Acc", "Base", "Miss Func", "Miss Param", "Long Context"]

const percent = (share: number): string => `${fixed(share * 100, 2)}%`

const cell = (text: string): string => /[",\n]/.test(text) ? `"${text.replaceAll("\"", "\"\"")}"` : text

/** The original's overall accuracy: the mean of the four categories, of which one that was not scored counts as 0. */
export const overall = (accuracyOf: (category: Category) => number | undefined): number =>
  mean(Category.literals.map((category) => accuracyOf(category) ?? 0))

/** The table, best first. A category that was not scored is `N/A`. */
export const table = (rows: ReadonlyArray<Row>): string =>
  [
    header,
    ...rows
      .map(({ counts, model }) => {
        const accuracy = (category: Category) => {
          const count = counts.get(category)
          return count && accuracyOf(count)
        }
        return { model, accuracies: Category.literals.map(accuracy), overall: overall(accuracy) }
      })
      .toSorted((a, b) => b.overall - a.overall)
      .map(({ accuracies, model, overall }, i) => [
        String(i + 1),
        model,
        percent(overall),
        ...accuracies.map((accuracy) => accuracy === undefined ? "N/A" : percent(accuracy))
      ])
  ].map((row) => row.map(cell).join(",")).join("\n")
