/**
 * Sequences of calls to play: which classes, from which start, what to call. Each is a line of JSON; what comes of it is
 * another, with states in the encoding of the recordings (Encoding), long texts in full.
 */
import { Result, Schema } from "effect"
import { loads } from "../python/Json.ts"
import { PythonError } from "../python/PythonError.ts"
import { str } from "../python/Text.ts"
import { Dict, iterate, type Value } from "../python/Value.ts"
import { type Encoded, encodeState } from "./Encoding.ts"
import type { Entry } from "./Entry.ts"
import { execute, executeJson } from "./Execute.ts"
import type { Line } from "./Lines.ts"
import type { LongContext } from "./LongContext.ts"
import { open, type Session, type World } from "./Session.ts"
import { classNames } from "./Toolsets.ts"

const Shape = Schema.Struct({
  id: Schema.optionalKey(Schema.String),
  /** Classes to instantiate, in the order of their tools. */
  classes: Schema.Array(Schema.Literals(classNames)),
  /** Class name -> configuration. */
  initial_config: Schema.optionalKey(Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Unknown))),
  /** The id of an entry whose configuration it is. */
  config_from: Schema.optionalKey(Schema.String),
  long_context: Schema.Boolean,
  /** The text of a Python expression, or a JSON tool call. */
  calls: Schema.Array(Schema.Union([
    Schema.String,
    Schema.Struct({ name: Schema.String, arguments: Schema.Record(Schema.String, Schema.Unknown) })
  ]))
})

const decodeShape = Schema.decodeUnknownResult(Schema.fromJsonString(Shape))

type Call = string | { readonly name: string; readonly given: Dict }

export interface CallSequence {
  readonly id: string
  readonly world: World
  readonly calls: ReadonlyArray<Call>
}

/** The text as Python reads it: `JSON.parse` would lose what numbers are. */
const exactly = (text: string): Result.Result<Dict, string> => {
  try {
    const value = loads(text)
    return value instanceof Dict ? Result.succeed(value) : Result.fail("a call sequence is a JSON object")
  } catch (error) {
    if (error instanceof PythonError) return Result.fail(error.message)
    throw error
  }
}

const dictAt = (dict: Dict, key: string): Dict => {
  const value = dict.get(key)
  return value instanceof Dict ? value : new Dict()
}

const callOf = (call: Value): Call =>
  call instanceof Dict ? { name: str(call.get("name") ?? ""), given: dictAt(call, "arguments") } : str(call)

/** A line of a file; a sequence without an id is called after its number. */
export const decode = (
  line: Line,
  entries: ReadonlyMap<string, Entry>
): Result.Result<CallSequence, string> =>
  Result.gen(function*() {
    const { classes, config_from, id, initial_config, long_context } = yield* Result.mapError(
      decodeShape(line.text, { errors: "all", onExcessProperty: "error" }),
      ({ message }) => message
    )
    if ((initial_config === undefined) === (config_from === undefined)) {
      return yield* Result.fail("either initial_config or config_from says how it starts")
    }
    const exact = yield* exactly(line.text)
    const entry = config_from === undefined ? undefined : entries.get(config_from)
    if (config_from !== undefined && entry === undefined) {
      return yield* Result.fail(`there is no entry ${config_from} to take the configuration from`)
    }
    return {
      id: id ?? String(line.number),
      world: {
        classes,
        initialConfig: entry?.initialConfig ?? dictAt(exact, "initial_config"),
        longContext: long_context
      },
      calls: Array.from(iterate(exact.get("calls") ?? []), callOf)
    }
  })

/** What came of a sequence: the result of every call as text, and all attributes of every instance by class. */
export type Played =
  | {
    readonly id: string
    readonly results: ReadonlyArray<string>
    readonly state: { readonly [className: string]: { readonly [name: string]: Encoded } }
  }
  | {
    readonly id: string
    /** What the original says of a configuration that it cannot load. */
    readonly load_error: string
  }

const openOrError = (world: World, id: string, longContext: LongContext): Session | string => {
  try {
    // The name under which the recordings were made.
    return open(world, { name: `oracle_${id}`, longContext })
  } catch (error) {
    if (error instanceof PythonError) return error.message
    throw error
  }
}

/** Plays a sequence from a start of its own. */
export const play = ({ calls, id, world }: CallSequence, longContext: LongContext): Played => {
  const session = openOrError(world, id, longContext)
  if (typeof session === "string") return { id, load_error: session }
  const results = calls.map((call) =>
    (typeof call === "string" ? execute(session, call) : executeJson(session, call.name, call.given)).text
  )
  const state = Object.fromEntries(
    session.instances.map((instance) => [instance.toolset.name, encodeState(instance)])
  )
  return { id, results, state }
}
