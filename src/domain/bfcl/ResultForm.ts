/**
 * The form in which a model says its calls. The original knows it by the handler of the model; here it is told from what
 * is on record beside the results, from the model's name, and from the results themselves.
 */
import { Result } from "effect"
import { ofScoring, within } from "../python/Limits.ts"
import type { Value } from "../python/Value.ts"
import type { Mode } from "./Official.ts"
import { decodeStep, type Form, type ResultEntry, stepsOf, turnsOf } from "./ResultFile.ts"

/** How many steps say calls, by the form in which they do. */
export type Tally = Readonly<Record<Form, number>>

const forms = ["fc", "qwen", "prompting"] as const

const saysCalls = (step: Value, form: Form): boolean =>
  Result.match(within(ofScoring, () => decodeStep(step, form)).value, {
    onFailure: () => false,
    onSuccess: (calls) => calls.length > 0
  })

/** The steps of entries that say calls. In no other form than the one in which it does, a step says any. */
export const tally = (entries: Iterable<ResultEntry>, before: Tally = { fc: 0, qwen: 0, prompting: 0 }): Tally => {
  const counts = { ...before }
  for (const entry of entries) {
    for (const step of (turnsOf(entry) ?? []).flatMap((turn) => stepsOf(turn) ?? [])) {
      const form = forms.find((one) => saysCalls(step, one))
      if (form !== undefined) counts[form] += 1
    }
  }
  return counts
}

/** What tells the form of a model's results. */
export interface Evidence {
  readonly model: string
  /** The loop in which `envtune evaluate` played it, where it did. */
  readonly loop: Mode | undefined
  readonly tally: Tally
}

export interface Told {
  readonly form: Form
  /** A clause. */
  readonly reason: string
  /** What speaks against it, a clause each. */
  readonly doubts: ReadonlyArray<string>
}

/** What steps of a form are. */
const words: Readonly<Record<Form, string>> = {
  fc: "tool calls",
  qwen: "<tool_call> tags",
  prompting: "Python text"
}

/** As the original names models whose handler calls functions; some have their provider's name behind it. */
const isNamedAfterCalls = (model: string): boolean => /-FC(?:-novita)?$/.test(model)

const decided = ({ loop, model, tally }: Evidence, most: Form, all: number): Pick<Told, "form" | "reason"> => {
  if (loop !== undefined) return { form: loop, reason: `envtune evaluate played it in the ${loop} loop` }
  if (isNamedAfterCalls(model)) {
    return { form: tally.qwen > tally.fc ? "qwen" : "fc", reason: "the model's name ends in -FC" }
  }
  return all === 0
    ? { form: "prompting", reason: "no step says a call in any form" }
    : { form: most, reason: `${tally[most]} of the ${all} steps that say calls are ${words[most]}` }
}

/** The recorded loop decides, else a name that ends in -FC, else what most steps are that say calls. */
export const tell = (evidence: Evidence): Told => {
  const { loop, model, tally } = evidence
  const all = forms.reduce((sum, form) => sum + tally[form], 0)
  const most = forms.reduce((best, form) => tally[form] > tally[best] ? form : best)
  const { form, reason } = decided(evidence, most, all)
  const others = forms.filter((other) => other !== form && tally[other] > 0)
  return {
    form,
    reason,
    doubts: [
      ...loop === "prompting" && isNamedAfterCalls(model) ? ["the model's name ends in -FC"] : [],
      ...others.map((other) => `${tally[other]} of the ${all} steps that say calls are ${words[other]}`)
    ]
  }
}

/** A sentence about how a model's results were read. */
export const sentence = (model: string, { doubts, form, reason }: Told): string =>
  `${model} was read as ${form}: ${reason}${
    doubts.length === 0 ? "" : `, although ${doubts.join(" and ")}; --mode says how to read it`
  }`
