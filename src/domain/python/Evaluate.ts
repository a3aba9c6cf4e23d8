/**
 * Evaluates the tree of a Python expression.
 *
 * Expressions come from a language model, so an evaluation has a budget of steps, a depth and, in `Number`, a size of
 * results; what goes beyond ends in a Python exception like any other mistake.
 */
import { Callable, PythonFunction } from "./Callable.ts"
import { maximumDepth, recursionError } from "./Compile.ts"
import { extentOf } from "./Extent.ts"
import { format } from "./Format.ts"
import { beyond, checkText, exceeded, type Limits, limits as limitsInForce } from "./Limits.ts"
import { attribute, converted } from "./Methods.ts"
import * as Number from "./Number.ts"
import { percentFormat } from "./PercentFormat.ts"
import { PythonError } from "./PythonError.ts"
import { PySet } from "./Set.ts"
import { item, Slice } from "./Subscript.ts"
import type { Call, Comprehension, Expression, ForClause, Keyword } from "./Syntax.ts"
import { str } from "./Text.ts"
import {
  attributeError,
  contains,
  Dict,
  equals,
  Instance,
  iterate,
  type Keywords,
  truthy,
  Tuple,
  typeName,
  type Value
} from "./Value.ts"

/** What a name stands for; undefined when it is not defined. */
export type Scope = (name: string) => Value | undefined

class Evaluator {
  private readonly maximumSteps: number
  private steps = 0
  private depth = 0
  /** Names bound by `:=`. */
  private readonly assigned = new Map<string, Value>()

  constructor(maximumSteps: number) {
    this.maximumSteps = maximumSteps
  }

  evaluate(expression: Expression, scope: Scope): Value {
    this.count()
    if (this.depth >= maximumDepth) throw recursionError()
    this.depth++
    const value = this.dispatch(expression, scope)
    this.depth--
    this.count(this.extentOf(value))
    return value
  }

  private count(weight = 1): void {
    this.steps += weight
    if (this.steps > this.maximumSteps) throw exceeded("the call takes more steps", this.maximumSteps, "computes")
  }

  /** What a value adds to the steps, because whoever takes it may go through all of it. */
  private extentOf(value: Value): number {
    return extentOf(value, this.maximumSteps - this.steps)
  }

  private dispatch(expression: Expression, scope: Scope): Value {
    switch (expression.kind) {
      case "Constant":
        return expression.value
      case "Name":
        return this.lookUp(expression.id, scope)
      case "Call":
        return this.call(expression, scope)
      case "List":
        return this.items(expression.items, scope)
      case "Tuple":
        return new Tuple(this.items(expression.items, scope))
      case "Set":
        return new PySet(this.items(expression.items, scope))
      case "Dict":
        return this.dict(expression.entries, scope)
      case "UnaryOp":
        return unary(expression.operator, this.evaluate(expression.operand, scope))
      case "BinOp":
        return binary(
          expression.operator,
          this.evaluate(expression.left, scope),
          this.evaluate(expression.right, scope)
        )
      case "BoolOp":
        return this.either(expression.operator, expression.values, scope)
      case "Compare":
        return this.compare(expression, scope)
      case "IfExp":
        return this.evaluate(
          truthy(this.evaluate(expression.test, scope)) ? expression.body : expression.otherwise,
          scope
        )
      case "Attribute": {
        const value = this.evaluate(expression.value, scope)
        const found = attribute(value, expression.attribute)
        if (found === undefined) throw attributeError(value, expression.attribute)
        return found
      }
      case "Subscript":
        return item(this.evaluate(expression.value, scope), this.evaluate(expression.slice, scope))
      case "Slice":
        return new Slice(
          this.optional(expression.lower, scope),
          this.optional(expression.upper, scope),
          this.optional(expression.step, scope)
        )
      case "JoinedStr":
        return this.joined(expression.parts, scope)
      case "FormattedValue": {
        const value = converted(this.evaluate(expression.value, scope), expression.conversion)
        const specification = expression.specification
        return format(value, specification === undefined ? "" : str(this.evaluate(specification, scope)))
      }
      case "Lambda":
        return this.lambda(expression, scope)
      case "ListComp":
        return [...this.comprehension(expression, scope)]
      case "GeneratorExp":
        return [...this.comprehension(expression, scope)]
      case "SetComp":
        return new PySet(this.comprehension(expression, scope))
      case "DictComp": {
        const dict = new Dict()
        for (const inner of this.iterations(expression.clauses, scope)) {
          dict.set(this.evaluate(expression.key, inner), this.evaluate(expression.value, inner))
        }
        return dict
      }
      case "NamedExpr": {
        const value = this.evaluate(expression.value, scope)
        this.assigned.set(expression.target, value)
        return value
      }
      case "Starred":
      case "Yield":
      case "YieldFrom":
      case "Await":
        throw new PythonError("SyntaxError", "invalid syntax (<string>, line 1)")
    }
  }

  private joined(parts: ReadonlyArray<Expression>, scope: Scope): string {
    let text = ""
    for (const part of parts) {
      text += str(this.evaluate(part, scope))
      checkText(text.length)
    }
    return text
  }

  private lookUp(name: string, scope: Scope): Value {
    const assigned = this.assigned.get(name)
    const value = assigned === undefined ? scope(name) : assigned
    if (value === undefined) throw new PythonError("NameError", `name '${name}' is not defined`)
    return value
  }

  private optional(expression: Expression | undefined, scope: Scope): Value {
    return expression === undefined ? null : this.evaluate(expression, scope)
  }

  private items(expressions: ReadonlyArray<Expression>, scope: Scope): Array<Value> {
    const values: Array<Value> = []
    for (const expression of expressions) {
      if (expression.kind === "Starred") {
        for (const value of iterate(this.evaluate(expression.value, scope))) {
          this.count()
          values.push(value)
        }
      } else values.push(this.evaluate(expression, scope))
    }
    return values
  }

  private dict(
    entries: ReadonlyArray<readonly [key: Expression | undefined, value: Expression]>,
    scope: Scope
  ): Dict {
    const dict = new Dict()
    for (const [key, value] of entries) {
      if (key !== undefined) {
        const evaluated = this.evaluate(key, scope)
        dict.set(evaluated, this.evaluate(value, scope))
        continue
      }
      const mapping = this.evaluate(value, scope)
      if (!(mapping instanceof Dict)) {
        throw new PythonError("TypeError", `'${typeName(mapping)}' object is not a mapping`)
      }
      for (const [unpacked, content] of mapping.entries()) dict.set(unpacked, content)
    }
    return dict
  }

  private either(operator: "and" | "or", expressions: ReadonlyArray<Expression>, scope: Scope): Value {
    let value: Value = null
    for (const expression of expressions) {
      value = this.evaluate(expression, scope)
      if (truthy(value) === (operator === "or")) return value
    }
    return value
  }

  private compare(expression: Expression & { readonly kind: "Compare" }, scope: Scope): Value {
    let left = this.evaluate(expression.left, scope)
    for (const [i, operator] of expression.operators.entries()) {
      const right = this.evaluate(expression.comparators[i]!, scope)
      if (!comparison(operator, left, right)) return false
      left = right
    }
    return true
  }

  private call(expression: Call, scope: Scope): Value {
    const callee = this.evaluate(expression.callee, scope)
    const positional = this.positional(callee, expression.positional, scope)
    const keywords = this.keywords(callee, expression.keywords, scope)
    if (callee instanceof Callable) this.countCall(callee, positional)
    if (callee instanceof Instance && callee.call !== undefined) return callee.call(positional, keywords)
    throw new PythonError("TypeError", `'${typeName(callee)}' object is not callable`)
  }

  private countCall({ steps, stepsPerItem }: Callable, positional: ReadonlyArray<Value>): void {
    this.count(steps)
    if (stepsPerItem === 0) return
    for (const value of positional) this.count(stepsPerItem * this.extentOf(value))
  }

  private positional(callee: Value, expressions: ReadonlyArray<Expression>, scope: Scope): ReadonlyArray<Value> {
    if (expressions.every((expression) => expression.kind !== "Starred")) return this.items(expressions, scope)
    return expressions.flatMap((expression) => {
      if (expression.kind !== "Starred") return [this.evaluate(expression, scope)]
      const value = this.evaluate(expression.value, scope)
      if (isIterable(value)) return [...iterate(value)]
      const message = `argument after * must be an iterable, not ${typeName(value)}`
      throw new PythonError("TypeError", `${functionText(callee)} ${message}`)
    })
  }

  private keywords(callee: Value, given: ReadonlyArray<Keyword>, scope: Scope): Keywords {
    const keywords = new Map<string, Value>()
    const add = (name: string, value: Value): void => {
      if (keywords.has(name)) {
        const message = `got multiple values for keyword argument '${name}'`
        throw new PythonError("TypeError", `${functionText(callee)} ${message}`)
      }
      keywords.set(name, value)
    }
    for (const { name, value: expression } of given) {
      const value = this.evaluate(expression, scope)
      if (name !== undefined) {
        add(name, value)
        continue
      }
      if (!(value instanceof Dict)) {
        const message = `argument after ** must be a mapping, not ${typeName(value)}`
        throw new PythonError("TypeError", `${functionText(callee)} ${message}`)
      }
      for (const [key, content] of value.entries()) {
        if (typeof key !== "string") throw new PythonError("TypeError", "keywords must be strings")
        add(key, content)
      }
    }
    return [...keywords]
  }

  private lambda(expression: Expression & { readonly kind: "Lambda" }, scope: Scope): Value {
    const parameters = expression.parameters.map((parameter) => ({
      name: parameter.name,
      ...parameter.default && { default: this.evaluate(parameter.default, scope) }
    }))
    return new PythonFunction("<lambda>", parameters, (values) => {
      const locals = new Map(parameters.map((parameter, i) => [parameter.name, values[i]!]))
      return this.evaluate(expression.body, within(locals, scope))
    })
  }

  private *comprehension(expression: Comprehension, scope: Scope): Generator<Value> {
    for (const inner of this.iterations(expression.clauses, scope)) yield this.evaluate(expression.item, inner)
  }

  /** The scopes in which the item of a comprehension is evaluated. */
  private *iterations(clauses: ReadonlyArray<ForClause>, scope: Scope): Generator<Scope> {
    const [clause, ...rest] = clauses
    if (clause === undefined) {
      yield scope
      return
    }
    for (const value of iterate(this.evaluate(clause.iterable, scope))) {
      this.count()
      const locals = new Map<string, Value>()
      assign(clause.target, value, locals)
      const inner = within(locals, scope)
      if (clause.conditions.every((condition) => truthy(this.evaluate(condition, inner)))) {
        yield* this.iterations(rest, inner)
      }
    }
  }
}

const within = (locals: ReadonlyMap<string, Value>, outer: Scope): Scope => (name) => {
  const value = locals.get(name)
  return value === undefined ? outer(name) : value
}

/** Binds the names of a target. Throws Python's errors of unpacking. */
const assign = (target: Expression, value: Value, locals: Map<string, Value>): void => {
  if (target.kind === "Name") {
    locals.set(target.id, value)
    return
  }
  if (target.kind !== "Tuple" && target.kind !== "List") {
    throw new PythonError("TypeError", "envtune assigns to names only")
  }
  if (!isIterable(value)) throw new PythonError("TypeError", `cannot unpack non-iterable ${typeName(value)} object`)
  const values = [...iterate(value)]
  const wanted = target.items.length
  if (values.length > wanted) {
    throw new PythonError("ValueError", `too many values to unpack (expected ${wanted})`)
  }
  if (values.length < wanted) {
    throw new PythonError("ValueError", `not enough values to unpack (expected ${wanted}, got ${values.length})`)
  }
  for (const [i, part] of target.items.entries()) assign(part, values[i]!, locals)
}

const isIterable = (value: Value): boolean =>
  typeof value === "string" || Array.isArray(value) || value instanceof Dict || value instanceof Tuple
  || (value instanceof Instance && value.iterate !== undefined)

const functionText = (callee: Value): string =>
  callee instanceof Callable ? callee.functionText : `${str(callee)} object`

const unary = (operator: string, value: Value): Value => {
  switch (operator) {
    case "not":
      return !truthy(value)
    case "-":
      return Number.negate(value)
    case "+":
      return Number.positive(value)
    default:
      return Number.invert(value)
  }
}

const binary = (operator: string, a: Value, b: Value): Value => {
  switch (operator) {
    case "+":
      return Number.add(a, b)
    case "-":
      return Number.subtract(a, b)
    case "*":
      return Number.multiply(a, b)
    case "/":
      return Number.divide(a, b)
    case "//":
      return Number.floorDivide(a, b)
    case "%":
      return typeof a === "string" ? percentFormat(a, b) : Number.modulo(a, b)
    case "**":
      return Number.power(a, b)
    case "@":
      throw new PythonError("TypeError", `unsupported operand type(s) for @: '${typeName(a)}' and '${typeName(b)}'`)
    default:
      return Number.bitwise(operator, a, b)
  }
}

const comparison = (operator: string, a: Value, b: Value): boolean => {
  switch (operator) {
    case "==":
      return equals(a, b)
    case "!=":
    case "<>":
      return !equals(a, b)
    case "is":
      return a === b
    case "is not":
      return a !== b
    case "in":
      return contains(b, a)
    case "not in":
      return !contains(b, a)
    case "<":
    case "<=":
    case ">":
    case ">=":
      return Number.ordered(operator, a, b)
    default:
      throw new PythonError("SyntaxError", `unknown operator ${operator}`)
  }
}

/**
 * The value of a compiled expression. Throws `PythonError`, whatever the expression is.
 *
 * Generators are lists here: nothing that a tool does can tell them apart.
 */
export const evaluate = (expression: Expression, scope: Scope, limits: Limits = limitsInForce()): Value => {
  try {
    return new Evaluator(limits.steps).evaluate(expression, scope)
  } catch (error) {
    // The engine's own limits on stacks and texts, in case ours let something through.
    if (error instanceof RangeError) throw beyond(error.message)
    throw error
  }
}
