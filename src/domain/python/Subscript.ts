/** Python's `container[key]` and slices. */
import { PythonError } from "./PythonError.ts"
import { characters, repr } from "./Text.ts"
import { Dict, Instance, Tuple, typeName, type Value } from "./Value.ts"

/** A `slice` object. */
export class Slice extends Instance {
  readonly typeName = "slice"
  override readonly hashable = false
  readonly start: Value
  readonly stop: Value
  readonly step: Value

  constructor(start: Value, stop: Value, step: Value) {
    super()
    this.start = start
    this.stop = stop
    this.step = step
  }

  override repr(): string {
    return `slice(${repr(this.start)}, ${repr(this.stop)}, ${repr(this.step)})`
  }
}

const bound = (value: Value, otherwise: number): number => {
  if (value === null) return otherwise
  if (typeof value === "bigint" || typeof value === "boolean") return Number(BigInt(value))
  throw new PythonError("TypeError", "slice indices must be integers or None or have an __index__ method")
}

/** The indices that a slice takes of a sequence of `length` items. */
const indices = (slice: Slice, length: number): ReadonlyArray<number> => {
  const step = bound(slice.step, 1)
  if (step === 0) throw new PythonError("ValueError", "slice step cannot be zero")
  const clamp = (index: number): number => {
    const absolute = index < 0 ? index + length : index
    return step > 0 ? Math.min(Math.max(absolute, 0), length) : Math.min(Math.max(absolute, -1), length - 1)
  }
  const start = slice.start === null ? (step > 0 ? 0 : length - 1) : clamp(bound(slice.start, 0))
  const stop = slice.stop === null ? (step > 0 ? length : -1) : clamp(bound(slice.stop, 0))
  const taken: Array<number> = []
  for (let i = start; step > 0 ? i < stop : i > stop; i += step) taken.push(i)
  return taken
}

/** How the types' own errors begin and end. */
const indexErrors = {
  str: {
    type: (key: Value) => `string indices must be integers, not '${typeName(key)}'`,
    range: "string index out of range"
  },
  list: {
    type: (key: Value) => `list indices must be integers or slices, not ${typeName(key)}`,
    range: "list index out of range"
  },
  tuple: {
    type: (key: Value) => `tuple indices must be integers or slices, not ${typeName(key)}`,
    range: "tuple index out of range"
  }
}

interface IndexErrors {
  readonly type: (key: Value) => string
  readonly range: string
}

const itemOf = <A>(items: ArrayLike<A>, key: Value, errors: IndexErrors): A => {
  if (typeof key !== "bigint" && typeof key !== "boolean") throw new PythonError("TypeError", errors.type(key))
  const index = Number(BigInt(key))
  const found = items[index < 0 ? index + items.length : index]
  if (found === undefined) throw new PythonError("IndexError", errors.range)
  return found
}

const taken = <A>(items: ArrayLike<A>, slice: Slice): Array<A> =>
  indices(slice, items.length).map((index) => items[index]!)

/** An item of a sequence, or the items of a slice. Throws Python's TypeError and IndexError, in these words. */
export const sequenceItem = <A>(items: ArrayLike<A>, key: Value, errors: IndexErrors): A | Array<A> =>
  key instanceof Slice ? taken(items, key) : itemOf(items, key, errors)

/** `container[key]`. Throws Python's TypeError, IndexError, KeyError. */
export const item = (container: Value, key: Value): Value => {
  if (typeof container === "string") {
    const all = characters(container)
    return key instanceof Slice ? taken(all, key).join("") : itemOf(all, key, indexErrors.str)
  }
  if (Array.isArray(container)) {
    return key instanceof Slice ? taken(container, key) : itemOf(container, key, indexErrors.list)
  }
  if (container instanceof Tuple) {
    return key instanceof Slice
      ? new Tuple(taken(container.items, key))
      : itemOf(container.items, key, indexErrors.tuple)
  }
  if (container instanceof Dict) {
    const value = container.get(key)
    if (value === undefined) throw new PythonError("KeyError", repr(key))
    return value
  }
  const value = container instanceof Instance ? container.item?.(key) : undefined
  if (value === undefined) throw new PythonError("TypeError", `'${typeName(container)}' object is not subscriptable`)
  return value
}
