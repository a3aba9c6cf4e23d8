import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as LongContext from "../../../src/domain/bfcl/LongContext.ts"
import { Shared } from "../../../src/domain/bfcl/Shared.ts"
import { TravelAPI } from "../../../src/domain/bfcl/TravelAPI.ts"
import { airports, routes } from "../../../src/domain/bfcl/TravelTables.ts"
import { Dict, type Value } from "../../../src/domain/python/Value.ts"
import { caller, open, snapshot } from "./calls.ts"

/** A signed-in traveller with one card. */
const traveller = (settings: Readonly<Record<string, Value>> = {}) =>
  open(
    TravelAPI,
    Dict.of({
      access_token: "abc",
      user_first_name: "Ann",
      user_last_name: "Lee",
      credit_card_list: Dict.of({ main: Dict.of({ card_number: "1", balance: 1000n }) }),
      ...settings
    })
  )

const flight = {
  access_token: "abc",
  card_id: "main",
  travel_date: "2024-01-02",
  travel_from: "RMS",
  travel_to: "SBK",
  travel_class: "economy"
}

describe("signing in", () => {
  it("draws CPython's token and card", () => {
    const { call } = open(TravelAPI, new Dict())
    assert.strictEqual(
      call("authenticate_travel", { grant_type: "read_write", user_first_name: "Ann", user_last_name: "Lee" }).returned,
      "{'expires_in': 2, 'access_token': '251675', 'token_type': 'Bearer', 'scope': 'read_write'}"
    )
    assert.strictEqual(
      call("register_credit_card", { access_token: "251675", card_number: "4111" }).returned,
      "{'card_id': '391310425148'}"
    )
    assert.strictEqual(
      call("get_credit_card_balance", { access_token: "251675", card_id: "391310425148" }).returned,
      "{'card_balance': 58617}"
    )
  })

  it("needs a token, and accepts None where none is stored", () => {
    const { call } = open(TravelAPI, new Dict())
    assert.strictEqual(call("register_credit_card").returned, "{'error': 'Token not initialized'}")
    assert.strictEqual(call("get_booking_history", { access_token: null }).returned, "{'booking_history': {}}")
    const wrong = call("get_booking_history", { access_token: "x" })
    assert.strictEqual(wrong.returned, "{'error': 'Invalid access token'}")
    assert.strictEqual(wrong.failure?.kind, "invalid_credential")
    assert.strictEqual(wrong.failure?.needs, "access_token")
  })

  it("refuses an expired token before it looks at it", () => {
    const { call } = traveller({ token_expires_in: 0n })
    assert.strictEqual(call("get_booking_history", { access_token: "abc" }).returned, "{'error': 'Token expired'}")
    assert.strictEqual(call("travel_get_login_status").returned, "{'status': False}")
  })
})

describe("prices", () => {
  it("double on days with an even sum of digits, and grow with the class", () => {
    const { call } = open(TravelAPI, new Dict())
    const cost = (travel_date: Value, travel_class: string) =>
      call("get_flight_cost", { ...flight, travel_date, travel_class }).returned
    assert.strictEqual(cost("2024-01-02", "economy"), "{'travel_cost_list': [220.0]}")
    assert.strictEqual(cost("2024-01-01", "economy"), "{'travel_cost_list': [440.0]}")
    assert.strictEqual(cost("no digit", "first"), "{'travel_cost_list': [2200.0]}")
  })

  it("raise for an unknown route before an unknown class, and name the codes that are no airport", () => {
    const { call } = open(TravelAPI, new Dict())
    const { failure, raised } = call("get_flight_cost", { ...flight, travel_from: "Rivermist", travel_class: "x" })
    assert.strictEqual(raised, "No available route for the given airports.")
    assert.deepStrictEqual(failure?.subject, { travel_from: "Rivermist", travel_to: "SBK", unknown: ["Rivermist"] })
    assert.strictEqual(failure?.needs, "airport_code")
    assert.strictEqual(
      call("get_flight_cost", { ...flight, travel_class: "x" }).raised,
      "Invalid travel class. Options are: economy, business, first."
    )
    assert.strictEqual(call("get_flight_cost", { ...flight, travel_from: ["RMS"] }).raised, "unhashable type: 'list'")
    assert.strictEqual(call("get_flight_cost", { ...flight, travel_date: 3n }).raised, "'int' object is not iterable")
  })

  it("are those of the directed table", () => {
    assert.strictEqual(routes.length, 153)
    assert.strictEqual(airports.length, 23)
    const { call } = open(TravelAPI, new Dict())
    const cost = (travel_from: string, travel_to: string) =>
      call("get_flight_cost", { ...flight, travel_from, travel_to }).returned
    assert.strictEqual(cost("SFO", "LAX"), "{'travel_cost_list': [200.0]}")
    assert.strictEqual(cost("LAX", "SFO"), "{'travel_cost_list': [100.0]}")
  })
})

describe("booking", () => {
  it("charges the card and writes the record, both with the price as a float", () => {
    const { call, state } = traveller()
    assert.strictEqual(
      call("book_flight", flight).returned,
      "{'booking_id': '3426812', 'transaction_id': '45451592', 'booking_status': True, 'booking_history': {}}"
    )
    assert.match(
      call("get_booking_history", { access_token: "abc" }).returned ?? "",
      /'travel_cost': 220\.0, 'transaction_id': '45451592'\}\}\}$/
    )
    assert.strictEqual(
      call("get_credit_card_balance", { access_token: "abc", card_id: "main" }).returned,
      "{'card_balance': 780.0}"
    )
    assert.strictEqual(
      call("cancel_booking", { access_token: "abc", booking_id: "3426812" }).returned,
      "{'cancel_status': True}"
    )
    assert.strictEqual(state.booking_record.size, 0)
    assert.strictEqual(
      call("get_credit_card_balance", { access_token: "abc", card_id: "main" }).returned,
      "{'card_balance': 1000.0}"
    )
  })

  it("finds one thing wrong at a time, in the original's order", () => {
    const { call } = traveller({ budget_limit: 2000n })
    const error = (changes: Readonly<Record<string, Value>>) => {
      const { failure, raised, returned } = call("book_flight", { ...flight, ...changes })
      return raised ?? `${failure?.kind}: ${/'error': (.*)\}$/.exec(returned ?? "")?.[1]}`
    }
    assert.strictEqual(error({ access_token: "x", card_id: "y" }), "invalid_credential: 'Invalid access token'")
    assert.strictEqual(error({ card_id: "y", travel_from: "x" }), "not_found: 'Card not registered'")
    assert.strictEqual(error({ card_id: [] }), "unhashable type: 'list'")
    assert.strictEqual(error({ travel_from: "x" }), "invalid_value: 'Invalid departure airport code: x'")
    assert.strictEqual(error({ travel_to: "PVG" }), "invalid_value: 'Invalid destination airport code: PVG'")
    assert.strictEqual(error({ travel_date: "2024-13-01" }), "invalid_value: 'Invalid date format. Use YYYY-MM-DD.'")
    assert.strictEqual(error({ travel_date: 10n }), "strptime() argument 1 must be str, not int")
    assert.strictEqual(
      error({ travel_class: "x" }),
      "invalid_value: \"Invalid travel class. Must be one of {'first', 'business', 'economy'}\""
    )
    assert.strictEqual(error({ travel_to: "RMS" }), "not_found: 'No available route for the given airports.'")
    assert.strictEqual(error({ travel_class: "first" }), "insufficient: 'Insufficient funds'")
    assert.strictEqual(error({}), "insufficient: 'Balance is less than budget limit'")
  })

  it("reports the field that a configured record lacks", () => {
    const { call } = traveller({ booking_record: Dict.of({ b: Dict.of({ cost: 1n }) }) })
    assert.strictEqual(call("retrieve_invoice", { access_token: "abc", booking_id: "b" }).raised, "'travel_date'")
    assert.strictEqual(call("cancel_booking", { access_token: "abc", booking_id: "b" }).raised, "'card_id'")
  })

  it("sells insurance without asking whether the card has the money", () => {
    const { call } = traveller({ booking_record: Dict.of({ b: new Dict() }) })
    const insurance = { access_token: "abc", booking_id: "b", insurance_cost: 1500n, card_id: "main" }
    assert.match(call("purchase_insurance", insurance).returned ?? "", /'insurance_status': True/)
    assert.strictEqual(
      call("get_credit_card_balance", { access_token: "abc", card_id: "main" }).returned,
      "{'card_balance': -500}"
    )
    call("set_budget_limit", { access_token: "abc", budget_limit: " 1_000 " })
    assert.strictEqual(
      call("purchase_insurance", insurance).returned,
      "{'insurance_status': False, 'error': 'Exceeded budget limit'}"
    )
  })
})

describe("currencies", () => {
  it("are multiplied from dollars, divided and rounded to dollars, and raise otherwise", () => {
    const { call } = open(TravelAPI, new Dict())
    const change = (base_currency: string, target_currency: string, value: Value) => {
      const { raised, returned } = call("compute_exchange_rate", { base_currency, target_currency, value })
      return raised ?? returned
    }
    assert.strictEqual(change("USD", "RMB", 2.675), "{'exchanged_value': 18.724999999999998}")
    assert.strictEqual(change("USD", "RMB", 1n), "{'exchanged_value': 7.0}")
    assert.strictEqual(change("GBP", "USD", 100n), "{'exchanged_value': 142.86}")
    assert.strictEqual(change("JPY", "USD", "1"), "unsupported operand type(s) for /: 'str' and 'int'")
    assert.strictEqual(change("USD", "USD", 1n), "No available exchange rate for the given currencies.")
    assert.strictEqual(change("EUR", "GBP", 1n), "No available exchange rate for the given currencies.")
  })
})

const verify = (changes: Readonly<Record<string, Value>>) => {
  const person = { first_name: "Ann", last_name: "Lee", date_of_birth: "1990-05-15", passport_number: "US1" }
  return traveller().call("verify_traveler_information", { ...person, ...changes }).returned
}

describe("verifying a traveller", () => {
  it("checks name, date, age and passport in this order", () => {
    assert.strictEqual(verify({}), "{'verification_status': True}")
    assert.include(
      verify({ last_name: "X", date_of_birth: "x" }),
      "'Cannot book flight information for another user.Expected Ann Lee, got Ann X'"
    )
    assert.include(verify({ date_of_birth: "15-05-1990" }), "'Invalid date of birth format. Please use YYYY-MM-DD.'")
    assert.include(verify({ date_of_birth: "2022-01-01" }), "'Traveler must be at least 18 years old.'")
    assert.include(verify({ passport_number: "GB1" }), "'Passport must be issued by the United States.'")
  })

  it("takes the age on a fixed day: an episode does not depend on the calendar", () => {
    assert.include(verify({ date_of_birth: "2007-01-01" }), "True")
    assert.include(verify({ date_of_birth: "2007-01-02" }), "'Traveler must be at least 18 years old.'")
  })
})

const constants = () =>
  Dict.of({
    CREDIT_CARD_EXTENSION: Dict.of({ extra: Dict.of({ balance: 500n }) }),
    BOOKING_RECORD_EXTENSION: Dict.of({ b: new Dict() })
  })

describe("long context", () => {
  const charge = { access_token: null, booking_id: "b", insurance_cost: 100n, card_id: "extra" }
  const balance = { access_token: null, card_id: "extra" }

  it("adds cards and bookings that are a session's own", () => {
    const longContext = LongContext.make(constants())
    const one = caller(TravelAPI, TravelAPI.load(new Dict(), longContext))
    const other = caller(TravelAPI, TravelAPI.load(new Dict(), longContext))
    one("purchase_insurance", charge)
    assert.strictEqual(one("get_credit_card_balance", balance).returned, "{'card_balance': 400}")
    assert.strictEqual(other("get_credit_card_balance", balance).returned, "{'card_balance': 500}")
  })

  it("shares them between sessions, as the original does, when asked to", () => {
    const longContext = LongContext.make(constants())
    const shared = new Shared()
    const one = caller(TravelAPI, TravelAPI.load(new Dict(), longContext, shared))
    const other = caller(TravelAPI, TravelAPI.load(new Dict(), longContext, shared))
    one("purchase_insurance", charge)
    assert.strictEqual(other("get_credit_card_balance", balance).returned, "{'card_balance': 400}")
  })

  it("prices all routes in the table's order, once the asked one exists", () => {
    const call = caller(TravelAPI, TravelAPI.load(new Dict(), LongContext.make(new Dict())))
    const { returned } = call("get_flight_cost", flight)
    assert.strictEqual(returned?.split(",").length, routes.length)
    assert.match(returned ?? "", /^\{'travel_cost_list': \[200\.0, 500\.0, 400\.0/)
    assert.isDefined(call("get_flight_cost", { ...flight, travel_from: "HND" }).raised)
  })
})

describe("laws", () => {
  const words = "abc main b RMS SBK economy first 2024-01-02 USD EUR 250 x".split(" ")
  const values: ReadonlyArray<Value> = [...words, null, 0n, 100n, 12.5, -1n, ["x"]]
  const Draw = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1000 }))
  const Calls = Schema.Array(Schema.Tuple([Draw, Draw, Draw, Draw, Draw, Draw, Draw]))

  it.prop("a failed call leaves the state as it was, but for the last price", [Calls], ([calls]) => {
    const { call, state } = traveller({ booking_record: Dict.of({ b: Dict.of({ card_id: "main", travel_cost: 5n }) }) })
    const seen = () => snapshot(TravelAPI, state).replace(/^_flight_cost_lookup=.*\n/, "")
    for (const [which, ...draws] of calls) {
      const tool = TravelAPI.tools[which % TravelAPI.tools.length]!
      const args = tool.parameters.map(({ name }, i) => [name, values[draws[i]! % values.length]!] as const)
      const before = seen()
      const { failure, raised } = call(tool.name, Object.fromEntries(args))
      if (raised !== undefined || failure !== undefined) assert.strictEqual(seen(), before)
      if (failure !== undefined) assert.include(tool.failures, failure.kind)
    }
  })

  it("every provider is a tool", () => {
    const names = TravelAPI.tools.map((tool) => tool.name)
    for (const provider of Object.values(TravelAPI.providers).flat()) assert.include(names, provider.tool)
  })
})
