/**
 * BFCL's travel agency: sign-in, cards, flights, bookings, insurance, budget.
 *
 * The original checks no argument's type; see VehicleControlAPI for what follows from that.
 * Two departures, both so that an episode depends on nothing but its task: a traveller's age
 * is taken on a fixed day, and the cards and bookings that the long-context category adds are
 * a session's own (unless it is given a `Shared`).
 */
import { add, divide, isLess, multiply, round, subtract, toFloat } from "../python/Number.ts"
import { PySet } from "../python/Set.ts"
import { repr, str } from "../python/Text.ts"
import type { Value } from "../python/Value.ts"
import { Dict, equals, freeze } from "../python/Value.ts"
import type { FailureKind, Parameter, Tool, Toolset } from "./Toolset.ts"
import { Failure } from "./Toolset.ts"
import { dateOf, verifyTravelerInformation } from "./TravelerIdentity.ts"
import { allCosts, knownAirports, priceFlight, travelClasses } from "./TravelPricing.ts"
import { attributes, copier, dictOf, equalStates, item, load, type State } from "./TravelState.ts"
import { airportOfCity, airports, ratesPerUsd } from "./TravelTables.ts"

const required = (...names: ReadonlyArray<string>): ReadonlyArray<Parameter> => names.map((name) => ({ name }))

/** How a tool says no: its failure as data, and the dictionary it returns. */
type Refuse = (
  kind: FailureKind,
  error: string,
  subject: Readonly<Record<string, Value>>,
  needs?: string
) => Failure

/** Refusals whose dictionary has `leading` in front of the error. */
const refusing = (leading: Readonly<Record<string, Value>>): Refuse => (kind, error, subject, needs) =>
  new Failure(kind, subject, { returned: Dict.of({ ...leading, error }) }, needs)

const refuse = refusing({})
const refuseBooking = refusing({ booking_status: false })
const refuseCancellation = refusing({ cancel_status: false })
const refuseInsurance = refusing({ insurance_status: false })

/** The failure of a token that does not open the account; undefined when it does. */
const tokenFailure = (agency: State, token: Value, refuse: Refuse): Failure | undefined => {
  if (equals(agency.token_expires_in, 0n)) return refuse("precondition", "Token expired", {}, "access_token")
  return equals(token, agency.access_token)
    ? undefined
    : refuse("invalid_credential", "Invalid access token", { access_token: token }, "access_token")
}

/** A tool whose first argument is a token that has to open the account. */
const withToken = (refuse: Refuse, tool: Tool<State>): Tool<State> => ({
  ...tool,
  failures: ["precondition", "invalid_credential", ...tool.failures],
  run: (agency, token, ...given) => tokenFailure(agency, token, refuse) ?? tool.run(agency, token, ...given)
})

const bookingNotFound = (refuse: Refuse, booking_id: Value): Failure =>
  refuse("not_found", "Booking not found", { booking_id }, "booking_id")

const getBudgetFiscalYear: Tool<State> = {
  name: "get_budget_fiscal_year",
  parameters: [{ name: "lastModifiedAfter", default: null }, { name: "includeRemoved", default: null }],
  failures: [],
  run: () => Dict.of({ budget_fiscal_year: "2018" })
}

const authenticateTravel: Tool<State> = {
  name: "authenticate_travel",
  parameters: required(
    "client_id",
    "client_secret",
    "refresh_token",
    "grant_type",
    "user_first_name",
    "user_last_name"
  ),
  failures: [],
  run: (agency, _id, _secret, _refreshToken, grant_type, user_first_name, user_last_name) => {
    agency.token_expires_in = 2n
    agency.access_token = String(agency._random.randint(100_000, 999_999))
    agency.token_type = "Bearer"
    agency.token_scope = grant_type
    agency.user_first_name = user_first_name
    agency.user_last_name = user_last_name
    return Dict.of({
      expires_in: agency.token_expires_in,
      access_token: agency.access_token,
      token_type: agency.token_type,
      scope: grant_type
    })
  }
}

const travelGetLoginStatus: Tool<State> = {
  name: "travel_get_login_status",
  parameters: [],
  failures: [],
  run: (agency) => Dict.of({ status: agency.token_expires_in !== null && !equals(agency.token_expires_in, 0n) })
}

const registerCreditCard: Tool<State> = {
  name: "register_credit_card",
  parameters: required("access_token", "card_number", "expiration_date", "cardholder_name", "card_verification_number"),
  failures: ["precondition", "invalid_credential", "already_exists"],
  run: (agency, access_token, card_number, expiration_date, cardholder_name, cvv) => {
    if (agency.token_expires_in === null) {
      return refuse("precondition", "Token not initialized", {}, "access_token")
    }
    const denied = tokenFailure(agency, access_token, refuse)
    if (denied !== undefined) return denied
    // The original looks for the number among the ids.
    if (agency.credit_card_list.has(card_number)) {
      return refuse("already_exists", "Card already registered", { card_number }, "card_id")
    }
    const card_id = String(agency._random.randint(100_000_000_000, 999_999_999_999))
    agency.credit_card_list.set(
      card_id,
      Dict.of({
        card_number,
        expiration_date,
        cardholder_name,
        card_verification_number: cvv,
        balance: BigInt(agency._random.randint(10_000, 99_999))
      })
    )
    return Dict.of({ card_id })
  }
}

const getFlightCost: Tool<State> = {
  name: "get_flight_cost",
  parameters: required("travel_from", "travel_to", "travel_date", "travel_class"),
  failures: ["not_found", "invalid_value"],
  run: (agency, travel_from, travel_to, travel_date, travel_class) => {
    const cost = priceFlight(agency, travel_from, travel_to, travel_date, travel_class)
    if (cost instanceof Failure) return cost
    const { long_context, lastPricing } = agency
    return Dict.of({
      travel_cost_list: long_context && lastPricing !== undefined ? allCosts(lastPricing.factor) : [cost]
    })
  }
}

const getCreditCardBalance = withToken(refuse, {
  name: "get_credit_card_balance",
  parameters: required("access_token", "card_id"),
  failures: ["not_found"],
  run: (agency, _token, card_id) => {
    const card = agency.credit_card_list.get(card_id)
    if (card === undefined) {
      const registered = [...agency.credit_card_list.keys()]
      const error = `Card not registered. Here are a list of card_id's: ${repr(registered)}`
      return refuse("not_found", error, { card_id, registered }, "card_id")
    }
    return Dict.of({ card_balance: item(dictOf(card), "balance") })
  }
})

const bookFlight = withToken(refuseBooking, {
  name: "book_flight",
  parameters: required("access_token", "card_id", "travel_date", "travel_from", "travel_to", "travel_class"),
  failures: ["not_found", "invalid_value", "insufficient"],
  run: (agency, _token, card_id, date, from, to, travelClass) => {
    const found = agency.credit_card_list.get(card_id)
    if (found === undefined) {
      const registered = [...agency.credit_card_list.keys()]
      return refuseBooking("not_found", "Card not registered", { card_id, registered }, "card_id")
    }
    const card = dictOf(found)
    const balance = card.get("balance")
    if (balance === undefined) return refuseBooking("not_found", "Balance not found", { card_id }, "card_id")
    const invalid = itineraryFailure(date, from, to, travelClass)
    if (invalid !== undefined) return invalid
    const cost = priceFlight(agency, from, to, date, travelClass)
    if (cost instanceof Failure) {
      return refuseBooking(cost.kind, "No available route for the given airports.", cost.subject, cost.needs)
    }
    if (isLess(balance, cost)) {
      const subject = { argument: "card_id", value: card_id, available: balance, required: cost }
      return refuseBooking("insufficient", "Insufficient funds", subject)
    }
    const { budget_limit } = agency
    if (budget_limit !== null && isLess(balance, budget_limit)) {
      const subject = { balance, budget_limit, limit: balance }
      return refuseBooking("insufficient", "Balance is less than budget limit", subject, "budget")
    }
    card.set("balance", subtract(balance, cost, "-="))
    const booking_id = String(agency._random.randint(1_000_000, 9_999_999))
    const transaction_id = String(agency._random.randint(10_000_000, 99_999_999))
    agency.booking_record.set(
      booking_id,
      Dict.of({
        card_id,
        travel_date: date,
        travel_from: from,
        travel_to: to,
        travel_class: travelClass,
        travel_cost: cost,
        transaction_id
      })
    )
    return Dict.of({
      booking_id,
      transaction_id,
      booking_status: true,
      booking_history: agency.long_context ? agency.booking_record : new Dict()
    })
  }
})

const travelClassSet = new PySet(travelClasses)

const invalidAirport = (argument: string, code: Value, which: string): Failure => {
  const error = `Invalid ${which} airport code: ${str(code)}`
  const subject = { argument, value: code, allowed: [...airports], unknown: [code] }
  return refuseBooking("invalid_value", error, subject, "airport_code")
}

/** What is wrong with where, when and how to fly, before the price is asked for. */
const itineraryFailure = (date: Value, from: Value, to: Value, travelClass: Value): Failure | undefined => {
  if (!knownAirports.has(from)) return invalidAirport("travel_from", from, "departure")
  if (!knownAirports.has(to)) return invalidAirport("travel_to", to, "destination")
  if (dateOf(date) === undefined) {
    const error = "Invalid date format. Use YYYY-MM-DD."
    return refuseBooking("invalid_value", error, { argument: "travel_date", value: date, format: "YYYY-MM-DD" })
  }
  // A set in the original: what cannot be hashed is an error, and its order in the text is that of hash seed 0.
  if (!travelClassSet.has(travelClass)) {
    const error = "Invalid travel class. Must be one of {'first', 'business', 'economy'}"
    return refuseBooking("invalid_value", error, {
      argument: "travel_class",
      value: travelClass,
      allowed: travelClasses
    })
  }
  return undefined
}

const retrieveInvoice = withToken(refuse, {
  name: "retrieve_invoice",
  parameters: [...required("access_token"), { name: "booking_id", default: null }, {
    name: "insurance_id",
    default: null
  }],
  failures: ["not_found"],
  run: (agency, _token, booking_id) => {
    const found = agency.booking_record.get(booking_id)
    if (found === undefined) return bookingNotFound(refuse, booking_id)
    const record = dictOf(found)
    return Dict.of({
      invoice: Dict.of({
        booking_id,
        travel_date: item(record, "travel_date"),
        travel_from: item(record, "travel_from"),
        travel_to: item(record, "travel_to"),
        travel_class: item(record, "travel_class"),
        travel_cost: item(record, "travel_cost"),
        transaction_id: item(record, "transaction_id")
      })
    })
  }
})

const getBookingHistory = withToken(refuse, {
  name: "get_booking_history",
  parameters: required("access_token"),
  failures: [],
  run: (agency) => Dict.of({ booking_history: agency.booking_record })
})

/** Frozen, so that it is printed once. */
const allAirports: Array<Value> = [...airports]
freeze(allAirports)

const listAllAirports: Tool<State> = {
  name: "list_all_airports",
  parameters: [],
  failures: [],
  run: () => allAirports
}

const cancelBooking = withToken(refuseCancellation, {
  name: "cancel_booking",
  parameters: required("access_token", "booking_id"),
  failures: ["not_found"],
  run: (agency, _token, booking_id) => {
    const found = agency.booking_record.get(booking_id)
    if (found === undefined) return bookingNotFound(refuseCancellation, booking_id)
    const record = dictOf(found)
    const card = dictOf(item(agency.credit_card_list, item(record, "card_id")))
    card.set("balance", add(item(card, "balance"), item(record, "travel_cost"), "+="))
    agency.booking_record.delete(booking_id)
    return Dict.of({ cancel_status: true })
  }
})

const currencies = ["USD", ...ratesPerUsd.keys()]

const computeExchangeRate: Tool<State> = {
  name: "compute_exchange_rate",
  parameters: required("base_currency", "target_currency", "value"),
  failures: ["invalid_value"],
  run: (_agency, base_currency, target_currency, value) => {
    const fromUsd = base_currency === "USD" && typeof target_currency === "string"
      ? ratesPerUsd.get(target_currency)
      : undefined
    if (fromUsd !== undefined) return Dict.of({ exchanged_value: toFloat(multiply(value, fromUsd)) })
    const toUsd = target_currency === "USD" && typeof base_currency === "string"
      ? ratesPerUsd.get(base_currency)
      : undefined
    if (toUsd !== undefined) return Dict.of({ exchanged_value: round(divide(value, toUsd), 2n) })
    return new Failure("invalid_value", { base_currency, target_currency, allowed: currencies, oneOfThem: "USD" }, {
      raised: "No available exchange rate for the given currencies."
    })
  }
}

const setBudgetLimit = withToken(refuse, {
  name: "set_budget_limit",
  parameters: required("access_token", "budget_limit"),
  failures: [],
  run: (agency, _token, budget_limit) => {
    agency.budget_limit = toFloat(budget_limit)
    return Dict.of({ budget_limit: agency.budget_limit })
  }
})

const nearestAirports = Dict.of(airportOfCity)

const getNearestAirportByCity: Tool<State> = {
  name: "get_nearest_airport_by_city",
  parameters: required("location"),
  failures: ["not_found"],
  run: (_agency, location) => {
    const airport = nearestAirports.get(location)
    return airport === undefined
      ? new Failure("not_found", { location, allowed: [...nearestAirports.keys()] }, {
        returned: Dict.of({ nearest_airport: "Unknown" })
      })
      : Dict.of({ nearest_airport: airport })
  }
}

const purchaseInsurance = withToken(refuseInsurance, {
  name: "purchase_insurance",
  parameters: required("access_token", "insurance_type", "booking_id", "insurance_cost", "card_id"),
  failures: ["insufficient", "not_found"],
  run: (agency, _token, _insuranceType, booking_id, insurance_cost, card_id) => {
    const { budget_limit } = agency
    if (budget_limit !== null && isLess(budget_limit, insurance_cost)) {
      const subject = { insurance_cost, budget_limit, limit: insurance_cost }
      return refuseInsurance("insufficient", "Exceeded budget limit", subject, "budget")
    }
    if (!agency.booking_record.has(booking_id)) return bookingNotFound(refuseInsurance, booking_id)
    const found = agency.credit_card_list.get(card_id)
    if (found === undefined) {
      return refuseInsurance("not_found", "Credit card not registered", { card_id }, "card_id")
    }
    const card = dictOf(found)
    card.set("balance", subtract(item(card, "balance"), insurance_cost, "-="))
    return Dict.of({
      insurance_id: String(agency._random.randint(100_000_000, 999_999_999)),
      insurance_status: true
    })
  }
})

const contactCustomerSupport: Tool<State> = {
  name: "contact_customer_support",
  parameters: required("booking_id", "message"),
  failures: ["not_found"],
  run: (agency, booking_id) =>
    agency.booking_record.has(booking_id)
      ? Dict.of({
        customer_support_message: "Thank you for contacting customer support. " +
          "Your message has been received and we will get back to you shortly."
      })
      : bookingNotFound(refuse, booking_id)
}

const getAllCreditCards: Tool<State> = {
  name: "get_all_credit_cards",
  parameters: [],
  failures: [],
  run: (agency) => Dict.of({ credit_card_list: agency.credit_card_list })
}

export const TravelAPI: Toolset<State> = {
  name: "TravelAPI",
  tools: [
    getBudgetFiscalYear,
    authenticateTravel,
    travelGetLoginStatus,
    registerCreditCard,
    getFlightCost,
    getCreditCardBalance,
    bookFlight,
    retrieveInvoice,
    getBookingHistory,
    listAllAirports,
    cancelBooking,
    computeExchangeRate,
    verifyTravelerInformation,
    setBudgetLimit,
    getNearestAirportByCity,
    purchaseInsurance,
    contactCustomerSupport,
    getAllCreditCards
  ],
  load,
  attributes,
  copier,
  equalStates,
  providers: {
    access_token: [{ tool: "authenticate_travel" }],
    airport_code: [
      { tool: "get_nearest_airport_by_city", from: { location: "unknown" } },
      { tool: "list_all_airports" }
    ],
    booking_id: [{ tool: "get_booking_history" }, { tool: "book_flight" }],
    /** A limit that leaves room for the call. */
    budget: [{ tool: "set_budget_limit", from: { budget_limit: "limit" } }],
    card_id: [{ tool: "get_all_credit_cards" }, { tool: "register_credit_card" }]
  }
}
