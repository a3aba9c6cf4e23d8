/** Python's `ast.unparse`: the tree of an expression as source text again. */
import type { Expression, ForClause, Keyword } from "./Syntax.ts"
import { repr } from "./Text.ts"
import { ellipsis, type Value } from "./Value.ts"

/** How tightly an expression holds together; the operand of a tighter one is put in parentheses. */
const precedences = {
  named: 0,
  tuple: 1,
  yield: 2,
  test: 3,
  or: 4,
  and: 5,
  not: 6,
  compare: 7,
  "|": 8,
  "^": 9,
  "&": 10,
  "<<": 11,
  ">>": 11,
  "+": 12,
  "-": 12,
  "*": 13,
  "/": 13,
  "//": 13,
  "%": 13,
  "@": 13,
  unary: 14,
  "**": 15,
  await: 16,
  atom: 17
} as const

const binaryPrecedence = (operator: string): number => Object.entries(precedences).find(([key]) => key === operator)![1]

const constant = (value: Value): string => {
  if (value === ellipsis) return "..."
  // There is no literal of infinity but a number that is too large.
  return typeof value === "number" ? repr(value).replace("inf", "1e309") : repr(value)
}

const list = (expressions: ReadonlyArray<Expression>): string =>
  expressions.map((expression) => write(expression, precedences.test)).join(", ")

const keyword = ({ name, value }: Keyword): string =>
  name === undefined ? `**${write(value, precedences.test)}` : `${name}=${write(value, precedences.test)}`

const clauses = (all: ReadonlyArray<ForClause>): string =>
  all.map(({ conditions, iterable, target }) =>
    ` for ${write(target, precedences.tuple)} in ${write(iterable, precedences.or)}` +
    conditions.map((condition) => ` if ${write(condition, precedences.or)}`).join("")
  ).join("")

const tuple = (items: ReadonlyArray<Expression>): string => items.length === 1 ? `${list(items)},` : list(items)

const optional = (expression: Expression | undefined): string =>
  expression === undefined ? "" : write(expression, precedences.test)

/** The parts of an f-string, with the quotes that do not occur in it. */
const joined = (parts: ReadonlyArray<Expression>): string => {
  const body = parts.map(joinedPart).join("")
  const quote = ["'", "\"", "'''", "\"\"\""].find((candidate) => !body.includes(candidate)) ?? "'"
  return `f${quote}${body}${quote}`
}

const joinedPart = (part: Expression): string => {
  if (part.kind === "Constant" && typeof part.value === "string") {
    return part.value.replaceAll("{", "{{").replaceAll("}", "}}")
  }
  if (part.kind !== "FormattedValue") return ""
  const conversion = part.conversion === undefined ? "" : `!${part.conversion}`
  const specification = part.specification?.kind === "JoinedStr"
    ? `:${part.specification.parts.map(joinedPart).join("")}`
    : ""
  return `{${write(part.value, precedences.or)}${conversion}${specification}}`
}

/** The text of an expression and how tightly it holds together. */
const parts = (expression: Expression): readonly [text: string, precedence: number] => {
  switch (expression.kind) {
    case "Constant":
      return [constant(expression.value), precedences.atom]
    case "Name":
      return [expression.id, precedences.atom]
    case "Attribute": {
      const { value } = expression
      // `1.real` would be a float and a name; a bool is an int to Python here.
      const isInteger = value.kind === "Constant" &&
        (typeof value.value === "bigint" || typeof value.value === "boolean")
      const space = isInteger ? " " : ""
      return [`${write(value, precedences.atom)}${space}.${expression.attribute}`, precedences.atom]
    }
    case "Subscript": {
      const { slice } = expression
      const inner = slice.kind === "Tuple" && slice.items.length > 0
        ? tuple(slice.items)
        : write(slice, precedences.test)
      return [`${write(expression.value, precedences.atom)}[${inner}]`, precedences.atom]
    }
    case "Slice": {
      const step = expression.step === undefined ? "" : `:${write(expression.step, precedences.test)}`
      return [`${optional(expression.lower)}:${optional(expression.upper)}${step}`, precedences.atom]
    }
    case "Starred":
      return [`*${write(expression.value, precedences["|"])}`, precedences.atom]
    case "Call": {
      const given = [
        ...expression.positional.map((value) => write(value, precedences.test)),
        ...expression.keywords.map(keyword)
      ]
      return [`${write(expression.callee, precedences.atom)}(${given.join(", ")})`, precedences.atom]
    }
    case "UnaryOp": {
      const precedence = expression.operator === "not" ? precedences.not : precedences.unary
      const space = expression.operator === "not" ? " " : ""
      return [`${expression.operator}${space}${write(expression.operand, precedence)}`, precedence]
    }
    case "BinOp": {
      const { operator } = expression
      const precedence = binaryPrecedence(operator)
      const [left, right] = operator === "**" ? [precedence + 1, precedence] : [precedence, precedence + 1]
      return [`${write(expression.left, left)} ${operator} ${write(expression.right, right)}`, precedence]
    }
    case "BoolOp": {
      const precedence = precedences[expression.operator]
      const values = expression.values.map((value) => write(value, precedence + 1))
      return [values.join(` ${expression.operator} `), precedence]
    }
    case "Compare": {
      const rest = expression.operators.map((operator, i) =>
        ` ${operator} ${write(expression.comparators[i]!, precedences.compare + 1)}`
      )
      return [write(expression.left, precedences.compare + 1) + rest.join(""), precedences.compare]
    }
    case "IfExp": {
      const { body, otherwise, test } = expression
      const [first, condition] = [write(body, precedences.test + 1), write(test, precedences.test + 1)]
      return [`${first} if ${condition} else ${write(otherwise, precedences.test)}`, precedences.test]
    }
    case "Lambda": {
      const parameters = expression.parameters.map((parameter) =>
        parameter.default === undefined
          ? parameter.name
          : `${parameter.name}=${write(parameter.default, precedences.test)}`
      )
      const head = parameters.length === 0 ? "lambda" : `lambda ${parameters.join(", ")}`
      return [`${head}: ${write(expression.body, precedences.test)}`, precedences.test]
    }
    case "NamedExpr":
      return [`${expression.target} := ${write(expression.value, precedences.atom)}`, precedences.named]
    case "List":
      return [`[${list(expression.items)}]`, precedences.atom]
    case "Tuple":
      return [tuple(expression.items), expression.items.length === 0 ? -1 : precedences.tuple]
    case "Set":
      return [`{${list(expression.items)}}`, precedences.atom]
    case "Dict": {
      const entries = expression.entries.map(([key, value]) =>
        key === undefined
          ? `**${write(value, precedences["|"])}`
          : `${write(key, precedences.test)}: ${write(value, precedences.test)}`
      )
      return [`{${entries.join(", ")}}`, precedences.atom]
    }
    case "ListComp":
      return [`[${write(expression.item, precedences.test)}${clauses(expression.clauses)}]`, precedences.atom]
    case "SetComp":
      return [`{${write(expression.item, precedences.test)}${clauses(expression.clauses)}}`, precedences.atom]
    case "GeneratorExp":
      return [`(${write(expression.item, precedences.test)}${clauses(expression.clauses)})`, precedences.atom]
    case "DictComp": {
      const pair = `${write(expression.key, precedences.test)}: ${write(expression.value, precedences.test)}`
      return [`{${pair}${clauses(expression.clauses)}}`, precedences.atom]
    }
    case "JoinedStr":
      return [joined(expression.parts), precedences.atom]
    case "FormattedValue":
      return [joined([expression]), precedences.atom]
    case "Await":
      return [`await ${write(expression.value, precedences.atom)}`, precedences.await]
    case "Yield":
      return [
        expression.value === undefined ? "yield" : `yield ${write(expression.value, precedences.atom)}`,
        precedences.yield
      ]
    case "YieldFrom":
      return [`yield from ${write(expression.value, precedences.atom)}`, precedences.yield]
  }
}

const write = (expression: Expression, needed: number): string => {
  const [text, precedence] = parts(expression)
  return precedence < needed ? `(${text})` : text
}

/** The source text of an expression, in Python's normal form. */
export const unparse = (expression: Expression): string => write(expression, precedences.test)
