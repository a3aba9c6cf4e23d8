/** The instances that an episode plays on, as its world begins. */
import { type Limits, remembered } from "../Memo.ts"
import * as Json from "../python/Json.ts"
import { deepCopy, Dict, type Value } from "../python/Value.ts"
import { Script } from "./KnownCall.ts"
import type { LongContext } from "./LongContext.ts"
import type { Shared } from "./Shared.ts"
import * as Toolbox from "./Toolbox.ts"
import type { Simulator } from "./Toolsets.ts"

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

/** The instances of one episode. Calls change their state. */
export interface Session {
  /** In the order of the classes. */
  readonly instances: ReadonlyArray<Simulator>
  readonly tools: Toolbox.Toolbox["tools"]
  /** See `OpenOptions`. */
  readonly name: string
  readonly world: World
  /** The configuration of the world, frozen. */
  readonly config: Dict
  /** What was called in sessions that begin alike. */
  readonly script: Script
  /** Calls that were executed. */
  calls: number
}

/** What the sessions of worlds that are alike have in common. */
class Beginning {
  readonly toolbox: Toolbox.Toolbox
  readonly config: Dict
  readonly script = new Script()
  /** The instances, with these constants; nothing is ever called on them. */
  private loaded: ReadonlyArray<Simulator> | undefined
  private constants: LongContext | undefined

  /** The configuration is adopted. */
  constructor(toolbox: Toolbox.Toolbox, config: Value) {
    this.toolbox = toolbox
    this.config = config instanceof Dict ? config : new Dict()
    this.config.freeze()
  }

  /** The instances before any call. To fill them from the configuration takes longer than an episode, so it is done once. */
  instances(constants: LongContext | undefined, shared: Shared | undefined): ReadonlyArray<Simulator> {
    // What instances share is nobody's own, and so nothing to copy.
    if (shared !== undefined) return this.load(constants, shared)
    if (this.loaded === undefined || this.constants !== constants) {
      this.loaded = this.load(constants)
      this.constants = constants
    }
    return this.loaded.map((instance) => instance.copy())
  }

  private load(constants: LongContext | undefined, shared?: Shared): ReadonlyArray<Simulator> {
    return this.toolbox.toolsets.map((toolset) => {
      const config = this.config.get(toolset.name)
      return toolset.open(config === undefined ? new Dict() : deepCopy(config), constants, shared)
    })
  }
}

/** Texts of configurations that are remembered for each list of classes: the benchmark has 60 of them at most. */
const alike: Limits = { maximumTexts: 256, maximumLength: 1 << 16 }

/** What begins from the text of a configuration: the variants of a scenario do alike, and have all of it in common. */
class Beginnings {
  readonly toolbox: Toolbox.Toolbox
  readonly standard: (config: string) => Beginning
  readonly longContext: (config: string) => Beginning

  constructor(toolbox: Toolbox.Toolbox) {
    this.toolbox = toolbox
    this.standard = remembered((config) => new Beginning(toolbox, Json.loads(config)), alike)
    this.longContext = remembered((config) => new Beginning(toolbox, Json.loads(config)), alike)
  }
}

/** By the classes' names: an entry's classes are one of a few dozen lists. */
const beginningsOf = new Map<string, Beginnings>()

const begun = ({ classes, initialConfig, longContext }: World): Beginning => {
  const key = JSON.stringify(classes)
  let beginnings = beginningsOf.get(key)
  if (beginnings === undefined) beginningsOf.set(key, beginnings = new Beginnings(Toolbox.make(classes)))
  return typeof initialConfig === "string"
    ? beginnings[longContext ? "longContext" : "standard"](initialConfig)
    : new Beginning(beginnings.toolbox, deepCopy(initialConfig))
}

const beginningOfWorld = new WeakMap<World, Beginning>()

const beginningOf = (world: World): Beginning => {
  let beginning = beginningOfWorld.get(world)
  if (beginning === undefined) beginningOfWorld.set(world, beginning = begun(world))
  return beginning
}

/**
 * Makes the instances of a world. Throws `ToolsetMissing`, and `PythonError` for a configuration that the original
 * could not load either.
 */
export const open = (world: World, { longContext, name, shared }: OpenOptions): Session => {
  const beginning = beginningOf(world)
  const { config, script, toolbox: { tools } } = beginning
  const instances = beginning.instances(world.longContext ? longContext : undefined, shared)
  return { instances, tools, name, world, config, script, calls: 0 }
}
