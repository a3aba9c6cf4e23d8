/** A state whose fields are named as Python's attributes, described by the list of those names. */
import { deepCopy, equals } from "../python/Value.ts"
import type { Value } from "../python/Value.ts"

/**
 * The `attributes`, `equalStates` and `copier` of a `Toolset` for states that have these fields, in Python's order.
 * Names with a leading underscore are private: listed, not compared.
 *
 * `copy` copies what tools change in place, and is written where there are states of this kind only: in one place for
 * all of them the engine would copy field by field.
 */
export const named = <State extends Readonly<Record<Name, Value>>, Name extends string>(
  copy: (state: State) => State,
  ...names: ReadonlyArray<Name>
) => {
  const compared = names.filter((name) => !name.startsWith("_"))
  return {
    attributes: (state: State): ReadonlyArray<readonly [name: string, value: Value]> =>
      names.map((name) => [name, state[name]] as const),
    equalStates: (a: State, b: State): boolean => compared.every((name) => equals(a[name], b[name])),
    copier: (state: State): (state: State) => State => {
      const copied = copy(state)
      // Where there should be a number or a text, a configuration can have a list, which an expression gets hold of.
      const odd = names.filter((name) => copied[name] === state[name] && deepCopy(state[name]) !== state[name])
      if (odd.length === 0) return copy
      return (state) => {
        const copied = copy(state)
        const fields: Record<Name, Value> = copied
        for (const name of odd) fields[name] = deepCopy(fields[name])
        return copied
      }
    }
  }
}
