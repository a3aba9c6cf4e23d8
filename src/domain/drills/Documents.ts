/**
 * What drills tell an agent about the tools: one line each, and for every parameter the kind
 * of thing it takes, which is what lets the pre-training text be grounded.
 */
import { type Document, type Documents, updatedFunctions } from "../bfcl/Documents.ts"
import type { ToolDocument, ToolParameter } from "../Message.ts"
import { Dict } from "../python/Value.ts"

/** Kinds of arguments that drills talk about, or the values a parameter is limited to. */
export type Kind =
  | "file"
  | "folder"
  | "name"
  | "text"
  | "number"
  | "user"
  /** The user id of whoever is talking. */
  | "me"
  | "person"
  | "city"
  | "airport"
  | "currency"
  | "token"
  | "card"
  | "booking"
  | "date"
  | "doors"
  | "flag"

interface Line {
  readonly document: ToolDocument
  /** Parameter -> kind, or the literal values. Optional parameters that drills never use have none. */
  readonly kinds: Readonly<Record<string, Kind | ReadonlyArray<string>>>
}

const typeOf: Readonly<Record<Kind, string>> = {
  file: "string",
  folder: "string",
  name: "string",
  text: "string",
  number: "float",
  user: "string",
  me: "string",
  person: "string",
  city: "string",
  airport: "string",
  currency: "string",
  token: "string",
  card: "string",
  booking: "string",
  date: "string",
  doors: "array",
  flag: "boolean"
}

const line = (name: string, kinds: Line["kinds"], description: string): readonly [string, Line] => {
  const parameters = Object.entries(kinds).map(([parameter, kind]): ToolParameter => ({
    name: parameter,
    type: typeof kind === "string" ? typeOf[kind] : "string",
    description: kind === "me" ? "user" : typeof kind === "string" ? kind : kind.join(" or "),
    required: true,
    ...(typeof kind !== "string" && { allowed: kind })
  }))
  return [name, { document: { name, description, parameters }, kinds }]
}

/** Tool -> line, over all themes. */
export const lines: ReadonlyMap<string, Line> = new Map([
  line("ls", {}, "List the files in this folder."),
  line("cd", { folder: "folder" }, "Go to a folder, or .. for the one above."),
  line("cat", { file_name: "file" }, "Show what a file says."),
  line("touch", { file_name: "file" }, "Create an empty file."),
  line("mkdir", { dir_name: "folder" }, "Make a folder."),
  line("rm", { file_name: "file" }, "Delete a file or folder."),
  line("mv", { source: "file", destination: "name" }, "Move a file to a folder, or rename it."),
  line("cp", { source: "file", destination: "name" }, "Copy a file to a folder."),
  line("echo", { content: "text", file_name: "file" }, "Write text into a file."),
  line("sort", { file_name: "file" }, "Sort the lines of a file."),
  line("wc", { file_name: "file" }, "Count the lines of a file."),
  line("tail", { file_name: "file" }, "Show the end of a file."),
  line("fillFuelTank", { fuelAmount: "number" }, "Put gallons into the tank."),
  line("setHeadlights", { mode: ["on", "off"] }, "Turn the headlights on or off."),
  line("activateParkingBrake", { mode: ["engage", "release"] }, "Set or release the parking brake."),
  line("adjustClimateControl", { temperature: "number" }, "Set the temperature inside."),
  line("set_navigation", { destination: "city" }, "Navigate to a place."),
  line("displayCarStatus", { option: ["fuel", "battery", "doors"] }, "Check fuel, battery or doors."),
  line("lockDoors", { unlock: "flag", door: "doors" }, "Lock or unlock doors."),
  line("pressBrakePedal", { pedalPosition: ["1"] }, "Press the brake pedal, 1 is fully."),
  line("startEngine", { ignitionMode: ["START"] }, "Start the engine."),
  line(
    "setCruiseControl",
    { speed: "number", activate: ["true"], distanceToNextVehicle: ["100"] },
    "Hold a speed with cruise control."
  ),
  line("liter_to_gallon", { liter: "number" }, "Convert liters to gallons."),
  line("gallon_to_liter", { gallon: "number" }, "Convert gallons to liters."),
  line("check_tire_pressure", {}, "Check the tires."),
  line("get_zipcode_based_on_city", { city: "city" }, "Zip code of a city."),
  line("message_login", { user_id: "me" }, "Log a user in."),
  line("send_message", { receiver_id: "user", message: "text" }, "Send a message to a user id."),
  line("view_messages_sent", {}, "Show the messages sent."),
  line("search_messages", { keyword: "text" }, "Search messages."),
  line("list_users", {}, "List the users of the workspace."),
  line("get_user_id", { user: "person" }, "Look up the id of a person."),
  line("add_contact", { user_name: "person" }, "Add a contact."),
  line("delete_message", { receiver_id: "user" }, "Delete the latest message to a user id."),
  line("get_message_stats", {}, "Count messages."),
  line("message_get_login_status", {}, "Whether a user is logged in."),
  line(
    "get_flight_cost",
    {
      travel_from: "airport",
      travel_to: "airport",
      travel_date: "date",
      travel_class: ["economy", "business", "first"]
    },
    "Price of a flight between two airport codes."
  ),
  line("get_nearest_airport_by_city", { location: "city" }, "Find the airport near a city."),
  line(
    "compute_exchange_rate",
    { base_currency: "currency", target_currency: "currency", value: "number" },
    "Convert an amount of money."
  ),
  line("set_budget_limit", { access_token: "token", budget_limit: "number" }, "Limit the budget."),
  line("get_credit_card_balance", { access_token: "token", card_id: "card" }, "Check the balance of a card."),
  line("cancel_booking", { access_token: "token", booking_id: "booking" }, "Cancel a booking."),
  line(
    "contact_customer_support",
    { booking_id: "booking", message: "text" },
    "Tell customer support about a booking."
  ),
  line("list_all_airports", {}, "List all airports."),
  line("get_budget_fiscal_year", {}, "Fiscal year of the budget."),
  line("get_booking_history", { access_token: "token" }, "List the bookings."),
  line("retrieve_invoice", { access_token: "token", booking_id: "booking" }, "Invoice of a booking.")
])

/** The document of a drill's tool. */
export const documentOf = (tool: string): ToolDocument => {
  const found = lines.get(tool)
  if (found === undefined) throw new RangeError(`drills know no tool ${tool}`)
  return found.document
}

/** `cat(file_name)`: a tool as the compact system message lists it. */
export const signature = ({ name, parameters }: ToolDocument): string =>
  `${name}(${parameters.map((parameter) => parameter.name).join(", ")})`

/** What opens an episode: the tools on offer, one a line. */
export const systemMessage = (tools: ReadonlyArray<ToolDocument>): string =>
  `Tools:\n${tools.map(signature).join("\n")}`

/** What hands tools over: BFCL's sentence, then the tools. */
export const announcement = (revealed: ReadonlyArray<Document>): string =>
  `${updatedFunctions}\n${revealed.map(({ tool }) => signature(tool)).join("\n")}`

/** In the form that BFCL's documents have: class -> documents. */
export const documentsOf = (tools: Readonly<Record<string, ReadonlyArray<string>>>): Documents =>
  new Map(
    Object.entries(tools).map(([toolset, names]) => [
      toolset,
      names.map((name): Document => {
        const tool = documentOf(name)
        return { tool, json: Dict.of({ name, description: tool.description }) }
      })
    ])
  )
