import { assert, describe, it } from "@effect/vitest"
import { compile } from "../../../src/domain/python/Compile.ts"
import { evaluate } from "../../../src/domain/python/Evaluate.ts"
import * as Text from "../../../src/domain/python/Text.ts"
import { Dict, Tuple } from "../../../src/domain/python/Value.ts"
import { float, jsonValue, raised, text } from "./values.ts"

const nothing = (): undefined => undefined

describe("repr", () => {
  it("quotes like Python", () => {
    for (
      const [value, expected] of [
        ["plain", "'plain'"],
        ["it's", "\"it's\""],
        ["it's \"so\"", "'it\\'s \"so\"'"],
        ["a\n\r\t\\", "'a\\n\\r\\t\\\\'"],
        ["\u0000\u007f\u00a0\u00ad\u2028", "'\\x00\\x7f\\xa0\\xad\\u2028'"],
        ["é😀", "'é😀'"],
        ["\ud83d", "'\\ud83d'"],
        ["\u{e0001}", "'\\U000e0001'"]
      ] as const
    ) assert.strictEqual(Text.repr(value), expected)
  })

  it("writes floats with the shortest digits and Python's exponents", () => {
    for (
      const [value, expected] of [
        [3, "3.0"],
        [-0, "-0.0"],
        [0.1, "0.1"],
        [1e15, "1000000000000000.0"],
        [1e16, "1e+16"],
        [1.5e300, "1.5e+300"],
        [0.0001, "0.0001"],
        [0.00001, "1e-05"],
        [5e-324, "5e-324"],
        [NaN, "nan"],
        [-Infinity, "-inf"]
      ] as const
    ) assert.strictEqual(Text.repr(value), expected)
  })

  it("writes containers and what is in them", () => {
    assert.strictEqual(
      Text.repr([null, true, new Tuple([1n]), new Tuple([]), Dict.of({ a: [1.5] })]),
      "[None, True, (1,), (), {'a': [1.5]}]"
    )
  })

  it("refuses an integer of more than 4300 digits and a list in itself", () => {
    const list: Array<never> = []
    list.push(list as never)
    assert.deepInclude(raised(() => Text.repr(list)), {
      type: "RecursionError",
      message: "maximum recursion depth exceeded while getting the repr of an object"
    })
    assert.throws(() => Text.repr(10n ** 4300n), "Exceeds the limit (4300 digits) for integer string conversion;")
    assert.lengthOf(Text.repr(10n ** 4300n - 1n), 4300)
  })

  it.prop("evaluates to the value again", [jsonValue], ([value]) => {
    assert.strictEqual(Text.repr(evaluate(compile(Text.repr(value)), nothing)), Text.repr(value))
  })

  it.prop("of a float reads back as the same float", [float], ([value]) => {
    assert.isTrue(Object.is(Number(Text.floatRepr(value)), value))
  })
})

describe("code points", () => {
  it("count, slice and sort as Python's characters", () => {
    assert.strictEqual(Text.length("a😀b"), 3)
    assert.strictEqual(Text.slice("a😀b", 1, 2), "😀")
    assert.isBelow(Text.compare("\uffff", "😀"), 0)
    assert.isAbove(Text.compare("b", "a😀"), 0)
  })

  it.prop("come back together", [text], ([value]) => {
    assert.strictEqual(Text.characters(value).join(""), value)
    assert.strictEqual(Text.characters(value).length, Text.length(value))
  })
})

describe("lines and words", () => {
  it.prop("of a text that is long enough to be remembered are those of its parts", [text], ([part]) => {
    const parts = Array.from({ length: 100 }, () => `${part}x\n`)
    const expected = parts.flatMap((line) => [...Text.splitLines(line)])
    for (const again of [parts.join(""), parts.join("")]) assert.deepStrictEqual(Text.splitLines(again), expected)
  })

  it("break where Python breaks", () => {
    assert.deepStrictEqual(Text.splitLines("a\nb\r\nc\rd\u0085e\u2028f\u001cg\n"), ["a", "b", "c", "d", "e", "f", "g"])
    for (
      const lineBreak of ["\n", "\r", "\r\n", "\v", "\f", "\u001c", "\u001d", "\u001e", "\u0085", "\u2028", "\u2029"]
    ) {
      assert.deepStrictEqual(Text.splitLines(`a${lineBreak}b\nc${lineBreak}`), ["a", "b", "c"])
    }
    assert.deepStrictEqual(Text.splitLines(""), [])
    assert.deepStrictEqual(Text.splitLines("\n\n"), ["", ""])
    assert.deepStrictEqual(Text.words(" a\u00a0b\u3000c\u200bd\u001ce "), ["a", "b", "c\u200bd", "e"])
    assert.strictEqual(Text.strip("\u2003 x \u001f"), "x")
    assert.strictEqual(Text.stripCharacters("[]'x'[]", "[]'"), "x")
  })
})

describe("digits", () => {
  it("are those of all scripts, and superscripts are digits without being decimal", () => {
    assert.isTrue(Text.isDigit("2\u0664\uff12\u00b2"))
    assert.isFalse(Text.isDigit(""))
    assert.isFalse(Text.isDigit("1.5"))
    assert.strictEqual(Text.decimalValue("\uff17"), 7)
    assert.strictEqual(Text.decimalValue("\u{1d7dd}"), 5)
    assert.isUndefined(Text.decimalValue("\u00b2"))
  })
})
