/** Replays recorded calls: results as text, states in the oracle's encoding. */
import * as Knowledge from "../../augment/Knowledge.ts"
import { paper } from "../../augment/Paper.ts"
import { compareCase } from "../../augment/PaperConformance.ts"
import { loads } from "../../python/Json.ts"
import { PythonError } from "../../python/PythonError.ts"
import { Dict } from "../../python/Value.ts"
import { encodeState } from "../Encoding.ts"
import type { Entry } from "../Entry.ts"
import { execute, executeJson, type Outcome } from "../Execute.ts"
import type { LongContext } from "../LongContext.ts"
import { open, type Session, type World } from "../Session.ts"
import { failedCall, tell } from "../Telling.ts"
import { toolsetOf } from "../Toolsets.ts"
import { Comparer, type Comparison, notImplemented } from "./Agreement.ts"
import type { Augmented, Blobs, Call, Fuzz, GroundTruth, Sequence, Text } from "./Recording.ts"
import { expand, textOf } from "./Recording.ts"

/** What a comparison needs beside the recording. */
export interface Oracle {
  readonly entries: ReadonlyMap<string, Entry>
  readonly longContext: LongContext
  readonly blobs: Blobs
  /** `<case>#<index of the call>` of results that the original does not reproduce itself. */
  readonly nondeterministic: ReadonlySet<string>
  /** Class name -> its tools, of every class, implemented or not. */
  readonly tools: ReadonlyMap<string, ReadonlyArray<string>>
}

/** The classes of a case that this package does not have. */
export const missingClasses = (classes: ReadonlyArray<string>): ReadonlyArray<string> =>
  classes.filter((name) => toolsetOf(name) === undefined)

const compareStates = (
  comparer: Comparer,
  oracle: Oracle,
  what: string,
  expected: Readonly<Record<string, unknown>>,
  session: Session
): void => {
  for (const instance of session.instances) {
    const { name } = instance.toolset
    const wanted = JSON.stringify(expand(oracle.blobs, expected[name]))
    comparer.equal(`${what} of ${name}`, "", wanted, JSON.stringify(encodeState(instance)))
  }
}

/** One result, unless it is one that the original does not reproduce. */
const compareResult = (
  comparer: Comparer,
  oracle: Oracle,
  index: number,
  what: string,
  expected: Text | undefined,
  outcome: Outcome
): void => {
  comparer.called()
  if (oracle.nondeterministic.has(`${comparer.case}#${index}`)) return comparer.skip()
  comparer.equal(what, outcome.call, expected === undefined ? undefined : textOf(oracle.blobs, expected), outcome.text)
}

/** The ground truth of an entry: every result, and the states before the first turn and after every turn. */
export const groundTruth = (oracle: Oracle, recorded: GroundTruth): Comparison => {
  const missing = missingClasses(recorded.involved_classes)
  if (missing.length > 0) return notImplemented(...missing)
  const comparer = new Comparer(recorded.id)
  const entry = oracle.entries.get(recorded.id)
  if (entry === undefined) return comparer.absent("the entry")
  const session = open(entry, { name: `oracle_${recorded.id}`, longContext: oracle.longContext })
  let states = recorded.init
  compareStates(comparer, oracle, "initial state", states, session)
  for (const [turn, { calls, results, state }] of recorded.turns.entries()) {
    for (const [i, call] of calls.entries()) {
      compareResult(comparer, oracle, i, `result in turn ${turn}`, results[i], execute(session, call))
    }
    states = Object.fromEntries(
      Object.entries(state).map(([name, after]) => [name, after === "=" ? states[name] : after])
    )
    compareStates(comparer, oracle, `state after turn ${turn}`, states, session)
  }
  return comparer.comparison
}

/** How a call of a fuzz case is executed: as text, or as the JSON tool call that says the same. */
type Form = "text" | "JSON"

const run = (session: Session, form: Form, call: Call): Outcome => {
  const parsed = form === "JSON" && call.json !== undefined ? loads(call.json) : undefined
  const name = parsed instanceof Dict ? parsed.get("name") : undefined
  const given = parsed instanceof Dict ? parsed.get("arguments") : undefined
  return typeof name === "string" && given instanceof Dict
    ? executeJson(session, name, given)
    : execute(session, call.s)
}

/** The configuration of a fuzz case: of its own, or that of an entry. */
const configOf = (oracle: Oracle, recorded: Fuzz): Dict | undefined => {
  if (recorded.config_json !== undefined) {
    const config = loads(recorded.config_json)
    return config instanceof Dict ? config : undefined
  }
  const entry = recorded.config_from === undefined ? undefined : oracle.entries.get(recorded.config_from)
  const configs = entry === undefined ? undefined : loads(entry.initialConfig)
  if (!(configs instanceof Dict)) return undefined
  const config = configs.get(recorded.class) ?? new Dict()
  return config instanceof Dict ? config : undefined
}

const openOrError = (world: World, name: string, longContext: LongContext): Session | string => {
  try {
    return open(world, { name, longContext })
  } catch (error) {
    if (error instanceof PythonError) return error.message
    throw error
  }
}

/** The world of a fuzz case; undefined when its configuration is nowhere. */
const worldOf = (oracle: Oracle, recorded: Fuzz): World | undefined => {
  const config = configOf(oracle, recorded)
  return config && {
    classes: [recorded.class],
    initialConfig: Dict.from([[recorded.class, config]]),
    longContext: recorded.long_context
  }
}

/** Random calls on one class, once as text and once as JSON: every result, and the state at the end. */
export const fuzz = (oracle: Oracle, recorded: Fuzz): Comparison => {
  if (missingClasses([recorded.class]).length > 0) return notImplemented(recorded.class)
  const comparer = new Comparer(recorded.id)
  const world = worldOf(oracle, recorded)
  if (world === undefined) return comparer.absent("the configuration")
  for (const form of ["text", "JSON"] as const) {
    const session = openOrError(world, `oracle_${recorded.id}`, oracle.longContext)
    if (typeof session === "string" || recorded.load_error !== undefined) {
      comparer.equal("loading", "", recorded.load_error, typeof session === "string" ? session : "loaded")
      continue
    }
    for (const [i, call] of recorded.calls.entries()) {
      compareResult(comparer, oracle, i, `result of ${form}`, recorded.results[i], run(session, form, call))
    }
    compareStates(comparer, oracle, `state after ${form}`, { [recorded.class]: recorded.state }, session)
  }
  return comparer.comparison
}

/** The failing calls of a fuzz case in the words of the paper's augmentor, against those of the paper's fork. */
export const augmented = (oracle: Oracle, recorded: Fuzz, calls: ReadonlyArray<Augmented>): Comparison => {
  if (missingClasses([recorded.class]).length > 0) return notImplemented(recorded.class)
  const comparer = new Comparer(recorded.id)
  const world = worldOf(oracle, recorded)
  if (world === undefined) return comparer.absent("the configuration")
  const session = openOrError(world, `oracle_${recorded.id}`, oracle.longContext)
  if (typeof session === "string") return comparer.comparison
  const outcomes = recorded.calls.map((call) => execute(session, call.s))
  const knowledge = Knowledge.make([], session.instances.map((instance) => instance.toolset))
  const pairs = calls.flatMap((call) => {
    const outcome = outcomes[call.i]
    if (outcome === undefined) return []
    const failed = failedCall(outcome)
    const recordedCall = {
      call: call.call,
      standard: textOf(oracle.blobs, call.standard),
      augmented: textOf(oracle.blobs, call.augmented),
      standardFails: call.standard_fails,
      augmentedFails: call.augmented_fails,
      sameStateBefore: call.same_state_before
    }
    return [{
      index: call.i,
      pair: [recordedCall, { ...failed && { failed }, told: tell(outcome, paper, knowledge).text }] as const
    }]
  })
  const comparisons = compareCase(pairs.map(({ pair }) => pair))
  for (const [i, { index, pair: [{ call }] }] of pairs.entries()) {
    comparer.called()
    const comparison = comparisons[i]
    if (oracle.nondeterministic.has(`${comparer.case}#${index}`)) comparer.skip()
    else if (comparison === undefined || comparison === "agreed") continue
    else if ("explained" in comparison) comparer.explain(comparison.explained)
    else comparer.equal("augmented text", call, comparison.disagreed.expected, comparison.disagreed.got)
  }
  return comparer.comparison
}

/** Classes whose tools the calls of a case name, of those it involves. */
const namedClasses = (oracle: Oracle, recorded: Sequence): ReadonlyArray<string> => {
  const names = new Set(recorded.calls.flatMap(({ s }) => s.match(/[a-zA-Z_]\w*(?=\s*\()/g) ?? []))
  return recorded.involved_classes.filter((name) => oracle.tools.get(name)?.some((tool) => names.has(tool)) ?? true)
}

/** Hand-written calls. A class that is missing does not matter where no call names a tool of it. */
export const sequence = (oracle: Oracle, recorded: Sequence): Comparison => {
  const missing = missingClasses(namedClasses(oracle, recorded))
  if (missing.length > 0) return notImplemented(...missing)
  const comparer = new Comparer(recorded.id)
  const absent = missingClasses(recorded.involved_classes)
  const session = open(
    {
      classes: recorded.involved_classes.filter((name) => !absent.includes(name)),
      initialConfig: recorded.config_json,
      longContext: recorded.long_context
    },
    { name: `oracle_${recorded.id}`, longContext: oracle.longContext }
  )
  for (const [i, call] of recorded.calls.entries()) {
    compareResult(comparer, oracle, i, "result", recorded.results[i], execute(session, call.s))
  }
  compareStates(comparer, oracle, "state", recorded.state, session)
  return comparer.comparison
}
