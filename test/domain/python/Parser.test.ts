import { assert, describe, it } from "@effect/vitest"
import { parseSource } from "../../../src/domain/python/Compile.ts"
import { parse } from "../../../src/domain/python/Parser.ts"
import { PythonError } from "../../../src/domain/python/PythonError.ts"
import { repr } from "../../../src/domain/python/Text.ts"
import { unparse } from "../../../src/domain/python/Unparse.ts"
import { jsonValue, text } from "./values.ts"

const failure = (source: string): string => {
  try {
    return unparse(parseSource(source, "<unknown>"))
  } catch (error) {
    return error instanceof PythonError ? `${error.type}: ${error.message}` : `not a PythonError: ${String(error)}`
  }
}

/** CPython 3.11.7's errors, recorded from `ast.parse(source, mode="eval")`. */
const errors: ReadonlyArray<readonly [source: string, message: string]> = [
  ["", "invalid syntax (<unknown>, line 0)"],
  ["\n", "invalid syntax (<unknown>, line 1)"],
  ["x = 1", "invalid syntax (<unknown>, line 1)"],
  ["f(a=1);", "invalid syntax (<unknown>, line 1)"],
  ["f()\ng()", "invalid syntax (<unknown>, line 2)"],
  ["f(a=, b=1)", "invalid syntax (<unknown>, line 1)"],
  ["f(class='x')", "invalid syntax (<unknown>, line 1)"],
  ["f(a=$5)", "invalid syntax (<unknown>, line 1)"],
  ["[c d]", "invalid syntax (<unknown>, line 1)"],
  ["[lsx d]", "invalid syntax. Perhaps you forgot a comma? (<unknown>, line 1)"],
  ["f(a=1 b=2)", "invalid syntax. Perhaps you forgot a comma? (<unknown>, line 1)"],
  ["f(a=1, 2)", "positional argument follows keyword argument (<unknown>, line 1)"],
  ["f(**a, 2)", "positional argument follows keyword argument unpacking (<unknown>, line 1)"],
  ["f(**a, *b)", "iterable argument unpacking follows keyword argument unpacking (<unknown>, line 1)"],
  ["f(x-y=2)", "expression cannot contain assignment, perhaps you meant \"==\"? (<unknown>, line 1)"],
  ["f(None=2)", "cannot assign to None (<unknown>, line 1)"],
  ["f(x for x in y, 1)", "Generator expression must be parenthesized (<unknown>, line 1)"],
  ["[a=1]", "invalid syntax. Maybe you meant '==' or ':=' instead of '='? (<unknown>, line 1)"],
  ["[f()=1]", "cannot assign to function call here. Maybe you meant '==' instead of '='? (<unknown>, line 1)"],
  ["[a.b := 1]", "cannot use assignment expressions with attribute (<unknown>, line 1)"],
  ["[x for f() in y]", "cannot assign to function call (<unknown>, line 1)"],
  ["[a, b for a in c]", "did you forget parentheses around the comprehension target? (<unknown>, line 1)"],
  ["(*a)", "cannot use starred expression here (<unknown>, line 1)"],
  ["{1: *a}", "cannot use a starred expression in a dictionary value (<unknown>, line 1)"],
  ["{1: 2, 3}", "':' expected after dictionary key (<unknown>, line 1)"],
  ["{1:}", "expression expected after dictionary key and ':' (<unknown>, line 1)"],
  ["(1 if 2)", "expected 'else' after 'if' expression (<unknown>, line 1)"],
  ["print 1", "Missing parentheses in call to 'print'. Did you mean print(...)? (<unknown>, line 1)"],
  ["f(a=1", "'(' was never closed (<unknown>, line 1)"],
  ["f(a b", "'(' was never closed (<unknown>, line 1)"],
  ["f(\na b", "'(' was never closed (<unknown>, line 1)"],
  ["f(a=1))", "unmatched ')' (<unknown>, line 1)"],
  ["f(a=[1)", "closing parenthesis ')' does not match opening parenthesis '[' (<unknown>, line 1)"],
  ["f(a=[\n1)", "closing parenthesis ')' does not match opening parenthesis '[' on line 1 (<unknown>, line 2)"],
  ["f(a='x)", "unterminated string literal (detected at line 1) (<unknown>, line 1)"],
  ["f(\n'''x\ny)", "unterminated triple-quoted string literal (detected at line 3) (<unknown>, line 2)"],
  ["f(a b, 'x)", "unterminated string literal (detected at line 1) (<unknown>, line 1)"],
  [
    "f(01)",
    "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers (<unknown>, line 1)"
  ],
  ["f(1a=2)", "invalid decimal literal (<unknown>, line 1)"],
  ["1_", "invalid decimal literal (<unknown>, line 1)"],
  ["0b2", "invalid digit '2' in binary literal (<unknown>, line 1)"],
  ["0xg", "invalid hexadecimal literal (<unknown>, line 1)"],
  ["\u201ca\u201d", "invalid character '\u201c' (U+201C) (<unknown>, line 1)"],
  ["a\u00a0b", "invalid non-printable character U+00A0 (<unknown>, line 1)"],
  ["f(\\x)", "unexpected character after line continuation character (<unknown>, line 1)"],
  ["b'\u00e9'", "bytes can only contain ASCII literal characters (<unknown>, line 1)"],
  ["'a' b'b'", "cannot mix bytes and nonbytes literals (<unknown>, line 1)"],
  [
    "'\\x4'",
    "(unicode error) 'unicodeescape' codec can't decode bytes in position 0-2: truncated \\xXX escape (<unknown>, line 1)"
  ],
  ["f'{}'", "f-string: empty expression not allowed (<unknown>, line 1)"],
  ["f'}'", "f-string: single '}' is not allowed (<unknown>, line 1)"],
  ["f'{a'", "f-string: expecting '}' (<unknown>, line 1)"],
  ["f'{a b}'", "f-string: invalid syntax. Perhaps you forgot a comma? (<unknown>, line 1)"]
]

describe("parse", () => {
  it("explains errors in CPython's words", () => {
    for (const [source, message] of errors) assert.strictEqual(failure(source), `SyntaxError: ${message}`, source)
    assert.strictEqual(failure(" f()"), "IndentationError: unexpected indent (<unknown>, line 1)")
    assert.strictEqual(failure("\n f()"), "IndentationError: unexpected indent (<unknown>, line 2)")
  })

  it("reads what Python reads", () => {
    for (
      const [source, normal] of [
        ["f (a = 1,)", "f(a=1)"],
        ["f(1, *x, a=2, **y)", "f(1, *x, a=2, **y)"],
        ["-2**-2", "-2 ** (-2)"],
        ["(a+b)*c", "(a + b) * c"],
        ["not a and b or c", "not a and b or c"],
        ["a<b<=c is not d not in e", "a < b <= c is not d not in e"],
        ["x if y else z", "x if y else z"],
        ["(1,)", "(1,)"],
        ["1,2", "(1, 2)"],
        ["{**a, 'b': 1}", "{**a, 'b': 1}"],
        ["{1, 2}", "{1, 2}"],
        ["a[1:2, ::3]", "a[1:2, ::3]"],
        ["[x for x, y in z if x if y]", "[x for x, y in z if x if y]"],
        ["{k: v for k in a for v in b}", "{k: v for k in a for v in b}"],
        ["f(x for x in y)", "f((x for x in y))"],
        ["lambda x, y=1: x", "lambda x, y=1: x"],
        ["(x := 5)", "(x := 5)"],
        ["f'{a!r:>{w}} {{b}}'", "f'{a!r:>{w}} {{b}}'"],
        ["'a' \"b\"  'c'", "'abc'"],
        ["'\\x41\\u00e9\\N{BULLET}\\101\\q'", "'Aé•A\\\\q'"],
        ["r'\\n'", "'\\\\n'"],
        ["0x10 + 0b11 + 1_000", "16 + 3 + 1000"],
        ["1e400", "1e309"],
        ["...", "..."],
        ["match.case", "match.case"],
        ["f(\n  a=1,  # a comment\n)", "f(a=1)"]
      ] as const
    ) assert.strictEqual(failure(source), normal, source)
  })

  it("ends deep nesting and long chains without exhausting the stack", () => {
    const nested = (levels: number, open = "(", close = ")") =>
      failure(open.repeat(levels) + "1" + close.repeat(levels))
    // CPython's own limit.
    assert.strictEqual(nested(200), "1")
    assert.strictEqual(nested(200, "f(a="), "f(a=".repeat(200) + "1" + ")".repeat(200))
    assert.include(nested(201), "too many nested parentheses")
    assert.include(failure("[".repeat(5000)), "too many nested parentheses")
    assert.include(failure("f(a=".repeat(5000)), "too many nested parentheses")
    assert.include(failure("2**".repeat(1500) + "1"), "RecursionError")
    assert.strictEqual(parse("1+".repeat(1500) + "1").kind, "BinOp")
  })

  it.prop("never fails otherwise than Python does", [text], ([source]) => {
    assert.notInclude(failure(source), "not a PythonError")
  })

  it.prop("undoes unparse", [jsonValue], ([value]) => {
    const source = `f(a=${repr(value)}, *b)[-x:${repr(value)}]`
    const normal = failure(source)
    assert.strictEqual(failure(normal), normal)
  })
})
