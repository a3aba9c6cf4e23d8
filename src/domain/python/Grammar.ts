/**
 * CPython 3.11's grammar of expressions, as its PEG parser runs it: alternatives in order, first match wins.
 *
 * Methods are named as CPython's rules. Where a rule of CPython's has an alternative that only explains an error, the
 * method calls a hook, which does nothing here; `Explanations` overrides the hooks for the second pass.
 */
import type { ParseReplacement } from "./FString.ts"
import { numberLiteral, stringLiteral } from "./Literal.ts"
import { OperatorGrammar } from "./OperatorGrammar.ts"
import type { Arguments, Expression, ForClause, Keyword } from "./Syntax.ts"
import type { Token, Tokens } from "./Tokens.ts"
import { ellipsis } from "./Value.ts"

export class Grammar extends OperatorGrammar {
  private readonly parseReplacement: ParseReplacement

  constructor(source: Tokens, parseReplacement: ParseReplacement) {
    super(source)
    this.parseReplacement = parseReplacement
  }

  /** `eval: expressions NEWLINE* ENDMARKER`. */
  evaluation(): Expression | undefined {
    const result = this.expressions()
    if (result === undefined) return undefined
    while (this.kind("newline") !== undefined) { /* any number */ }
    return this.kind("end") === undefined ? undefined : result
  }

  /** `fstring: star_expressions`, the inside of `f"{...}"`. */
  replacement(): Expression | undefined {
    return this.starExpressions()
  }

  protected override atom(): Expression | undefined {
    const token = this.peek()
    switch (token.kind) {
      case "name":
        return this.nameOrConstant(token.text)
      case "number":
        this.mark++
        return { kind: "Constant", value: numberLiteral(token) }
      case "string":
        return this.strings()
      case "operator":
        return this.enclosed(token.text)
      default:
        return undefined
    }
  }

  protected nameOrConstant(word: string): Expression | undefined {
    if (word === "True" || word === "False" || word === "None") {
      this.mark++
      return { kind: "Constant", value: word === "None" ? null : word === "True" }
    }
    const id = this.name()
    return id === undefined ? undefined : { kind: "Name", id }
  }

  protected strings(): Expression | undefined {
    return this.memoized("strings", () => {
      const tokens: Array<Token> = []
      for (let token = this.kind("string"); token !== undefined; token = this.kind("string")) tokens.push(token)
      return stringLiteral(tokens, this.parseReplacement)
    })
  }

  protected enclosed(bracket: string): Expression | undefined {
    switch (bracket) {
      case "(":
        return this.tuple() ?? this.group() ?? this.generatorExpression()
      case "[":
        return this.list() ?? this.comprehension("[", "]", "ListComp")
      case "{":
        return this.dict() ?? this.set() ?? this.dictComprehension() ?? this.comprehension("{", "}", "SetComp")
      case "...":
        this.mark++
        return { kind: "Constant", value: ellipsis }
      default:
        return undefined
    }
  }

  protected tuple(): Expression | undefined {
    return this.attempt(() => {
      if (!this.operator("(")) return undefined
      const first = this.starNamedExpression()
      if (first === undefined) return this.operator(")") ? { kind: "Tuple", items: [] } : undefined
      if (!this.operator(",")) return undefined
      const rest = this.starNamedExpressions()
      return this.operator(")") ? { kind: "Tuple", items: [first, ...rest] } : undefined
    })
  }

  protected group(): Expression | undefined {
    const group = this.attempt(() => {
      if (!this.operator("(")) return undefined
      const value = this.yieldExpression() ?? this.namedExpression()
      return value !== undefined && this.operator(")") ? value : undefined
    })
    if (group === undefined) this.explainGroup()
    return group
  }

  protected list(): Expression | undefined {
    const start = this.mark
    if (!this.operator("[")) return undefined
    const items = this.starNamedExpressions()
    if (this.operator("]")) return { kind: "List", items }
    this.mark = start
    return undefined
  }

  protected set(): Expression | undefined {
    return this.attempt(() => {
      if (!this.operator("{")) return undefined
      const items = this.starNamedExpressions()
      return items.length > 0 && this.operator("}") ? { kind: "Set", items } : undefined
    })
  }

  protected dict(): Expression | undefined {
    const dict = this.attempt((): Expression | undefined => {
      if (!this.operator("{")) return undefined
      const entries = this.gather(() => this.doubleStarredPair()) ?? []
      if (entries.length > 0) this.operator(",")
      return this.operator("}") ? { kind: "Dict", entries } : undefined
    })
    if (dict === undefined) this.explainDict()
    return dict
  }

  /** CPython tries this rule in the first pass, too. */
  private explainDict(): void {
    const start = this.mark
    if (this.operator("{")) this.invalidDoubleStarredPairs()
    this.mark = start
  }

  private invalidDoubleStarredPairs(): void {
    const start = this.mark
    if (this.gather(() => this.doubleStarredPair()) !== undefined && this.operator(",")) this.invalidPair()
    this.mark = start
    if (this.expression() !== undefined && this.operator(":")) this.invalidDictValue()
    this.mark = start
  }

  private invalidPair(): void {
    const start = this.mark
    if (this.expression() !== undefined && !this.isOperator(":")) {
      this.fail("':' expected after dictionary key", this.mark - 1)
    }
    this.mark = start
    if (this.expression() !== undefined && this.operator(":")) this.invalidDictValue()
  }

  /** After `key:`. */
  private invalidDictValue(): void {
    const start = this.mark
    if (this.operator("*") && this.bitwiseOr() !== undefined) {
      this.fail("cannot use a starred expression in a dictionary value", start)
    }
    this.mark = start
    if (this.isOperator("}") || this.isOperator(",")) {
      this.fail("expression expected after dictionary key and ':'", start - 1)
    }
  }

  protected doubleStarredPair(): readonly [Expression | undefined, Expression] | undefined {
    return this.attempt((): readonly [undefined, Expression] | undefined => {
      const value = this.operator("**") ? this.bitwiseOr() : undefined
      return value && [undefined, value]
    }) ?? this.pair()
  }

  protected pair(): readonly [Expression, Expression] | undefined {
    return this.attempt(() => {
      const key = this.expression()
      if (key === undefined || !this.operator(":")) return undefined
      const value = this.expression()
      return value && [key, value]
    })
  }

  // Comprehensions

  protected forClauses(): ReadonlyArray<ForClause> | undefined {
    const clauses: Array<ForClause> = []
    for (;;) {
      const clause = this.attempt(() => this.forClause())
      if (clause === undefined) return clauses.length === 0 ? undefined : clauses
      clauses.push(clause)
    }
  }

  protected forClause(): ForClause | undefined {
    const start = this.mark
    this.keyword("async")
    if (!this.keyword("for")) return undefined
    const target = this.starTargets()
    if (target === undefined || !this.keyword("in")) {
      this.mark = start
      this.explainForTarget()
      return undefined
    }
    const iterable = this.disjunction()
    if (iterable === undefined) return undefined
    const conditions: Array<Expression> = []
    for (;;) {
      const condition = this.attempt(() => this.keyword("if") ? this.disjunction() : undefined)
      if (condition === undefined) return { target, iterable, conditions }
      conditions.push(condition)
    }
  }

  protected starTargets(): Expression | undefined {
    return this.attempt(() => this.sequence(() => this.starred(() => this.target()) ?? this.target()))
  }

  protected target(): Expression | undefined {
    return this.attempt(() => {
      const isBracketed = this.isOperator("(") || this.isOperator("[")
      const value = this.primary()
      if (value === undefined) return undefined
      return isTarget(value) || (isBracketed && isSequence(value)) ? value : undefined
    })
  }

  protected override generatorExpression(): Expression | undefined {
    const generator = this.attempt((): Expression | undefined => {
      if (!this.operator("(")) return undefined
      const item = this.assignmentExpression() ?? this.expressionUnless(":=")
      const clauses = item && this.forClauses()
      return item && clauses && this.operator(")") ? { kind: "GeneratorExp", item, clauses } : undefined
    })
    if (generator === undefined) this.explainComprehension()
    return generator
  }

  protected comprehension(open: string, close: string, kind: "ListComp" | "SetComp"): Expression | undefined {
    const comprehension = this.attempt((): Expression | undefined => {
      if (!this.operator(open)) return undefined
      const item = this.namedExpression()
      const clauses = item && this.forClauses()
      return item && clauses && this.operator(close) ? { kind, item, clauses } : undefined
    })
    if (comprehension === undefined) this.explainComprehension()
    return comprehension
  }

  protected dictComprehension(): Expression | undefined {
    const comprehension = this.attempt((): Expression | undefined => {
      if (!this.operator("{")) return undefined
      const pair = this.pair()
      const clauses = pair && this.forClauses()
      return pair && clauses && this.operator("}")
        ? { kind: "DictComp", key: pair[0], value: pair[1], clauses }
        : undefined
    })
    if (comprehension === undefined) this.explainDictComprehension()
    return comprehension
  }

  // Arguments

  protected override arguments(): Arguments | undefined {
    return this.memoized("arguments", () => {
      const given = this.attempt(() => {
        const args = this.args()
        if (args === undefined) return undefined
        this.operator(",")
        return this.isOperator(")") ? args : undefined
      })
      if (given === undefined) this.explainArguments()
      return given
    })
  }

  protected args(): Arguments | undefined {
    return this.attempt(() => {
      const positional = this.gather(() => this.positionalArgument())
      if (positional === undefined) return this.keywordArguments()
      const more = this.attempt(() => this.operator(",") ? this.keywordArguments() : undefined)
      return { positional: [...positional, ...more?.positional ?? []], keywords: more?.keywords ?? [] }
    })
  }

  protected positionalArgument(): Expression | undefined {
    return this.starred(() => this.expression()) ?? this.attempt(() => {
      const value = this.assignmentExpression() ?? this.expressionUnless(":=")
      return value === undefined || this.isOperator("=") ? undefined : value
    })
  }

  protected keywordArguments(): Arguments | undefined {
    const first = this.gather(() => this.keywordOr("*"))
    const second = first === undefined
      ? this.gather(() => this.keywordOr("**"))
      : this.attempt(() => this.operator(",") ? this.gather(() => this.keywordOr("**")) : undefined)
    if (first === undefined && second === undefined) return undefined
    const all = [...first ?? [], ...second ?? []]
    return {
      positional: all.flatMap((given) => "kind" in given ? [given] : []),
      keywords: all.flatMap((given) => "kind" in given ? [] : [given])
    }
  }

  /** `kwarg_or_starred` and `kwarg_or_double_starred`. */
  protected keywordOr(star: "*" | "**"): Keyword | Expression | undefined {
    this.explainKeyword()
    const keyword = this.attempt((): Keyword | undefined => {
      const name = this.name()
      if (name === undefined || !this.operator("=")) return undefined
      const value = this.expression()
      return value && { name, value }
    })
    if (keyword !== undefined) return keyword
    if (star === "*") return this.starred(() => this.expression())
    return this.attempt((): Keyword | undefined => {
      const value = this.operator("**") ? this.expression() : undefined
      return value && { name: undefined, value }
    })
  }

  // Hooks, where CPython explains an error. They look ahead only.

  protected explainArguments(): void {}
  protected explainComprehension(): void {}
  protected explainDictComprehension(): void {}
  protected explainForTarget(): void {}
  protected explainGroup(): void {}
  protected explainKeyword(): void {}
}

const isTarget = (expression: Expression): boolean =>
  expression.kind === "Name" || expression.kind === "Attribute" || expression.kind === "Subscript"

const isSequence = (expression: Expression): boolean =>
  (expression.kind === "Tuple" || expression.kind === "List") && invalidTarget(expression) === undefined

/** The first part of an expression that nothing can be assigned to. */
export const invalidTarget = (expression: Expression): Expression | undefined => {
  switch (expression.kind) {
    case "List":
    case "Tuple":
      return expression.items.map(invalidTarget).find((invalid) => invalid !== undefined)
    case "Starred":
      return invalidTarget(expression.value)
    case "Compare":
      return expression.operators[0] === "in" ? invalidTarget(expression.left) : expression
    case "Name":
    case "Subscript":
    case "Attribute":
      return undefined
    default:
      return expression
  }
}
