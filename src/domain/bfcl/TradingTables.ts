/** The fixed facts of BFCL's exchange: companies, stocks, sectors. Recovered from its answers. */
import { Dict } from "../python/Value.ts"

/** Company -> symbol of its stock; a Python dictionary, because what is no key at all is an error of its own. */
export const symbolOfCompany = Dict.of({
  "Apple": "AAPL",
  "Google": "GOOG",
  "Tesla": "TSLA",
  "Microsoft": "MSFT",
  "Nvidia": "NVDA",
  "Zeta Corp": "ZETA",
  "Alpha Tech": "ALPH",
  "Omega Industries": "OMEG",
  "Quasar Ltd.": "QUAS",
  "Neptune Systems": "NEPT",
  "Synex Solutions": "SYNX",
  "Amazon": "AMZN",
  "Gorilla": "GORI"
})

/** Sector -> symbols of its stocks. Long context has more, in a constant of the sector's name. */
export const symbolsOfSector = Dict.of({
  Technology: ["AAPL", "GOOG", "MSFT", "NVDA"],
  Automobile: ["TSLA", "F", "GM"]
})

/** Symbol, price in USD, change in percent, volume in millions, moving averages over 5 and 20 days. */
const quotes = `
AAPL 227.16 0.17 2.552 227.11 227.09
GOOG 2840.34 0.24 1.123 2835.67 2842.15
TSLA 667.92 -0.12 1.654 671.15 668.2
MSFT 310.23 0.09 3.234 309.88 310.11
NVDA 220.34 0.34 1.234 220.45 220.67
ALPH 1320.45 -0.08 1.567 1321.12 1325.78
OMEG 457.23 0.12 2.345 456.78 458.12
QUAS 725.89 -0.03 1.789 726.45 728
NEPT 88.34 0.19 0.654 88.21 88.67
SYNX 345.67 0.11 2.112 345.34 346.12
ZETA 22.09 -0.05 0.789 22.12 22.34
`

const stocks = quotes.trim().split("\n").map((line) => {
  const [symbol = "", ...numbers] = line.split(" ")
  const [price = 0, percent_change = 0, volume = 0, average5 = 0, average20 = 0] = numbers.map(Number)
  return { symbol, stock: { price, percent_change, volume, "MA(5)": average5, "MA(20)": average20 } }
})

/** The stocks of an exchange that its configuration does not list, a session's own. */
export const defaultStocks = (): Dict => Dict.from(stocks.map(({ stock, symbol }) => [symbol, Dict.of(stock)] as const))
