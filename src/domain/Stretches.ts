/**
 * Work that lies in a row, where neighbours are alike, shared out among workers: each has a stretch of its own, and who is
 * done with it takes from the end of the longest that is left.
 */

/** Items from `start` up to `end`, which is not among them. */
export interface Stretch {
  readonly start: number
  readonly end: number
}

const lengthOf = ({ end, start }: Stretch): number => end - start

export class Stretches {
  /** What nobody has taken yet, by the worker whose it is. */
  private readonly left: Array<Stretch>

  /** So many items, shared out evenly. */
  constructor(items: number, workers: number) {
    const bound = (worker: number): number => Math.floor(items * worker / workers)
    this.left = Array.from({ length: workers }, (_, worker) => ({ start: bound(worker), end: bound(worker + 1) }))
  }

  /** The next items for a worker, `most` of them at most; undefined when all are taken. */
  take(worker: number, most: number): Stretch | undefined {
    const own = this.left[worker]!
    if (lengthOf(own) > 0) {
      const taken = { start: own.start, end: Math.min(own.end, own.start + most) }
      this.left[worker] = { start: taken.end, end: own.end }
      return taken
    }
    const longest = this.left.reduce(
      (best, stretch, at) => lengthOf(stretch) > lengthOf(this.left[best]!) ? at : best,
      0
    )
    const other = this.left[longest]!
    if (lengthOf(other) === 0) return undefined
    const taken = { start: Math.max(other.start, other.end - most), end: other.end }
    this.left[longest] = { start: other.start, end: taken.start }
    return taken
  }
}
