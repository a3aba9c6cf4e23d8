import { assert, describe, it } from "@effect/vitest"
import type { ResultEntry } from "../../../src/domain/bfcl/ResultFile.ts"
import * as ResultForm from "../../../src/domain/bfcl/ResultForm.ts"
import { loads } from "../../../src/domain/python/Json.ts"

const entry = (result: unknown): ResultEntry => ({ id: "x", result: loads(JSON.stringify(result)) })
const call = { f: "{\"a\": 1}" }
const tags = "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>"

describe("tally", () => {
  it("counts the steps that say calls, by the form in which they do", () => {
    assert.deepStrictEqual(
      ResultForm.tally([
        entry([[[call], [call, call], "Done."], ["[f(a=1)]", tags]]),
        entry([["f(a=1), g()", tags, tags]]),
        entry("Error during inference: timeout")
      ]),
      { fc: 2, qwen: 3, prompting: 2 }
    )
  })

  it("does not count what says no call, of whatever form it is", () => {
    assert.deepStrictEqual(
      ResultForm.tally([
        entry([[[], "[]", "", null, 3, "Done.", "<tool_call>\n", [{}], [{ f: "{" }]], "f()", { f: 1 }, 1])
      ]),
      { fc: 0, qwen: 0, prompting: 0 }
    )
  })
})

const tell = (evidence: Partial<ResultForm.Evidence>) =>
  ResultForm.tell({ model: "m", loop: undefined, tally: { fc: 0, qwen: 0, prompting: 0 }, ...evidence })

describe("the form of a model's results", () => {
  it("is that of the recorded loop", () => {
    const told = tell({ loop: "prompting", model: "m-FC", tally: { fc: 9, qwen: 0, prompting: 1 } })
    assert.strictEqual(told.form, "prompting")
    assert.deepStrictEqual(told.doubts, [
      "the model's name ends in -FC",
      "9 of the 10 steps that say calls are tool calls"
    ])
  })

  it("is that of the name, where it says that the model calls functions", () => {
    assert.strictEqual(tell({ model: "org_m-FC", tally: { fc: 0, qwen: 0, prompting: 3 } }).form, "fc")
    assert.strictEqual(tell({ model: "m-FC-novita", tally: { fc: 1, qwen: 0, prompting: 3 } }).form, "fc")
    assert.strictEqual(tell({ model: "m-FC", tally: { fc: 1, qwen: 2, prompting: 0 } }).form, "qwen")
    assert.strictEqual(tell({ model: "m-FC-mine", tally: { fc: 1, qwen: 0, prompting: 3 } }).form, "prompting")
  })

  it("is else what most steps are that say calls", () => {
    assert.strictEqual(tell({}).form, "prompting")
    assert.strictEqual(tell({ tally: { fc: 2, qwen: 0, prompting: 1 } }).form, "fc")
    const told = tell({ tally: { fc: 1, qwen: 1, prompting: 5 } })
    assert.strictEqual(
      ResultForm.sentence("m", told),
      "m was read as prompting: 5 of the 7 steps that say calls are Python text, although 1 of the 7 steps that say " +
        "calls are tool calls and 1 of the 7 steps that say calls are <tool_call> tags; --mode says how to read it"
    )
    assert.strictEqual(
      ResultForm.sentence("m", tell({ tally: { fc: 0, qwen: 4, prompting: 0 } })),
      "m was read as qwen: 4 of the 4 steps that say calls are <tool_call> tags"
    )
  })
})
