/** How much there is to go through in a value. */
import { limits, maximumNesting } from "./Limits.ts"
import { PythonError } from "./PythonError.ts"
import { bitLength } from "./Rounding.ts"
import { Dict, Instance, Tuple, type Value } from "./Value.ts"

/** Characters that weigh as much as an item. */
export const charactersPerItem = 8

/** Integers below this weigh nothing. */
const light = 1n << 64n

/**
 * Items, characters and digits of a value, parts of parts as often as there are ways to them, counted up to `most` or
 * a little more. What is frozen counts nothing: it is a constant, and no larger than the benchmark made it.
 * Throws Python's RecursionError.
 */
export const extentOf = (value: Value, most: number, depth = 0): number => {
  if (typeof value === "string") return value.length / charactersPerItem
  if (typeof value === "bigint") return value < light && value > -light ? 0 : bitLength(value) / 64
  if (value === null || typeof value !== "object") return 0
  if (depth > maximumNesting) throw new PythonError("RecursionError", "maximum recursion depth exceeded")
  if (value instanceof Dict) return value.shared === undefined ? extentOfDict(value, most, depth) : 0
  if (Array.isArray(value)) return Object.isFrozen(value) ? 0 : extentOfItems(value, most, depth)
  if (value instanceof Tuple) return extentOfItems(value.items, most, depth)
  return value instanceof Instance ? Math.min(value.length?.() ?? 0, limits().items) : 0
}

const extentOfItems = (items: ReadonlyArray<Value>, most: number, depth: number): number => {
  let extent = items.length
  for (const item of items) {
    if (extent > most) break
    extent += extentOf(item, most - extent, depth + 1)
  }
  return extent
}

const extentOfDict = (dict: Dict, most: number, depth: number): number => {
  const { fields } = dict
  let extent = 0
  if (fields === undefined) {
    for (const [key, item] of dict.view()) {
      if (extent > most) break
      extent += 2 + extentOf(key, most - extent, depth + 1) + extentOf(item, most - extent, depth + 1)
    }
  } else {
    for (const name in fields) extent += 2 + extentOf(fields[name]!, most - extent, depth + 1)
  }
  return extent
}
