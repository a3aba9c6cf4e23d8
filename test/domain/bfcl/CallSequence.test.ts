import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as CallSequence from "../../../src/domain/bfcl/CallSequence.ts"
import type { Entry } from "../../../src/domain/bfcl/Entry.ts"
import * as LongContext from "../../../src/domain/bfcl/LongContext.ts"
import { Dict } from "../../../src/domain/python/Value.ts"
import { carEntry } from "./entries.ts"

const longContext = LongContext.make(Dict.of({ CAR_STATUS_METADATA_EXTENSION: "an Audi" }))
const entry = carEntry()
const entries: ReadonlyMap<string, Entry> = new Map([[entry.id, entry]])

const decode = (text: string) => CallSequence.decode({ number: 7, text }, entries)
const play = (text: string) => CallSequence.play(Result.getOrThrow(decode(text)), longContext)
const results = (text: string): ReadonlyArray<string> => {
  const played = play(text)
  return "results" in played ? played.results : assert.fail(played.load_error)
}

const car = `"classes": ["VehicleControlAPI"], "long_context": false`
const files = `"classes": ["GorillaFileSystem"], "long_context": false`
const filling = (amount: string): string => `{"name": "fillFuelTank", "arguments": {"fuelAmount": ${amount}}}`

const refusal = (text: string): string =>
  Result.match(decode(text), { onFailure: (detail) => detail, onSuccess: () => "" })

describe("a call sequence", () => {
  it("is played from a configuration of its own or from that of an entry", () => {
    const calls = "\"calls\": [\"displayCarStatus('fuel')\"]"
    const own = `{${car}, "initial_config": {"VehicleControlAPI": {"fuelLevel": 3}}, ${calls}}`
    assert.deepStrictEqual(results(own), ["{\"fuelLevel\": 3}"])
    const float = own.replace("3}}", "3.0}}")
    assert.deepStrictEqual(results(float), ["{\"fuelLevel\": 3.0}"])
    assert.deepStrictEqual(results(`{${car}, "config_from": "${entry.id}", ${calls}}`), ["{\"fuelLevel\": 10.0}"])
  })

  it("takes calls as text and as JSON, numbers as they are spelled", () => {
    const text = `{${car}, "initial_config": {}, "calls": [${filling("2")}, ${
      filling("2.5")
    }, "fillFuelTank(1)", "nope()"]}`
    assert.deepStrictEqual(results(text), [
      ...results(
        `{${car}, "initial_config": {}, "calls": ["fillFuelTank(2)", "fillFuelTank(2.5)", "fillFuelTank(1)"]}`
      ),
      "Error during execution: name 'nope' is not defined"
    ])
  })

  it("ends with the states in the encoding of the recordings", () => {
    const played = play(`{"id": "x.1", ${files}, "initial_config": {}, "calls": ["mkdir('a')", "echo('ls (1)')"]}`)
    assert.deepStrictEqual(played, {
      id: "x.1",
      results: ["None", "{\"terminal_output\": \"oracle_x_1_GorillaFileSystem_instance.ls(1)\"}"],
      state: {
        GorillaFileSystem: {
          long_context: false,
          root: { $dir: ["/", [["a", { $dir: ["a", []] }]]] },
          _current_dir: { $cwd: { chain: ["/"], in_tree: true, entries: ["a"] } }
        }
      }
    })
  })

  it("is called after its line when it has no id", () => {
    assert.strictEqual(play(`{${car}, "initial_config": {}, "calls": []}`).id, "7")
  })

  it("says what Python says of a configuration that cannot be loaded", () => {
    const text = `{"id": "x", ${files}, "initial_config": {"GorillaFileSystem": {"root": 1}}, "calls": ["ls()"]}`
    assert.deepStrictEqual(play(text), { id: "x", load_error: "'int' object has no attribute 'keys'" })
  })

  it("is refused with the reason", () => {
    const either = /either initial_config or config_from/
    assert.match(refusal(`{${car}, "calls": []}`), either)
    assert.match(refusal(`{${car}, "initial_config": {}, "config_from": "${entry.id}", "calls": []}`), either)
    assert.match(refusal(`{${car}, "config_from": "y", "calls": []}`), /there is no entry y/)
    assert.match(refusal(`{${car}, "initial_config": {}, "call": []}`), /"call"(.|\n)*"calls"/)
    assert.match(refusal(`{${car.replace("Vehicle", "X")}, "initial_config": {}, "calls": []}`), /VehicleControlAPI/)
    assert.match(refusal(`{${car}, "initial_config": {}, "calls": [1]}`), /calls/)
    assert.match(refusal(`{${car}, "initial_config": {"VehicleControlAPI": 1}, "calls": []}`), /VehicleControlAPI/)
    assert.match(refusal("["), /JSON/)
  })
})
