/**
 * The constants that swell results in BFCL's long-context category (`long_context.py`).
 *
 * They are data and not part of this package: they come from the benchmark's files, or,
 * for drills, from the generator. All of them are shared by reference between sessions,
 * so none may be mutated.
 */
import { dumps, loads } from "../python/Json.ts"
import * as Module from "../python/Module.ts"
import { PythonError } from "../python/PythonError.ts"
import { Dict, ellipsis, freeze, type Value } from "../python/Value.ts"

export interface LongContext {
  /** Constant name (`FILE_CONTENT_EXTENSION`) -> value. */
  readonly constants: Dict
}

type Kind = "text" | "list" | "object"

/** What the original's simulators import of `long_context.py`, and what each has to be for them. */
const kinds: Readonly<Record<string, Kind>> = {
  WATCH_LIST_EXTENSION: "list",
  TRANSACTION_HISTORY_EXTENSION: "list",
  MA_5_EXTENSION: "list",
  MA_20_EXTENSION: "list",
  TECHNOLOGY_EXTENSION: "list",
  AUTOMOBILE_EXTENSION: "list",
  ORDER_DETAIL_EXTENSION: "object",
  FILE_CONTENT_EXTENSION: "text",
  POPULATE_FILE_EXTENSION: "list",
  CAR_STATUS_METADATA_EXTENSION: "text",
  LONG_WEATHER_EXTENSION: "object",
  PARKING_BRAKE_INSTRUCTION: "text",
  INTERMEDIARY_CITIES: "list",
  CREDIT_CARD_EXTENSION: "object",
  BOOKING_RECORD_EXTENSION: "object",
  FILES_TAIL_USED: "list"
}

const kindOf = (value: Value): Kind | undefined => {
  if (typeof value === "string") return "text"
  if (Array.isArray(value)) return "list"
  return value instanceof Dict ? "object" : undefined
}

/** What the simulators lack in the constants of a benchmark, in a sentence; nothing when they are whole. */
export const problem = (constants: Dict): string | undefined => {
  const names = Object.keys(kinds)
  const missing = names.filter((name) => !constants.has(name))
  const misfits = names.flatMap((name) => {
    const value = constants.get(name)
    return value === undefined || kindOf(value) === kinds[name] ? [] : [`${name} is no ${kinds[name]}`]
  })
  const found = [...missing.length === 0 ? [] : [`it has no ${missing.join(", ")}`], ...misfits]
  return found.length === 0 ? undefined : found.join("; ")
}

/** The constants as they are now, frozen. */
export const make = (constants: Dict): LongContext => {
  const own = constants.deepCopy()
  own.freeze()
  return { constants: own }
}

/** A constant, or an empty dictionary when the data does not define it. Not to be mutated. */
export const constant = (longContext: LongContext, name: string): Value => longContext.constants.get(name) ?? new Dict()

/** Extension -> the items in front of it, as JSON -> the list. */
const lists = new WeakMap<object, Map<string, Array<Value>>>()
const maximumLists = 64

/** `[*own, *extension]`: in front of a constant, the same texts make the same list, frozen. Its text is long, and made once. */
export const extended = (own: ReadonlyArray<Value>, extension: Array<Value>): Array<Value> => {
  if (own.length === 0) return extension
  if (!Object.isFrozen(extension) || !own.every((item) => typeof item === "string")) return [...own, ...extension]
  let known = lists.get(extension)
  if (known === undefined || known.size > maximumLists) lists.set(extension, known = new Map())
  const key = JSON.stringify(own)
  let list = known.get(key)
  if (list === undefined) {
    list = [...own, ...extension]
    freeze(list)
    known.set(key, list)
  }
  return list
}

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
