import { assert, describe, it } from "@effect/vitest"
import { callText } from "../../../src/domain/bfcl/LiteralCall.ts"
import { scan } from "../../../src/domain/bfcl/LiteralScanner.ts"
import { Builtin } from "../../../src/domain/python/Callable.ts"
import { compile } from "../../../src/domain/python/Compile.ts"
import { evaluate } from "../../../src/domain/python/Evaluate.ts"
import { PythonError } from "../../../src/domain/python/PythonError.ts"
import { repr } from "../../../src/domain/python/Text.ts"
import { Dict, type Keywords, type Value } from "../../../src/domain/python/Value.ts"
import { jsonValue, text } from "../python/values.ts"

const said = (positional: ReadonlyArray<Value>, keywords: Keywords): string =>
  `${repr([...positional])} ${repr(Dict.from(keywords))}`

const scanned = (call: string): string | undefined => {
  const found = scan(call)
  return found && said(found.positional, found.keywords)
}

/** What a tool gets, by the evaluator. */
const evaluated = (call: string): string => {
  let given = ""
  const tool = new Builtin("tool", (positional, keywords) => {
    given = said(positional, keywords)
    return null
  })
  try {
    evaluate(compile(call), (name) => name === "tool" ? tool : undefined)
    return given
  } catch (error) {
    if (error instanceof PythonError) return error.message
    throw error
  }
}

describe("scan", () => {
  it("reads what models mostly write", () => {
    for (
      const call of [
        "tool()",
        "tool('a', \"b\", -1, 2.5)",
        "tool(a='it\\'s', b=[1, [2.0], {'k': None}], c=True,)",
        "tool( a = 'x' , b={} )",
        "tool(a='\\u00e9: (b) \\n')"
      ]
    ) assert.strictEqual(scanned(call), evaluated(call))
  })

  it("says nothing of what needs a closer look", () => {
    for (
      const call of [
        "tool(a=1 if b else 2)",
        "tool(a='call me (maybe)')",
        "tool(a=1, a=2)",
        "tool(a=1, 2)",
        "tool(class=1)",
        "tool(a=1e5)",
        "tool(a=01)",
        "tool(a=b'x')",
        "tool(a='\\x41')",
        "tool(a='\\ud800')",
        "tool(a={1: 2})",
        "tool(a='x')['y']",
        "tool(a='x'",
        "class()",
        `tool(${"[".repeat(30)}${"]".repeat(30)})`
      ]
    ) assert.isUndefined(scan(call), call)
  })

  it.prop("reads what the evaluator reads, or nothing", [text, text, jsonValue], ([first, second, value]) => {
    for (
      const call of [
        callText("tool", Dict.of({ a: value, b: first })),
        `tool('${first}', b="${second}", c=${repr(value)})`,
        `tool(${first}${repr(value)}${second})`
      ]
    ) {
      const read = scanned(call)
      if (read !== undefined) assert.strictEqual(read, evaluated(call), call)
    }
  })
})
