/**
 * Plays a tool set at random, and shows how its calls fail.
 *
 * Nothing is known of a tool but what its tool set declares: signatures, kinds of failures, and which tool provides what
 * another one needs. Values come from what the tool set says: the number of a card that one tool returned is another's
 * argument, and what a failure lists as accepted is tried next. Where a call fails in a way that was not seen before, it
 * is played again with one argument changed, so that the checks behind that failure are met as well.
 */
import { PythonError } from "../python/PythonError.ts"
import { deepCopy, Dict, Instance, type Value } from "../python/Value.ts"
import * as Seed from "../Seed.ts"
import { executeJson, type Outcome } from "./Execute.ts"
import { open, type Session } from "./Session.ts"
import type { Failure } from "./Toolset.ts"
import type { RegisteredToolset, ToolInfo } from "./Toolsets.ts"

/** What anybody would try. */
const common: ReadonlyArray<Value> = [
  "x",
  "",
  "a/b",
  "a?b",
  "..",
  "2024-05-01",
  null,
  true,
  false,
  -1n,
  0n,
  1n,
  7n,
  100000n,
  0.5,
  [],
  new Dict()
]

/** Values remembered under one name, and of the last ones under any; texts longer and numbers greater are not. */
const mostValues = 24
const mostRecent = 6
const longestText = 32
const greatestNumber = 1_000_000

const isRemembered = (value: Value): boolean => {
  if (typeof value === "string") return value.length <= longestText
  return (typeof value === "bigint" || typeof value === "number") && Math.abs(Number(value)) <= greatestNumber
}

/** What the last word of a name says that it is: `status` of `market_status`, `id` of `tweetId`. */
const nounOf = (name: string): string => /[A-Z]?[a-z]*(?=\d*$)/.exec(name)?.[0].toLowerCase() ?? name

/** The texts and numbers that a tool set has mentioned, by the name under which it did. */
class Vocabulary {
  private readonly all: Array<Value> = []
  private readonly recent: Array<Value> = []
  private readonly named = new Map<string, Array<Value>>()
  /** What this session mentioned last, by name. */
  private latest = new Map<string, Value>()
  private readonly draws: Seed.Draws

  constructor(draws: Seed.Draws) {
    this.draws = draws
  }

  /** Remembers a value under a name; what is in a dictionary under its keys, and these, too. */
  learn(name: string, value: Value): void {
    if (Array.isArray(value)) {
      for (const item of value) this.learn(name, item)
    } else if (value instanceof Dict) {
      for (const [key, item] of value.entries()) {
        if (isRemembered(key)) this.add(this.all, key)
        this.learn(String(key), item)
      }
    } else if (isRemembered(value)) {
      for (const values of new Set([this.under(name), this.under(nounOf(name)), this.all])) this.add(values, value)
      this.recent.unshift(value)
      this.recent.length = Math.min(this.recent.length, mostRecent)
      this.latest.set(name, value)
    }
  }

  /** Another session begins. */
  forget(): void {
    this.latest = new Map()
  }

  /** A value for an argument: often one that had its name, or one of that kind, before. */
  value(name: string): Value {
    const { draws } = this
    if (draws.chance(0.1)) return Array.from({ length: 1 + draws.below(2) }, () => this.value(name))
    if (draws.chance(0.03)) return Dict.from([[this.pick([...this.all, "x"]), this.value(name)]])
    const latest = this.latest.get(name)
    if (latest !== undefined && draws.chance(0.4)) return latest
    return this.pick(
      draws.pick([this.under(name), this.under(nounOf(name)), this.recent, this.recent, this.all, common])
    )
  }

  private under(name: string): Array<Value> {
    let values = this.named.get(name)
    if (values === undefined) this.named.set(name, values = [])
    return values
  }

  private pick(values: ReadonlyArray<Value>): Value {
    const value = values[this.draws.below(values.length)]
    return deepCopy(value ?? common[this.draws.below(common.length)] ?? null)
  }

  private add(values: Array<Value>, value: Value): void {
    if (values.includes(value)) return
    if (values.length < mostValues) values.push(value)
    else values[this.draws.below(mostValues)] = value
  }
}

/** A call with keyword arguments. */
interface Call {
  readonly tool: ToolInfo
  readonly given: Dict
  /** The arguments to change before it is played again; none is known to be wrong where this is empty. */
  readonly wrong: ReadonlyArray<Value>
  /** How often a call of this tool came to the same. */
  readonly seen: number
}

const callsPerInstance = 80

/** What a call came to, as far as it tells one path through a tool from another. */
const pathOf = ({ failure }: Outcome): string =>
  failure === undefined ? "" : `${failure.kind} ${failure.needs} ${String(failure.subject["argument"])}`

/** The arguments that a failure says it is about. */
const argumentsOf = ({ subject }: Failure): ReadonlyArray<Value> => {
  const { argument } = subject
  return argument === undefined ? Object.keys(subject) : [argument]
}

class Explorer {
  private readonly toolset: RegisteredToolset
  private readonly draws: Seed.Draws
  private readonly vocabulary: Vocabulary
  /** Tool -> the kinds that it declares and has not returned yet. */
  private readonly missing: ReadonlyMap<ToolInfo, Set<string>>
  /** Tool -> path -> the call that led there last. */
  private readonly paths: ReadonlyMap<ToolInfo, Map<string, Call>>
  /** Configurations under which a tool returned a kind for the first time. */
  private readonly configurations = new Set([new Dict()])
  private configuration = new Dict()
  /** Calls to play before anything else. */
  private readonly next: Array<() => Call> = []

  constructor(toolset: RegisteredToolset, seed: number) {
    this.toolset = toolset
    this.draws = new Seed.Draws(seed)
    this.vocabulary = new Vocabulary(this.draws)
    this.missing = new Map(toolset.tools.map((tool) => [tool, new Set(tool.failures)]))
    this.paths = new Map(toolset.tools.map((tool) => [tool, new Map()]))
  }

  /** A new instance: without configuration, or with a known or an odd one. */
  open(): Session {
    this.vocabulary.forget()
    const known = this.draws.pick([...this.configurations])
    this.configuration = this.draws.chance(0.5) ? known : this.odd(known)
    const session = this.openWith(this.configuration) ?? this.openWith(this.configuration = new Dict())!
    for (const instance of session.instances) this.vocabulary.learn("", Dict.from(instance.attributes()))
    return session
  }

  call(): Call {
    const { draws, toolset } = this
    const queued = this.next.shift()
    if (queued !== undefined) return queued()
    const wanted = toolset.tools.filter((tool) => (this.missing.get(tool)?.size ?? 0) > 0)
    const tool = draws.pick(wanted.length > 0 && draws.chance(0.4) ? wanted : toolset.tools)
    const known = [...this.paths.get(tool)?.values() ?? []]
    if (known.length === 0 || draws.chance(0.3)) return this.newCall(tool, new Dict())
    const [one, other] = [draws.pick(known), draws.pick(known)]
    const rarer = one.seen < other.seen ? one : other
    return draws.chance(0.3) ? rarer : this.varied(rarer)
  }

  learn({ given, tool }: Call, outcome: Outcome): void {
    const { failure, value = null } = outcome
    const wrong = failure === undefined ? [] : argumentsOf(failure).filter((name) => given.has(name))
    const paths = this.paths.get(tool)
    const path = pathOf(outcome)
    const call = { tool, given, wrong, seen: 1 + (paths?.get(path)?.seen ?? 0) }
    paths?.set(path, call)
    if (failure === undefined) {
      this.vocabulary.learn("", given)
      this.vocabulary.learn("", value)
      return
    }
    if (this.missing.get(tool)?.delete(failure.kind)) this.configurations.add(this.configuration)
    const { allowed = [], argument, keys = [] } = failure.subject
    this.vocabulary.learn(String(argument), allowed)
    this.vocabulary.learn("", keys)
    if (this.draws.chance(0.5)) this.prepare(call, failure)
  }

  /** Next a tool that provides what is needed, then the same again. */
  private prepare(call: Call, { needs, subject }: Failure): void {
    const providers = needs === undefined ? [] : this.toolset.providers[needs] ?? []
    const provider = providers[this.draws.below(providers.length)]
    const tool = this.toolset.tools.find(({ name }) => name === provider?.tool)
    if (provider === undefined || tool === undefined) return
    const known = Dict.of({ ...provider.arguments })
    for (const [parameter, role] of Object.entries(provider.from ?? {})) {
      const value = subject[role]
      if (value !== undefined) known.set(parameter, value)
    }
    this.next.push(() => this.newCall(tool, known), () => this.draws.chance(0.7) ? this.varied(call) : call)
  }

  /** The call with another value for one of its arguments. */
  private varied(call: Call): Call {
    const { draws } = this
    const names = call.wrong.length > 0 && draws.chance(0.8) ? call.wrong : [...call.given.keys()]
    const name = names[draws.below(names.length)]
    if (name === undefined) return call
    const given = call.given.copy()
    given.set(name, this.vocabulary.value(String(name)))
    return { ...call, given }
  }

  private newCall(tool: ToolInfo, known: Dict): Call {
    const given = tool.parameters
      .filter(({ default: otherwise, name }) => known.has(name) || otherwise === undefined || this.draws.chance(0.5))
      .map(({ name }) => [name, known.get(name) ?? this.vocabulary.value(name)] as const)
    return { tool, given: Dict.from(given), wrong: [], seen: 0 }
  }

  /** The attributes of an instance without configuration, which has the same names; objects are left out. */
  private initial(): Dict {
    const attributes = this.toolset.open(new Dict(), undefined).attributes()
    return Dict.from(attributes.filter(([, value]) => !(value instanceof Instance)))
  }

  /** A configuration with other texts and numbers here and there. */
  private odd(configuration: Dict): Dict {
    const odd = configuration.copy()
    for (const [name, value] of this.initial().entries()) {
      const isPlain = value === null || typeof value !== "object"
      if (isPlain && this.draws.chance(0.4)) odd.set(name, this.vocabulary.value(String(name)))
    }
    return odd
  }

  /** Undefined for a configuration that cannot be loaded. */
  private openWith(configuration: Dict): Session | undefined {
    const { name } = this.toolset
    const initialConfig = Dict.from([[name, configuration]])
    try {
      return open({ classes: [name], initialConfig, longContext: false }, { name })
    } catch (error) {
      if (error instanceof PythonError) return undefined
      throw error
    }
  }
}

export interface FailedOutcome extends Outcome {
  readonly failure: Failure
}

/** The failures among so many calls, in order; the same for the same seed. */
export function* explore(toolset: RegisteredToolset, seed: number, calls: number): Generator<FailedOutcome> {
  const explorer = new Explorer(toolset, seed)
  let session = explorer.open()
  for (let played = 1; played <= calls; played++) {
    if (played % callsPerInstance === 0) session = explorer.open()
    const call = explorer.call()
    const outcome = executeJson(session, call.tool.name, call.given)
    explorer.learn(call, outcome)
    const { failure } = outcome
    if (failure !== undefined) yield { ...outcome, failure }
  }
}
