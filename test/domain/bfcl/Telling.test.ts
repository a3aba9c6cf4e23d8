import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { actionable } from "../../../src/domain/augment/Actionable.ts"
import { type Augment, none, rule } from "../../../src/domain/Augmentor.ts"
import { execute, type Outcome } from "../../../src/domain/bfcl/Execute.ts"
import { open } from "../../../src/domain/bfcl/Session.ts"
import { failedCall, tell } from "../../../src/domain/bfcl/Telling.ts"
import { Failure } from "../../../src/domain/bfcl/Toolset.ts"
import { repr } from "../../../src/domain/python/Text.ts"
import { Dict, type Value } from "../../../src/domain/python/Value.ts"

const knowledge = { tools: [], providers: () => [], draw: 0 }

const classes = ["GorillaFileSystem", "MessageAPI", "TravelAPI", "VehicleControlAPI"]

/** What the calls lead to, one after the other, in a world of defaults. */
const play = (...calls: ReadonlyArray<string>): ReadonlyArray<Outcome> => {
  const session = open({ classes, initialConfig: "{}", longContext: false }, { name: "test" })
  return calls.map((call) => execute(session, call))
}

const loud: Augment = rule("loud", ({ message }) => `${message} (really)`)

const told = (call: string): string | undefined => {
  const [outcome] = play(call)
  return outcome && tell(outcome, loud, knowledge).text
}

const returning = (returned: Value): Outcome => ({
  call: "f()",
  text: "standard",
  failure: new Failure("precondition", {}, { returned })
})

const asked: Augment = () => assert.fail("an augmentor was asked about a success")

describe("tell", () => {
  it("puts the hint where the error's sentence stands, and keeps the rest of the result", () => {
    assert.strictEqual(told("cat('x')"), "{\"error\": \"cat: 'x': No such file or directory (really)\"}")
    assert.strictEqual(
      told("cancel_booking('bad', 'b')"),
      "{\"cancel_status\": false, \"error\": \"Invalid access token (really)\"}"
    )
    assert.strictEqual(
      told("message_login('x')"),
      "{\"login_status\": false, \"message\": \"User ID 'x' not found. (really)\"}"
    )
    assert.strictEqual(told("get_outside_temperature_from_weather_com()"), "{\"error\": \"404 (really)\"}")
  })

  it("keeps what was raised raised", () => {
    const missing =
      "Error during execution: GorillaFileSystem.cat() missing 1 required positional argument: 'file_name'"
    assert.strictEqual(told("cat()"), `${missing} (really)`)
    assert.strictEqual(told("nothing()"), "Error during execution: name 'nothing' is not defined (really)")
  })

  it("adds an error to a result that only hints at one", () => {
    assert.strictEqual(
      told("get_zipcode_based_on_city('Bern')"),
      "{\"zipcode\": \"00000\", \"error\": \"{\\\"zipcode\\\": \\\"00000\\\"} (really)\"}"
    )
  })

  it("keeps a list a list", () => {
    const { text } = tell(returning([Dict.of({ error: "no" })]), rule("loud", () => "log in"), knowledge)
    assert.strictEqual(text, "[{'error': 'log in'}]")
  })

  it("leaves a success as it is: the augmentor is not asked", () => {
    const successes = play(
      "mkdir('a')",
      "cd('a')",
      "pwd()",
      "list_users()",
      "list_all_airports()",
      "setHeadlights('on')"
    )
    for (const outcome of successes) {
      assert.isUndefined(failedCall(outcome))
      assert.deepStrictEqual(tell(outcome, asked, knowledge), { text: outcome.text })
    }
  })

  it("gives augmentors the values of a call that raised inside a tool", () => {
    const [outcome] = play("pressBrakePedal(pedalPosition='full')")
    assert.strictEqual(repr(outcome?.failure?.subject["given"] ?? null), "{'pedalPosition': 'full'}")
  })

  const Words = Schema.Array(Schema.String).check(Schema.isMaxLength(4))

  it.prop("says the standard text when nothing speaks, whatever was called", [Words], ([words]) => {
    for (const outcome of play(...words)) {
      assert.strictEqual(tell(outcome, none, knowledge).text, outcome.text)
      assert.isString(tell(outcome, actionable, knowledge).text)
    }
  })
})
