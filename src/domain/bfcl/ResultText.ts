/** What BFCL's executor makes of the value of a call. */
import { charactersPerItem, extentOf } from "../python/Extent.ts"
import * as Json from "../python/Json.ts"
import { exceeded, maximumResult } from "../python/Limits.ts"
import { str } from "../python/Text.ts"
import { Dict, PythonError, type Value } from "../python/Value.ts"

const most = maximumResult / charactersPerItem

/**
 * A text as it is, a dictionary as JSON where that is possible, anything else as Python prints it.
 * Throws `PythonError` for what Python cannot print, and for what would be longer than we print.
 */
export const resultText = (value: Value): string => {
  if (extentOf(value, most) > most) throw exceeded("the result has more characters", maximumResult, "prints")
  if (typeof value === "string") return value
  if (!(value instanceof Dict)) return str(value)
  try {
    return Json.dumps(value)
  } catch (error) {
    if (error instanceof PythonError) return str(value)
    throw error
  }
}
