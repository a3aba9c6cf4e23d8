/** Python's `complex`: imaginary literals, and fractional powers of negative numbers. It prints and compares; there is no arithmetic on it. */
import { floatRepr } from "./Text.ts"
import { Instance, type Value } from "./Value.ts"

const part = (value: number): string => floatRepr(value).replace(/\.0$/, "")

export class Complex extends Instance {
  readonly typeName = "complex"
  readonly real: number
  readonly imaginary: number

  constructor(real: number, imaginary: number) {
    super()
    this.real = real
    this.imaginary = imaginary
  }

  override repr(): string {
    if (this.real === 0 && !Object.is(this.real, -0)) return `${part(this.imaginary)}j`
    const sign = this.imaginary < 0 || Object.is(this.imaginary, -0) ? "" : "+"
    return `(${part(this.real)}${sign}${part(this.imaginary)}j)`
  }

  override equals(that: Value): boolean {
    return that instanceof Complex && that.real === this.real && that.imaginary === this.imaginary
  }

  override truthy(): boolean {
    return this.real !== 0 || this.imaginary !== 0
  }
}
