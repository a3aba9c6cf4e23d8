/**
 * BFCL's car: engine, doors, climate, brakes, cruise control, navigation, tires.
 *
 * The original checks no argument's type: a wrong one runs into Python's own error at the first
 * operation that does not support it, after whatever state change comes before. The order of
 * statements here is the original's for this reason.
 */
import { add, divide, isLess, isLessOrEqual, multiply, subtract, toFloat } from "../python/Number.ts"
import { repr } from "../python/Text.ts"
import type { Value } from "../python/Value.ts"
import { Dict, equals, iterate, truthy } from "../python/Value.ts"
import type { LongContext } from "./LongContext.ts"
import { constant } from "./LongContext.ts"
import type { FailureKind, Tool, Toolset } from "./Toolset.ts"
import { Failure } from "./Toolset.ts"
import { attributes, copier, equalStates, load, type State } from "./VehicleState.ts"
import { distanceBetween, isZipcode, unknownZipcode, zipcodeOfCity } from "./VehicleTables.ts"

/** Gallons. */
const tankCapacity = 50n
const milesPerGallon = 20
/** Newton, with the pedal pressed to the floor. */
const fullBrakeForce = 1000n

const failed = (kind: FailureKind, error: Value, subject: Readonly<Record<string, Value>>, needs?: string): Failure =>
  new Failure(kind, subject, { returned: Dict.of({ error }) }, needs)

const notOneOf = (argument: string, value: Value, allowed: ReadonlyArray<string>, error: string): Failure =>
  failed("invalid_value", error, { argument, value, allowed: [...allowed] })

const outside = (argument: string, value: Value, minimum: bigint, maximum: bigint, error: string): Failure =>
  failed("invalid_value", error, { argument, value, minimum, maximum })

/** `minimum <= value <= maximum`, as Python evaluates the chain. */
const isBetween = (minimum: bigint, value: Value, maximum: bigint): boolean =>
  isLessOrEqual(minimum, value) && isLessOrEqual(value, maximum)

const ignitionModes = ["START", "STOP"]

const startEngine: Tool<State> = {
  name: "startEngine",
  parameters: [{ name: "ignitionMode" }],
  failures: ["precondition", "insufficient", "already_done", "invalid_value"],
  run: (car, ignitionMode) => {
    // STOP stops the engine, then meets the checks of a start, and always ends in an error.
    if (ignitionMode === "STOP") car.engine_state = "stopped"
    if (car.remainingUnlockedDoors > 0n) {
      const unlocked = [...car.doorStatus.entries()].filter(([, status]) => status === "unlocked").map(([door]) => door)
      return failed(
        "precondition",
        `All doors must be locked before starting the engine. Here are the unlocked doors: ${unlocked.join(", ")}`,
        { unlocked },
        "doors_locked"
      )
    }
    if (car.brakePedalStatus !== "pressed") {
      return failed(
        "precondition",
        "Brake pedal needs to be pressed when starting the engine.",
        { brakePedalStatus: car.brakePedalStatus },
        "brake_pressed"
      )
    }
    if (!equals(car._brakePedalForce, fullBrakeForce)) {
      return failed(
        "precondition",
        "Must press the brake fully before starting the engine.",
        { brakePedalForce: car._brakePedalForce, required: fullBrakeForce },
        "brake_pressed"
      )
    }
    if (isLess(car.fuelLevel, 0)) {
      return failed("insufficient", "Fuel tank is empty.", { fuelLevel: car.fuelLevel }, "fuel")
    }
    if (ignitionMode === "STOP") return failed("already_done", "Invalid ignition mode.", { ignitionMode })
    if (ignitionMode !== "START") {
      return notOneOf("ignitionMode", ignitionMode, ignitionModes, "Invalid ignition mode.")
    }
    car.engine_state = "running"
    return Dict.of({ engineState: "running", fuelLevel: car.fuelLevel, batteryVoltage: car.batteryVoltage })
  }
}

const fillFuelTank: Tool<State> = {
  name: "fillFuelTank",
  parameters: [{ name: "fuelAmount" }],
  failures: ["invalid_value", "insufficient"],
  run: (car, fuelAmount) => {
    if (isLess(fuelAmount, 0n)) {
      return failed("invalid_value", "Fuel amount cannot be negative.", {
        argument: "fuelAmount",
        value: fuelAmount,
        minimum: 0n
      })
    }
    const level = add(car.fuelLevel, fuelAmount)
    if (isLess(tankCapacity, level)) {
      return failed("insufficient", "Cannot fill gas above the tank capacity.", {
        argument: "fuelAmount",
        value: fuelAmount,
        maximum: subtract(tankCapacity, car.fuelLevel)
      })
    }
    if (isLess(level, 0n)) {
      return failed("insufficient", "Fuel tank is empty. Min fuel level is 0 gallons.", {
        argument: "fuelAmount",
        value: fuelAmount,
        minimum: subtract(0n, car.fuelLevel)
      })
    }
    car.fuelLevel = level
    return Dict.of({ fuelLevel: level })
  }
}

const lockDoors: Tool<State> = {
  name: "lockDoors",
  parameters: [{ name: "unlock" }, { name: "door" }],
  failures: ["not_found"],
  run: (car, unlock, doors) => {
    const [status, change] = truthy(unlock) ? ["unlocked", 1n] as const : ["locked", -1n] as const
    for (const door of iterate(doors)) {
      const before = car.doorStatus.get(door)
      if (before === undefined) {
        return new Failure(
          "not_found",
          { argument: "door", value: door, allowed: [...car.doorStatus.keys()] },
          { raised: repr(door) }
        )
      }
      if (before === status) continue
      car.doorStatus.set(door, status)
      car.remainingUnlockedDoors += change
    }
    return Dict.of({ lockStatus: status, remainingUnlockedDoors: car.remainingUnlockedDoors })
  }
}

const adjustClimateControl: Tool<State> = {
  name: "adjustClimateControl",
  parameters: [
    { name: "temperature" },
    { name: "unit", default: "celsius" },
    { name: "fanSpeed", default: 50n },
    { name: "mode", default: "auto" }
  ],
  failures: ["invalid_value"],
  run: (car, temperature, unit, fanSpeed, mode) => {
    if (!isBetween(0n, fanSpeed, 100n)) {
      return outside("fanSpeed", fanSpeed, 0n, 100n, "Fan speed must be between 0 and 100.")
    }
    car.acTemperature = unit === "fahrenheit" ? divide(multiply(subtract(temperature, 32n), 5n), 9n) : temperature
    car.fanSpeed = fanSpeed
    car.acMode = mode
    return Dict.of({ currentACTemperature: temperature, climateMode: mode, humidityLevel: car.humidityLevel })
  }
}

const weatherOfOtherDays = (longContext: LongContext): Dict => {
  const weather = constant(longContext, "LONG_WEATHER_EXTENSION")
  return weather instanceof Dict ? weather.copy() : new Dict()
}

const getOutsideTemperatureFromGoogle: Tool<State> = {
  name: "get_outside_temperature_from_google",
  parameters: [],
  failures: [],
  run: (car) => {
    const weather = car.longContext === undefined ? new Dict() : weatherOfOtherDays(car.longContext)
    weather.set("outsideTemperature", car._random.uniform(-10, 40))
    return weather
  }
}

const getOutsideTemperatureFromWeatherCom: Tool<State> = {
  name: "get_outside_temperature_from_weather_com",
  parameters: [],
  failures: ["unavailable"],
  run: () => failed("unavailable", 404n, { service: "weather.com" }, "outside_temperature")
}

const headlightModes = ["on", "off", "auto"]

const setHeadlights: Tool<State> = {
  name: "setHeadlights",
  parameters: [{ name: "mode" }],
  failures: ["invalid_value"],
  run: (car, mode) => {
    if (mode !== "on" && mode !== "off" && mode !== "auto") {
      return notOneOf("mode", mode, headlightModes, "Invalid headlight mode.")
    }
    car.headLightStatus = mode === "on" ? "on" : "off"
    return Dict.of({ headlightStatus: car.headLightStatus })
  }
}

/** What `displayCarStatus` shows under each option. */
const displays = new Map<Value, (car: State) => Readonly<Record<string, Value>>>([
  ["fuel", (car) => ({ fuelLevel: car.fuelLevel })],
  ["battery", (car) => ({ batteryVoltage: car.batteryVoltage })],
  ["doors", (car) => ({ doorStatus: car.doorStatus })],
  ["climate", (car) => ({
    currentACTemperature: car.acTemperature,
    fanSpeed: car.fanSpeed,
    climateMode: car.acMode,
    humidityLevel: car.humidityLevel
  })],
  ["headlights", (car) => ({ headlightStatus: car.headLightStatus })],
  ["parkingBrake", (car) => ({
    parkingBrakeStatus: car.parkingBrakeStatus,
    parkingBrakeForce: car._parkingBrakeForce,
    slopeAngle: car._slopeAngle
  })],
  ["brakePedal", (car) => ({ brakePedalStatus: car.brakePedalStatus, brakePedalForce: car._brakePedalForce })],
  ["engine", (car) => ({ engineState: car.engine_state })]
])

const displayCarStatus: Tool<State> = {
  name: "displayCarStatus",
  parameters: [{ name: "option" }],
  failures: ["invalid_value"],
  run: (car, option) => {
    const status = car.longContext === undefined
      ? new Dict()
      : Dict.of({ metadata: constant(car.longContext, "CAR_STATUS_METADATA_EXTENSION") })
    const display = displays.get(option)
    if (display === undefined) {
      status.set("error", "Invalid option")
      return new Failure("invalid_value", { argument: "option", value: option, allowed: [...displays.keys()] }, {
        returned: status
      })
    }
    for (const [name, value] of Object.entries(display(car))) status.set(name, value)
    return status
  }
}

const activateParkingBrake: Tool<State> = {
  name: "activateParkingBrake",
  parameters: [{ name: "mode" }],
  failures: ["invalid_value"],
  run: (car, mode) => {
    if (mode !== "engage" && mode !== "release") {
      return notOneOf("mode", mode, ["engage", "release"], "Invalid mode")
    }
    car.parkingBrakeStatus = mode === "engage" ? "engaged" : "released"
    car._parkingBrakeForce = mode === "engage" ? 500 : 0
    car._slopeAngle = 10
    const status = car.longContext === undefined
      ? new Dict()
      : Dict.of({ parkingBrakeInstruction: constant(car.longContext, "PARKING_BRAKE_INSTRUCTION") })
    status.set("parkingBrakeStatus", car.parkingBrakeStatus)
    status.set("_parkingBrakeForce", car._parkingBrakeForce)
    status.set("_slopeAngle", car._slopeAngle)
    return status
  }
}

const releaseBrake = (car: State): Value => {
  car.brakePedalStatus = "released"
  car._brakePedalForce = 0
  return Dict.of({ brakePedalStatus: "released", brakePedalForce: 0 })
}

const pressBrakePedal: Tool<State> = {
  name: "pressBrakePedal",
  parameters: [{ name: "pedalPosition" }],
  failures: ["invalid_value"],
  run: (car, pedalPosition) => {
    if (!isBetween(0n, pedalPosition, 1n)) {
      return outside("pedalPosition", pedalPosition, 0n, 1n, "Pedal position must be between 0 and 1.")
    }
    if (equals(pedalPosition, 0n)) return releaseBrake(car)
    car.brakePedalStatus = "pressed"
    car._brakePedalForce = multiply(pedalPosition, fullBrakeForce)
    return Dict.of({ brakePedalStatus: "pressed", brakePedalForce: toFloat(car._brakePedalForce) })
  }
}

const releaseBrakePedal: Tool<State> = {
  name: "releaseBrakePedal",
  parameters: [],
  failures: [],
  run: releaseBrake
}

const setCruiseControl: Tool<State> = {
  name: "setCruiseControl",
  parameters: [{ name: "speed" }, { name: "activate" }, { name: "distanceToNextVehicle" }],
  failures: ["precondition", "invalid_value"],
  run: (car, speed, activate, distanceToNextVehicle) => {
    const distance = toFloat(distanceToNextVehicle)
    const currentSpeed = toFloat(speed)
    if (car.engine_state === "stopped") {
      return failed(
        "precondition",
        "Start the engine before activating the cruise control.",
        { engine_state: car.engine_state },
        "engine_running"
      )
    }
    if (!truthy(activate)) {
      car.cruiseStatus = "inactive"
      car.distanceToNextVehicle = distance
      return Dict.of({ cruiseStatus: "inactive", currentSpeed, distanceToNextVehicle: distance })
    }
    car.distanceToNextVehicle = distance
    if (currentSpeed < 0 || currentSpeed > 120 || currentSpeed % 5 !== 0) {
      return failed("invalid_value", "Invalid speed", {
        argument: "speed",
        value: currentSpeed,
        minimum: 0n,
        maximum: 120n,
        multipleOf: 5n
      })
    }
    car.cruiseStatus = "active"
    return Dict.of({ cruiseStatus: "active", currentSpeed, distanceToNextVehicle: distance })
  }
}

const getCurrentSpeed: Tool<State> = {
  name: "get_current_speed",
  parameters: [],
  failures: [],
  run: (car) => Dict.of({ currentSpeed: car._random.uniform(0, 120) })
}

const displayLog: Tool<State> = {
  name: "display_log",
  parameters: [{ name: "messages" }],
  failures: [],
  run: (_car, messages) => Dict.of({ log: messages })
}

const estimateDriveFeasibility: Tool<State> = {
  name: "estimate_drive_feasibility_by_mileage",
  parameters: [{ name: "distance" }],
  failures: [],
  run: (car, distance) => Dict.of({ canDrive: !isLess(multiply(car.fuelLevel, milesPerGallon), distance) })
}

const literToGallon: Tool<State> = {
  name: "liter_to_gallon",
  parameters: [{ name: "liter" }],
  failures: [],
  run: (_car, liter) => Dict.of({ gallon: multiply(liter, 0.264172) })
}

const gallonToLiter: Tool<State> = {
  name: "gallon_to_liter",
  parameters: [{ name: "gallon" }],
  failures: [],
  run: (_car, gallon) => Dict.of({ liter: multiply(gallon, 3.78541) })
}

const estimateDistance: Tool<State> = {
  name: "estimate_distance",
  parameters: [{ name: "cityA" }, { name: "cityB" }],
  failures: ["not_found"],
  run: (car, cityA, cityB) => {
    const distance = typeof cityA === "string" && typeof cityB === "string" ? distanceBetween(cityA, cityB) : undefined
    const result = Dict.of(distance === undefined ? { error: "distance not found in database." } : { distance })
    if (car.longContext !== undefined) {
      result.set("intermediaryCities", constant(car.longContext, "INTERMEDIARY_CITIES"))
    }
    if (distance !== undefined) return result
    const unknown = [cityA, cityB].filter((place) => !isZipcode(place))
    const needs = unknown.length > 0 ? "zipcode" : undefined
    return new Failure("not_found", { cityA, cityB, unknown }, { returned: result }, needs)
  }
}

const getZipcodeBasedOnCity: Tool<State> = {
  name: "get_zipcode_based_on_city",
  parameters: [{ name: "city" }],
  failures: ["not_found"],
  run: (_car, city) => {
    const zipcode = typeof city === "string" ? zipcodeOfCity.get(city) : undefined
    return zipcode === undefined
      ? new Failure("not_found", { city, allowed: [...zipcodeOfCity.keys()] }, {
        returned: Dict.of({ zipcode: unknownZipcode })
      })
      : Dict.of({ zipcode })
  }
}

const setNavigation: Tool<State> = {
  name: "set_navigation",
  parameters: [{ name: "destination" }],
  failures: [],
  run: (car, destination) => {
    car.destination = destination
    return Dict.of({ status: add("Navigating to ", destination) })
  }
}

const checkTirePressure: Tool<State> = {
  name: "check_tire_pressure",
  parameters: [],
  failures: [],
  run: (car) => {
    const { frontLeftTirePressure, frontRightTirePressure, rearLeftTirePressure, rearRightTirePressure } = car
    const sum = add(
      add(add(frontLeftTirePressure, frontRightTirePressure), rearLeftTirePressure),
      rearRightTirePressure
    )
    return Dict.of({
      frontLeftTirePressure,
      frontRightTirePressure,
      rearLeftTirePressure,
      rearRightTirePressure,
      healthy_tire_pressure: isBetween(30n, divide(sum, 4n), 35n),
      car_info: car.longContext === undefined
        ? new Dict()
        : constant(car.longContext, "CAR_STATUS_METADATA_EXTENSION")
    })
  }
}

const findNearestTireShop: Tool<State> = {
  name: "find_nearest_tire_shop",
  parameters: [],
  failures: [],
  run: () => Dict.of({ shopLocation: "456 Oakwood Avenue, Rivermist, 83214" })
}

export const VehicleControlAPI: Toolset<State> = {
  name: "VehicleControlAPI",
  tools: [
    startEngine,
    fillFuelTank,
    lockDoors,
    adjustClimateControl,
    getOutsideTemperatureFromGoogle,
    getOutsideTemperatureFromWeatherCom,
    setHeadlights,
    displayCarStatus,
    activateParkingBrake,
    pressBrakePedal,
    releaseBrakePedal,
    setCruiseControl,
    getCurrentSpeed,
    displayLog,
    estimateDriveFeasibility,
    literToGallon,
    gallonToLiter,
    estimateDistance,
    getZipcodeBasedOnCity,
    setNavigation,
    checkTirePressure,
    findNearestTireShop
  ],
  load,
  attributes,
  copier,
  equalStates,
  providers: {
    doors_locked: [{
      tool: "lockDoors",
      arguments: { unlock: false },
      from: { door: "unlocked" }
    }],
    brake_pressed: [{ tool: "pressBrakePedal", arguments: { pedalPosition: 1n } }],
    engine_running: [{ tool: "startEngine", arguments: { ignitionMode: "START" } }],
    fuel: [{ tool: "fillFuelTank" }],
    outside_temperature: [{ tool: "get_outside_temperature_from_google" }],
    zipcode: [{ tool: "get_zipcode_based_on_city", from: { city: "unknown" } }]
  }
}
