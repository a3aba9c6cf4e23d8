/** The units that BFCL's calculator converts. A factor is Python's int or float, as the calculator has it. */
import { add, multiply, subtract } from "../python/Number.ts"
import { Dict, type Value } from "../python/Value.ts"

/** Metres in a unit of length; a Python dictionary, because what is no key at all is an error of its own. */
export const metres = Dict.of({ km: 1000n, m: 1n, cm: 0.01, mm: 0.001, um: 1e-6, nm: 1e-9 })

/** One way between imperial and SI units. */
export interface Conversion {
  readonly from: string
  readonly to: string
  readonly convert: (value: Value) => Value
}

const times = (from: string, to: string, factor: number): Conversion => ({
  from,
  to,
  convert: (value) => multiply(value, factor)
})

export const conversions: ReadonlyArray<Conversion> = [
  times("cm", "in", 0.393701),
  times("in", "cm", 2.54),
  times("m", "ft", 3.28084),
  times("ft", "m", 0.3048),
  times("m", "yd", 1.09361),
  times("yd", "m", 0.9144),
  times("km", "miles", 0.621371),
  times("miles", "km", 1.60934),
  times("kg", "lb", 2.20462),
  times("lb", "kg", 0.453592),
  { from: "celsius", to: "fahrenheit", convert: (value) => add(multiply(value, 1.8), 32n) },
  { from: "fahrenheit", to: "celsius", convert: (value) => multiply(subtract(value, 32n), 5 / 9) }
]
