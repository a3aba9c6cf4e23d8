/** A state whose fields are named as Python's attributes, described by the list of those names. */
import { equals } from "../python/Value.ts"
import type { Value } from "../python/Value.ts"

/**
 * The `attributes` and `equalStates` of a `Toolset` for states that have these fields, in Python's order.
 * Names with a leading underscore are private: listed, not compared.
 */
export const named = <Name extends string>(...names: ReadonlyArray<Name>) => {
  const compared = names.filter((name) => !name.startsWith("_"))
  return {
    attributes: (state: Readonly<Record<Name, Value>>): ReadonlyArray<readonly [name: string, value: Value]> =>
      names.map((name) => [name, state[name]] as const),
    equalStates: (a: Readonly<Record<Name, Value>>, b: Readonly<Record<Name, Value>>): boolean =>
      compared.every((name) => equals(a[name], b[name]))
  }
}
