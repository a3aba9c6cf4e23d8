/** The tree of a Python expression. `kind` is the name of the class in Python's `ast` module. */
import type { Value } from "./Value.ts"

export type Expression =
  | { readonly kind: "Constant"; readonly value: Value }
  | { readonly kind: "Name"; readonly id: string }
  | { readonly kind: "Attribute"; readonly value: Expression; readonly attribute: string }
  | { readonly kind: "Subscript"; readonly value: Expression; readonly slice: Expression }
  | {
    readonly kind: "Slice"
    readonly lower: Expression | undefined
    readonly upper: Expression | undefined
    readonly step: Expression | undefined
  }
  | { readonly kind: "Starred"; readonly value: Expression }
  | Call
  | { readonly kind: "UnaryOp"; readonly operator: string; readonly operand: Expression }
  | { readonly kind: "BinOp"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "BoolOp"; readonly operator: "and" | "or"; readonly values: ReadonlyArray<Expression> }
  | {
    readonly kind: "Compare"
    readonly left: Expression
    readonly operators: ReadonlyArray<string>
    readonly comparators: ReadonlyArray<Expression>
  }
  | { readonly kind: "IfExp"; readonly test: Expression; readonly body: Expression; readonly otherwise: Expression }
  | Lambda
  | { readonly kind: "NamedExpr"; readonly target: string; readonly value: Expression }
  | { readonly kind: "List" | "Tuple" | "Set"; readonly items: ReadonlyArray<Expression> }
  | {
    readonly kind: "Dict"
    /** A key is undefined where a mapping is unpacked. */
    readonly entries: ReadonlyArray<readonly [key: Expression | undefined, value: Expression]>
  }
  | Comprehension
  | {
    readonly kind: "DictComp"
    readonly key: Expression
    readonly value: Expression
    readonly clauses: ReadonlyArray<ForClause>
  }
  | { readonly kind: "JoinedStr"; readonly parts: ReadonlyArray<Expression> }
  | {
    readonly kind: "FormattedValue"
    readonly value: Expression
    /** `r`, `s`, `a` after `!`. */
    readonly conversion: string | undefined
    readonly specification: Expression | undefined
  }
  | { readonly kind: "Await" | "YieldFrom"; readonly value: Expression }
  | { readonly kind: "Yield"; readonly value: Expression | undefined }

export interface Call extends Arguments {
  readonly kind: "Call"
  readonly callee: Expression
}

/** `name=value`, or `**value` without a name. */
export interface Keyword {
  readonly name: string | undefined
  readonly value: Expression
}

/** The arguments of a call. */
export interface Arguments {
  readonly positional: ReadonlyArray<Expression>
  readonly keywords: ReadonlyArray<Keyword>
}

export interface Comprehension {
  readonly kind: "ListComp" | "SetComp" | "GeneratorExp"
  readonly item: Expression
  readonly clauses: ReadonlyArray<ForClause>
}

export interface ForClause {
  readonly target: Expression
  readonly iterable: Expression
  readonly conditions: ReadonlyArray<Expression>
}

export interface Lambda {
  readonly kind: "Lambda"
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly default: Expression | undefined }>
  readonly body: Expression
}

/** What Python's parser calls an expression in "cannot assign to ...". */
export const describe = (expression: Expression): string => {
  switch (expression.kind) {
    case "Attribute":
      return "attribute"
    case "Subscript":
      return "subscript"
    case "Starred":
      return "starred"
    case "Name":
      return "name"
    case "List":
      return "list"
    case "Tuple":
      return "tuple"
    case "Lambda":
      return "lambda"
    case "Call":
      return "function call"
    case "BoolOp":
    case "BinOp":
    case "UnaryOp":
      return "expression"
    case "GeneratorExp":
      return "generator expression"
    case "Yield":
    case "YieldFrom":
      return "yield expression"
    case "Await":
      return "await expression"
    case "ListComp":
      return "list comprehension"
    case "SetComp":
      return "set comprehension"
    case "DictComp":
      return "dict comprehension"
    case "Dict":
      return "dict literal"
    case "Set":
      return "set display"
    case "JoinedStr":
    case "FormattedValue":
      return "f-string expression"
    case "Constant":
      return describeConstant(expression.value)
    case "Compare":
      return "comparison"
    case "IfExp":
      return "conditional expression"
    case "NamedExpr":
      return "named expression"
    case "Slice":
      return "slice"
  }
}

const describeConstant = (value: Value): string => {
  if (value === null) return "None"
  if (typeof value === "boolean") return value ? "True" : "False"
  return typeof value === "object" && !Array.isArray(value) && "typeName" in value && value.typeName === "ellipsis"
    ? "ellipsis"
    : "literal"
}
