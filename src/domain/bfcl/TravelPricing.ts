/** What a flight costs in BFCL's travel agency: its route, times a factor for its class, times one for its day. */
import { toInt } from "../python/Number.ts"
import { digitsIn, isDigit } from "../python/Text.ts"
import { attributeError, checkHashable, freeze, iterate, type Value } from "../python/Value.ts"
import { Failure } from "./Toolset.ts"
import type { State } from "./TravelState.ts"
import { airports, classFactors, type Route, routeBetween, routes } from "./TravelTables.ts"

/** How many odd digits there are in a text; undefined for one in which digits may be other than ASCII's. */
const oddDigitsOfAscii = (text: string): number | undefined => {
  let odd = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return undefined
    if (code >= 48 && code <= 57) odd += code & 1
  }
  return odd
}

/** The parts of a date that `isdigit` holds for: of a text its digits, of a list those of its items. */
const digitsOf = (travel_date: Value): ReadonlyArray<string> => {
  if (typeof travel_date === "string") return digitsIn(travel_date)
  return Array.from(iterate(travel_date), (item) => {
    if (typeof item !== "string") throw attributeError(item, "isdigit")
    return item
  }).filter(isDigit)
}

/** A superscript digit is no integer to Python. */
const isOdd = (digits: string): boolean =>
  /^[0-9]$/.test(digits) ? digits.charCodeAt(0) % 2 === 1 : toInt(digits) % 2n === 1n

const oddDigits = (travel_date: Value): number => {
  const odd = typeof travel_date === "string" ? oddDigitsOfAscii(travel_date) : undefined
  return odd ?? digitsOf(travel_date).filter(isOdd).length
}

/** Twice the price on days whose digits add up to an even number. */
const dayFactor = (travel_date: Value): number => oddDigits(travel_date) % 2 === 0 ? 2 : 1

/** Where a booking may depart and arrive. */
export const knownAirports: ReadonlySet<unknown> = new Set(airports)

const unknownAirports = (...codes: ReadonlyArray<Value>): Array<Value> =>
  codes.filter((code) => !knownAirports.has(code))

export const travelClasses = [...classFactors.keys()]

/** Python looks for the pair in a dictionary, so what is no key at all is an error of its own. */
const routeOf = (from: Value, to: Value): Route | undefined => {
  if (typeof from === "string" && typeof to === "string") return routeBetween(from, to)
  checkHashable(from)
  checkHashable(to)
  return undefined
}

/** The price of a flight in USD. It is remembered, in long context together with the prices of all other routes. */
export const priceFlight = (
  agency: State,
  travel_from: Value,
  travel_to: Value,
  travel_date: Value,
  travel_class: Value
): number | Failure => {
  const route = routeOf(travel_from, travel_to)
  if (route === undefined) {
    const unknown = unknownAirports(travel_from, travel_to)
    return new Failure(
      "not_found",
      { travel_from, travel_to, unknown },
      { raised: "No available route for the given airports." },
      unknown.length > 0 ? "airport_code" : undefined
    )
  }
  const classFactor = typeof travel_class === "string" ? classFactors.get(travel_class) : undefined
  if (classFactor === undefined) {
    return new Failure(
      "invalid_value",
      { argument: "travel_class", value: travel_class, allowed: travelClasses },
      { raised: "Invalid travel class. Options are: economy, business, first." }
    )
  }
  const factor = classFactor * dayFactor(travel_date)
  agency.lastPricing = { routes: agency.long_context ? routes : [route], travel_class, travel_date, factor }
  return route.price * factor
}

/** By factor, of which there are five. */
const costsOfAllRoutes = new Map<number, Array<Value>>()

/** What all routes cost with that factor, frozen. */
export const allCosts = (factor: number): Array<Value> => {
  let costs = costsOfAllRoutes.get(factor)
  if (costs === undefined) {
    costs = routes.map(({ price }) => price * factor)
    freeze(costs)
    costsOfAllRoutes.set(factor, costs)
  }
  return costs
}
