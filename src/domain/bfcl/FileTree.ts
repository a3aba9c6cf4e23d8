/**
 * Files and directories of BFCL's file system, with the sharing of Python's objects: a directory that is moved or copied
 * is a new object around the old (or a shallow copy of the old) table of entries, and entries keep the parent they had.
 */
import { exceeded } from "../python/Limits.ts"
import { add } from "../python/Number.ts"
import { PythonError } from "../python/PythonError.ts"
import { item } from "../python/Subscript.ts"
import { repr, str } from "../python/Text.ts"
import { attributeError, contains, deepCopy, Dict, equals, Instance, iterate, type Value } from "../python/Value.ts"

/** Names are mostly text, but a tool call can make an entry of any hashable value. */
export class File extends Instance {
  readonly typeName = "File"
  override readonly hashable = false
  readonly name: Value
  content: Value

  constructor(name: Value, content: Value) {
    super()
    this.name = name
    this.content = content
  }

  override deepCopy(): File {
    return new File(this.name, deepCopy(this.content))
  }

  override equals(that: Value): boolean {
    return that instanceof File && equals(this.name, that.name) && equals(this.content, that.content)
  }

  override repr(): string {
    return printFile(this, new Walk())
  }
}

export class Directory extends Instance {
  readonly typeName = "Directory"
  override readonly hashable = false
  readonly name: Value
  readonly parent: Directory | undefined
  /** Name -> `File` or `Directory`. May be shared with another directory. */
  contents: Dict

  constructor(name: Value, parent: Directory | undefined, contents: Dict = new Dict()) {
    super()
    this.name = name
    this.parent = parent
    this.contents = contents
  }

  /** The entry of that name; `.` is the directory itself, whatever is in it. */
  entry(name: Value): Value | undefined {
    return name === "." ? this : this.contents.get(name)
  }

  override deepCopy(): Directory {
    return this.copyUnder(undefined)
  }

  override freeze(): void {
    this.contents.freeze()
  }

  /** A copy of the tree whose top has this parent. Of a frozen tree only the directories are copied that are looked into. */
  private copyUnder(parent: Directory | undefined): Directory {
    const copy = new Directory(this.name, parent, this.contents)
    copy.contents = this.contents.deepCopy((entry) =>
      entry instanceof Directory ? entry.copyUnder(copy) : deepCopy(entry)
    )
    return copy
  }

  /** Same name and equal entries all the way down; parents do not matter. Throws Python's RecursionError on a cycle. */
  override equals(that: Value): boolean {
    return that instanceof Directory && equalTrees(this, that, new Walk())
  }

  /** Throws Python's RecursionError, or MemoryError, for a tree that is too deep or too large to print. */
  override repr(): string {
    return printDirectory(this, new Walk(), [])
  }
}

/** Levels of a walk at which Python gives up; entries, and characters of names and files, at which we do. */
const maximumDepth = 970
const maximumEntries = 10_000
const maximumCharacters = 1 << 22

/** How far a walk through a tree has got: copies of copies can be cyclic, or grow exponentially. */
export class Walk {
  private depth = 0
  private entries = 0
  private characters = 0

  /** Goes through the entries of a directory one level down. Throws Python's RecursionError, or MemoryError beyond our limit. */
  enter<A>(directory: Directory, visit: () => A): A {
    this.entries += directory.contents.size
    if (this.entries > maximumEntries) {
      throw exceeded("the directory has more entries", maximumEntries, "goes through")
    }
    this.depth++
    if (this.depth > maximumDepth) throw new PythonError("RecursionError", "maximum recursion depth exceeded")
    const result = visit()
    this.depth--
    return result
  }

  /** The text, which the walk has come upon. Throws Python's MemoryError when there is too much of it. */
  read(text: string): string {
    this.characters += text.length
    if (this.characters > maximumCharacters) {
      throw exceeded("the directory has more characters", maximumCharacters, "goes through")
    }
    return text
  }
}

const equalTrees = (a: Directory, b: Directory, walk: Walk): boolean =>
  equals(a.name, b.name) &&
  walk.enter(a, () => a.contents.equals(b.contents, (item, other) => equalItems(item, other, walk)))

const equalItems = (item: Value, other: Value, walk: Walk): boolean =>
  item instanceof Directory ? other instanceof Directory && equalTrees(item, other, walk) : equals(item, other)

const printFile = ({ content, name }: File, walk: Walk): string =>
  `<<File: ${walk.read(str(name))}, Content: ${walk.read(str(content))}>>`

/** `within`: the tables of entries that are being printed, of which Python prints an inner one as `{...}`. */
const printDirectory = (directory: Directory, walk: Walk, within: ReadonlyArray<Dict>): string => {
  const { contents, name, parent } = directory
  const entries = within.includes(contents) ? "..." : walk.enter(directory, () => {
    const inner = [...within, contents]
    return Array.from(contents.view(), ([key, item]) => `${repr(key)}: ${printItem(item, walk, inner)}`).join(", ")
  })
  const parentName = parent === undefined ? "None" : str(parent.name)
  return `<Directory: ${walk.read(str(name))}, Parent: ${walk.read(parentName)}, Contents: {${entries}}>`
}

const printItem = (item: Value, walk: Walk, within: ReadonlyArray<Dict>): string => {
  if (item instanceof Directory) return printDirectory(item, walk, within)
  return item instanceof File ? printFile(item, walk) : repr(item)
}

/** What the long-context category adds to a tree while it is loaded. */
export interface Swelling {
  readonly fileExtension: Value
  readonly keptFiles: Value
  readonly moreFiles: Value
}

/** Fills a directory from its configuration, entry by entry in order. Throws what Python's `_load_directory` does. */
export const fill = (directory: Directory, config: Value, swelling: Swelling | undefined): Directory => {
  if (!(config instanceof Dict)) throw attributeError(config, "items")
  let hasDirectory = false
  for (const [name, description] of config.entries()) {
    const type = item(description, "type")
    if (type === "directory") {
      hasDirectory = true
      const child = new Directory(name, directory)
      directory.contents.set(name, fill(child, item(description, "contents"), swelling))
    } else if (type === "file") {
      const content = item(description, "content")
      const swollen = swelling !== undefined && !contains(swelling.keptFiles, name)
      directory.contents.set(name, new File(name, swollen ? add(content, swelling.fileExtension, "+=") : content))
    }
  }
  if (swelling !== undefined && !hasDirectory) {
    for (const name of iterate(swelling.moreFiles)) {
      if (directory.contents.has(name)) {
        throw new PythonError(
          "ValueError",
          `File '${str(name)}' already exists in directory '${str(directory.name)}'.`
        )
      }
      directory.contents.set(name, new File(name, ""))
    }
  }
  return directory
}
