import { assert, describe, it } from "@effect/vitest"
import { builtin } from "../../../src/domain/python/Builtins.ts"
import { compile } from "../../../src/domain/python/Compile.ts"
import { evaluate, type Scope } from "../../../src/domain/python/Evaluate.ts"
import { PythonError } from "../../../src/domain/python/PythonError.ts"
import { str } from "../../../src/domain/python/Text.ts"
import { Dict } from "../../../src/domain/python/Value.ts"

const scope: Scope = (name) => name === "given" ? Dict.of({ text: "a b", items: [1n, 2.5] }) : builtin(name)

const result = (source: string): string => {
  try {
    return str(evaluate(compile(source), scope))
  } catch (error) {
    return error instanceof PythonError ? `${error.type}: ${error.message}` : `not a PythonError: ${String(error)}`
  }
}

/** The rows that differ from what CPython 3.11.7 answers. */
const differing = (rows: ReadonlyArray<readonly [source: string, expected: string]>) =>
  rows.map(([source, expected]) => ({ source, expected, got: result(source) })).filter(({ expected, got }) =>
    got !== expected
  )

describe("evaluate", () => {
  it("evaluates literals, operators and containers", () => {
    const rows = differing([
      ["1 + 2 * 3 - 7 // 2", "4"],
      ["2 ** 10, 7 % 3, 1 / 4, ~5, 1 << 4", "(1024, 1, 0.25, -6, 16)"],
      ["not 1 or None", "None"],
      ["1 < 2 < 3 != 4", "True"],
      ["'b' in 'abc' and 1 in [1.0]", "True"],
      ["'ab' * 2 + 'c'", "ababc"],
      ["{'a': 1, **{'b': 2}}", "{'a': 1, 'b': 2}"],
      ["[*'ab', *[1]]", "['a', 'b', 1]"],
      ["{2, 1, 1}", "{1, 2}"],
      ["b'by\\x00tes'", "b'by\\x00tes'"],
      ["2j", "2j"],
      ["1 if [] else 2", "2"],
      ["(x := 3) + x", "6"]
    ])
    assert.deepStrictEqual(rows, [])
  })

  it("takes items, slices and attributes", () => {
    const rows = differing([
      ["given['items'][-1]", "2.5"],
      ["'héllo'[1:4], [1, 2, 3][::-1]", "('éll', [3, 2, 1])"],
      ["given['text'].split()", "['a', 'b']"],
      ["', '.join(['a', 'b']).upper()", "A, B"],
      ["given.get('none', 0)", "0"],
      ["'{} is {n:.1f}'.format('x', n=2.55)", "x is 2.5"],
      ["{'a': 1}.keys()", "dict_keys(['a'])"],
      ["'abc'['a']", "TypeError: string indices must be integers, not 'str'"],
      ["[1][5]", "IndexError: list index out of range"],
      ["{}['a']", "KeyError: 'a'"],
      ["None[0]", "TypeError: 'NoneType' object is not subscriptable"],
      ["(1).x", "AttributeError: 'int' object has no attribute 'x'"]
    ])
    assert.deepStrictEqual(rows, [])
  })

  it("evaluates comprehensions, lambdas and f-strings", () => {
    const rows = differing([
      ["[x * y for x in [1, 2] if x > 1 for y in (3, 4)]", "[6, 8]"],
      ["{k: v for k, v in [('a', 1)]}", "{'a': 1}"],
      ["sorted(['b', 'a'], key=lambda t: t, reverse=True)", "['b', 'a']"],
      ["f'{1 + 1:>3}|{\"x\"!r}|{3.14159:.2f}|{{}}'", "  2|'x'|3.14|{}"],
      ["[a for a, b in [1]]", "TypeError: cannot unpack non-iterable int object"]
    ])
    assert.deepStrictEqual(rows, [])
  })

  it("knows the builtins, and what they say of wrong arguments", () => {
    const rows = differing([
      ["len('abc'), sum([1, 2]), max([1, 5]), round(2.5), abs(-1)", "(3, 3, 5, 2, 1)"],
      ["len(obj='x')", "TypeError: len() takes no keyword arguments"],
      ["len()", "TypeError: len() takes exactly one argument (0 given)"],
      ["sum(numbers=[1])", "TypeError: sum() takes at least 1 positional argument (0 given)"],
      ["max(a=1)", "TypeError: max expected at least 1 argument, got 0"],
      ["print(content='x')", "TypeError: 'content' is an invalid keyword argument for print()"],
      ["open(file='/x')", "FileNotFoundError: [Errno 2] No such file or directory: '/x'"],
      ["sorted(file_name='x')", "TypeError: sorted expected 1 argument, got 0"],
      ["isinstance(1)", "TypeError: isinstance expected 2 arguments, got 1"],
      ["int('x')", "ValueError: invalid literal for int() with base 10: 'x'"],
      ["next(1)", "TypeError: 'int' object is not an iterator"],
      ["range(0, 6, 2), slice(1)", "(range(0, 6, 2), slice(None, 1, None))"],
      ["type(1), len", "(<class 'int'>, <built-in function len>)"],
      ["'x'()", "TypeError: 'str' object is not callable"],
      ["len(*5)", "TypeError: len() argument after * must be an iterable, not int"]
    ])
    assert.deepStrictEqual(rows, [])
  })

  it("refuses what CPython's compiler refuses", () => {
    const rows = differing([
      ["f(a=1, a=2)", "SyntaxError: keyword argument repeated: a (<string>, line 1)"],
      ["(yield)", "SyntaxError: 'yield' outside function (<string>, line 1)"],
      ["nope", "NameError: name 'nope' is not defined"],
      [" \t1", "1"],
      ["", "SyntaxError: invalid syntax (<string>, line 0)"]
    ])
    assert.deepStrictEqual(rows, [])
  })

  it("gives up on expressions that would not end", () => {
    for (
      const source of [
        "[x for x in range(10**9)]",
        "[1 for x in range(90000) for y in range(90000)]",
        "10 ** 10 ** 10",
        "'a' * 10 ** 12",
        "1+".repeat(3000) + "1",
        "(lambda f: f(f))(lambda f: f(f))"
      ]
    ) assert.match(result(source), /^(?:MemoryError|RuntimeError|RecursionError): /, source)
  })
})
