/** The kinds of failures that rules know, whoever's tools fail: BFCL's simulators or tools of your own. */

/** Said by whoever runs the calls: before a tool is reached, or of an exception that came out of it. */
export type CallFailureKind =
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

/** Said by a tool. */
export type ToolFailureKind =
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

export type FailureKind = CallFailureKind | ToolFailureKind
