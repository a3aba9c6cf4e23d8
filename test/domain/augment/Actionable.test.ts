import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { actionable, hint } from "../../../src/domain/augment/Actionable.ts"
import { Dict } from "../../../src/domain/python/Value.ts"
import { collect } from "./Examples.ts"
import { ofNumbers } from "./ExamplesOfNumbers.ts"
import {
  account,
  type Call,
  car,
  expired,
  files,
  knowledge,
  messages,
  posts,
  subjects,
  tickets,
  travel,
  tree
} from "./Failing.ts"

const { examples: ofOthers, when } = collect()

const inTree = when(files, tree)
const here = "is no entry of this directory. Use find"
const enter = "Use cd(folder='docs'), then"
inTree("path_given", `folder must be a name, not 'docs/sub'. ${enter} cd(folder='sub').`, ["cd", {
  folder: "docs/sub"
}])
inTree("path_given", "folder must be a name, not '/docs/sub'. Use cd(folder='/').", ["cd", { folder: "/docs/sub" }])
inTree("not_found", `'dox' ${here}(name='dox') first.`, ["cd", { folder: "dox" }])
inTree("not_found", "Nothing for folder='..'. Use another folder.", ["cd", { folder: ".." }])
inTree("wrong_type", "folder must be a directory, not 'notes.md'. Use another folder.", ["cd", { folder: "notes.md" }])
for (const [tool, argument] of [["mkdir", "dir_name"], ["touch", "file_name"]] as const) {
  inTree("path_given", `${argument} must be a name, not 'docs/new'. ${enter} ${argument}='new'.`, [
    tool,
    { [argument]: "docs/new" }
  ])
  inTree("invalid_value", `${argument} must be a text without | / \\ ? % * : " > <, not 'a?b'.`, [
    tool,
    { [argument]: "a?b" }
  ])
  inTree("already_exists", `${argument}='docs' exists already. Use another ${argument}.`, [tool, {
    [argument]: "docs"
  }])
}
for (
  const [tool, more] of [
    ["echo", { content: "x" }],
    ["cat", {}],
    ["wc", {}],
    ["sort", {}],
    ["grep", { pattern: "x" }],
    ["tail", {}]
  ] as const
) {
  inTree("path_given", `file_name must be a name, not 'docs/report.txt'. ${enter} file_name='report.txt'.`, [
    tool,
    { ...more, file_name: "docs/report.txt" }
  ])
  inTree("wrong_type", "file_name must be a file, not 'docs'. Use cd(folder='docs') instead.", [
    tool,
    { ...more, file_name: "docs" }
  ])
  if (tool !== "echo") {
    inTree("not_found", `'x.txt' ${here}(name='x.txt') first.`, [tool, { ...more, file_name: "x.txt" }])
  }
}
inTree("not_found", "'x.txt' is no file of this directory. Use touch(file_name='x.txt') first.", [
  "echo",
  { content: "x", file_name: "x.txt" }
])
inTree("invalid_value", "file_name must be a text without | / \\ ? % * : \" > <, not 'a?b'.", [
  "echo",
  { content: "x", file_name: "a?b" }
])
inTree("invalid_value", "file_name must be a text without | / \\ ? % * : \" > <, not 'a?b'.", ["cat", {
  file_name: "a?b"
}])
inTree("invalid_value", "mode must be 'l', 'w' or 'c', not 'lines'.", ["wc", { file_name: "notes.md", mode: "lines" }])
inTree("not_found", `'dox' ${here}(name='dox') first.`, ["find", { path: "dox" }])
inTree(
  "path_given",
  `file_name2 must be a name, not 'docs/report.txt'. ${enter} file_name2='report.txt'.`,
  ["diff", { file_name1: "notes.md", file_name2: "docs/report.txt" }]
)
inTree("not_found", `'x' is no entry of this directory. 'y' ${here}(name='x') first.`, [
  "diff",
  { file_name1: "x", file_name2: "y" }
])
inTree("wrong_type", "file_name2 must be a file, not 'docs'. Use cd(folder='docs') instead.", [
  "diff",
  { file_name1: "notes.md", file_name2: "docs" }
])
for (const tool of ["mv", "cp"]) {
  inTree("path_given", `source must be a name, not 'docs/report.txt'. ${enter} source='report.txt'.`, [
    tool,
    { source: "docs/report.txt", destination: "x" }
  ])
  inTree("path_given", "destination must be a name, not 'docs/new.txt'. Use destination='docs'.", [
    tool,
    { source: "notes.md", destination: "docs/new.txt" }
  ])
  inTree("path_given", "destination must be a name, not '../x'. Use another destination.", [
    tool,
    { source: "notes.md", destination: "../x" }
  ])
  inTree("not_found", `'x.txt' ${here}(name='x.txt') first.`, [tool, { source: "x.txt", destination: "docs" }])
  inTree("already_exists", "destination='docs/report.txt' exists already. Use another destination.", [
    tool,
    { source: "report.txt", destination: "docs" }
  ])
  inTree("wrong_type", "destination must be a directory, not 'notes.md'. Use another destination.", [
    tool,
    { source: "report.txt", destination: "notes.md" }
  ])
}
for (const [tool, argument] of [["rm", "file_name"], ["rmdir", "dir_name"]] as const) {
  inTree("path_given", `${argument} must be a name, not '../x'. Use cd(folder='..'), then ${argument}='x'.`, [
    tool,
    { [argument]: "../x" }
  ])
  inTree("not_found", `'x' ${here}(name='x') first.`, [tool, { [argument]: "x" }])
}
inTree("wrong_type", "dir_name must be a directory, not 'notes.md'. Use rm(file_name='notes.md') instead.", [
  "rmdir",
  { dir_name: "notes.md" }
])
inTree("not_empty", "'docs' is not empty. Use rm(file_name='docs') instead.", ["rmdir", {
  dir_name: "docs"
}])

const atWork = when(messages, "{}")
const login: Call = ["message_login", { user_id: "USR001" }]
for (
  const call of [
    ["send_message", { receiver_id: "USR002", message: "x" }],
    ["delete_message", { receiver_id: "USR002" }],
    ["view_messages_sent", {}],
    ["search_messages", { keyword: "x" }],
    ["get_message_stats", {}]
  ] as const
) atWork("precondition", "Needed: message login. Use message_login(user_id) first.", call)
const noUser = "'Bob' is no user id. Use get_user_id(user='Bob') first."
atWork("not_found", noUser, login, ["send_message", { receiver_id: "Bob", message: "x" }])
atWork("not_found", noUser, login, ["delete_message", { receiver_id: "Bob" }])
atWork("not_found", noUser, ["message_login", { user_id: "Bob" }])
atWork("not_found", "'USR001' is no receiver of a sent message. Use view_messages_sent() first.", login, [
  "delete_message",
  { receiver_id: "USR001" }
])
atWork("not_found", "'Eve' is no user. Use list_users() first.", ["get_user_id", { user: "Eve" }])
atWork("already_exists", "user_name='Bob' exists already. Use another user_name.", ["add_contact", {
  user_name: "Bob"
}])

when(messages, `{"user_map": {"Ann": "USR005"}}`)(
  "already_exists",
  "user_id='USR005' exists already. Use add_contact(user_name='Eve') again.",
  ["add_contact", { user_name: "Eve" }]
)

const online = when(posts, `{"authenticated": true, "tweets": {"0": {"id": 0}}}`)
const anonymous = when(posts, "{}")
for (
  const [tool, args] of [
    ["post_tweet", { content: "x" }],
    ["retweet", { tweet_id: 0n }],
    ["comment", { tweet_id: 0n, comment_content: "x" }],
    ["follow_user", { username_to_follow: "x" }],
    ["list_all_following", {}],
    ["unfollow_user", { username_to_unfollow: "x" }]
  ] as const
) anonymous("precondition", "Needed: authentication. Use authenticate_twitter(username, password) first.", [tool, args])
for (
  const [tool, args] of [
    ["retweet", {}],
    ["comment", { comment_content: "x" }],
    ["mention", { mentioned_usernames: "@bob" }],
    ["get_tweet", {}],
    ["get_tweet_comments", {}]
  ] as const
) online("not_found", "7 is no tweet id. Use get_user_tweets(username) first.", [tool, { ...args, tweet_id: 7n }])
const nobodyKnows = "No tool here provides it. Ask the user."
anonymous("invalid_credential", `'jon' is no valid username. ${nobodyKnows}`, [
  "authenticate_twitter",
  { username: "jon", password: "john123" }
])
anonymous("invalid_credential", `'x' is no valid password. ${nobodyKnows}`, [
  "authenticate_twitter",
  { username: "john", password: "x" }
])
const done = "This is done already. Do not repeat it."
online("already_done", done, ["retweet", { tweet_id: 0n }], ["retweet", { tweet_id: 0n }])
online("already_done", done, ["follow_user", { username_to_follow: "bob" }])
online("not_found", "'eve' is no followed user. Use list_all_following() first.", [
  "unfollow_user",
  { username_to_unfollow: "eve" }
])

const atDesk = when(tickets, `{"current_user": "Ann", "ticket_queue": [{"id": 1, "status": "Open"}]}`)
const nobody = when(tickets, "{}")
for (const call of [["create_ticket", { title: "x" }], ["get_user_tickets", {}]] as const) {
  nobody("precondition", "Needed: ticket login. Use ticket_login(username, password) first.", call)
}
nobody("invalid_credential", `'' is no valid username. ${nobodyKnows}`, [
  "ticket_login",
  { username: "", password: "x" }
])
nobody("already_done", done, ["logout", {}])
for (
  const [tool, args] of [
    ["get_ticket", {}],
    ["close_ticket", {}],
    ["resolve_ticket", { resolution: "x" }],
    ["edit_ticket", { updates: new Dict() }]
  ] as const
) atDesk("not_found", "7 is no ticket id. Use get_user_tickets() first.", [tool, { ...args, ticket_id: 7n }])
atDesk("invalid_value", "priority must be from 1 to 5, not 6.", ["create_ticket", { title: "x", priority: 6n }])
atDesk(
  "invalid_value",
  "updates must be a dictionary with keys 'title', 'description', 'status' or 'priority', not {'owner': 'Bob'}.",
  ["edit_ticket", { ticket_id: 1n, updates: Dict.of({ owner: "Bob" }) }]
)
const close: Call = ["close_ticket", { ticket_id: 1n }]
atDesk("already_done", done, close, close)
const resolve: Call = ["resolve_ticket", { ticket_id: 1n, resolution: "x" }]
atDesk("already_done", done, resolve, resolve)

const flight = { travel_date: "2024-05-01", travel_from: "SFO", travel_to: "LAX", travel_class: "economy" }
const booking = { ...flight, access_token: "tok", card_id: "c2" }
const card = { card_number: "c1", expiration_date: "12/28", cardholder_name: "A", card_verification_number: 1n }
const authenticate = "Use authenticate_travel(client_id, client_secret, refresh_token, grant_type, user_first_name, "
  + "user_last_name) first."
const atAgency = when(travel, account)
for (
  const [tool, args] of [
    ["register_credit_card", card],
    ["get_credit_card_balance", { card_id: "c1" }],
    ["book_flight", booking],
    ["retrieve_invoice", { booking_id: "b1" }],
    ["get_booking_history", {}],
    ["cancel_booking", { booking_id: "b1" }],
    ["set_budget_limit", { budget_limit: 5n }],
    ["purchase_insurance", { insurance_type: "x", booking_id: "b1", insurance_cost: 5n, card_id: "c1" }]
  ] as const
) {
  when(travel, expired)("precondition", `Needed: access token. ${authenticate}`, [tool, {
    ...args,
    access_token: "tok"
  }])
  atAgency("invalid_credential", `'bad' is no valid access token. ${authenticate}`, [
    tool,
    { ...args, access_token: "bad" }
  ])
}
atAgency("already_exists", "card_number='c1' exists already. Use get_all_credit_cards() instead.", [
  "register_credit_card",
  { ...card, access_token: "tok" }
])
atAgency(
  "not_found",
  "'Rivermist' is no airport code. Use get_nearest_airport_by_city(location='Rivermist') first.",
  ["get_flight_cost", { ...flight, travel_from: "Rivermist" }]
)
atAgency(
  "not_found",
  "Nothing for travel_from='WLB', travel_to='SFO'. Use another travel_from or travel_to.",
  ["get_flight_cost", { ...flight, travel_from: "WLB", travel_to: "SFO" }]
)
for (const [tool, args] of [["get_flight_cost", flight], ["book_flight", booking]] as const) {
  atAgency("invalid_value", "travel_class must be 'economy', 'business' or 'first', not 'cheap'.", [
    tool,
    { ...args, travel_class: "cheap" }
  ])
}
atAgency("invalid_value", "travel_date must be written YYYY-MM-DD, not 'May'.", [
  "book_flight",
  { ...booking, travel_date: "May" }
])
atAgency(
  "invalid_value",
  "'Rivermist' is no airport code. Use get_nearest_airport_by_city(location='Rivermist') first.",
  ["book_flight", { ...booking, travel_from: "Rivermist" }]
)
atAgency("insufficient", "card_id='c1' has 50. Needed: 400. Use another card_id.", [
  "book_flight",
  { ...booking, card_id: "c1" }
])
atAgency(
  "insufficient",
  "Needed: budget. Use set_budget_limit(access_token, budget_limit=9000) first.",
  ["set_budget_limit", { access_token: "tok", budget_limit: 9500n }],
  ["book_flight", booking]
)
atAgency("insufficient", "Needed: budget. Use set_budget_limit(access_token, budget_limit=2000) first.", [
  "purchase_insurance",
  { access_token: "tok", insurance_type: "x", booking_id: "b1", insurance_cost: 2000n, card_id: "c1" }
])
const noCard = "'c9' is no card id. Use get_all_credit_cards() first."
atAgency("not_found", noCard, ["get_credit_card_balance", { access_token: "tok", card_id: "c9" }])
atAgency("not_found", noCard, ["book_flight", { ...booking, card_id: "c9" }])
atAgency("not_found", noCard, [
  "purchase_insurance",
  { access_token: "tok", insurance_type: "x", booking_id: "b1", insurance_cost: 5n, card_id: "c9" }
])
for (
  const [tool, more] of [
    ["retrieve_invoice", {}],
    ["cancel_booking", {}],
    ["contact_customer_support", { message: "x" }],
    ["purchase_insurance", { insurance_type: "x", insurance_cost: 5n, card_id: "c1" }]
  ] as const
) {
  atAgency("not_found", "'b9' is no booking id. Use get_booking_history(access_token) first.", [
    tool,
    { ...more, access_token: "tok", booking_id: "b9" }
  ])
}
atAgency("invalid_value", "base_currency or target_currency must be 'USD', and not both.", [
  "compute_exchange_rate",
  { base_currency: "BRL", target_currency: "RUB", value: 1n }
])
atAgency(
  "invalid_value",
  "target_currency must be 'USD', 'RMB', 'EUR', 'JPY', 'GBP', 'CAD', 'AUD', 'INR', 'RUB', 'BRL' or 'MXN', not 'CHF'.",
  ["compute_exchange_rate", { base_currency: "USD", target_currency: "CHF", value: 1n }]
)
const traveller = { first_name: "Ann", last_name: "Lee", date_of_birth: "1990-01-01", passport_number: "US1" }
const signingIn: Call = [
  "authenticate_travel",
  {
    client_id: "x",
    client_secret: "x",
    refresh_token: "x",
    grant_type: "x",
    user_first_name: "Ann",
    user_last_name: "Lee"
  }
]
atAgency("precondition", `Needed: access token. ${authenticate}`, ["verify_traveler_information", traveller])
atAgency("invalid_value", "first_name must be 'Ann', not 'Bob'.", signingIn, [
  "verify_traveler_information",
  { ...traveller, first_name: "Bob", last_name: "Ray" }
])
atAgency("invalid_value", "last_name must be 'Lee', not 'Ray'.", signingIn, [
  "verify_traveler_information",
  { ...traveller, last_name: "Ray" }
])
atAgency("invalid_value", "date_of_birth must be at most '2007-01-01', not '2007-01-02'.", signingIn, [
  "verify_traveler_information",
  { ...traveller, date_of_birth: "2007-01-02" }
])
atAgency("invalid_value", "date_of_birth must be written YYYY-MM-DD, not 'May'.", signingIn, [
  "verify_traveler_information",
  { ...traveller, date_of_birth: "May" }
])
atAgency("invalid_value", "passport_number must be a text that begins with 'US', not 'DE1'.", signingIn, [
  "verify_traveler_information",
  { ...traveller, passport_number: "DE1" }
])
atAgency(
  "not_found",
  "location must be 'Rivermist', 'Stonebrook', 'Maplecrest', 'Silverpine', 'Shadowridge', 'London', 'Paris', "
    + "'Sunset Valley', 'Oakendale', 'Willowbend', 'Crescent Hollow', 'Autumnville', 'Pinehaven', 'Greenfield', "
    + "'San Francisco', 'Los Angeles', 'New York', 'Chicago', 'Boston', 'Beijing', 'Hong Kong', 'Rome' or 'Tokyo', "
    + "not 'Bern'.",
  ["get_nearest_airport_by_city", { location: "Bern" }]
)

const parked = when(
  car,
  `{"doorStatus": {"driver": "unlocked", "passenger": "locked", "rear_left": "unlocked",
  "rear_right": "locked"}, "fuelLevel": 10.0}`
)
const lock: Call = ["lockDoors", { unlock: false, door: ["driver", "rear_left"] }]
const brake: Call = ["pressBrakePedal", { pedalPosition: 1n }]
const start: Call = ["startEngine", { ignitionMode: "START" }]
parked("precondition", "Needed: doors locked. Use lockDoors(unlock=False, door=['driver', 'rear_left']) first.", start)
parked("precondition", "Needed: brake pressed. Use pressBrakePedal(pedalPosition=1) first.", lock, start)
parked("precondition", "Needed: brake pressed. Use pressBrakePedal(pedalPosition=1) first.", lock, [
  "pressBrakePedal",
  { pedalPosition: 0.5 }
], start)
when(car, `{"fuelLevel": -1.0}`)(
  "insufficient",
  "Needed: fuel. Use fillFuelTank(fuelAmount) first.",
  ["lockDoors", { unlock: false, door: ["driver", "passenger", "rear_left", "rear_right"] }],
  brake,
  start
)
parked("invalid_value", "ignitionMode must be 'START' or 'STOP', not 'GO'.", lock, brake, [
  "startEngine",
  { ignitionMode: "GO" }
])
parked("already_done", done, lock, brake, ["startEngine", {
  ignitionMode: "STOP"
}])
parked("invalid_value", "fuelAmount must be at least 0, not -5.", ["fillFuelTank", { fuelAmount: -5n }])
parked("insufficient", "fuelAmount must be at most 40, not 41.", ["fillFuelTank", { fuelAmount: 41n }])
parked("not_found", "door must be 'driver', 'passenger', 'rear_left' or 'rear_right', not 'trunk'.", [
  "lockDoors",
  { unlock: false, door: ["trunk"] }
])
parked("invalid_value", "fanSpeed must be from 0 to 100, not 200.", [
  "adjustClimateControl",
  { temperature: 20n, fanSpeed: 200n }
])
parked("unavailable", "This tool is not available. Use get_outside_temperature_from_google() instead.", [
  "get_outside_temperature_from_weather_com",
  {}
])
parked("invalid_value", "mode must be 'on', 'off' or 'auto', not 'dim'.", ["setHeadlights", { mode: "dim" }])
parked(
  "invalid_value",
  "option must be 'fuel', 'battery', 'doors', 'climate', 'headlights', 'parkingBrake', 'brakePedal' or 'engine', "
    + "not 'radio'.",
  ["displayCarStatus", { option: "radio" }]
)
parked("invalid_value", "mode must be 'engage' or 'release', not 'on'.", ["activateParkingBrake", { mode: "on" }])
parked("invalid_value", "pedalPosition must be from 0 to 1, not 2.", ["pressBrakePedal", { pedalPosition: 2n }])
const cruise = { speed: 60n, activate: true, distanceToNextVehicle: 100n }
parked("precondition", "Needed: engine running. Use startEngine(ignitionMode='START') first.", [
  "setCruiseControl",
  cruise
])
parked("invalid_value", "speed must be a multiple of 5 from 0 to 120, not 33.", lock, brake, start, [
  "setCruiseControl",
  { ...cruise, speed: 33n }
])
parked(
  "not_found",
  "'Rivermist' is no zipcode. 'Bern' is no zipcode. "
    + "Use get_zipcode_based_on_city(city='Rivermist'), then get_zipcode_based_on_city(city='Bern') first.",
  ["estimate_distance", { cityA: "Rivermist", cityB: "Bern" }]
)
parked("not_found", "Nothing for cityA='47329', cityB='69238'. Use another cityA or cityB.", [
  "estimate_distance",
  { cityA: "47329", cityB: "69238" }
])
parked(
  "not_found",
  "city must be 'Rivermist', 'Stonebrook', 'Maplecrest', 'Silverpine', 'Shadowridge', 'Sunset Valley', 'Oakendale', "
    + "'Willowbend', 'Crescent Hollow', 'Autumnville' or 'San Francisco', not 'Bern'.",
  ["get_zipcode_based_on_city", { city: "Bern" }]
)

const examples = new Map([...ofNumbers, ...ofOthers])

describe("actionable", () => {
  for (const { failures, name } of subjects) {
    it(`has something to say for every kind of failure of ${name}`, () => {
      assert.deepStrictEqual(failures.map((pair) => pair.join(" ")).filter((key) => !examples.has(key)), [])
    })
  }

  for (const [key, cases] of examples) {
    it(`says what would work after ${key}`, () => {
      for (const { calls, config, of, says } of cases) {
        const failed = of.fail(config, calls)
        assert.strictEqual(`${failed.tool} ${failed.kind}`, key)
        assert.strictEqual(hint(failed, knowledge())?.message, says)
      }
    })
  }

  it("keeps what the tool said before the hint", () => {
    const failed = files.fail(tree, [["rm", { file_name: "nowhere.txt" }]])
    const said = actionable(failed, knowledge())?.message
    assert.strictEqual(said, `${failed.message} Hint: ${hint(failed, knowledge())?.message}`)
  })

  it.prop("stays short whatever the agent wrote", [Schema.String, Schema.Boolean], ([text, rooted]) => {
    const path = `${rooted ? "/" : ""}${"a/".repeat(500)}${text.repeat(200)}`
    for (const call of [["cd", { folder: path }], ["rm", { file_name: path }], ["find", { path }]] as const) {
      assert.isBelow(hint(files.fail(tree, [call]), knowledge())?.message.length ?? 0, 2000)
    }
  })
})
