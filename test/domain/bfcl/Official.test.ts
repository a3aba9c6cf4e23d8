import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Check from "../../../src/domain/bfcl/Check.ts"
import * as Documents from "../../../src/domain/bfcl/Documents.ts"
import type { Entry } from "../../../src/domain/bfcl/Entry.ts"
import * as Official from "../../../src/domain/bfcl/Official.ts"
import type { Message } from "../../../src/domain/Message.ts"
import { Dict } from "../../../src/domain/python/Value.ts"
import { carEntry, lockAll, pressBrake, start } from "./entries.ts"

const text = (content: string): Message => ({ role: "assistant", content })

/** Tool calls as an API returns them, numbered from 0. */
const called = (...calls: ReadonlyArray<readonly [name: string, given: object]>): Message => ({
  role: "assistant",
  content: "",
  toolCalls: calls.map(([name, given], i) => ({ id: `call_${i}`, name, arguments: JSON.stringify(given) }))
})

const functionTool = (name: string, description: string) => ({ type: "function", function: { name, description } })

const document = (name: string): Documents.Document => ({
  json: Dict.of({ name, description: "Does it." }),
  tool: { name, description: "Does it.", parameters: [], raw: { name } }
})

const documents: Documents.Documents = new Map([["VehicleControlAPI", [
  document("startEngine"),
  document("lockDoors")
]]])

const scriptOf = (entry: Entry, mode: Official.Mode): Official.Script =>
  Official.script(entry, Documents.compile(entry, documents), mode)

const begin = (entry: Entry, options: Official.Options): Official.Conversation =>
  Official.start(entry, scriptOf(entry, options.mode).turns, options)

/** Plays messages until the conversation is over. */
const play = (entry: Entry, options: Official.Options, messages: ReadonlyArray<Message>) => {
  let conversation = begin(entry, options)
  const transitions: Array<Official.Step["transition"]> = []
  for (const message of messages) {
    const { next, transition } = Official.step(conversation, message)
    transitions.push(transition)
    conversation = next
    if (transition.done) break
  }
  return transitions
}

/** The second turn hands `startEngine` over. */
const held: Entry = {
  ...carEntry([lockAll, pressBrake], [start]),
  turns: [
    { messages: [{ role: "user", content: "start it" }], revealed: [], groundTruth: [lockAll, pressBrake] },
    { messages: [], revealed: ["startEngine"], groundTruth: [start] }
  ]
}

describe("the function-calling loop", () => {
  it("sends each result back under the id of its call, and ends the turn at a message without calls", () => {
    const entry = carEntry(["fillFuelTank(fuelAmount=1)"], [pressBrake])
    const [results, next] = play(entry, { mode: "fc" }, [
      called(["fillFuelTank", { fuelAmount: 1 }], ["get_zipcode_based_on_city", { city: "Rivermist" }]),
      text("Done.")
    ])
    assert.deepStrictEqual(results?.messages, [
      { role: "tool", content: "{\"fuelLevel\": 11.0}", toolCallId: "call_0" },
      { role: "tool", content: "{\"zipcode\": \"83214\"}", toolCallId: "call_1" }
    ])
    assert.deepStrictEqual(next, {
      code: 1,
      messages: [{ role: "user", content: "request 1" }],
      outcomes: [],
      verdict: { turn: 0, passed: true },
      done: false
    })
  })

  it("says nothing about arguments that are no JSON: the turn is over", () => {
    const broken: Message = { role: "assistant", content: "", toolCalls: [{ name: "startEngine", arguments: "{" }] }
    const [transition] = play(carEntry([pressBrake]), { mode: "fc" }, [broken])
    assert.deepStrictEqual(transition?.verdict, {
      turn: 0,
      passed: false,
      failure: "no_call",
      expected: [pressBrake]
    })
    assert.isTrue(transition?.done)
  })

  it("offers compiled tools, and all of them again with those that are handed over, which have no remark", () => {
    const { tools, turns } = scriptOf(held, "fc")
    const remark = " Note that the provided function is in Python 3 syntax."
    assert.deepStrictEqual(tools.map((tool) => tool.raw), [functionTool("lockDoors", `Does it.${remark}`)])
    const [message] = turns[1] ?? []
    assert.strictEqual(message?.content, "I have updated some more functions you can choose from. What about now?")
    assert.deepStrictEqual(message?.tools?.map((tool) => tool.raw), [
      functionTool("lockDoors", `Does it.${remark}`),
      functionTool("startEngine", "Does it.")
    ])
  })
})

describe("the prompting loop", () => {
  it("opens with the documents in the system prompt", () => {
    const [[system, user] = []] = scriptOf(held, "prompting").turns
    assert.strictEqual(system?.role, "system")
    assert.match(system?.content ?? "", /^You are an expert in composing functions\.You are given a question/)
    assert.isTrue(
      system?.content.endsWith(
        "you can invoke.\n[\n    {\n        \"name\": \"lockDoors\",\n        \"description\": \"Does it. Note that the " +
          "provided function is in Python 3 syntax.\"\n    }\n]\n"
      )
    )
    assert.deepStrictEqual(user, { role: "user", content: "start it" })
  })

  it("puts the prompt in front of a system message that is there", () => {
    const entry = carEntry([pressBrake])
    const spoken: Entry = {
      ...entry,
      turns: [{ ...entry.turns[0]!, messages: [{ role: "system", content: "Be kind." }] }]
    }
    const [[system] = []] = scriptOf(spoken, "prompting").turns
    assert.isTrue(system?.content.endsWith("]\n\n\nBe kind."))
  })

  it("hands tools over as Python prints their documents", () => {
    assert.deepStrictEqual(scriptOf(held, "prompting").turns[1], [{
      role: "user",
      content: "[{'name': 'startEngine', 'description': 'Does it.'}]\n" +
        "I have updated some more functions you can choose from. What about now?"
    }])
  })

  it("sends results back in one user message, or to local models as tool messages", () => {
    const said = [text("[fillFuelTank(fuelAmount=1), nonsense(a='b')]")]
    const [transition] = play(carEntry([pressBrake]), { mode: "prompting" }, said)
    assert.deepStrictEqual(transition?.messages, [{
      role: "user",
      content: "[{'role': 'tool', 'name': 'fillFuelTank(fuelAmount=1)', 'content': '{\"fuelLevel\": 11.0}'}, " +
        "{'role': 'tool', 'name': \"nonsense(a='b')\", 'content': \"Error during execution: name 'nonsense' is not " +
        "defined\"}]"
    }])
    assert.strictEqual(transition?.code, -2)
    const [local] = play(carEntry([pressBrake]), { mode: "prompting", resultsAs: "tool" }, said)
    assert.deepStrictEqual(local?.messages, [
      { role: "tool", name: "fillFuelTank(fuelAmount=1)", content: "{\"fuelLevel\": 11.0}" },
      {
        role: "tool",
        name: "nonsense(a='b')",
        content: "Error during execution: name 'nonsense' is not defined"
      }
    ])
  })
})

const often = (message: Message) => Array.from({ length: 30 }, () => message)

describe("the limit on steps", () => {
  const press = called(["pressBrakePedal", { pedalPosition: 1 }])

  it("ends the conversation after the 21st, whatever is left of it", () => {
    const transitions = play(carEntry([pressBrake], []), { mode: "fc" }, often(press))
    assert.strictEqual(transitions.length, 21)
    const last = transitions.at(-1)
    assert.isTrue(last?.done)
    assert.deepStrictEqual(last?.verdict, {
      turn: 0,
      passed: false,
      failure: "force_terminated",
      expected: [pressBrake]
    })
  })

  it("lets the last turn be judged as any other", () => {
    const transitions = play(carEntry([pressBrake]), { mode: "fc" }, often(press))
    assert.strictEqual(transitions.length, 21)
    assert.deepStrictEqual(transitions.at(-1)?.verdict, { turn: 0, passed: true })
  })

  it("starts anew with every turn", () => {
    const turn = [...often(press).slice(0, 20), text("Done.")]
    const transitions = play(carEntry([pressBrake], [pressBrake]), { mode: "fc" }, [...turn, ...turn])
    assert.deepStrictEqual(transitions.flatMap(({ verdict }) => verdict ?? []).map(({ passed }) => passed), [
      true,
      true
    ])
  })
})

describe("laws", () => {
  const calls = [lockAll, pressBrake, start, "fillFuelTank(fuelAmount=3)", "nonsense(a=1)"]
  const Turn = Schema.Array(Schema.Array(Schema.Literals(calls)))
  const Truth = Schema.Array(Schema.Literals(calls))

  it.prop("a conversation passes where the scorer says that its steps are valid", [
    Schema.Array(Schema.Tuple([Truth, Turn]))
  ], ([turns]) => {
    const entry = carEntry(...turns.map(([truth]) => truth))
    const spoken = turns.map(([, steps]) => steps.filter((step) => step.length > 0))
    const messages = spoken.flatMap((steps) => [...steps.map((step) => text(`[${step.join(", ")}]`)), text("Done.")])
    const verdicts = play(entry, { mode: "prompting" }, messages).flatMap(({ verdict }) => verdict ?? [])
    assert.strictEqual(verdicts.length, turns.length)
    const judgement = Check.multiTurn(entry, spoken)
    assert.strictEqual(verdicts.every(({ passed }) => passed), judgement.valid)
    const failed = verdicts.findIndex(({ passed }) => !passed)
    assert.strictEqual(failed < 0 ? undefined : failed, judgement.valid ? undefined : judgement.turn)
    assert.isTrue(verdicts.slice(failed + 1).every(({ failure }) => failed < 0 || failure === "unchecked"))
  })
})
