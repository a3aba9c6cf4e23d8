import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Documents from "../../../src/domain/bfcl/Documents.ts"
import * as Entry from "../../../src/domain/bfcl/Entry.ts"
import * as Task from "../../../src/domain/Task.ts"

const question = (changes: object = {}): string =>
  JSON.stringify({
    id: "multi_turn_miss_func_7",
    question: [[{ role: "user", content: "Lock the car." }], [], [{ role: "user", content: "Start it." }]],
    initial_config: {},
    path: ["VehicleControlAPI.lockDoors"],
    involved_classes: ["VehicleControlAPI"],
    missed_function: { "1": ["lockDoors"] },
    ...changes
  })

const answer = (changes: object = {}): string =>
  JSON.stringify({
    id: "multi_turn_miss_func_7",
    ground_truth: [[], ["lockDoors(unlock=False, door=['driver'])"], ["startEngine('START')"]],
    ...changes
  })

const source = (path: string, ...lines: ReadonlyArray<string>) => ({ path, text: `${lines.join("\n")}\n` })

const decode = (questions: string, answers: string) =>
  Entry.decode(source("questions.json", questions), source("answers.json", answers))

const only = (questions: string): Entry.Entry => decode(questions, answer()).values[0]!

const failures = (questions: string, answers: string): ReadonlyArray<string> =>
  decode(questions, answers).broken.map(({ message }) => message)

const failure = (questions: string, answers: string): string => failures(questions, answers)[0] ?? "decoded"

describe("an entry", () => {
  it("joins a question with its ground truth, turn by turn", () => {
    const entry = only(question())
    assert.strictEqual(entry.category, "miss_func")
    assert.strictEqual(entry.scenario, 7)
    assert.isFalse(entry.longContext)
    assert.deepStrictEqual(entry.turns.map((turn) => turn.revealed), [[], ["lockDoors"], []])
    assert.deepStrictEqual(Entry.groundTruth(entry)[2], ["startEngine('START')"])
  })

  it("keeps 1000.0 and 1000 apart, and the order of keys that look like numbers", () => {
    const line = question({ initial_config: "CONFIG" }).replace(
      "\"CONFIG\"",
      "{\"TravelAPI\": {\"budget_limit\": 1000.0, \"cards\": {\"7\": 1000, \"1\": 1e-07}}}"
    )
    assert.strictEqual(
      only(line).initialConfig,
      "{\"TravelAPI\": {\"budget_limit\": 1000.0, \"cards\": {\"7\": 1000, \"1\": 1e-07}}}"
    )
  })

  it("is long by its id, not by the file it was in", () => {
    const id = "multi_turn_long_context_7"
    const [entry] = decode(question({ id }), answer({ id })).values
    assert.isTrue(entry?.longContext)
    assert.strictEqual(entry?.category, "long_context")
  })
})

describe("a file that cannot be decoded", () => {
  it("is named with the line", () => {
    assert.match(failure(`${question()}\n{`, answer()), /^questions\.json:2: /)
    assert.match(failure(question(), "[]"), /^answers\.json:1: /)
    assert.match(failure(question({ involved_classes: "x" }), answer()), /^questions\.json:1: .*involved_classes/s)
    assert.match(failure(question({ initial_config: [] }), answer()), /^questions\.json:1: initial_config/)
  })

  it("says what does not fit together", () => {
    assert.match(failure(question({ id: "memory_1-x" }), answer()), /memory_1-x is no id of the form/)
    assert.match(failure(question(), answer({ id: "multi_turn_base_1" })), /has no line in the answer file/)
    assert.match(failure(question(), answer({ ground_truth: [[]] })), /3 turns and a ground truth of 1/)
    assert.match(
      failure(question(), `${answer()}\n${answer({ id: "multi_turn_base_1" })}`),
      /^answers\.json:2: multi_turn_base_1 has no line in the question file/
    )
    assert.match(
      failure(question({ missed_function: { "3": ["lockDoors"] } }), answer()),
      /^questions\.json:1: missed_function of multi_turn_miss_func_7 names turn 3, and there are 3 from 0$/
    )
    const unread = `${question({ id: "multi_turn_base_1", question: [] })}\n${question()}\n{}`
    assert.deepStrictEqual(
      failures(unread, `${answer()}\n${answer({ id: "multi_turn_base_1" })}\n${answer({ id: "multi_turn_base_2" })}`)
        .map((message) => message.split(" ")[0]),
      ["questions.json:1:", "questions.json:3:"]
    )
    assert.match(failure(question(), `${answer()}\n\n${answer()}`), /^answers\.json:3: .* is also on line 1$/)
    assert.match(failure(`${question()}\n${question()}`, answer()), /^questions\.json:2: .* is also on line 1$/)
  })
})

const document = (name: string, properties: object = {}) =>
  JSON.stringify({
    name,
    description: `Does ${name}.`,
    parameters: { type: "dict", properties, required: Object.keys(properties).slice(0, 1) }
  })

describe("tool documents", () => {
  const mode = { type: "string", description: "The mode. [Enum]: [\"START\", \"STOP\"]" }
  const amount = { type: "float", description: "Gallons.", default: 1.5 }
  const documents = new Map([[
    "VehicleControlAPI",
    Result.getOrThrow(
      Documents.decode(source("vehicle.json", document("lockDoors"), document("startEngine", { mode, amount })))
    )
  ]])

  it("are offered with the remark, without those that come later", () => {
    const { offered, revealed } = Documents.compile(only(question()), documents)
    assert.deepStrictEqual(offered.map(({ tool }) => tool.name), ["startEngine"])
    assert.strictEqual(
      offered[0]?.tool.description,
      "Does startEngine. Note that the provided function is in Python 3 syntax."
    )
    assert.strictEqual(offered[0]?.json.get("description"), offered[0]?.tool.description)
    assert.deepStrictEqual(revealed.map((some) => some.map(({ tool }) => tool.description)), [
      [],
      ["Does lockDoors."],
      []
    ])
  })

  it("say which values are allowed and what the default is", () => {
    const { offered } = Documents.compile(only(question()), documents)
    assert.deepStrictEqual(offered[0]?.tool.parameters, [
      { name: "mode", type: "string", description: mode.description, required: true, allowed: ["START", "STOP"] },
      { name: "amount", type: "float", description: "Gallons.", required: false, default: "1.5" }
    ])
  })

  it("are announced as Python prints them, in the turn that reveals them", () => {
    const entry = only(question())
    const texts = Documents.userTexts(entry, Documents.compile(entry, documents))
    assert.deepStrictEqual(texts, [
      "Lock the car.",
      "[{'name': 'lockDoors', 'description': 'Does lockDoors.', 'parameters': {'type': 'dict', 'properties': {}, " +
      "'required': []}}]\nI have updated some more functions you can choose from. What about now?",
      "Start it."
    ])
  })

  it("leave the entry's later tools out of what another session was given", () => {
    const first = Documents.compile(only(question()), documents)
    const second = Documents.compile(only(question()), documents)
    assert.deepStrictEqual(second.offered, first.offered)
    assert.strictEqual(documents.get("VehicleControlAPI")?.[0]?.tool.description, "Does lockDoors.")
  })
})

describe("the entry of a task", () => {
  it("is its payload, decoded once", () => {
    const entry = only(question())
    const task = Task.make("t", entry)
    assert.deepStrictEqual(Result.getOrThrow(Entry.ofTask(task)), entry)
    assert.strictEqual(Entry.ofTask(task), Entry.ofTask(task))
  })

  it("is missing where the payload is something else, and the sentence says what", () => {
    const found = Entry.ofTask(Task.make("t", { id: "x", turns: 3 }))
    assert.isTrue(Result.isFailure(found) && /no BFCL entry: .*category.*turns/s.test(found.failure))
  })
})
