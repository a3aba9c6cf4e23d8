/** The registry of tool sets: BFCL's class names and the simulators behind them. */
import { equals, freeze, type Value } from "../python/Value.ts"
import { GorillaFileSystem } from "./GorillaFileSystem.ts"
import type { LongContext } from "./LongContext.ts"
import { MathAPI } from "./MathAPI.ts"
import { MessageAPI } from "./MessageAPI.ts"
import type { Shared } from "./Shared.ts"
import { TicketAPI } from "./TicketAPI.ts"
import type { Failure, Provider, Tool, Toolset } from "./Toolset.ts"
import { TradingBot } from "./TradingBot.ts"
import { TravelAPI } from "./TravelAPI.ts"
import { TwitterAPI } from "./TwitterAPI.ts"
import { VehicleControlAPI } from "./VehicleControlAPI.ts"

/** What is known about a tool without its state. */
export type ToolInfo = Pick<Tool<never>, "name" | "parameters" | "failures">

/** One instance of a tool set, its state inside. */
export interface Simulator {
  readonly toolset: RegisteredToolset
  /** Runs the tool of that index in `toolset.tools`; arguments as for `Tool.run`. May throw `PythonError`. */
  readonly run: (tool: number, given: ReadonlyArray<Value>) => Value | Failure
  /** See `Toolset.attributes`. */
  readonly attributes: () => ReadonlyArray<readonly [name: string, value: Value]>
  /**
   * The public attributes that differ from those of another instance of the same tool set, by Python's `==`; all of
   * them when there is no other. Throws `PythonError` where Python's comparison does (a cyclic directory).
   */
  readonly differences: (that: Simulator | undefined) => ReadonlyArray<string>
  /** An instance like this one, on which no tool was run: either shares the state, frozen, until a tool is run on it. */
  readonly copy: () => Simulator
}

/** A tool set whose type of state is closed over. */
export interface RegisteredToolset {
  readonly name: string
  /** The original's Python module, which CPython names in some errors. */
  readonly module: string
  readonly tools: ReadonlyArray<ToolInfo>
  readonly providers: Readonly<Record<string, ReadonlyArray<Provider>>>
  /** A new instance. The configuration is adopted, not copied. Throws `PythonError` where Python's `_load_scenario` would. */
  readonly open: (config: Value, longContext: LongContext | undefined, shared?: Shared) => Simulator
}

/** One class for all tool sets: of eight, the engine would look up at every call what it calls. */
class Simulation<State> implements Simulator {
  readonly toolset: RegisteredToolset
  private readonly rules: Toolset<State>
  private state: State
  /** Whether nothing but its own tools can change its state. */
  private readonly isAlone: boolean
  /** Makes a state of its own of one that it shares; absent where it shares none. */
  private own: ((state: State) => State) | undefined
  /** An instance with an equal state, as long as a tool was run on neither. */
  private twin: Simulation<State> | undefined

  constructor(
    toolset: RegisteredToolset,
    rules: Toolset<State>,
    state: State,
    isAlone: boolean,
    own?: (state: State) => State
  ) {
    this.toolset = toolset
    this.rules = rules
    this.state = state
    this.isAlone = isAlone
    this.own = own
    this.twin = undefined
  }

  run(tool: number, given: ReadonlyArray<Value>): Value | Failure {
    this.twin = undefined
    if (this.own !== undefined) {
      this.state = this.own(this.state)
      this.own = undefined
    }
    return this.rules.tools[tool]!.run(this.state, ...given)
  }

  attributes(): Attributes {
    return this.rules.attributes(this.state)
  }

  differences(that: Simulator | undefined): ReadonlyArray<string> {
    if (!this.isAlike(that)) return publicNames(this.attributes())
    if (this.twin === that && that.twin === this) return none
    if (!this.rules.equalStates(this.state, that.state)) return unequal(this.attributes(), that.attributes())
    if (this.isAlone && that.isAlone) {
      this.twin = that
      that.twin = this
    }
    return none
  }

  copy(): Simulator {
    if (this.own === undefined) {
      for (const [, value] of this.attributes()) freeze(value)
      this.own = this.rules.copier(this.state)
    }
    return new Simulation(this.toolset, this.rules, this.state, this.isAlone, this.own)
  }

  /** What has the same rules has the same kind of state. */
  private isAlike(that: Simulator | undefined): that is Simulation<State> {
    return that instanceof Simulation && that.rules === this.rules
  }
}

const register = <State>(module: string, toolset: Toolset<State>): RegisteredToolset => {
  const registered: RegisteredToolset = {
    name: toolset.name,
    module,
    tools: toolset.tools,
    providers: toolset.providers,
    open: (config, longContext, shared) =>
      new Simulation(registered, toolset, toolset.load(config, longContext, shared), shared === undefined)
  }
  return registered
}

type Attributes = ReadonlyArray<readonly [name: string, value: Value]>

const none: ReadonlyArray<string> = []

const publicNames = (attributes: Attributes): ReadonlyArray<string> =>
  attributes.map(([name]) => name).filter((name) => !name.startsWith("_"))

const unequal = (a: Attributes, b: Attributes): ReadonlyArray<string> => {
  const others = new Map(b)
  const differing = a.filter(([name, value]) => {
    const other = others.get(name)
    return other === undefined || !equals(value, other)
  })
  return publicNames(differing)
}

const registered: ReadonlyMap<string, RegisteredToolset> = new Map(
  [
    register("gorilla_file_system", GorillaFileSystem),
    register("math_api", MathAPI),
    register("message_api", MessageAPI),
    register("posting_api", TwitterAPI),
    register("ticket_api", TicketAPI),
    register("trading_bot", TradingBot),
    register("travel_booking", TravelAPI),
    register("vehicle_control", VehicleControlAPI)
  ].map((toolset) => [toolset.name, toolset])
)

/** Every class of BFCL's multi-turn categories, implemented or not. */
export const classNames = [
  "GorillaFileSystem",
  "MathAPI",
  "MessageAPI",
  "TwitterAPI",
  "TicketAPI",
  "TradingBot",
  "TravelAPI",
  "VehicleControlAPI"
] as const

/** The tool set of a class; undefined when it is not implemented (yet). */
export const toolsetOf = (className: string): RegisteredToolset | undefined => registered.get(className)

const tools: ReadonlyMap<string, ToolInfo> = new Map(
  [...registered.values()].flatMap((toolset) => toolset.tools.map((tool) => [tool.name, tool] as const))
)

/** The tool of that name, of whatever class: no two classes share a name. */
export const toolOf = (name: string): ToolInfo | undefined => tools.get(name)
