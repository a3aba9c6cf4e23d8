/** Drills over TravelAPI: fares, money, bookings. */
import * as TravelTables from "../bfcl/TravelTables.ts"
import type { Draws } from "../Seed.ts"
import { type Offer, type Request, type Theme, type World, world } from "./Story.ts"
import {
  airports,
  bookingIds,
  cardIds,
  cities,
  currencies,
  dates,
  quoted,
  texts,
  tokens,
  travelClasses
} from "./Words.ts"

interface Account {
  readonly token: string
  readonly cards: ReadonlyArray<string>
  readonly bookings: Set<string>
}

const build = (draws: Draws): Account => ({
  token: draws.pick(tokens),
  cards: draws.sample(cardIds, 2),
  bookings: new Set(draws.sample(bookingIds, 2))
})

/** Written by hand, so that floats keep their `.0`. */
const configOf = (account: Account): string => {
  const cards = account.cards.map((id, i) =>
    `"${id}": {"card_number": "${id}", "expiration_date": "12/28", "cardholder_name": "Alice", `
    + `"card_verification_number": 123, "balance": ${(i + 2) * 500}.0}`
  )
  const bookings = [...account.bookings].map((id, i) =>
    `"${id}": {"card_id": "${account.cards[0]}", "travel_date": "${dates[i]}", "travel_from": "SFO", `
    + `"travel_to": "LAX", "travel_class": "economy", "travel_cost": 200.0, "transaction_id": "${id}"}`
  )
  return `{"credit_card_list": {${cards.join(", ")}}, "booking_record": {${bookings.join(", ")}}, `
    + `"access_token": "${account.token}", "token_type": "Bearer", "token_expires_in": 3600, `
    + `"token_scope": "read_write", "user_first_name": "Alice", "user_last_name": "Smith", "budget_limit": 2000.0}`
}

/** Routes between the airports that drills talk about. */
const routes = TravelTables.routes.filter(({ from, to }) => airports.includes(from) && airports.includes(to))

const airportOf: Readonly<Record<string, string>> = TravelTables.airportOfCity

const cityOf = (airport: string): string | undefined => cities.find((city) => airportOf[city] === airport)

const article = (noun: string): string => `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`

const lookUp = (city: string): string => `get_nearest_airport_by_city(location=${quoted(city)})`

const open = (draws: Draws): World => {
  const account = build(draws)
  const config = configOf(account)

  const flying = (trapped: boolean): Offer => () => {
    const { from, to } = draws.pick(routes)
    const city = cityOf(from)
    if (trapped && city === undefined) return undefined
    const date = draws.pick(dates)
    const travelClass = draws.pick(travelClasses)
    const origin = trapped && city !== undefined ? city : from
    return {
      text: draws.pick([
        `What is ${article(travelClass)} flight from ${origin} to ${to} on ${date}?`,
        `How much is ${travelClass} from ${origin} to ${to}, leaving ${date}?`
      ]),
      calls: [
        ...(trapped && city !== undefined ? [lookUp(city)] : []),
        `get_flight_cost(travel_from=${quoted(from)}, travel_to=${quoted(to)}, travel_date=${
          quoted(date)
        }, travel_class=${quoted(travelClass)})`
      ],
      tool: "get_flight_cost",
      ...(trapped && { trap: "city" as const }),
      vague: { text: `What is ${article(travelClass)} flight from ${origin} to ${to}?`, reply: `On ${date}.` }
    }
  }

  const plain: ReadonlyArray<Offer> = [
    flying(false),
    (): Request => {
      const city = draws.pick(cities)
      return {
        text: draws.pick([`Which airport is near ${city}?`, `Find the airport of ${city}.`]),
        calls: [lookUp(city)],
        tool: "get_nearest_airport_by_city",
        vague: { text: "Which airport is nearby?", reply: `I mean ${city}.` }
      }
    },
    (): Request => {
      const target = draws.pick(currencies.slice(1))
      const value = 100 * (1 + draws.below(5))
      return {
        text: draws.pick([`How much is ${value} USD in ${target}?`, `Convert ${value} USD to ${target}.`]),
        calls: [`compute_exchange_rate(base_currency='USD', target_currency=${quoted(target)}, value=${value})`],
        tool: "compute_exchange_rate",
        vague: { text: `Convert ${value} USD for me.`, reply: `I mean ${target}.` }
      }
    },
    (): Request => {
      const limit = 100 * (1 + draws.below(5))
      return {
        text: draws.pick([
          `Limit my budget to ${limit}, token ${account.token}.`,
          `My budget is ${limit}, token ${account.token}.`
        ]),
        calls: [`set_budget_limit(access_token=${quoted(account.token)}, budget_limit=${limit})`],
        tool: "set_budget_limit",
        vague: { text: `Limit my budget, token ${account.token}.`, reply: `Make it ${limit}.` }
      }
    },
    (): Request => {
      const card = draws.pick(account.cards)
      return {
        text: draws.pick([
          `What is left on ${card}? My token is ${account.token}.`,
          `Check the balance of ${card}, token ${account.token}.`
        ]),
        calls: [`get_credit_card_balance(access_token=${quoted(account.token)}, card_id=${quoted(card)})`],
        tool: "get_credit_card_balance",
        vague: { text: `Check my balance, token ${account.token}.`, reply: `I mean ${card}.` }
      }
    },
    () => {
      if (account.bookings.size < 2) return undefined
      const booking = draws.pick([...account.bookings])
      account.bookings.delete(booking)
      return {
        text: draws.pick([
          `Cancel ${booking}, token ${account.token}.`,
          `Call off ${booking}. My token is ${account.token}.`
        ]),
        calls: [`cancel_booking(access_token=${quoted(account.token)}, booking_id=${quoted(booking)})`],
        tool: "cancel_booking",
        vague: { text: `Cancel my trip, token ${account.token}.`, reply: `I mean ${booking}.` }
      }
    },
    (): Request => {
      const booking = draws.pick([...account.bookings])
      const message = draws.pick(texts)
      return {
        text: draws.pick([
          `Tell support about ${booking}: ${message}.`,
          `Contact support on ${booking} and say ${message}.`
        ]),
        calls: [`contact_customer_support(booking_id=${quoted(booking)}, message=${quoted(message)})`],
        tool: "contact_customer_support",
        vague: { text: `Tell support: ${message}.`, reply: `I mean ${booking}.` }
      }
    }
  ]
  return world(draws, config, plain, [flying(true)])
}

const openUnseen = (draws: Draws): World => {
  const account = build(draws)
  const withToken = (tool: string, text: string): Offer => (): Request => ({
    text: `${text}, token ${account.token}.`,
    calls: [`${tool}(access_token=${quoted(account.token)})`],
    tool
  })
  return world(draws, configOf(account), [
    (): Request => ({ text: "Which airports are there?", calls: ["list_all_airports()"], tool: "list_all_airports" }),
    (): Request => ({
      text: "Which fiscal year is the budget for?",
      calls: ["get_budget_fiscal_year()"],
      tool: "get_budget_fiscal_year"
    }),
    withToken("get_booking_history", "Show my bookings"),
    () => {
      const booking = draws.pick([...account.bookings])
      return {
        text: `Send me the invoice of ${booking}, token ${account.token}.`,
        calls: [`retrieve_invoice(access_token=${quoted(account.token)}, booking_id=${quoted(booking)})`],
        tool: "retrieve_invoice",
        vague: { text: `Send me the invoice, token ${account.token}.`, reply: `I mean ${booking}.` }
      }
    }
  ], [])
}

export const theme: Theme = {
  toolset: "TravelAPI",
  tools: [
    "get_flight_cost",
    "get_nearest_airport_by_city",
    "compute_exchange_rate",
    "set_budget_limit",
    "get_credit_card_balance",
    "cancel_booking",
    "contact_customer_support"
  ],
  unseenTools: ["list_all_airports", "get_budget_fiscal_year", "get_booking_history", "retrieve_invoice"],
  open,
  openUnseen
}
