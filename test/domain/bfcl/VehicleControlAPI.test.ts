import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as LongContext from "../../../src/domain/bfcl/LongContext.ts"
import { VehicleControlAPI } from "../../../src/domain/bfcl/VehicleControlAPI.ts"
import { Dict, type Value } from "../../../src/domain/python/Value.ts"
import { caller, open, snapshot } from "./calls.ts"

const doors = ["driver", "passenger", "rear_left", "rear_right"]

const readyCar = () => {
  const car = open(VehicleControlAPI, new Dict())
  car.call("lockDoors", { unlock: false, door: doors })
  car.call("pressBrakePedal", { pedalPosition: 1n })
  return car
}

describe("starting the engine", () => {
  it("names what is missing, one thing at a time, in the original's order", () => {
    const { call } = open(VehicleControlAPI, new Dict())
    const locked = call("startEngine", { ignitionMode: "START" })
    assert.strictEqual(
      locked.returned,
      "{'error': 'All doors must be locked before starting the engine. Here are the unlocked doors: driver, passenger, rear_left, rear_right'}"
    )
    assert.strictEqual(locked.failure?.needs, "doors_locked")
    assert.deepStrictEqual(locked.failure?.subject, { unlocked: doors })

    assert.strictEqual(
      call("lockDoors", { unlock: false, door: doors }).returned,
      "{'lockStatus': 'locked', 'remainingUnlockedDoors': 0}"
    )
    const brake = call("startEngine", { ignitionMode: "START" })
    assert.strictEqual(brake.returned, "{'error': 'Brake pedal needs to be pressed when starting the engine.'}")
    assert.strictEqual(brake.failure?.needs, "brake_pressed")

    call("pressBrakePedal", { pedalPosition: 0.5 })
    assert.strictEqual(
      call("startEngine", { ignitionMode: "START" }).returned,
      "{'error': 'Must press the brake fully before starting the engine.'}"
    )
    assert.strictEqual(
      call("pressBrakePedal", { pedalPosition: 1n }).returned,
      "{'brakePedalStatus': 'pressed', 'brakePedalForce': 1000.0}"
    )
    assert.strictEqual(
      call("startEngine", { ignitionMode: "START" }).returned,
      "{'engineState': 'running', 'fuelLevel': 0.0, 'batteryVoltage': 12.6}"
    )
  })

  it("stops on STOP, and still answers with an error", () => {
    const { call, state } = readyCar()
    call("startEngine", { ignitionMode: "START" })
    assert.strictEqual(state.engine_state, "running")
    const stopped = call("startEngine", { ignitionMode: "STOP" })
    assert.strictEqual(stopped.returned, "{'error': 'Invalid ignition mode.'}")
    assert.strictEqual(stopped.failure?.kind, "already_done")
    assert.strictEqual(state.engine_state, "stopped")
  })

  it("keeps an int brake force an int", () => {
    const { call } = readyCar()
    assert.strictEqual(
      call("displayCarStatus", { option: "brakePedal" }).returned,
      "{'brakePedalStatus': 'pressed', 'brakePedalForce': 1000}"
    )
  })
})

describe("the state of the car", () => {
  it("counts the unlocked doors anew, whatever the configuration says", () => {
    const { state } = open(
      VehicleControlAPI,
      Dict.of({ remainingUnlockedDoors: 0n, doorStatus: Dict.of({ driver: "locked", passenger: "unlocked" }) })
    )
    assert.strictEqual(state.remainingUnlockedDoors, 3n)
  })

  it("changes the doors before an unknown one, then raises its name", () => {
    const { call, state } = open(VehicleControlAPI, new Dict())
    const { failure, raised } = call("lockDoors", { unlock: false, door: ["driver", "trunk", "passenger"] })
    assert.strictEqual(raised, "'trunk'")
    assert.strictEqual(failure?.kind, "not_found")
    assert.strictEqual(state.remainingUnlockedDoors, 3n)
  })

  it("converts Fahrenheit for itself and answers with the given number", () => {
    const { call, state } = open(VehicleControlAPI, new Dict())
    assert.strictEqual(
      call("adjustClimateControl", { temperature: 68n, unit: "fahrenheit" }).returned,
      "{'currentACTemperature': 68, 'climateMode': 'auto', 'humidityLevel': 50.0}"
    )
    assert.strictEqual(state.acTemperature, 20)
  })

  it("keeps int and float apart in the tank", () => {
    const { call } = open(VehicleControlAPI, Dict.of({ fuelLevel: 12n }))
    assert.strictEqual(call("fillFuelTank", { fuelAmount: 30n }).returned, "{'fuelLevel': 42}")
    assert.strictEqual(call("fillFuelTank", { fuelAmount: 0.5 }).returned, "{'fuelLevel': 42.5}")
    const { failure, returned } = call("fillFuelTank", { fuelAmount: 10n })
    assert.strictEqual(returned, "{'error': 'Cannot fill gas above the tank capacity.'}")
    assert.deepStrictEqual(failure?.subject, { argument: "fuelAmount", value: 10n, maximum: 7.5 })
  })

  it("stores the distance of a cruise that it refuses for its speed", () => {
    const { call, state } = readyCar()
    assert.strictEqual(
      call("setCruiseControl", { speed: 60n, activate: true, distanceToNextVehicle: 10n }).failure?.needs,
      "engine_running"
    )
    assert.strictEqual(state.distanceToNextVehicle, 50)
    call("startEngine", { ignitionMode: "START" })
    assert.strictEqual(
      call("setCruiseControl", { speed: "62", activate: true, distanceToNextVehicle: 10n }).returned,
      "{'error': 'Invalid speed'}"
    )
    assert.strictEqual(state.distanceToNextVehicle, 10)
    assert.strictEqual(
      call("setCruiseControl", { speed: "abc", activate: true, distanceToNextVehicle: 1n }).raised,
      "could not convert string to float: 'abc'"
    )
  })

  it("stores a destination before Python finds that it is no text", () => {
    const { call, state } = open(VehicleControlAPI, new Dict())
    assert.strictEqual(
      call("set_navigation", { destination: 11n }).raised,
      "can only concatenate str (not \"int\") to str"
    )
    assert.strictEqual(state.destination, 11n)
  })

  it("draws CPython's temperatures and speeds", () => {
    const { call } = open(VehicleControlAPI, new Dict())
    assert.strictEqual(
      call("get_outside_temperature_from_google").returned,
      "{'outsideTemperature': 36.63485703790535}"
    )
    assert.strictEqual(call("get_current_speed").returned, "{'currentSpeed': 99.11925428879405}")
  })

  it("calls a mean pressure of 30 to 35 healthy", () => {
    const { call } = open(VehicleControlAPI, Dict.of({ frontLeftTirePressure: 27.9 }))
    assert.include(call("check_tire_pressure").returned, "'healthy_tire_pressure': False")
    assert.include(
      open(VehicleControlAPI, new Dict()).call("check_tire_pressure").returned,
      "'healthy_tire_pressure': True"
    )
  })
})

describe("places", () => {
  it("finds a distance in either direction, and needs zip codes", () => {
    const { call } = open(VehicleControlAPI, new Dict())
    assert.strictEqual(call("estimate_distance", { cityA: "83214", cityB: "74532" }).returned, "{'distance': 750.0}")
    assert.strictEqual(call("estimate_distance", { cityA: "74532", cityB: "83214" }).returned, "{'distance': 750.0}")
    const unknown = call("estimate_distance", { cityA: "Rivermist", cityB: "Stonebrook" })
    assert.strictEqual(unknown.returned, "{'error': 'distance not found in database.'}")
    assert.strictEqual(unknown.failure?.needs, "zipcode")
  })

  it("answers 00000 for an unknown city, and knows that it has failed", () => {
    const { call } = open(VehicleControlAPI, new Dict())
    assert.strictEqual(call("get_zipcode_based_on_city", { city: "Rivermist" }).returned, "{'zipcode': '83214'}")
    const unknown = call("get_zipcode_based_on_city", { city: "rivermist" })
    assert.strictEqual(unknown.returned, "{'zipcode': '00000'}")
    assert.strictEqual(unknown.failure?.kind, "not_found")
  })
})

describe("long context", () => {
  const weather = Dict.of({ "-1_day": 1n })
  const longContext = LongContext.make(Dict.of({
    CAR_STATUS_METADATA_EXTENSION: "much text",
    INTERMEDIARY_CITIES: ["A", "B"],
    PARKING_BRAKE_INSTRUCTION: "an instruction",
    LONG_WEATHER_EXTENSION: weather
  }))

  it("puts the constants where the original does", () => {
    const call = caller(VehicleControlAPI, VehicleControlAPI.load(new Dict(), longContext))
    assert.strictEqual(
      call("displayCarStatus", { option: "x" }).returned,
      "{'metadata': 'much text', 'error': 'Invalid option'}"
    )
    assert.strictEqual(
      call("estimate_distance", { cityA: "a", cityB: "b" }).returned,
      "{'error': 'distance not found in database.', 'intermediaryCities': ['A', 'B']}"
    )
    assert.match(call("activateParkingBrake", { mode: "engage" }).returned ?? "", /^\{'parkingBrakeInstruction'/)
    assert.match(
      call("get_outside_temperature_from_google").returned ?? "",
      /^\{'-1_day': 1, 'outsideTemperature': 36\.6/
    )
  })

  it("leaves the shared constants as they are", () => {
    const call = caller(VehicleControlAPI, VehicleControlAPI.load(new Dict(), longContext))
    call("get_outside_temperature_from_google")
    assert.strictEqual(weather.size, 1)
  })
})

describe("laws", () => {
  const values: ReadonlyArray<Value> = [null, true, -1n, 1n, 60n, 0.5, 200, "START", "STOP", "driver", "x", ["trunk"], [
    "driver"
  ]]
  /** Calls whose failure comes after a change, in the original too. */
  const changesAndFails = new Set(["startEngine", "lockDoors", "setCruiseControl", "set_navigation"])

  const Draw = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1000 }))
  const Calls = Schema.Array(Schema.Tuple([Draw, Draw, Draw, Draw, Draw]))

  const play = (
    calls: typeof Calls.Type,
    each: (before: string, after: string, tool: string, failed: boolean) => void
  ) => {
    const { call, state } = open(VehicleControlAPI, new Dict())
    for (const [which, ...draws] of calls) {
      const tool = VehicleControlAPI.tools[which % VehicleControlAPI.tools.length]!
      const args = tool.parameters.map(({ name }, i) => [name, values[draws[i]! % values.length]!] as const)
      const before = snapshot(VehicleControlAPI, state)
      const called = call(tool.name, Object.fromEntries(args))
      const failed = called.raised !== undefined || called.failure !== undefined
      each(before, snapshot(VehicleControlAPI, state), tool.name, failed)
      if (called.failure !== undefined) assert.include(tool.failures, called.failure.kind)
    }
  }

  it.prop("a failed call leaves the state as it was, but for the original's exceptions", [Calls], ([calls]) => {
    play(calls, (before, after, tool, failed) => {
      if (failed && !changesAndFails.has(tool)) assert.strictEqual(after, before)
    })
  })

  it.prop("the count of unlocked doors agrees with the doors", [Calls], ([calls]) => {
    play(calls, (_, after) => {
      const count = Number(/remainingUnlockedDoors=(\d+)/.exec(after)?.[1])
      assert.strictEqual(count, (after.match(/'unlocked'/g) ?? []).length)
    })
  })

  it("every resource that a failure needs has a provider among the tools", () => {
    const names = VehicleControlAPI.tools.map((tool) => tool.name)
    for (const [resource, providers] of Object.entries(VehicleControlAPI.providers)) {
      assert.isAbove(providers.length, 0, resource)
      for (const provider of providers) assert.include(names, provider.tool)
    }
  })
})
