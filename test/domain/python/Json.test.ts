import { assert, describe, it } from "@effect/vitest"
import { dumps, dumpsResult, loads } from "../../../src/domain/python/Json.ts"
import { PythonError } from "../../../src/domain/python/PythonError.ts"
import { PySet } from "../../../src/domain/python/Set.ts"
import { repr } from "../../../src/domain/python/Text.ts"
import { deepCopy, Dict, freeze, Tuple, type Value } from "../../../src/domain/python/Value.ts"
import { jsonValue, raised } from "./values.ts"

const failure = (text: string): string => {
  try {
    return repr(loads(text))
  } catch (error) {
    return error instanceof PythonError ? `${error.type}: ${error.message}` : String(error)
  }
}

describe("loads", () => {
  it("keeps int and float apart, whatever their size", () => {
    assert.strictEqual(
      repr(loads("[3, 3.0, 1e2, -0, -0.0, 9876543210123456789, 1e400]")),
      "[3, 3.0, 100.0, 0, -0.0, 9876543210123456789, inf]"
    )
  })

  it("accepts NaN and the infinities, and lets the last of equal keys win in the place of the first", () => {
    assert.strictEqual(repr(loads("{\"a\": NaN, \"b\": -Infinity, \"a\": 1}")), "{'a': 1, 'b': -inf}")
  })

  it("says what CPython says of bad JSON, counting code points", () => {
    for (
      const [text, expected] of [
        ["", "Expecting value: line 1 column 1 (char 0)"],
        ["[1, 2", "Expecting ',' delimiter: line 1 column 6 (char 5)"],
        ["[1,]", "Expecting value: line 1 column 4 (char 3)"],
        ["{\"a\": 1,}", "Expecting property name enclosed in double quotes: line 1 column 9 (char 8)"],
        ["{a: 1}", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"],
        ["{\"a\" 1}", "Expecting ':' delimiter: line 1 column 6 (char 5)"],
        ["\"😀\n\"", "Invalid control character at: line 1 column 3 (char 2)"],
        ["\"abc", "Unterminated string starting at: line 1 column 1 (char 0)"],
        ["\"\\q\"", "Invalid \\escape: line 1 column 2 (char 1)"],
        ["\"\\u12\"", "Invalid \\uXXXX escape: line 1 column 3 (char 2)"],
        ["1 2", "Extra data: line 1 column 3 (char 2)"],
        ["01", "Extra data: line 1 column 2 (char 1)"],
        ["[\n1,\n x]", "Expecting value: line 3 column 2 (char 6)"],
        ["\ufeff1", "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)"]
      ] as const
    ) assert.strictEqual(failure(text), `JSONDecodeError: ${expected}`)
  })

  it("ends deep nesting and long integers as Python does", () => {
    assert.include(failure("[".repeat(100_000)), "RecursionError: maximum recursion depth exceeded while decoding")
    assert.include(failure("9".repeat(4301)), "ValueError: Exceeds the limit (4300 digits)")
    assert.strictEqual(failure("[".repeat(200) + "]".repeat(200)), "[".repeat(200) + "]".repeat(200))
  })
})

describe("dumps", () => {
  it("writes Python's separators, escapes and numbers", () => {
    const value = Dict.from([["é😀\u007f\n", [1n, 1, 1e16, 1e-7, NaN]], [1n, null], [1.5, true], [false, "'\"\\"]])
    assert.strictEqual(
      dumps(value),
      "{\"\\u00e9\\ud83d\\ude00\\u007f\\n\": [1, 1.0, 1e+16, 1e-07, NaN], \"1\": null, \"1.5\": true, \"false\": \"'\\\"\\\\\"}"
    )
    assert.strictEqual(dumps(["é", "\ud83d", "\\ud83d"], { ensureAscii: false }), "[\"é\", \"\ud83d\", \"\\\\ud83d\"]")
  })

  it("indents as Python does", () => {
    assert.strictEqual(
      dumps(Dict.of({ a: [1n, []], b: new Dict() }), { indent: 4 }),
      "{\n    \"a\": [\n        1,\n        []\n    ],\n    \"b\": {}\n}"
    )
  })

  it("refuses what JSON does not know", () => {
    assert.throws(() => dumps(new PySet([1n])), "Object of type set is not JSON serializable")
    assert.throws(
      () => dumps(Dict.from([[new Tuple([1n]), 1n]])),
      "keys must be str, int, float, bool or None, not tuple"
    )
  })

  it.prop("is undone by loads, whichever way it is written", [jsonValue], ([value]) => {
    for (const options of [{}, { ensureAscii: false }, { indent: 2 }]) {
      assert.strictEqual(repr(loads(dumps(value, options))), repr(value))
    }
  })

  it.prop(
    "writes the standard form as any other is written, and of results no more than asked",
    [jsonValue],
    ([value]) => {
      const text = dumps(value, {})
      const result = Dict.of({ text: "a", value, number: 1n, last: "\"" })
      const whole = dumps(result, {})
      assert.strictEqual(dumps(value), text)
      assert.strictEqual(dumps(result), whole)
      assert.strictEqual(dumpsResult(result, whole.length), whole)
      assert.deepInclude(raised(() => dumpsResult(result, 20)), {
        type: "MemoryError",
        message: "the result has more characters than the 20 that envtune prints"
      })
    }
  )

  it("stops writing a list of lists of itself", () => {
    let list: Array<Value> = [1n]
    for (let level = 0; level < 60; level++) list = [list, list]
    assert.strictEqual(raised(() => dumpsResult(Dict.of({ list }), 1 << 20)).type, "MemoryError")
  })

  it("closes a text that was being written when another value failed", () => {
    assert.throws(() => dumps(Dict.of({ a: "text", b: new PySet() })), "Object of type set is not JSON serializable")
    assert.strictEqual(dumps(Dict.of({ a: 1n, b: 2n })), "{\"a\": 1, \"b\": 2}")
  })

  it.prop("writes what is frozen like what is not, and remembers it", [jsonValue], ([value]) => {
    const [asJson, asRepr] = [dumps([value]), repr([value])]
    freeze(value)
    for (const same of [value, value, deepCopy(value)]) {
      assert.strictEqual(dumps([same]), asJson)
      assert.strictEqual(repr([same]), asRepr)
    }
  })

  it("does not take a long text for another one of its length", () => {
    const [a, b] = ["a", "b"].map((character) => character.repeat(300))
    for (const text of [a!, b!, a!]) assert.strictEqual(dumps(text), `"${text}"`)
  })

  it.prop("agrees with JSON.stringify where the two formats agree", [jsonValue], ([value]) => {
    const text = dumps([typeof value === "string" ? value : ""], { ensureAscii: true })
    assert.deepStrictEqual(JSON.parse(text), [typeof value === "string" ? value : ""])
  })
})
