import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { encodeState } from "../../../src/domain/bfcl/Encoding.ts"
import { execute } from "../../../src/domain/bfcl/Execute.ts"
import { conversions, metres } from "../../../src/domain/bfcl/MathUnits.ts"
import { open, type Session } from "../../../src/domain/bfcl/Session.ts"
import { toolsetOf } from "../../../src/domain/bfcl/Toolsets.ts"

const session = (config: object = {}): Session =>
  open({ classes: ["MathAPI"], initialConfig: JSON.stringify({ MathAPI: config }), longContext: false }, {
    name: "test"
  })

/** Calls by what each says. */
type Said = Readonly<Record<string, string>>

const said = (calls: Said): Said => {
  const on = session()
  return Object.fromEntries(Object.keys(calls).map((call) => [call, execute(on, call).text]))
}

const raised = (message: string): string => `Error during execution: ${message}`
const error = (message: string): string => `{"error": "${message}"}`

const subject = (call: string) => execute(session(), call).failure?.subject

const resultOf = (call: string): number => {
  const { text } = execute(session(), call)
  return Number(/^\{"result": (.*)\}$/.exec(text)?.[1] ?? "NaN")
}

const Figure = Schema.Finite.check(Schema.isBetween({ minimum: -1e9, maximum: 1e9 }))

describe("MathAPI", () => {
  it("keeps Python's types", () => {
    const calls = {
      "add(1, 2)": "{\"result\": 3}",
      "add(1, 2.0)": "{\"result\": 3.0}",
      "add(True, True)": "{\"result\": 2}",
      "add('x', 'y')": "{\"result\": \"xy\"}",
      "subtract({1, 2}, {2})": "{'result': {1}}",
      "divide(4, 2)": "{\"result\": 2.0}",
      "divide(1e308, 1e-10)": "{\"result\": Infinity}",
      "percentage(1, 3)": "{\"result\": 33.33333333333333}",
      "absolute_value(number=-3+4j)": "{\"result\": 5.0}",
      "add(a=1j, b=2)": "{'result': (2+1j)}",
      "add(a=b'x', b=b'y')": "{'result': b'xy'}",
      "divide(1j, 0j)": "{\"error\": \"Cannot divide by zero\"}",
      "multiply(1j, 2)": "{\"error\": \"Both inputs must be numbers\"}",
      "logarithm('x', 2, 12345)": "{\"error\": \"cannot create mpf from 'x'\"}",
      "logarithm(2, 'x', 12345)": "{\"error\": \"cannot create mpf from 'x'\"}",
      "absolute_value(-0.0)": "{\"result\": 0.0}",
      "power(2, 100)": "{\"result\": 1267650600228229401496703205376}",
      "power(2, -1)": "{\"result\": 0.5}",
      "power(-8, 0.3333333333333333)": "{'result': (1.0000000000000002+1.7320508075688772j)}",
      "round_number(2.5)": "{\"result\": 2.0}",
      "round_number(2.5, None)": "{\"result\": 2}",
      "round_number(1250, -2)": "{\"result\": 1200}",
      "logarithm(8, 2, 5)": "{'result': mpf('3.0')}",
      "square_root(1e10, 3)": "{'result': Decimal('1.00E+5')}",
      "min_value([1, 1.0])": "{\"result\": 1}",
      "max_value('hello')": "{\"result\": \"o\"}",
      "sum_values([0.1, 0.2, 0.3])": "{\"result\": 0.6000000000000001}",
      "mean((1, 2, 4))": "{\"result\": 2.3333333333333335}",
      "standard_deviation([1, 2, 3, 4])": "{\"result\": 1.118033988749895}",
      "standard_deviation([100, 9007199254740992, 1, 99999.995])": "{\"result\": 3900231685762532.5}"
    }
    assert.deepStrictEqual(said(calls), calls)
  })

  it("converts in the original's order of operations", () => {
    const calls = {
      "si_unit_conversion(3, 'um', 'nm')": "{\"result\": 2999.9999999999995}",
      "si_unit_conversion(True, 'km', 'm')": "{\"result\": 1000.0}",
      "imperial_si_conversion(100, 'fahrenheit', 'celsius')": "{\"result\": 37.77777777777778}",
      "imperial_si_conversion(0, 'celsius', 'fahrenheit')": "{\"result\": 32.0}",
      "imperial_si_conversion(5, 'x', 'x')": "{\"result\": 5}"
    }
    assert.deepStrictEqual(said(calls), calls)
  })

  it("puts a TypeError into a sentence of its own", () => {
    const calls = {
      "add(1, 'y')": error("Both inputs must be numbers"),
      "multiply('a', 2)": error("Both inputs must be numbers"),
      "power('a', 2)": error("Both inputs must be numbers"),
      "divide(1, 'x')": error("Both inputs must be numbers"),
      "divide('x', False)": error("Cannot divide by zero"),
      "percentage('x', 0)": error("Whole value cannot be zero"),
      "mean([])": error("Cannot calculate mean of an empty list"),
      "mean(5)": error("All elements in the list must be numbers"),
      "max_value([1, 'a'])": error("All elements in the list must be numbers"),
      "standard_deviation(0)": error("Cannot calculate standard deviation of an empty list"),
      "sum_values({})": error("Cannot calculate sum of an empty list"),
      "min_value('')": error("Cannot find minimum of an empty list"),
      "absolute_value('x')": error("Input must be a number"),
      "round_number(2.5, 1.0)": error("First input must be a number, second input must be an integer"),
      "si_unit_conversion('1', 'm', 'm')": error("Value must be a number"),
      "si_unit_conversion(1, 1.0, [1])": error("Conversion from '1.0' to '[1]' is not supported"),
      "si_unit_conversion(10**400, 'km', 'm')": error("Conversion resulted in a value too large to represent"),
      "imperial_si_conversion(1, 'ft', 'cm')": error("Conversion from 'ft' to 'cm' is not supported"),
      "square_root(-4, 'x')": error("Cannot calculate square root of a negative number"),
      "square_root(2, 2.0)": error("Input must be a number or computation resulted in an invalid operation"),
      "logarithm(10, 1, 5)": error(""),
      "logarithm('abc', 10, 5)": error("cannot create mpf from 'abc'"),
      "logarithm(2, 10, 'x')": error("invalid literal for int() with base 10: 'x'")
    }
    assert.deepStrictEqual(said(calls), calls)
  })

  it("lets Python's other exceptions through", () => {
    const calls = {
      "power(0, -1)": raised("0.0 cannot be raised to a negative power"),
      "power(10.0, 400)": raised("(34, 'Numerical result out of range')"),
      "power(-1e300, 1.5)": raised("complex exponentiation"),
      "divide(10**400, 3)": raised("integer division result too large for a float"),
      "standard_deviation([1e308, 1])": raised("(34, 'Numerical result out of range')"),
      "si_unit_conversion(1, ['m'], 'm')": raised("unhashable type: 'list'"),
      "square_root(2, 0)": raised("valid range for prec is [1, MAX_PREC]"),
      "square_root(2, 10**20)": raised("Python int too large to convert to C ssize_t")
    }
    assert.deepStrictEqual(said(calls), calls)
  })

  it("has no power that Python could not print, however large", () => {
    const { text } = execute(session(), "power(10, 5000)")
    assert.include(text, "Exceeds the limit (4300 digits) for integer string conversion")
    assert.strictEqual(execute(session(), "power(10, 10**9)").text, text)
  })

  it("has no state, whatever is configured", () => {
    const on = session({ base: 10 })
    execute(on, "logarithm(2, 10, 30)")
    assert.deepStrictEqual(encodeState(on.instances[0]!), {})
    assert.deepStrictEqual(on.instances[0]!.differences(session().instances[0]), [])
  })

  it("says which argument is wrong, and what would be right", () => {
    assert.deepStrictEqual(subject("add(1, 'y')"), { arguments: ["b"], names: ["y"], type: "number" })
    assert.deepStrictEqual(subject("square_root(2, 0)"), { argument: "precision", value: 0n, minimum: 1n })
    assert.deepStrictEqual(subject("si_unit_conversion(1, 'm', 'ft')"), {
      arguments: ["unit_out"],
      names: ["ft"],
      allowed: ["km", "m", "cm", "mm", "um", "nm"]
    })
    assert.deepStrictEqual(subject("imperial_si_conversion(1, 'm', 'km')"), {
      argument: "unit_out",
      value: "km",
      allowed: ["ft", "yd"]
    })
  })

  it.prop("converts there and back", [Figure], ([number]) => {
    const near = (value: number): void => {
      assert.closeTo(value, number, Math.max(Math.abs(number), 100) * 1e-5)
    }
    for (const { from, to } of conversions) {
      const there = resultOf(`imperial_si_conversion(${number}, '${from}', '${to}')`)
      near(resultOf(`imperial_si_conversion(${there}, '${to}', '${from}')`))
    }
    for (const unit of metres.keys()) {
      const there = resultOf(`si_unit_conversion(${number}, 'm', '${String(unit)}')`)
      near(resultOf(`si_unit_conversion(${there}, '${String(unit)}', 'm')`))
    }
  })

  it.prop("the mean lies between the extremes, which are of the list", [Schema.NonEmptyArray(Figure)], ([numbers]) => {
    const list = `[${numbers.join(", ")}]`
    const [least, most] = [resultOf(`min_value(${list})`), resultOf(`max_value(${list})`)]
    assert.isTrue(numbers.includes(least) && numbers.includes(most))
    const slack = 1e-9 * Math.max(Math.abs(least), Math.abs(most))
    assert.isTrue(numbers.every((number) => least <= number && number <= most))
    const mean = resultOf(`mean(${list})`)
    assert.isTrue(least - slack <= mean && mean <= most + slack)
  })

  const Word = Schema.Literals([
    "x",
    "1",
    "m",
    "km",
    "celsius",
    "None",
    "[]",
    "[1, 'a']",
    "-1",
    "0",
    "2.5",
    "10**400",
    "'5'"
  ])

  it.prop("fails in ways that its tools declare, whatever the arguments", [Word, Word, Word], (words) => {
    const tools = toolsetOf("MathAPI")?.tools ?? []
    assert.isNotEmpty(tools)
    for (const { failures, name, parameters } of tools) {
      const given = words.slice(0, parameters.length).map((word) => /^[a-z]/.test(word) ? `'${word}'` : word)
      const { failure, text } = execute(session(), `${name}(${given.join(", ")})`)
      const kinds: ReadonlyArray<string> = [...failures, "python_error"]
      if (failure === undefined) assert.match(text, /^\{["']result["']: /)
      else assert.include(kinds, failure.kind)
    }
  })
})
