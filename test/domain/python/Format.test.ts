import { assert, describe, it } from "@effect/vitest"
import { format } from "../../../src/domain/python/Format.ts"
import { PythonError } from "../../../src/domain/python/PythonError.ts"
import type { Value } from "../../../src/domain/python/Value.ts"

const formatted = (value: Value, specification: string): string => {
  try {
    return format(value, specification)
  } catch (error) {
    return error instanceof PythonError ? `${error.type}: ${error.message}` : String(error)
  }
}

describe("format", () => {
  it("follows Python's mini-language", () => {
    for (
      const [value, specification, expected] of [
        [1234567n, ",", "1,234,567"],
        [-42n, "08d", "-0000042"],
        [255n, "#x", "0xff"],
        [255n, "_b", "1111_1111"],
        [5n, "+", "+5"],
        [2.675, ".2f", "2.67"],
        [1234.5, ",.2f", "1,234.50"],
        [0.5, ".0%", "50%"],
        [12345.678, ".3e", "1.235e+04"],
        [0.00001234, "g", "1.234e-05"],
        [100, "", "100.0"],
        [1, ".3", "1.0"],
        [100, ".3", "1e+02"],
        [12.5, ".3", "12.5"],
        [0, ".1", "0e+00"],
        [0.5, ".1", "0.5"],
        [1, "#.0f", "1."],
        [2.5, ".0e", "2e+00"],
        [1e16, ".17", "1e+16"],
        ["ab", ">5", "   ab"],
        ["ab", "*^5", "*ab**"],
        ["abc", ".2", "ab"],
        [true, "5", "    1"],
        [null, "", "None"],
        ["ab", "d", "ValueError: Unknown format code 'd' for object of type 'str'"],
        [1n, "s", "ValueError: Unknown format code 's' for object of type 'int'"],
        [[], "5", "TypeError: unsupported format string passed to list.__format__"]
      ] as const
    ) assert.strictEqual(formatted(value as Value, specification), expected, specification)
  })
})
