/**
 * Runs tool calls on the instances of an entry, as BFCL's `execute_multi_turn_func_call` does.
 *
 * A call is the text of a Python expression or a JSON tool call; its result is always a text. What did not succeed
 * comes with a `Failure` beside the text, whether a tool, the binding of arguments, the parser or the evaluator said no.
 */
import { builtin } from "../python/Builtins.ts"
import { Callable } from "../python/Callable.ts"
import { compile } from "../python/Compile.ts"
import { evaluate, type Scope } from "../python/Evaluate.ts"
import { charactersPerItem, extentOf } from "../python/Extent.ts"
import { exceeded, limits, maximumSource } from "../python/Limits.ts"
import { PythonError } from "../python/PythonError.ts"
import { bind, type BindingFault } from "../python/Signature.ts"
import { thaw } from "../python/Thaw.ts"
import { deepCopy, Dict, Instance, type Keywords, type Value } from "../python/Value.ts"
import { executorName } from "./ExecutorNames.ts"
import { callText, plainArguments } from "./LiteralCall.ts"
import { resultText } from "./ResultText.ts"
import { forbiddenName, instanceName, instancePrefix, rewrite } from "./Rewrite.ts"
import type { Session } from "./Session.ts"
import { type Located, qualifiedName } from "./Toolbox.ts"
import { Failure } from "./Toolset.ts"
import type { Simulator, ToolInfo } from "./Toolsets.ts"

/** What came of a call. */
export interface Outcome {
  /** The call as text. */
  readonly call: string
  /** What the agent without augmentation sees. */
  readonly text: string
  /** What the call returned; absent when it raised. */
  readonly value?: Value
  readonly failure?: Failure
  /** The tool that was called (the last one, when calls are nested), and its class. */
  readonly tool?: string
  readonly toolset?: string
}

const raisedPrefix = "Error during execution: "

/** The step code of calls that were executed: -2 when a result reads as an exception, else -1. */
export const stepCode = (results: ReadonlyArray<string>): -1 | -2 =>
  results.some((result) => result.startsWith("Error during execution:")) ? -2 : -1

/** A failure of a tool that raises, on its way through the evaluator. */
class RaisedFailure extends PythonError {
  readonly failure: Failure
  constructor(failure: Failure, message: string) {
    super("Exception", message)
    this.failure = failure
  }
}

const bindingFailure = ({ kind, message, names }: BindingFault, tool: ToolInfo): Failure =>
  new Failure(
    kind,
    { arguments: [...names], parameters: tool.parameters.map((parameter) => parameter.name) },
    { raised: message }
  )

/** `given`: the arguments of the call, by parameter, where the exception came from inside a tool. */
const pythonFailure = (error: PythonError, given = new Dict()): Failure =>
  error instanceof RaisedFailure
    ? error.failure
    : new Failure("python_error", { exception: error.type, message: error.message, given }, { raised: error.message })

const raised = (call: string, failure: Failure, text: string, located?: Located): Outcome => ({
  call,
  text: raisedPrefix + text,
  failure,
  ...located && { tool: located.tool.name, toolset: located.toolset }
})

/** Runs a tool with bound arguments and puts its result into words. */
const runTool = (session: Session, call: string, located: Located, given: ReadonlyArray<Value>): Outcome => {
  const { tool: { name: tool }, toolset } = located
  try {
    const result = session.instances[located.classIndex]!.run(located.toolIndex, given)
    if (!(result instanceof Failure)) return { call, text: resultText(result), value: result, tool, toolset }
    if ("raised" in result.standard) return raised(call, result, result.standard.raised, located)
    const value = result.standard.returned
    return { call, text: resultText(value), value, failure: result, tool, toolset }
  } catch (error) {
    if (!(error instanceof PythonError)) throw error
    const byParameter = Dict.from(located.tool.parameters.map((parameter, i) => [parameter.name, given[i]!]))
    return raised(call, pythonFailure(error, byParameter), error.message, located)
  }
}

const bindAndRun = (
  session: Session,
  call: string,
  located: Located,
  positional: ReadonlyArray<Value>,
  keywords: Keywords
): Outcome => {
  const bound = bind(qualifiedName(located), located.tool.parameters, positional, keywords)
  if (!("message" in bound)) return runTool(session, call, located, bound)
  return raised(call, bindingFailure(bound, located.tool), bound.message, located)
}

const tooLong = (call: string, most: number): Outcome => {
  const error = exceeded("the call has more characters", most, "reads")
  return raised(call, pythonFailure(error), error.message)
}

/** Executes the text of a call, as the original does: any Python expression, a result for each. */
export const execute = (session: Session, call: string): Outcome => {
  const { source } = limits()
  if (call.length > source) return tooLong(call, source)
  const known = session.script.read(session.calls++, call)
  known.lookUpIn(session.tools)
  const { bound, isMutable, literal, located } = known
  if (located !== undefined && bound !== undefined) {
    return runTool(session, call, located, isMutable ? bound.map(deepCopy) : bound)
  }
  if (located === undefined || literal === undefined) return evaluateCall(session, call)
  return bindAndRun(session, call, located, literal.positional, literal.keywords)
}

const mostGiven = maximumSource / charactersPerItem

/**
 * Executes a JSON tool call. Equivalent to executing `name(key=repr(value),...)`, which is what happens where the text
 * would not evaluate to just these arguments.
 */
export const executeJson = (session: Session, name: string, given: Dict): Outcome => {
  const located = session.tools.get(name)
  const keywords = located && plainArguments(given)
  try {
    if (extentOf(given, mostGiven) > mostGiven) return tooLong(`${name}(...)`, maximumSource)
    const call = callText(name, given)
    if (located === undefined || keywords === undefined) return evaluateCall(session, call)
    return bindAndRun(session, call, located, [], keywords.map(([key, value]) => [key, deepCopy(value)] as const))
  } catch (error) {
    if (!(error instanceof PythonError)) throw error
    return raised(`${name}(...)`, pythonFailure(error), error.message)
  }
}

/** What the evaluator learned about the tools that an expression called. */
interface Trace {
  located: Located | undefined
  failure: Failure | undefined
}

/** The name that a call text begins with. */
const calleeOf = (call: string): string | undefined => /^\s*([\p{L}_][\p{L}\p{N}_.]*)/u.exec(call)?.[1]

const evaluateCall = (session: Session, call: string): Outcome => {
  const { tools } = session
  const prefix = instancePrefix(session.name)
  const className = (tool: string): string | undefined => {
    const located = tools.get(tool)
    return located && instanceName(prefix, located.toolset)
  }
  const processed = rewrite(call, className)
  const refused = forbiddenName(processed)
  if (refused !== undefined) {
    const message = `Function call ${refused} is not allowed.`
    return raised(call, new Failure("forbidden", { name: refused }, { raised: message }), message)
  }
  const trace: Trace = { located: undefined, failure: undefined }
  try {
    const value = evaluate(compile(processed), scopeOf(session, prefix, trace))
    const text = resultText(value)
    return {
      call,
      text,
      value,
      ...trace.failure && { failure: trace.failure },
      ...trace.located && { tool: trace.located.tool.name, toolset: trace.located.toolset }
    }
  } catch (error) {
    if (!(error instanceof PythonError)) throw error
    return raised(call, evaluationFailure(session, call, trace, error), error.message, trace.located)
  }
}

/** The names that a call can see. */
const scopeOf = (session: Session, prefix: string, trace: Trace): Scope => (name) => {
  const instance = session.instances.find(({ toolset }) => instanceName(prefix, toolset.name) === name)
  if (instance !== undefined) return new ToolsetObject(session, instance, trace)
  const { config, name: instancesName, world: { classes, longContext } } = session
  return executorName(name, { classes, config, longContext, name: instancesName }) ?? builtin(name)
}

/** Why an evaluation raised: its syntax, a name that is no tool, a tool's own failure, or Python. */
const evaluationFailure = (session: Session, call: string, trace: Trace, error: PythonError): Failure => {
  if (/^(?:Syntax|Indentation|Tab)Error$/.test(error.type)) {
    return new Failure("syntax_error", { message: error.message }, { raised: error.message })
  }
  const name = calleeOf(call)
  const isUnknown = name !== undefined && !session.tools.has(name)
  if (trace.located === undefined && isUnknown && !(error instanceof RaisedFailure)) {
    return new Failure("unknown_tool", { name, tools: [...session.tools.keys()] }, { raised: error.message })
  }
  return pythonFailure(error)
}

/** An instance as the evaluator sees it: its tools are attributes. */
class ToolsetObject extends Instance {
  readonly typeName: string
  private readonly session: Session
  private readonly simulator: Simulator
  private readonly trace: Trace

  constructor(session: Session, simulator: Simulator, trace: Trace) {
    super()
    this.typeName = simulator.toolset.name
    this.session = session
    this.simulator = simulator
    this.trace = trace
  }

  override attribute(name: string): Value | undefined {
    const located = this.session.tools.get(name)
    if (located === undefined || this.session.instances[located.classIndex] !== this.simulator) return undefined
    return new ToolMethod(this.session, located, this.trace)
  }

  override repr(): string {
    return `<${this.typeName} object>`
  }
}

/** A tool as the evaluator sees it. */
class ToolMethod extends Callable {
  readonly typeName = "method"
  override readonly steps = 200
  readonly functionText: string
  private readonly session: Session
  private readonly located: Located
  private readonly trace: Trace

  constructor(session: Session, located: Located, trace: Trace) {
    super()
    this.session = session
    this.located = located
    this.trace = trace
    const { module: moduleName } = session.instances[located.classIndex]!.toolset
    const package_ = "bfcl_eval.eval_checker.multi_turn_eval.func_source_code"
    this.functionText = `${package_}.${moduleName}.${qualifiedName(located)}()`
  }

  override call(positional: ReadonlyArray<Value>, keywords: Keywords): Value {
    this.trace.located = this.located
    this.trace.failure = undefined
    const bound = bind(qualifiedName(this.located), this.located.tool.parameters, positional, keywords)
    if ("message" in bound) throw new RaisedFailure(bindingFailure(bound, this.located.tool), bound.message)
    const result = this.session.instances[this.located.classIndex]!.run(this.located.toolIndex, bound)
    if (!(result instanceof Failure)) return this.own(result)
    this.trace.failure = result
    if ("raised" in result.standard) throw new RaisedFailure(result, result.standard.raised)
    return this.own(result.standard.returned)
  }

  /** The rest of the expression may change what it gets, or give it to another tool that does. */
  private own(result: Value): Value {
    return thaw(result)
  }

  override repr(): string {
    return `<bound method ${qualifiedName(this.located)}>`
  }
}
