/**
 * BFCL's trading account: one user, orders, money in and out, a watch list, quotes that never move.
 *
 * The original checks no argument's type; see VehicleControlAPI for what follows from that. It shares nothing between
 * instances that could change: what long context adds to results is frozen.
 */
import { remembered } from "../Memo.ts"
import { format } from "../python/Format.ts"
import {
  absolute,
  add,
  isGreater,
  isGreaterOrEqual,
  isLessOrEqual,
  isNumeric,
  multiply,
  subtract,
  toFloat,
  toInt
} from "../python/Number.ts"
import { PythonError } from "../python/PythonError.ts"
import { item } from "../python/Subscript.ts"
import { lower, repr, str, upper } from "../python/Text.ts"
import { compareTimes, dateFormat, type DateTime, strptime, timestampFormat } from "../python/Time.ts"
import { attributeError, contains, Dict, equals, iterate, truthy, type Value } from "../python/Value.ts"
import { constant, extended, type LongContext } from "./LongContext.ts"
import { Failure, type FailureKind, type Parameter, type Tool, type Toolset } from "./Toolset.ts"
import { attributes, copier, equalStates, load, type State } from "./TradingState.ts"
import { symbolOfCompany, symbolsOfSector } from "./TradingTables.ts"

type Subject = Readonly<Record<string, Value>>

const required = (...names: ReadonlyArray<string>): ReadonlyArray<Parameter> => names.map((name) => ({ name }))

const failed = (kind: FailureKind, error: string, subject: Subject, needs?: string): Failure =>
  new Failure(kind, subject, { returned: Dict.of({ error }) }, needs)

const alone = (error: string): Value => Dict.of({ error })
const inList = (error: string): Value => [Dict.of({ error })]

/** A tool that only a signed-in user may call. Others are told so, in the form that its results have. */
const forSignedIn = (purpose: string, tool: Tool<State>, form = alone): Tool<State> => ({
  ...tool,
  failures: ["precondition", ...tool.failures],
  run: (account, ...given) =>
    truthy(account.authenticated) ? tool.run(account, ...given) : new Failure("precondition", {}, {
      returned: form(`User not authenticated. Please log in to ${purpose}.`)
    }, "trading_login")
})

const done = (status: string): Failure => new Failure("already_done", {}, { returned: Dict.of({ status }) })

/** Those of the arguments that are numbers, but not above zero. */
const notPositive = (error: string, given: Subject): Failure => {
  const wrong = Object.entries(given).filter(([, value]) => isNumeric(value) && isLessOrEqual(value, 0n))
  return failed("invalid_value", error, {
    arguments: wrong.map(([name]) => name),
    names: wrong.map(([, value]) => value),
    type: "more than 0"
  })
}

const balanceOf = (account: State): Value => item(account.account_info, "balance")

/** The long-context constant of that name, a list; nothing in other categories. */
const extension = ({ longContext }: State, name: string): Array<Value> => {
  const value = longContext && constant(longContext, name)
  return Array.isArray(value) ? value : []
}

/** What long context makes of stocks and orders that are as they were loaded. */
const swollen = new WeakMap<LongContext, WeakMap<object, Dict>>()

/**
 * `value.copy()` of a dictionary, with what long context adds to it. For one that is as it was loaded it is the same
 * every time, frozen: its text is long, and made once.
 */
const swell = (value: Value, longContext: LongContext, add: (copy: Dict) => void): Dict => {
  if (!(value instanceof Dict)) throw attributeError(value, "copy")
  const { shared } = value
  let known = swollen.get(longContext)
  if (known === undefined) swollen.set(longContext, known = new WeakMap())
  const found = shared && known.get(shared)
  if (found !== undefined) return found
  const copy = shared === undefined ? value.copy() : value.deepCopy()
  add(copy)
  if (shared !== undefined) {
    copy.freeze()
    known.set(shared, copy)
  }
  return copy
}

const getCurrentTime: Tool<State> = {
  name: "get_current_time",
  parameters: [],
  failures: [],
  run: () => Dict.of({ current_time: "10:30 AM" })
}

const getSymbolByName: Tool<State> = {
  name: "get_symbol_by_name",
  parameters: required("name"),
  failures: ["not_found"],
  run: (_account, name) => {
    const symbol = symbolOfCompany.get(name)
    return symbol === undefined
      ? new Failure("not_found", { argument: "name", value: name, allowed: [...symbolOfCompany.keys()] }, {
        returned: Dict.of({ symbol: "Stock not found" })
      })
      : Dict.of({ symbol })
  }
}

const getStockInfo: Tool<State> = {
  name: "get_stock_info",
  parameters: required("symbol"),
  failures: ["not_found"],
  run: (account, symbol) => {
    const stock = account.stocks.get(symbol)
    if (stock === undefined) {
      const subject = { argument: "symbol", value: symbol }
      return failed("not_found", `Stock with symbol '${str(symbol)}' not found.`, subject, "stock_symbol")
    }
    if (account.longContext === undefined) return stock
    return swell(stock, account.longContext, (info) => {
      info.set("MA(5)", extension(account, "MA_5_EXTENSION"))
      info.set("MA(20)", extension(account, "MA_20_EXTENSION"))
    })
  }
}

/** Texts about any stock -> those about a stock of that name. */
const backgrounds = new WeakMap<Dict, (symbol: string) => Dict>()

const filled = (texts: Dict): (symbol: string) => Dict =>
  remembered((symbol) => {
    const background = Dict.from(
      Array.from(texts.entries(), ([topic, text]) => [topic, str(text).replaceAll("{symbol}", () => symbol)])
    )
    background.freeze()
    return background
  })

/** What long context adds to an order: texts about its stock, frozen. */
const background = (texts: Value, symbol: Value): Dict => {
  if (!(texts instanceof Dict)) return new Dict()
  let about = backgrounds.get(texts)
  if (about === undefined) backgrounds.set(texts, about = filled(texts))
  return about(str(symbol))
}

const getOrderDetails: Tool<State> = {
  name: "get_order_details",
  parameters: required("order_id"),
  failures: ["not_found"],
  run: (account, order_id) => {
    const order = account.orders.get(order_id)
    if (order === undefined) {
      const ids = [...account.orders.keys()]
      const error = `Order with ID ${str(order_id)} not found.Here is the list of orders_id: ${repr(ids)}`
      return failed("not_found", error, { argument: "order_id", value: order_id, allowed: ids })
    }
    if (account.longContext === undefined) return order
    const texts = constant(account.longContext, "ORDER_DETAIL_EXTENSION")
    return swell(order, account.longContext, (details) => {
      details.set("metadata", background(texts, item(details, "symbol")))
    })
  }
}

const cancelOrder: Tool<State> = {
  name: "cancel_order",
  parameters: required("order_id"),
  failures: ["not_found", "invalid_value"],
  run: (account, order_id) => {
    const order = account.orders.get(order_id)
    const subject = { argument: "order_id", value: order_id }
    if (order === undefined) {
      return failed("not_found", `Order with ID ${str(order_id)} not found.`, subject, "order_id")
    }
    if (equals(item(order, "status"), "Completed")) {
      const error = `Can't cancel order ${str(order_id)}. Order is already completed.`
      return failed("invalid_value", error, { ...subject, type: "an order that is not completed" })
    }
    if (order instanceof Dict) order.set("status", "Cancelled")
    return Dict.of({ order_id, status: "Cancelled" })
  }
}

const dollars = (value: Value): string => `$${format(value, ".2f")}`

/** The failure of a purchase that the balance does not cover; undefined when it does. */
const unaffordable = (account: State, price: Value, amount: Value): Failure | undefined => {
  const cost = multiply(toFloat(price), toInt(amount))
  const balance = balanceOf(account)
  if (!isGreater(cost, balance)) return undefined
  // In whole cents, so that it is enough.
  const missing = Math.ceil(toFloat(subtract(cost, balance)) * 100) / 100
  return failed(
    "insufficient",
    `Insufficient funds: required ${dollars(cost)} but only ${dollars(balance)} available.`,
    { required: cost, available: balance, missing },
    "funds"
  )
}

const placeOrder = forSignedIn("place an order", {
  name: "place_order",
  parameters: required("order_type", "symbol", "price", "amount"),
  failures: ["not_found", "invalid_value", "insufficient"],
  run: (account, order_type, symbol, price, amount) => {
    if (!account.stocks.has(symbol)) {
      const subject = { argument: "symbol", value: symbol }
      return failed("not_found", `Invalid stock symbol: ${str(symbol)}`, subject, "stock_symbol")
    }
    if (isLessOrEqual(price, 0n) || isLessOrEqual(amount, 0n)) {
      return notPositive("Price and amount must be positive values.", { price, amount })
    }
    if (typeof order_type !== "string") throw attributeError(order_type, "lower")
    const refused = lower(order_type) === "buy" ? unaffordable(account, price, amount) : undefined
    if (refused !== undefined) return refused
    const order_id = account.order_counter
    const paid = toFloat(price)
    account.orders.set(order_id, Dict.of({ id: order_id, order_type, symbol, price: paid, amount, status: "Open" }))
    account.order_counter = add(order_id, 1n, "+=")
    return Dict.of({ order_id, order_type, status: "Pending", price: paid, amount })
  }
})

/** When the exchange's day begins, in seconds from midnight, and how far a transaction may lie from there. */
const opening = 37_800
const day = 86_400

const twoDigits = (value: number): string => value < 10 ? `0${value}` : String(value)

/** A moment of the first two days of the exchange, drawn. */
const drawTimestamp = (account: State): string => {
  const seconds = opening + account._random.randint(0, day)
  const clock = [seconds % day / 3600, seconds / 60 % 60, seconds % 60].map((part) => twoDigits(Math.floor(part)))
  return `2024-09-0${seconds < day ? 1 : 2} ${clock.join(":")}`
}

/** The money has moved: the new balance, and an entry in the history. */
const settle = (account: State, type: "deposit" | "withdrawal", amount: Value, balance: Value): void => {
  account.account_info.set("balance", balance)
  account.transaction_history.push(Dict.of({ type, amount, timestamp: drawTimestamp(account) }))
}

const withdrawFunds = forSignedIn("make a transaction", {
  name: "withdraw_funds",
  parameters: required("amount"),
  failures: ["precondition", "invalid_value", "insufficient"],
  run: (account, amount) => {
    if (!equals(account.market_status, "Open")) {
      const error = "Market is closed. Transactions are not allowed."
      return failed("precondition", error, { market_status: account.market_status }, "open_market")
    }
    if (isLessOrEqual(amount, 0n)) return notPositive("Transaction amount must be positive.", { amount })
    const balance = balanceOf(account)
    if (isGreater(amount, balance)) {
      const subject = { argument: "amount", value: amount, maximum: balance }
      return failed("insufficient", "Insufficient funds for withdrawal.", subject)
    }
    const new_balance = subtract(balance, amount, "-=")
    settle(account, "withdrawal", amount, new_balance)
    return Dict.of({ status: "Withdrawal successful", new_balance })
  }
})

const fundAccount = forSignedIn("fund the account", {
  name: "fund_account",
  parameters: required("amount"),
  failures: ["invalid_value"],
  run: (account, amount) => {
    if (isLessOrEqual(amount, 0n)) return notPositive("Funding amount must be positive.", { amount })
    const new_balance = add(balanceOf(account), amount, "+=")
    settle(account, "deposit", amount, new_balance)
    return Dict.of({ status: "Account funded successfully", new_balance })
  }
})

const getAccountInfo = forSignedIn("view account information", {
  name: "get_account_info",
  parameters: [],
  failures: [],
  run: (account) => account.account_info
})

const tradingLogin: Tool<State> = {
  name: "trading_login",
  parameters: required("username", "password"),
  failures: ["already_done"],
  run: (account) => {
    if (truthy(account.authenticated)) return done("Already logged in")
    account.authenticated = true
    return Dict.of({ status: "Logged in successfully" })
  }
}

const tradingGetLoginStatus: Tool<State> = {
  name: "trading_get_login_status",
  parameters: [],
  failures: [],
  run: (account) => Dict.of({ status: truthy(account.authenticated) })
}

const tradingLogout: Tool<State> = {
  name: "trading_logout",
  parameters: [],
  failures: ["already_done"],
  run: (account) => {
    if (!truthy(account.authenticated)) return done("No user is currently logged in")
    account.authenticated = false
    return Dict.of({ status: "Logged out successfully" })
  }
}

const removeStockFromWatchlist = forSignedIn("modify the watchlist", {
  name: "remove_stock_from_watchlist",
  parameters: required("symbol"),
  failures: ["not_found"],
  run: (account, symbol) => {
    const at = account.watch_list.findIndex((watched) => equals(watched, symbol))
    if (at < 0) {
      const subject = { argument: "symbol", value: symbol }
      return failed("not_found", `Stock ${str(symbol)} not found in watchlist.`, subject, "watched_stock")
    }
    account.watch_list.splice(at, 1)
    return Dict.of({ status: `Stock ${str(symbol)} removed from watchlist successfully.` })
  }
})

const getWatchlist = forSignedIn("view the watchlist", {
  name: "get_watchlist",
  parameters: [],
  failures: [],
  run: (account) =>
    account.long_context
      ? extended(account.watch_list, extension(account, "WATCH_LIST_EXTENSION"))
      : Dict.of({ watchlist: account.watch_list })
}, (error) => [`Error: ${error}`])

const getOrderHistory = forSignedIn("view order history", {
  name: "get_order_history",
  parameters: [],
  failures: [],
  run: (account) => Dict.of({ history: [...account.orders.keys()] })
}, inList)

/** The date of an argument, nothing for one that is empty, or its failure. Throws Python's TypeError for what is no text. */
const dateOf = (argument: string, value: Value): DateTime | undefined | Failure => {
  if (!truthy(value)) return undefined
  try {
    return strptime(value, dateFormat)
  } catch (error) {
    if (!(error instanceof PythonError) || error.type !== "ValueError") throw error
    return new Failure("invalid_value", { argument, value, format: "YYYY-MM-DD" }, { raised: error.message })
  }
}

const getTransactionHistory = forSignedIn("view transaction history", {
  name: "get_transaction_history",
  parameters: [{ name: "start_date", default: null }, { name: "end_date", default: null }],
  failures: ["invalid_value"],
  run: (account, start_date, end_date) => {
    const start = dateOf("start_date", start_date)
    if (start instanceof Failure) return start
    const end = dateOf("end_date", end_date)
    if (end instanceof Failure) return end
    const within = account.transaction_history.filter((transaction) => {
      const time = strptime(item(transaction, "timestamp"), timestampFormat)
      return (start === undefined || compareTimes(start, time) <= 0) &&
        (end === undefined || compareTimes(time, end) <= 0)
    })
    return Dict.of({ transaction_history: extended(within, extension(account, "TRANSACTION_HISTORY_EXTENSION")) })
  }
}, inList)

const getAvailableStocks: Tool<State> = {
  name: "get_available_stocks",
  parameters: required("sector"),
  failures: ["not_found"],
  run: (account, sector) => {
    const symbols = symbolsOfSector.get(sector)
    if (symbols === undefined) {
      return new Failure("not_found", { argument: "sector", value: sector, allowed: [...symbolsOfSector.keys()] }, {
        returned: Dict.of({ stock_list: [] })
      })
    }
    return Dict.of({
      stock_list: extended([...iterate(symbols)], extension(account, `${upper(str(sector))}_EXTENSION`))
    })
  }
}

const filterStocksByPrice: Tool<State> = {
  name: "filter_stocks_by_price",
  parameters: required("stocks", "min_price", "max_price"),
  failures: [],
  run: (account, stocks, min_price, max_price) => {
    const filtered_stocks = Array.from(iterate(stocks)).filter((symbol) => {
      const stock = account.stocks.get(symbol)
      // An unknown stock costs nothing.
      const price = stock === undefined ? 0n : item(stock, "price")
      return isGreaterOrEqual(price, min_price) && isLessOrEqual(price, max_price)
    })
    return Dict.of({ filtered_stocks })
  }
}

const addToWatchlist: Tool<State> = {
  name: "add_to_watchlist",
  parameters: required("stock"),
  failures: ["not_found"],
  run: (account, stock) => {
    const result = Dict.of({ watchlist: account.watch_list })
    if (contains(account.watch_list, stock)) return result
    if (!account.stocks.has(stock)) {
      // The original says nothing of it.
      return new Failure("not_found", { argument: "stock", value: stock }, { returned: result }, "stock_symbol")
    }
    account.watch_list.push(stock)
    return result
  }
}

const notifyPriceChange: Tool<State> = {
  name: "notify_price_change",
  parameters: required("stocks", "threshold"),
  failures: [],
  run: (account, stocks, threshold) => {
    const changed = Array.from(iterate(stocks)).filter((symbol) => {
      const stock = account.stocks.get(symbol)
      return stock !== undefined && isGreaterOrEqual(absolute(item(stock, "percent_change")), threshold)
    })
    return Dict.of({
      notification: changed.length > 0
        ? `Stocks ${changed.map(str).join(", ")} have significant price changes.`
        : "No significant price changes in the selected stocks."
    })
  }
}

export const TradingBot: Toolset<State> = {
  name: "TradingBot",
  tools: [
    getCurrentTime,
    getSymbolByName,
    getStockInfo,
    getOrderDetails,
    cancelOrder,
    placeOrder,
    withdrawFunds,
    fundAccount,
    getAccountInfo,
    tradingLogin,
    tradingGetLoginStatus,
    tradingLogout,
    removeStockFromWatchlist,
    getWatchlist,
    getOrderHistory,
    getTransactionHistory,
    getAvailableStocks,
    filterStocksByPrice,
    addToWatchlist,
    notifyPriceChange
  ],
  load,
  attributes,
  copier,
  equalStates,
  providers: {
    trading_login: [{ tool: "trading_login" }],
    stock_symbol: [{ tool: "get_symbol_by_name", from: { name: "value" } }, { tool: "get_available_stocks" }],
    order_id: [{ tool: "get_order_history" }],
    watched_stock: [{ tool: "get_watchlist" }],
    funds: [{ tool: "fund_account", from: { amount: "missing" } }]
  }
}
