/**
 * Requests that carry a number, in the order of their numbers: 1, 2, 3, whatever order they
 * arrive in. One that comes too early waits for those before it.
 */
export class InOrder<A> {
  private readonly early = new Map<number, A>()
  private next = 1

  /** Adds the request with a number that is not taken; returns those whose turn it is now. */
  add(number: number, request: A): ReadonlyArray<A> {
    this.early.set(number, request)
    const due: Array<A> = []
    for (let first = this.early.get(this.next); first !== undefined; first = this.early.get(this.next)) {
      due.push(first)
      this.early.delete(this.next)
      this.next += 1
    }
    return due
  }

  /** Whether the request with this number has had its turn. */
  isPast(number: number): boolean {
    return number < this.next
  }

  /** The number that is waited for. */
  get awaited(): number {
    return this.next
  }
}
