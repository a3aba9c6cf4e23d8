/**
 * What became of failed calls: whether the agent's next call ran, and whether the turn passed in the end. Folded over
 * episodes by the rule that explained the failure, so that rules can be told apart by what follows them.
 */
import type { EpisodeRecord, OutcomeRecord, StepRecord } from "./EpisodeRecord.ts"
import type { Rate } from "./Report.ts"

/** A failed call, and what followed it. */
export interface Failed {
  readonly outcome: OutcomeRecord
  /** The first call after the agent had read about it; absent when it made none. */
  readonly next: OutcomeRecord | undefined
  /** Whether its turn passed; absent when the turn did not end. */
  readonly turnPassed: boolean | undefined
}

/** The failed calls of an episode, in order. */
export const failures = (steps: ReadonlyArray<Pick<StepRecord, "turn" | "outcomes" | "verdict">>): Array<Failed> =>
  steps.flatMap(({ outcomes, turn }, at) => {
    const failed = outcomes.filter(({ ok }) => !ok)
    if (failed.length === 0) return []
    const next = steps.slice(at + 1).find((step) => step.outcomes.length > 0)?.outcomes[0]
    const turnPassed = steps.find(({ verdict }) => verdict?.turn === turn)?.verdict?.passed
    return failed.map((outcome) => ({ outcome, next, turnPassed }))
  })

export interface HintUse {
  readonly rule: string
  readonly stage: string
  /** Times it spoke. */
  readonly fired: number
  readonly episodes: number
  /** The next call: n where there was one, passed where it ran. */
  readonly next: Rate
  /** The turn it spoke in: n that ended, passed. */
  readonly turns: Rate
  /** The first episodes it spoke in, each with one failed call that it explained. */
  readonly examples: ReadonlyArray<{ readonly id: string; readonly outcome: OutcomeRecord }>
}

const mostExamples = 5

const counted = ({ n, passed }: Rate, one: boolean | undefined): Rate =>
  one === undefined ? { n, passed } : { n: n + 1, passed: passed + (one ? 1 : 0) }

const none = (rule: string, stage: string): HintUse => ({
  rule,
  stage,
  fired: 0,
  episodes: 0,
  next: { n: 0, passed: 0 },
  turns: { n: 0, passed: 0 },
  examples: []
})

/** Counts one more episode. */
export const add = (uses: Map<string, HintUse>, { finished, id, stage }: EpisodeRecord): void => {
  const met = new Set<string>()
  for (const { next, outcome, turnPassed } of failures(finished?.steps ?? [])) {
    const { hint } = outcome
    if (hint === undefined) continue
    const key = JSON.stringify([stage, hint])
    const use = uses.get(key) ?? none(hint, stage)
    const isNew = !met.has(key)
    met.add(key)
    uses.set(key, {
      ...use,
      fired: use.fired + 1,
      episodes: use.episodes + (isNew ? 1 : 0),
      next: counted(use.next, next?.ok),
      turns: counted(use.turns, turnPassed),
      examples: isNew && use.examples.length < mostExamples ? [...use.examples, { id, outcome }] : use.examples
    })
  }
}
