/**
 * Runs tool calls on the instances of an entry, as BFCL's `execute_multi_turn_func_call` does.
 *
 * A call is the text of a Python expression or a JSON tool call; its result is always a text. What did not succeed
 * comes with a `Failure` beside the text, whether a tool, the binding of arguments, the parser or the evaluator said no.
 */
import { type Limits, remembered } from "../Memo.ts"
import { builtin } from "../python/Builtins.ts"
import { Callable } from "../python/Callable.ts"
import { compile } from "../python/Compile.ts"
import { evaluate, type Scope } from "../python/Evaluate.ts"
import { charactersPerItem, extentOf } from "../python/Extent.ts"
import * as Json from "../python/Json.ts"
import { exceeded, limits, maximumSource } from "../python/Limits.ts"
import { bind, type BindingFault } from "../python/Signature.ts"
import { thaw } from "../python/Thaw.ts"
import { deepCopy, Dict, Instance, type Keywords, PythonError, type Value } from "../python/Value.ts"
import { executorName } from "./ExecutorNames.ts"
import { callText, type LiteralCall, literalCall, plainArguments } from "./LiteralCall.ts"
import type { LongContext } from "./LongContext.ts"
import { resultText } from "./ResultText.ts"
import { forbiddenName, instanceName, instancePrefix, rewrite } from "./Rewrite.ts"
import type { Shared } from "./Shared.ts"
import { Failure } from "./Toolset.ts"
import { type RegisteredToolset, type Simulator, type ToolInfo, toolsetOf } from "./Toolsets.ts"

/** A tool within the classes of an entry. */
export interface Located {
  readonly tool: ToolInfo
  /** Which of the entry's classes has it, and where among the class's tools. */
  readonly classIndex: number
  readonly toolIndex: number
}

/** Texts of configurations that are remembered for each list of classes: the benchmark has 60 of them at most. */
const alike: Limits = { maximumTexts: 256, maximumLength: 1 << 16 }

/** Toolsets by class, in the entry's order, and their tools by name. */
class Toolbox {
  readonly toolsets: ReadonlyArray<RegisteredToolset>
  readonly tools: ReadonlyMap<string, Located>
  /** What begins from that text: the variants of a scenario do alike, and have all of it in common. */
  readonly beginning = {
    standard: remembered((config) => new Beginning(this, Json.loads(config)), alike),
    longContext: remembered((config) => new Beginning(this, Json.loads(config)), alike)
  }

  constructor(toolsets: ReadonlyArray<RegisteredToolset>) {
    const tools = new Map<string, Located>()
    for (const [classIndex, toolset] of toolsets.entries()) {
      for (const [toolIndex, tool] of toolset.tools.entries()) tools.set(tool.name, { tool, classIndex, toolIndex })
    }
    this.toolsets = toolsets
    this.tools = tools
  }
}

/** Toolboxes by the classes' names: an entry's classes are one of a few dozen lists. */
const toolboxes = new Map<string, Toolbox>()

const toolboxOf = (toolsets: ReadonlyArray<RegisteredToolset>): Toolbox => {
  const key = toolsets.map((toolset) => toolset.name).join(" ")
  let toolbox = toolboxes.get(key)
  if (toolbox === undefined) toolboxes.set(key, toolbox = new Toolbox(toolsets))
  return toolbox
}

/** What a session is made of: a part of an `Entry`. */
export interface World {
  /** Classes to instantiate, in the order of their tools. */
  readonly classes: ReadonlyArray<string>
  /** Class name -> configuration: JSON text, so that 10000.0 stays a float, or its value, which is not changed. */
  readonly initialConfig: string | Dict
  readonly longContext: boolean
}

export interface OpenOptions {
  /** What the instances are called after, `<model>[_eval]_<id>`; it shows in results whose text has `tool (` in it. */
  readonly name: string
  /** The constants of the long-context category; used by worlds that are of it. */
  readonly longContext?: LongContext | undefined
  /** What instances have in common with those of other sessions; nothing when absent. */
  readonly shared?: Shared | undefined
}

/** Classes without a simulator. */
export class ToolsetMissing extends Error {
  readonly classes: ReadonlyArray<string>
  constructor(classes: ReadonlyArray<string>) {
    super(`no simulator of ${classes.join(", ")} yet`)
    this.classes = classes
  }
}

/** The instances of one episode. Calls change their state. */
export interface Session {
  /** In the order of the classes. */
  readonly instances: ReadonlyArray<Simulator>
  /** Tool name -> where it is. */
  readonly tools: ReadonlyMap<string, Located>
  /** See `OpenOptions`. */
  readonly name: string
  readonly world: World
  /** The configuration of the world, frozen. */
  readonly config: Dict
}

/** What the sessions of worlds that are alike have in common. */
class Beginning {
  readonly toolbox: Toolbox
  readonly config: Dict
  /** Make the instances, with these constants. */
  private copiers: ReadonlyArray<() => Simulator> | undefined
  private constants: LongContext | undefined

  /** The configuration is adopted. */
  constructor(toolbox: Toolbox, config: Value) {
    this.toolbox = toolbox
    this.config = config instanceof Dict ? config : new Dict()
    this.config.freeze()
  }

  /** The instances before any call. To fill them from the configuration takes longer than an episode, so it is done once. */
  instances(constants: LongContext | undefined, shared: Shared | undefined): ReadonlyArray<Simulator> {
    // What instances share is nobody's own, and so nothing to copy.
    if (shared !== undefined) return this.load(constants, shared)
    if (this.copiers === undefined || this.constants !== constants) {
      this.copiers = this.load(constants).map((instance) => instance.copier())
      this.constants = constants
    }
    return this.copiers.map((copy) => copy())
  }

  private load(constants: LongContext | undefined, shared?: Shared): ReadonlyArray<Simulator> {
    return this.toolbox.toolsets.map((toolset) => {
      const config = this.config.get(toolset.name)
      return toolset.open(config === undefined ? new Dict() : deepCopy(config), constants, shared)
    })
  }
}

const begun = ({ classes, initialConfig, longContext }: World): Beginning => {
  const missing = classes.filter((name) => toolsetOf(name) === undefined)
  if (missing.length > 0) throw new ToolsetMissing(missing)
  const toolbox = toolboxOf(classes.flatMap((name) => toolsetOf(name) ?? []))
  return typeof initialConfig === "string"
    ? toolbox.beginning[longContext ? "longContext" : "standard"](initialConfig)
    : new Beginning(toolbox, deepCopy(initialConfig))
}

const beginnings = new WeakMap<World, Beginning>()

const beginningOf = (world: World): Beginning => {
  let beginning = beginnings.get(world)
  if (beginning === undefined) beginnings.set(world, beginning = begun(world))
  return beginning
}

/**
 * Makes the instances of a world. Throws `ToolsetMissing`, and `PythonError` for a configuration that the original
 * could not load either.
 */
export const open = (world: World, { longContext, name, shared }: OpenOptions): Session => {
  const beginning = beginningOf(world)
  const { config, toolbox } = beginning
  const instances = beginning.instances(world.longContext ? longContext : undefined, shared)
  return { instances, tools: toolbox.tools, name, world, config }
}

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

const raised = (call: string, failure: Failure, text: string, tool?: Located, toolset?: string): Outcome => ({
  call,
  text: raisedPrefix + text,
  failure,
  ...tool && { tool: tool.tool.name },
  ...toolset !== undefined && { toolset }
})

/** Runs a tool with bound arguments and puts its result into words. */
const runTool = (session: Session, call: string, located: Located, given: ReadonlyArray<Value>): Outcome => {
  const instance = session.instances[located.classIndex]!
  const tool = located.tool.name
  const toolset = instance.toolset.name
  try {
    const result = instance.run(located.toolIndex, given)
    if (!(result instanceof Failure)) return { call, text: resultText(result), value: result, tool, toolset }
    if ("raised" in result.standard) return raised(call, result, result.standard.raised, located, toolset)
    const value = result.standard.returned
    return { call, text: resultText(value), value, failure: result, tool, toolset }
  } catch (error) {
    if (!(error instanceof PythonError)) throw error
    const byParameter = Dict.from(located.tool.parameters.map((parameter, i) => [parameter.name, given[i]!]))
    return raised(call, pythonFailure(error, byParameter), error.message, located, toolset)
  }
}

const qualifiedName = (session: Session, located: Located): string =>
  `${session.instances[located.classIndex]!.toolset.name}.${located.tool.name}`

const bindAndRun = (
  session: Session,
  call: string,
  located: Located,
  positional: ReadonlyArray<Value>,
  keywords: Keywords
): Outcome => {
  const bound = bind(qualifiedName(session, located), located.tool.parameters, positional, keywords)
  if (!("message" in bound)) return runTool(session, call, located, bound)
  const toolset = session.instances[located.classIndex]!.toolset.name
  return raised(call, bindingFailure(bound, located.tool), bound.message, located, toolset)
}

/**
 * A call text that was read before. What it takes to run it again lies in one place: among thousands of calls, to fetch
 * it from memory is most of the work.
 */
interface Known {
  readonly literal: LiteralCall | undefined
  readonly isMutable: boolean
  /** The tools among which it was last looked for, and what was found there. */
  tools: Session["tools"] | undefined
  located: Located | undefined
  /** The tool that its arguments were bound to: no two have the same name. They are absent when they did not fit. */
  boundTo: ToolInfo | undefined
  bound: ReadonlyArray<Value> | undefined
}

/** Ground truths and the openings of groups repeat themselves, and reading takes longer than running. */
const knownCall = remembered(
  (call): Known => {
    const literal = literalCall(call)
    return {
      literal,
      isMutable: literal?.isMutable ?? false,
      tools: undefined,
      located: undefined,
      boundTo: undefined,
      bound: undefined
    }
  },
  { maximumTexts: 1 << 12, maximumLength: 1 << 13 }
)

/** Finds the tool of a call in a session, and binds its arguments. */
const prepare = (known: Known, session: Session): void => {
  const { literal } = known
  const located = literal && session.tools.get(literal.name)
  known.tools = session.tools
  known.located = located
  if (literal === undefined || located === undefined || located.tool === known.boundTo) return
  const bound = bind(qualifiedName(session, located), located.tool.parameters, literal.positional, literal.keywords)
  known.boundTo = located.tool
  known.bound = "message" in bound ? undefined : bound
}

const tooLong = (call: string, most: number): Outcome => {
  const error = exceeded("the call has more characters", most, "reads")
  return raised(call, pythonFailure(error), error.message)
}

/** Executes the text of a call, as the original does: any Python expression, a result for each. */
export const execute = (session: Session, call: string): Outcome => {
  const { source } = limits()
  if (call.length > source) return tooLong(call, source)
  const known = knownCall(call)
  if (known.tools !== session.tools) prepare(known, session)
  const { bound, literal, located } = known
  if (literal === undefined || located === undefined) return evaluateCall(session, call)
  if (bound === undefined) return bindAndRun(session, call, located, literal.positional, literal.keywords)
  return runTool(session, call, located, known.isMutable ? bound.map(deepCopy) : bound)
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
    return located && instanceName(prefix, session.instances[located.classIndex]!.toolset.name)
  }
  const processed = rewrite(call, className)
  const refused = forbiddenName(processed)
  if (refused !== undefined) {
    const message = `Function call ${refused} is not allowed.`
    return raised(call, new Failure("forbidden", { name: refused }, { raised: message }), message)
  }
  const trace: Trace = { located: undefined, failure: undefined }
  const toolset = (): string | undefined => trace.located && session.instances[trace.located.classIndex]!.toolset.name
  try {
    const value = evaluate(compile(processed), scopeOf(session, prefix, trace))
    const text = resultText(value)
    return {
      call,
      text,
      value,
      ...trace.failure && { failure: trace.failure },
      ...trace.located && { tool: trace.located.tool.name, toolset: toolset()! }
    }
  } catch (error) {
    if (!(error instanceof PythonError)) throw error
    return raised(call, evaluationFailure(session, call, trace, error), error.message, trace.located, toolset())
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
    this.functionText = `${package_}.${moduleName}.${qualifiedName(session, located)}()`
  }

  override call(positional: ReadonlyArray<Value>, keywords: Keywords): Value {
    this.trace.located = this.located
    this.trace.failure = undefined
    const bound = bind(qualifiedName(this.session, this.located), this.located.tool.parameters, positional, keywords)
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
    return `<bound method ${qualifiedName(this.session, this.located)}>`
  }
}
