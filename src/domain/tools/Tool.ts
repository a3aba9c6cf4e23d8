/**
 * A tool of your own: a name, a Schema of its arguments, and a plain function over a state that is yours.
 *
 * The agent reads the document that the Schema gives, and calls the tool with JSON; the function gets decoded
 * arguments, changes the state of its own episode and nothing else, and returns what the agent is to read, or a
 * failure that says what was wrong as data. What agents are told about a failure is an augmentor's matter.
 */
import { Result, type Schema } from "effect"
import type { ToolDocument } from "../Message.ts"
import { Failure, type Kind } from "./Failure.ts"
import * as Parameters from "./Parameters.ts"

export { type About, fail, Failure, type Kind } from "./Failure.ts"

/** What came of a call. `executed` is false when the tool was never reached: its arguments are not what it takes. */
export type Called =
  | { readonly ok: true; readonly value: Schema.Json }
  | { readonly ok: false; readonly executed: boolean; readonly failure: Failure }

export interface Tool<in State> {
  readonly name: string
  readonly document: ToolDocument
  /** The kinds of failure it says it may return; empty when it does not say. */
  readonly failures: ReadonlyArray<string>
  /** Throws what the tool's function throws. */
  readonly call: (state: State, given: Schema.JsonObject) => Called
}

/** Fills in the value of the argument that a failure is about. */
const completed = (failure: Failure, given: Schema.JsonObject): Failure => {
  const { argument } = failure.subject
  return typeof argument !== "string" || "value" in failure.subject || !Object.hasOwn(given, argument)
    ? failure
    : new Failure(failure.kind, { ...failure, subject: { ...failure.subject, value: given[argument] } })
}

/**
 * A tool. `parameters` is a struct of what it takes: descriptions, literals, bounds and optional keys become its
 * document. `failures`, where given, are all the kinds that `run` may return.
 */
export const tool = <State, S extends Schema.Struct<Schema.Struct.Fields>, const K extends Kind = Kind>(
  name: string,
  options: {
    readonly description: string
    readonly parameters: S & Schema.ConstraintDecoder<unknown>
    readonly failures?: ReadonlyArray<K>
    readonly run: (state: State, args: S["Type"]) => Schema.Json | Failure<NoInfer<K>>
  }
): Tool<State> => {
  const { description, failures = [], run } = options
  const parameters = Parameters.make(options.parameters)
  return {
    name,
    document: {
      name,
      description,
      parameters: parameters.documents,
      raw: { name, description, parameters: parameters.raw }
    },
    failures,
    call: (state, given) => {
      const args = parameters.decode(given)
      if (Result.isFailure(args)) return { ok: false, executed: false, failure: args.failure }
      const value = run(state, args.success)
      return value instanceof Failure
        ? { ok: false, executed: true, failure: completed(value, given) }
        : { ok: true, value }
    }
  }
}
