/**
 * BFCL's calculator. It has no state, so nothing of one session can show in another: the precisions of mpmath and
 * `decimal`, which are the process's in the original, are set anew by each tool that depends on them.
 *
 * The original catches Python's TypeError where a sentence of its own takes its place, and lets most other exceptions
 * through. Results keep Python's types: int, float, complex, and the numbers of mpmath and `decimal`.
 */
import { squareRoot } from "../python/Decimal.ts"
import { logarithmToBase, maximumPrecision, precisionOf } from "../python/Mpmath.ts"
import {
  absolute,
  add,
  divide,
  isGreater,
  isLess,
  isNumeric,
  len,
  multiply,
  power,
  round,
  subtract,
  sum,
  toFloat,
  toIndex
} from "../python/Number.ts"
import { PythonError } from "../python/PythonError.ts"
import { str, tooManyDigits } from "../python/Text.ts"
import { Dict, equals, iterate, truthy, type Value } from "../python/Value.ts"
import * as Attributes from "./Attributes.ts"
import { conversions, metres } from "./MathUnits.ts"
import { Failure, type Parameter, type Tool, type Toolset } from "./Toolset.ts"

type State = Readonly<Record<never, Value>>

type Subject = Readonly<Record<string, Value>>

const invalid = (error: string, subject: Subject): Failure =>
  new Failure("invalid_value", subject, { returned: Dict.of({ error }) })

/** The subject of a failure over those arguments that are no numbers. */
const notNumbers = (given: Subject): Subject => {
  const wrong = Object.entries(given).filter(([, value]) => !isNumeric(value))
  return { arguments: wrong.map(([name]) => name), names: wrong.map(([, value]) => value), type: "number" }
}

/** An exception of a computation as the failure that the tool makes of it; nothing for one that it lets through. */
type Caught = (error: PythonError) => Failure | undefined

const onTypeError = (failure: () => Failure): Caught => ({ type }) => type === "TypeError" ? failure() : undefined

/** A computation as a tool's result. It may fail, or raise what is caught. */
const resultOf = (compute: () => Value | Failure, caught: Caught): Value | Failure => {
  try {
    const result = compute()
    return result instanceof Failure ? result : Dict.of({ result })
  } catch (error) {
    const failure = error instanceof PythonError ? caught(error) : undefined
    if (failure === undefined) throw error
    return failure
  }
}

/** A tool without state. Whatever fails, it is for the values of its arguments. */
const calculation = (
  name: string,
  parameters: ReadonlyArray<string | Parameter>,
  run: (...given: ReadonlyArray<Value>) => Value | Failure
): Tool<State> => ({
  name,
  parameters: parameters.map((parameter) => typeof parameter === "string" ? { name: parameter } : parameter),
  failures: ["invalid_value"],
  run: (_, ...given) => run(...given)
})

/** An operation on two numbers. */
const operation = (
  name: string,
  [first, second]: readonly [string, string],
  compute: (a: Value, b: Value) => Value | Failure
): Tool<State> =>
  calculation(
    name,
    [first, second],
    (a, b) => resultOf(() => compute(a, b), onTypeError(() => notBothNumbers({ [first]: a, [second]: b })))
  )

const notBothNumbers = (given: Subject): Failure => invalid("Both inputs must be numbers", notNumbers(given))

const zero = (argument: string, value: Value, error: string): Failure =>
  invalid(error, { argument, value, type: "a number other than 0" })

const exponentiation = calculation(
  "power",
  ["base", "exponent"],
  (base, exponent) =>
    resultOf(() => power(base, exponent), ({ message, type }) => {
      switch (type) {
        case "TypeError":
          return notBothNumbers({ base, exponent })
        case "ZeroDivisionError":
          return new Failure("invalid_value", { argument: "exponent", value: exponent, minimum: 0n }, {
            raised: message
          })
        case "MemoryError":
          // The original computes it, and then cannot print it.
          throw tooManyDigits()
      }
      return undefined
    })
)

/** A computation over the numbers of one list, which must not be empty. */
const overList = (name: string, goal: string, compute: (numbers: Value) => Value): Tool<State> =>
  calculation(name, ["numbers"], (numbers) => {
    const wrong = (error: string, type: string): Failure =>
      invalid(error, { argument: "numbers", value: numbers, type })
    return resultOf(
      () =>
        truthy(numbers) ? compute(numbers) : wrong(`Cannot ${goal} of an empty list`, "a list with a number or more"),
      onTypeError(() => wrong("All elements in the list must be numbers", "a list of numbers"))
    )
  })

const mean = (numbers: Value): Value => divide(sum(iterate(numbers)), BigInt(len(numbers)))

const standardDeviation = (numbers: Value): Value => {
  const middle = mean(numbers)
  const squares = Array.from(iterate(numbers), (number) => power(subtract(number, middle), 2n))
  return Math.sqrt(toFloat(mean(squares)))
}

/** The first item that no later one beats. */
const best = (beats: (challenger: Value, best: Value) => boolean) => (numbers: Value): Value =>
  Array.from(iterate(numbers)).reduce((best, number) => beats(number, best) ? number : best)

const logarithm = calculation(
  "logarithm",
  ["value", "base", "precision"],
  (value, base, precision) => {
    let bits: number | undefined
    // The original catches whatever mpmath raises; a division by zero has no text.
    return resultOf(() => {
      bits = precisionOf(precision)
      return logarithmToBase(value, base, bits)
    }, ({ message, type }) => {
      if (bits === undefined || (type === "MemoryError" && bits > maximumPrecision)) {
        return invalid(message, { argument: "precision", value: precision, type: "integer" })
      }
      return type === "ZeroDivisionError"
        ? invalid(message, { argument: "base", value: base, type: "a number other than 1" })
        : invalid(message, notNumbers({ value, base }))
    })
  }
)

const root = calculation("square_root", ["number", "precision"], (number, precision) =>
  resultOf(() => {
    if (isLess(number, 0n)) {
      const error = "Cannot calculate square root of a negative number"
      return invalid(error, { argument: "number", value: number, minimum: 0n })
    }
    return squareRoot(typeof number === "number" ? number : toIndex(number), toIndex(precision))
  }, ({ message, type }) => {
    const wrong = { argument: "precision", value: precision }
    switch (type) {
      case "TypeError":
        return invalid(
          "Input must be a number or computation resulted in an invalid operation",
          isNumeric(number) ? { ...wrong, type: "integer" } : notNumbers({ number })
        )
      case "ValueError":
        return new Failure("invalid_value", { ...wrong, minimum: 1n }, { raised: message })
    }
    return undefined
  }))

const rounding = calculation(
  "round_number",
  ["number", { name: "decimal_places", default: 0n }],
  (number, places) =>
    resultOf(
      () => round(number, places),
      onTypeError(() =>
        invalid(
          "First input must be a number, second input must be an integer",
          isNumeric(number) ? { argument: "decimal_places", value: places, type: "integer" } : notNumbers({ number })
        )
      )
    )
)

/** A conversion of a number between units. */
const unitConversion = (
  name: string,
  convert: (value: Value, from: Value, to: Value) => Value | Failure
): Tool<State> =>
  calculation(name, ["value", "unit_in", "unit_out"], (value, from, to) =>
    resultOf(
      () => isNumeric(value) ? convert(value, from, to) : invalid("Value must be a number", notNumbers({ value })),
      ({ type }) =>
        type === "OverflowError"
          ? invalid("Conversion resulted in a value too large to represent", {
            argument: "value",
            value,
            type: "a smaller number"
          })
          : undefined
    ))

const unsupported = (from: Value, to: Value, subject: Subject): Failure =>
  invalid(`Conversion from '${str(from)}' to '${str(to)}' is not supported`, subject)

const siConversion = unitConversion("si_unit_conversion", (value, from, to) => {
  const given = metres.get(from)
  const wanted = given === undefined ? undefined : metres.get(to)
  if (given !== undefined && wanted !== undefined) return multiply(multiply(value, given), divide(1n, wanted))
  const allowed = [...metres.keys()]
  const wrong = [["unit_in", from], ["unit_out", to]] as const
  const unknown = wrong.filter(([, unit]) => !allowed.includes(unit))
  return unsupported(from, to, {
    arguments: unknown.map(([argument]) => argument),
    names: unknown.map(([, unit]) => unit),
    allowed
  })
})

const imperialConversion = unitConversion("imperial_si_conversion", (value, from, to) => {
  if (equals(from, to)) return value
  const name = `${str(from)}_to_${str(to)}`
  const conversion = conversions.find((each) => `${each.from}_to_${each.to}` === name)
  if (conversion !== undefined) return conversion.convert(value)
  const reachable = conversions.filter((each) => each.from === from).map((each) => each.to)
  return unsupported(
    from,
    to,
    reachable.length > 0
      ? { argument: "unit_out", value: to, allowed: reachable }
      : { argument: "unit_in", value: from, allowed: [...new Set(conversions.map((each) => each.from))] }
  )
})

export const MathAPI: Toolset<State> = {
  name: "MathAPI",
  tools: [
    logarithm,
    overList("mean", "calculate mean", mean),
    overList("standard_deviation", "calculate standard deviation", standardDeviation),
    siConversion,
    imperialConversion,
    operation("add", ["a", "b"], (a, b) => add(a, b)),
    operation("subtract", ["a", "b"], (a, b) => subtract(a, b)),
    operation(
      "multiply",
      ["a", "b"],
      (a, b) => isNumeric(a) && isNumeric(b) ? multiply(a, b) : notBothNumbers({ a, b })
    ),
    operation("divide", ["a", "b"], (a, b) => equals(b, 0n) ? zero("b", b, "Cannot divide by zero") : divide(a, b)),
    exponentiation,
    root,
    calculation(
      "absolute_value",
      ["number"],
      (number) =>
        resultOf(() => absolute(number), onTypeError(() => invalid("Input must be a number", notNumbers({ number }))))
    ),
    rounding,
    operation("percentage", ["part", "whole"], (part, whole) =>
      equals(whole, 0n)
        ? zero("whole", whole, "Whole value cannot be zero")
        : multiply(divide(part, whole), 100n)),
    overList("min_value", "find minimum", best(isLess)),
    overList("max_value", "find maximum", best(isGreater)),
    overList("sum_values", "calculate sum", (numbers) => sum(iterate(numbers)))
  ],
  load: () => ({}),
  ...Attributes.named((state: State) => state),
  providers: {}
}
