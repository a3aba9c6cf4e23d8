/** What BFCL's executor makes of the value of a call. */
import { charactersPerItem, extentOf } from "../python/Extent.ts"
import * as Json from "../python/Json.ts"
import { exceeded, limits } from "../python/Limits.ts"
import { PythonError } from "../python/PythonError.ts"
import { str } from "../python/Text.ts"
import { Dict, type Value } from "../python/Value.ts"

const printed = (value: Value): string => {
  const { result } = limits()
  const most = result / charactersPerItem
  if (extentOf(value, most) > most) throw exceeded("the result has more characters", result, "prints")
  return str(value)
}

/**
 * A text as it is, a dictionary as JSON where that is possible, anything else as Python prints it.
 * Throws `PythonError` for what Python cannot print, and for what would be longer than we print.
 */
export const resultText = (value: Value): string => {
  if (!(value instanceof Dict)) return printed(value)
  try {
    return Json.dumpsResult(value, limits().result)
  } catch (error) {
    if (!(error instanceof PythonError) || error.type === "MemoryError") throw error
    return printed(value)
  }
}
