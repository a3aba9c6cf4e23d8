/**
 * The grammar's second pass, with CPython's rules that explain an error (`invalid_*` in its grammar): which of them comes
 * first decides which text is reported. Each looks ahead only: it throws a `SyntaxFault`, or leaves everything as it is.
 */
import { Grammar, invalidTarget } from "./Grammar.ts"
import { describe } from "./Syntax.ts"

const softKeywords = ["_", "case", "match"]

const isLegacyStatement = (name: string): boolean => name === "print" || name === "exec"

export class Explanations extends Grammar {
  private explaining = true

  protected override explainExpression(): void {
    if (!this.explaining) return
    this.invalidExpression()
    this.invalidLegacyExpression()
  }

  private invalidExpression(): void {
    const start = this.mark
    const excluded = this.ahead(() => this.name() !== undefined && this.kind("string"))
      || this.ahead(() => this.softKeyword())
    const left = this.disjunction()
    const afterLeft = this.mark
    if (!excluded && left !== undefined) {
      const right = this.withoutExplaining(() => this.conditional() ?? this.lambda())
      if (right !== undefined) {
        const { level } = this.source.tokens[this.mark - 1]!
        const isLegacy = left.kind === "Name" && isLegacyStatement(left.id)
        this.mark = start
        if (isLegacy || level === 0) return
        this.fail("invalid syntax. Perhaps you forgot a comma?", start)
      }
    }
    this.mark = afterLeft
    if (left !== undefined && this.keyword("if") && this.disjunction() !== undefined) {
      if (!this.isKeyword("else") && !this.isOperator(":")) this.fail("expected 'else' after 'if' expression", start)
    }
    this.mark = start
  }

  private withoutExplaining<A>(rule: () => A): A {
    this.explaining = false
    const result = rule()
    this.explaining = true
    return result
  }

  private invalidLegacyExpression(): void {
    const start = this.mark
    const name = this.name()
    if (
      name !== undefined && !this.isOperator("(") && this.starExpressions() !== undefined && isLegacyStatement(name)
    ) {
      this.fail(`Missing parentheses in call to '${name}'. Did you mean ${name}(...)?`, start)
    }
    this.mark = start
  }

  protected override explainNamedExpression(): void {
    if (!this.explaining) return
    this.memoized("invalid_named", () => {
      const start = this.mark
      const left = this.expression()
      if (left !== undefined && this.operator(":=") && this.expression() !== undefined) {
        this.fail(`cannot use assignment expressions with ${describe(left)}`, start)
      }
      this.mark = start
      if (this.name() !== undefined && this.operator("=") && this.rightOfEquals()) {
        this.fail("invalid syntax. Maybe you meant '==' or ':=' instead of '='?", start)
      }
      this.mark = start
      const excluded = this.ahead(() => this.list() ?? this.tuple() ?? this.generatorExpression())
        || this.isKeyword("True") || this.isKeyword("None") || this.isKeyword("False")
      const target = excluded ? undefined : this.bitwiseOr()
      if (target !== undefined && this.operator("=") && this.rightOfEquals()) {
        this.fail(`cannot assign to ${describe(target)} here. Maybe you meant '==' instead of '='?`, start)
      }
      return undefined
    })
  }

  private rightOfEquals(): boolean {
    return this.bitwiseOr() !== undefined && !this.isOperator("=") && !this.isOperator(":=")
  }

  protected override explainGroup(): void {
    if (!this.explaining) return
    const start = this.mark
    if (this.operator("(")) {
      const inside = this.mark
      if (this.starred(() => this.expression()) !== undefined && this.isOperator(")")) {
        this.fail("cannot use starred expression here", inside)
      }
      this.mark = inside
      if (this.operator("**") && this.expression() !== undefined && this.isOperator(")")) {
        this.fail("cannot use double starred expression here", inside)
      }
    }
    this.mark = start
  }

  protected override explainComprehension(): void {
    if (!this.explaining) return
    const start = this.mark
    const isParenthesis = this.isOperator("(")
    if (!isParenthesis && !this.isOperator("[") && !this.isOperator("{")) return
    this.mark++
    const inside = this.mark
    if (this.starred(() => this.expression()) !== undefined && this.forClauses() !== undefined) {
      this.fail("iterable unpacking cannot be used in comprehension", inside)
    }
    this.mark = inside
    if (!isParenthesis && this.starNamedExpression() !== undefined && this.operator(",")) {
      this.starNamedExpressions()
      if (this.forClauses() !== undefined) {
        this.fail("did you forget parentheses around the comprehension target?", inside)
      }
    }
    this.mark = start
  }

  protected override explainDictComprehension(): void {
    if (!this.explaining) return
    const start = this.mark
    this.operator("{")
    const inside = this.mark
    if (
      this.operator("**") && this.bitwiseOr() !== undefined && this.forClauses() !== undefined && this.operator("}")
    ) this.fail("dict unpacking cannot be used in dict comprehension", inside)
    this.mark = start
  }

  protected override explainForTarget(): void {
    if (!this.explaining) return
    const start = this.mark
    this.keyword("async")
    if (this.keyword("for")) {
      const at = this.mark
      const target = this.starExpressions()
      const invalid = target && invalidTarget(target)
      if (invalid !== undefined) this.fail(`cannot assign to ${describe(invalid)}`, at)
    }
    this.mark = start
  }

  protected override explainKeyword(): void {
    if (!this.explaining) return
    const start = this.mark
    const word = this.peek()
    if (word.kind === "name" && /^(?:True|False|None)$/.test(word.text) && this.isOperator("=", 1)) {
      this.fail(`cannot assign to ${word.text}`, start)
    }
    if (this.name() !== undefined && this.operator("=") && this.expression() !== undefined && this.forClauses()) {
      this.fail("invalid syntax. Maybe you meant '==' or ':=' instead of '='?", start)
    }
    this.mark = start
    const isKeyword = this.name() !== undefined && this.isOperator("=")
    this.mark = start
    if (!isKeyword && this.expression() !== undefined && this.isOperator("=")) {
      this.fail("expression cannot contain assignment, perhaps you meant \"==\"?", start)
    }
    this.mark = start
  }

  protected override explainArguments(): void {
    if (!this.explaining) return
    const start = this.mark
    const args = this.args()
    const afterArgs = this.mark
    if (args !== undefined && args.keywords.length > 0 && this.operator(",") && this.isOperator("*")) {
      this.fail("iterable argument unpacking follows keyword argument unpacking", start)
    }
    this.mark = start
    if (this.expression() !== undefined && this.forClauses() !== undefined && this.operator(",")) {
      if (this.args() === undefined && this.expression() !== undefined) this.forClauses()
      this.fail("Generator expression must be parenthesized", start)
    }
    this.mark = start
    if (this.name() !== undefined && this.operator("=") && this.expression() !== undefined && this.forClauses()) {
      this.fail("invalid syntax. Maybe you meant '==' or ':=' instead of '='?", start)
    }
    if (args === undefined) {
      this.mark = start
      return
    }
    this.mark = afterArgs
    if (this.forClauses() !== undefined && args.positional.length > 1) {
      this.fail("Generator expression must be parenthesized", start)
    }
    this.mark = afterArgs
    if (this.operator(",")) {
      const next = this.mark
      if (this.expression() !== undefined && this.forClauses() !== undefined) {
        this.fail("Generator expression must be parenthesized", next)
      }
      this.mark = next
      if (this.args() !== undefined) {
        const unpacks = args.keywords.some((keyword) => keyword.name === undefined)
        const message = unpacks
          ? "positional argument follows keyword argument unpacking"
          : "positional argument follows keyword argument"
        this.fail(message, this.furthest)
      }
    }
    this.mark = start
  }

  /** CPython compares only as many letters as the name has, so that `c` passes for `case`. */
  private softKeyword(): boolean {
    const name = this.name()
    return name !== undefined && softKeywords.some((keyword) => keyword.startsWith(name))
  }
}
