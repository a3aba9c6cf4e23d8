import { assert, describe, it } from "@effect/vitest"
import { paper } from "../../../src/domain/augment/Paper.ts"
import { account, type Call, car, files, knowledge, messages, travel, tree } from "./Failing.ts"

const say = (of: typeof files, config: string, ...calls: ReadonlyArray<Call>): string | undefined =>
  paper(of.fail(config, calls), knowledge())?.message

const inTree = (...call: Call) => say(files, tree, call)

const forbidden = "| / \\ ? % * : > < \""

const diff = (file_name1: string, file_name2: string) => inTree("diff", { file_name1, file_name2 })

describe("paper", () => {
  it("says that paths are not allowed, in each tool's words", () => {
    const path = "docs/report.txt"
    const rest = "Specify only file name in current directory."
    assert.strictEqual(
      inTree("cd", { folder: "docs/sub" }),
      "cd: 'docs/sub': Paths are not allowed. Use 'cd' to navigate one directory at a time."
    )
    assert.strictEqual(
      inTree("mkdir", { dir_name: "docs/new" }),
      "mkdir: 'docs/new': Paths are not allowed. Specify only directory name in current directory."
    )
    assert.strictEqual(inTree("wc", { file_name: path }), `wc: '${path}': Paths are not allowed. ${rest}`)
    assert.strictEqual(
      inTree("sort", { file_name: path }),
      `sort: '${path}': Paths are not allowed. Specify only the file name in current directory.`
    )
    assert.strictEqual(
      inTree("diff", { file_name1: path, file_name2: "notes.md" }),
      "diff: Paths are not allowed. Specify only file names in current directory."
    )
    assert.strictEqual(
      inTree("mv", { source: path, destination: "x" }),
      `mv: '${path}': Paths are not allowed in source. Specify only file/directory name in current directory.`
    )
    assert.strictEqual(
      inTree("cp", { source: "notes.md", destination: "docs/x" }),
      "cp: 'docs/x': Paths are not allowed in destination. Specify only file/directory name in current directory."
    )
  })

  it("says which characters are forbidden", () => {
    assert.strictEqual(
      inTree("mkdir", { dir_name: "a?" }),
      `mkdir: 'a?': Invalid character. Directory names cannot contain: ${forbidden}`
    )
    assert.strictEqual(
      inTree("echo", { content: "x", file_name: "a?" }),
      `echo: 'a?': Invalid character. File names cannot contain: ${forbidden}`
    )
  })

  it("tells a missing file from a directory", () => {
    assert.strictEqual(
      inTree("grep", { file_name: "x", pattern: "a" }),
      "grep: 'x': No such file in current directory."
    )
    assert.strictEqual(
      inTree("grep", { file_name: "docs", pattern: "a" }),
      "grep: 'docs': Is a directory. Cannot search in directory."
    )
    assert.strictEqual(
      inTree("echo", { content: "x", file_name: "docs" }),
      "echo: 'docs': Is a directory. Cannot write to directory."
    )
  })

  it("says which of two files is wrong, and why", () => {
    assert.strictEqual(diff("x", "y"), "diff: 'x' and 'y': Both files not found in current directory.")
    assert.strictEqual(diff("notes.md", "y"), "diff: 'y': No such file in current directory.")
    assert.strictEqual(
      diff("docs", "docs"),
      "diff: 'docs' and 'docs': Both are directories. Cannot compare directories."
    )
    assert.strictEqual(diff("docs", "notes.md"), "diff: 'docs': Is a directory. Cannot compare directory with file.")
  })

  it("says why nothing is overwritten", () => {
    assert.strictEqual(
      inTree("mv", { source: "report.txt", destination: "docs" }),
      "mv: cannot move 'report.txt' to 'docs/report.txt': File already exists in destination directory."
    )
    assert.strictEqual(
      inTree("mv", { source: "report.txt", destination: "notes.md" }),
      "mv: 'notes.md': Destination exists but is not a directory. Cannot overwrite existing file."
    )
    assert.strictEqual(
      inTree("mkdir", { dir_name: "docs" }),
      "mkdir: cannot create directory 'docs': File or directory already exists"
    )
  })

  const flight = { travel_from: "SFO", travel_to: "LAX", travel_date: "2024-05-01", travel_class: "economy" }

  it("tells an unknown airport from a missing route", () => {
    const cost = (from: string, to: string) =>
      say(travel, account, ["get_flight_cost", { ...flight, travel_from: from, travel_to: to }])
    const rest = "Please use valid airport codes. You can use 'list_all_airports' to get all available airports or "
      + "'get_nearest_airport_by_city' to find the correct airport code for a city."
    assert.strictEqual(cost("LA", "SFO"), `Invalid airport code(s): departure airport 'LA'. ${rest}`)
    assert.strictEqual(
      cost("LA", "SF"),
      `Invalid airport code(s): departure airport 'LA' and destination airport 'SF'. ${rest}`
    )
    assert.strictEqual(cost("WLB", "SFO"), "No available route from 'WLB' to 'SFO'.")
    assert.strictEqual(
      say(travel, account, [
        "book_flight",
        { ...flight, travel_from: "WLB", travel_to: "SFO", access_token: "tok", card_id: "c2" }
      ]),
      "No available route from 'WLB' to 'SFO'.",
      "the price of a booking fails with the same words"
    )
  })

  it("names accepted values and other tools", () => {
    assert.strictEqual(
      say(travel, account, ["compute_exchange_rate", { base_currency: "CHF", target_currency: "USD", value: 1n }]),
      "No available exchange rate for 'CHF' to 'USD'. Supported currencies are: USD, RMB, EUR, JPY, GBP, CAD, AUD, INR, "
        + "RUB, BRL, MXN. Please check if the currency codes are correct."
    )
    assert.strictEqual(
      say(car, "{}", ["estimate_distance", { cityA: "Rivermist", cityB: 1.0 }]),
      "Invalid zipcode pair: 'Rivermist' to '1.0'. Please verify both zipcodes are correct and supported. You can use "
        + "'get_zipcode_based_on_city' to find the correct zipcode for a city name."
    )
    assert.strictEqual(
      say(car, "{}", ["get_outside_temperature_from_weather_com", {}]),
      "Weather.com service is currently unavailable. Please try using get_outside_temperature_from_google() instead."
    )
  })

  it("names its rules after tool and cause", () => {
    assert.strictEqual(paper(files.fail(tree, [["cd", { folder: "a/b" }]]), knowledge())?.rule, "paper.cd.path")
    assert.strictEqual(paper(files.fail(tree, [["rm", { file_name: "x" }]]), knowledge())?.rule, "paper.rm.not_found")
  })

  it("leaves as they are what the released code leaves", () => {
    assert.isUndefined(inTree("cat", { file_name: "x" }))
    assert.isUndefined(inTree("cd", { folder: ".." }))
    assert.isUndefined(inTree("echo", { content: "x", file_name: "new.txt" }))
    assert.isUndefined(inTree("wc", { file_name: "notes.md", mode: "x" }))
    assert.isUndefined(say(car, "{}", ["startEngine", { ignitionMode: "START" }]))
    assert.isUndefined(say(messages, "{}", ["view_messages_sent", {}]))
    assert.isUndefined(say(travel, account, ["get_booking_history", { access_token: "bad" }]))
  })
})
