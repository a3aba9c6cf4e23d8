/**
 * BFCL's file system: one current directory, names only (no paths), a dozen Unix commands.
 *
 * The original checks no argument's type: a wrong one runs into Python's own error at the first operation that does
 * not support it. The order of the checks here is the original's for this reason.
 */
import { fixed, isGreater, sorted, toFloat } from "../python/Number.ts"
import { characters, splitLines, str, stripCharacters, words } from "../python/Text.ts"
import { attributeError, contains, Dict, equals, PythonError, truthy, type Value } from "../python/Value.ts"
import { asDict, Directory, File, fill, required, Walk } from "./FileTree.ts"
import { constant, type LongContext } from "./LongContext.ts"
import { Failure, type FailureKind, type Tool, type Toolset } from "./Toolset.ts"

export interface State {
  readonly long_context: boolean
  readonly root: Directory
  /** Private in the original, so the checker does not compare it. */
  _current_dir: Directory
}

const forbiddenCharacters = ["|", "/", "\\", "?", "%", "*", ":", "\"", ">", "<"]

/** The original asks for each character whether it is `in` the name, whatever the name is. */
const hasForbiddenCharacter = (name: Value): boolean => forbiddenCharacters.some((c) => contains(name, c))

const isPath = (name: Value): name is string => typeof name === "string" && name.includes("/")

/** The names between the slashes of a path. */
const namesIn = (path: string): Array<string> => path.split("/").filter((name) => name !== "" && name !== ".")

const failed = (
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

const entryNotFound = (argument: string, name: Value, error: string): Failure =>
  failed("not_found", { argument, name }, error, "entry_of_this_directory")

const notFound = (argument: string, name: Value, error: string): Failure =>
  isPath(name) ? pathGiven(argument, name, error) : entryNotFound(argument, name, error)

const directoryGiven = (
  argument: string,
  name: Value,
  standard: Failure["standard"]
): Failure =>
  new Failure("wrong_type", { argument, name, expected: "file", folders: [name] }, standard, "current_directory")

const fileGiven = (argument: string, name: Value, error: string, needs?: string): Failure =>
  failed("wrong_type", { argument, name, expected: "directory" }, error, needs)

const invalidName = (argument: string, name: Value, error: string): Failure =>
  isPath(name)
    ? pathGiven(argument, name, error)
    : failed("invalid_value", { argument, value: name, forbidden: [...forbiddenCharacters] }, error)

const alreadyExists = (argument: string, name: Value, error: string): Failure =>
  failed("already_exists", { argument, name }, error)

/** `file._read()`: a directory has no such method, and its absence is an error of Python's. */
const textOf = (file: File, method: string): string => {
  if (typeof file.content === "string") return file.content
  throw attributeError(file.content, method)
}

const linesOf = (file: File): Array<string> => splitLines(textOf(file, "splitlines"))

/** The file of that name in the current directory, or why there is none. */
const fileNamed = (state: State, command: string, argument: string, name: Value): File | Failure => {
  const item = state._current_dir.contents.has(name) ? state._current_dir.entry(name) : undefined
  if (item instanceof File) return item
  const error = `${command}: ${str(name)}: No such file or directory`
  return item === undefined
    ? notFound(argument, name, error)
    : directoryGiven(argument, name, { returned: Dict.of({ error }) })
}

/** The directory that a path leads to, `..` and empty parts not understood; undefined when it leads nowhere. */
const directoryAt = (state: State, path: Value): Directory | undefined => {
  if (path === null || path === ".") return state._current_dir
  if (path === "/") return state.root
  if (typeof path !== "string") throw attributeError(path, "strip")
  let directory = path.startsWith("/") ? state.root : state._current_dir
  for (const part of stripCharacters(path, "/").split("/")) {
    if (part === ".") continue
    const next = directory.contents.get(part)
    if (!(next instanceof Directory)) return undefined
    directory = next
  }
  return directory
}

const pwd: Tool<State> = {
  name: "pwd",
  parameters: [],
  failures: [],
  run: (state) => {
    const names: Array<string> = []
    for (let at: Directory | undefined = state._current_dir; at !== undefined; at = at.parent) {
      names.unshift(str(at.name))
    }
    return Dict.of({ current_working_directory: `/${names.join("/")}` })
  }
}

const ls: Tool<State> = {
  name: "ls",
  parameters: [{ name: "a", default: false }],
  failures: [],
  run: (state, [all = null]) => {
    const names = [...state._current_dir.contents.keys()]
    const isHidden = (name: Value): boolean => {
      if (typeof name !== "string") throw attributeError(name, "startswith")
      return name.startsWith(".")
    }
    return Dict.of({ current_directory_content: truthy(all) ? names : names.filter((name) => !isHidden(name)) })
  }
}

const cd: Tool<State> = {
  name: "cd",
  parameters: [{ name: "folder" }],
  failures: ["path_given", "not_found", "wrong_type"],
  run: (state, [given = null]) => {
    if (typeof given !== "string") throw attributeError(given, "rstrip")
    const folder = stripCharacters(given, "/", "end") || "/"
    if (folder !== "/" && folder.includes("/")) {
      return failed(
        "path_given",
        { argument: "folder", name: folder, folders: folder.startsWith("/") ? ["/"] : namesIn(folder) },
        `cd: ${folder}: Unsupported path. Only one folder level at a time is supported.`,
        "current_directory"
      )
    }
    if (folder === "..") return goUp(state)
    const directory = directoryAt(state, folder)
    if (directory !== undefined) {
      state._current_dir = directory
      return Dict.of({ current_working_directory: directory.name })
    }
    const error = `cd: '${folder}': No such file or directory`
    return state._current_dir.contents.has(folder)
      ? fileGiven("folder", folder, error)
      : entryNotFound("folder", folder, error)
  }
}

const goUp = (state: State): Value | Failure => {
  const { parent } = state._current_dir
  if (parent !== undefined) {
    state._current_dir = parent
    return new Dict()
  }
  const error = equals(state._current_dir, state.root)
    ? "Current directory is already the root. Cannot go back."
    : "cd: ..: No such directory"
  return failed("not_found", { argument: "folder", name: ".." }, error)
}

/** `mkdir` and `touch`: makes an entry of a name that is free. */
const make = (
  command: string,
  verb: string,
  argument: string,
  create: (name: Value, parent: Directory) => File | Directory
): Tool<State> => ({
  name: command,
  parameters: [{ name: argument }],
  failures: ["path_given", "invalid_value", "already_exists"],
  run: (state, [name = null]) => {
    if (hasForbiddenCharacter(name)) {
      return invalidName(argument, name, `${command}: cannot ${verb} '${str(name)}': Invalid character`)
    }
    const { contents } = state._current_dir
    if (contents.has(name)) {
      return alreadyExists(argument, name, `${command}: cannot ${verb} '${str(name)}': File exists`)
    }
    contents.set(name, create(name, state._current_dir))
    return null
  }
})

const mkdir = make("mkdir", "create directory", "dir_name", (name, parent) => new Directory(name, parent))

const touch = make("touch", "touch", "file_name", (name) => new File(name, ""))

const echo: Tool<State> = {
  name: "echo",
  parameters: [{ name: "content" }, { name: "file_name", default: null }],
  failures: ["path_given", "invalid_value", "not_found", "wrong_type"],
  run: (state, [content = null, name = null]) => {
    if (name === null || name === "") return Dict.of({ terminal_output: content })
    if (hasForbiddenCharacter(name)) {
      return invalidName("file_name", name, `echo: cannot write to '${str(name)}': Invalid character`)
    }
    const { contents } = state._current_dir
    if (!contents.has(name)) {
      return failed(
        "not_found",
        { argument: "file_name", name },
        `echo: cannot write to '${str(name)}': No such file`,
        "file_of_this_directory"
      )
    }
    const item = state._current_dir.entry(name)
    if (!(item instanceof File)) {
      return directoryGiven("file_name", name, { raised: "'Directory' object has no attribute '_write'" })
    }
    item.content = content
    return null
  }
}

const cat: Tool<State> = {
  name: "cat",
  parameters: [{ name: "file_name" }],
  failures: ["path_given", "invalid_value", "not_found", "wrong_type"],
  run: (state, [name = null]) => {
    if (hasForbiddenCharacter(name)) {
      return invalidName("file_name", name, `cat: '${str(name)}': Invalid character`)
    }
    if (!state._current_dir.contents.has(name)) {
      return notFound("file_name", name, `cat: '${str(name)}': No such file or directory`)
    }
    const item = state._current_dir.entry(name)
    return item instanceof File
      ? Dict.of({ file_content: item.content })
      : directoryGiven("file_name", name, { returned: Dict.of({ error: `cat: '${str(name)}': Is a directory` }) })
  }
}

const find: Tool<State> = {
  name: "find",
  parameters: [{ name: "path", default: "." }, { name: "name", default: null }],
  failures: ["not_found"],
  run: (state, [path = null, name = null]) => {
    const start = directoryAt(state, path)
    if (start === undefined) return entryNotFound("path", path, `find: '${str(path)}': No such file or directory`)
    if (typeof path !== "string") throw attributeError(path, "rstrip")
    const matches: Array<Value> = []
    const walk = new Walk()
    const search = (directory: Directory, prefix: string): void => {
      for (const [entry, item] of directory.contents.entries()) {
        const at = `${prefix}/${str(entry)}`
        if (name === null || contains(entry, name)) matches.push(at)
        if (item instanceof Directory) walk.enter(item, () => search(item, at))
      }
    }
    search(start, stripCharacters(path, "/", "end"))
    return Dict.of({ matches })
  }
}

/** What `wc` counts under each mode. */
const counts = new Map<Value, readonly [type: string, count: (file: File) => number]>([
  ["l", ["lines", (file) => linesOf(file).length]],
  ["w", ["words", (file) => words(textOf(file, "split")).length]],
  ["c", ["characters", (file) => characters(textOf(file, "__len__")).length]]
])

const wc: Tool<State> = {
  name: "wc",
  parameters: [{ name: "file_name" }, { name: "mode", default: "l" }],
  failures: ["path_given", "invalid_value", "not_found", "wrong_type"],
  run: (state, [name = null, mode = null]) => {
    const counted = counts.get(mode)
    if (counted === undefined) {
      return failed(
        "invalid_value",
        { argument: "mode", value: mode, allowed: [...counts.keys()] },
        `wc: invalid mode '${str(mode)}'`
      )
    }
    const file = fileNamed(state, "wc", "file_name", name)
    if (file instanceof Failure) return file
    const [type, count] = counted
    return Dict.of({ count: BigInt(count(file)), type })
  }
}

const sort: Tool<State> = {
  name: "sort",
  parameters: [{ name: "file_name" }],
  failures: ["path_given", "not_found", "wrong_type"],
  run: (state, [name = null]) => {
    const file = fileNamed(state, "sort", "file_name", name)
    if (file instanceof Failure) return file
    return Dict.of({ sorted_content: sorted(linesOf(file)).join("\n") })
  }
}

const grep: Tool<State> = {
  name: "grep",
  parameters: [{ name: "file_name" }, { name: "pattern" }],
  failures: ["path_given", "not_found", "wrong_type"],
  run: (state, [name = null, pattern = null]) => {
    const file = fileNamed(state, "grep", "file_name", name)
    if (file instanceof Failure) return file
    return Dict.of({ matching_lines: linesOf(file).filter((line) => contains(line, pattern)) })
  }
}

const byteUnits = ["B", "KB", "MB", "GB", "TB"]

const humanReadable = (bytes: bigint): string => {
  let size = toFloat(bytes)
  for (const unit of byteUnits) {
    if (size < 1024) return `${fixed(size, 2)} ${unit}`
    size /= 1024
  }
  return `${fixed(size, 2)} PB`
}

const du: Tool<State> = {
  name: "du",
  parameters: [{ name: "human_readable", default: false }],
  failures: [],
  run: (state, [human = null]) => {
    const encoder = new TextEncoder()
    const walk = new Walk()
    const sizeOf = (directory: Directory): bigint => {
      let size = 0n
      for (const item of directory.contents.values()) {
        if (item instanceof File) size += BigInt(encoder.encode(textOf(item, "encode")).length)
        else if (item instanceof Directory) size += walk.enter(item, () => sizeOf(item))
      }
      return size
    }
    const size = sizeOf(state._current_dir)
    return Dict.of({ disk_usage: truthy(human) ? humanReadable(size) : `${size} bytes` })
  }
}

const tail: Tool<State> = {
  name: "tail",
  parameters: [{ name: "file_name" }, { name: "lines", default: 10n }],
  failures: ["path_given", "not_found", "wrong_type"],
  run: (state, [name = null, given = null]) => {
    const file = fileNamed(state, "tail", "file_name", name)
    if (file instanceof Failure) return file
    const lines = linesOf(file)
    const count = isGreater(given, BigInt(lines.length)) ? BigInt(lines.length) : given
    if (typeof count !== "bigint" && typeof count !== "boolean") {
      throw new PythonError("TypeError", "slice indices must be integers or None or have an __index__ method")
    }
    // `lines[-0:]` is everything, and a negative count leaves out the first ones.
    return Dict.of({ last_lines: lines.slice(Math.max(-lines.length, -Number(count))).join("\n") })
  }
}

const diff: Tool<State> = {
  name: "diff",
  parameters: [{ name: "file_name1" }, { name: "file_name2" }],
  failures: ["path_given", "not_found", "wrong_type"],
  run: (state, [name1 = null, name2 = null]) => {
    const error = `diff: ${str(name1)} or ${str(name2)}: No such file or directory`
    const file1 = fileNamed(state, "diff", "file_name1", name1)
    // The original does not look at the second name when the first one fails, so that one may even be unhashable.
    const file2 = file1 instanceof Failure && !isHashable(name2) ? file1 : fileNamed(state, "diff", "file_name2", name2)
    if (file1 instanceof Failure || file2 instanceof Failure) {
      const failures = [file1, file2].filter((file) => file instanceof Failure)
      return diffFailure([...new Set(failures)], error)
    }
    const lines1 = linesOf(file1)
    const lines2 = linesOf(file2)
    const differing = lines1.slice(0, lines2.length).flatMap((line, i) =>
      line === lines2[i] ? [] : [`- ${line}\n+ ${lines2[i]}`]
    )
    return Dict.of({ diff_lines: differing.join("\n") })
  }
}

const isHashable = (name: Value): boolean => typeof name !== "object" || name === null

/** The worst failure decides the kind; its subject says which of the arguments fail so. */
const diffFailure = (failures: ReadonlyArray<Failure>, error: string): Failure => {
  const worst = failures.find(({ kind }) => kind === "path_given") ??
    failures.find(({ kind }) => kind === "not_found") ??
    failures[0]!
  const alike = failures.filter(({ kind }) => kind === worst.kind)
  return failed(
    worst.kind,
    {
      ...worst.subject,
      arguments: alike.map(({ subject }) => subject["argument"] ?? null),
      names: alike.map(({ subject }) => subject["name"] ?? null)
    },
    error,
    worst.needs
  )
}

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

const transferTool = (transfer: Transfer): Tool<State> => ({
  name: transfer.command,
  parameters: [{ name: "source" }, { name: "destination" }],
  failures: ["path_given", "not_found", "already_exists", "wrong_type"],
  run: (state, [source = null, destination = null]) => {
    const here = state._current_dir
    const cannot = `${transfer.command}: cannot ${transfer.verb} '${str(source)}'`
    if (!here.contents.has(source)) return notFound("source", source, `${cannot}: No such file or directory`)
    const item = here.entry(source)
    if (!(item instanceof File) && !(item instanceof Directory)) {
      return notFound("source", source, `${cannot}: No such file or directory`)
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
      return fileGiven("destination", destination, `${cannot} to '${str(destination)}': Not a directory`)
    }
    return transferInto(transfer, state, item, source, destination, target, cannot)
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
  target: Directory,
  cannot: string
): Value | Failure => {
  const path = `${str(destination)}/${str(source)}`
  const clash = { argument: "destination", name: path, source, destination }
  if (target.contents.has(transfer.removes ? str(source) : path)) {
    return failed("already_exists", clash, `${cannot} to '${path}': File exists`)
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

const rm: Tool<State> = {
  name: "rm",
  parameters: [{ name: "file_name" }],
  failures: ["path_given", "not_found"],
  run: (state, [name = null]) =>
    state._current_dir.contents.delete(name)
      ? Dict.of({ result: `'${str(name)}' removed` })
      : notFound("file_name", name, `rm: cannot remove '${str(name)}': No such file or directory`)
}

const rmdir: Tool<State> = {
  name: "rmdir",
  parameters: [{ name: "dir_name" }],
  failures: ["path_given", "not_found", "wrong_type", "not_empty"],
  run: (state, [name = null]) => {
    const cannot = `rmdir: cannot remove '${str(name)}'`
    if (!state._current_dir.contents.has(name)) {
      return notFound("dir_name", name, `${cannot}: No such file or directory`)
    }
    const item = state._current_dir.entry(name)
    if (!(item instanceof Directory)) return fileGiven("dir_name", name, `${cannot}: Not a directory`, "removal")
    if (item.contents.size > 0) {
      return failed(
        "not_empty",
        { argument: "dir_name", name, entries: [...item.contents.keys()] },
        `${cannot}: Directory not empty`,
        "removal"
      )
    }
    state._current_dir.contents.delete(name)
    return Dict.of({ result: `'${str(name)}' removed` })
  }
}

const load = (config: Dict, longContext: LongContext | undefined): State => {
  const long_context = longContext !== undefined
  const described = config.get("root")
  const first = described === undefined ? undefined : [...asDict(described, "root").entries()][0]
  if (first === undefined) {
    const root = new Directory("/", undefined)
    return { long_context, root, _current_dir: root }
  }
  const swelling = longContext && {
    fileExtension: constant(longContext, "FILE_CONTENT_EXTENSION"),
    keptFiles: constant(longContext, "FILES_TAIL_USED"),
    moreFiles: constant(longContext, "POPULATE_FILE_EXTENSION")
  }
  const [name, description] = first
  const contents = asDict(required(asDict(description, "contents"), "contents"), "contents")
  const root = fill(new Directory(name, undefined), contents, swelling)
  return { long_context, root, _current_dir: root }
}

export const GorillaFileSystem: Toolset<State> = {
  name: "GorillaFileSystem",
  tools: [
    pwd,
    ls,
    cd,
    mkdir,
    touch,
    echo,
    cat,
    find,
    wc,
    sort,
    grep,
    du,
    tail,
    diff,
    transferTool(moving),
    rm,
    rmdir,
    transferTool(copying)
  ],
  load,
  attributes: (state) => [
    ["long_context", state.long_context],
    ["root", state.root],
    ["_current_dir", state._current_dir]
  ],
  equalStates: (a, b) => a.long_context === b.long_context && a.root.equals(b.root),
  providers: {
    /** The name of something in the current directory. */
    entry_of_this_directory: [
      { tool: "find", from: { name: "name" } },
      { tool: "cd", arguments: { folder: ".." } },
      { tool: "ls", arguments: { a: true } }
    ],
    /** Being in the directory that a path leads to. */
    current_directory: [{ tool: "cd", from: { folder: "folders" } }],
    /** A file to write to. */
    file_of_this_directory: [{ tool: "touch", from: { file_name: "name" } }],
    /** The end of an entry, whatever it is and holds. */
    removal: [{ tool: "rm", from: { file_name: "name" } }]
  }
}
