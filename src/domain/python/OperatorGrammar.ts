/** CPython 3.11's grammar of expressions, down to operators and what follows an atom. See `Grammar`. */
import type { Arguments, Expression, Lambda } from "./Syntax.ts"
import { TokenReader } from "./TokenReader.ts"
import { SyntaxFault } from "./Tokens.ts"

/** How tightly binary operators bind; all of them are left-associative. */
const precedence: ReadonlyMap<string, number> = new Map([
  ["|", 1],
  ["^", 2],
  ["&", 3],
  ["<<", 4],
  [">>", 4],
  ["+", 5],
  ["-", 5],
  ["*", 6],
  ["/", 6],
  ["//", 6],
  ["%", 6],
  ["@", 6]
])

const comparisonOperators = new Set(["==", "!=", "<=", "<", ">=", ">"])

export abstract class OperatorGrammar extends TokenReader {
  protected abstract atom(): Expression | undefined
  protected abstract generatorExpression(): Expression | undefined
  protected abstract arguments(): Arguments | undefined

  /** Hooks for the second pass, where CPython explains an error. They look ahead only. */
  protected explainExpression(): void {}
  protected explainNamedExpression(): void {}

  protected expressions(): Expression | undefined {
    return this.attempt(() => this.sequence(() => this.expression()))
  }

  protected starExpressions(): Expression | undefined {
    return this.attempt(() => this.sequence(() => this.starExpression()))
  }

  /** One item, or a tuple when a comma follows. */
  protected sequence(rule: () => Expression | undefined): Expression | undefined {
    const items = this.gather(rule)
    if (items === undefined) return undefined
    const trailing = this.operator(",")
    return items.length === 1 && !trailing ? items[0] : { kind: "Tuple", items }
  }

  protected starExpression(): Expression | undefined {
    return this.memoized("star_expression", () => this.starred(() => this.bitwiseOr()) ?? this.expression())
  }

  protected starred(rule: () => Expression | undefined): Expression | undefined {
    return this.attempt(() => {
      if (!this.operator("*")) return undefined
      const value = rule()
      return value && { kind: "Starred", value }
    })
  }

  protected starNamedExpression(): Expression | undefined {
    const starred = this.isOperator("*") ? this.starred(() => this.bitwiseOr()) : undefined
    return starred ?? this.namedExpression()
  }

  /** Items between commas, and perhaps a comma after the last one; none is an empty list. */
  protected starNamedExpressions(): ReadonlyArray<Expression> {
    const items: Array<Expression> = []
    for (;;) {
      const item = this.starNamedExpression()
      if (item === undefined) return items
      items.push(item)
      if (!this.operator(",")) return items
    }
  }

  protected assignmentExpression(): Expression | undefined {
    return this.attempt(() => {
      const target = this.name()
      if (target === undefined || !this.operator(":=")) return undefined
      const value = this.expression()
      return value && { kind: "NamedExpr", target, value }
    })
  }

  protected namedExpression(): Expression | undefined {
    const assignment = this.assignmentExpression()
    if (assignment !== undefined) return assignment
    this.explainNamedExpression()
    return this.expressionUnless(":=")
  }

  /** `expression !operator`. */
  protected expressionUnless(operator: string): Expression | undefined {
    const start = this.mark
    const value = this.expression()
    if (value !== undefined && !this.isOperator(operator)) return value
    this.mark = start
    return undefined
  }

  protected expression(): Expression | undefined {
    return this.memoized("expression", () => {
      this.explainExpression()
      return this.conditional() ?? this.lambda()
    })
  }

  protected conditional(): Expression | undefined {
    const body = this.disjunction()
    if (body === undefined) return undefined
    const conditional = this.attempt((): Expression | undefined => {
      if (!this.keyword("if")) return undefined
      const test = this.disjunction()
      if (test === undefined || !this.keyword("else")) return undefined
      const otherwise = this.expression()
      return otherwise && { kind: "IfExp", test, body, otherwise }
    })
    return conditional ?? body
  }

  protected yieldExpression(): Expression | undefined {
    return this.attempt(() => {
      if (!this.keyword("yield")) return undefined
      const source = this.attempt(() => this.keyword("from") ? this.expression() : undefined)
      if (source !== undefined) return { kind: "YieldFrom", value: source }
      return { kind: "Yield", value: this.starExpressions() }
    })
  }

  protected lambda(): Expression | undefined {
    return this.attempt(() => {
      if (!this.keyword("lambda")) return undefined
      const parameters = this.gather(() => this.lambdaParameter()) ?? []
      if (parameters.length > 0) this.operator(",")
      if (!this.operator(":")) return undefined
      const body = this.expression()
      return body && { kind: "Lambda", parameters, body }
    })
  }

  /** Starred and positional-only parameters are not supported: nothing here could make use of them. */
  protected lambdaParameter(): Lambda["parameters"][number] | undefined {
    return this.attempt(() => {
      const name = this.name()
      if (name === undefined) return undefined
      const value = this.attempt(() => this.operator("=") ? this.expression() : undefined)
      return { name, default: value }
    })
  }

  protected disjunction(): Expression | undefined {
    return this.memoized("disjunction", () => this.chain("or"))
  }

  protected chain(operator: "and" | "or"): Expression | undefined {
    const first = operator === "or" ? this.chain("and") : this.inversion()
    if (first === undefined) return undefined
    const values = [first]
    for (;;) {
      const next = this.attempt(() =>
        this.keyword(operator) ? operator === "or" ? this.chain("and") : this.inversion() : undefined
      )
      if (next === undefined) return values.length === 1 ? first : { kind: "BoolOp", operator, values }
      values.push(next)
    }
  }

  protected inversion(): Expression | undefined {
    const start = this.mark
    let count = 0
    while (this.keyword("not")) count++
    let result = this.comparison()
    if (result === undefined) {
      this.mark = start
      return undefined
    }
    for (; count > 0; count--) result = { kind: "UnaryOp", operator: "not", operand: result }
    return result
  }

  protected comparison(): Expression | undefined {
    const left = this.bitwiseOr()
    if (left === undefined) return undefined
    const operators: Array<string> = []
    const comparators: Array<Expression> = []
    for (;;) {
      const pair = this.attempt(() => {
        const operator = this.comparisonOperator()
        const right = operator && this.bitwiseOr()
        return operator && right && [operator, right] as const
      })
      if (pair === undefined || pair === "") break
      operators.push(pair[0])
      comparators.push(pair[1])
    }
    return operators.length === 0 ? left : { kind: "Compare", left, operators, comparators }
  }

  protected comparisonOperator(): string | undefined {
    const token = this.peek()
    if (token.kind === "operator" && comparisonOperators.has(token.text)) {
      this.mark++
      return token.text
    }
    if (token.kind !== "name") return undefined
    if (this.keyword("in")) return "in"
    if (this.keyword("is")) return this.keyword("not") ? "is not" : "is"
    return this.attempt(() => this.keyword("not") && this.keyword("in") ? "not in" : undefined)
  }

  protected bitwiseOr(): Expression | undefined {
    return this.memoized("bitwise_or", () => this.binary(1))
  }

  /** An operand, and every operator after it that binds at least so tightly. */
  protected binary(level: number): Expression | undefined {
    let left = this.factor()
    while (left !== undefined) {
      const token = this.peek()
      const binds = token.kind === "operator" ? precedence.get(token.text) : undefined
      if (binds === undefined || binds < level) break
      const start = this.mark
      this.mark++
      const right = this.binary(binds + 1)
      if (right === undefined) {
        this.mark = start
        break
      }
      left = { kind: "BinOp", operator: token.text, left, right }
    }
    return left
  }

  protected factor(): Expression | undefined {
    const start = this.mark
    const signs: Array<string> = []
    while (this.isOperator("+") || this.isOperator("-") || this.isOperator("~")) signs.push(this.kind("operator")!.text)
    let result = this.power()
    if (result === undefined) {
      this.mark = start
      return undefined
    }
    for (const operator of signs.toReversed()) result = { kind: "UnaryOp", operator, operand: result }
    return result
  }

  protected power(): Expression | undefined {
    const left = this.awaitPrimary()
    if (left === undefined) return undefined
    const right = this.attempt(() => this.operator("**") ? this.nested(() => this.factor()) : undefined)
    return right === undefined ? left : { kind: "BinOp", operator: "**", left, right }
  }

  protected awaitPrimary(): Expression | undefined {
    if (!this.isKeyword("await")) return this.primary()
    return this.attempt((): Expression | undefined => {
      this.mark++
      const value = this.primary()
      return value && { kind: "Await", value }
    }) ?? this.primary()
  }

  protected primary(): Expression | undefined {
    let result = this.atom()
    for (;;) {
      const value: Expression | undefined = result
      const next: Expression | undefined = value && this.attempt(() => this.trailer(value))
      if (next === undefined) return result
      result = next
    }
  }

  protected trailer(value: Expression): Expression | undefined {
    if (this.operator(".")) {
      const attribute = this.name()
      return attribute === undefined ? undefined : { kind: "Attribute", value, attribute }
    }
    if (this.isOperator("(")) {
      const generator = this.generatorExpression()
      if (generator !== undefined) return { kind: "Call", callee: value, positional: [generator], keywords: [] }
      this.operator("(")
      const given = this.arguments() ?? { positional: [], keywords: [] }
      return this.operator(")") ? { kind: "Call", callee: value, ...given } : undefined
    }
    if (this.operator("[")) {
      const slice = this.slices()
      return slice !== undefined && this.operator("]") ? { kind: "Subscript", value, slice } : undefined
    }
    return undefined
  }

  protected slices(): Expression | undefined {
    return this.attempt(() => this.sequence(() => this.slice() ?? this.starred(() => this.expression())))
  }

  protected slice(): Expression | undefined {
    return this.attempt((): Expression | undefined => {
      const lower = this.expression()
      if (!this.operator(":")) return undefined
      const upper = this.expression()
      const step = this.operator(":") ? this.expression() : undefined
      return { kind: "Slice", lower, upper, step }
    }) ?? this.namedExpression()
  }

  protected fail(message: string, at: number): never {
    throw new SyntaxFault(message, this.source.tokens[at]!.line)
  }
}
