import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { encodeState } from "../../../src/domain/bfcl/Encoding.ts"
import { execute } from "../../../src/domain/bfcl/Execute.ts"
import * as LongContext from "../../../src/domain/bfcl/LongContext.ts"
import { open, type Session } from "../../../src/domain/bfcl/Session.ts"
import { PythonError } from "../../../src/domain/python/PythonError.ts"
import { Dict } from "../../../src/domain/python/Value.ts"

const file = (content: string) => ({ type: "file", content })
const directory = (contents: object) => ({ type: "directory", contents })

const session = (
  contents: object = { "a.txt": file("alpha\nbeta"), docs: directory({ "b.txt": file("x") }) }
): Session =>
  open(
    {
      classes: ["GorillaFileSystem"],
      initialConfig: JSON.stringify({ GorillaFileSystem: { root: { home: directory(contents) } } }),
      longContext: false
    },
    { name: "test" }
  )

/** Plays calls; the results' texts. */
const play = (calls: ReadonlyArray<string>, on: Session = session()): ReadonlyArray<string> =>
  calls.map((call) => execute(on, call).text)

const state = (of: Session): string => JSON.stringify(encodeState(of.instances[0]!))

const failureOf = (call: string, on: Session = session()) => execute(on, call).failure

/** The first result in a file system of this configuration, or why there is none. */
const loading = (config: unknown): string => {
  try {
    const initialConfig = JSON.stringify({ GorillaFileSystem: config })
    const world = { classes: ["GorillaFileSystem"], initialConfig, longContext: false }
    return execute(open(world, { name: "test" }), "pwd()").text
  } catch (error) {
    return error instanceof PythonError ? error.toString() : assert.fail(String(error))
  }
}

describe("GorillaFileSystem", () => {
  it("loads what the original loads, and fails where it fails", () => {
    const nowhere = "{\"current_working_directory\": \"//\"}"
    for (const config of [{}, [], "x"]) assert.strictEqual(loading(config), nowhere)
    assert.strictEqual(loading({ root: {} }), "IndexError: list index out of range")
    assert.strictEqual(loading({ root: null }), "AttributeError: 'NoneType' object has no attribute 'keys'")
    assert.strictEqual(loading({ root: { a: {} } }), "KeyError: 'contents'")
    assert.strictEqual(loading({ root: { a: 5 } }), "TypeError: 'int' object is not subscriptable")
    assert.strictEqual(
      loading({ root: { a: directory([]) } }),
      "AttributeError: 'list' object has no attribute 'items'"
    )
    assert.strictEqual(
      loading({ root: { a: directory({ b: "c" }) } }),
      "TypeError: string indices must be integers, not 'str'"
    )
    assert.strictEqual(loading(null), "TypeError: argument of type 'NoneType' is not iterable")
    assert.strictEqual(loading(5), "TypeError: argument of type 'int' is not iterable")
  })

  it("walks directories one level at a time", () => {
    assert.deepStrictEqual(
      play([
        "cd('docs')",
        "pwd()",
        "cd('..')",
        "cd('..')",
        "cd('docs/x')",
        "cd('nope')",
        "cd('a.txt')",
        "cd('docs///')",
        "cd('/')"
      ]),
      [
        "{\"current_working_directory\": \"docs\"}",
        "{\"current_working_directory\": \"/home/docs\"}",
        "{}",
        "{\"error\": \"Current directory is already the root. Cannot go back.\"}",
        "{\"error\": \"cd: docs/x: Unsupported path. Only one folder level at a time is supported.\"}",
        "{\"error\": \"cd: 'nope': No such file or directory\"}",
        "{\"error\": \"cd: 'a.txt': No such file or directory\"}",
        "{\"current_working_directory\": \"docs\"}",
        "{\"current_working_directory\": \"home\"}"
      ]
    )
  })

  it("makes, writes, reads and removes", () => {
    assert.deepStrictEqual(
      play([
        "touch('n.txt')",
        "touch('n.txt')",
        "echo('hi', 'n.txt')",
        "cat('n.txt')",
        "echo('hi', 'none.txt')",
        "echo('shown')",
        "mkdir('a/b')",
        "rmdir('docs')",
        "rm('docs')",
        "ls()",
        "cat('docs')"
      ]),
      [
        "None",
        "{\"error\": \"touch: cannot touch 'n.txt': File exists\"}",
        "None",
        "{\"file_content\": \"hi\"}",
        "{\"error\": \"echo: cannot write to 'none.txt': No such file\"}",
        "{\"terminal_output\": \"shown\"}",
        "{\"error\": \"mkdir: cannot create directory 'a/b': Invalid character\"}",
        "{\"error\": \"rmdir: cannot remove 'docs': Directory not empty\"}",
        "{\"result\": \"'docs' removed\"}",
        "{\"current_directory_content\": [\"a.txt\", \"n.txt\"]}",
        "{\"error\": \"cat: 'docs': No such file or directory\"}"
      ]
    )
  })

  it("counts, sorts, searches and compares text by Python's lines and characters", () => {
    const on = session({ f: file("b 😀\na\u2028c\n"), g: file("b 😀\nz") })
    assert.deepStrictEqual(
      play([
        "wc('f')",
        "wc('f', 'w')",
        "wc('f', 'c')",
        "wc('f', 'x')",
        "sort('f')",
        "grep('f', 'c')",
        "tail('f', 2)",
        "tail('f', 0)",
        "tail('f', -1)",
        "diff('f', 'g')",
        "du()",
        "du(True)"
      ], on),
      [
        "{\"count\": 3, \"type\": \"lines\"}",
        "{\"count\": 4, \"type\": \"words\"}",
        "{\"count\": 8, \"type\": \"characters\"}",
        "{\"error\": \"wc: invalid mode 'x'\"}",
        "{\"sorted_content\": \"a\\nb \\ud83d\\ude00\\nc\"}",
        "{\"matching_lines\": [\"c\"]}",
        "{\"last_lines\": \"a\\nc\"}",
        "{\"last_lines\": \"b \\ud83d\\ude00\\na\\nc\"}",
        "{\"last_lines\": \"a\\nc\"}",
        "{\"diff_lines\": \"- a\\n+ z\"}",
        "{\"disk_usage\": \"21 bytes\"}",
        "{\"disk_usage\": \"21.00 B\"}"
      ]
    )
  })

  it("finds by a part of the name, depth first", () => {
    assert.deepStrictEqual(play(["find()", "find('docs', 'b')", "find(path='/', name='t')", "find('nope')"]), [
      "{\"matches\": [\"./a.txt\", \"./docs\", \"./docs/b.txt\"]}",
      "{\"matches\": [\"docs/b.txt\"]}",
      "{\"matches\": [\"/a.txt\", \"/docs/b.txt\"]}",
      "{\"error\": \"find: 'nope': No such file or directory\"}"
    ])
  })

  it("moves and copies files as new objects", () => {
    assert.deepStrictEqual(
      play([
        "cp('a.txt', 'docs')",
        "cp('a.txt', 'docs')",
        "mv('a.txt', 'docs')",
        "mv('docs', 'a.txt')",
        "mv('a.txt', 'c.txt')",
        "mv('c.txt', 'x/y')",
        "mv('none', 'x')",
        "ls()"
      ]),
      [
        "{\"result\": \"'a.txt' copied to 'docs/a.txt'\"}",
        "Error during execution: File 'a.txt' already exists in directory 'docs'.",
        "{\"error\": \"mv: cannot move 'a.txt' to 'docs/a.txt': File exists\"}",
        "{\"error\": \"mv: cannot move 'docs' to 'a.txt': Not a directory\"}",
        "{\"result\": \"'a.txt' moved to 'c.txt'\"}",
        "{\"error\": \"mv: path not allowed in destination. Provide only a file or directory name.\"}",
        "{\"error\": \"mv: cannot move 'none': No such file or directory\"}",
        "{\"current_directory_content\": [\"docs\", \"c.txt\"]}"
      ]
    )
  })

  it("shares the entries of a moved directory with the ghost that they call their parent", () => {
    assert.deepStrictEqual(
      play([
        "mkdir('a')",
        "cd('a')",
        "mkdir('b')",
        "cd('..')",
        "mv('a', 'm')",
        "cd('m')",
        "cd('b')",
        "pwd()",
        "cd('..')",
        "touch('t')",
        "cd('..')",
        "find(name='t')"
      ]).slice(7),
      [
        "{\"current_working_directory\": \"/home/a/b\"}",
        "{}",
        "None",
        "{}",
        "{\"matches\": [\"./a.txt\", \"./docs/b.txt\", \"./m/t\"]}"
      ]
    )
  })

  it("ends a walk through a directory that was copied into itself", () => {
    const on = session()
    execute(on, "cp('docs', 'docs')")
    for (const call of ["find()", "du()"]) {
      const { failure, text } = execute(on, call)
      assert.match(text, /^Error during execution: maximum recursion depth exceeded/)
      assert.strictEqual(failure?.kind, "python_error")
    }
    assert.include(state(on), "$cycle")
  })

  it("says which argument fails, how, and what is needed", () => {
    const cases: ReadonlyArray<readonly [call: string, kind: string, subject: object, needs: string | undefined]> = [
      ["cat('none')", "not_found", { argument: "file_name", name: "none" }, "entry_of_this_directory"],
      ["cat('docs')", "wrong_type", { argument: "file_name", name: "docs", expected: "file" }, "current_directory"],
      [
        "sort('docs/b.txt')",
        "path_given",
        { name: "docs/b.txt", folders: ["docs"], instead: "b.txt" },
        "current_directory"
      ],
      ["cd('a.txt')", "wrong_type", { argument: "folder", name: "a.txt", expected: "directory" }, undefined],
      ["touch('a:b')", "invalid_value", { argument: "file_name", value: "a:b" }, undefined],
      ["touch('a.txt')", "already_exists", { argument: "file_name", name: "a.txt" }, undefined],
      ["rmdir('docs')", "not_empty", { argument: "dir_name", name: "docs", entries: ["b.txt"] }, "removal"],
      ["echo('x', 'none')", "not_found", { argument: "file_name", name: "none" }, "file_of_this_directory"],
      ["diff('a.txt', 'none')", "not_found", { arguments: ["file_name2"], names: ["none"] }, "entry_of_this_directory"],
      ["diff('x', 'docs')", "not_found", { arguments: ["file_name1"], names: ["x"] }, "entry_of_this_directory"],
      ["mv('a.txt', 'docs/x')", "path_given", { argument: "destination", name: "docs/x" }, undefined],
      ["wc('a.txt', 'q')", "invalid_value", { argument: "mode", value: "q", allowed: ["l", "w", "c"] }, undefined]
    ]
    const { providers } = session().instances[0]!.toolset
    for (const [call, kind, subject, needs] of cases) {
      const failure = failureOf(call)
      assert.strictEqual(failure?.kind, kind, call)
      assert.deepInclude(failure?.subject, subject, call)
      assert.strictEqual(failure?.needs, needs, call)
      if (needs !== undefined) assert.property(providers, needs)
    }
  })

  it.prop(
    "changes nothing when a call fails",
    [
      Schema.Literals(["cat", "cd", "touch", "mkdir", "rm", "rmdir", "sort", "wc"]),
      Schema.Literals(["a.txt", "docs", "none", "a/b", "a|b", "", ".", "..", "/"])
    ],
    ([tool, name]) => {
      const on = session()
      const before = state(on)
      const { failure } = execute(on, `${tool}('${name}')`)
      if (failure === undefined) return
      assert.strictEqual(state(on), before)
      assert.include(on.tools.get(tool)!.tool.failures, failure.kind)
    }
  )

  it("swells files and empty directories in the long-context category", () => {
    const longContext = LongContext.make(
      Dict.of({ FILE_CONTENT_EXTENSION: "+more", FILES_TAIL_USED: ["kept"], POPULATE_FILE_EXTENSION: ["p1", "p2"] })
    )
    const root = { home: directory({ f: file("x"), kept: file("x"), sub: directory({}) }) }
    const world = {
      classes: ["GorillaFileSystem"],
      initialConfig: JSON.stringify({ GorillaFileSystem: { root } }),
      longContext: true
    }
    const on = open(world, { name: "test", longContext })
    assert.deepStrictEqual(play(["cat('f')", "cat('kept')", "find()"], on), [
      "{\"file_content\": \"x+more\"}",
      "{\"file_content\": \"x\"}",
      "{\"matches\": [\"./f\", \"./kept\", \"./sub\", \"./sub/p1\", \"./sub/p2\"]}"
    ])
  })

  it("compares trees by kind, name and content, and not by where the current directory is", () => {
    const [a, b] = [session(), session()]
    execute(a, "cd('docs')")
    assert.deepStrictEqual(a.instances[0]!.differences(b.instances[0]), [])
    execute(a, "touch('t')")
    assert.deepStrictEqual(a.instances[0]!.differences(b.instances[0]), ["root"])
    assert.deepStrictEqual(a.instances[0]!.differences(undefined), ["long_context", "root"])
  })
})
