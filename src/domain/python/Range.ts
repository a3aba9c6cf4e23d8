/** Python's `range`. */
import { checkItems } from "./Limits.ts"
import { PythonError } from "./PythonError.ts"
import { Instance, typeName, type Value } from "./Value.ts"

export class Range extends Instance {
  readonly typeName = "range"
  readonly start: bigint
  readonly stop: bigint
  readonly step: bigint

  constructor(start: bigint, stop: bigint, step: bigint) {
    super()
    this.start = start
    this.stop = stop
    this.step = step
  }

  private get count(): bigint {
    const span = this.step > 0n ? this.stop - this.start : this.start - this.stop
    const size = this.step > 0n ? this.step : -this.step
    return span <= 0n ? 0n : (span + size - 1n) / size
  }

  override length(): number {
    return Number(this.count)
  }

  override truthy(): boolean {
    return this.count > 0n
  }

  override *iterate(): Generator<Value> {
    checkItems(this.length())
    let value = this.start
    for (let i = this.length(); i > 0; i--) {
      yield value
      value += this.step
    }
  }

  override item(key: Value): Value {
    if (typeof key !== "bigint" && typeof key !== "boolean") {
      throw new PythonError("TypeError", `range indices must be integers or slices, not ${typeName(key)}`)
    }
    const index = BigInt(key) < 0n ? BigInt(key) + this.count : BigInt(key)
    if (index < 0n || index >= this.count) throw new PythonError("IndexError", "range object index out of range")
    return this.start + index * this.step
  }

  override repr(): string {
    return this.step === 1n ? `range(${this.start}, ${this.stop})` : `range(${this.start}, ${this.stop}, ${this.step})`
  }

  override equals(that: Value): boolean {
    return that instanceof Range && this.count === that.count
      && (this.count === 0n || (this.start === that.start && (this.count === 1n || this.step === that.step)))
  }
}
