import { assert, describe, it } from "@effect/vitest"
import type { EpisodeRecord, OutcomeRecord, StepRecord } from "../../src/domain/EpisodeRecord.ts"
import * as HintUse from "../../src/domain/HintUse.ts"

const ran = (call: string): OutcomeRecord => ({ call, ok: true, standard: "{}" })
const failed = (call: string, hint?: string): OutcomeRecord => ({
  call,
  ok: false,
  standard: "no",
  ...(hint !== undefined && { hint, shown: "no, but" })
})

const step = (turn: number, outcomes: ReadonlyArray<OutcomeRecord>, passed?: boolean): StepRecord => ({
  turn,
  observed: [],
  said: { role: "assistant", content: "" },
  stop: "stop",
  code: -1,
  outcomes,
  ...(passed !== undefined && { verdict: { turn, passed } })
})

const episode = (id: string, steps: ReadonlyArray<StepRecord>): EpisodeRecord => ({
  id,
  stage: "one",
  step: 0,
  member: 0,
  task: { id: "task", category: "base", scenario: "task", part: "train" },
  seed: 0,
  attempts: 1,
  fate: { _tag: "Filtered", cause: "no_signal" },
  finished: { turns: 2, stop: "completed", score: { total: 0, terms: {}, perTurn: [] }, steps }
})

describe("HintUse", () => {
  it("counts, for each rule, the next call and the turn that follow", () => {
    const uses = new Map<string, HintUse.HintUse>()
    HintUse.add(
      uses,
      episode("a", [
        step(0, [failed("cd('x')", "rule"), failed("cd('y')", "rule")]),
        step(0, []),
        step(0, [ran("ls()"), failed("cat('z')")]),
        step(0, [], true),
        step(1, [failed("cd('x')", "other")])
      ])
    )
    HintUse.add(
      uses,
      episode("b", [step(0, [failed("cd('x')", "rule")]), step(0, [failed("ls(1)")]), step(0, [], false)])
    )
    const [rule, other] = uses.values()
    assert.deepInclude(rule, {
      rule: "rule",
      fired: 3,
      episodes: 2,
      next: { n: 3, passed: 2 },
      turns: { n: 3, passed: 2 }
    })
    assert.deepStrictEqual(rule?.examples.map(({ id, outcome }) => [id, outcome.call]), [["a", "cd('x')"], [
      "b",
      "cd('x')"
    ]])
    assert.deepInclude(other, { rule: "other", fired: 1, next: { n: 0, passed: 0 }, turns: { n: 0, passed: 0 } })
  })

  it("keeps the stages apart", () => {
    const uses = new Map<string, HintUse.HintUse>()
    const one = episode("a", [step(0, [failed("cd('x')", "rule")])])
    HintUse.add(uses, one)
    HintUse.add(uses, { ...one, stage: "two" })
    assert.deepStrictEqual(Array.from(uses.values(), ({ fired, stage }) => [stage, fired]), [["one", 1], ["two", 1]])
  })
})
