/** Evaluations as tables of plain text. */
import type { Cell, Evaluation } from "../domain/Evaluation.ts"
import { total } from "../domain/Report.ts"
import * as Text from "./text.ts"

const unfinished = (cell: Cell): string => total(cell.unfinished) === 0 ? "" : `${total(cell.unfinished)} unfinished`

const row = (name: string, cell: Cell): ReadonlyArray<string> => [
  name,
  String(cell.success.n),
  Text.rate(cell.success, cell.interval),
  cell.turns.n === 0 ? "-" : Text.percent(Text.share(cell.turns)),
  unfinished(cell)
]

/** Cells, and every part of several categories as a whole. */
const named = ({ cells, parts }: Evaluation): ReadonlyArray<readonly [string, Cell]> =>
  Object.entries(parts).flatMap(([part, whole]) => {
    const own = Object.entries(cells).filter(([name]) => name.startsWith(`${part}/`))
    return own.length < 2 ? own : [...own, [`${part}, all`, whole] as const]
  })

/** One evaluation: episodes that passed with n and 95 % intervals, and turns. */
export const evaluation = (result: Evaluation): ReadonlyArray<string> =>
  Text.table([
    ["", "n", "passed, 95 % interval", "turns", ""],
    ...named(result).map(([name, cell]) => row(name, cell))
  ])

/** In percentage points. */
const change = (from: Cell | undefined, to: Cell): string => {
  if (from === undefined || from.success.n === 0 || to.success.n === 0) return "-"
  const points = (Text.share(to.success) - Text.share(from.success)) * 100
  return `${points < 0 ? "" : "+"}${points.toFixed(1)}`
}

/** The weights before and after, on the same tasks. */
export const comparison = (before: Evaluation, after: Evaluation): ReadonlyArray<string> => {
  const then = new Map(named(before))
  return Text.table([
    ["", "n", "before, 95 % interval", "after, 95 % interval", "change", ""],
    ...named(after).map(([name, cell]) => {
      const from = then.get(name)
      return [
        name,
        String(cell.success.n),
        from === undefined ? "-" : Text.rate(from.success, from.interval),
        Text.rate(cell.success, cell.interval),
        change(from, cell),
        unfinished(cell)
      ]
    })
  ])
}
