/**
 * A chat template as a model's folder brings it: Jinja, run as `transformers` runs it.
 *
 * Templates print Python's values, to whom 3 and 3.0 are different texts. The package that runs them has one kind of
 * number and JavaScript's idea of blanks; `tojson` (but for its options `separators` and `sort_keys`), `trim`, and `strip`
 * with its relatives are done here, in Python's way. `strftime_now` is left undefined, which templates provide for: a prompt
 * must not depend on the day.
 */
import * as Jinja from "@huggingface/jinja"
import { Result } from "effect"
import { dumps, type DumpsOptions } from "../../domain/python/Json.ts"
import { PythonError } from "../../domain/python/PythonError.ts"
import { strip, stripCharacters, stripEnd, stripStart } from "../../domain/python/Text.ts"
import { Dict, Tuple, typeName, type Value } from "../../domain/python/Value.ts"

/** Renders a template, or says in a sentence why it cannot: what it raised, or what of it is not understood. */
export type ChatTemplate = (variables: Readonly<Record<string, Value>>) => Result.Result<string, string>

// The package's declarations import one another in a way that node's resolution does not follow, so its types are lost.
// These are the parts of it that matter here.

interface Node {
  readonly type: string
}

type Given =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | ReadonlyArray<Runtime>
  | Map<string, Runtime>
  | Function

interface Runtime {
  readonly type: string
  readonly value: Given
}

interface Environment {
  /** Declares a global, from JavaScript's values. */
  set(name: string, value: unknown): Runtime
  setVariable(name: string, value: Runtime): Runtime
}

interface Interpreter {
  run(program: Node): Runtime
  evaluate(node: Node | undefined, environment: Environment): Runtime
}

const Scope: new() => Environment = Jinja.Environment
const Evaluator: new(environment: Environment) => Interpreter = Jinja.Interpreter
const parse = (source: string): Node => new Jinja.Template(source).parsed

interface Literal extends Node {
  readonly value: unknown
}

interface Identifier extends Node {
  readonly value: string
}

interface Filter extends Node {
  readonly operand: Node
  readonly filter: Node
}

interface Call extends Node {
  readonly callee: Node
  readonly args: ReadonlyArray<Node>
}

interface Member extends Node {
  readonly object: Node
  readonly property: Node
  readonly computed: boolean
}

interface Keyword extends Node {
  readonly key: Identifier
  readonly value: Node
}

const isIdentifier = (node: Node): node is Identifier => node.type === "Identifier"
const isFilter = (node: Node): node is Filter => node.type === "FilterExpression"
const isCall = (node: Node): node is Call => node.type === "CallExpression"
const isMember = (node: Node): node is Member => node.type === "MemberExpression"
const isKeyword = (node: Node): node is Keyword => node.type === "KeywordArgumentExpression"

const literalOf = (type: string, value: unknown): Literal => ({ type, value })
const identifier = (value: string): Identifier => ({ type: "Identifier", value })

/** A value as a template would write it. */
const written = (value: Value): Node => {
  switch (typeof value) {
    case "string":
      return literalOf("StringLiteral", value)
    case "number":
      return literalOf("FloatLiteral", value)
    case "bigint":
      // A number where templates may count with it; beyond, they can still print it.
      return literalOf("IntegerLiteral", Number.isSafeInteger(Number(value)) ? Number(value) : value)
    case "boolean":
      return identifier(value ? "true" : "false")
  }
  if (value === null) return identifier("none")
  if (value instanceof Dict) {
    const entries = Array.from(value.entries(), ([key, item]) => [written(String(key)), written(item)] as const)
    return literalOf("ObjectLiteral", new Map(entries))
  }
  const items = Array.isArray(value) ? value : value instanceof Tuple ? value.items : undefined
  if (items === undefined) throw new TypeError(`a template cannot be given a ${typeName(value)}`)
  return literalOf("ArrayLiteral", items.map(written))
}

/** What a template has computed, as Python would have it. */
const valueOf = (runtime: Runtime): Value => {
  const { value } = runtime
  switch (typeof value) {
    case "string":
    case "boolean":
    case "bigint":
      return value
    case "number":
      return runtime.type === "FloatValue" ? value : BigInt(value)
    case "undefined":
      return null
  }
  if (value === null) return null
  if (value instanceof Map) return Dict.from(Array.from(value, ([key, item]) => [key, valueOf(item)]))
  if (typeof value === "object") return value.map(valueOf)
  throw new TypeError(`Object of type ${runtime.type} is not JSON serializable`)
}

/** The filter `tojson` with options that Python's writer here has; undefined for any other. */
const jsonFilter = (node: Node): ReadonlyArray<Keyword> | undefined => {
  if (isIdentifier(node)) return node.value === "tojson" ? [] : undefined
  if (!isCall(node) || !isIdentifier(node.callee) || node.callee.value !== "tojson") return undefined
  const known = node.args.filter(isKeyword).filter(({ key }) => key.value === "indent" || key.value === "ensure_ascii")
  return known.length === node.args.length ? known : undefined
}

const dumpsOptions = (given: ReadonlyMap<string, Value>): DumpsOptions => {
  const indent = given.get("indent")
  return {
    ensureAscii: given.get("ensure_ascii") === true,
    ...(typeof indent === "bigint" && { indent: Number(indent) })
  }
}

const strippers: ReadonlyMap<string, (text: string, unwanted: string | undefined) => string> = new Map([
  ["strip", (text, unwanted) => unwanted === undefined ? strip(text) : stripCharacters(text, unwanted)],
  ["lstrip", (text, unwanted) => unwanted === undefined ? stripStart(text) : stripCharacters(text, unwanted, "start")],
  ["rstrip", (text, unwanted) => unwanted === undefined ? stripEnd(text) : stripCharacters(text, unwanted, "end")]
])

class PythonInterpreter extends Evaluator {
  override evaluate(node: Node | undefined, environment: Environment): Runtime {
    const result = node === undefined
      ? undefined
      : isFilter(node)
      ? this.filtered(node, environment)
      : this.stripped(node, environment)
    return result === undefined
      ? super.evaluate(node, environment)
      : super.evaluate(literalOf("StringLiteral", result), environment)
  }

  /** `operand | tojson` and `operand | trim`. */
  private filtered({ filter, operand }: Filter, environment: Environment): string | undefined {
    if (isIdentifier(filter) && filter.value === "trim") {
      const { value } = this.evaluate(operand, environment)
      return typeof value === "string" ? strip(value) : undefined
    }
    const given = jsonFilter(filter)
    if (given === undefined) return undefined
    const options = given.map(({ key, value }) => [key.value, valueOf(this.evaluate(value, environment))] as const)
    return dumps(valueOf(this.evaluate(operand, environment)), dumpsOptions(new Map(options)))
  }

  /** `object.strip(characters)`, and of one end. */
  private stripped(node: Node, environment: Environment): string | undefined {
    if (!isCall(node) || !isMember(node.callee) || node.callee.computed) return undefined
    const { object, property } = node.callee
    const strip = isIdentifier(property) ? strippers.get(property.value) : undefined
    if (strip === undefined) return undefined
    const { value } = this.evaluate(object, environment)
    const [unwanted] = node.args.map((argument) => this.evaluate(argument, environment).value)
    return typeof value === "string" && (unwanted === undefined || typeof unwanted === "string")
      ? strip(value, unwanted)
      : undefined
  }
}

const range = (start: number, stop?: number, step = 1): ReadonlyArray<number> => {
  const [from, to] = stop === undefined ? [0, start] : [start, stop]
  return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step)
}

const globals: Readonly<Record<string, unknown>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  range,
  raise_exception: (message: string) => {
    throw new Error(message)
  }
}

const sentence = (cause: unknown): string =>
  cause instanceof Error || cause instanceof PythonError ? cause.message : String(cause)

const attempt = <A>(run: () => A): Result.Result<A, string> => {
  try {
    return Result.succeed(run())
  } catch (cause) {
    return Result.fail(sentence(cause))
  }
}

/** Reads a template once, to be rendered often; or says what of it cannot be read. */
export const compile = (source: string): Result.Result<ChatTemplate, string> =>
  Result.map(attempt(() => parse(source)), (program): ChatTemplate => (variables) =>
    attempt(() => {
      const environment = new Scope()
      for (const [name, value] of Object.entries(globals)) environment.set(name, value)
      const interpreter = new PythonInterpreter(environment)
      for (const [name, value] of Object.entries(variables)) {
        environment.setVariable(name, interpreter.evaluate(written(value), environment))
      }
      return String(interpreter.run(program).value)
    }))
