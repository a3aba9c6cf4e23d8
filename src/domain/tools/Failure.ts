/** How a tool says no: as data that rules can read, with the sentence it says itself. */
import type { ToolFailureKind } from "../FailureKind.ts"

/** What can go wrong inside a tool. The built-in augmentors know these; a kind of your own is for a rule of your own. */
export type Kind = ToolFailureKind | (string & {})

/** What a failure is about; `augment/Subject.ts` lists the roles that rules understand. */
export interface About {
  /** The sentence the tool itself says. */
  readonly message: string
  /** The values the failure is about, by role. The value of an `argument` is filled in from the call. */
  readonly subject?: Readonly<Record<string, unknown>>
  /** The resource that is missing; an environment's `providers` say which tools provide it. */
  readonly needs?: string | undefined
}

export class Failure<out K extends string = string> implements About {
  readonly kind: K
  readonly message: string
  readonly subject: Readonly<Record<string, unknown>>
  readonly needs: string | undefined

  constructor(kind: K, { message, needs, subject = {} }: About) {
    this.kind = kind
    this.message = message
    this.subject = subject
    this.needs = needs
  }
}

/** What a tool returns when it says no: `Tools.fail("not_found", { message: "There is no order 7.", needs: "order" })`. */
export const fail = <const K extends Kind>(kind: K, about: About): Failure<K> => new Failure(kind, about)
