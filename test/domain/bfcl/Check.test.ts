import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Check from "../../../src/domain/bfcl/Check.ts"
import type { Entry } from "../../../src/domain/bfcl/Entry.ts"
import { execute } from "../../../src/domain/bfcl/Execute.ts"
import * as LongContext from "../../../src/domain/bfcl/LongContext.ts"
import { open, type Session } from "../../../src/domain/bfcl/Session.ts"
import { Shared } from "../../../src/domain/bfcl/Shared.ts"
import { classNames } from "../../../src/domain/bfcl/Toolsets.ts"
import { Dict } from "../../../src/domain/python/Value.ts"
import { changes } from "./changes.ts"
import { carEntry, lockAll, pressBrake, start } from "./entries.ts"

/** The ground truth as a model would play it, a step for every call. */
const played = (entry: Entry): ReadonlyArray<Check.Steps> =>
  entry.turns.map((turn) => turn.groundTruth.map((call) => [call]))

const reasonOf = (judgement: Check.Judgement): string => judgement.valid ? "valid" : judgement.reason

/** Sessions that nobody has compared, with what was called in each. */
const sidesAfter = (calls: ReadonlyArray<typeof Move.Type>, initialConfig: string): [Session, Session] => {
  const world = { classes: classNames, initialConfig, longContext: false }
  const sides: [Session, Session] = [open(world, { name: "a" }), open(world, { name: "b" })]
  for (const [side, call] of calls) execute(sides[side], call)
  return sides
}

const Move = Schema.Tuple([Schema.Literals([0, 1]), Schema.Literals(changes)])

describe("the comparison of states", () => {
  it.prop("goes by what was called, not by when it was made before", [Schema.Array(Move)], ([moves]) => {
    const [a, b] = sidesAfter([], "{}")
    for (const [i, [side, call]] of moves.entries()) {
      execute(side === 0 ? a : b, call)
      const expected = Check.stateMismatch(...sidesAfter(moves.slice(0, i + 1), "{}"))
      assert.deepStrictEqual(Check.stateMismatch(a, b), expected)
      assert.deepStrictEqual(Check.stateMismatch(a, b), expected)
    }
  })

  it("finds nothing equal to a number that is none, even where nothing was called", () => {
    const [a, b] = sidesAfter([], "{\"VehicleControlAPI\": {\"fuelLevel\": NaN}}")
    const expected = { toolset: "VehicleControlAPI", attributes: ["fuelLevel"] }
    for (let i = 0; i < 2; i++) assert.deepStrictEqual(Check.stateMismatch(a, b), expected)
  })

  it("sees what a third session does to what the original's instances share", () => {
    const world = { classes: ["TwitterAPI"], initialConfig: "{}", longContext: false }
    const shared = new Shared()
    const [adopting, owning, third] = [0, 1, 2].map(() => open(world, { name: "shared", shared }))
    for (const session of [adopting!, owning!, third!]) execute(session, "authenticate_twitter('john', 'john123')")
    for (const session of [adopting!, third!]) execute(session, "post_tweet('hello')")
    execute(owning!, "post_tweet('hello', [], [])")
    assert.isUndefined(Check.stateMismatch(adopting!, owning!))
    execute(third!, "mention(0, ['a'])")
    assert.deepStrictEqual(Check.stateMismatch(adopting!, owning!), { toolset: "TwitterAPI", attributes: ["tweets"] })
  })
})

describe("the multi-turn checker", () => {
  const entry = carEntry([lockAll, pressBrake], [start], ["displayCarStatus('fuel')"])

  it("accepts other calls that lead to the same state and results, in any order and step", () => {
    const other: ReadonlyArray<Check.Steps> = [
      [["get_zipcode_based_on_city(city='Rivermist')", "pressBrakePedal(1.0)"], [
        "lockDoors(False, ['driver', 'passenger', 'rear_left', 'rear_right'])"
      ]],
      [["displayCarStatus(option='fuel')"], [start]],
      [["check_tire_pressure()"]]
    ]
    assert.deepStrictEqual(Check.multiTurn(entry, other), { valid: true })
  })

  it("names the class and the attributes of a state that is not the ground truth's", () => {
    const judgement = Check.multiTurn(entry, [[[lockAll]], [], []])
    assert.deepStrictEqual(judgement, {
      valid: false,
      reason: "multi_turn:instance_state_mismatch",
      message: "Model instance for VehicleControlAPI does not match the state with ground truth instance.",
      turn: 0,
      state: { toolset: "VehicleControlAPI", attributes: ["brakePedalStatus"] }
    })
  })

  it("does not compare private attributes", () => {
    const half = carEntry(["pressBrakePedal(pedalPosition=0.5)"])
    const judgement = Check.multiTurn(half, [[["pressBrakePedal(pedalPosition=1)"]]])
    assert.strictEqual(reasonOf(judgement), "multi_turn:execution_response_mismatch")
  })

  it("wants every result of the ground truth once, from the whole conversation so far", () => {
    const twice = carEntry(["find_nearest_tire_shop()"], ["find_nearest_tire_shop()", "find_nearest_tire_shop()"])
    const shop = ["find_nearest_tire_shop()"]
    assert.isTrue(Check.multiTurn(twice, [[shop], [shop]]).valid, "one of the first turn, one of the second")
    const judgement = Check.multiTurn(twice, [[shop], [["get_current_speed()"]]])
    assert.strictEqual(
      judgement.valid ? "" : judgement.message,
      "Model response execution results so far does not contain all the ground truth response execution results for turn 1."
    )
    assert.strictEqual(judgement.valid ? 0 : judgement.missing?.length, 1)
  })

  it("tells an int from a float in a result, and not in a state", () => {
    const filled = carEntry(["fillFuelTank(fuelAmount=5)"])
    assert.isTrue(Check.multiTurn(filled, [[["fillFuelTank(fuelAmount=5.0)"]]]).valid)
    const shown = carEntry(["display_log(messages=[3])"])
    assert.strictEqual(
      reasonOf(Check.multiTurn(shown, [[["display_log(messages=[3.0])"]]])),
      "multi_turn:execution_response_mismatch"
    )
  })

  it("does not accept silence where something was to be done, unless it came in two steps", () => {
    assert.deepStrictEqual(Check.multiTurn(entry, [[], [], []]), {
      valid: false,
      reason: "multi_turn:empty_turn_model_response",
      message: "Model response list is empty for turn 0",
      turn: 0
    })
    assert.strictEqual(reasonOf(Check.multiTurn(entry, [[[]], [], []])), "multi_turn:empty_turn_model_response")
    assert.strictEqual(reasonOf(Check.multiTurn(entry, [[[], []], [], []])), "multi_turn:instance_state_mismatch")
  })

  it("plays a turn without ground truth and lets it pass, but not what it leaves behind", () => {
    const held = carEntry([], [lockAll])
    assert.isTrue(Check.multiTurn(held, [[], [[lockAll]]]).valid)
    assert.isTrue(Check.multiTurn(held, [[[lockAll]], [["get_current_speed()", lockAll]]]).valid)
    assert.strictEqual(
      reasonOf(Check.multiTurn(held, [[[pressBrake]], [[lockAll]]])),
      "multi_turn:instance_state_mismatch"
    )
  })

  it("stops at the first turn that fails", () => {
    const judgement = Check.multiTurn(entry, [[[lockAll]], [[start]], []])
    assert.strictEqual(judgement.valid ? undefined : judgement.turn, 0)
  })

  it("shares what the original's sessions share only when asked to", () => {
    const constants = Dict.of({
      CREDIT_CARD_EXTENSION: Dict.of({ extra: Dict.of({ balance: 500n }) }),
      BOOKING_RECORD_EXTENSION: Dict.of({ b: new Dict() })
    })
    const insure = "purchase_insurance(None, 'basic', 'b', 10, 'extra')"
    const travel: Entry = {
      ...carEntry(["list_all_airports()"]),
      category: "long_context",
      classes: ["TravelAPI"],
      longContext: true
    }
    const decoded = [[["list_all_airports()", insure]]]
    const longContext = LongContext.make(constants)
    const judge = (options: Check.CheckOptions) => reasonOf(Check.multiTurn(travel, decoded, options))
    assert.strictEqual(judge({ longContext }), "multi_turn:instance_state_mismatch")
    assert.strictEqual(judge({ longContext, shared: new Shared() }), "valid")
  })
})

describe("the score of an entry", () => {
  it("is a failure when the model was stopped before the last turn", () => {
    const entry = carEntry([lockAll], [pressBrake])
    assert.strictEqual(reasonOf(Check.entryScore(entry, played(entry).slice(0, 1))), "multi_turn:force_terminated")
    assert.strictEqual(reasonOf(Check.entryScore(entry, played(entry))), "valid")
  })
})

describe("the irrelevance checker", () => {
  it("wants no call in a turn without ground truth", () => {
    const entry = carEntry([lockAll], [])
    assert.isTrue(Check.irrelevance(entry, [[[lockAll]], [[]]]).valid)
    const judgement = Check.irrelevance(entry, [[[lockAll]], [["get_current_speed()"]]])
    assert.strictEqual(reasonOf(judgement), "multi_turn:irrelevance_error:decoder_success")
  })
})

describe("laws", () => {
  const calls = [
    lockAll,
    pressBrake,
    start,
    "fillFuelTank(3)",
    "get_current_speed()",
    "nonsense(",
    "lockDoors(True, 'x')"
  ]
  const Truth = Schema.Array(Schema.Array(Schema.Literals(calls)))
  const Texts = Schema.Array(Schema.Literals(["a", "b", "c"]))

  it.prop("a ground truth checked against itself is valid", [Truth], ([truth]) => {
    const entry = carEntry(...truth)
    assert.deepStrictEqual(Check.multiTurn(entry, played(entry)), { valid: true })
  })

  it.prop("inclusion of results is that of multisets", [Texts, Texts], ([model, truth]) => {
    const missing = Check.missingResponses(model, truth)
    for (const text of ["a", "b", "c"]) {
      const count = (texts: ReadonlyArray<string>) => texts.filter((each) => each === text).length
      assert.strictEqual(count(missing), Math.max(0, count(truth) - count(model)))
    }
  })
})
