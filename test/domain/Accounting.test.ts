import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Accounting from "../../src/domain/Accounting.ts"
import { ledgerBalances, total } from "../../src/domain/Report.ts"
import * as Reward from "../../src/domain/Reward.ts"
import type { Attempted } from "../../src/domain/RunStore.ts"
import { coded, episode, task } from "./Playing.ts"

const Attempt = Schema.Struct({
  codes: Schema.Array(Schema.Literals([-3, -2, -1, 0, 1])),
  category: Schema.Literals(["base", "miss_func"]),
  end: Schema.Literals(["trained", "no_signal", "unscorable", "deadline", "PolicyRefused"])
})
const Attempts = Schema.Array(Attempt)

const attempted = ({ category, codes, end }: typeof Attempt.Type, member: number): Attempted => {
  const turns = Math.max(1, codes.filter((code) => code === 0 || code === 1).length)
  const of = task("t", { category })
  const played = episode(codes.map((code) => ({ code })), turns, of)
  const base = { id: `s/0/t/${member}`, stage: "s", step: 0, member, task: of, seed: member, attempts: 1 }
  const score = end === "unscorable" ? Reward.unscorable("no judge") : Reward.progress(played)
  switch (end) {
    case "trained":
      return { ...base, finished: { episode: played, score }, fate: { _tag: "Trained", advantage: 0 } }
    case "no_signal":
    case "unscorable":
      return { ...base, finished: { episode: played, score }, fate: { _tag: "Filtered", cause: end } }
    case "deadline":
    case "PolicyRefused":
      return { ...base, fate: { _tag: "Failed", cause: end, detail: "" } }
  }
}

const step = (...prompt: ReadonlyArray<number>) => ({
  code: -1 as const,
  tokens: { prompt: Int32Array.from(prompt), completion: Int32Array.of(9), logprobs: Float32Array.of(-1) }
})

describe("Accounting", () => {
  it.prop("the ledger balances: every attempt is in exactly one place", [Attempts], ([attempts]) => {
    const ledger = Accounting.ledger(attempts.map(attempted))
    assert.isTrue(ledgerBalances(ledger))
    assert.strictEqual(ledger.attempted, attempts.length)
    for (const cause of ["no_signal", "unscorable"]) {
      assert.strictEqual(ledger.filtered[cause] ?? 0, attempts.filter(({ end }) => end === cause).length)
    }
    assert.strictEqual(ledger.failed["deadline"] ?? 0, attempts.filter(({ end }) => end === "deadline").length)
  })

  it("does not balance when an attempt is lost", () => {
    assert.isFalse(ledgerBalances({ attempted: 2, trained: 1, filtered: {}, failed: {} }))
  })

  it.prop("what cannot be scored enters no mean", [Attempts], ([attempts]) => {
    const scored = attempts.filter(({ end }) => end === "trained" || end === "no_signal").map(attempted)
    const all = Accounting.summarise(attempts.map(attempted))
    assert.deepStrictEqual(all.reward, Accounting.summarise(scored).reward)
    assert.deepStrictEqual(all.terms, Accounting.summarise(scored).terms)
  })

  it.prop("categories, codes and diagnoses add up to what was finished", [Attempts], ([attempts]) => {
    const finished = attempts.filter(({ end }) => end !== "deadline" && end !== "PolicyRefused")
    const { categories, codes, diagnoses, success, turns } = Accounting.summarise(attempts.map(attempted))
    const rates = Object.values(categories)
    assert.strictEqual(success.n, finished.length)
    assert.strictEqual(rates.reduce((sum, { n }) => sum + n, 0), success.n)
    assert.strictEqual(rates.reduce((sum, { passed }) => sum + passed, 0), success.passed)
    assert.strictEqual(total(diagnoses), turns.n - turns.passed)
    assert.strictEqual(total(codes), finished.reduce((sum, attempt) => sum + attempt.codes.length, 0))
  })

  it("counts turns, hints and sampled tokens", () => {
    const outcome = { call: "cd()", ok: false, standard: "no", shown: "yes", hint: "schema.missing_argument" }
    const tokens = { prompt: Int32Array.of(1), completion: Int32Array.of(2, 3), logprobs: Float32Array.of(-1, -1) }
    const played = episode([{ code: -2, outcomes: [outcome, outcome], tokens }, { code: 1 }, { code: 0 }], 2)
    const { hints, reward, sampledTokens, success, turns } = Accounting.summarise([{
      id: "s/0/t/0",
      stage: "s",
      step: 0,
      member: 0,
      task: task("t"),
      seed: 1,
      attempts: 2,
      finished: { episode: played, score: Reward.progress(played) },
      fate: { _tag: "Filtered", cause: "lone_member" }
    }])
    assert.deepStrictEqual(hints, { "schema.missing_argument": 2 })
    assert.deepStrictEqual(turns, { n: 2, passed: 1 })
    assert.deepStrictEqual(success, { n: 1, passed: 0 })
    assert.deepStrictEqual(reward, { n: 1, mean: 0.5, variance: 0 })
    assert.strictEqual(sampledTokens, 2)
  })

  it("counts prompts that changed the past, where there are any", () => {
    const breaksOf = (...steps: ReadonlyArray<ReturnType<typeof step>>) =>
      Accounting.summarise([{
        id: "s/0/t/0",
        stage: "s",
        step: 0,
        member: 0,
        task: task("t"),
        seed: 1,
        attempts: 1,
        finished: { episode: episode(steps, 1), score: { _tag: "Unscorable", reason: "" } },
        fate: { _tag: "Filtered", cause: "unscorable" }
      }])
    assert.strictEqual(breaksOf(step(1), step(1, 2), step(1, 2, 9, 3)).breaks, 1)
    assert.notProperty(breaksOf(step(1), step(1, 9, 2)), "breaks")
  })

  it("says passed of n by category", () => {
    const rates = Accounting.byCategory([coded([1], 1), coded([0], 1), coded([1], 1)])
    assert.deepStrictEqual(rates, { base: { n: 3, passed: 2 } })
  })
})
