/**
 * Tunes what a failed call says: from the failure as data to a message that helps.
 *
 * An augmentor sees outcomes and documents, and returns words. It cannot touch a state, a
 * verdict or a result that succeeded, because nothing of the kind is within its reach.
 */
import { Context, Layer, Schema } from "effect"
import type { ToolDocument } from "./Message.ts"
import * as Seed from "./Seed.ts"

/**
 * A failed call. `subject` holds the values the failure is about, by role (`augment/Subject.ts` lists the roles that
 * rules understand); `needs` names a resource that is missing.
 */
export interface FailedCall {
  readonly tool: string | undefined
  readonly call: string
  readonly kind: string
  readonly subject: Readonly<Record<string, unknown>>
  readonly needs?: string
  /** The sentence the tool itself says. */
  readonly message: string
}

/**
 * A way to get a resource: call `tool`. `arguments` are the same for every failure; `from` names, by parameter, the
 * role of the failure's subject that holds its value. A list for a parameter that takes no list means one call each.
 */
export interface Provider {
  readonly tool: string
  readonly arguments?: Readonly<Record<string, unknown>>
  readonly from?: Readonly<Record<string, string>>
}

/** What is known about the tools of the session. */
export interface Knowledge {
  /** The documents of the tools the agent may call now. */
  readonly tools: ReadonlyArray<ToolDocument>
  /** The tools that provide a resource, best first; empty when none is known. */
  readonly providers: (resource: string) => ReadonlyArray<Provider>
  /** A number in [0, 1), the same throughout an episode: for augmentors that speak in some episodes only. */
  readonly draw: number
}

/** The draw of an episode, from the seed its environment was opened with. */
export const drawOf = (seed: number): number => Seed.uniform(seed, 0)

/**
 * What a hint asks for, as data: a record can tell from it whether the agent did so, whatever the words were. Calls are
 * texts, `cd(folder='docs')`; arguments that are not written are free.
 */
export const Advice = Schema.Union([
  /** One of these calls, next. */
  Schema.Struct({ _tag: Schema.tag("Call"), calls: Schema.Array(Schema.String) }),
  /** The same tool, with something else for each of these arguments: a value where it had none, none where it is unknown. */
  Schema.Struct({ _tag: Schema.tag("Change"), arguments: Schema.Array(Schema.String) }),
  /** Not this call again. */
  Schema.Struct({ _tag: Schema.tag("Leave") })
]).annotate({ identifier: "envtune/Advice" })
export type Advice = typeof Advice.Type

/** What the agent is told instead of `FailedCall.message`, and the id of the rule that says it. */
export interface Hint {
  readonly rule: string
  readonly message: string
  /** Absent where the rule does not say what it asks for. */
  readonly advice?: Advice
}

/** Speaks, or leaves the failure as it is. */
export type Augment = (failed: FailedCall, knowledge: Knowledge) => Hint | undefined

export class Augmentor extends Context.Service<Augmentor, { readonly augment: Augment }>()(
  "envtune/domain/Augmentor"
) {}

export const layer = (augment: Augment): Layer.Layer<Augmentor> => Layer.succeed(Augmentor, Augmentor.of({ augment }))

/** The environment as it is: stage 1 and the last stage of the paper's curriculum. */
export const none: Augment = () => undefined

export const layerNone: Layer.Layer<Augmentor> = layer(none)

/** A rule by name: its message, or nothing, and what it asks for. */
export const rule = (
  id: string,
  message: (failed: FailedCall, knowledge: Knowledge) => string | undefined,
  advice: (failed: FailedCall, knowledge: Knowledge) => Advice | undefined = () => undefined
): Augment =>
(failed, knowledge) => {
  const text = message(failed, knowledge)
  if (text === undefined) return undefined
  const asked = advice(failed, knowledge)
  return { rule: id, message: text, ...(asked !== undefined && { advice: asked }) }
}

/** Everything but one rule's hints: what a rule adds is what is missing without it. */
export const without = (rule: string, augment: Augment): Augment => (failed, knowledge) => {
  const hint = augment(failed, knowledge)
  return hint?.rule === rule ? undefined : hint
}

/** The first augmentor that speaks. */
export const firstOf = (...augments: ReadonlyArray<Augment>): Augment => (failed, knowledge) => {
  for (const augment of augments) {
    const hint = augment(failed, knowledge)
    if (hint !== undefined) return hint
  }
  return undefined
}

/** Each augmentor in order, the next one reading the message of the one before; rule ids are joined by `+`, and the last advice counts. */
export const inOrder = (...augments: ReadonlyArray<Augment>): Augment => (failed, knowledge) => {
  let spoken: Hint | undefined
  for (const augment of augments) {
    const hint = augment(spoken === undefined ? failed : { ...failed, message: spoken.message }, knowledge)
    if (hint !== undefined) {
      spoken = { ...spoken, ...hint, rule: spoken === undefined ? hint.rule : `${spoken.rule}+${hint.rule}` }
    }
  }
  return spoken
}

/** What the tool says, then the hint: an agent that learns with hints has read the words it will meet without them. */
export const appended = (augment: Augment, separator = " Hint: "): Augment => (failed, knowledge) => {
  const hint = augment(failed, knowledge)
  return hint === undefined ? undefined : { ...hint, message: `${failed.message}${separator}${hint.message}` }
}

/** Speaks in that share of the episodes: between learning with hints and doing without, an agent meets both. */
export const inShare = (share: number, augment: Augment): Augment => (failed, knowledge) =>
  knowledge.draw < share ? augment(failed, knowledge) : undefined
