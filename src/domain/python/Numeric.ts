/** What counts as a real number in Python. */
import { PythonError } from "./PythonError.ts"
import type { Value } from "./Value.ts"

/** A number or a boolean counts as itself. */
export type Numeric = bigint | number | boolean

/** Whether Python's `isinstance(value, (int, float))`. */
export const isNumeric = (value: Value): value is Numeric =>
  typeof value === "bigint" || typeof value === "number" || typeof value === "boolean"

/** `float(n)`, half-even. Throws Python's OverflowError. */
export const floatOf = (value: Numeric): number => {
  if (typeof value === "number") return value
  const float = Number(value)
  if (!Number.isFinite(float)) throw new PythonError("OverflowError", "int too large to convert to float")
  return float
}
