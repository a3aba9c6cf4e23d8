import { assert, describe, it } from "@effect/vitest"
import type { Entry } from "../../../src/domain/bfcl/Entry.ts"
import * as LongContext from "../../../src/domain/bfcl/LongContext.ts"
import type { Form, ResultEntry } from "../../../src/domain/bfcl/ResultFile.ts"
import * as Score from "../../../src/domain/bfcl/Score.ts"
import { loads } from "../../../src/domain/python/Json.ts"
import { limits, ofCall } from "../../../src/domain/python/Limits.ts"
import { Dict, type Value } from "../../../src/domain/python/Value.ts"
import { carEntry, lockAll, pressBrake } from "./entries.ts"

const entry = carEntry([lockAll, pressBrake], [], ["display_log(messages=['a'])"])

const score = (result: Value, form: Form = "prompting", of: Entry = entry) => {
  const said: ResultEntry = { id: of.id, result }
  return Score.score(of, said, { form, model: "m", longContext: LongContext.make(new Dict()) })
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

const reason = (result: unknown) => Score.officialError(score(loads(JSON.stringify(result))).judgement)?.[0]

describe("results of other shapes", () => {
  it("are judged as the original judges them", () => {
    assert.strictEqual(reason({ a: [] }), "multi_turn:inference_error")
    assert.strictEqual(reason(["Error: no tool"]), "multi_turn:force_terminated")
    assert.strictEqual(reason([null]), "multi_turn:force_terminated")
    assert.strictEqual(reason(["a", "b", "c"]), "multi_turn:empty_turn_model_response")
    assert.strictEqual(reason([{}, {}, {}]), "multi_turn:empty_turn_model_response")
  })

  it("are refused where the original ends in an exception", () => {
    assert.throws(() => score([[], null, []]), "'NoneType' object is not iterable")
    assert.throws(() => score([[], [], 1n]), "'int' object is not iterable")
  })
})

const shown = (argument: string, printed: string) =>
  Score.score(
    carEntry([`display_log(messages=[${printed}])`]),
    { id: entry.id, result: [[`[display_log(messages=[${argument}])]`]] },
    { form: "prompting", model: "m", longContext: LongContext.make(new Dict()) }
  )

describe("calls that ask for much", () => {
  it("are judged as the original judges them", () => {
    for (
      const [argument, printed] of [
        ["'-'*800", `'${"-".repeat(800)}'`],
        ["sum(range(200))+0", "19900"],
        ["len('abc'*100)+1", "301"],
        [`'${"ab".repeat(20_000)}'`, `'${"ab".repeat(20_000)}'`],
        ["0,".repeat(3000), "0,".repeat(3000)]
      ] as const
    ) {
      const { judgement, limitsMet } = shown(argument, printed)
      assert.isTrue(judgement.valid, argument.slice(0, 20))
      assert.deepStrictEqual(limitsMet, [])
    }
  })

  it("are told where they meet a limit of ours, by turn, when decoded or when executed", () => {
    const limit = "the text has more characters than the 4194304 that envtune puts together"
    const wide = shown("'-'*10**8", "'-'")
    assert.isFalse(wide.judgement.valid)
    assert.deepStrictEqual(wide.limitsMet, [{ turn: 0, limit }])
    const silent = { ...entry, turns: carEntry([], [], ["display_log(messages=['a'])"]).turns }
    const later = score([[], [], [[Dict.of({ "str('-'*10**8) or display_log": new Dict() })]]], "fc", silent)
    assert.deepStrictEqual(later.limitsMet, [{ turn: 2, limit }])
    assert.deepStrictEqual(score([[], [], ["[display_log(messages=['-'*10**8])]"], []]).limitsMet, [])
    assert.deepStrictEqual(shown(`${"1+".repeat(1000)}1`, "1001").limitsMet, [
      { turn: 0, limit: "the call is nested deeper than envtune reads" }
    ])
  })

  it("leave the limits of sessions as they are", () => {
    assert.deepStrictEqual(limits(), ofCall)
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
