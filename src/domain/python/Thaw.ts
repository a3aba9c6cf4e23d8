/** Copies in the place of what is frozen: whoever may change a value gets one that is all theirs. */
import { deepCopy, Dict, type Value } from "./Value.ts"

/** The value with copies in the place of what is frozen in it, for whoever may change what they get. */
export const thaw = (value: Value): Value => thawUnseen(value, new Set())

const thawUnseen = (value: Value, seen: Set<Value>): Value => {
  if (Array.isArray(value)) {
    if (Object.isFrozen(value)) return deepCopy(value)
    if (seen.has(value)) return value
    seen.add(value)
    for (const [i, item] of value.entries()) value[i] = thawUnseen(item, seen)
  } else if (value instanceof Dict) {
    if (value.frozen) return deepCopy(value)
    // A copy of a frozen dictionary makes its own values when asked for one.
    if (value.shared !== undefined || seen.has(value)) return value
    seen.add(value)
    for (const [key, item] of value.entries()) value.set(key, thawUnseen(item, seen))
  }
  return value
}
