/** Drills over VehicleControlAPI: a parked car whose doors may be open and whose brake is up. */
import type { Draws } from "../Seed.ts"
import { type Offer, type Request, type Theme, world } from "./Story.ts"
import { cities, doors, quoted } from "./Words.ts"

interface Car {
  fuel: number
  readonly unlocked: Set<string>
  brakePressed: boolean
  running: boolean
}

/** A car that is ready to start but for one thing, or for none. */
const build = (draws: Draws): Car => {
  const trouble = draws.pick(["doors", "brake", "none"])
  return {
    fuel: 5 + draws.below(15),
    unlocked: new Set(trouble === "doors" ? draws.sample(doors, 1 + draws.below(2)) : []),
    brakePressed: trouble !== "brake",
    running: false
  }
}

/** Written by hand, so that floats keep their `.0`. */
const configOf = (car: Car): string => {
  const doorStatus = doors.map((door) => `"${door}": "${car.unlocked.has(door) ? "unlocked" : "locked"}"`).join(", ")
  return `{"fuelLevel": ${car.fuel}.0, "batteryVoltage": 12.5, "engineState": "stopped", `
    + `"doorStatus": {${doorStatus}}, "brakePedalStatus": "${car.brakePressed ? "pressed" : "released"}", `
    + `"brakePedalForce": ${car.brakePressed ? "1000.0" : "0.0"}}`
}

const lock = (door: ReadonlyArray<string>, unlock: boolean): string =>
  `lockDoors(unlock=${unlock ? "True" : "False"}, door=[${door.map(quoted).join(", ")}])`

const pressBrake = "pressBrakePedal(pedalPosition=1)"
const start = "startEngine(ignitionMode='START')"

const open = (draws: Draws) => {
  const car = build(draws)
  const config = configOf(car)

  /** What has to be done before the engine starts. */
  const preparations = (): ReadonlyArray<string> => [
    ...(car.unlocked.size > 0 ? [lock(doors.filter((door) => car.unlocked.has(door)), false)] : []),
    ...(car.brakePressed ? [] : [pressBrake])
  ]

  const starting = (trapped: boolean): Offer => () => {
    if (car.running) return undefined
    const trap = car.unlocked.size > 0 ? "doors" : "brake"
    const before = preparations()
    if (before.length > 0 !== trapped) return undefined
    car.unlocked.clear()
    car.brakePressed = true
    car.running = true
    return {
      text: draws.pick(["Start the engine.", "Get the car running."]),
      calls: [...before, start],
      tool: "startEngine",
      ...(trapped && { trap })
    }
  }

  const cruising = (trapped: boolean): Offer => () => {
    if (car.running === trapped || car.unlocked.size > 0 || !car.brakePressed) return undefined
    const before = trapped ? [start] : []
    car.running = true
    const speed = 40 + 10 * draws.below(5)
    return {
      text: draws.pick([`Cruise at ${speed}.`, `Hold the speed at ${speed}.`]),
      calls: [...before, `setCruiseControl(speed=${speed}, activate=True, distanceToNextVehicle=100)`],
      tool: "setCruiseControl",
      ...(trapped && { trap: "engine" as const }),
      vague: { text: "Hold the speed for me.", reply: `Make it ${speed}.` }
    }
  }

  const plain: ReadonlyArray<Offer> = [
    () => {
      const amount = 5 * (1 + draws.below(4))
      if (car.fuel + amount > 50) return undefined
      car.fuel += amount
      return {
        text: draws.pick([`Put ${amount} gallons in the tank.`, `Refuel ${amount} gallons.`]),
        calls: [`fillFuelTank(fuelAmount=${amount})`],
        tool: "fillFuelTank",
        vague: { text: "Put some fuel in the tank.", reply: `Make it ${amount}.` }
      }
    },
    (): Request => {
      const mode = draws.pick(["on", "off"])
      return {
        text: draws.pick([`Turn ${mode} the headlights.`, `Headlights ${mode}, please.`]),
        calls: [`setHeadlights(mode=${quoted(mode)})`],
        tool: "setHeadlights"
      }
    },
    (): Request => {
      const engage = draws.chance(0.5)
      return {
        text: engage
          ? draws.pick(["Set the parking brake.", "Secure the car with the parking brake."])
          : draws.pick(["Release the parking brake.", "Take the parking brake off."]),
        calls: [`activateParkingBrake(mode=${quoted(engage ? "engage" : "release")})`],
        tool: "activateParkingBrake"
      }
    },
    (): Request => {
      const temperature = 18 + draws.below(8)
      return {
        text: draws.pick([`Set the temperature to ${temperature}.`, `Make it ${temperature} degrees in here.`]),
        calls: [`adjustClimateControl(temperature=${temperature})`],
        tool: "adjustClimateControl",
        vague: { text: "Change the temperature.", reply: `Make it ${temperature}.` }
      }
    },
    (): Request => {
      const city = draws.pick(cities)
      return {
        text: draws.pick([`Navigate to ${city}.`, `Show me the way to ${city}.`]),
        calls: [`set_navigation(destination=${quoted(city)})`],
        tool: "set_navigation",
        vague: { text: "Show me the way to my friend.", reply: `I mean ${city}.` }
      }
    },
    (): Request => {
      const [option, texts] = draws.pick<readonly [string, ReadonlyArray<string>]>([
        ["fuel", ["How much fuel is left?", "Check the fuel."]],
        ["battery", ["Is the battery fine?", "Check the battery."]],
        ["doors", ["Are the doors locked?", "Check the doors."]]
      ])
      return {
        text: draws.pick(texts),
        calls: [`displayCarStatus(option=${quoted(option)})`],
        tool: "displayCarStatus"
      }
    },
    (): Request => {
      const door = draws.pick(doors)
      const unlock = !car.unlocked.has(door)
      if (unlock) car.unlocked.add(door)
      else car.unlocked.delete(door)
      return {
        text: unlock ? `Unlock the ${door} door.` : `Lock the ${door} door.`,
        calls: [lock([door], unlock)],
        tool: "lockDoors",
        vague: { text: unlock ? "Unlock one door." : "Lock the door.", reply: `I mean ${door}.` }
      }
    },
    () => {
      if (car.brakePressed) return undefined
      car.brakePressed = true
      return {
        text: draws.pick(["Press the brake pedal down.", "Step on the brake fully."]),
        calls: [pressBrake],
        tool: "pressBrakePedal"
      }
    },
    starting(false),
    cruising(false)
  ]
  return world(draws, config, plain, [starting(true), starting(true), cruising(true)])
}

const openUnseen = (draws: Draws) => {
  const config = configOf(build(draws))
  const converting = (tool: string, argument: string, say: (amount: number) => string, vague: string): Offer => () => {
    const amount = 5 * (1 + draws.below(8))
    return {
      text: say(amount),
      calls: [`${tool}(${argument}=${amount})`],
      tool,
      vague: { text: vague, reply: `Make it ${amount}.` }
    }
  }
  return world(draws, config, [
    converting("liter_to_gallon", "liter", (amount) => `How many gallons are ${amount} liters?`, "Tell me in gallons."),
    converting("gallon_to_liter", "gallon", (amount) => `How many liters are ${amount} gallons?`, "Tell me in liters."),
    (): Request => ({ text: "Check the tires.", calls: ["check_tire_pressure()"], tool: "check_tire_pressure" }),
    (): Request => {
      const city = draws.pick(cities)
      return {
        text: `What is the zip code of ${city}?`,
        calls: [`get_zipcode_based_on_city(city=${quoted(city)})`],
        tool: "get_zipcode_based_on_city",
        vague: { text: "What is the zip code there?", reply: `I mean ${city}.` }
      }
    }
  ], [])
}

export const theme: Theme = {
  toolset: "VehicleControlAPI",
  tools: [
    "fillFuelTank",
    "setHeadlights",
    "activateParkingBrake",
    "adjustClimateControl",
    "set_navigation",
    "displayCarStatus",
    "lockDoors",
    "pressBrakePedal",
    "startEngine",
    "setCruiseControl"
  ],
  unseenTools: ["liter_to_gallon", "gallon_to_liter", "check_tire_pressure", "get_zipcode_based_on_city"],
  open,
  openUnseen
}
