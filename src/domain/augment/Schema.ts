/**
 * Hints from a tool's own document: which tools and arguments there are, and what values
 * they take. Knows no tool; works for the documents of any environment.
 */
import { type Advice, type Augment, type FailedCall, firstOf, type Knowledge, rule } from "../Augmentor.ts"
import type { ToolDocument, ToolParameter } from "../Message.ts"
import { Dict, Tuple } from "../python/Value.ts"
import { nearest } from "./Nearest.ts"
import { type Argument, argumentsOf, documentOf, given, text, values } from "./Subject.ts"
import { either, literal, mustBe, signature, typeWords } from "./Wording.ts"

type About<A> = (failed: FailedCall, knowledge: Knowledge) => A

const named = (failed: FailedCall): ReadonlyArray<string> =>
  [...values(failed, "arguments"), ...values(failed, "argument")].map(String)

const change = (names: About<ReadonlyArray<string>>): About<Advice> => (failed, knowledge) => ({
  _tag: "Change",
  arguments: names(failed, knowledge)
})

/** The rule of one kind of failure. It asks for other arguments unless `advice` says something else. */
const ruleFor = (
  kind: string,
  id: string,
  message: About<string | undefined>,
  advice: About<Advice> = change(named)
): Augment => rule(id, (failed, knowledge) => failed.kind === kind ? message(failed, knowledge) : undefined, advice)

const use = (document: ToolDocument | undefined): string => document === undefined ? "" : ` Use ${signature(document)}.`

/** The name that was called, as far as the failure or the call's text tells. */
const calledName = (failed: FailedCall): string =>
  text(failed, "name") ?? failed.tool ?? /^\s*([\w.]+)/.exec(failed.call)?.[1] ?? ""

const meantTool = (failed: FailedCall, { tools }: Knowledge): ToolDocument | undefined =>
  documentOf(tools, nearest(calledName(failed), tools.map((tool) => tool.name)))

const noTool = (failed: FailedCall, knowledge: Knowledge): string => {
  const name = calledName(failed)
  const names = knowledge.tools.map((tool) => tool.name)
  const meant = meantTool(failed, knowledge)
  const instead = meant === undefined ? ` Use one of: ${names.join(", ")}.` : use(meant)
  return `${literal(name)} is no tool.${names.length === 0 ? " No tools are offered." : instead}`
}

const anotherTool: About<Advice> = (failed, knowledge) => {
  const meant = meantTool(failed, knowledge)
  return { _tag: "Call", calls: (meant === undefined ? knowledge.tools : [meant]).map(({ name }) => `${name}()`) }
}

const unknownTool = ruleFor("unknown_tool", "schema.unknown_tool", noTool, anotherTool)

const forbidden = ruleFor("forbidden", "schema.forbidden", noTool, anotherTool)

const syntaxError = ruleFor("syntax_error", "schema.syntax_error", (failed, { tools }) => {
  const document = documentOf(tools, calledName(failed))
  return `The call cannot be read.${use(document) || " Write tool(argument=value), with text in quotes."}`
})

const parameterOf = (document: ToolDocument | undefined, name: string): ToolParameter | undefined =>
  document?.parameters.find((parameter) => parameter.name === name)

/** A parameter with what its document says about its values: `mode (string: 'on' or 'off')`. */
const described = (document: ToolDocument | undefined, name: string): string => {
  const parameter = parameterOf(document, name)
  if (parameter === undefined) return name
  const { allowed, type } = parameter
  return allowed === undefined ? `${name} (${type})` : `${name} (${type}: ${either(allowed.map(literal))})`
}

const missing = ruleFor("missing_argument", "schema.missing_argument", (failed, { tools }) => {
  const document = documentOf(tools, failed.tool)
  const names = named(failed)
  if (names.length === 0 && document === undefined) return undefined
  const which = names.length === 0 ? "" : `: ${names.map((name) => described(document, name)).join(", ")}`
  return `Missing${which}.${use(document)}`
})

const unexpected = ruleFor("unexpected_argument", "schema.unexpected_argument", (failed, { tools }) => {
  const document = documentOf(tools, failed.tool)
  const names = named(failed)
  if (names.length === 0 && document === undefined) return undefined
  const [name] = names
  const meant = name === undefined ? undefined : nearest(name, document?.parameters.map((each) => each.name) ?? [])
  const instead = meant === undefined ? "" : ` Use ${meant} instead of ${name}.`
  return `Unknown${names.length === 0 ? " argument" : `: ${names.join(", ")}`}.${instead || use(document)}`
})

const duplicate = ruleFor("duplicate_argument", "schema.duplicate_argument", (failed, { tools }) => {
  const names = named(failed)
  return `Given twice${names.length === 0 ? "" : `: ${names.join(", ")}`}.${use(documentOf(tools, failed.tool))}`
})

const tooMany = ruleFor(
  "too_many_arguments",
  "schema.too_many_arguments",
  (failed, { tools }) => `Too many arguments.${use(documentOf(tools, failed.tool))}`
)

/** From, to, or both ends of a range. */
const range = (minimum: unknown, maximum: unknown): string | undefined => {
  if (minimum !== undefined && maximum !== undefined) return `from ${literal(minimum)} to ${literal(maximum)}`
  if (minimum !== undefined) return `at least ${literal(minimum)}`
  return maximum === undefined ? undefined : `at most ${literal(maximum)}`
}

/** What a value has to be, by what the failure says, else by the document. */
const requirement = (failed: FailedCall, parameter: ToolParameter | undefined): string | undefined => {
  const { format, maximum, minimum, multipleOf, prefix } = failed.subject
  const allowed = values(failed, "allowed").map(literal)
  if (allowed.length > 0) return either(allowed)
  const within = range(minimum, maximum)
  if (multipleOf !== undefined) return `a multiple of ${literal(multipleOf)} ${within ?? ""}`.trimEnd()
  if (within !== undefined) return within
  if (format !== undefined) return `written ${String(format)}`
  if (prefix !== undefined) return `a text that begins with ${literal(prefix)}`
  const keys = values(failed, "keys").map(literal)
  if (keys.length > 0) return `a dictionary with keys ${either(keys)}`
  const characters = values(failed, "forbidden")
  if (characters.length > 0) return `a text without ${characters.map(String).join(" ")}`
  if (parameter?.allowed !== undefined) return either(parameter.allowed.map(literal))
  const type = text(failed, "type")
  return type === undefined ? undefined : typeWords(type)
}

/**
 * Values of arguments that go together: one of them must be something, or each is fine and there is nothing for the
 * combination. A single value is treated alike where nothing more is known of what it should be.
 */
const combination = (failed: FailedCall, wrong: ReadonlyArray<Argument>): string | undefined => {
  const names = either(wrong.map(({ name }) => name))
  const allowed = values(failed, "allowed")
  const { oneOfThem } = failed.subject
  if (oneOfThem !== undefined && wrong.length > 1 && wrong.every(({ value }) => allowed.includes(value))) {
    return `${names} must be ${literal(oneOfThem)}, and not both.`
  }
  const isKnown = allowed.length > 0 || (wrong.length === 1 && failed.needs !== undefined)
  if (failed.kind !== "not_found" || isKnown || wrong.length === 0) return undefined
  return `Nothing for ${wrong.map(({ name, value }) => `${name}=${literal(value)}`).join(", ")}. Use another ${names}.`
}

/** Whether a tool on offer knows the values, so that naming it (see Dependency) says more than a list. */
const isProvided = ({ needs }: FailedCall, { providers, tools }: Knowledge): boolean =>
  needs !== undefined && providers(needs).some(({ tool }) => documentOf(tools, tool) !== undefined)

const wrongValue = (failed: FailedCall, knowledge: Knowledge): string | undefined => {
  if (isProvided(failed, knowledge)) return undefined
  const document = documentOf(knowledge.tools, failed.tool)
  const allowed = values(failed, "allowed")
  const wrong = argumentsOf(failed, document)
  const together = combination(failed, wrong)
  if (together !== undefined) return together
  const sentences = wrong.flatMap(({ name, value }) => {
    const needed = requirement(failed, parameterOf(document, name))
    return needed === undefined || allowed.includes(value) ? [] : [mustBe(name, needed, value)]
  })
  return sentences.length === 0 ? undefined : sentences.join(" ")
}

const otherValues = change((failed, { tools }) =>
  argumentsOf(failed, documentOf(tools, failed.tool)).map(({ name }) => name)
)

const invalidValue = ruleFor("invalid_value", "schema.invalid_value", wrongValue, otherValues)

const notFound = ruleFor("not_found", "schema.not_found", wrongValue, otherValues)

const insufficient = ruleFor("insufficient", "schema.insufficient", wrongValue, otherValues)

/** Whether a value is of a documented type. An int passes for a float, as everywhere in Python; unknown types hold anything. */
export const isOfType = (value: unknown, type: string): boolean => {
  switch (type) {
    case "string":
      return typeof value === "string"
    case "integer":
      return typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value))
    case "float":
    case "number":
      return typeof value === "bigint" || typeof value === "number"
    case "boolean":
      return typeof value === "boolean"
    case "array":
    case "tuple":
      return Array.isArray(value) || value instanceof Tuple
    case "dict":
    case "object":
      return value instanceof Dict || (typeof value === "object" && value !== null && !Array.isArray(value))
  }
  return true
}

/** Arguments that are not of their documented types, with what is wrong with each. */
const wrongTypes = (failed: FailedCall, { tools }: Knowledge) => {
  const document = documentOf(tools, failed.tool)
  return given(failed).flatMap(({ name, value }) => {
    const parameter = parameterOf(document, name)
    if (parameter === undefined || (value === null && !parameter.required)) return []
    const { allowed, type } = parameter
    const isFine = allowed === undefined ? isOfType(value, type) : allowed.includes(String(value))
    if (isFine) return []
    return [{ name, says: mustBe(name, allowed === undefined ? typeWords(type) : either(allowed.map(literal)), value) }]
  })
}

const wrongType = ruleFor(
  "python_error",
  "schema.wrong_type",
  (failed, knowledge) => {
    const wrong = wrongTypes(failed, knowledge)
    return wrong.length === 0 ? undefined : wrong.map(({ says }) => says).join(" ")
  },
  change((failed, knowledge) => wrongTypes(failed, knowledge).map(({ name }) => name))
)

/** Explains a failed call by the documents of the tools on offer, or says nothing. */
export const schema: Augment = firstOf(
  unknownTool,
  forbidden,
  syntaxError,
  missing,
  unexpected,
  duplicate,
  tooMany,
  invalidValue,
  notFound,
  insufficient,
  wrongType
)
