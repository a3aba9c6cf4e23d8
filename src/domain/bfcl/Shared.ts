/**
 * What the original's instances share by accident.
 *
 * Some objects of the original live as long as its process, and instances adopt them instead of making their own: the
 * lists that stand for tags and mentions that `post_tweet` is not given, and the cards and bookings of the long-context
 * category. What one instance does to them shows in every other one, the ground truth's included.
 *
 * Here every instance has its own unless it is told whose to use, and that is how training and evaluation play: an
 * episode depends on nothing but its task, whatever was played before it. Whoever wants the official behaviour gives
 * all instances one `Shared`, which stands for the original's process.
 */
import { deepCopy, type Value } from "../python/Value.ts"
import { constant, type LongContext } from "./LongContext.ts"

export class Shared {
  /** The tags, and the mentions, of every tweet that was posted without. */
  readonly tags: Array<Value> = []
  readonly mentions: Array<Value> = []
  private adopted: Map<string, Value> | undefined

  /** A long-context constant that instances adopt and change. */
  extension(longContext: LongContext, name: string): Value {
    const adopted = this.adopted ??= new Map()
    let value = adopted.get(name)
    if (value === undefined) adopted.set(name, value = deepCopy(constant(longContext, name)))
    return value
  }
}
