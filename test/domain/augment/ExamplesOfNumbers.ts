/** What is said when a call of the calculator or of the trading account fails. */
import { collect, type Examples } from "./Examples.ts"
import { calculator, type Call, trading } from "./Failing.ts"

const { examples, when } = collect()

const calculating = when(calculator, "{}")
for (const tool of ["add", "subtract", "multiply", "divide"]) {
  calculating("invalid_value", "b must be a number, not 'two'.", [tool, { a: 1n, b: "two" }])
}
calculating("invalid_value", "a must be a number, not 'one'. b must be a number, not None.", [
  "add",
  { a: "one", b: null }
])
calculating("invalid_value", "b must be a number other than 0, not 0.", ["divide", { a: 1n, b: 0n }])
calculating("invalid_value", "whole must be a number other than 0, not 0.", ["percentage", { part: 1n, whole: 0 }])
calculating("invalid_value", "base must be a number, not '2'.", ["power", { base: "2", exponent: 3n }])
calculating("invalid_value", "exponent must be at least 0, not -1.", ["power", { base: 0n, exponent: -1n }])
for (const tool of ["mean", "standard_deviation", "min_value", "max_value", "sum_values"]) {
  calculating("invalid_value", "numbers must be a list with a number or more, not [].", [tool, { numbers: [] }])
  calculating("invalid_value", "numbers must be a list of numbers, not [1, '2'].", [tool, { numbers: [1n, "2"] }])
}
calculating("invalid_value", "base must be a number other than 1, not 1.", [
  "logarithm",
  { value: 5n, base: 1n, precision: 5n }
])
calculating("invalid_value", "value must be a number, not 'five'.", [
  "logarithm",
  { value: "five", base: 2n, precision: 5n }
])
calculating("invalid_value", "precision must be an integer, not 'high'.", [
  "logarithm",
  { value: 5n, base: 2n, precision: "high" }
])
calculating("invalid_value", "number must be at least 0, not -4.", ["square_root", { number: -4n, precision: 5n }])
calculating("invalid_value", "number must be a number, not '4'.", ["square_root", { number: "4", precision: 5n }])
calculating("invalid_value", "precision must be an integer, not 0.5.", ["square_root", { number: 4n, precision: 0.5 }])
calculating("invalid_value", "precision must be at least 1, not 0.", ["square_root", { number: 4n, precision: 0n }])
calculating("invalid_value", "number must be a number, not 'four'.", ["absolute_value", { number: "four" }])
calculating("invalid_value", "decimal_places must be an integer, not 1.5.", [
  "round_number",
  { number: 4n, decimal_places: 1.5 }
])
for (const tool of ["si_unit_conversion", "imperial_si_conversion"]) {
  calculating("invalid_value", "value must be a number, not '4'.", [
    tool,
    { value: "4", unit_in: "km", unit_out: "m" }
  ])
}
calculating("invalid_value", "unit_out must be 'km', 'm', 'cm', 'mm', 'um' or 'nm', not 'miles'.", [
  "si_unit_conversion",
  { value: 4n, unit_in: "km", unit_out: "miles" }
])
calculating("invalid_value", "unit_out must be 'ft' or 'yd', not 'miles'.", [
  "imperial_si_conversion",
  { value: 4n, unit_in: "m", unit_out: "miles" }
])
calculating(
  "invalid_value",
  "unit_in must be 'cm', 'in', 'm', 'ft', 'yd', 'km', 'miles', 'kg', 'lb', 'celsius' or 'fahrenheit', not 'meter'.",
  ["imperial_si_conversion", { value: 4n, unit_in: "meter", unit_out: "ft" }]
)

const login = "Needed: trading login. Use trading_login(username, password) first."
const outside = when(trading, "{}")
for (
  const call of [
    ["place_order", { order_type: "Buy", symbol: "AAPL", price: 1n, amount: 1n }],
    ["withdraw_funds", { amount: 1n }],
    ["fund_account", { amount: 1n }],
    ["get_account_info", {}],
    ["remove_stock_from_watchlist", { symbol: "NVDA" }],
    ["get_watchlist", {}],
    ["get_order_history", {}],
    ["get_transaction_history", {}]
  ] as const
) outside("precondition", login, call)
outside("already_done", "This is done already. Do not repeat it.", ["trading_logout", {}])

const inside = when(trading, `{"authenticated": true, "market_status": "Open"}`)
inside("already_done", "This is done already. Do not repeat it.", ["trading_login", { username: "a", password: "b" }])
const order = { order_type: "Buy", symbol: "AAPL", price: 100.25, amount: 150n }
const noSymbol = "'Apple' is no stock symbol. Use get_symbol_by_name(name='Apple') first."
for (
  const call of [
    ["get_stock_info", { symbol: "Apple" }],
    ["place_order", { ...order, symbol: "Apple" }],
    ["add_to_watchlist", { stock: "Apple" }]
  ] as const
) inside("not_found", noSymbol, call)
inside("invalid_value", "price must be more than 0, not -1.", ["place_order", { ...order, price: -1n }])
inside("invalid_value", "price must be more than 0, not 0. amount must be more than 0, not 0.", [
  "place_order",
  { ...order, price: 0n, amount: 0n }
])
inside("insufficient", "Needed: funds. Use fund_account(amount=5037.5) first.", ["place_order", order])
inside("insufficient", "amount must be at most 10000, not 10001.", ["withdraw_funds", { amount: 10_001n }])
for (const tool of ["withdraw_funds", "fund_account"]) {
  inside("invalid_value", "amount must be more than 0, not 0.", [tool, { amount: 0n }])
}
when(trading, `{"authenticated": true}`)(
  "precondition",
  "Needed: open market. No tool here provides it. Ask the user.",
  ["withdraw_funds", { amount: 1n }]
)
inside("not_found", "order_id must be 12345 or 12446, not 7.", ["get_order_details", { order_id: 7n }])
inside("not_found", "7 is no order id. Use get_order_history() first.", ["cancel_order", { order_id: 7n }])
inside("invalid_value", "order_id must be an order that is not completed, not 12345.", [
  "cancel_order",
  { order_id: 12345n }
])
inside("not_found", "'AAPL' is no watched stock. Use get_watchlist() first.", [
  "remove_stock_from_watchlist",
  { symbol: "AAPL" }
])
inside("invalid_value", "start_date must be written YYYY-MM-DD, not 'May'.", [
  "get_transaction_history",
  { start_date: "May" }
])
inside("not_found", "sector must be 'Technology' or 'Automobile', not 'Food'.", [
  "get_available_stocks",
  { sector: "Food" }
])
const companies = "'Apple', 'Google', 'Tesla', 'Microsoft', 'Nvidia', 'Zeta Corp', 'Alpha Tech', 'Omega Industries', "
  + "'Quasar Ltd.', 'Neptune Systems', 'Synex Solutions', 'Amazon' or 'Gorilla'"
const unknownCompany: Call = ["get_symbol_by_name", { name: "apple" }]
inside("not_found", `name must be ${companies}, not 'apple'.`, unknownCompany)

export const ofNumbers: Examples = examples
