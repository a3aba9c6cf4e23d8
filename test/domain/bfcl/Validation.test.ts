import { assert, describe, it } from "@effect/vitest"
import * as LongContext from "../../../src/domain/bfcl/LongContext.ts"
import { validate } from "../../../src/domain/bfcl/Validation.ts"
import { Dict } from "../../../src/domain/python/Value.ts"
import { carEntry, lockAll, pressBrake, start } from "./entries.ts"

const longContext = LongContext.make(new Dict())
const problem = (...groundTruth: ReadonlyArray<ReadonlyArray<string>>) =>
  validate(carEntry(...groundTruth), longContext, 2).problem?.detail

describe("a ground truth", () => {
  it("is valid when its calls succeed", () => {
    const entry = carEntry([lockAll], [], [pressBrake, start])
    assert.deepStrictEqual(validate(entry, longContext, 3), { id: entry.id })
  })

  it("is broken when a call raises or returns an error", () => {
    assert.match(problem([lockAll], ["startEngin()"])!, /^turn 1: startEngin\(\) fails: Error during execution: name/)
    assert.match(problem(["lockDoors("])!, /^turn 0: lockDoors\( fails: Error during execution: '\(' was never closed/)
    assert.match(problem([start])!, /^turn 0: .* fails: \{"error": /)
  })

  it("is broken when it needs a class that is none", () => {
    assert.deepStrictEqual(validate({ ...carEntry([]), classes: ["X"] }, longContext, 1).problem, {
      file: "question",
      detail: "there is no class X"
    })
  })

  it("is broken when its start cannot be loaded", () => {
    const entry = { ...carEntry([]), classes: ["GorillaFileSystem"] }
    const initialConfig = "{\"GorillaFileSystem\": {\"root\": {\"a\": {\"type\": \"directory\"}}}}"
    assert.match(
      validate({ ...entry, initialConfig }, longContext, 1).problem?.detail ?? "",
      /^its configuration cannot be loaded: /
    )
  })

  it("is broken when the question asks nothing, or hands over what is no tool", () => {
    const [turn] = carEntry([lockAll]).turns
    const of = (changes: Partial<NonNullable<typeof turn>>) =>
      validate({ ...carEntry([]), turns: [{ ...turn!, ...changes }] }, longContext, 1).problem
    assert.deepStrictEqual(of({ messages: [] }), { file: "question", detail: "turn 0 asks nothing" })
    assert.strictEqual(
      of({ messages: [], revealed: ["lockDoor"] })?.detail,
      "missed_function names lockDoor in turn 0, which is no tool of VehicleControlAPI"
    )
    assert.strictEqual(
      of({ revealed: ["lockDoors"] })?.detail,
      "turn 0 hands tools over, and asks something too"
    )
    assert.isUndefined(of({ messages: [], revealed: ["lockDoors"] }))
  })
})
