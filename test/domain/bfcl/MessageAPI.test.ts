import { assert, describe, it } from "@effect/vitest"
import { encodeState } from "../../../src/domain/bfcl/Encoding.ts"
import { execute } from "../../../src/domain/bfcl/Execute.ts"
import { open, type Session } from "../../../src/domain/bfcl/Session.ts"
import { PySet } from "../../../src/domain/python/Set.ts"
import { Dict } from "../../../src/domain/python/Value.ts"

const session = (config: object = {}): Session =>
  open(
    { classes: ["MessageAPI"], initialConfig: JSON.stringify({ MessageAPI: config }), longContext: false },
    { name: "test" }
  )

const play = (calls: ReadonlyArray<string>, on: Session = session()): ReadonlyArray<string> =>
  calls.map((call) => execute(on, call).text)

/** Ids of messages from `from` on. */
const taken = (from: number, count: number) => new PySet(Array.from({ length: count }, (_, i) => BigInt(from + i)))

/** What becomes of a message when those ids are taken. */
const sent = (ids: PySet): string => {
  const state = Dict.of({ current_user: "USR001", generated_ids: ids })
  const initialConfig = Dict.of({ MessageAPI: state })
  const on = open({ classes: ["MessageAPI"], initialConfig, longContext: false }, { name: "test" })
  return execute(on, "send_message('USR002', 'x')").text
}

describe("MessageAPI", () => {
  it("needs someone signed in", () => {
    const on = session()
    for (
      const call of [
        "send_message('USR002', 'x')",
        "view_messages_sent()",
        "search_messages('x')",
        "get_message_stats()",
        "delete_message('USR002')"
      ]
    ) {
      const { failure, text } = execute(on, call)
      assert.strictEqual(text, "{\"error\": \"No user is currently logged in.\"}")
      assert.strictEqual(failure?.kind, "precondition")
      assert.strictEqual(failure?.needs, "message_login")
    }
    assert.deepStrictEqual(
      play(["message_login('USR999')", "message_login('USR001')", "message_get_login_status()"], on),
      [
        "{\"login_status\": false, \"message\": \"User ID 'USR999' not found.\"}",
        "{\"login_status\": true, \"message\": \"User 'USR001' logged in successfully.\"}",
        "{\"login_status\": true}"
      ]
    )
  })

  it("draws CPython's message ids, and none for a message that is not sent", () => {
    assert.deepStrictEqual(
      play([
        "message_login('USR001')",
        "send_message('USR002', 'one')",
        "send_message('USR009', 'two')",
        "send_message('USR003', 'three')"
      ]).slice(1),
      [
        "{\"sent_status\": true, \"message_id\": {\"new_id\": 67410}, \"message\": \"Message sent to 'USR002' successfully.\"}",
        "{\"error\": \"Receiver ID 'USR009' not found.\"}",
        "{\"sent_status\": true, \"message_id\": {\"new_id\": 41772}, \"message\": \"Message sent to 'USR003' successfully.\"}"
      ]
    )
  })

  it("deletes the oldest of equal messages and keeps the count", () => {
    const on = session({ current_user: "USR001", inbox: [{ USR002: "a" }, { USR002: "b" }, { USR002: "a" }] })
    assert.deepStrictEqual(play(["delete_message('USR002')", "view_messages_sent()", "delete_message('USR004')"], on), [
      "{\"deleted_status\": true, \"receiver_id\": \"USR002\", \"message\": \"Receiver USR002's latest message deleted successfully.\"}",
      "{\"messages\": {\"USR002\": [\"b\", \"a\"]}}",
      "{\"error\": \"Receiver ID USR004 not found.\"}"
    ])
    assert.strictEqual(encodeState(on.instances[0]!)["message_count"], 3)
  })

  it("counts a contact whose id is taken", () => {
    const on = session({ user_map: { Ann: "USR005" } })
    assert.deepStrictEqual(
      play(["add_contact('Ann')", "add_contact('Bob')", "add_contact('Bob')", "list_users()"], on),
      [
        "{\"error\": \"User name 'Ann' already exists.\"}",
        "{\"error\": \"User ID 'USR005' already exists.\"}",
        "{\"added_status\": true, \"user_id\": \"USR006\", \"message\": \"Contact 'Bob' added successfully.\"}",
        "{\"user_list\": [\"Ann\", \"Bob\"]}"
      ]
    )
  })

  it("searches without regard to case and runs into Python's errors on messages that are no text", () => {
    assert.deepStrictEqual(
      play(
        ["search_messages('UPLOAD')", "search_messages(3)", "get_message_stats()"],
        session({ current_user: "USR001" })
      ),
      [
        "{\"results\": [{\"receiver_id\": \"USR003\", \"message\": \"Could you upload the file?\"}, {\"receiver_id\": \"USR004\", \"message\": \"Could you upload the file?\"}]}",
        "Error during execution: 'int' object has no attribute 'lower'",
        "{\"stats\": {\"received_count\": 3, \"total_contacts\": 3}}"
      ]
    )
    const on = session({ current_user: "USR001", inbox: [{ USR002: ["a list"] }] })
    assert.deepStrictEqual(play(["search_messages('a')"], on), [
      "Error during execution: 'list' object has no attribute 'lower'"
    ])
  })

  it("names the argument and what provides its value", () => {
    const { failure } = execute(session(), "get_user_id('Zoe')")
    assert.strictEqual(failure?.kind, "not_found")
    assert.deepStrictEqual(failure?.subject, { argument: "user", value: "Zoe" })
    assert.strictEqual(failure?.needs, "user")
  })

  it("does not look for an id for ever when all are taken", () => {
    assert.include(
      sent(taken(10_000, 90_000)),
      "the message needs more draws of an id than the 10000 that envtune makes"
    )
    assert.match(sent(taken(10_000, 80_000)), /"new_id": 9\d{4}/)
  })
})
