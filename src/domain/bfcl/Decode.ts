/**
 * From what a model says to the texts of calls: BFCL's function-calling path and prompting path, and the paper's.
 *
 * Decoding fails with the Python exception of the original. To the loops around it every failure is the same, the end
 * of a turn; the exception is for reports.
 */
import { Result } from "effect"
import { remembered } from "../Memo.ts"
import { between } from "../Protocol.ts"
import { builtin } from "../python/Builtins.ts"
import { children, compile, parseSource } from "../python/Compile.ts"
import { evaluate } from "../python/Evaluate.ts"
import * as Json from "../python/Json.ts"
import { limits } from "../python/Limits.ts"
import { negate } from "../python/Number.ts"
import { PythonError } from "../python/PythonError.ts"
import type { Call, Expression } from "../python/Syntax.ts"
import { repr, str, strip, stripCharacters } from "../python/Text.ts"
import { unparse } from "../python/Unparse.ts"
import { attributeError, Dict, ellipsis, Tuple, type Value } from "../python/Value.ts"
import { callText } from "./LiteralCall.ts"

/** Texts of calls, or the exception that the original's decoder raises. */
export type Decoded = Result.Result<ReadonlyArray<string>, PythonError>

const attempt = (decode: () => ReadonlyArray<string>): Decoded => {
  try {
    return Result.succeed(decode())
  } catch (error) {
    if (error instanceof PythonError) return Result.fail(error)
    throw error
  }
}

/** A tool call as an API returns it: `arguments` are JSON text, or what it says. */
export interface ToolCall {
  readonly name: string
  readonly arguments: string | Value
}

/** The function-calling path (`convert_to_function_call`): `name(key=repr(value),...)`. Names and keys are not checked. */
export const functionCalls = (calls: ReadonlyArray<ToolCall>): Decoded =>
  attempt(() =>
    calls.map(({ arguments: given, name }) => {
      const parsed = typeof given === "string" ? Json.loadsCall(given) : given
      if (!(parsed instanceof Dict)) throw attributeError(parsed, "items")
      return callText(name, parsed)
    })
  )

/**
 * The function-calling path of the Qwen handler: every `<tool_call>` block on lines of its own, after the last
 * `</think>`. A block that is no JSON is passed over; one that is no call with a name and arguments fails.
 */
export const qwenCalls = (text: string): Decoded =>
  Result.flatMap(
    attempt(() => {
      const answer = text.slice(text.lastIndexOf("</think>") === -1 ? 0 : text.lastIndexOf("</think>") + 8)
      return between(answer, "<tool_call>\n", "\n</tool_call>").bodies
    }),
    (bodies) => {
      const calls = bodies.flatMap((body): ReadonlyArray<ToolCall | undefined> => {
        const parsed = parsedOrUndefined(body)
        return parsed === undefined ? [] : [asToolCall(parsed)]
      })
      return calls.every((call) => call !== undefined)
        ? functionCalls(calls)
        : Result.fail(new PythonError("ValueError", "a tool call without name or arguments"))
    }
  )

const parsedOrUndefined = (text: string): Value | undefined => {
  try {
    return Json.loadsCall(text)
  } catch (error) {
    if (error instanceof PythonError) return undefined
    throw error
  }
}

const asToolCall = (value: Value): ToolCall | undefined => {
  if (!(value instanceof Dict)) return undefined
  const name = value.get("name")
  const given = value.get("arguments")
  return typeof name === "string" && given !== undefined ? { name, arguments: given } : undefined
}

/** The prompting path (`default_decode_execute_prompting`): a Python list of calls, or what becomes one in brackets. */
export const promptingCalls = (text: string): Decoded =>
  attempt(() => {
    const bracketed = inBrackets(text)
    const source = stripCharacters(strip(bracketed), "'")
    return callsOf(parseSource(source, "<unknown>"))
  })

/** The paper's copy of the prompting path, of an older version: it strips brackets and quotes, and nothing else. */
export const paperPromptingCalls: (text: string) => Decoded = remembered((text) =>
  attempt(() => callsOf(parseSource(stripCharacters(inBrackets(text), "[]'"), "<unknown>")))
)

const inBrackets = (text: string): string => {
  const trimmed = stripCharacters(text, "`\n ")
  const opened = trimmed.startsWith("[") ? trimmed : `[${trimmed}`
  return opened.endsWith("]") ? opened : `${opened}]`
}

/**
 * The paper's `parse_tool_calls`: JSON tool calls as the text of a Python list of calls. What is no call is left out,
 * and so is all of a text that is no JSON. Throws `PythonError` for an argument that has no repr.
 */
export const paperCallString = (content: string): string => {
  const parsed = parsedOrUndefined(content) ?? []
  const calls = (Array.isArray(parsed) ? parsed : [parsed]).flatMap((item) => {
    if (!(item instanceof Dict)) return []
    const name = item.get("name")
    const given = item.get("arguments")
    if (typeof name !== "string" || strip(name) === "") return []
    return [callText(strip(name), given instanceof Dict ? given : new Dict(), ", ")]
  })
  return `[${calls.join(", ")}]`
}

/** The paper's way from the content of a response, which should be JSON of tool calls, to the texts of calls. */
export const paperCalls = (content: string): Decoded =>
  Result.flatMap(attempt(() => [paperCallString(content)]), ([calls = ""]) => paperPromptingCalls(calls))

// From the tree of a list of calls to calls, and back to text. The detour is the original's, and it loses a lot.

const callsOf = (tree: Expression): ReadonlyArray<string> => {
  const reader = new ArgumentReader(tree)
  return callNodes(tree).map((call) => reader.call(call)).map(([name, given]) => printCall(name, given))
}

const callNodes = (tree: Expression): ReadonlyArray<Call> => {
  if (tree.kind === "Call") return [tree]
  if (tree.kind !== "List" && tree.kind !== "Tuple" && tree.kind !== "Set") throw noAttribute(tree, "elts")
  return tree.items.map((item) => {
    if (item.kind !== "Call") throw new PythonError("AssertionError", "")
    return item
  })
}

const noAttribute = (tree: Expression, name: string): PythonError =>
  new PythonError("AttributeError", `'${tree.kind}' object has no attribute '${name}'`)

/** Steps of an operation that is the argument of a call; there may be many of them in one source. */
const stepsOfOperation = 100

const operationsIn = (tree: Expression): number =>
  tree.kind === "BinOp" ? 1 : children(tree).reduce((sum, child) => sum + operationsIn(child), 0)

/** The arguments of the calls in a tree. */
class ArgumentReader {
  private readonly tree: Expression
  private steps: number | undefined

  constructor(tree: Expression) {
    this.tree = tree
  }

  /** Name and arguments of a call: positional arguments are dropped, `**x` becomes the argument `None`. */
  call(call: Call): readonly [name: string, given: Dict] {
    const names: Array<string> = []
    let callee = call.callee
    while (callee.kind === "Attribute") {
      names.unshift(callee.attribute)
      callee = callee.value
    }
    if (callee.kind === "Name") names.unshift(callee.id)
    const given = new Dict()
    for (const { name, value } of call.keywords) given.set(name ?? null, this.value(value))
    return [names.join("."), given]
  }

  /** The value of an argument: a name is its own text, and a call is a dictionary of one entry or its text. */
  private value(tree: Expression): Value {
    switch (tree.kind) {
      case "Constant":
        return tree.value === ellipsis ? "..." : tree.value
      case "UnaryOp":
        return resolveUnary(tree.operand)
      case "List":
        return tree.items.map((item) => this.value(item))
      case "Tuple":
        return new Tuple(tree.items.map((item) => this.value(item)))
      case "Dict":
        return this.dict(tree.entries)
      case "BinOp":
        return evaluate(compile(unparse(tree)), builtin, { ...limits(), steps: this.stepsOfEach() })
      case "Name":
        return tree.id
      case "Call": {
        if (tree.keywords.length === 0) return unparse(tree)
        const [name, given] = this.call(tree)
        return Dict.from([[name, given]])
      }
      case "Lambda":
        throw new PythonError("TypeError", `'${tree.body.kind}' object is not subscriptable`)
      case "Subscript":
        return `${unparse(tree.value)}[${unparse(tree.slice)}]`
      default:
        throw new PythonError("Exception", `Unsupported AST type: <class 'ast.${tree.kind}'>`)
    }
  }

  private dict(entries: ReadonlyArray<readonly [key: Expression | undefined, value: Expression]>): Dict {
    const dict = new Dict()
    for (const [key, value] of entries) {
      if (key === undefined) throw new PythonError("Exception", "Unsupported AST type: <class 'NoneType'>")
      dict.set(this.value(key), this.value(value))
    }
    return dict
  }

  /** The operations of the tree have the limit in equal parts. */
  private stepsOfEach(): number {
    this.steps ??= stepsOfOperation + Math.floor(limits().arithmetic / operationsIn(this.tree))
    return this.steps
  }
}

/** Whatever the operator is, the original negates the operand's constant. */
const resolveUnary = (operand: Expression): Value => {
  if (operand.kind === "Constant") return negate(operand.value)
  if (!("value" in operand) || operand.value === undefined) throw noAttribute(operand, "value")
  throw new PythonError("TypeError", `bad operand type for unary -: '${operand.value.kind}'`)
}

const printCall = (name: string, given: Dict): string => {
  const parts = Array.from(given.entries(), ([key, value]) => `${str(key)}=${print(value)}`)
  return `${name}(${parts.join(", ")})`
}

/** A value of an argument. A dictionary of dictionaries is taken for a call, of its first key. */
const print = (value: Value): string => {
  if (!(value instanceof Dict)) return repr(value)
  const isCall = [...value.values()].every((item) => item instanceof Dict)
  if (!isCall) return `{${Array.from(value.entries(), ([key, item]) => `'${str(key)}': ${print(item)}`).join(", ")}}`
  for (const [name, given] of value.entries()) return printCall(str(name), given instanceof Dict ? given : new Dict())
  throw new PythonError("IndexError", "list index out of range")
}
