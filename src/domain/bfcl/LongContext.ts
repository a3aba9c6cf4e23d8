/**
 * The constants that swell results in BFCL's long-context category (`long_context.py`).
 *
 * They are data and not part of this package: they come from the benchmark's files, or,
 * for drills, from the generator. All of them are shared by reference between sessions,
 * so none may be mutated.
 */
import { Dict } from "../python/Value.ts"
import type { Value } from "../python/Value.ts"

export interface LongContext {
  /** Constant name (`FILE_CONTENT_EXTENSION`) -> value. */
  readonly constants: Dict
}

export const make = (constants: Dict): LongContext => ({ constants })

/** A constant, or an empty dictionary when the data does not define it. Not to be mutated. */
export const constant = (longContext: LongContext, name: string): Value => longContext.constants.get(name) ?? new Dict()
