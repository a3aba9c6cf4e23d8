/** Python's `set`. */
import { repr } from "./Text.ts"
import { Dict, Instance, type Value } from "./Value.ts"

/** Goes through integers in ascending order (CPython's for small ones) and through anything else in insertion order. */
export class PySet extends Instance {
  readonly typeName = "set"
  override readonly hashable = false
  private readonly members = new Dict()

  constructor(items: Iterable<Value> = []) {
    super()
    for (const item of items) this.members.set(item, null)
  }

  has(item: Value): boolean {
    return this.members.has(item)
  }

  add(item: Value): void {
    if (!this.members.has(item)) this.members.set(item, null)
  }

  items(): Array<Value> {
    const items = [...this.members.keys()]
    const integers = items.filter((item) => typeof item === "bigint")
    return integers.length === items.length ? integers.toSorted((a, b) => (a < b ? -1 : 1)) : items
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
    return new PySet(this.members.keys())
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
