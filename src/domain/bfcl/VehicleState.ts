/** The state of BFCL's car: what a configuration sets, and what its tools change. */
import { Random } from "../python/Random.ts"
import { attributeError, Dict, type Value } from "../python/Value.ts"
import * as Attributes from "./Attributes.ts"
import type { LongContext } from "./LongContext.ts"
import { settings } from "./Toolset.ts"

/** Python's attributes under their own names. A value has the type that the configuration or a call gave it. */
export interface State {
  readonly _random: Random
  fuelLevel: Value
  batteryVoltage: Value
  engine_state: Value
  remainingUnlockedDoors: bigint
  doorStatus: Dict
  acTemperature: Value
  fanSpeed: Value
  acMode: Value
  humidityLevel: Value
  headLightStatus: Value
  parkingBrakeStatus: Value
  _parkingBrakeForce: Value
  _slopeAngle: Value
  brakePedalStatus: Value
  _brakePedalForce: Value
  distanceToNextVehicle: Value
  cruiseStatus: Value
  destination: Value
  frontLeftTirePressure: Value
  frontRightTirePressure: Value
  rearLeftTirePressure: Value
  rearRightTirePressure: Value
  readonly long_context: boolean
  /** The constants behind `long_context`; no attribute of the original. */
  readonly longContext: LongContext | undefined
}

/** A new car. The configuration is adopted. Throws `PythonError` for one that is no configuration. */
export const load = (config: Value, longContext: LongContext | undefined): State => {
  const configured = settings(config)
  const doorStatus = configured(
    "doorStatus",
    Dict.of({ driver: "unlocked", passenger: "unlocked", rear_left: "unlocked", rear_right: "unlocked" })
  )
  if (!(doorStatus instanceof Dict)) throw attributeError(doorStatus, "keys")
  const locked = [...doorStatus.values()].filter((status) => status === "locked").length
  return {
    _random: Random.seeded(configured("random_seed", 141053n)),
    fuelLevel: configured("fuelLevel", 0),
    batteryVoltage: configured("batteryVoltage", 12.6),
    engine_state: configured("engineState", "stopped"),
    remainingUnlockedDoors: BigInt(4 - locked),
    doorStatus,
    acTemperature: configured("acTemperature", 25),
    fanSpeed: configured("fanSpeed", 50n),
    acMode: configured("acMode", "auto"),
    humidityLevel: configured("humidityLevel", 50),
    headLightStatus: configured("headLightStatus", "off"),
    parkingBrakeStatus: configured("parkingBrakeStatus", "released"),
    _parkingBrakeForce: configured("parkingBrakeForce", 0),
    _slopeAngle: configured("slopeAngle", 0),
    brakePedalStatus: configured("brakePedalStatus", "released"),
    _brakePedalForce: configured("brakePedalForce", 0),
    distanceToNextVehicle: configured("distanceToNextVehicle", 50),
    cruiseStatus: configured("cruiseStatus", "inactive"),
    destination: configured("destination", "None"),
    frontLeftTirePressure: configured("frontLeftTirePressure", 32),
    frontRightTirePressure: configured("frontRightTirePressure", 32),
    rearLeftTirePressure: configured("rearLeftTirePressure", 30),
    rearRightTirePressure: configured("rearRightTirePressure", 30),
    long_context: longContext !== undefined,
    longContext
  }
}

/** Python's order. */
export const { attributes, copier, equalStates } = Attributes.named(
  (state: State) => ({ ...state, _random: state._random.deepCopy(), doorStatus: state.doorStatus.deepCopy() }),
  "_random",
  "fuelLevel",
  "batteryVoltage",
  "engine_state",
  "remainingUnlockedDoors",
  "doorStatus",
  "acTemperature",
  "fanSpeed",
  "acMode",
  "humidityLevel",
  "headLightStatus",
  "parkingBrakeStatus",
  "_parkingBrakeForce",
  "_slopeAngle",
  "brakePedalStatus",
  "_brakePedalForce",
  "distanceToNextVehicle",
  "cruiseStatus",
  "destination",
  "frontLeftTirePressure",
  "frontRightTirePressure",
  "rearLeftTirePressure",
  "rearRightTirePressure",
  "long_context"
)
