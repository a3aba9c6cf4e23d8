/** A state whose fields are named as Python's attributes, described by the list of those names. */
import { deepCopy, equals } from "../python/Value.ts"
import type { Value } from "../python/Value.ts"

/**
 * The `attributes`, `equalStates` and `copier` of a `Toolset` for states that have these fields, in Python's order.
 * Names with a leading underscore are private: listed, not compared.
 *
 * `clone` is a shallow copy, `{ ...state }`, written where there are states of this kind only: in one place for all of
 * them the engine would copy field by field.
 */
export const named = <State extends Readonly<Record<Name, Value>>, Name extends string>(
  clone: (state: State) => State,
  ...names: ReadonlyArray<Name>
) => {
  const compared = names.filter((name) => !name.startsWith("_"))
  return {
    attributes: (state: State): ReadonlyArray<readonly [name: string, value: Value]> =>
      names.map((name) => [name, state[name]] as const),
    equalStates: (a: State, b: State): boolean => compared.every((name) => equals(a[name], b[name])),
    copier: (state: State): () => State => {
      // Most attributes are numbers and texts, whose copies are themselves.
      const containers = names.filter((name) => deepCopy(state[name]) !== state[name])
      return () => {
        const copy = clone(state)
        const fields: Record<Name, Value> = copy
        for (const name of containers) fields[name] = deepCopy(fields[name])
        return copy
      }
    }
  }
}
