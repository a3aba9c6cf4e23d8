import { assert, describe, it } from "@effect/vitest"
import { Arbitrary } from "effect"
import { compile } from "../../../src/domain/python/Compile.ts"
import { evaluate } from "../../../src/domain/python/Evaluate.ts"
import { format } from "../../../src/domain/python/Format.ts"
import { percentFormat } from "../../../src/domain/python/PercentFormat.ts"
import { PythonError } from "../../../src/domain/python/PythonError.ts"
import { ascii, length, repr, str } from "../../../src/domain/python/Text.ts"
import { Tuple } from "../../../src/domain/python/Value.ts"
import { float, integer, jsonValue, raised, text } from "./values.ts"

const result = (source: string): string => {
  try {
    return repr(evaluate(compile(source), () => undefined))
  } catch (error) {
    return error instanceof PythonError ? `${error.type}: ${error.message}` : String(error)
  }
}

describe("text % values", () => {
  it("is what CPython 3.11 makes of it", () => {
    for (
      const [source, expected] of [
        ["'%s-%s' % (1, 2)", "'1-2'"],
        ["'%s' % 'x'", "'x'"],
        ["'100%%' % ()", "'100%'"],
        ["'%(a)s %(b(c))05.1f' % {'a': [1], 'b(c)': 2.25}", "'[1] 002.2'"],
        ["'%s' % {'a': 1}, 'x' % {'a': 1}, 'x' % [1], '%s' % [1]", "(\"{'a': 1}\", 'x', 'x', '[1]')"],
        ["'%5d|%-5d|%05d|%+d|% d' % (42, 42, -42, 42, 42)", "'   42|42   |-0042|+42| 42'"],
        ["'%#x %#X %#o %x %.4d %#06x' % (255, 255, 8, -255, 7, 255)", "'0xff 0XFF 0o10 -ff 0007 0x00ff'"],
        ["'%d %i %u %ld' % (2.9, True, -1, 10**20)", "'2 1 -1 100000000000000000000'"],
        ["'%e|%.0e|%#.0e|%E' % (12345.678, 2.5, 2.5, 1e-10)", "'1.234568e+04|2e+00|2.e+00|1.000000E-10'"],
        ["'%f|%.0f|%#.0f|%.3F' % (0.5, 0.5, 0.5, -1e3)", "'0.500000|0|0.|-1000.000'"],
        ["'%g|%g|%#g|%.3G|%g' % (100000.0, 1e6, 1.0, 1e-7, 0.0001)", "'100000|1e+06|1.00000|1E-07|0.0001'"],
        ["'%05f|%5F|%-6g|' % (1e999, -1e999, 1e999)", "'00inf| -INF|inf   |'"],
        ["'%c%c%3c' % ('a', 128512, 'b')", "'a😀  b'"],
        ["'%.2s|%5.1r|%a' % ('日本語', 'x', 'é')", "\"日本|    '|'\\\\xe9'\""],
        ["'%*d|%-*d|%.*f' % (4, 1, -4, 1, 2, 3.14159)", "'   1|1   |3.14'"],
        ["'%s %s' % (1,)", "TypeError: not enough arguments for format string"],
        ["'%s' % (1, 2)", "TypeError: not all arguments converted during string formatting"],
        ["'x' % 1", "TypeError: not all arguments converted during string formatting"],
        ["'%y' % 1", "ValueError: unsupported format character 'y' (0x79) at index 1"],
        ["'é%é' % 1", "ValueError: unsupported format character '?' (0xe9) at index 2"],
        ["'%5%' % 1", "ValueError: unsupported format character '%' (0x25) at index 2"],
        ["'%' % 1", "ValueError: incomplete format"],
        ["'%(a' % {}", "ValueError: incomplete format key"],
        ["'%(a)s' % {}", "KeyError: 'a'"],
        ["'%(a)s' % 1", "TypeError: format requires a mapping"],
        ["'%(a)s' % [1]", "TypeError: list indices must be integers or slices, not str"],
        ["'%*d' % ('x', 1)", "TypeError: * wants int"],
        ["'%*d' % (2 ** 63, 1)", "OverflowError: Python int too large to convert to C ssize_t"],
        ["'%.*d' % (2 ** 31, 1)", "OverflowError: Python int too large to convert to C int"],
        ["'%9223372036854775808d' % 1", "ValueError: width too big"],
        ["'%.2147483648d' % 1", "ValueError: precision too big"],
        ["'%d' % 'x'", "TypeError: %d format: a real number is required, not str"],
        ["'%x' % 1.5", "TypeError: %x format: an integer is required, not float"],
        ["'%d' % (1e999 - 1e999)", "ValueError: cannot convert float NaN to integer"],
        ["'%f' % 'x'", "TypeError: must be real number, not str"],
        ["'%f' % (10 ** 400)", "OverflowError: int too large to convert to float"],
        ["'%c' % 'ab'", "TypeError: %c requires int or char"],
        ["'%c' % -1", "OverflowError: %c arg not in range(0x110000)"],
        [
          "'%d' % (10 ** 5000)",
          "ValueError: Exceeds the limit (4300 digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit"
        ]
      ] as const
    ) assert.strictEqual(result(source), expected, source)
  })

  it("makes no more than a text may have, whatever is cut", () => {
    for (
      const source of [
        "'%70000d' % 1",
        "'%.70000d' % 1",
        "'%.70000f' % 1",
        "'%*s' % (70000, 1)",
        "'%s%s' % ('x' * 34000, 'x' * 34000)",
        `'${"%(a).0s".repeat(2000)}' % {'a': 'x' * 60000}`
      ]
    ) assert.include(result(source), "MemoryError: the text has more characters than the 65536", source)
  })

  it.prop("puts values in the places of their conversions", [Arbitrary.array(Arbitrary.all([text, jsonValue]))], ([
    parts
  ]) => {
    const format = parts.map(([literal]) => `${literal.replaceAll("%", "%%")}%s`).join("")
    const values = new Tuple(parts.map(([, value]) => value))
    assert.strictEqual(percentFormat(format, values), parts.map(([literal, value]) => literal + str(value)).join(""))
    assert.strictEqual(
      raised(() => percentFormat(`${format}%s`, values)).message,
      "not enough arguments for format string"
    )
    assert.strictEqual(
      raised(() => percentFormat(format, new Tuple([...values.items, 1n]))).message,
      "not all arguments converted during string formatting"
    )
  })

  it.prop("shows a value as repr and ascii do", [jsonValue], ([value]) => {
    assert.strictEqual(percentFormat("%r%a", new Tuple([value, value])), repr(value) + ascii(value))
  })

  it.prop("agrees with the specification of the same meaning", [Arbitrary.all([integer, float, text])], ([
    [whole, real, words]
  ]) => {
    for (const form of ["d", "+d", " d", "12d", "012d", "+012d", "x", "#x", "#X", "o", "#o", "+#020x"]) {
      assert.strictEqual(percentFormat(`%${form}`, whole), format(whole, form), form)
    }
    for (const form of ["f", ".0f", "+.3f", "e", ".0e", ".30e", "E", "g", ".12g", "#g", "020.3f", "+020.3e", "G"]) {
      assert.strictEqual(percentFormat(`%${form}`, real), format(real, form), form)
    }
    assert.strictEqual(percentFormat("%12.3s", words), format(words, ">12.3"))
    assert.strictEqual(percentFormat("%-12.3s", words), format(words, "<12.3"))
    assert.strictEqual(length(percentFormat("%50s", words)), Math.max(50, length(words)))
  })

  it.prop("reads back as the float that it shows", [float], ([value]) => {
    for (const form of ["%.16e", "%.17g", "%.1074f"]) {
      assert.strictEqual(Number(percentFormat(form, value)), value, form)
    }
  })
})
