import { assert, describe, it } from "@effect/vitest"
import { constants } from "../../../src/domain/python/Module.ts"
import { PythonError } from "../../../src/domain/python/PythonError.ts"
import { repr } from "../../../src/domain/python/Text.ts"
import { Dict } from "../../../src/domain/python/Value.ts"
import { jsonValue, text } from "./values.ts"

const failure = (source: string): string => {
  try {
    return repr(constants(source))
  } catch (error) {
    return error instanceof PythonError ? `${error.type}: ${error.message}` : String(error)
  }
}

describe("constants", () => {
  it("reads assignments, over several lines and with comments between them", () => {
    const source =
      "\n# a module\nA = [\n  1,  # one\n  2.0,\n]\n\nB='x' \"y\"\nA_2 = {'a': (1,), \"b\": None, 'c': [..., -1]}\n"
    assert.strictEqual(
      failure(source),
      "{'A': [1, 2.0], 'B': 'xy', 'A_2': {'a': (1,), 'b': None, 'c': [Ellipsis, -1]}}"
    )
    assert.strictEqual(failure("A = '''one\ntwo'''"), "{'A': 'one\\ntwo'}")
    assert.strictEqual(failure(""), "{}")
  })

  it("names the line of what is no constant", () => {
    assert.strictEqual(failure("A = 1\nimport os\n"), "SyntaxError: line 2: not NAME = value")
    assert.strictEqual(failure("A = 1\n\nB = A\n"), "NameError: line 3: B: name 'A' is not defined")
    assert.strictEqual(failure("A = [1,\n2\n"), "SyntaxError: line 1: '[' was never closed")
    assert.strictEqual(failure("A = 'x\n"), "SyntaxError: line 1: unterminated string literal (detected at line 1)")
    assert.match(failure("A =\n"), /^SyntaxError: line 1: A: /)
  })

  it.prop("reads what Python would write", [jsonValue, text], ([value, comment]) => {
    const source = `A = ${repr(value)}  # ${comment.split(/[\r\n]/).join(" ")}\nB = 1\n`
    assert.strictEqual(repr(constants(source)), repr(Dict.of({ A: value, B: 1n })))
  })
})
