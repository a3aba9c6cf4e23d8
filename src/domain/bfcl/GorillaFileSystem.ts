/**
 * BFCL's file system: one current directory, names only (no paths), a dozen Unix commands.
 *
 * The original checks no argument's type: a wrong one runs into Python's own error at the first operation that does
 * not support it. The order of the checks here is the original's for this reason.
 */
import { remembered } from "../Memo.ts"
import { fixed, isGreater, sorted, toFloat } from "../python/Number.ts"
import { PythonError } from "../python/PythonError.ts"
import { item } from "../python/Subscript.ts"
import { length, str, stripCharacters, words } from "../python/Text.ts"
import { attributeError, contains, Dict, equals, truthy, type Value } from "../python/Value.ts"
import {
  alreadyExists,
  directoryAt,
  directoryGiven,
  entryNotFound,
  failed,
  fileGiven,
  fileNamed,
  hasForbiddenCharacter,
  invalidName,
  linesOf,
  namesIn,
  notFound,
  type State,
  textOf
} from "./FileState.ts"
import { cp, mv } from "./FileTransfer.ts"
import { Directory, File, fill, Walk } from "./FileTree.ts"
import { constant, type LongContext } from "./LongContext.ts"
import { Failure, type Tool, type Toolset } from "./Toolset.ts"

const pwd: Tool<State> = {
  name: "pwd",
  parameters: [],
  failures: [],
  run: (state) => {
    const walk = new Walk()
    const names: Array<string> = []
    for (let at: Directory | undefined = state._current_dir; at !== undefined; at = at.parent) {
      names.push(walk.read(str(at.name)))
    }
    return Dict.of({ current_working_directory: `/${names.toReversed().join("/")}` })
  }
}

const isHidden = (name: Value): boolean => {
  if (typeof name !== "string") throw attributeError(name, "startswith")
  return name.startsWith(".")
}

const ls: Tool<State> = {
  name: "ls",
  parameters: [{ name: "a", default: false }],
  failures: [],
  run: (state, all) => {
    const names = [...state._current_dir.contents.keys()]
    return Dict.of({ current_directory_content: truthy(all) ? names : names.filter((name) => !isHidden(name)) })
  }
}

const cd: Tool<State> = {
  name: "cd",
  parameters: [{ name: "folder" }],
  failures: ["path_given", "not_found", "wrong_type"],
  run: (state, given) => {
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
  run: (state, name) => {
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
  run: (state, content, name) => {
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
  run: (state, name) => {
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
  run: (state, path, name) => {
    const start = directoryAt(state, path)
    if (start === undefined) return entryNotFound("path", path, `find: '${str(path)}': No such file or directory`)
    if (typeof path !== "string") throw attributeError(path, "rstrip")
    const matches: Array<Value> = []
    const walk = new Walk()
    const search = (directory: Directory, prefix: string): void => {
      for (const [entry, item] of directory.contents.view()) {
        const at = `${prefix}/${walk.read(str(entry))}`
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
  ["c", ["characters", (file) => length(textOf(file, "__len__"))]]
])

const wc: Tool<State> = {
  name: "wc",
  parameters: [{ name: "file_name" }, { name: "mode", default: "l" }],
  failures: ["path_given", "invalid_value", "not_found", "wrong_type"],
  run: (state, name, mode) => {
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
  run: (state, name) => {
    const file = fileNamed(state, "sort", "file_name", name)
    if (file instanceof Failure) return file
    return Dict.of({ sorted_content: sorted(linesOf(file)).join("\n") })
  }
}

const grep: Tool<State> = {
  name: "grep",
  parameters: [{ name: "file_name" }, { name: "pattern" }],
  failures: ["path_given", "not_found", "wrong_type"],
  run: (state, name, pattern) => {
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

// oxlint-disable-next-line no-control-regex
const ascii = /^[\u0000-\u007f]*$/

const encoder = new TextEncoder()

const utf8Length = remembered(
  (text) => ({ bytes: ascii.test(text) ? text.length : encoder.encode(text).length }),
  { maximumTexts: 256, maximumLength: 1 << 16 }
)

const du: Tool<State> = {
  name: "du",
  parameters: [{ name: "human_readable", default: false }],
  failures: [],
  run: (state, human) => {
    const walk = new Walk()
    const sizeOf = (directory: Directory): bigint => {
      let size = 0n
      for (const [, item] of directory.contents.view()) {
        if (item instanceof File) size += BigInt(utf8Length(walk.read(textOf(item, "encode"))).bytes)
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
  run: (state, name, given) => {
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
  run: (state, name1, name2) => {
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

const rm: Tool<State> = {
  name: "rm",
  parameters: [{ name: "file_name" }],
  failures: ["path_given", "not_found"],
  run: (state, name) =>
    state._current_dir.contents.delete(name)
      ? Dict.of({ result: `'${str(name)}' removed` })
      : notFound("file_name", name, `rm: cannot remove '${str(name)}': No such file or directory`)
}

const rmdir: Tool<State> = {
  name: "rmdir",
  parameters: [{ name: "dir_name" }],
  failures: ["path_given", "not_found", "wrong_type", "not_empty"],
  run: (state, name) => {
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

const load = (config: Value, longContext: LongContext | undefined): State => {
  const long_context = longContext !== undefined
  if (!contains(config, "root")) {
    const root = new Directory("/", undefined)
    return { long_context, root, _current_dir: root }
  }
  const described = item(config, "root")
  if (!(described instanceof Dict)) throw attributeError(described, "keys")
  const swelling = longContext && {
    fileExtension: constant(longContext, "FILE_CONTENT_EXTENSION"),
    keptFiles: constant(longContext, "FILES_TAIL_USED"),
    moreFiles: constant(longContext, "POPULATE_FILE_EXTENSION")
  }
  const name = item([...described.keys()], 0n)
  const root = fill(new Directory(name, undefined), item(item(described, name), "contents"), swelling)
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
    mv,
    rm,
    rmdir,
    cp
  ],
  load,
  attributes: (state) => [
    ["long_context", state.long_context],
    ["root", state.root],
    ["_current_dir", state._current_dir]
  ],
  copier: () => (state) => {
    const root = state.root.deepCopy()
    return { ...state, root, _current_dir: root }
  },
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
