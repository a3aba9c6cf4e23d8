import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { Effect, type Layer, Schema } from "effect"
import { Environment } from "../../src/domain/Environment.ts"
import { passed } from "../../src/domain/Episode.ts"
import * as Task from "../../src/domain/Task.ts"
import * as EnvironmentBfclOfficial from "../../src/layers/EnvironmentBfclOfficial.ts"
import * as PolicyOracle from "../../src/layers/PolicyOracle.ts"
import { rollout } from "../../src/programs/rollout.ts"
import { carEntry, lockAll, pressBrake, start } from "../domain/bfcl/entries.ts"

const calls = [
  lockAll,
  pressBrake,
  start,
  "fillFuelTank(3.5)",
  "setCruiseControl(65, True, 100)",
  "display_log(messages=['it\\'s \"fine\"', 'naïve\\n'])"
]

const official = EnvironmentBfclOfficial.layer({ documents: new Map(), mode: "prompting" })

describe("the official evaluation", () => {
  it.effect("plays a task from its opening to its verdict, and has no place for an augmentor", () =>
    Effect.gen(function*() {
      expectTypeOf<Layer.Services<typeof official>>().toEqualTypeOf<never>()
      const { open } = yield* Environment
      const { start, step } = yield* open(Task.make("t", carEntry([pressBrake])), 1)
      assert.strictEqual(start.turns, 1)
      assert.deepStrictEqual(start.messages.map(({ role }) => role), ["system", "user"])
      const going = yield* step({ role: "assistant", content: "[pressBrakePedal(pedalPosition=1)]" })
      assert.isFalse(going.done)
      const { done, verdict } = yield* step({ role: "assistant", content: "Done." })
      assert.isTrue(done)
      assert.deepStrictEqual(verdict, { turn: 0, passed: true })
    }).pipe(Effect.provide(official)))

  it.effect("calls instances after the model, which some results show", () =>
    Effect.gen(function*() {
      const { open } = yield* Environment
      const entry = { ...carEntry([pressBrake]), classes: ["GorillaFileSystem"], initialConfig: "{}" }
      const { step } = yield* open(Task.make("t", entry), 1)
      const { messages } = yield* step({ role: "assistant", content: "[echo(content='use cat (f)')]" })
      assert.include(messages[0]?.content, "use org_m_1_5_multi_turn_base_0_GorillaFileSystem_instance.cat(f)")
    }).pipe(Effect.provide(
      EnvironmentBfclOfficial.layer({ documents: new Map(), mode: "prompting", modelName: "org/m-1.5" })
    )))

  for (const mode of ["fc", "prompting"] as const) {
    it.effect.prop(
      `is passed by its ground truth, by position or by name (${mode})`,
      [Schema.Array(Schema.Array(Schema.Literals(calls)))],
      ([turns]) =>
        Effect.gen(function*() {
          const episode = yield* rollout(Task.make("t", carEntry(...turns, [])), { seed: 1, maxSteps: 1000 })
          assert.isTrue(passed(episode))
        }).pipe(Effect.provide([
          EnvironmentBfclOfficial.layer({ documents: new Map(), mode }),
          PolicyOracle.layerOfficial(mode)
        ]))
    )
  }

  it.effect("refuses a task that is no entry, and one whose tool sets are missing", () =>
    Effect.gen(function*() {
      const { open } = yield* Environment
      const none = yield* Effect.flip(open(Task.make("t", { a: 1 }), 1))
      assert.match(none.message, /^task t cannot be opened: its payload is no BFCL entry/)
      const other = { ...carEntry([]), classes: ["NoSuchAPI"] }
      const missing = yield* Effect.flip(open(Task.make("u", other), 1))
      assert.strictEqual(missing.message, "task u cannot be opened: its tool sets are not implemented: NoSuchAPI")
    }).pipe(Effect.provide(official)))
})
