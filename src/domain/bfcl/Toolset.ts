/**
 * A tool set is a class of BFCL's API: state, tools over it, and what is known about how
 * its tools depend on one another.
 *
 * Tools are plain functions that change their own session's state and nothing else. A call
 * that fails returns a `Failure`: what went wrong as data (kind, subject, the thing that
 * is needed), and beside it exactly what Python's tool would have returned or raised.
 * Augmentors read the former, the agent without augmentation sees the latter.
 */
import type { FailureKind } from "../FailureKind.ts"
import { attributeError, Dict, type Value } from "../python/Value.ts"
import type { LongContext } from "./LongContext.ts"
import type { Shared } from "./Shared.ts"

export type { FailureKind } from "../FailureKind.ts"

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

/** A failure that Python's tool tells by a dictionary. */
export const failed = (
  kind: FailureKind,
  subject: Readonly<Record<string, Value>>,
  result: Readonly<Record<string, Value>>,
  needs?: string
): Failure => new Failure(kind, subject, { returned: Dict.of(result) }, needs)

/** What a configuration sets, and what a class has otherwise: Python's `config.get(key, otherwise)`. */
export const settings = (config: Value): (key: string, otherwise: Value) => Value => {
  if (!(config instanceof Dict)) throw attributeError(config, "get")
  return (key, otherwise) => config.has(key) ? config.get(key)! : otherwise
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
  /** `args` are one value per parameter, defaults filled in. May throw `PythonError`, as Python's method would. */
  readonly run: (state: State, ...args: ReadonlyArray<Value>) => Value | Failure
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
  /**
   * `_load_scenario`. The configuration is the session's own copy, a dictionary unless the data are broken. Throws
   * `PythonError` where Python's would, and for values of other types that Python's would trip over at the first call.
   */
  readonly load: (config: Value, longContext: LongContext | undefined, shared?: Shared) => State
  /**
   * Every attribute in Python's insertion order, private ones (`_...`) included, the API description left out.
   * The checker compares the public ones; conformance compares all.
   */
  readonly attributes: (state: State) => ReadonlyArray<readonly [name: string, value: Value]>
  /** How to copy a state like this one, which was loaded and nothing else; its values are frozen, so that copies may share them. */
  readonly copier: (state: State) => (state: State) => State
  /** The checker's comparison of two states: every public attribute equal, by Python's `==`. */
  readonly equalStates: (a: State, b: State) => boolean
  /** Resource -> the tools that provide it, best first. */
  readonly providers: Readonly<Record<string, ReadonlyArray<Provider>>>
}
