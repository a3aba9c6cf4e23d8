/**
 * A tool set is a class of BFCL's API: state, tools over it, and what is known about how
 * its tools depend on one another.
 *
 * Tools are plain functions that change their own session's state and nothing else. A call
 * that fails returns a `Failure`: what went wrong as data (kind, subject, the thing that
 * is needed), and beside it exactly what Python's tool would have returned or raised.
 * Augmentors read the former, the agent without augmentation sees the latter.
 */
import type { Dict, Value } from "../python/Value.ts"
import type { LongContext } from "./LongContext.ts"

/** What can go wrong with a call, over all tool sets. */
export type FailureKind =
  /** A path was given where only a name in the current directory is understood. */
  | "path_given"
  /** The named thing does not exist. */
  | "not_found"
  /** The named thing exists already. */
  | "already_exists"
  /** A directory where a file is needed, or the reverse. */
  | "wrong_type"
  /** The directory still has entries. */
  | "not_empty"
  /** A value outside what the tool accepts. */
  | "invalid_value"
  /** Something else has to be done first: logging in, locking doors, starting the engine. */
  | "precondition"
  /** A credential (token, card, password) that is not the one on record. */
  | "invalid_credential"
  /** Not enough of something: money, budget, fuel, room in the tank. */
  | "insufficient"
  /** The operation has been done before and cannot be done twice. */
  | "already_done"
  /** A service that never answers. */
  | "unavailable"
  /** No tool of that name. */
  | "unknown_tool"
  | "missing_argument"
  | "unexpected_argument"
  | "duplicate_argument"
  | "too_many_arguments"
  /** The call is no Python expression. */
  | "syntax_error"
  /** A name the executor refuses to run. */
  | "forbidden"
  /** Python's own exception from inside a tool, mostly an argument of a wrong type. */
  | "python_error"

/**
 * A failed call.
 *
 * `subject` holds the values the failure is about, by role: `{ name: "a/b.txt" }`,
 * `{ argument: "mode", value: "fly", allowed: [...] }`. `needs` names the resource that is
 * missing; `Toolset.providers` says which tools provide it.
 */
export class Failure {
  readonly kind: FailureKind
  readonly subject: Readonly<Record<string, Value>>
  readonly needs: string | undefined
  /** What Python's tool does: returns this value, or raises an exception with this text. */
  readonly standard: { readonly returned: Value } | { readonly raised: string }

  constructor(
    kind: FailureKind,
    subject: Readonly<Record<string, Value>>,
    standard: { readonly returned: Value } | { readonly raised: string },
    needs?: string
  ) {
    this.kind = kind
    this.subject = subject
    this.standard = standard
    this.needs = needs
  }
}

export interface Parameter {
  readonly name: string
  /** Python's default value; a parameter without one is required. */
  readonly default?: Value
}

export interface Tool<State> {
  readonly name: string
  /** In the order of Python's signature, without `self`. */
  readonly parameters: ReadonlyArray<Parameter>
  /** Every kind of failure that `run` may return, for coverage tables. Argument errors and `python_error` are implied. */
  readonly failures: ReadonlyArray<FailureKind>
  /** `args` has one value per parameter, defaults filled in. May throw `PythonError`, as Python's method would. */
  readonly run: (state: State, args: ReadonlyArray<Value>) => Value | Failure
}

/**
 * One way to get a resource: call `tool`. `arguments` are the ones that are the same for every failure; `from` says
 * which role of the failure's subject gives the value of a parameter, and a role that a failure has not got gives none.
 */
export interface Provider {
  readonly tool: string
  readonly arguments?: Readonly<Record<string, Value>>
  readonly from?: Readonly<Record<string, string>>
}

export interface Toolset<State> {
  /** BFCL's class name, `GorillaFileSystem`. */
  readonly name: string
  readonly tools: ReadonlyArray<Tool<State>>
  /** `_load_scenario`. The configuration is the session's own copy. Throws `PythonError` where Python's would. */
  readonly load: (config: Dict, longContext: LongContext | undefined) => State
  /**
   * Every attribute in Python's insertion order, private ones (`_...`) included, the API description left out.
   * The checker compares the public ones; conformance compares all.
   */
  readonly attributes: (state: State) => ReadonlyArray<readonly [name: string, value: Value]>
  /** The checker's comparison of two states: every public attribute equal, by Python's `==`. */
  readonly equalStates: (a: State, b: State) => boolean
  /** Resource -> the tools that provide it, best first. */
  readonly providers: Readonly<Record<string, ReadonlyArray<Provider>>>
}
