/** Arbitrary Python values for laws. */
import { Arbitrary, Schema } from "effect"
import { PythonError } from "../../../src/domain/python/PythonError.ts"
import { Dict, type Value } from "../../../src/domain/python/Value.ts"

/** Characters that Python's repr, JSON and line splitting treat specially, one astral and one lone surrogate among them. */
const character = Schema.Literals([
  "a",
  "Z",
  "0",
  " ",
  "'",
  "\"",
  "\\",
  "\n",
  "\r",
  "\t",
  "(",
  "{",
  "\u0000",
  "\u007f",
  "\u0085",
  "\u00a0",
  "\u00e9",
  "\u2028",
  "\ufffd",
  "\ud83d",
  "😀"
])

export const text = Arbitrary.map(Arbitrary.schema(Schema.Array(character)), (characters) => characters.join(""))

export const float = Arbitrary.schema(Schema.Finite)

export const integer = Arbitrary.schema(Schema.BigInt)

const leaf: Arbitrary.Arbitrary<Value> = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.schema(Schema.Literals(["text", "float", "integer", "boolean", "none"])),
    text,
    float,
    integer,
    Arbitrary.schema(Schema.Boolean)
  ]),
  ([kind, someText, someFloat, someInteger, someBoolean]): Value => {
    switch (kind) {
      case "text":
        return someText
      case "float":
        return someFloat
      case "integer":
        return someInteger
      case "boolean":
        return someBoolean
      case "none":
        return null
    }
  }
)

/** Lists and dictionaries around values, or one of the values. */
const around = (inner: Arbitrary.Arbitrary<Value>): Arbitrary.Arbitrary<Value> =>
  Arbitrary.map(
    Arbitrary.all([
      Arbitrary.schema(Schema.Literals(["inner", "list", "dict"])),
      inner,
      Arbitrary.array(inner),
      Arbitrary.array(Arbitrary.all([text, inner]))
    ]),
    ([kind, one, items, entries]): Value =>
      kind === "inner" ? one : kind === "list" ? items : Dict.from(entries.map(([key, item]) => [key, item] as const))
  )

/** Values that JSON knows, nested up to two deep, without NaN. */
export const jsonValue = around(around(leaf))

/** The Python exception that a function raises. */
export const raised = (run: () => unknown): PythonError => {
  try {
    run()
  } catch (error) {
    if (error instanceof PythonError) return error
    throw error
  }
  throw new Error("nothing was raised")
}
