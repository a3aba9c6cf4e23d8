import { assert, describe, it } from "@effect/vitest"
import { type Cause, compareCase, type Recorded, type Replayed } from "../../../src/domain/augment/PaperConformance.ts"
import type { FailedCall } from "../../../src/domain/Augmentor.ts"

const failed: FailedCall = { tool: "f", call: "f()", kind: "not_found", subject: {}, message: "no" }

const recorded = (call: string, standard: string, augmented: string, more: Partial<Recorded> = {}): Recorded => ({
  call,
  standard,
  augmented,
  standardFails: true,
  augmentedFails: true,
  sameStateBefore: true,
  ...more
})

/** One call, told as it stands in BFCL unless said otherwise. */
const compareOne = (one: Recorded, told = one.standard) =>
  compareCase([[one, { ...(one.standardFails && { failed }), told }]])[0]

describe("compareCase", () => {
  it("agrees on equal texts, but for the name of the simulator's variable", () => {
    assert.strictEqual(compareOne(recorded("rm('x')", "no", "yes"), "yes"), "agreed")
    const ours = "{\"error\": \"rm: 'oracle_1_GorillaFileSystem_instance.cat(x)'\"}"
    const theirs = "{\"error\": \"rm: '_uuidoracle_1_gorillafilesystem_instance.cat(x)'\"}"
    assert.strictEqual(compareOne(recorded("rm('cat (x)')", "no", theirs), ours), "agreed")
  })

  it("disagrees when no known difference explains the text", () => {
    assert.deepStrictEqual(compareOne(recorded("rm('x')", "no", "yes"), "nope"), {
      disagreed: { expected: "yes", got: "nope" }
    })
  })

  it("explains what is known to differ", () => {
    const iterable = "Error during execution: argument of type 'int' is not iterable"
    const cases: ReadonlyArray<readonly [cause: Cause, one: Recorded, told?: string]> = [
      ["other_signature", recorded("book_flight()", "no", "missing 'travel_cost'")],
      ["other_signature", recorded("withdraw_funds(0)", "no", "name 'withdraw_funds' is not defined")],
      [
        "token_countdown",
        recorded("cancel_booking()", "no", "unsupported operand type(s) for -=: 'NoneType' and 'int'")
      ],
      [
        "text_raised",
        recorded("comment(1, 'a')", "no", "Error during execution: exceptions must derive from BaseException")
      ],
      ["argument_type", recorded("rm(1)", "no", iterable)],
      ["slashes_stripped", recorded("cd('../')", "root", "cd: '../': Paths are not allowed. Use 'cd' to")],
      [
        "returned_not_raised",
        recorded("echo('a', 'd')", "no attribute", "{\"error\": \"d is a directory\"}"),
        "Error during execution: d is a directory"
      ],
      ["old_text", recorded("cat('x')", "cat: 'x': No such file", "cat: x: No such file")],
      ["old_text", recorded("rmdir('x')", "rmdir: no", "rmdir: failed to remove 'x'")],
      ["runs_in_fork", recorded("find('x')", "no", "{\"matches\": []}", { augmentedFails: false })],
      ["fails_in_fork_only", recorded("get_flight_cost()", "{}", "no route", { standardFails: false })],
      ["state", recorded("rm('x')", "no", "yes", { sameStateBefore: false })]
    ]
    for (const [cause, one, told] of cases) assert.deepStrictEqual(compareOne(one, told), { explained: cause })
  })

  it("explains nothing by a difference of another tool", () => {
    const others = [
      recorded("rm('x')", "rm: 'x'", "rm: x"),
      recorded("rm('../')", "no", "cd: '../': Paths are not allowed. Use 'cd' to"),
      recorded("rm('x')", "no", "rmdir: failed to remove 'x'")
    ]
    for (const one of others) assert.property(compareOne(one), "disagreed")
  })

  it("knows that the two may stand in different directories once a call ran in one of them only", () => {
    const entered = recorded("cd('a/')", "{}", "cd: 'a/': Paths are not allowed.", { standardFails: false })
    const after = recorded("sort('x')", "no", "sort: 'x': No such file in current directory.")
    const told: Replayed = { failed, told: "sort: 'x': Is a directory. Cannot sort directory contents." }
    assert.deepStrictEqual(compareCase([[entered, { told: "{}" }], [after, told]]), [
      { explained: "slashes_stripped" },
      { explained: "state" }
    ])
    assert.property(compareCase([[after, told]])[0], "disagreed")
  })
})
