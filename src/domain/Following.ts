/**
 * What became of hints: how often a rule spoke, whether the agent's next call was what it asked for, and whether the turn
 * was saved. Decided by the advice that a hint carries as data, never by its words.
 */
import type { Advice } from "./Augmentor.ts"
import { isSame, type LiteralCall, literalCall } from "./bfcl/LiteralCall.ts"
import type { Outcome } from "./Environment.ts"
import type { Trace } from "./Episode.ts"
import type { EpisodeRecord, OutcomeRecord } from "./EpisodeRecord.ts"
import { equals } from "./python/Value.ts"
import type { Rate } from "./Report.ts"

export interface Following {
  /** Failed calls that were answered so. */
  readonly fired: number
  /** Of those whose rule says what it asks for, how many did the next call in the turn heed. */
  readonly followed: Rate
  /** Of the turns in which it spoke, how many passed. */
  readonly recovered: Rate
}

export const none: Following = { fired: 0, followed: { n: 0, passed: 0 }, recovered: { n: 0, passed: 0 } }

const addRates = (a: Rate, b: Rate): Rate => ({ n: a.n + b.n, passed: a.passed + b.passed })

export const add = (a: Following, b: Following): Following => ({
  fired: a.fired + b.fired,
  followed: addRates(a.followed, b.followed),
  recovered: addRates(a.recovered, b.recovered)
})

type Called = Pick<Outcome, "call" | "tool">

/** A call with its arguments by name, where it is written with literals. */
interface Read {
  readonly tool: string | undefined
  readonly text: string
  readonly literal: LiteralCall | undefined
}

const read = ({ call, tool }: Called): Read => {
  const literal = literalCall(call)
  return { tool: literal?.name ?? tool, text: call, literal }
}

const isSameCall = (a: Read, b: Read): boolean =>
  a.literal === undefined || b.literal === undefined ? a.text === b.text : isSame(a.literal, b.literal)

/** Whether a call has every argument that was asked for. One that cannot be read is judged by its tool alone. */
const agrees = (asked: Read, next: Read): boolean => {
  if (asked.tool !== next.tool) return false
  if (asked.literal === undefined || next.literal === undefined) return true
  const given = new Map(next.literal.keywords)
  return asked.literal.keywords.every(([name, value]) => {
    const actual = given.get(name)
    return actual !== undefined && equals(actual, value)
  })
}

const differsIn = (name: string, failed: Read, next: Read): boolean => {
  const [before, after] = [failed, next].map(({ literal }) => literal?.keywords.find(([key]) => key === name)?.[1])
  return before === undefined || after === undefined ? before !== after : !equals(before, after)
}

/** Whether the next call of the turn, if there was one, is what the advice about the failed call asks for. */
export const isFollowed = (advice: Advice, failed: Called, next: Called | undefined): boolean => {
  const before = read(failed)
  const after = next && read(next)
  switch (advice._tag) {
    case "Call":
      return after !== undefined &&
        advice.calls.map((call) => read({ call })).some((asked) =>
          agrees(asked, after) && (isSameCall(asked, after) || !isSameCall(before, after))
        )
    case "Change":
      return after !== undefined && after.tool === before.tool && !isSameCall(before, after) &&
        advice.arguments.every((name) => differsIn(name, before, after))
    case "Leave":
      return after === undefined || !isSameCall(before, after)
  }
}

/** The failed calls that the agent was told of, each with the first call of the turn after it: not those that ended a turn. */
const told = ({ steps }: Trace) =>
  steps.flatMap(({ outcomes, turn, verdict }, at) => {
    if (verdict !== undefined || outcomes.every(({ ok }) => ok)) return []
    const next = steps.slice(at + 1).find((step) => step.turn === turn && step.outcomes.length > 0)?.outcomes[0]
    return outcomes.flatMap((outcome) => outcome.ok ? [] : [{ turn, outcome, next }])
  })

/** What became of the hints of one episode, by rule; under `undefined`, of the failed calls that nothing explained. */
export const following = (trace: Trace): ReadonlyMap<string | undefined, Following> => {
  const passed = new Set(trace.steps.flatMap(({ verdict }) => verdict?.passed === true ? [verdict.turn] : []))
  const turns = new Map<string | undefined, Set<number>>()
  const all = new Map<string | undefined, Following>()
  for (const { next, outcome, turn } of told(trace)) {
    const { advice, hint } = outcome
    const spoken = turns.get(hint) ?? new Set()
    const isFirst = !spoken.has(turn)
    turns.set(hint, spoken.add(turn))
    all.set(
      hint,
      add(all.get(hint) ?? none, {
        fired: 1,
        followed: advice === undefined
          ? none.followed
          : { n: 1, passed: isFollowed(advice, outcome, next) ? 1 : 0 },
        recovered: isFirst ? { n: 1, passed: passed.has(turn) ? 1 : 0 } : none.recovered
      })
    )
  }
  return all
}

/** What became of failed calls that were answered in one way, over many episodes. */
export interface Answered {
  readonly following: Following
  /** Episodes in which it happened. */
  readonly episodes: number
  /** The first of them, and one of its calls. */
  readonly example: { readonly id: string; readonly outcome: OutcomeRecord }
}

/** Counts one more episode, by the rule that spoke; under `undefined`, where none did. */
export const count = (all: Map<string | undefined, Answered>, { finished, id }: EpisodeRecord): void => {
  if (finished === undefined) return
  const failed = finished.steps.flatMap(({ outcomes }) => outcomes).filter(({ ok }) => !ok)
  for (const [rule, one] of following(finished)) {
    const before = all.get(rule)
    const outcome = failed.find(({ hint }) => hint === rule)
    if (outcome === undefined) continue
    all.set(rule, {
      following: add(before?.following ?? none, one),
      episodes: (before?.episodes ?? 0) + 1,
      example: before?.example ?? { id, outcome }
    })
  }
}
