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
  /**
   * The original adopts some constants (TravelAPI's cards and bookings) without a copy, so that a
   * charge in one session shows in every other one. True reproduces this; by default a session has its own.
   */
  readonly leaky: boolean
}

export const make = (constants: Dict, options: { readonly leaky?: boolean } = {}): LongContext => ({
  constants,
  leaky: options.leaky ?? false
})

/** A constant, or an empty dictionary when the data does not define it. Not to be mutated. */
export const constant = (longContext: LongContext, name: string): Value => longContext.constants.get(name) ?? new Dict()
