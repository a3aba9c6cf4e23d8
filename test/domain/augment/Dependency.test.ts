import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { dependency } from "../../../src/domain/augment/Dependency.ts"
import type { FailedCall, Knowledge } from "../../../src/domain/Augmentor.ts"
import type { ToolDocument } from "../../../src/domain/Message.ts"
import { car, knowledge as bfcl, messages } from "./Failing.ts"

const tool = (name: string, ...parameters: ReadonlyArray<readonly [name: string, type: string]>): ToolDocument => ({
  name,
  description: "",
  parameters: parameters.map(([each, type]) => ({ name: each, type, description: "", required: true }))
})

/** An office that has nothing to do with BFCL. */
const tools = [
  tool("enter", ["room", "string"]),
  tool("open_doors", ["rooms", "array"], ["key", "string"]),
  tool("find_key")
]

const office: Knowledge = {
  draw: 0,
  tools,
  providers: (resource) => {
    switch (resource) {
      case "open_room":
        return [{ tool: "call_janitor" }, {
          tool: "open_doors",
          arguments: { key: "master" },
          from: { rooms: "closed" }
        }]
      case "presence":
        return [{ tool: "enter", from: { room: "closed" } }]
      default:
        return []
    }
  }
}

const failed = (kind: string, needs: string | undefined, subject: FailedCall["subject"] = {}): FailedCall => ({
  tool: "enter",
  call: "enter()",
  kind,
  subject,
  message: "no",
  ...(needs !== undefined && { needs })
})

const kinds = [
  "precondition",
  "not_found",
  "invalid_credential",
  "insufficient",
  "wrong_type",
  "already_exists",
  "not_empty",
  "unavailable",
  "already_done"
]

describe("dependency", () => {
  it("names the best provider on offer, its arguments filled from the failure", () => {
    assert.deepStrictEqual(dependency(failed("precondition", "open_room", { closed: ["a", "b"] }), office), {
      rule: "dependency.open_room",
      message: "Needed: open room. Use open_doors(rooms=['a', 'b'], key='master') first.",
      advice: { _tag: "Call", calls: ["open_doors(key='master', rooms=['a', 'b'])"] }
    })
  })

  it("asks for one call each where a provider takes its values one at a time", () => {
    assert.strictEqual(
      dependency(failed("precondition", "presence", { closed: ["a", "b"] }), office)?.message,
      "Needed: presence. Use enter(room='a'), then enter(room='b') first."
    )
  })

  it("names an argument whose value the failure does not know", () => {
    assert.strictEqual(
      dependency(failed("precondition", "open_room"), office)?.message,
      "Needed: open room. Use open_doors(rooms, key='master') first."
    )
  })

  it("sends to the user what no tool on offer provides", () => {
    assert.strictEqual(
      dependency(failed("not_found", "badge", { argument: "room", value: "x" }), office)?.message,
      "'x' is no badge. No tool here provides it. Ask the user."
    )
    const locked = car.fail("{}", [["startEngine", { ignitionMode: "START" }]])
    assert.strictEqual(
      dependency(locked, bfcl("lockDoors"))?.message,
      "Needed: doors locked. No tool here provides it. Ask the user."
    )
  })

  it("falls back on the next provider when the best is withheld", () => {
    const unknown = messages.fail("{}", [["message_login", { user_id: "Bob" }]])
    assert.strictEqual(
      dependency(unknown, bfcl("get_user_id"))?.message,
      "'Bob' is no user id. Use list_users() first."
    )
  })

  it("says that a thing is done, and how much is missing, without any tool", () => {
    assert.strictEqual(
      dependency(failed("already_done", undefined), office)?.message,
      "This is done already. Do not repeat it."
    )
    const short = failed("insufficient", undefined, { argument: "room", value: "a", available: 1n, required: 2n })
    assert.strictEqual(dependency(short, office)?.message, "room='a' has 1. Needed: 2. Use another room.")
  })

  it("says nothing where nothing is known", () => {
    for (
      const kind of [
        "precondition",
        "not_found",
        "invalid_value",
        "insufficient",
        "path_given",
        "python_error",
        "constructor"
      ]
    ) {
      assert.isUndefined(dependency(failed(kind, undefined), office))
    }
  })

  it.prop("does not read the tool's own sentence", [Schema.Literals(kinds), Schema.String], ([kind, message]) => {
    const call = failed(kind, "open_room", { argument: "room", value: "x", expected: "hall" })
    assert.deepStrictEqual(dependency({ ...call, message }, office), dependency(call, office))
  })

  it.prop("names no tool that is not on offer", [Schema.Literals(kinds)], ([kind]) => {
    const call = failed(kind, "open_room", { argument: "room", value: "x", expected: "hall" })
    assert.notInclude(dependency(call, { ...office, tools: [] })?.message, "open_doors")
    assert.notInclude(dependency(call, office)?.message, "call_janitor")
  })
})
