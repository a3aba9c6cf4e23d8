/** Episodes as they might have been played, for tests of what reads them. */
import type { Outcome, StepCode, Verdict } from "../../src/domain/Environment.ts"
import type { Episode, Step } from "../../src/domain/Episode.ts"
import type { SampledTokens } from "../../src/domain/Policy.ts"
import type { Task } from "../../src/domain/Task.ts"

export const task = (id: string, more: Partial<Task> = {}): Task => ({
  id,
  category: "base",
  scenario: id,
  part: "train",
  payload: null,
  ...more
})

export interface Played {
  readonly code: StepCode
  readonly tokens?: SampledTokens
  readonly outcomes?: ReadonlyArray<Outcome>
}

/** A code of 0 or 1 ends the turn that it was played in, with the verdict of that number. */
export const episode = (played: ReadonlyArray<Played>, turns: number, of: Task = task("t")): Episode => {
  let turn = 0
  const steps = played.map(({ code, outcomes = [], tokens }): Step => {
    const ended = code === 0 || code === 1
    const verdict: Verdict = { turn, passed: code === 1 }
    return {
      turn: ended ? turn++ : turn,
      observed: [],
      completion: {
        message: { role: "assistant", content: "" },
        stop: "stop",
        ...(tokens !== undefined && { tokens })
      },
      transition: { code, messages: [], outcomes, done: ended && turn === turns, ...(ended && { verdict }) }
    }
  })
  return { task: of, seed: 1, turns, steps, stop: "completed" }
}

export const coded = (codes: ReadonlyArray<StepCode>, turns: number): Episode =>
  episode(codes.map((code) => ({ code })), turns)
