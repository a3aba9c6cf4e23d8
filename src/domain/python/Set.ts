/** Python's `set`. */
import { repr } from "./Text.ts"
import { Dict, Instance, type Value } from "./Value.ts"

/** `hash(n) % 2 ** 64` of an int. */
const hashOf = (integer: bigint): bigint => {
  const size = (integer < 0n ? -integer : integer) % ((1n << 61n) - 1n)
  const hash = integer < 0n ? -size : size
  return BigInt.asUintN(64, hash === -1n ? -2n : hash)
}

/** Slots that CPython looks at one after the other before it jumps. */
const linearProbes = 9

/** The first free slot for a hash, as CPython's `set` looks for one. */
const freeSlot = (table: ReadonlyArray<bigint | undefined>, hash: bigint): number => {
  const mask = table.length - 1
  let perturbation = hash
  for (let at = Number(hash & BigInt(mask));;) {
    const last = at + linearProbes <= mask ? at + linearProbes : at
    for (let slot = at; slot <= last; slot++) if (table[slot] === undefined) return slot
    perturbation >>= 5n
    at = Number((BigInt(at) * 5n + 1n + perturbation) & BigInt(mask))
  }
}

const emptyTable = (length: number): Array<bigint | undefined> => Array.from({ length })

/** Different integers in the order in which CPython goes through a set that they were added to one by one. */
const inTableOrder = (integers: ReadonlyArray<bigint>): Array<bigint> => {
  let table = emptyTable(8)
  for (const [i, integer] of integers.entries()) {
    table[freeSlot(table, hashOf(integer))] = integer
    const used = i + 1
    if (used * 5 < (table.length - 1) * 3) continue
    const least = used * (used > 50_000 ? 2 : 4)
    const larger = emptyTable(2 ** Math.ceil(Math.log2(least + 1)))
    for (const known of table) if (known !== undefined) larger[freeSlot(larger, hashOf(known))] = known
    table = larger
  }
  return table.filter((integer) => integer !== undefined)
}

/** Goes through integers as CPython does, and through anything else, whose order it leaves to chance, as it was added. */
export class PySet extends Instance {
  readonly typeName = "set"
  override readonly hashable = false
  private members = new Dict()

  constructor(items: Iterable<Value> = []) {
    super()
    for (const item of items) this.members.set(item, null)
  }

  override has(item: Value): boolean {
    return this.members.has(item)
  }

  add(item: Value): void {
    if (!this.members.has(item)) this.members.set(item, null)
  }

  items(): Array<Value> {
    const items = [...this.members.keys()]
    const integers = items.filter((item) => typeof item === "bigint")
    return integers.length === items.length ? inTableOrder(integers) : items
  }

  override iterate(): Iterable<Value> {
    return this.items()
  }

  override length(): number {
    return this.members.size
  }

  override truthy(): boolean {
    return this.members.size > 0
  }

  override repr(): string {
    return this.members.size === 0 ? "set()" : `{${this.items().map(repr).join(", ")}}`
  }

  override deepCopy(): PySet {
    const copy = new PySet()
    copy.members = this.members.deepCopy()
    return copy
  }

  override freeze(): void {
    this.members.freeze()
  }

  override equals(that: Value): boolean {
    return that instanceof PySet && this.members.equals(that.members)
  }

  override binary(operator: string, that: Value): Value | undefined {
    if (!(that instanceof PySet)) return undefined
    switch (operator) {
      case "-":
        return new PySet(this.items().filter((item) => !that.has(item)))
      case "&":
        return new PySet(this.items().filter((item) => that.has(item)))
      case "|":
        return new PySet([...this.items(), ...that.items()])
      case "^":
        return new PySet([
          ...this.items().filter((item) => !that.has(item)),
          ...that.items().filter((item) => !this.has(item))
        ])
      case "<=":
        return this.items().every((item) => that.has(item))
      case "<":
        return this.length() < that.length() && this.items().every((item) => that.has(item))
      default:
        return undefined
    }
  }
}
