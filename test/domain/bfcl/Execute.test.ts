import { assert, describe, it } from "@effect/vitest"
import { Arbitrary } from "effect"
import { encodeState } from "../../../src/domain/bfcl/Encoding.ts"
import { execute, executeJson } from "../../../src/domain/bfcl/Execute.ts"
import { callText } from "../../../src/domain/bfcl/LiteralCall.ts"
import { open, type Session } from "../../../src/domain/bfcl/Session.ts"
import { classNames } from "../../../src/domain/bfcl/Toolsets.ts"
import { Dict } from "../../../src/domain/python/Value.ts"
import { jsonValue, text } from "../python/values.ts"

const world = {
  classes: ["GorillaFileSystem", "MessageAPI"],
  initialConfig: JSON.stringify({
    GorillaFileSystem: {
      root: { home: { type: "directory", contents: { "a.txt": { type: "file", content: "alpha" } } } }
    }
  }),
  longContext: false
}

const session = (): Session => open(world, { name: "oracle_exec-1.x" })

const result = (call: string, on: Session = session()): string => execute(on, call).text

describe("the text of a result", () => {
  it("is a string itself, JSON of a dictionary, and Python's repr of anything else", () => {
    for (
      const [call, expected] of [
        ["'str'", "str"],
        ["{'a': 1, 2: 3.0, None: 'é'}", "{\"a\": 1, \"2\": 3.0, \"null\": \"\\u00e9\"}"],
        ["{'a': {1}}", "{'a': {1}}"],
        ["[1, 2.0, 'x', None, True]", "[1, 2.0, 'x', None, True]"],
        ["(1,)", "(1,)"],
        ["...", "Ellipsis"],
        ["touch('new')", "None"]
      ] as const
    ) assert.strictEqual(result(call), expected, call)
  })

  it("tells of an integer that is too long to print after the tool has run", () => {
    assert.include(result("echo(10 ** 5000)"), "Error during execution: Exceeds the limit (4300 digits)")
  })
})

describe("rewriting", () => {
  it("drops white space before a parenthesis and puts the instance before a tool, in strings, too", () => {
    for (
      const [call, expected] of [
        ["echo(content='call me (maybe)')", "call me(maybe)"],
        ["echo(content='use cat (f)')", "use oracle_exec_1_x_GorillaFileSystem_instance.cat(f)"],
        ["echo(content='list_users()')", "oracle_exec_1_x_MessageAPI_instance.list_users()"],
        ["echo(content='123abc (z)')", "123abc (z)"],
        ["echo(content='naïve (z)')", "naïve(z)"],
        ["echo(content='é (z)')", "é (z)"],
        ["echo(content='line\\n (z)')", "line\n(z)"],
        ["  echo  (content='x')", "x"]
      ] as const
    ) {
      assert.strictEqual(
        execute(session(), call).text,
        JSON.stringify({ terminal_output: expected }).replace("{\"terminal_output\":", "{\"terminal_output\": ")
          .replaceAll(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
        call
      )
    }
  })

  it("applies to JSON calls as to their text", () => {
    const { text: shown } = executeJson(session(), "echo", Dict.of({ content: "cat (f)" }))
    assert.strictEqual(shown, "{\"terminal_output\": \"oracle_exec_1_x_GorillaFileSystem_instance.cat(f)\"}")
  })
})

describe("calls that do not succeed", () => {
  it("come with the kind of failure", () => {
    for (
      const [call, kind, expected] of [
        ["nope(a=1)", "unknown_tool", "name 'nope' is not defined"],
        ["cat", "python_error", "name 'cat' is not defined"],
        ["os.system('x')", "unknown_tool", "name 'os' is not defined"],
        ["copy(source='a')", "unknown_tool", "'module' object is not callable"],
        ["len(obj='x')", "unknown_tool", "len() takes no keyword arguments"],
        ["os.remove('x')", "forbidden", "Function call remove is not allowed."],
        ["quit", "forbidden", "Function call quit is not allowed."],
        ["a.b.run()", "unknown_tool", "name 'a' is not defined"],
        ["cat(file_name='x'", "syntax_error", "'(' was never closed (<string>, line 1)"],
        ["cd(folder='a', class='x')", "syntax_error", "invalid syntax (<string>, line 1)"],
        [
          "grep()",
          "missing_argument",
          "GorillaFileSystem.grep() missing 2 required positional arguments: 'file_name' and 'pattern'"
        ],
        ["pwd(1, x=1)", "unexpected_argument", "GorillaFileSystem.pwd() got an unexpected keyword argument 'x'"],
        [
          "wc('a.txt', file_name='b')",
          "duplicate_argument",
          "GorillaFileSystem.wc() got multiple values for argument 'file_name'"
        ],
        [
          "ls(1, 2, 3)",
          "too_many_arguments",
          "GorillaFileSystem.ls() takes from 1 to 2 positional arguments but 4 were given"
        ],
        ["echo('\0')", "syntax_error", "source code string cannot contain null bytes"],
        [
          "echo('😀\ud83d')",
          "python_error",
          "'utf-8' codec can't encode character '\\ud83d' in position 50: surrogates not allowed"
        ],
        [
          " echo('\0\ud83d\ud83d')",
          "python_error",
          "'utf-8' codec can't encode characters in position 51-52: surrogates not allowed"
        ],
        ["cat(file_name=0)", "python_error", "argument of type 'int' is not iterable"],
        ["cat(file_name=nan)", "python_error", "name 'nan' is not defined"],
        [
          "cd(*5)",
          "python_error",
          "bfcl_eval.eval_checker.multi_turn_eval.func_source_code.gorilla_file_system.GorillaFileSystem.cd() argument after * must be an iterable, not int"
        ]
      ] as const
    ) {
      const outcome = execute(session(), call)
      assert.strictEqual(outcome.text, `Error during execution: ${expected}`, call)
      assert.strictEqual(outcome.failure?.kind, kind, call)
      assert.isUndefined(outcome.value, call)
    }
  })

  it("name the tool, and return what the tool returns", () => {
    const outcome = execute(session(), "cat('none')")
    assert.strictEqual(outcome.tool, "cat")
    assert.strictEqual(outcome.toolset, "GorillaFileSystem")
    assert.strictEqual(outcome.failure?.kind, "not_found")
    assert.instanceOf(outcome.value, Dict)
  })

  it("raise before the tool runs when arguments do not fit", () => {
    const on = session()
    const before = JSON.stringify(encodeState(on.instances[0]!))
    execute(on, "touch('x', 'y')")
    assert.strictEqual(JSON.stringify(encodeState(on.instances[0]!)), before)
  })
})

describe("an argument called self", () => {
  it("is one that every method has already, called by text or by JSON", () => {
    const all = open({ classes: classNames, initialConfig: "{}", longContext: false }, { name: "self" })
    for (const [name, { classIndex, tool }] of all.tools) {
      const qualified = `${all.instances[classIndex]!.toolset.name}.${name}()`
      const expected = `Error during execution: ${qualified} got multiple values for argument 'self'`
      for (const call of [`${name}(self=1)`, `${name}(self=1, zzz=1)`, `${name}(1, 2, 3, 4, 5, 6, 7, 8, 9, self=1)`]) {
        assert.strictEqual(result(call, all), expected)
      }
      assert.strictEqual(executeJson(all, name, Dict.of({ self: 1n })).text, expected)
      const given = Dict.from(tool.parameters.map((parameter) => [parameter.name, 1n] as const))
      given.set("self", 1n)
      assert.strictEqual(executeJson(all, name, given).text, expected)
    }
    assert.strictEqual(execute(all, "pwd(self=1)").failure?.kind, "unexpected_argument")
  })
})

describe("nested calls", () => {
  it("pass results on, inner first, and report the last tool", () => {
    const on = session()
    assert.strictEqual(
      result("echo(content=cat('a.txt')['file_content'].upper() + '!')", on),
      "{\"terminal_output\": \"ALPHA!\"}"
    )
    assert.strictEqual(execute(on, "echo(content=pwd())").tool, "echo")
    const outcome = execute(on, "echo(content=cat('none')['file_content'])")
    assert.strictEqual(outcome.text, "Error during execution: 'file_content'")
    assert.strictEqual(outcome.failure?.kind, "python_error")
  })
})

describe("JSON calls", () => {
  it("fail in the evaluator where their text would", () => {
    for (
      const [name, given, expected] of [
        ["cd", { "x y": 1n }, "invalid syntax. Perhaps you forgot a comma? (<string>, line 1)"],
        ["cd", { folder: Infinity }, "name 'inf' is not defined"],
        ["no tool", {}, "invalid syntax (<string>, line 1)"],
        ["nope", { a: 1n }, "name 'nope' is not defined"],
        ["run", {}, "Function call run is not allowed."],
        ["cd", {}, "GorillaFileSystem.cd() missing 1 required positional argument: 'folder'"]
      ] as const
    ) assert.strictEqual(executeJson(session(), name, Dict.of(given)).text, `Error during execution: ${expected}`, name)
  })

  it.prop("are equal to the call that their repr makes", [Arbitrary.all([jsonValue, text])], ([[content, key]]) => {
    for (const given of [Dict.of({ content }), Dict.from([[key, content]])]) {
      const [one, other] = [session(), session()]
      assert.strictEqual(executeJson(one, "echo", given).text, execute(other, callText("echo", given)).text)
    }
  })
})

describe("repeated texts", () => {
  it("do not share arguments that a tool may keep", () => {
    const on = session()
    execute(on, "touch('f')")
    execute(on, "echo(content=['x'], file_name='f')")
    const first = execute(on, "cat('f')").value
    execute(on, "echo(content=['x'], file_name='f')")
    const second = execute(on, "cat('f')").value
    assert.instanceOf(first, Dict)
    assert.instanceOf(second, Dict)
    if (first instanceof Dict && second instanceof Dict) {
      assert.notStrictEqual(first.get("file_content"), second.get("file_content"))
    }
  })

  it("are bound anew in another world", () => {
    const files = open({ ...world, classes: ["GorillaFileSystem"] }, { name: "a" })
    const messages = open({ ...world, classes: ["MessageAPI"] }, { name: "b" })
    assert.strictEqual(result("pwd()", files), "{\"current_working_directory\": \"/home\"}")
    assert.strictEqual(result("pwd()", messages), "Error during execution: name 'pwd' is not defined")
    assert.strictEqual(result("pwd()", files), "{\"current_working_directory\": \"/home\"}")
  })
})

describe("a call that asks for too much", () => {
  it("ends in an exception that names the limit", () => {
    for (
      const [call, expected] of [
        [`echo('${"a".repeat(40_000)}')`, "the call has more characters than the 32768 that envtune reads"],
        [`echo([${"1,".repeat(5000)}])`, "the call has more tokens than the 4096 that envtune reads"],
        [`echo(f'${"{1}".repeat(200)}')`, "the call has more replacement fields than the 128 that envtune reads"],
        ["echo([x for x in range(1000) for y in range(1000)])", "the call takes more steps than the 20000 that"],
        ["echo('a' * 10**9)", "the text has more characters than the 65536 that envtune puts together"],
        ["echo([0] * 10**9)", "the sequence has more items than the 8192 that envtune puts together"],
        ["echo(10**10**10)", "the integer has more bits than the 65536 that envtune computes"]
      ] as const
    ) assert.include(result(call), `Error during execution: ${expected}`)
  })

  it("goes by what a JSON call would be as text", () => {
    const [few, many] = [4000, 5000].map((length) => Dict.of({ content: Array.from({ length }, () => 1n) }))
    assert.match(executeJson(session(), "echo", few!).text, /^\{"terminal_output": \[1, 1/)
    assert.include(executeJson(session(), "echo", many!).text, "the call has more characters than the 32768")
  })

  it("ends a walk through directories that double again and again", () => {
    const on = session()
    execute(on, "mkdir('a')")
    for (let i = 0; i < 20; i++) {
      for (const call of ["mkdir('n')", "cp('a', 'n')", "mv('a', 'b')", "cp('b', 'n')", "rm('b')", "mv('n', 'a')"]) {
        execute(on, call)
      }
    }
    for (const call of ["find()", "du()"]) {
      assert.include(result(call, on), "the directory has more entries than the 10000 that envtune goes through")
    }
    assert.strictEqual(result("pwd()", on), "{\"current_working_directory\": \"/home\"}")
  })
})
