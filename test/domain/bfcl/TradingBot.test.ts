import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { execute } from "../../../src/domain/bfcl/Execute.ts"
import * as LongContext from "../../../src/domain/bfcl/LongContext.ts"
import { open as openSession, type Session } from "../../../src/domain/bfcl/Session.ts"
import { TradingBot } from "../../../src/domain/bfcl/TradingBot.ts"
import { Dict, type Value } from "../../../src/domain/python/Value.ts"
import { open, snapshot } from "./calls.ts"

const constants = LongContext.decode(`{
  "WATCH_LIST_EXTENSION": ["JHGUN", {"$ellipsis": true}],
  "TRANSACTION_HISTORY_EXTENSION": [{"type": "deposit", "amount": 1.5, "timestamp": "2024-05-01 22:14:05.858817"}],
  "MA_5_EXTENSION": [234.34],
  "MA_20_EXTENSION": [225.08],
  "TECHNOLOGY_EXTENSION": ["AAPL", "LGY"],
  "ORDER_DETAIL_EXTENSION": {"risks": "{symbol} moves. {symbol}!"}
}`)

const session = (config: object = {}, longContext = false): Session =>
  openSession(
    { classes: ["TradingBot"], initialConfig: JSON.stringify({ TradingBot: config }), longContext },
    { name: "test", longContext: LongContext.make(constants) }
  )

const play = (on: Session, ...calls: ReadonlyArray<string>): ReadonlyArray<string> =>
  calls.map((call) => execute(on, call).text)

const trader = (config: object = {}, longContext = false): Session =>
  session({ authenticated: true, market_status: "Open", ...config }, longContext)

describe("signing in", () => {
  it("is needed for what concerns the account, and told in the form of the result", () => {
    const on = session()
    for (
      const [call, purpose] of [
        ["place_order('Buy', 'AAPL', 1, 1)", "place an order"],
        ["withdraw_funds(1)", "make a transaction"],
        ["fund_account(1)", "fund the account"],
        ["get_account_info()", "view account information"],
        ["remove_stock_from_watchlist('NVDA')", "modify the watchlist"]
      ] as const
    ) {
      const { failure, text } = execute(on, call)
      assert.strictEqual(text, `{"error": "User not authenticated. Please log in to ${purpose}."}`)
      assert.strictEqual(failure?.needs, "trading_login")
    }
    assert.deepStrictEqual(play(on, "get_watchlist()", "get_order_history()", "get_transaction_history()"), [
      "['Error: User not authenticated. Please log in to view the watchlist.']",
      "[{'error': 'User not authenticated. Please log in to view order history.'}]",
      "[{'error': 'User not authenticated. Please log in to view transaction history.'}]"
    ])
  })

  it("takes any credentials, once", () => {
    assert.deepStrictEqual(
      play(
        session(),
        "trading_logout()",
        "trading_login('', '')",
        "trading_login('a', 'b')",
        "trading_get_login_status()",
        "trading_logout()"
      ),
      [
        "{\"status\": \"No user is currently logged in\"}",
        "{\"status\": \"Logged in successfully\"}",
        "{\"status\": \"Already logged in\"}",
        "{\"status\": true}",
        "{\"status\": \"Logged out successfully\"}"
      ]
    )
  })
})

describe("orders", () => {
  it("the first new one takes the place of one that exists, and costs nothing", () => {
    const on = trader()
    assert.deepStrictEqual(
      play(on, "place_order('Buy', 'AAPL', 10, 2.5)", "get_order_details(12446)", "get_order_history()"),
      [
        "{\"order_id\": 12446, \"order_type\": \"Buy\", \"status\": \"Pending\", \"price\": 10.0, \"amount\": 2.5}",
        "{\"id\": 12446, \"order_type\": \"Buy\", \"symbol\": \"AAPL\", \"price\": 10.0, \"amount\": 2.5, \"status\": \"Open\"}",
        "{\"history\": [12345, 12446]}"
      ]
    )
    assert.include(execute(on, "get_account_info()").text, "\"balance\": 10000.0,")
  })

  it("are refused in the original's order, and by Python where a type does not fit", () => {
    assert.deepStrictEqual(
      play(
        trader(),
        "place_order(3, 'XXX', 'a', 'b')",
        "place_order(3, 'AAPL', 0, 'b')",
        "place_order(3, 'AAPL', 1, 'b')",
        "place_order(3, 'AAPL', 1, 1)",
        "place_order('bUY', 'AAPL', 227.16, 45)",
        "place_order('Sell', 'AAPL', 227.16, 45)"
      ),
      [
        "{\"error\": \"Invalid stock symbol: XXX\"}",
        "{\"error\": \"Price and amount must be positive values.\"}",
        "Error during execution: '<=' not supported between instances of 'str' and 'int'",
        "Error during execution: 'int' object has no attribute 'lower'",
        "{\"error\": \"Insufficient funds: required $10222.20 but only $10000.00 available.\"}",
        "{\"order_id\": 12446, \"order_type\": \"Sell\", \"status\": \"Pending\", \"price\": 227.16, \"amount\": 45}"
      ]
    )
  })

  it("have numbers for ids, also where the configuration spells them as text", () => {
    assert.deepStrictEqual(
      play(
        session({ orders: { "7": { status: "Completed" }, "8": { status: "Open" }, order_type: "Buy" } }),
        "cancel_order(7)",
        "cancel_order(True)",
        "cancel_order(8.0)",
        "get_order_details(8)",
        "get_order_details('8')",
        "cancel_order('order_type')"
      ),
      [
        "{\"error\": \"Can't cancel order 7. Order is already completed.\"}",
        "{\"error\": \"Order with ID True not found.\"}",
        "{\"order_id\": 8.0, \"status\": \"Cancelled\"}",
        "{\"status\": \"Cancelled\"}",
        "{\"error\": \"Order with ID 8 not found.Here is the list of orders_id: [7, 8, 'order_type']\"}",
        "Error during execution: string indices must be integers, not 'str'"
      ]
    )
  })
})

describe("money", () => {
  it("moves at CPython's drawn times, and no draw is made for what is refused", () => {
    assert.deepStrictEqual(
      play(
        trader(),
        "fund_account(1)",
        "fund_account(0)",
        "withdraw_funds(99999)",
        "withdraw_funds(0.5)",
        "get_transaction_history()"
      ),
      [
        "{\"status\": \"Account funded successfully\", \"new_balance\": 10001.0}",
        "{\"error\": \"Funding amount must be positive.\"}",
        "{\"error\": \"Insufficient funds for withdrawal.\"}",
        "{\"status\": \"Withdrawal successful\", \"new_balance\": 10000.5}",
        "{\"transaction_history\": [{\"type\": \"deposit\", \"amount\": 1, \"timestamp\": \"2024-09-02 05:40:15\"}, "
        + "{\"type\": \"withdrawal\", \"amount\": 0.5, \"timestamp\": \"2024-09-01 12:26:34\"}]}"
      ]
    )
  })

  it("can be put in but not taken out while the market is closed", () => {
    const on = session({ authenticated: true })
    assert.include(execute(on, "fund_account(1)").text, "Account funded successfully")
    const { failure, text } = execute(on, "withdraw_funds(-1)")
    assert.strictEqual(text, "{\"error\": \"Market is closed. Transactions are not allowed.\"}")
    assert.strictEqual(failure?.needs, "open_market")
  })

  it("is listed from the start of one day to the start of another", () => {
    const history = (...arguments_: ReadonlyArray<string>): string => {
      const on = trader()
      execute(on, "fund_account(1)")
      return execute(on, `get_transaction_history(${arguments_.map((text) => `'${text}'`).join(", ")})`).text
    }
    const listed = /^\{"transaction_history": \[\{.*2024-09-02 05:40:15"\}\]\}$/
    for (const range of [["2024-9-2"], ["", "2024-09-03"], ["2024-09-02", "2024-9-3"]]) {
      assert.match(history(...range), listed)
    }
    for (const range of [["2024-09-03"], ["", "2024-09-02"]]) {
      assert.strictEqual(history(...range), "{\"transaction_history\": []}")
    }
    assert.strictEqual(
      history("", "2024-13-01"),
      "Error during execution: time data '2024-13-01' does not match format '%Y-%m-%d'"
    )
    const { failure } = execute(trader(), "get_transaction_history(end_date='May')")
    assert.deepStrictEqual(failure?.subject, { argument: "end_date", value: "May", format: "YYYY-MM-DD" })
    assert.strictEqual(
      execute(trader(), "get_transaction_history(5)").text,
      "Error during execution: strptime() argument 1 must be str, not int"
    )
  })
})

describe("stocks", () => {
  it("are watched when they are known, silently ignored when they are not", () => {
    const on = trader()
    assert.deepStrictEqual(
      play(
        on,
        "add_to_watchlist('AAPL')",
        "add_to_watchlist('AAPL')",
        "add_to_watchlist('Apple')",
        "remove_stock_from_watchlist('NVDA')",
        "remove_stock_from_watchlist('NVDA')",
        "get_watchlist()"
      ),
      [
        "{\"watchlist\": [\"NVDA\", \"AAPL\"]}",
        "{\"watchlist\": [\"NVDA\", \"AAPL\"]}",
        "{\"watchlist\": [\"NVDA\", \"AAPL\"]}",
        "{\"status\": \"Stock NVDA removed from watchlist successfully.\"}",
        "{\"error\": \"Stock NVDA not found in watchlist.\"}",
        "{\"watchlist\": [\"AAPL\"]}"
      ]
    )
    const { failure } = execute(on, "add_to_watchlist('Apple')")
    assert.strictEqual(failure?.kind, "not_found")
    assert.strictEqual(failure?.needs, "stock_symbol")
  })

  it("are filtered and watched by price, an unknown one at 0", () => {
    assert.deepStrictEqual(
      play(
        session(),
        "filter_stocks_by_price(['AAPL', 'XXX', 'GOOG'], 0, 300)",
        "filter_stocks_by_price('AB', 0, 1)",
        "notify_price_change(['AAPL', 'XXX', 'QUAS', 'TSLA'], 0.1)",
        "notify_price_change(['AAPL'], 5)",
        "get_symbol_by_name('Gorilla')",
        "get_symbol_by_name('GORILLA')",
        "get_available_stocks('Automobile')",
        "get_available_stocks('Food')"
      ),
      [
        "{\"filtered_stocks\": [\"AAPL\", \"XXX\"]}",
        "{\"filtered_stocks\": [\"A\", \"B\"]}",
        "{\"notification\": \"Stocks AAPL, TSLA have significant price changes.\"}",
        "{\"notification\": \"No significant price changes in the selected stocks.\"}",
        "{\"symbol\": \"GORI\"}",
        "{\"symbol\": \"Stock not found\"}",
        "{\"stock_list\": [\"TSLA\", \"F\", \"GM\"]}",
        "{\"stock_list\": []}"
      ]
    )
  })
})

describe("long context", () => {
  it("adds to results, not to the state", () => {
    const on = trader({ orders: { "7": { symbol: "ZETA" }, "8": "Buy" } }, true)
    assert.deepStrictEqual(
      play(
        on,
        "get_watchlist()",
        "get_stock_info('ZETA')",
        "get_order_details(7)",
        "get_order_details(8)",
        "get_available_stocks('Technology')",
        "get_transaction_history('2030-01-01')",
        "add_to_watchlist('ZETA')"
      ),
      [
        "['NVDA', 'JHGUN', Ellipsis]",
        "{\"price\": 22.09, \"percent_change\": -0.05, \"volume\": 0.789, \"MA(5)\": [234.34], \"MA(20)\": [225.08]}",
        "{\"symbol\": \"ZETA\", \"metadata\": {\"risks\": \"ZETA moves. ZETA!\"}}",
        "Error during execution: 'str' object has no attribute 'copy'",
        "{\"stock_list\": [\"AAPL\", \"GOOG\", \"MSFT\", \"NVDA\", \"AAPL\", \"LGY\"]}",
        "{\"transaction_history\": [{\"type\": \"deposit\", \"amount\": 1.5, \"timestamp\": \"2024-05-01 22:14:05.858817\"}]}",
        "{\"watchlist\": [\"NVDA\", \"ZETA\"]}"
      ]
    )
  })

  it("shares nothing between sessions", () => {
    const [one, other] = [trader({}, true), trader({}, true)]
    play(one, "get_stock_info('ZETA')['MA(5)'].append(1)", "get_watchlist().append(1)", "get_stock_info('AAPL')")
    assert.include(execute(other, "get_stock_info('ZETA')").text, "\"MA(5)\": [234.34],")
    assert.strictEqual(execute(other, "get_watchlist()").text, "['NVDA', 'JHGUN', Ellipsis]")
  })
})

describe("laws", () => {
  const words = ["AAPL", "Apple", "NVDA", "Buy", "Sell", "Technology", "2024-09-02", ""]
  const values: ReadonlyArray<Value> = [...words, null, 0n, 12345n, 12446n, 12.5, 1e9, -1n, ["AAPL"]]
  const Draw = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1000 }))
  const Calls = Schema.Array(Schema.Tuple([Draw, Draw, Draw, Draw, Draw]))

  it.prop("a failed call leaves the state as it was, and fails in a way that its tool declares", [Calls], ([calls]) => {
    const { call, state } = open(TradingBot, Dict.of({ market_status: "Open" }))
    for (const [which, ...draws] of calls) {
      const tool = TradingBot.tools[which % TradingBot.tools.length]!
      const args = tool.parameters.map(({ name }, i) => [name, values[draws[i]! % values.length]!] as const)
      const before = snapshot(TradingBot, state)
      const { failure, raised } = call(tool.name, Object.fromEntries(args))
      if (raised !== undefined || failure !== undefined) assert.strictEqual(snapshot(TradingBot, state), before)
      if (failure !== undefined) assert.include(tool.failures, failure.kind)
    }
  })

  it.prop("what is put in can be taken out again", [Schema.Array(Draw)], ([amounts]) => {
    const on = trader()
    for (const amount of amounts) execute(on, `fund_account(${amount + 1})`)
    for (const amount of amounts.toReversed()) execute(on, `withdraw_funds(${amount + 1})`)
    assert.include(execute(on, "get_account_info()").text, "\"balance\": 10000.0,")
  })

  it("every provider is a tool", () => {
    const names = TradingBot.tools.map((tool) => tool.name)
    for (const provider of Object.values(TradingBot.providers).flat()) assert.include(names, provider.tool)
  })
})
