/**
 * Tool documents as BFCL prepares them for an entry (`utils.py`): the documents of its classes in order, without
 * those that are held out, each with the remark that it is Python 3. A held-out document never gets the remark.
 */
import { Result, Schema } from "effect"
import type { ToolDocument, ToolParameter } from "../Message.ts"
import { dumps, loads } from "../python/Json.ts"
import { PythonError } from "../python/PythonError.ts"
import { repr } from "../python/Text.ts"
import { Dict } from "../python/Value.ts"
import type { TasksUnreadable } from "../Tasks.ts"
import type { Entry } from "./Entry.ts"
import * as Lines from "./Lines.ts"
import type { Source } from "./Lines.ts"

/** The file of `multi_turn_func_doc` that documents a class, without its extension. */
export const fileOfClass = {
  GorillaFileSystem: "gorilla_file_system",
  MathAPI: "math_api",
  MessageAPI: "message_api",
  TwitterAPI: "posting_api",
  TicketAPI: "ticket_api",
  TradingBot: "trading_bot",
  TravelAPI: "travel_booking",
  VehicleControlAPI: "vehicle_control"
} as const

export interface Document {
  /** As its author wrote it, the order of keys and the kind of numbers included: Python prints it whole. */
  readonly json: Dict
  readonly tool: ToolDocument
}

/** Class name -> its documents in file order. */
export type Documents = ReadonlyMap<string, ReadonlyArray<Document>>

const Parameter = Schema.Struct({
  type: Schema.String,
  description: Schema.String,
  enum: Schema.optionalKey(Schema.Array(Schema.String)),
  default: Schema.optionalKey(Schema.Unknown)
})

const Tool = Schema.Struct({
  name: Schema.NonEmptyString,
  description: Schema.String,
  parameters: Schema.Struct({
    properties: Schema.Record(Schema.String, Parameter),
    required: Schema.Array(Schema.String)
  })
})

const decodeTool = Schema.decodeUnknownResult(Tool)
const decodeStrings = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Array(Schema.String)))

/** The values that a description lists after `[Enum]:`, as JSON or separated by commas. */
const listed = (description: string): ReadonlyArray<string> | undefined => {
  const [, list] = /\[Enum\]: *(.+)$/.exec(description) ?? []
  return list === undefined ? undefined : Result.getOrElse(decodeStrings(list), () => list.split(/, */))
}

const parameterOf = (name: string, parameter: typeof Parameter.Type, required: boolean): ToolParameter => {
  const allowed = parameter.enum ?? listed(parameter.description)
  const { default: value } = parameter
  return {
    name,
    type: parameter.type,
    description: parameter.description,
    required,
    ...(allowed === undefined ? {} : { allowed }),
    ...(value === undefined ? {} : { default: typeof value === "string" ? value : JSON.stringify(value) })
  }
}

const documentOf = (json: Dict): Result.Result<Document, string> => {
  const raw: unknown = JSON.parse(dumps(json))
  return Result.mapBoth(decodeTool(raw), {
    onFailure: (error) => error.message,
    onSuccess: ({ description, name, parameters }) => ({
      json,
      tool: {
        name,
        description,
        parameters: Object.entries(parameters.properties).map(([parameter, properties]) =>
          parameterOf(parameter, properties, parameters.required.includes(parameter))
        ),
        raw
      }
    })
  })
}

const decodeLine = (text: string): Result.Result<Document, string> => {
  try {
    const json = loads(text)
    return json instanceof Dict ? documentOf(json) : Result.fail("a tool document is a JSON object")
  } catch (error) {
    if (error instanceof PythonError) return Result.fail(error.message)
    throw error
  }
}

/** The documents of a `multi_turn_func_doc` file. */
export const decode = (source: Source): Result.Result<ReadonlyArray<Document>, TasksUnreadable> =>
  Lines.decodeEach(source, (line) => decodeLine(line.text))

const remark = " Note that the provided function is in Python 3 syntax."

const withRemark = ({ json, tool }: Document): Document => {
  const description = tool.description + remark
  const copy = json.copy()
  copy.set("description", description)
  return { json: copy, tool: { ...tool, description, raw: JSON.parse(dumps(copy)) } }
}

const known = new WeakMap<Document, Document>()

/** A document is long, and hundreds of entries offer it: they share the one with the remark. */
const remarked = (document: Document): Document => {
  let other = known.get(document)
  if (other === undefined) known.set(document, other = withRemark(document))
  return other
}

export interface Tools {
  /** What the agent may call from the start. */
  readonly offered: ReadonlyArray<Document>
  /** By turn: what it may call from this turn on, in the order of the entry. */
  readonly revealed: ReadonlyArray<ReadonlyArray<Document>>
}

/** The documents of an entry. A class or a tool that has none is left out. */
export const compile = (entry: Pick<Entry, "classes" | "tools" | "turns">, documents: Documents): Tools => {
  const remaining = entry.classes.flatMap((name) => documents.get(name) ?? [])
  const revealed = entry.turns.map((turn) =>
    turn.revealed.flatMap((name) => {
      const index = remaining.findIndex(({ tool }) => tool.name === name)
      return index < 0 ? [] : remaining.splice(index, 1)
    })
  )
  const offered = remaining.filter(({ tool }) => entry.tools?.includes(tool.name) ?? true)
  return { offered: offered.map(remarked), revealed }
}

/** What BFCL says when it hands held-out tools over (`DEFAULT_USER_PROMPT_FOR_ADDITIONAL_FUNCTION_PROMPTING`). */
export const updatedFunctions = "I have updated some more functions you can choose from. What about now?"

/** The user's text of a turn that reveals tools: their documents as Python prints the list, then BFCL's sentence. */
export const announcement = (revealed: ReadonlyArray<Document>): string =>
  `${repr(revealed.map(({ json }) => json))}\n${updatedFunctions}`

/** The user's text of every turn; `announce` words the turns that reveal tools. */
export const userTexts = (
  entry: Pick<Entry, "turns">,
  tools: Tools,
  announce: (revealed: ReadonlyArray<Document>) => string = announcement
): ReadonlyArray<string> =>
  entry.turns.map((turn, index) => {
    const said = turn.messages.map((message) => message.content)
    const revealed = tools.revealed[index] ?? []
    return (revealed.length === 0 ? said : [announce(revealed), ...said]).join("\n")
  })
