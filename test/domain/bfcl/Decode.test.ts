import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import {
  type Decoded,
  functionCalls,
  paperCalls,
  paperCallString,
  paperPromptingCalls,
  promptingCalls,
  qwenCalls
} from "../../../src/domain/bfcl/Decode.ts"
import { callText } from "../../../src/domain/bfcl/LiteralCall.ts"
import { dumps } from "../../../src/domain/python/Json.ts"
import { Dict } from "../../../src/domain/python/Value.ts"
import { jsonValue } from "../python/values.ts"

const shown = (decoded: Decoded): ReadonlyArray<string> | string =>
  Result.match(decoded, {
    onFailure: (error) => `${error.type}: ${error.message}`,
    onSuccess: (calls) => calls
  })

describe("functionCalls", () => {
  it("prints arguments by repr, keeping int, float, None and NaN", () => {
    assert.deepStrictEqual(
      shown(
        functionCalls([{
          name: "f",
          arguments: "{\"a\": 1, \"b\": 1.0, \"c\": null, \"d\": [true, \"it's\"], \"e\": NaN, \"a\": 2}"
        }])
      ),
      ["f(a=2,b=1.0,c=None,d=[True, \"it's\"],e=nan)"]
    )
    assert.deepStrictEqual(shown(functionCalls([{ name: "x y", arguments: new Dict() }])), ["x y()"])
  })

  it("fails on arguments that are no JSON object", () => {
    assert.strictEqual(
      shown(functionCalls([{ name: "f", arguments: "[1]" }])),
      "AttributeError: 'list' object has no attribute 'items'"
    )
    assert.strictEqual(
      shown(functionCalls([{ name: "f", arguments: "{" }])),
      "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
    )
  })
})

const block = (body: string): string => `<tool_call>\n${body}\n</tool_call>`

describe("qwenCalls", () => {
  it("reads blocks on lines of their own after the thought and passes over what is no JSON", () => {
    const call = "{\"name\": \"cd\", \"arguments\": {\"folder\": \"a\"}}"
    assert.deepStrictEqual(
      shown(
        qwenCalls(`<think>${block(call)}</think>\n${block(call)}\n${block("oops")}\n<tool_call>${call}</tool_call>`)
      ),
      ["cd(folder='a')"]
    )
    assert.deepStrictEqual(shown(qwenCalls("just text")), [])
    assert.strictEqual(
      shown(qwenCalls(block("{\"name\": \"cd\"}"))),
      "ValueError: a tool call without name or arguments"
    )
  })
})

describe("promptingCalls", () => {
  it("reads lists of calls and loses what the original loses", () => {
    for (
      const [source, expected] of [
        ["[cd(folder='a'), ls()]", ["cd(folder='a')", "ls()"]],
        ["```\ncd(folder='a')\n```", ["cd(folder='a')"]],
        ["", []],
        ["[f(1, 2, a=3)]", ["f(a=3)"]],
        ["[f(a=+1, b=not True, c=~5)]", ["f(a=-1, b=-1, c=-5)"]],
        ["[f(a=true, b=null)]", ["f(a='true', b='null')"]],
        ["[f(a=g())]", ["f(a='g()')"]],
        ["[f(a=g(b=1))]", ["f(a=g(b=1))"]],
        ["[f(a=1+2)]", ["f(a=3)"]],
        ["[f(a={'x': {'y': 1}})]", ["f(a=x(y=1))"]],
        ["[f(a={'x': 1, 'y': [{'z': {}}]})]", ["f(a={'x': 1, 'y': [{'z': {}}]})"]],
        ["[f(a=x[1], b=...)]", ["f(a='x[1]', b='...')"]],
        ["[a.b.c(x=(1, 'y'))]", ["a.b.c(x=(1, 'y'))"]],
        ["[f(**x)]", ["f(None='x')"]],
        ["[f(a=1, a=2)]", ["f(a=2)"]]
      ] as const
    ) assert.deepStrictEqual(shown(promptingCalls(source)), expected, source)
  })

  it("fails with the original's exceptions", () => {
    for (
      const [source, expected] of [
        ["I cannot do that.", "SyntaxError: invalid syntax. Perhaps you forgot a comma? (<unknown>, line 1)"],
        ["[[]]", "AssertionError: "],
        ["[f(a={})]", "IndexError: list index out of range"],
        ["[f(a=-x)]", "AttributeError: 'Name' object has no attribute 'value'"],
        ["[f(a={1})]", "Exception: Unsupported AST type: <class 'ast.Set'>"],
        ["[f(a=lambda: 1)]", "TypeError: 'Constant' object is not subscriptable"],
        ["[f(a=x+1)]", "NameError: name 'x' is not defined"],
        ["[f(a={[]: 1})]", "TypeError: unhashable type: 'list'"]
      ] as const
    ) assert.strictEqual(shown(promptingCalls(source)), expected, source)
  })

  it("differs from the paper's copy in what it strips", () => {
    assert.strictEqual(shown(paperPromptingCalls("")), "SyntaxError: invalid syntax (<unknown>, line 0)")
    assert.strictEqual(shown(paperPromptingCalls("None")), "AttributeError: 'Constant' object has no attribute 'elts'")
    assert.strictEqual(
      shown(paperPromptingCalls("[\n f()]")),
      "IndentationError: unexpected indent (<unknown>, line 2)"
    )
    assert.deepStrictEqual(shown(paperPromptingCalls("[f(a=1), g()]")), ["f(a=1)", "g()"])
  })
})

describe("paperCalls", () => {
  it("leaves out what is no call, and then has nothing to decode", () => {
    assert.strictEqual(
      paperCallString(
        "[{\"name\": \" cd \", \"arguments\": null}, 5, {\"name\": \"\"}, {\"name\": \"f\", \"arguments\": {\"a\": 1}}]"
      ),
      "[cd(), f(a=1)]"
    )
    assert.strictEqual(paperCallString("no JSON"), "[]")
    for (const content of ["[]", "{}", "5", "an answer"]) {
      assert.strictEqual(shown(paperCalls(content)), "SyntaxError: invalid syntax (<unknown>, line 0)", content)
    }
    assert.strictEqual(
      shown(paperCalls("{\"name\": \"f\", \"arguments\": {\"a\": {}}}")),
      "IndexError: list index out of range"
    )
    assert.deepStrictEqual(shown(paperCalls("{\"name\": \"f\", \"arguments\": {\"a\": NaN}}")), ["f(a='nan')"])
  })

  it.prop("gives back a call of values without dictionaries", [jsonValue], ([value]) => {
    const given = Dict.of({ a: [typeof value === "string" || typeof value === "bigint" ? value : null] })
    const content = dumps([Dict.of({ name: "f", arguments: given })])
    assert.deepStrictEqual(shown(paperCalls(content)), [callText("f", given, ", ")])
  })
})
