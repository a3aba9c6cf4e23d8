import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Documents from "../../../src/domain/bfcl/Documents.ts"
import { type Entry, questionsOf } from "../../../src/domain/bfcl/Entry.ts"
import * as LongContext from "../../../src/domain/bfcl/LongContext.ts"
import * as Score from "../../../src/domain/bfcl/Score.ts"
import * as ScoreFile from "../../../src/domain/bfcl/ScoreFile.ts"
import { Dict, type Value } from "../../../src/domain/python/Value.ts"
import { carEntry, lockAll, pressBrake } from "./entries.ts"

const longContext = LongContext.make(new Dict())

const held = "{\"name\": \"display_log\", \"description\": \"Logs.\", \"parameters\": {\"type\": \"dict\", " +
  "\"properties\": {}, \"required\": []}, \"response\": {\"weight\": 1.0}}"

const documents: Documents.Documents = new Map([
  ["VehicleControlAPI", Result.getOrThrow(Documents.decode({ path: "", text: held }))]
])

const question =
  "{\"id\": \"multi_turn_base_0\", \"question\": [[{\"role\": \"user\", \"content\": \"Gehört’s?\"}]], " +
  "\"initial_config\": {\"VehicleControlAPI\": {\"fuelLevel\": 10.0}}, \"path\": [\"VehicleControlAPI.lockDoors\"], " +
  "\"missed_function\": {\"1\": [\"display_log\", \"unknown\"]}, \"excluded_function\": [\"cp\"]}"

const lineOf = (entry: Entry, result: Value, log?: Value): string => {
  const options = { form: "prompting", model: "m", longContext } as const
  const said = { id: entry.id, result, ...(log !== undefined && { log }) }
  const questions = questionsOf([{ path: "", text: question }])
  return ScoreFile.lineOf(Score.score(entry, said, options), { ...options, documents, questions })
}

const error = (line: string) => JSON.parse(line).error

const entry = carEntry([lockAll], ["display_log(messages=['a'])"])

describe("a line of a score file", () => {
  it("has everything of an entry whose inference broke off, and the documents of tools that are held out", () => {
    const late = {
      ...entry,
      turns: entry.turns.map((turn, i) => ({ ...turn, revealed: i === 1 ? ["display_log", "unknown"] : [] }))
    }
    const prompt = question.replace("[\"display_log\", \"unknown\"]", `[${held}]`)
    assert.strictEqual(
      lineOf(late, "Error during inference: timeout", [[1, 1n]]),
      "{\"id\": \"multi_turn_base_0\", \"model_name\": \"m\", \"test_category\": \"multi_turn_base\", \"valid\": false, " +
        "\"error\": {\"error_message\": [\"Error during inference phase. Model did not output a list of model responses.\"], " +
        `"error_type": "multi_turn:inference_error"}, "prompt": ${prompt}, ` +
        "\"model_result\": \"Error during inference: timeout\", " +
        `"possible_answer": [["${lockAll}"], ["display_log(messages=['a'])"]], "inference_log": [[1.0, 1]]}`
    )
  })

  it("has the results of every call so far where a turn was left out", () => {
    const line = lineOf(entry, [[`[${lockAll}, display_log(messages=['b'])]`, "Done."], ["Nothing."]])
    assert.deepStrictEqual(error(line), {
      error_message: "Model response list is empty for turn 1",
      error_type: "multi_turn:empty_turn_model_response",
      details: {
        execution_result: [
          {
            model: [[
              "{\"lockStatus\": \"locked\", \"remainingUnlockedDoors\": 0}",
              "{\"log\": [\"b\"]}"
            ]],
            ground_truth: ["{\"lockStatus\": \"locked\", \"remainingUnlockedDoors\": 0}"]
          },
          { model: [], ground_truth: ["{\"log\": [\"a\"]}"] }
        ]
      }
    })
    assert.deepStrictEqual(Object.keys(JSON.parse(line)), [
      "id",
      "model_name",
      "test_category",
      "valid",
      "error",
      "prompt",
      "model_result_raw",
      "model_result_decoded",
      "possible_answer",
      "inference_log"
    ])
    assert.deepStrictEqual(JSON.parse(line).model_result_decoded, [[[lockAll, "display_log(messages=['b'])"]], []])
    assert.strictEqual(JSON.parse(line).inference_log, "")
  })

  it("has what differs, and the public state of both sides", () => {
    const { details, ...rest } = error(lineOf(carEntry([lockAll]), [[`[${pressBrake}]`]]))
    assert.deepStrictEqual(Object.keys(rest), ["error_message", "error_type", "execution_result"])
    assert.deepStrictEqual(details.differences, {
      remainingUnlockedDoors: { model: 4, ground_truth: 0 },
      doorStatus: {
        model: { driver: "unlocked", passenger: "unlocked", rear_left: "unlocked", rear_right: "unlocked" },
        ground_truth: { driver: "locked", passenger: "locked", rear_left: "locked", rear_right: "locked" }
      },
      brakePedalStatus: { model: "pressed", ground_truth: "released" }
    })
    assert.strictEqual(details.model_instance_state.brakePedalStatus, "pressed")
    assert.strictEqual(details.ground_truth_instance_state.brakePedalStatus, "released")
    assert.notProperty(details.model_instance_state, "_brakePedalForce")
    assert.deepStrictEqual(
      Object.keys(details.model_instance_state),
      Object.keys(details.ground_truth_instance_state)
    )
  })

  it("has what is missing, beside all results of the model and those of the turn", () => {
    const line = lineOf(entry, [[`[${lockAll}]`], ["[display_log(messages=['b'])]"]])
    assert.deepStrictEqual(error(line).details, {
      missing_items: ["{\"log\": [\"a\"]}"],
      "model_response (including all previous turns)": [
        "{\"lockStatus\": \"locked\", \"remainingUnlockedDoors\": 0}",
        "{\"log\": [\"b\"]}"
      ],
      "ground_truth_response (only the current turn)": ["{\"log\": [\"a\"]}"]
    })
  })

  it("prints what is no JSON as Python does, and what nobody could print as the exception", () => {
    const files: Entry = {
      ...carEntry(["mkdir('b')"]),
      classes: ["GorillaFileSystem"],
      initialConfig: "{\"GorillaFileSystem\": {\"root\": {\"home\": {\"type\": \"directory\", \"contents\": " +
        "{\"a\": {\"type\": \"directory\", \"contents\": {\"it's\": {\"type\": \"file\", \"content\": \"x\\ny\"}}}}}}}}"
    }
    const rootOf = (...calls: ReadonlyArray<string>): unknown =>
      error(lineOf(files, [calls.map((call) => `[${call}]`)])).details.differences.root.model
    const text = "\"it's\": <<File: it's, Content: x\ny>>"
    assert.strictEqual(
      rootOf("ls(a=True)"),
      `<Directory: home, Parent: None, Contents: {'a': <Directory: a, Parent: home, Contents: {${text}}>}>`
    )
    // As CPython 3.11 prints it.
    assert.strictEqual(
      rootOf("cp(source='a', destination='a')"),
      `<Directory: home, Parent: None, Contents: {'a': <Directory: a, Parent: home, Contents: {${text}, ` +
        `'a': <Directory: a, Parent: a, Contents: {${text}, 'a': <Directory: a, Parent: a, Contents: {...}>}>}>}>`
    )
    const deep = Array.from({ length: 1000 }, () => ["mkdir(dir_name='d')", "cd(folder='d')"]).flat()
    assert.strictEqual(rootOf(...deep), "RecursionError: maximum recursion depth exceeded")
  })
})

describe("a score file", () => {
  it("begins with how many were valid", () => {
    const header = ScoreFile.headerOf({ correct: 1, total: 3 })
    assert.strictEqual(header, "{\"accuracy\": 0.3333333333333333, \"correct_count\": 1, \"total_count\": 3}")
    assert.deepStrictEqual(ScoreFile.decodeHeader(header), Result.succeed({ correct: 1, total: 3 }))
    assert.strictEqual(
      ScoreFile.headerOf({ correct: 0, total: 0 }),
      "{\"accuracy\": 0.0, \"correct_count\": 0, \"total_count\": 0}"
    )
  })
})
