import { assert, describe, it } from "@effect/vitest"
import { Arbitrary } from "effect"
import { builtin } from "../../../src/domain/python/Builtins.ts"
import { compile } from "../../../src/domain/python/Compile.ts"
import { Complex } from "../../../src/domain/python/Complex.ts"
import { evaluate } from "../../../src/domain/python/Evaluate.ts"
import { absolute, add, multiply, negate, subtract } from "../../../src/domain/python/Number.ts"
import { PythonError } from "../../../src/domain/python/PythonError.ts"
import { repr } from "../../../src/domain/python/Text.ts"
import { equals } from "../../../src/domain/python/Value.ts"
import { float } from "./values.ts"

const result = (source: string): string => {
  try {
    return repr(evaluate(compile(source), builtin))
  } catch (error) {
    return error instanceof PythonError ? `${error.type}: ${error.message}` : String(error)
  }
}

/** Without those whose products are beyond the floats. */
const complex = Arbitrary.map(
  Arbitrary.all([float, float]),
  ([real, imaginary]) => new Complex(real % 1e100, imaginary % 1e100)
)

describe("complex numbers", () => {
  it("compute as CPython's do", () => {
    for (
      const [source, expected] of [
        ["1+2j", "(1+2j)"],
        ["-3+4j", "(-3+4j)"],
        ["2.5-1j, 1j-True, -(1j), +1j", "((2.5-1j), (-1+1j), (-0-1j), 1j)"],
        ["(1+2j) * (3-1j), 2 * 1j, (1+2j) / (3-1j), 1 / 2j", "((5+5j), 2j, (0.1+0.7000000000000001j), -0.5j)"],
        ["abs(-3+4j), abs(1e200j), abs(1.5+2.5j)", "(5.0, 1e+200, 2.9154759474226504)"],
        ["(1+2j) ** 2, (1+2j) ** -1, (1+2j) ** 0", "((-3+4j), (0.2-0.4j), (1+0j))"],
        ["3 ** 2j, 1j ** 0.5", "((-0.5862549342913523+0.8101266271509918j), (0.7071067811865476+0.7071067811865475j))"],
        ["1 == 1+0j, 1+0j == True, 0j == 0.5, 0j == 0, 1j != 1", "(True, True, False, True, True)"],
        ["sum([1j, 2]), complex(1, 2), complex(1j, 1j)", "((2+1j), (1+2j), (-1+1j))"],
        ["(3-4j).real, (3-4j).imag, (3-4j).conjugate()", "(3.0, -4.0, (3+4j))"],
        ["1j / 0", "ZeroDivisionError: complex division by zero"],
        ["0j ** -1", "ZeroDivisionError: 0.0 to a negative or complex power"],
        ["(1e300+1j) ** 2.5", "OverflowError: complex exponentiation"],
        ["abs(1.7e308+1.7e308j)", "OverflowError: absolute value too large"],
        ["1j + 10 ** 400", "OverflowError: int too large to convert to float"],
        ["1j % 10 ** 400", "TypeError: unsupported operand type(s) for %: 'complex' and 'int'"],
        ["1 // 1j", "TypeError: unsupported operand type(s) for //: 'int' and 'complex'"],
        ["1j + 'x'", "TypeError: unsupported operand type(s) for +: 'complex' and 'str'"],
        ["1j < 1", "TypeError: '<' not supported between instances of 'complex' and 'int'"],
        ["'x' * 1j", "TypeError: can't multiply sequence by non-int of type 'complex'"]
      ] as const
    ) assert.strictEqual(result(source), expected, source)
  })

  it.prop("are a field as far as rounding allows", [complex, complex], ([a, b]) => {
    assert.isTrue(equals(add(a, b), add(b, a)))
    assert.isTrue(equals(multiply(a, b), multiply(b, a)))
    assert.isTrue(equals(subtract(a, b), add(a, negate(b))))
    assert.isTrue(equals(negate(negate(a)), a))
  })

  it.prop("have the size of a float when they lie on an axis", [float], ([value]) => {
    assert.strictEqual(absolute(new Complex(value, 0)), Math.abs(value))
    assert.strictEqual(absolute(new Complex(0, value)), Math.abs(value))
  })
})

describe("bytes", () => {
  it("are a sequence as CPython's are", () => {
    for (
      const [source, expected] of [
        ["b'x' + b'y', b'ab' * 2, 2 * b'ab'", "(b'xy', b'abab', b'abab')"],
        ["b'abc'[0], b'abc'[-1], b'abc'[1:], b'abc'[::-1]", "(97, 99, b'bc', b'cba')"],
        ["b'b' in b'abc', 98 in b'abc', b'a' < b'b'", "(True, True, True)"],
        ["'é'.encode() if False else b'\\xc3\\xa9'.decode(), b'a\\x00'.hex()", "('é', '6100')"],
        ["b'x' + 'y'", "TypeError: can't concat str to bytes"],
        ["'x' in b'x'", "TypeError: a bytes-like object is required, not 'str'"],
        ["256 in b'x'", "ValueError: byte must be in range(0, 256)"],
        ["b'abc'[5]", "IndexError: index out of range"],
        ["b'abc'['a']", "TypeError: byte indices must be integers or slices, not str"],
        ["b'a' * 1.5", "TypeError: can't multiply sequence by non-int of type 'float'"],
        ["'%(a)s' % b'x'", "TypeError: byte indices must be integers or slices, not str"]
      ] as const
    ) assert.strictEqual(result(source), expected, source)
  })

  it("end in the limit of texts", () => {
    assert.include(result("b'x' * 10 ** 9"), "MemoryError: the text has more characters than the 65536")
  })
})

describe("attributes of numbers", () => {
  it("are CPython's", () => {
    for (
      const [source, expected] of [
        ["(1.5).is_integer(), (2.0).is_integer(), (0.75).as_integer_ratio()", "(False, True, (3, 4))"],
        ["(5).bit_length(), (5).bit_count(), (7).numerator, (7).denominator", "(3, 2, 7, 1)"],
        ["(1.5).real, (1.5).imag, True.real, (3).conjugate()", "(1.5, 0.0, 1, 3)"],
        ["(1.5).foo", "AttributeError: 'float' object has no attribute 'foo'"]
      ] as const
    ) assert.strictEqual(result(source), expected, source)
  })
})
