import { assert, describe, it } from "@effect/vitest"
import { TicketAPI } from "../../../src/domain/bfcl/TicketAPI.ts"
import { loads } from "../../../src/domain/python/Json.ts"
import { Dict } from "../../../src/domain/python/Value.ts"
import { open } from "./calls.ts"

const desk = (config = "{\"current_user\": \"ann\"}") => {
  const read = loads(config)
  if (!(read instanceof Dict)) throw new RangeError("a configuration is a dictionary")
  return open(TicketAPI, read)
}

describe("TicketAPI", () => {
  it("asks for a user who writes tickets or lists their own, and for none who works on them", () => {
    const { call } = desk("{\"ticket_queue\": [{\"id\": 7, \"status\": \"Open\"}]}")
    const { failure, returned } = call("create_ticket", { title: "x" })
    assert.strictEqual(returned, "{'error': 'User not authenticated. Please log in to create a ticket.'}")
    assert.strictEqual(failure?.needs, "ticket_login")
    assert.strictEqual(
      call("get_user_tickets").returned,
      "[{'error': 'User not authenticated. Please log in to view tickets.'}]"
    )
    assert.strictEqual(
      call("resolve_ticket", { ticket_id: 7n, resolution: "done" }).returned,
      "{'status': 'Ticket 7 has been resolved successfully.'}"
    )
    assert.strictEqual(call("close_ticket", { ticket_id: 7n }).failure, undefined)
    assert.strictEqual(call("edit_ticket", { ticket_id: 7n, updates: Dict.of({ title: "y" }) }).failure, undefined)
    assert.strictEqual(
      call("get_ticket", { ticket_id: 7 }).returned,
      "{'id': 7, 'status': 'Closed', 'resolution': 'done', 'title': 'y'}"
    )
  })

  it("signs in whoever has a name and a password", () => {
    const { call } = desk("{}")
    assert.deepStrictEqual(call("ticket_login", { username: "ann", password: "" }).failure?.subject, {
      argument: "password",
      value: ""
    })
    assert.strictEqual(call("ticket_get_login_status").returned, "{'login_status': False}")
    assert.strictEqual(call("ticket_login", { username: "ann", password: 1n }).returned, "{'success': True}")
    assert.strictEqual(call("logout").returned, "{'success': True}")
    const { failure, returned } = call("logout")
    assert.strictEqual(returned, "{'success': False}")
    assert.strictEqual(failure?.kind, "already_done")
  })

  it("counts tickets up and keeps a priority as it was given", () => {
    const { call } = desk()
    assert.strictEqual(
      call("create_ticket", { title: "a", priority: 4.5 }).returned,
      "{'id': 1, 'title': 'a', 'description': '', 'status': 'Open', 'priority': 4.5, 'created_by': 'ann'}"
    )
    const { failure, returned } = call("create_ticket", { title: "b", priority: 6n })
    assert.strictEqual(returned, "{'error': 'Invalid priority. Priority must be between 1 and 5.'}")
    assert.deepStrictEqual(failure?.subject, { argument: "priority", value: 6n, minimum: 1n, maximum: 5n })
    assert.include(call("create_ticket", { title: "b" }).returned, "'id': 2,")
    assert.strictEqual(
      call("create_ticket", { title: "c", priority: "high" }).raised,
      "'<' not supported between instances of 'str' and 'int'"
    )
  })

  it("closes and resolves once", () => {
    const { call } = desk()
    call("create_ticket", { title: "a" })
    for (
      const [tool, args, done] of [
        ["close_ticket", { ticket_id: 1n }, "closed"],
        ["resolve_ticket", { ticket_id: 1n, resolution: "r" }, "resolved"]
      ] as const
    ) {
      assert.strictEqual(call(tool, args).failure, undefined)
      const { failure, returned } = call(tool, args)
      assert.strictEqual(returned, `{'error': 'Ticket with ID 1 is already ${done}.'}`)
      assert.strictEqual(failure?.kind, "already_done")
    }
  })

  it("edits some fields and leaves out what is None", () => {
    const { call } = desk()
    call("create_ticket", { title: "a" })
    const edit = (updates: Dict) => call("edit_ticket", { ticket_id: 1n, updates })
    assert.strictEqual(
      edit(Dict.of({ title: null, priority: 9n })).returned,
      "{'status': 'Ticket 1 has been updated successfully.'}"
    )
    assert.include(
      call("get_ticket", { ticket_id: 1n }).returned,
      "'title': 'a', 'description': '', 'status': 'Open', "
        + "'priority': 9"
    )
    const { failure, returned } = edit(Dict.of({ title: "b", owner: "bob" }))
    assert.strictEqual(returned, "{'error': 'Invalid fields for update: owner'}")
    assert.strictEqual(failure?.kind, "invalid_value")
    assert.strictEqual(edit(Dict.from([[1n, 2n]])).raised, "sequence item 0: expected str instance, int found")
    assert.strictEqual(
      call("edit_ticket", { ticket_id: 1n, updates: "b" }).raised,
      "'str' object has no attribute 'keys'"
    )
    assert.include(call("get_ticket", { ticket_id: 1n }).returned, "'title': 'a'")
  })

  it("takes the first ticket of an id, and fails on tickets that lack what it reads", () => {
    const { call } = desk(
      "{\"current_user\": \"ann\", \"ticket_queue\": [{\"id\": 1, \"title\": \"a\"}, "
        + "{\"id\": 1, \"title\": \"b\"}, {\"title\": \"c\"}]}"
    )
    assert.include(call("get_ticket", { ticket_id: true }).returned, "'a'")
    assert.strictEqual(call("get_ticket", { ticket_id: 2n }).raised, "'id'")
    assert.strictEqual(call("close_ticket", { ticket_id: 1n }).raised, "'status'")
    assert.strictEqual(call("get_user_tickets").raised, "'created_by'")
  })

  it("lists the user's own tickets, of one status without regard to case", () => {
    const { call } = desk()
    call("create_ticket", { title: "a" })
    call("create_ticket", { title: "b" })
    call("close_ticket", { ticket_id: 1n })
    const titles = (status: string) => call("get_user_tickets", { status }).returned?.match(/(?<='title': ')\w/g) ?? []
    assert.deepStrictEqual(titles("CLOSED"), ["a"])
    assert.deepStrictEqual(titles(""), ["a", "b"])
    assert.strictEqual(call("get_user_tickets", { status: 0.5 }).raised, "'float' object has no attribute 'lower'")
    assert.strictEqual(call("get_ticket", { ticket_id: 9n }).failure?.needs, "ticket_id")
  })
})
