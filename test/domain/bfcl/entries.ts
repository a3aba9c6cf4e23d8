/** Small entries for tests. */
import type { Entry } from "../../../src/domain/bfcl/Entry.ts"

/** An entry about a car whose turns have this ground truth. */
export const carEntry = (...groundTruth: ReadonlyArray<ReadonlyArray<string>>): Entry => ({
  id: "multi_turn_base_0",
  category: "base",
  scenario: 0,
  classes: ["VehicleControlAPI"],
  initialConfig: "{\"VehicleControlAPI\": {\"fuelLevel\": 10.0}}",
  turns: groundTruth.map((calls, turn) => ({
    messages: [{ role: "user", content: `request ${turn}` }],
    revealed: [],
    groundTruth: calls
  })),
  longContext: false
})

export const lockAll = "lockDoors(unlock=False, door=['driver', 'passenger', 'rear_left', 'rear_right'])"
export const pressBrake = "pressBrakePedal(pedalPosition=1)"
export const start = "startEngine(ignitionMode='START')"
