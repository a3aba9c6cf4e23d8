/** Examples of what is said when a call fails. */
import type { Call, Subject } from "./Failing.ts"

/** What fails, on which state, and what is said. */
export interface Example {
  readonly of: Subject
  readonly config: string
  readonly calls: ReadonlyArray<Call>
  readonly says: string
}

/** By tool and kind of failure. */
export type Examples = ReadonlyMap<string, ReadonlyArray<Example>>

/** A collection, and how to add to it: on a state, a kind of failure, what is said, and the calls of which the last one fails. */
export const collect = () => {
  const examples = new Map<string, ReadonlyArray<Example>>()
  const when = (of: Subject, config: string) => (kind: string, says: string, ...calls: ReadonlyArray<Call>): void => {
    const key = `${calls.at(-1)?.[0]} ${kind}`
    examples.set(key, [...examples.get(key) ?? [], { of, config, calls, says }])
  }
  return { examples, when }
}
