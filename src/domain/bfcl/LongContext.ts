/**
 * The constants that swell results in BFCL's long-context category (`long_context.py`).
 *
 * They are data and not part of this package: they come from the benchmark's files, or,
 * for drills, from the generator. All of them are shared by reference between sessions,
 * so none may be mutated.
 */
import { dumps, loads } from "../python/Json.ts"
import * as Module from "../python/Module.ts"
import { Dict, ellipsis, PythonError, type Value } from "../python/Value.ts"

export interface LongContext {
  /** Constant name (`FILE_CONTENT_EXTENSION`) -> value. */
  readonly constants: Dict
}

export const make = (constants: Dict): LongContext => ({ constants })

/** A constant, or an empty dictionary when the data does not define it. Not to be mutated. */
export const constant = (longContext: LongContext, name: string): Value => longContext.constants.get(name) ?? new Dict()

/** JSON has no `...`, which ends the original's watch list. */
const withoutEllipsis = (value: Value): Value => {
  if (value === ellipsis) return Dict.of({ $ellipsis: true })
  return Array.isArray(value) ? value.map(withoutEllipsis) : value
}

const withEllipsis = (value: Value): Value => {
  if (value instanceof Dict && value.size === 1 && value.get("$ellipsis") === true) return ellipsis
  return Array.isArray(value) ? value.map(withEllipsis) : value
}

/** The text of `long_context.json`: an object with a constant a line, numbers spelled as Python spells them. */
export const encode = (constants: Dict): string => {
  const lines = Array.from(
    constants.entries(),
    ([name, value]) => `${dumps(name)}: ${dumps(withoutEllipsis(value), { ensureAscii: false })}`
  )
  return `{\n${lines.join(",\n")}\n}\n`
}

/** Reads what `encode` writes. Throws `PythonError` for what is no JSON object. */
export const decode = (text: string): Dict => {
  const constants = loads(text)
  if (!(constants instanceof Dict)) throw new PythonError("TypeError", "the long-context constants are a JSON object")
  return Dict.from(Array.from(constants.entries(), ([name, value]) => [name, withEllipsis(value)] as const))
}

/**
 * The text of `long_context.json`, made from that of `long_context.py`. Throws `PythonError`, naming the line, for a
 * module that is not made of constants.
 */
export const ofModule = (source: string): string => encode(Module.constants(source))
