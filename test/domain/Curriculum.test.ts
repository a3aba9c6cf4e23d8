import { assert, describe, it } from "@effect/vitest"
import { Layer } from "effect"
import * as Advance from "../../src/domain/Advance.ts"
import * as Augmentor from "../../src/domain/Augmentor.ts"
import * as Curriculum from "../../src/domain/Curriculum.ts"
import { Environment } from "../../src/domain/Environment.ts"
import * as Reward from "../../src/domain/Reward.ts"

const refusal = (make: () => unknown): string => {
  try {
    make()
  } catch (error) {
    if (error instanceof Curriculum.CurriculumInvalid) return error.message
    throw error
  }
  throw new RangeError("it was not refused")
}

const services = Layer.merge(Augmentor.layerNone, Reward.layer(Reward.progress))

const stage = (name: string, settings: Curriculum.Overrides<Curriculum.Settings> = {}) =>
  Curriculum.stage(name, { tasks: () => true, services, advance: Advance.after(1), settings })

const environment = Layer.mock(Environment, {})

const make = (...stages: ReadonlyArray<Curriculum.Stage>) => () =>
  Curriculum.make({ name: "mine", environment, stages })

describe("Curriculum", () => {
  it("lays overrides over the defaults at any depth", () => {
    const settings = Curriculum.settings("here", { groupSize: 4, optimization: { loss: { klCoefficient: 0 } } })
    assert.deepStrictEqual(settings, {
      ...Curriculum.defaults,
      groupSize: 4,
      optimization: {
        ...Curriculum.defaults.optimization,
        loss: { ...Curriculum.defaults.optimization.loss, klCoefficient: 0 }
      }
    })
  })

  it("can set a value to null", () => {
    const { optimization } = Curriculum.settings("here", { optimization: { loss: { dualClip: null } } })
    assert.isNull(optimization.loss.dualClip)
  })

  it("refuses a typo by its name and place", () => {
    // @ts-expect-error the type refuses it as well, but a curriculum's file may be loaded unchecked
    const message = refusal(() => stage("first", { groupSzie: 4 }))
    assert.include(message, "stage \"first\"")
    assert.include(message, "groupSzie")
  })

  it("refuses a typo deep inside", () => {
    // @ts-expect-error as above
    const message = refusal(() => Curriculum.settings("here", { optimization: { loss: { klCoeficient: 0 } } }))
    assert.include(message, "klCoeficient")
    assert.include(message, "optimization")
  })

  it("names every value that is out of range", () => {
    const message = refusal(() => stage("first", { groupSize: 1, sampling: { temperature: 0 } }))
    assert.include(message, "groupSize")
    assert.include(message, "temperature")
  })

  it("refuses a staleness that is less than a batch, which would be none", () => {
    const optimization = { updatesPerBatch: 4 }
    const message = refusal(() => stage("first", { maxStaleness: 3, optimization }))
    assert.include(message, "3 allows nothing to be collected ahead: a batch makes 4 optimiser steps")
    const ahead = [0, 4, 7, 8].map((maxStaleness) =>
      Curriculum.stepsAhead(stage("first", { maxStaleness, optimization }).settings)
    )
    assert.deepStrictEqual(ahead, [0, 1, 1, 2])
  })

  it("refuses no stages, and two of one name", () => {
    assert.strictEqual(refusal(make()), "curriculum \"mine\": it has no stages")
    assert.strictEqual(
      refusal(make(stage("a"), stage("b"), stage("a"))),
      "curriculum \"mine\": two stages are called \"a\""
    )
    assert.strictEqual(make(stage("a"), stage("b"))().stages.length, 2)
  })
})
