import { assert, describe, it } from "@effect/vitest"
import type { Entry } from "../../../src/domain/bfcl/Entry.ts"
import * as LongContext from "../../../src/domain/bfcl/LongContext.ts"
import type { ResultEntry } from "../../../src/domain/bfcl/ResultFile.ts"
import * as Score from "../../../src/domain/bfcl/Score.ts"
import { Dict, type Value } from "../../../src/domain/python/Value.ts"
import { carEntry, lockAll, pressBrake } from "./entries.ts"

const entry = carEntry([lockAll, pressBrake], [], ["display_log(messages=['a'])"])

const score = (result: Value) => {
  const said: ResultEntry = { id: entry.id, result }
  return Score.score(entry, said, { form: "prompting", model: "m", longContext: LongContext.make(new Dict()) })
}

const right = score([[`[${lockAll}]`, `[${pressBrake}]`, "Done."], ["?"], ["[display_log(messages=['a'])]"]])
const wrong = score([[`[${lockAll}]`, `[${pressBrake}]`], ["?"], ["[display_log(messages=['b'])]"]])

describe("score", () => {
  it("judges what the steps decode to", () => {
    assert.isTrue(right.judgement.valid)
    assert.deepStrictEqual(right.decoded, [[[lockAll], [pressBrake]], [], [["display_log(messages=['a'])"]]])
  })

  it("has the official words for what went wrong, in a list where the checker never ran", () => {
    assert.isUndefined(Score.officialError(right.judgement))
    assert.deepStrictEqual(Score.officialError(wrong.judgement), [
      "multi_turn:execution_response_mismatch",
      "Model response execution results so far does not contain all the ground truth response execution results for turn 2."
    ])
    assert.deepStrictEqual(Score.officialError(score("Error during inference: timeout").judgement), [
      "multi_turn:inference_error",
      ["Error during inference phase. Model did not output a list of model responses."]
    ])
    assert.deepStrictEqual(Score.officialError(score([["Done."]]).judgement), [
      "multi_turn:force_terminated",
      [
        "Model was force-terminated during inference phase. The length of the model result turns (1) does not match " +
        "the length of the ground truth turns (3)."
      ]
    ])
  })
})

describe("what leaks in the original", () => {
  const longContext = LongContext.make(Dict.of({
    CREDIT_CARD_EXTENSION: Dict.of({ extra: Dict.of({ balance: 500n }) }),
    BOOKING_RECORD_EXTENSION: Dict.of({ b: new Dict() })
  }))
  const travel: Entry = {
    ...carEntry(["list_all_airports()"]),
    category: "long_context",
    classes: ["TravelAPI"],
    longContext: true
  }
  const balance = "get_credit_card_balance(access_token=None, card_id='extra')"
  const insure =
    "purchase_insurance(access_token=None, insurance_type='a', booking_id='b', insurance_cost=10, card_id='extra')"
  const judged = (truth: string, ...steps: ReadonlyArray<string>) =>
    Score.score({ ...travel, turns: carEntry([truth]).turns }, { id: travel.id, result: [[...steps]] }, {
      form: "prompting",
      model: "m",
      longContext
    }).judgement.valid

  it("leaks within an entry, and not from entry to entry", () => {
    assert.isTrue(judged("list_all_airports()", `[list_all_airports(), ${insure}]`), "both sides share the card")
    assert.isTrue(judged(balance, `[${balance}]`))
    assert.isFalse(judged(balance, `[${balance}]`, `[${insure}]`))
  })
})
