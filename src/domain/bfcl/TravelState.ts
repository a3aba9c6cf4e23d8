/** The state of BFCL's travel agency: what a configuration sets, and what its tools change. */
import { PythonError } from "../python/PythonError.ts"
import { Random } from "../python/Random.ts"
import { repr, str } from "../python/Text.ts"
import { Dict, typeName, type Value } from "../python/Value.ts"
import * as Attributes from "./Attributes.ts"
import type { LongContext } from "./LongContext.ts"
import { Shared } from "./Shared.ts"
import { settings } from "./Toolset.ts"
import type { Route } from "./TravelTables.ts"

/** The flights that were priced last: one, or in long context all of them. */
export interface Pricing {
  readonly routes: ReadonlyArray<Route>
  readonly travel_class: Value
  readonly travel_date: Value
  /** What the base prices are multiplied by. */
  readonly factor: number
}

/** Python's attributes under their own names. A value has the type that the configuration or a call gave it. */
export interface State {
  /** What `_flight_cost_lookup` holds in Python. */
  lastPricing: Pricing | undefined
  readonly _random: Random
  readonly credit_card_list: Dict
  readonly booking_record: Dict
  access_token: Value
  token_type: Value
  token_expires_in: Value
  token_scope: Value
  user_first_name: Value
  user_last_name: Value
  budget_limit: Value
  readonly long_context: boolean
}

/** The entries of a long-context constant that the table does not have yet. */
const extend = (table: Dict, extension: Value): void => {
  if (!(extension instanceof Dict)) return
  for (const [key, value] of extension.entries()) if (!table.has(key)) table.set(key, value)
}

/** A new agency. The configuration is adopted. Throws `PythonError` for one that is no configuration. */
export const load = (config: Value, longContext: LongContext | undefined, shared = new Shared()): State => {
  const configured = settings(config)
  const credit_card_list = dictOf(configured("credit_card_list", new Dict()))
  const booking_record = dictOf(configured("booking_record", new Dict()))
  if (longContext !== undefined) {
    extend(credit_card_list, shared.extension(longContext, "CREDIT_CARD_EXTENSION"))
    extend(booking_record, shared.extension(longContext, "BOOKING_RECORD_EXTENSION"))
  }
  return {
    lastPricing: undefined,
    _random: Random.seeded(configured("random_seed", 141053n)),
    credit_card_list,
    booking_record,
    access_token: configured("access_token", null),
    token_type: configured("token_type", null),
    token_expires_in: configured("token_expires_in", null),
    token_scope: configured("token_scope", null),
    user_first_name: configured("user_first_name", null),
    user_last_name: configured("user_last_name", null),
    budget_limit: configured("budget_limit", null),
    long_context: longContext !== undefined
  }
}

/** A value that has to be a dictionary. */
export const dictOf = (value: Value): Dict => {
  if (value instanceof Dict) return value
  throw new PythonError("TypeError", `'${typeName(value)}' object is not subscriptable`)
}

/** `table[key]`. */
export const item = (table: Dict, key: Value): Value => {
  const value = table.get(key)
  if (value === undefined) throw new PythonError("KeyError", repr(key))
  return value
}

/** What the last priced flights cost, by `from|to|class|date`. */
const flightCosts = ({ factor, routes, travel_class, travel_date }: Pricing): Dict =>
  Dict.from(routes.map(({ from, price, to }) => [
    `${from}|${to}|${str(travel_class)}|${str(travel_date)}`,
    Dict.of({ cost: price * factor })
  ]))

/** Python's order, from the second attribute on. */
const named = Attributes.named(
  (state: State) => ({
    ...state,
    _random: state._random.deepCopy(),
    credit_card_list: state.credit_card_list.deepCopy(),
    booking_record: state.booking_record.deepCopy()
  }),
  "_random",
  "credit_card_list",
  "booking_record",
  "access_token",
  "token_type",
  "token_expires_in",
  "token_scope",
  "user_first_name",
  "user_last_name",
  "budget_limit",
  "long_context"
)

export const { copier, equalStates } = named

export const attributes = (agency: State): ReadonlyArray<readonly [name: string, value: Value]> => [
  ["_flight_cost_lookup", agency.lastPricing === undefined ? new Dict() : flightCosts(agency.lastPricing)],
  ...named.attributes(agency)
]
