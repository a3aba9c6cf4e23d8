/**
 * Two evaluations of the same tasks, task by task, in the cells by which evaluations are reported. An evaluation's record
 * names its tasks and no more, so what else is needed is read from their ids, as BFCL itself does.
 */
import { Category } from "./bfcl/Entry.ts"
import * as Paired from "./Paired.ts"
import type { Rate } from "./Report.ts"
import { Part } from "./Task.ts"

/** What an id like `drill_test_miss_func_3` or `multi_turn_base_17` names. */
const named = <A extends string>(id: string, names: ReadonlyArray<A>): A | undefined =>
  names.find((name) => `_${id}_`.includes(`_${name}_`))

const partOf = (id: string): Part | undefined => named(id, Part.literals)

/** `test/miss_func`, or `base` where the id names no part; undefined where it names none of BFCL's categories. */
export const cellOf = (id: string): string | undefined => {
  const category = named(id, Category.literals)
  const part = partOf(id)
  return category === undefined || part === undefined ? category : `${part}/${category}`
}

/** Ids that differ in their category alone are variants of one scenario. */
const scenarioOf = (id: string): string => id.replace(named(id, Category.literals) ?? "", "")

/** The tasks that both have an outcome of. */
export const pairs = (
  first: Iterable<readonly [id: string, rate: Rate]>,
  second: ReadonlyMap<string, Rate>
): ReadonlyArray<Paired.Pair> =>
  Array.from(first).flatMap(([id, rate]) => {
    const other = second.get(id)
    return other === undefined ? [] : [{ id, scenario: scenarioOf(id), first: rate, second: other }]
  })

/** The seed is of the bootstraps. */
export const compare = (all: ReadonlyArray<Paired.Pair>, seed: number): Paired.Comparisons => {
  const by = (name: (id: string) => string | undefined) =>
    Object.fromEntries(
      Array.from(Map.groupBy(all, ({ id }) => name(id)))
        .flatMap(([name, own]) => name === undefined ? [] : [[name, Paired.compare(own, seed)]])
    )
  return { overall: Paired.compare(all, seed), parts: by(partOf), cells: by(cellOf) }
}
