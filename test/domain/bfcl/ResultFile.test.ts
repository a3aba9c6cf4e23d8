import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as ResultFile from "../../../src/domain/bfcl/ResultFile.ts"
import type { Finished } from "../../../src/domain/Evaluation.ts"
import type { Message } from "../../../src/domain/Message.ts"
import { dumps, loads } from "../../../src/domain/python/Json.ts"
import type { Value } from "../../../src/domain/python/Value.ts"
import * as Task from "../../../src/domain/Task.ts"

const decoded = (step: unknown, form: ResultFile.Form) =>
  Result.match(ResultFile.decodeStep(loads(JSON.stringify(step)), form), {
    onFailure: ({ type }) => type,
    onSuccess: (calls) => calls
  })

describe("categoryOf", () => {
  it("knows the result files of any version, and no others", () => {
    assert.strictEqual(ResultFile.categoryOf("BFCL_v4_multi_turn_miss_func_result.json", "result"), "miss_func")
    assert.strictEqual(ResultFile.categoryOf("BFCL_v3_multi_turn_base_result.json", "result"), "base")
    for (const name of ["BFCL_v4_multi_turn_other_result.json", "BFCL_v4_multi_turn_base_score.json", "base.json"]) {
      assert.isUndefined(ResultFile.categoryOf(name, "result"))
    }
  })
})

const wrong = (line: string) =>
  Result.match(ResultFile.decodeLine(line), { onFailure: (detail) => detail, onSuccess: () => "" })

describe("decodeLine", () => {
  it("says what is wrong with a line", () => {
    assert.strictEqual(wrong("[]"), "a result is a JSON object")
    assert.strictEqual(wrong("{\"id\": 3}"), "a result has an id, which is a text")
    assert.strictEqual(wrong("{\"id\": \"a\"}"), "a has no result")
    assert.match(wrong("{\"id\""), /^Expecting ':' delimiter/)
  })
})

const steps = (turn: unknown) => ResultFile.stepsOf(loads(JSON.stringify(turn)))

describe("stepsOf", () => {
  it("has what Python goes through: items, characters and keys", () => {
    assert.deepStrictEqual(steps(["a", null]), ["a", null])
    assert.deepStrictEqual(steps("a\u{1f600}"), ["a", "\u{1f600}"])
    assert.deepStrictEqual(steps({ b: 1, a: 2 }), ["b", "a"])
    for (const turn of [null, 1, 1.5, true]) assert.isUndefined(steps(turn))
  })
})

describe("decodeStep", () => {
  it("reads tool calls with arguments as text or as they are, numbers by their kind", () => {
    const step = loads("[{\"f\": \"{\\\"x\\\": 1.0}\", \"g\": {\"y\": 2.0}}]")
    assert.deepStrictEqual(ResultFile.decodeStep(step, "fc"), Result.succeed(["f(x=1.0)", "g(y=2.0)"]))
  })

  it("finds no calls in the words of a function-calling model, nor in no words", () => {
    assert.strictEqual(decoded("[f(a=1)]", "fc"), "AttributeError")
    assert.strictEqual(decoded(null, "fc"), "AttributeError")
    assert.deepStrictEqual(decoded("", "fc"), [])
    assert.strictEqual(decoded([{ f: "{" }], "fc"), "JSONDecodeError")
  })

  it("reads a Python list of calls, and the tags of Qwen's template", () => {
    assert.deepStrictEqual(decoded("[f(a=1), g()]", "prompting"), ["f(a=1)", "g()"])
    assert.strictEqual(decoded([{ f: "{}" }], "prompting"), "AttributeError")
    assert.deepStrictEqual(
      decoded("<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": true}}\n</tool_call>", "qwen"),
      ["f(a=True)"]
    )
  })

  it("drops the steps of a turn that say no calls", () => {
    const turn: ReadonlyArray<Value> = ["I think", "[f(a=1)]", "", "[g(b=2), h(c=3)]", "Done."]
    assert.deepStrictEqual(ResultFile.decodeTurn(turn, "prompting"), [["f(a=1)"], ["g(b=2)", "h(c=3)"]])
  })
})

const task = Task.make("multi_turn_base_7", {})

/** An episode of turns of messages, each of three tokens after ten. */
const played = (turns: ReadonlyArray<ReadonlyArray<Message>>, tokens = true): Finished => ({
  _tag: "Finished",
  task,
  sample: 0,
  episode: {
    task,
    seed: 0,
    turns: turns.length,
    stop: "completed",
    steps: turns.flatMap((messages, turn) =>
      messages.map((message) => ({
        turn,
        observed: [],
        completion: {
          message,
          stop: "stop" as const,
          ...(tokens && {
            tokens: { prompt: new Int32Array(10), completion: new Int32Array(3), logprobs: new Float32Array(3) }
          })
        },
        transition: { code: -1 as const, messages: [], outcomes: [], done: false }
      }))
    )
  }
})

const assistant = (content: string, toolCalls?: Message["toolCalls"]): Message => ({
  role: "assistant",
  content,
  ...(toolCalls !== undefined && { toolCalls })
})

describe("encodeLine", () => {
  it("writes steps by turns, as the official runner does", () => {
    const call = assistant("", [{ id: "c", name: "cd", arguments: "{\"folder\": \"a\"}" }])
    const { completions: _, ...official } = JSON.parse(
      ResultFile.encodeLine(played([[call, assistant("Done.")], [assistant("")]]), "fc")
    )
    assert.strictEqual(
      JSON.stringify(official),
      JSON.stringify({
        id: "multi_turn_base_7",
        result: [[[{ cd: "{\"folder\": \"a\"}" }], "Done."], [""]],
        input_token_count: [[10, 10], [10]],
        output_token_count: [[3, 3], [3]],
        latency: []
      })
    )
  })

  it("counts no tokens where nobody did", () => {
    const line = JSON.parse(ResultFile.encodeLine(played([[assistant("[f()]")]], false), "prompting"))
    assert.deepInclude(line, { result: [["[f()]"]], input_token_count: [], output_token_count: [] })
  })

  it("keeps what the official files have no place for", () => {
    const message: Message = {
      ...assistant("Let me see.", [{ id: "c", name: "cd", arguments: "{\"folder\": \"\\u00e9" }]),
      reasoning: "\ud800 why?"
    }
    const usage = { prompt: 10, cached: 0, completion: 3 }
    assert.deepStrictEqual(
      Result.getOrThrow(ResultFile.decodeCompletions(ResultFile.encodeLine(played([[message]]), "fc"))),
      { id: "multi_turn_base_7", completions: [{ message, stop: "stop", usage }] }
    )
    assert.isTrue(Result.isFailure(ResultFile.decodeCompletions("{\"id\": \"a\", \"result\": []}")))
  })

  it("writes what broke off as the official runner writes an exception", () => {
    const whole = played([[assistant("x")]])
    const text = ResultFile.encodeLine({ ...whole, episode: { ...whole.episode, stop: "context" } }, "fc")
    const line = Result.getOrThrow(ResultFile.decodeLine(text))
    assert.strictEqual(line.result, "Error during inference: no room was left in the context of the model")
    assert.isUndefined(ResultFile.turnsOf(line))
    const { completions } = Result.getOrThrow(ResultFile.decodeCompletions(text))
    assert.deepStrictEqual(completions.map(({ stop }) => stop), ["stop", "context"])
  })

  it.prop("what was said is read back as it was", [
    Schema.Array(Schema.Array(Schema.Union([
      Schema.String,
      Schema.NonEmptyArray(Schema.Tuple([Schema.String, Schema.JsonObject]))
    ])))
  ], ([turns]) => {
    const said = turns.filter((turn) => turn.length > 0)
    const messages = said.map((turn) =>
      turn.map((step) =>
        typeof step === "string"
          ? assistant(step)
          : assistant("", step.map(([name, given]) => ({ name, arguments: JSON.stringify(given) })))
      )
    )
    const line = Result.getOrThrow(ResultFile.decodeLine(ResultFile.encodeLine(played(messages), "fc")))
    const expected = said.map((turn) =>
      turn.map((step) =>
        typeof step === "string" ? step : step.map(([name, given]) => ({ [name]: JSON.stringify(given) }))
      )
    )
    assert.deepStrictEqual(JSON.parse(dumps(line.result)), JSON.parse(JSON.stringify(expected)))
  })
})
