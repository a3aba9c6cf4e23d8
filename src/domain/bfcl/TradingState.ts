/** The state of BFCL's trading account: what a configuration sets, and what its tools change. */
import { toInt } from "../python/Number.ts"
import { Random } from "../python/Random.ts"
import { isDigit } from "../python/Text.ts"
import { attributeError, deepCopy, Dict, type Value } from "../python/Value.ts"
import * as Attributes from "./Attributes.ts"
import type { LongContext } from "./LongContext.ts"
import { settings } from "./Toolset.ts"
import { defaultStocks } from "./TradingTables.ts"

/** Python's attributes under their own names. A value has the type that the configuration or a call gave it. */
export interface State {
  /** By id: an int, also where the configuration spells it as text. */
  readonly orders: Dict
  readonly account_info: Dict
  authenticated: Value
  readonly market_status: Value
  order_counter: Value
  readonly stocks: Dict
  readonly watch_list: Array<Value>
  readonly transaction_history: Array<Value>
  readonly long_context: boolean
  readonly _random: Random
  /** The constants behind `long_context`; no attribute of the original. */
  readonly longContext: LongContext | undefined
}

const defaultOrders = (): Dict =>
  Dict.from([
    [
      12345n,
      Dict.of({ id: 12345n, order_type: "Buy", symbol: "AAPL", price: 210.65, amount: 10n, status: "Completed" })
    ],
    [
      12446n,
      Dict.of({ id: 12446n, order_type: "Sell", symbol: "GOOG", price: 2840.56, amount: 5n, status: "Pending" })
    ]
  ])

const dictOf = (value: Value): Dict => {
  if (value instanceof Dict) return value
  throw attributeError(value, "items")
}

const listOf = (value: Value): Array<Value> => {
  if (Array.isArray(value)) return value
  throw attributeError(value, "append")
}

/** The orders with numbers for keys that are digits. */
const byId = (orders: Dict): Dict =>
  Dict.from(Array.from(orders.entries(), ([key, order]) => [
    typeof key === "string" && isDigit(key) ? toInt(key) : key,
    order
  ]))

/** A new account. The configuration is adopted. Throws `PythonError` for one that is no configuration. */
export const load = (config: Value, longContext: LongContext | undefined): State => {
  const configured = settings(config)
  return {
    orders: byId(dictOf(configured("orders", defaultOrders()))),
    account_info: dictOf(
      configured(
        "account_info",
        Dict.of({ account_id: 12345n, balance: 10000, binding_card: 1974202140965533n })
      )
    ),
    authenticated: configured("authenticated", false),
    market_status: configured("market_status", "Closed"),
    // The id of an order that exists: the first new order takes its place.
    order_counter: configured("order_counter", 12446n),
    stocks: dictOf(configured("stocks", defaultStocks())),
    watch_list: listOf(configured("watch_list", ["NVDA"])),
    transaction_history: listOf(configured("transaction_history", [])),
    long_context: longContext !== undefined,
    _random: Random.seeded(configured("random_seed", 1053520n)),
    longContext
  }
}

/** Python's order. */
export const { attributes, copier, equalStates } = Attributes.named(
  (state: State) => ({
    ...state,
    orders: state.orders.deepCopy(),
    account_info: state.account_info.deepCopy(),
    stocks: state.stocks.deepCopy(),
    watch_list: state.watch_list.map(deepCopy),
    transaction_history: state.transaction_history.map(deepCopy),
    _random: state._random.deepCopy()
  }),
  "orders",
  "account_info",
  "authenticated",
  "market_status",
  "order_counter",
  "stocks",
  "watch_list",
  "transaction_history",
  "long_context",
  "_random"
)
