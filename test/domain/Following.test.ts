import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { actionable, hint } from "../../src/domain/augment/Actionable.ts"
import * as Augmentor from "../../src/domain/Augmentor.ts"
import { cover } from "../../src/domain/bfcl/HintCoverage.ts"
import { toolsetOf } from "../../src/domain/bfcl/Toolsets.ts"
import { generate } from "../../src/domain/drills/Drill.ts"
import * as Episode from "../../src/domain/Episode.ts"
import * as Following from "../../src/domain/Following.ts"
import * as Protocol from "../../src/domain/Protocol.ts"
import * as Drills from "../../src/layers/Drills.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import { rollout } from "../../src/programs/rollout.ts"

const tasks = generate(1, { train: 0, test: 14, transfer: 0 }, () => true).map(({ task }) => task)

/** Plays a drill with actionable hints: says the messages in order, then answers. */
const play = (id: string, messages: ReadonlyArray<string>, augment: Augmentor.Augment = actionable) =>
  rollout(tasks.find((task) => task.id === id)!, { seed: 1, maxSteps: 40 }).pipe(
    Effect.map((episode) => Following.following(Episode.trace(episode))),
    Effect.provide([
      Layer.provide(Drills.environment, Augmentor.layer(augment)),
      PolicyScripted.layer((conversation) =>
        messages[conversation.filter(({ role }) => role === "assistant").length] ?? Protocol.answer("Done.")
      )
    ])
  )

const call = Protocol.call

/** "I no longer need temp/budget.csv." takes cd(folder='temp') and rm(file_name='budget.csv'). */
const removing = "drill_test_base_5"
const byPath = call("rm", { file_name: "temp/budget.csv" })
const into = call("cd", { folder: "temp" })
const byName = call("rm", { file_name: "budget.csv" })

const once = (followed: boolean, recovered: boolean): Following.Following => ({
  fired: 1,
  followed: { n: 1, passed: followed ? 1 : 0 },
  recovered: { n: 1, passed: recovered ? 1 : 0 }
})

const cases: ReadonlyArray<
  readonly [what: string, rule: string, expected: Following.Following, messages: ReadonlyArray<string>]
> = [
  ["the named call is made and the turn passes", "dependency.current_directory", once(true, true), [
    byPath,
    into,
    byName
  ]],
  ["the named call is made and then nothing", "dependency.current_directory", once(true, false), [byPath, into]],
  ["another call is made, and the turn passes all the same", "dependency.current_directory", once(false, true), [
    byPath,
    call("ls"),
    into,
    byName
  ]],
  ["the named tool is called with another value", "dependency.current_directory", once(false, false), [
    byPath,
    call("cd", { folder: "projects" })
  ]],
  ["the agent gives up", "dependency.current_directory", once(false, false), [byPath]],
  ["the missing argument is given", "schema.missing_argument", once(true, true), [into, call("rm"), byName]],
  ["the call is repeated without the argument", "schema.missing_argument", {
    fired: 2,
    followed: { n: 2, passed: 0 },
    recovered: { n: 1, passed: 0 }
  }, [into, call("rm"), call("rm")]],
  ["the tool that was meant is called", "schema.unknown_tool", once(true, true), [
    into,
    call("rmm", { file_name: "budget.csv" }),
    byName
  ]],
  ["the unknown argument is left out", "schema.unexpected_argument", once(true, true), [
    into,
    call("rm", { file_name: "budget.csv", force: true }),
    byName
  ]]
]

describe("what became of a hint", () => {
  for (const [what, rule, expected, messages] of cases) {
    it.effect(`is told where ${what}`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual([...yield* play(removing, messages)], [[rule, expected]])
      }))
  }

  it.effect("is not said of a call that nothing explained, which is counted all the same", () =>
    Effect.gen(function*() {
      const followings = yield* play(
        removing,
        [byPath, into, byName],
        Augmentor.without("dependency.current_directory", actionable)
      )
      assert.deepStrictEqual([...followings], [[undefined, { ...once(false, true), followed: { n: 0, passed: 0 } }]])
    }))

  it("is to leave a call alone where nothing else would help", () => {
    const failed = { call: "buy(order=7)", tool: "buy" }
    const leave = { _tag: "Leave" } as const
    assert.isTrue(Following.isFollowed(leave, failed, undefined))
    assert.isTrue(Following.isFollowed(leave, failed, { call: "buy(order=8)", tool: "buy" }))
    assert.isFalse(Following.isFollowed(leave, failed, { call: "buy(order=7.0)", tool: "buy" }))
  })

  it("is judged by the tool alone where a call is no literal", () => {
    const failed = { call: "refund(now=true)", tool: "refund" }
    const asked = { _tag: "Call", calls: ["find(name='Eve')"] } as const
    assert.isTrue(Following.isFollowed(asked, failed, { call: "find(all=true)", tool: "find" }))
    assert.isFalse(Following.isFollowed(asked, failed, { call: "look(all=true)", tool: "look" }))
    assert.isTrue(
      Following.isFollowed({ _tag: "Change", arguments: [] }, failed, { call: "refund(now=false)", tool: "refund" })
    )
  })

  it("can be told of every built-in rule, and is not to repeat the call that failed unless that is asked for", () => {
    let asked = 0
    const wrong = new Set<string>()
    for (const toolset of ["TicketAPI", "VehicleControlAPI"].flatMap((name) => toolsetOf(name) ?? [])) {
      cover(toolset, (failed, knowledge) => {
        const told = hint(failed, knowledge)
        if (told === undefined) return told
        const { call, tool } = failed
        const same = { call, ...(tool !== undefined && { tool }) }
        const { advice } = told
        if (advice === undefined) wrong.add(`${told.rule} does not say what it asks for`)
        else if (Following.isFollowed(advice, same, same) && !(advice._tag === "Call" && advice.calls.includes(call))) {
          wrong.add(`${told.rule} is followed by ${call} again`)
        }
        asked += 1
        return told
      })
    }
    assert.deepStrictEqual([...wrong], [])
    assert.isAbove(asked, 100)
  })

  it.effect.prop(
    "never counts more than what fired",
    [Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 6 }))).check(Schema.isMaxLength(10))],
    ([said]) =>
      Effect.gen(function*() {
        const pool = [byPath, into, byName, call("rm"), call("fly"), "no", Protocol.answer("Done.")]
        for (const { fired, followed, recovered } of (yield* play(removing, said.map((at) => pool[at]!))).values()) {
          assert.isAtMost(followed.passed, followed.n)
          assert.isAtMost(followed.n, fired)
          assert.isAtMost(recovered.passed, recovered.n)
          assert.isAtMost(recovered.n, fired)
        }
      })
  )
})
