import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { encodeState } from "../../../src/domain/bfcl/Encoding.ts"
import { execute } from "../../../src/domain/bfcl/Execute.ts"
import { open, type Session } from "../../../src/domain/bfcl/Session.ts"
import { ToolsetMissing } from "../../../src/domain/bfcl/Toolbox.ts"
import { classNames } from "../../../src/domain/bfcl/Toolsets.ts"
import { longContext as constants } from "../../../src/domain/drills/LongContext.ts"
import { Dict } from "../../../src/domain/python/Value.ts"
import { changes } from "./changes.ts"

/** A session of every class. A configuration that is a value is read anew, where texts that are equal are read once. */
const start = (initialConfig: string | Dict, longContext = false): Session =>
  open({ classes: classNames, longContext, initialConfig }, { name: "sessions", longContext: constants })

describe("open", () => {
  it("says which classes have no simulator, whatever was opened before", () => {
    start("{}")
    for (const name of ["NoSuchAPI", ...[" ", ",", "\n", "\",\""].map((between) => classNames.join(between))]) {
      const world = { classes: [name], initialConfig: "{}", longContext: false }
      assert.throws(() => open(world, { name: "a" }), ToolsetMissing, name)
    }
  })
})

const states = (of: Session) => of.instances.map(encodeState)

describe("sessions of worlds that are alike", () => {
  for (const longContext of [false, true]) {
    it(`begin alike${longContext ? " in long context" : ""}, whatever happens in another`, () => {
      const [first, second] = [start("{}", longContext), start("{}", longContext)]
      const beginning = states(start(new Dict(), longContext))
      const results = changes.map((call) => execute(first, call).text)
      assert.deepStrictEqual(states(second), beginning)
      assert.deepStrictEqual(states(start("{}", longContext)), beginning)
      assert.deepStrictEqual(changes.map((call) => execute(second, call).text), results)
      assert.deepStrictEqual(states(second), states(first))
      for (const [i, state] of states(first).entries()) {
        if (classNames[i] !== "MathAPI") assert.notDeepEqual(state, beginning[i], classNames[i])
      }
    })
  }
})

/** Too long to be kept, and of one length. */
const [longEcho, otherLongEcho] = ["a", "b"].map((letter) => `echo('${letter.repeat(10_000)}')`)

const Call = Schema.Literals([...changes, "pwd()", "cd('a')", "nope(1)", "1 + 1", "", longEcho!, otherLongEcho!])

describe("what was called in sessions that begin alike", () => {
  it.prop("makes no difference to what a call does", [Schema.Array(Schema.Array(Call))], ([sequences]) => {
    for (const calls of sequences) {
      const [like, alone] = [start("{}"), start(new Dict())]
      for (const call of calls) assert.strictEqual(execute(like, call).text, execute(alone, call).text, call)
      assert.deepStrictEqual(states(like), states(alone))
    }
  })

  it("is kept of the first calls of long sequences", () => {
    for (const letter of ["a", "b", "a"]) {
      const session = start("{}")
      for (let i = 0; i < 200; i++) {
        const text = letter.repeat(i === 20 ? 10_000 : i % 7)
        assert.strictEqual(execute(session, `echo('${text}')`).text, `{"terminal_output": "${text}"}`)
      }
    }
  })
})
