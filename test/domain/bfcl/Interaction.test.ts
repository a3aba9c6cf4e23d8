import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import type { Entry } from "../../../src/domain/bfcl/Entry.ts"
import * as Interaction from "../../../src/domain/bfcl/Interaction.ts"
import * as StepCodes from "../../../src/domain/StepCodes.ts"
import { carEntry, lockAll, pressBrake, start } from "./entries.ts"

const call = (name: string, given: object = {}): string =>
  `<think>t</think><tool_call>${JSON.stringify({ name, arguments: given })}</tool_call>`
const answer = "<think>t</think>\n<answer>done</answer>"
const doors = ["driver", "passenger", "rear_left", "rear_right"]
const lock = call("lockDoors", { unlock: false, door: doors })
const brake = call("pressBrakePedal", { pedalPosition: 1 })

/** Plays messages; the steps, and the conversation after them. */
const play = (entry: Entry, messages: ReadonlyArray<string>, render?: Interaction.Render) => {
  let conversation = Interaction.start(entry, entry.turns.map((_, turn) => `QUESTION ${turn}`))
  const steps = messages.map((message) => {
    const step = Interaction.step(conversation, message, render)
    conversation = step.next
    return step
  })
  return { steps, conversation }
}

const codes = (entry: Entry, ...messages: ReadonlyArray<string>): ReadonlyArray<number> =>
  play(entry, messages).steps.map((step) => step.score)

describe("a turn with ground truth", () => {
  const entry = carEntry([lockAll], [pressBrake])

  it("shows results, and passes by an answer once the work is done", () => {
    const { conversation, steps } = play(entry, [lock, answer, brake, answer])
    assert.deepStrictEqual(steps.map((step) => step.score), [-1, 1, -1, 1])
    assert.match(
      steps[0]?.content ?? "",
      /^Here are the function's execution results\. Execution results:\["\{\\"lockStatus\\": \\"locked\\", \\"remainingUnlockedDoors\\": 0\}"\]\n If you believe/
    )
    assert.strictEqual(steps[1]?.content, "QUESTION 1")
    assert.deepStrictEqual(steps[1]?.verdict, { turn: 0, passed: true })
    assert.deepStrictEqual(steps.map((step) => step.terminate), [false, false, false, true])
    assert.strictEqual(steps[3]?.content, "")
    assert.strictEqual(conversation.turn, 2)
  })

  it("goes on after a failed turn, and says why it failed", () => {
    const { steps } = play(entry, [brake, answer, answer])
    assert.deepStrictEqual(steps.map((step) => step.score), [-1, 0, 0])
    assert.deepStrictEqual(steps[1]?.verdict?.failure, {
      kind: "state",
      mismatch: {
        toolset: "VehicleControlAPI",
        attributes: ["remainingUnlockedDoors", "doorStatus", "brakePedalStatus"]
      }
    })
    assert.deepStrictEqual(steps[2]?.verdict?.failure, { kind: "no_call" })
  })

  it("reports results that are missing", () => {
    const shop = carEntry(["find_nearest_tire_shop()"])
    const { steps } = play(shop, [call("get_current_speed"), answer])
    const failure = steps[1]?.verdict?.failure
    assert.strictEqual(failure?.kind === "response" ? failure.missing.length : 0, 1)
  })

  it("skips the ground truth of a turn in which nothing was executed, for good", () => {
    assert.deepStrictEqual(codes(entry, answer, lock, answer), [0, -1, 0])
    assert.deepStrictEqual(
      codes(entry, answer, brake, answer),
      [0, -1, 1],
      "the ground truth's doors were never locked"
    )
  })

  it("ends by what cannot be decoded to a call, an empty list included", () => {
    for (
      const content of ["[]", "{}", "5", "{\"name\": \"no tool\"}", "[{\"name\": \"f\", \"arguments\": {\"x\": {}}}]"]
    ) {
      const [step] = play(entry, [`<think>t</think><tool_call>${content}</tool_call>`]).steps
      assert.strictEqual(step?.score, 0, content)
      assert.strictEqual(step?.verdict?.turn, 0, content)
    }
  })

  it("executes an answer that is a tool call", () => {
    const { steps } = play(entry, ["<think>t</think><answer>{\"name\": \"get_current_speed\"}</answer>"])
    assert.strictEqual(steps[0]?.score, -1)
    assert.deepStrictEqual(steps[0]?.calls.map(({ outcome }) => outcome.tool), ["get_current_speed"])
  })

  it("marks an exception of Python's with -2, and an error that a tool returns with -1", () => {
    assert.deepStrictEqual(codes(entry, call("fly"), call("startEngine", { ignitionMode: "START" })), [-2, -1])
  })

  it("ends with the sixth step, whose results are not shown and count", () => {
    const { steps } = play(entry, [...Array.from({ length: 5 }, () => call("get_current_speed")), lock])
    assert.deepStrictEqual(steps.map((step) => step.score), [-1, -1, -1, -1, -1, 1])
    assert.strictEqual(steps[5]?.content, "QUESTION 1")
    assert.strictEqual(steps[5]?.calls.length, 1)
    assert.isUndefined(steps[5]?.calls[0]?.shown)
  })
})

describe("a malformed message", () => {
  const entry = carEntry([lockAll], [])

  it("is described, and does not end the turn", () => {
    const { conversation, steps } = play(entry, ["hello", "<think>a</think>"])
    assert.deepStrictEqual(steps.map(({ content, score }) => [score, content]), [
      [-3, "Error: Missing <think></think> tags"],
      [-3, "Error: Response must contain either <tool_call> or <answer> tags"]
    ])
    assert.strictEqual(conversation.attempts, 2)
  })

  it("is one of the six steps of a turn", () => {
    assert.deepStrictEqual(codes(entry, lock, "x", "x", "x", "x", "x"), [-1, -3, -3, -3, -3, 1])
    assert.deepStrictEqual(codes(entry, "x", "x", "x", "x", "x", "x"), [-3, -3, -3, -3, -3, 0])
  })

  it("fails a turn that wanted an answer, when it is the sixth", () => {
    const { steps } = play(entry, [lock, answer, "x", "x", "x", "x", "x", "x"])
    assert.strictEqual(steps.at(-1)?.score, 0)
    assert.deepStrictEqual(steps.at(-1)?.verdict?.failure, { kind: "malformed" })
  })
})

describe("a turn without ground truth", () => {
  const entry = carEntry([], [lockAll])

  it("passes by an answer", () => {
    assert.deepStrictEqual(codes(entry, answer, lock, answer), [1, -1, 1])
  })

  it("fails by a call, which is not executed, and warns with the next question", () => {
    const { steps } = play(entry, [lock, brake])
    assert.strictEqual(steps[0]?.score, 0)
    assert.deepStrictEqual(steps[0]?.calls, [])
    assert.deepStrictEqual(steps[0]?.verdict?.failure, { kind: "called_when_asked_not_to" })
    assert.strictEqual(steps[0]?.content, `${Interaction.warning}QUESTION 1`)
    assert.include(steps[1]?.calls[0]?.outcome.text, "pressed")
  })

  it("warns even where no question follows, as the original does", () => {
    const { steps } = play(carEntry([]), [lock])
    assert.isTrue(steps[0]?.terminate)
    assert.strictEqual(steps[0]?.content, Interaction.warning)
  })
})

describe("augmentation", () => {
  const entry = carEntry([lockAll, pressBrake, start])
  const startFirst = call("startEngine", { ignitionMode: "START" })

  it("changes what the agent reads, and neither codes nor verdicts", () => {
    const messages = [startFirst, call("fly"), lock, brake, startFirst, answer]
    const hinted = play(entry, messages, ({ failure, text }) => failure === undefined ? text : "Lock the doors!").steps
    const plain = play(entry, messages).steps
    assert.include(hinted[0]?.content, "[\"Lock the doors!\"]")
    assert.include(plain[0]?.content, "All doors must be locked")
    assert.strictEqual(hinted[0]?.calls[0]?.shown, "Lock the doors!")
    assert.deepStrictEqual(hinted.map((step) => step.score), plain.map((step) => step.score))
    assert.deepStrictEqual(hinted.map((step) => step.verdict), plain.map((step) => step.verdict))
  })

  it("is not asked about results that no one will read", () => {
    let asked = 0
    play(entry, Array.from({ length: 6 }, () => startFirst), ({ text }) => {
      asked++
      return text
    })
    assert.strictEqual(asked, 5)
  })
})

describe("laws", () => {
  const Message = Schema.Literals([lock, brake, answer, call("fly"), call("get_current_speed"), "malformed"])
  const Truth = Schema.Array(Schema.Array(Schema.Literals([lockAll, pressBrake, "get_current_speed()"])))

  it.prop("a turn has at most six steps, and every turn that ends has one verdict", [Schema.Array(Message), Truth], (
    [messages, truth]
  ) => {
    let conversation = Interaction.start(carEntry(...truth), truth.map((_, turn) => `QUESTION ${turn}`))
    const ended: Array<number> = []
    let stepsOfTurn = 0
    for (const message of messages) {
      if (conversation.turn >= truth.length) break
      const step = Interaction.step(conversation, message)
      stepsOfTurn++
      assert.isAtMost(stepsOfTurn, 6)
      assert.strictEqual(step.verdict === undefined, step.score < 0)
      if (step.verdict !== undefined) {
        ended.push(step.verdict.turn)
        stepsOfTurn = 0
        assert.strictEqual(step.score, step.verdict.passed ? 1 : 0)
      }
      conversation = step.next
      assert.strictEqual(step.terminate, conversation.turn === truth.length)
    }
    assert.deepStrictEqual(ended, Array.from({ length: conversation.turn }, (_, turn) => turn))
  })

  it.prop("the ground truth passes every turn", [Truth], ([truth]) => {
    const entry = carEntry(...truth)
    const said: Readonly<Record<string, string>> = {
      [lockAll]: lock,
      [pressBrake]: brake,
      "get_current_speed()": call("get_current_speed")
    }
    const messages = truth.flatMap((calls) => [...calls.slice(0, 5).map((each) => said[each] ?? ""), answer])
    if (truth.some((calls) => calls.length > 5)) return
    const { steps } = play(entry, messages)
    assert.strictEqual(StepCodes.progress(steps.map((step) => step.score), truth.length), truth.length > 0 ? 1 : 0)
  })
})
