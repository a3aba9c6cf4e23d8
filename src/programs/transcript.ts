/** An episode as text for people: who said what, what calls came back with, how turns were judged. */
import type { Outcome, Verdict } from "../domain/Environment.ts"
import type { Episode, Step } from "../domain/Episode.ts"
import type { Message } from "../domain/Message.ts"

const indented = (label: string, text: string): string =>
  `${label.padEnd(10)}${text.trimEnd().split("\n").join(`\n${" ".repeat(10)}`)}`

const said = (message: Message): string => {
  const calls = (message.toolCalls ?? []).map(({ arguments: given, name }) => `${name}(${given})`)
  return [message.content, ...calls].filter((text) => text !== "").join("\n")
}

const hinted = ({ hint, shown, standard }: Outcome): ReadonlyArray<string> =>
  hint === undefined ? [] : [indented("hint", `${hint}: "${shown}" instead of "${standard}"`)]

const judged = (verdict: Verdict | undefined): ReadonlyArray<string> => {
  if (verdict === undefined) return []
  const why = [verdict.failure, verdict.detail].filter((text) => text !== undefined).join(": ")
  return [indented("verdict", `turn ${verdict.turn + 1} ${verdict.passed ? "passed" : `failed (${why})`}`)]
}

const ofStep = ({ completion, observed, transition }: Step): ReadonlyArray<string> => [
  ...observed.filter(({ role }) => role !== "system").map((message) => indented(message.role, said(message))),
  indented("assistant", said(completion.message)),
  ...transition.outcomes.flatMap(hinted),
  ...judged(transition.verdict)
]

/** The whole episode, without the system message, which is the same for all tasks of a kind. */
export const lines = ({ steps, stop, task, turns }: Episode): ReadonlyArray<string> => [
  `${task.id}  ${task.part}/${task.category}, ${turns} ${turns === 1 ? "turn" : "turns"}, scenario ${task.scenario}`,
  ...steps.flatMap(ofStep),
  ...(stop === "completed" ? [] : [indented("ended", stop)])
]
