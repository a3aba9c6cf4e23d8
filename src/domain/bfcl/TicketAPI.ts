/**
 * BFCL's help desk: one signed-in user at a time, and a queue of tickets.
 *
 * The original checks no argument's type; see GorillaFileSystem for what follows from that. A configuration's tickets
 * may lack what a tool reads, which is Python's KeyError, and may share an id, of which the first is meant.
 */
import { join, lowered } from "../python/Methods.ts"
import { add, isGreater, isLess } from "../python/Number.ts"
import { item } from "../python/Subscript.ts"
import { str } from "../python/Text.ts"
import { attributeError, deepCopy, Dict, equals, iterate, truthy, type Value } from "../python/Value.ts"
import * as Attributes from "./Attributes.ts"
import { failed, Failure, settings, type Tool, type Toolset } from "./Toolset.ts"

/** Python's attributes under their own names. A value has the type that the configuration or a call gave it. */
export interface State {
  readonly ticket_queue: Value
  ticket_counter: Value
  current_user: Value
}

const load = (config: Value): State => {
  const configured = settings(config)
  return {
    ticket_queue: configured("ticket_queue", []),
    ticket_counter: configured("ticket_counter", 1n),
    current_user: configured("current_user", null)
  }
}

const notSignedIn = (returned: Value): Failure => new Failure("precondition", {}, { returned }, "ticket_login")

/** The first ticket of that id. */
const ticketOf = (state: State, id: Value): Dict | undefined => {
  for (const ticket of iterate(state.ticket_queue)) {
    if (equals(item(ticket, "id"), id) && ticket instanceof Dict) return ticket
  }
  return undefined
}

/** A tool whose first argument is the id of a ticket that there has to be. */
const onTicket = (
  tool: Omit<Tool<State>, "run"> & { readonly run: (ticket: Dict, ...given: ReadonlyArray<Value>) => Value | Failure }
): Tool<State> => ({
  ...tool,
  failures: ["not_found", ...tool.failures],
  run: (state, id, ...given) => {
    const ticket = ticketOf(state, id)
    return ticket === undefined
      ? failed(
        "not_found",
        { argument: "ticket_id", value: id },
        { error: `Ticket with ID ${str(id)} not found.` },
        "ticket_id"
      )
      : tool.run(ticket, id, ...given)
  }
})

const alreadyDone = (id: Value, done: string): Failure =>
  failed(
    "already_done",
    { argument: "ticket_id", value: id },
    { error: `Ticket with ID ${str(id)} is already ${done}.` }
  )

const createTicket: Tool<State> = {
  name: "create_ticket",
  parameters: [{ name: "title" }, { name: "description", default: "" }, { name: "priority", default: 1n }],
  failures: ["precondition", "invalid_value"],
  run: (state, title, description, priority) => {
    if (!truthy(state.current_user)) {
      return notSignedIn(Dict.of({ error: "User not authenticated. Please log in to create a ticket." }))
    }
    if (isLess(priority, 1n) || isGreater(priority, 5n)) {
      return failed(
        "invalid_value",
        { argument: "priority", value: priority, minimum: 1n, maximum: 5n },
        { error: "Invalid priority. Priority must be between 1 and 5." }
      )
    }
    const ticket = Dict.of({
      id: state.ticket_counter,
      title,
      description,
      status: "Open",
      priority,
      created_by: state.current_user
    })
    if (!Array.isArray(state.ticket_queue)) throw attributeError(state.ticket_queue, "append")
    state.ticket_queue.push(ticket)
    state.ticket_counter = add(state.ticket_counter, 1n, "+=")
    return ticket
  }
}

const getTicket = onTicket({
  name: "get_ticket",
  parameters: [{ name: "ticket_id" }],
  failures: [],
  run: (ticket) => ticket
})

const closeTicket = onTicket({
  name: "close_ticket",
  parameters: [{ name: "ticket_id" }],
  failures: ["already_done"],
  run: (ticket, id) => {
    if (equals(item(ticket, "status"), "Closed")) return alreadyDone(id, "closed")
    ticket.set("status", "Closed")
    return Dict.of({ status: `Ticket ${str(id)} has been closed successfully.` })
  }
})

const resolveTicket = onTicket({
  name: "resolve_ticket",
  parameters: [{ name: "ticket_id" }, { name: "resolution" }],
  failures: ["already_done"],
  run: (ticket, id, resolution) => {
    if (equals(item(ticket, "status"), "Resolved")) return alreadyDone(id, "resolved")
    ticket.set("status", "Resolved")
    ticket.set("resolution", resolution)
    return Dict.of({ status: `Ticket ${str(id)} has been resolved successfully.` })
  }
})

const editableFields = ["title", "description", "status", "priority"]

const editTicket = onTicket({
  name: "edit_ticket",
  parameters: [{ name: "ticket_id" }, { name: "updates" }],
  failures: ["invalid_value"],
  run: (ticket, id, updates) => {
    if (!(updates instanceof Dict)) throw attributeError(updates, "keys")
    // The original's order is that of a set, which differs from process to process.
    const invalid = [...updates.keys()].filter((field) => !editableFields.some((editable) => editable === field))
    if (invalid.length > 0) {
      return failed(
        "invalid_value",
        { argument: "updates", value: updates, keys: editableFields },
        { error: `Invalid fields for update: ${join(", ", invalid)}` }
      )
    }
    for (const [field, value] of updates.entries()) if (value !== null) ticket.set(field, value)
    return Dict.of({ status: `Ticket ${str(id)} has been updated successfully.` })
  }
})

const ticketLogin: Tool<State> = {
  name: "ticket_login",
  parameters: [{ name: "username" }, { name: "password" }],
  failures: ["invalid_credential"],
  run: (state, username, password) => {
    // Any account will do that has a name and a password.
    const missing = !truthy(username)
      ? { argument: "username", value: username }
      : !truthy(password)
      ? { argument: "password", value: password }
      : undefined
    if (missing !== undefined) return failed("invalid_credential", missing, { success: false }, missing.argument)
    state.current_user = username
    return Dict.of({ success: true })
  }
}

const ticketGetLoginStatus: Tool<State> = {
  name: "ticket_get_login_status",
  parameters: [],
  failures: [],
  run: (state) => Dict.of({ login_status: truthy(state.current_user) })
}

const logout: Tool<State> = {
  name: "logout",
  parameters: [],
  failures: ["already_done"],
  run: (state) => {
    if (!truthy(state.current_user)) return failed("already_done", {}, { success: false })
    state.current_user = null
    return Dict.of({ success: true })
  }
}

const getUserTickets: Tool<State> = {
  name: "get_user_tickets",
  parameters: [{ name: "status", default: null }],
  failures: ["precondition"],
  run: (state, status) => {
    if (!truthy(state.current_user)) {
      return notSignedIn([Dict.of({ error: "User not authenticated. Please log in to view tickets." })])
    }
    const own = [...iterate(state.ticket_queue)].filter((ticket) =>
      equals(item(ticket, "created_by"), state.current_user)
    )
    return truthy(status) ? own.filter((ticket) => lowered(item(ticket, "status")) === lowered(status)) : own
  }
}

export const TicketAPI: Toolset<State> = {
  name: "TicketAPI",
  tools: [
    createTicket,
    getTicket,
    closeTicket,
    resolveTicket,
    editTicket,
    ticketLogin,
    ticketGetLoginStatus,
    logout,
    getUserTickets
  ],
  load,
  ...Attributes.named(
    (state: State) => ({ ...state, ticket_queue: deepCopy(state.ticket_queue) }),
    "ticket_queue",
    "ticket_counter",
    "current_user"
  ),
  providers: {
    ticket_id: [{ tool: "get_user_tickets" }, { tool: "create_ticket" }],
    ticket_login: [{ tool: "ticket_login" }]
  }
}
