/**
 * Which rule speaks for which failure of which tool.
 *
 * A tool declares the kinds of failures that it returns; which rule has a word for one, and whether any has, depends on
 * what the failure is about and what it needs. So each kind is met by playing (see Exploration), and every failure that
 * is met is shown to the augmentor. What the executor says itself, of arguments and syntax, is no tool's.
 */
import * as Knowledge from "../augment/Knowledge.ts"
import type { Augment } from "../Augmentor.ts"
import type { FailureKind } from "../FailureKind.ts"
import type { ToolDocument } from "../Message.ts"
import { str } from "../python/Text.ts"
import { explore } from "./Exploration.ts"
import { failedCall } from "./Telling.ts"
import type { RegisteredToolset, ToolInfo } from "./Toolsets.ts"

/** A kind of failure that a tool declares. */
export interface Row {
  readonly toolset: string
  readonly tool: string
  readonly kind: FailureKind
  /** The rules that spoke, by name; several where failures of one kind lack different things. */
  readonly rules: ReadonlyArray<string>
  /** Failures that were met. */
  readonly met: number
  /** Those among them for which no rule spoke, and the call that came to the first. */
  readonly silent: number
  readonly silentCall?: string
}

/** Whether the kind was met, and some rule spoke every time. */
export const isCovered = ({ met, silent }: Row): boolean => met > 0 && silent === 0

/** Failures that are looked at even if every kind has been met before. */
const leastFailures = 5_000

/** What the signature tells: rules ask which tools and parameters there are, and documents are not part of the package. */
const documentOf = ({ name, parameters }: ToolInfo): ToolDocument => ({
  name,
  description: "",
  parameters: parameters.map(({ default: otherwise, name }) => ({
    name,
    type: "any",
    description: "",
    required: otherwise === undefined,
    ...(otherwise !== undefined && { default: str(otherwise) })
  }))
})

const keyOf = (tool: string | undefined, kind: string): string => `${tool} ${kind}`

/** A row for every kind of failure that the tools of a set declare, in their order. `mostCalls` are played to meet them. */
export const cover = (toolset: RegisteredToolset, augment: Augment, mostCalls = 500_000): ReadonlyArray<Row> => {
  const knowledge = Knowledge.make(toolset.tools.map(documentOf), [toolset])
  const rows = new Map(
    toolset.tools.flatMap(({ failures, name: tool }) =>
      failures.map((kind): [string, Row] => [
        keyOf(tool, kind),
        { toolset: toolset.name, tool, kind, rules: [], met: 0, silent: 0 }
      ])
    )
  )
  let unmet = rows.size
  let failures = 0
  for (const outcome of explore(toolset, 0, mostCalls)) {
    const key = keyOf(outcome.tool, outcome.failure.kind)
    const row = rows.get(key)
    const failed = failedCall(outcome)
    if (row === undefined || failed === undefined) continue
    rows.set(key, withHint(row, outcome.call, augment(failed, knowledge)?.rule))
    if (row.met === 0) unmet--
    failures++
    if (unmet === 0 && failures >= leastFailures) break
  }
  return [...rows.values()]
}

const withHint = (row: Row, call: string, rule: string | undefined): Row =>
  rule === undefined
    ? { silentCall: call, ...row, met: row.met + 1, silent: row.silent + 1 }
    : { ...row, met: row.met + 1, rules: row.rules.includes(rule) ? row.rules : [...row.rules, rule].toSorted() }
