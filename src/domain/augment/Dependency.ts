/**
 * Hints from what tools need of one another: which tool to call so that the failed call can
 * work. Derived from declared knowledge alone (what a failure needs, which tools provide it,
 * which of them are on offer), never from the wording of a message.
 */
import type { Advice, Augment, FailedCall, Knowledge, Provider } from "../Augmentor.ts"
import type { ToolDocument } from "../Message.ts"
import { type Argument, argumentsOf, documentOf, text, values } from "./Subject.ts"
import { call, knownCall, literal, mustBe, words } from "./Wording.ts"

/** A call to make, as it is said and as it is asked for. */
interface Asked {
  readonly says: string
  readonly call: string
}

/** A failed call with what there is to say about it. */
interface Case {
  readonly failed: FailedCall
  /** The arguments the failure is about. */
  readonly wrong: ReadonlyArray<Argument>
  /** The best tool on offer that provides what is needed. */
  readonly provider?: string
  /** Calls of the provider; none when no such tool is offered. */
  readonly calls: ReadonlyArray<Asked>
}

const takesList = (document: ToolDocument, parameter: string): boolean =>
  document.parameters.some(({ name, type }) => name === parameter && (type === "array" || type === "tuple"))

/** Calls that one hint asks for at most. */
const mostCalls = 4

/** One call of a provider, or one for each of several values that go in one at a time. */
const callsOf = (failed: FailedCall, provider: Provider, document: ToolDocument): ReadonlyArray<Asked> => {
  let calls: ReadonlyArray<ReadonlyMap<string, unknown>> = [new Map(Object.entries(provider.arguments ?? {}))]
  for (const [parameter, role] of Object.entries(provider.from ?? {})) {
    const found = values(failed, role)
    if (found.length === 0) continue
    const choices = takesList(document, parameter) ? [found] : found
    calls = choices.flatMap((value) => calls.map((known) => new Map([...known, [parameter, value]])))
  }
  return calls.slice(0, mostCalls).map((known) => ({ says: call(document, known), call: knownCall(document, known) }))
}

const caseOf = (failed: FailedCall, { providers, tools }: Knowledge): Case => {
  const wrong = argumentsOf(failed, documentOf(tools, failed.tool))
  for (const provider of failed.needs === undefined ? [] : providers(failed.needs)) {
    const document = documentOf(tools, provider.tool)
    if (document !== undefined) {
      return { failed, wrong, provider: document.name, calls: callsOf(failed, provider, document) }
    }
  }
  return { failed, wrong, calls: [] }
}

const each = <A>(items: ReadonlyArray<A>, sentence: (item: A) => string): string | undefined =>
  items.length === 0 ? undefined : items.map(sentence).join(" ")

const needed = ({ failed: { needs } }: Case): string | undefined =>
  needs === undefined ? undefined : `Needed: ${words(needs)}.`

/** `'Bob' is no user id.` */
const isNo = ({ failed, wrong }: Case, adjective = ""): string | undefined => {
  const { needs } = failed
  const unknown = values(failed, "unknown")
  return needs === undefined
    ? undefined
    : each(
      unknown.length > 0 ? unknown : wrong.map(({ value }) => value),
      (value) => `${literal(value)} is no ${adjective}${words(needs)}.`
    )
}

const isNot = ({ wrong }: Case, requirement: string): string | undefined =>
  each(wrong, ({ name, value }) => mustBe(name, requirement, value))

const tooLittle = (at: Case): string | undefined => {
  const { failed: { needs, subject: { available, required } }, wrong: [holder] } = at
  if (needs !== undefined) return needed(at)
  return holder === undefined || available === undefined || required === undefined
    ? undefined
    : `${holder.name}=${literal(holder.value)} has ${literal(available)}. Needed: ${literal(required)}.`
}

/** What to do, in words and as data. */
interface Remedy {
  readonly says: string
  readonly advice: Advice
}

const askUser = (): Remedy => ({ says: "No tool here provides it. Ask the user.", advice: { _tag: "Leave" } })

const useAnother = ({ wrong: [argument] }: Case): Remedy | undefined =>
  argument && { says: `Use another ${argument.name}.`, advice: { _tag: "Change", arguments: [argument.name] } }

const asking = (calls: ReadonlyArray<Asked>, when = ""): Remedy => ({
  says: `Use ${calls.map(({ says }) => says).join(", then ")}${when}.`,
  advice: { _tag: "Call", calls: calls.map(({ call }) => call) }
})

/** How a kind of failure is told. */
interface Telling {
  /** What is wrong; nothing when the failure does not say. */
  readonly what: (at: Case) => string | undefined
  /** Whether the calls of a provider prepare the failed call or take its place. */
  readonly relation: "first" | "instead"
  /** What to do when no tool on offer provides what is needed. */
  readonly otherwise: (at: Case) => Remedy | undefined
}

const preparing = (what: Telling["what"]): Telling => ({ what, relation: "first", otherwise: askUser })

const replacing = (what: Telling["what"]): Telling => ({ what, relation: "instead", otherwise: useAnother })

const tellings: ReadonlyMap<string, Telling> = new Map(Object.entries({
  precondition: preparing(needed),
  not_found: preparing(isNo),
  invalid_value: preparing(isNo),
  invalid_credential: preparing((at) => isNo(at, "valid ")),
  insufficient: {
    what: tooLittle,
    relation: "first",
    otherwise: (at) => at.failed.needs === undefined ? useAnother(at) : askUser()
  },
  wrong_type: replacing((at) => {
    const expected = text(at.failed, "expected")
    return expected === undefined ? undefined : isNot(at, `a ${expected}`)
  }),
  already_exists: replacing(({ wrong }) =>
    each(wrong, ({ name, value }) => `${name}=${literal(value)} exists already.`)
  ),
  not_empty: replacing(({ wrong }) => each(wrong, ({ value }) => `${literal(value)} is not empty.`)),
  unavailable: { what: () => "This tool is not available.", relation: "instead", otherwise: askUser },
  already_done: {
    what: () => "This is done already.",
    relation: "first",
    otherwise: () => ({ says: "Do not repeat it.", advice: { _tag: "Leave" } })
  }
}))

/** What is wrong, and what to do about it. */
interface Told {
  readonly what: string
  readonly remedy: Remedy | undefined
}

const tell = (at: Case, { otherwise, relation, what }: Telling): Told | undefined => {
  const said = what(at)
  if (said === undefined) return undefined
  const when = relation === "instead" && at.provider === at.failed.tool ? "again" : relation
  return { what: said, remedy: at.calls.length > 0 ? asking(at.calls, ` ${when}`) : otherwise(at) }
}

/** Into the directories of a path one by one, then the name that is left in place of the path. */
const tellPath = (at: Case): Told | undefined => {
  const { calls, failed, wrong: [argument] } = at
  const said = isNot(at, "a name")
  if (said === undefined || argument === undefined) return undefined
  const { instead } = failed.subject
  const name = `${argument.name}=${literal(instead)}`
  const steps: ReadonlyArray<Asked> = [
    ...(values(failed, "folders").length > 0 ? calls : []),
    ...(instead === undefined ? [] : [{ says: name, call: `${failed.tool}(${name})` }])
  ]
  return { what: said, remedy: steps.length > 0 ? asking(steps) : useAnother(at) }
}

/** Says which tool on offer provides what the failed call lacks, or that none does; nothing where no tool could. */
export const dependency: Augment = (failed, knowledge) => {
  const at = caseOf(failed, knowledge)
  const telling = tellings.get(failed.kind)
  const told = failed.kind === "path_given" ? tellPath(at) : telling && tell(at, telling)
  if (told === undefined) return undefined
  const { remedy, what } = told
  return {
    rule: `dependency.${failed.needs ?? failed.kind}`,
    message: remedy === undefined ? what : `${what} ${remedy.says}`,
    ...(remedy !== undefined && { advice: remedy.advice })
  }
}
