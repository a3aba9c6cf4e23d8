/**
 * How data are dealt out for training: to lanes, and within a lane into micro-batches. A
 * function of the data alone, so that gradients do not depend on who computes them.
 */
import type { Datum } from "../../domain/Engine.ts"

/**
 * For each lane its micro-batches, each a list of indices of data. Longer data are dealt
 * first, each to the lane with the fewest rows; within a lane they keep their order, and a
 * micro-batch has at most `rows` rows unless it is a single datum.
 */
export const deal = (
  data: ReadonlyArray<Datum>,
  lanes: number,
  rows: number
): ReadonlyArray<ReadonlyArray<ReadonlyArray<number>>> => {
  const rowsOf = (index: number): number => data[index]!.tokens.length - 1
  const dealt = Array.from({ length: lanes }, () => ({ rows: 0, indices: new Array<number>() }))
  const longestFirst = data.map((_, index) => index).toSorted((a, b) => rowsOf(b) - rowsOf(a) || a - b)
  for (const index of longestFirst) {
    const lane = dealt.reduce((least, other) => other.rows < least.rows ? other : least)
    lane.rows += rowsOf(index)
    lane.indices.push(index)
  }
  return dealt.map(({ indices }) => cut(indices.toSorted((a, b) => a - b), rowsOf, rows))
}

const cut = (
  indices: ReadonlyArray<number>,
  rowsOf: (index: number) => number,
  most: number
): ReadonlyArray<ReadonlyArray<number>> => {
  const microBatches: Array<Array<number>> = []
  let rows = Infinity
  for (const index of indices) {
    rows += rowsOf(index)
    const current = microBatches.at(-1)
    if (current !== undefined && rows <= most) current.push(index)
    else {
      microBatches.push([index])
      rows = rowsOf(index)
    }
  }
  return microBatches
}
