/**
 * Seeds and the random numbers they stand for, as pure functions: no generator has a state
 * that concurrent users could share, so a run is reproducible whatever runs beside what.
 *
 * The mixing function is Chris Wellons' `triple32`, a bijection of 32-bit numbers; the
 * numbers are for sampling and initialisation, not for secrets.
 */

const mix = (value: number): number => {
  let x = value >>> 0
  x = Math.imul(x ^ (x >>> 17), 0xed5ad4bb)
  x = Math.imul(x ^ (x >>> 11), 0xac4c1b51)
  x = Math.imul(x ^ (x >>> 15), 0x31848bab)
  return (x ^ (x >>> 14)) >>> 0
}

/**
 * A seed in [0, 2^32) from what it is for: `derive(run, "stage 1", step, task, member)`.
 * Order, kind (1 and "1") and division ("ab", "c" and "a", "bc") of the parts all matter.
 */
export const derive = (...parts: ReadonlyArray<string | number>): number => {
  let hash = mix(parts.length)
  for (const part of parts) {
    const text = String(part)
    hash = mix(hash ^ (text.length * 2 + (typeof part === "string" ? 1 : 0)))
    for (let at = 0; at < text.length; at++) hash = mix(hash + text.charCodeAt(at))
  }
  return hash
}

/** A 32-bit number for each (seed, counter), both 32-bit. */
export const bits = (seed: number, counter: number): number => mix(mix(counter + 0x9e3779b9) ^ mix(seed))

/** A number in [0, 1) for each (seed, counter): a multiple of 2^-24, which 32-bit floats hold exactly. */
export const uniform = (seed: number, counter: number): number => (bits(seed, counter) >>> 8) / 0x1000000

/** Numbers drawn one after the other from a seed, for code that owns them alone. */
export class Draws {
  private readonly seed: number
  private counter = 0

  constructor(seed: number) {
    this.seed = seed
  }

  /** In [0, 1). */
  uniform(): number {
    return uniform(this.seed, this.counter++)
  }

  /** A whole number in [0, n), n at most 2^24. */
  below(n: number): number {
    return Math.floor(this.uniform() * n)
  }

  /** One of the items, of which there is at least one. */
  pick<A extends {}>(items: ReadonlyArray<A>): A {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new Error("nothing to pick from")
    return item
  }

  chance(probability: number): boolean {
    return this.uniform() < probability
  }

  /** `n` different items (all, when there are fewer), in random order. */
  sample<A>(items: ReadonlyArray<A>, n: number): Array<A> {
    return this.shuffle(items).slice(0, n)
  }

  /** The items in a random order (Fisher and Yates). */
  shuffle<A>(items: ReadonlyArray<A>): Array<A> {
    const order = [...items]
    for (let last = order.length - 1; last > 0; last--) {
      const other = this.below(last + 1)
      const moved = order[last]!
      order[last] = order[other]!
      order[other] = moved
    }
    return order
  }
}
