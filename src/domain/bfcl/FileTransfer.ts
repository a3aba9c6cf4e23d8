/** `mv` and `cp` of BFCL's file system. */
import { PythonError } from "../python/PythonError.ts"
import { str } from "../python/Text.ts"
import { contains, Dict, type Value } from "../python/Value.ts"
import { failed, fileGiven, namesIn, notFound, type State } from "./FileState.ts"
import { Directory, File } from "./FileTree.ts"
import { Failure, type Tool } from "./Toolset.ts"

/** What `mv` and `cp` do differently. */
interface Transfer {
  readonly command: "mv" | "cp"
  readonly verb: "move" | "copy"
  readonly done: "moved" | "copied"
  /** The table of entries of the new directory. */
  readonly entriesOf: (directory: Directory) => Dict
  /** Whether the entry disappears from the current directory. */
  readonly removes: boolean
}

const moving: Transfer = {
  command: "mv",
  verb: "move",
  done: "moved",
  entriesOf: (directory) => directory.contents,
  removes: true
}

const copying: Transfer = {
  command: "cp",
  verb: "copy",
  done: "copied",
  entriesOf: (directory) => directory.contents.copy(),
  removes: false
}

/** Puts a new file or directory like `item` into `target`. Throws Python's ValueError when the name is taken. */
const place = (transfer: Transfer, item: File | Directory, name: Value, target: Directory): void => {
  if (target.contents.has(name)) {
    throw new PythonError(
      "ValueError",
      `${item.typeName} '${str(name)}' already exists in directory '${str(target.name)}'.`
    )
  }
  if (item instanceof File) return target.contents.set(name, new File(name, item.content))
  const placed = new Directory(name, target)
  target.contents.set(name, placed)
  // Only now: a directory that is copied into itself is among the entries of its copy.
  placed.contents = transfer.entriesOf(item)
}

const cannot = ({ command, verb }: Transfer, source: Value): string => `${command}: cannot ${verb} '${str(source)}'`

const transferTool = (transfer: Transfer): Tool<State> => ({
  name: transfer.command,
  parameters: [{ name: "source" }, { name: "destination" }],
  failures: ["path_given", "not_found", "already_exists", "wrong_type"],
  run: (state, source, destination) => {
    const here = state._current_dir
    const item = here.contents.has(source) ? here.entry(source) : undefined
    if (!(item instanceof File) && !(item instanceof Directory)) {
      return notFound("source", source, `${cannot(transfer, source)}: No such file or directory`)
    }
    if (contains(destination, "/")) {
      return pathAsDestination(
        destination,
        `${transfer.command}: path not allowed in destination. Provide only a file or directory name.`
      )
    }
    if (!here.contents.has(destination)) {
      if (transfer.removes) here.contents.delete(source)
      place(transfer, item, destination, here)
      return Dict.of({ result: `'${str(source)}' ${transfer.done} to '${str(destination)}'` })
    }
    const target = here.entry(destination)
    if (!(target instanceof Directory)) {
      const error = `${cannot(transfer, source)} to '${str(destination)}': Not a directory`
      return fileGiven("destination", destination, error)
    }
    return transferInto(transfer, state, item, source, destination, target)
  }
})

/** The source stays where it is, so there is nothing to enter first: the first directory of the path may take it. */
const pathAsDestination = (destination: Value, error: string): Failure => {
  const [first] = typeof destination === "string" && !destination.startsWith("/") ? namesIn(destination) : []
  return failed(
    "path_given",
    {
      argument: "destination",
      name: destination,
      ...(first !== undefined && first !== ".." && { instead: first })
    },
    error
  )
}

const transferInto = (
  transfer: Transfer,
  state: State,
  item: File | Directory,
  source: Value,
  destination: Value,
  target: Directory
): Value | Failure => {
  const path = `${str(destination)}/${str(source)}`
  const clash = { argument: "destination", name: path, source, destination }
  if (target.contents.has(transfer.removes ? str(source) : path)) {
    return failed("already_exists", clash, `${cannot(transfer, source)} to '${path}': File exists`)
  }
  // `cp` looks for the whole path among the names and so notices a clash only when it has one.
  if (!transfer.removes && target.contents.has(source)) {
    return new Failure("already_exists", clash, {
      raised: `${item.typeName} '${str(source)}' already exists in directory '${str(target.name)}'.`
    })
  }
  if (transfer.removes) state._current_dir.contents.delete(source)
  place(transfer, item, source, target)
  return Dict.of({ result: `'${str(source)}' ${transfer.done} to '${path}'` })
}

export const mv: Tool<State> = transferTool(moving)

export const cp: Tool<State> = transferTool(copying)
