/** The state of BFCL's file system, how names and paths are looked up in it, and the failures of doing so. */
import { splitLines, str, stripCharacters } from "../python/Text.ts"
import { attributeError, contains, Dict, type Value } from "../python/Value.ts"
import { Directory, File } from "./FileTree.ts"
import { Failure, type FailureKind } from "./Toolset.ts"

export interface State {
  readonly long_context: boolean
  readonly root: Directory
  /** Private in the original, so the checker does not compare it. */
  _current_dir: Directory
}

const forbiddenCharacters = ["|", "/", "\\", "?", "%", "*", ":", "\"", ">", "<"]
const forbidden = /[|/\\?%*:"><]/

/** The original asks for each character whether it is `in` the name, whatever the name is. */
export const hasForbiddenCharacter = (name: Value): boolean =>
  typeof name === "string" ? forbidden.test(name) : forbiddenCharacters.some((c) => contains(name, c))

const isPath = (name: Value): name is string => typeof name === "string" && name.includes("/")

/** The names between the slashes of a path. */
export const namesIn = (path: string): Array<string> => path.split("/").filter((name) => name !== "" && name !== ".")

export const failed = (
  kind: FailureKind,
  subject: Readonly<Record<string, Value>>,
  error: string,
  needs?: string
): Failure => new Failure(kind, subject, { returned: Dict.of({ error }) }, needs)

/**
 * A path where only a name is looked up. `folders` are to be entered one after the other, `instead` is the name to use
 * there. From the root only the first of them is sure: a path may or may not begin with the root's own name.
 */
const pathGiven = (argument: string, path: string, error: string): Failure => {
  const names = namesIn(path)
  const name = names.pop()
  const route = path.startsWith("/") || name === undefined ? { folders: ["/"] } : { folders: names, instead: name }
  return failed("path_given", { argument, name: path, ...route }, error, "current_directory")
}

export const entryNotFound = (argument: string, name: Value, error: string): Failure =>
  failed("not_found", { argument, name }, error, "entry_of_this_directory")

export const notFound = (argument: string, name: Value, error: string): Failure =>
  isPath(name) ? pathGiven(argument, name, error) : entryNotFound(argument, name, error)

export const directoryGiven = (
  argument: string,
  name: Value,
  standard: Failure["standard"]
): Failure =>
  new Failure("wrong_type", { argument, name, expected: "file", folders: [name] }, standard, "current_directory")

export const fileGiven = (argument: string, name: Value, error: string, needs?: string): Failure =>
  failed("wrong_type", { argument, name, expected: "directory" }, error, needs)

export const invalidName = (argument: string, name: Value, error: string): Failure =>
  isPath(name)
    ? pathGiven(argument, name, error)
    : failed("invalid_value", { argument, value: name, forbidden: [...forbiddenCharacters] }, error)

export const alreadyExists = (argument: string, name: Value, error: string): Failure =>
  failed("already_exists", { argument, name }, error)

/** `file._read()`: a directory has no such method, and its absence is an error of Python's. */
export const textOf = (file: File, method: string): string => {
  if (typeof file.content === "string") return file.content
  throw attributeError(file.content, method)
}

export const linesOf = (file: File): ReadonlyArray<string> => splitLines(textOf(file, "splitlines"))

/** The file of that name in the current directory, or why there is none. */
export const fileNamed = (state: State, command: string, argument: string, name: Value): File | Failure => {
  const item = state._current_dir.contents.has(name) ? state._current_dir.entry(name) : undefined
  if (item instanceof File) return item
  const error = `${command}: ${str(name)}: No such file or directory`
  return item === undefined
    ? notFound(argument, name, error)
    : directoryGiven(argument, name, { returned: Dict.of({ error }) })
}

/** The directory that a path leads to, `..` and empty parts not understood; undefined when it leads nowhere. */
export const directoryAt = (state: State, path: Value): Directory | undefined => {
  if (path === null || path === ".") return state._current_dir
  if (path === "/") return state.root
  if (typeof path !== "string") throw attributeError(path, "strip")
  if (!path.includes("/")) return directoryIn(state._current_dir, path)
  let directory: Directory | undefined = path.startsWith("/") ? state.root : state._current_dir
  for (const part of stripCharacters(path, "/").split("/")) {
    if (part !== ".") directory = directoryIn(directory, part)
    if (directory === undefined) return undefined
  }
  return directory
}

const directoryIn = (directory: Directory, name: string): Directory | undefined => {
  const entry = directory.contents.get(name)
  return entry instanceof Directory ? entry : undefined
}
