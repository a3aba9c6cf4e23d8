import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Augmentor from "../../src/domain/Augmentor.ts"
import type { Outcome } from "../../src/domain/Environment.ts"

const failed: Augmentor.FailedCall = { tool: "f", call: "f()", kind: "not_found", subject: {}, message: "no" }
const knowledge: Augmentor.Knowledge = { tools: [], providers: () => [], draw: 0.5 }

const speaks = Augmentor.rule("loud", ({ message }) => `${message}!`)
const silent = Augmentor.rule("silent", () => undefined)

/** By its messages: "a" is an augmentor that says a, "" one that is silent. */
const saying = (message: string): Augmentor.Augment =>
  Augmentor.rule(message, (call) => message === "" ? undefined : `${call.message}${message}`)
const Sayings = Schema.Array(Schema.Literals(["", "a", "b"])).check(Schema.isMaxLength(5))

describe("Augmentor", () => {
  it("is asked about failures only: an outcome that succeeded is no failed call", () => {
    const outcome: Outcome = { call: "f()", tool: "f", ok: true, standard: "{}", shown: "{}" }
    // @ts-expect-error a result is not what an augmentor takes, so that none can speak on success
    const ask = () => speaks(outcome, knowledge)
    assert.isFunction(ask)
  })

  it("names the rule that spoke", () => {
    assert.deepStrictEqual(speaks(failed, knowledge), { rule: "loud", message: "no!" })
    assert.isUndefined(silent(failed, knowledge))
    assert.isUndefined(Augmentor.none(failed, knowledge))
  })

  it.prop("firstOf is the first that speaks, and silence is its unit", [Sayings], ([sayings]) => {
    const hint = Augmentor.firstOf(...sayings.map(saying))(failed, knowledge)
    const first = sayings.find((each) => each !== "")
    assert.deepStrictEqual(hint, first === undefined ? undefined : { rule: first, message: `no${first}` })
  })

  it.prop("inOrder lets each read the one before", [Sayings], ([sayings]) => {
    const hint = Augmentor.inOrder(...sayings.map(saying))(failed, knowledge)
    const spoken = sayings.filter((each) => each !== "")
    assert.deepStrictEqual(
      hint,
      spoken.length === 0 ? undefined : { rule: spoken.join("+"), message: `no${spoken.join("")}` }
    )
  })

  it.prop("firstOf and inOrder are associative", [Sayings, Sayings], ([left, right]) => {
    for (const combine of [Augmentor.firstOf, Augmentor.inOrder]) {
      const nested = combine(combine(...left.map(saying)), combine(...right.map(saying)))
      const flat = combine(...[...left, ...right].map(saying))
      assert.deepStrictEqual(nested(failed, knowledge), flat(failed, knowledge))
    }
  })

  it("speaks in a share of the episodes, and in all of one or none of it", () => {
    const heard = Array.from(
      { length: 1000 },
      (_, seed) => Augmentor.inShare(0.3, speaks)(failed, { ...knowledge, draw: Augmentor.drawOf(seed) }) !== undefined
    )
    assert.closeTo(heard.filter(Boolean).length / heard.length, 0.3, 0.05)
    assert.isUndefined(Augmentor.inShare(0, speaks)(failed, knowledge))
    assert.isDefined(Augmentor.inShare(1, speaks)(failed, knowledge))
  })

  it.effect("is a service that a stage provides", () =>
    Effect.gen(function*() {
      const { augment } = yield* Augmentor.Augmentor
      assert.strictEqual(augment(failed, knowledge)?.rule, "loud")
    }).pipe(Effect.provide(Augmentor.layer(speaks))))
})
