import { assert, describe, it } from "@effect/vitest"
import type { Comparison } from "../../../../src/domain/bfcl/conformance/Agreement.ts"
import { decoded } from "../../../../src/domain/bfcl/conformance/Decoding.ts"
import * as Judgement from "../../../../src/domain/bfcl/conformance/Judgement.ts"
import * as Replay from "../../../../src/domain/bfcl/conformance/Replay.ts"
import * as recorded from "./recordings.ts"

const { oracle } = recorded

/** What came out otherwise, and what was expected. */
const differences = (comparison: Comparison) =>
  comparison.disagreements.map(({ expected, got, what }) => [what, expected, got])

describe("the ground truth of an entry", () => {
  it("agrees with results, blobs and states", () => {
    assert.deepStrictEqual(Replay.groundTruth(oracle, recorded.groundTruth), {
      calls: 1,
      skipped: 0,
      disagreements: [],
      missing: [],
      explained: {}
    })
  })

  it("differs where a state does, down to int and float", () => {
    const [turn, last] = recorded.groundTruth.turns
    const state = { TravelAPI: recorded.travelState({ budget_limit: 250 }) }
    const comparison = Replay.groundTruth(oracle, { ...recorded.groundTruth, turns: [{ ...turn!, state }, last!] })
    assert.deepStrictEqual(comparison.disagreements.map(({ what }) => what), [
      "state after turn 0 of TravelAPI",
      "state after turn 1 of TravelAPI"
    ])
  })

  it("is not implemented where a class is not, and agrees with nothing then", () => {
    const comparison = Replay.groundTruth(oracle, {
      ...recorded.groundTruth,
      involved_classes: ["TravelAPI", "Nowhere"]
    })
    assert.deepStrictEqual(comparison.missing, ["Nowhere"])
    assert.strictEqual(comparison.calls, 0)
  })

  it("differs when the data do not have the entry", () => {
    const comparison = Replay.groundTruth(oracle, { ...recorded.groundTruth, id: "multi_turn_base_9" })
    assert.deepStrictEqual(differences(comparison), [["the entry", "present", "absent"]])
  })
})

describe("random calls", () => {
  it("agree as text and as JSON", () => {
    const comparison = Replay.fuzz(oracle, recorded.fuzz)
    assert.deepStrictEqual(differences(comparison), [])
    assert.strictEqual(comparison.calls, 6)
  })

  it("differ in each form in which the result does", () => {
    const results = ["{\"budget_limit\": 250}", ...recorded.fuzz.results.slice(1)]
    assert.deepStrictEqual(differences(Replay.fuzz(oracle, { ...recorded.fuzz, results })), [
      ["result of text", "{\"budget_limit\": 250}", "{\"budget_limit\": 250.0}"],
      ["result of JSON", "{\"budget_limit\": 250}", "{\"budget_limit\": 250.0}"]
    ])
  })

  it("are not compared where the original does not reproduce itself, and are counted", () => {
    const results = ["anything", ...recorded.fuzz.results.slice(1)]
    const comparison = Replay.fuzz(oracle, { ...recorded.fuzz, id: "fuzz_1", results })
    assert.deepStrictEqual(differences(comparison), [])
    assert.strictEqual(comparison.skipped, 2)
  })

  it("take a configuration of their own", () => {
    const state = recorded.travelState({ access_token: "other" })
    const { config_from: _, ...rest } = recorded.fuzz
    const own = { ...rest, config_json: "{\"access_token\": \"other\"}", calls: [], results: [], state }
    assert.deepStrictEqual(differences(Replay.fuzz(oracle, own)), [])
  })

  it("differ when the original could not load what is loaded here", () => {
    const comparison = Replay.fuzz(oracle, { ...recorded.fuzz, load_error: "unhashable type: 'list'" })
    assert.strictEqual(comparison.disagreements.length, 2)
  })
})

describe("hand-written calls", () => {
  const sequence = {
    id: "exec_0",
    involved_classes: ["TravelAPI", "Nowhere"],
    long_context: false,
    config_json: "{\"TravelAPI\": {\"access_token\": \"abc\"}}",
    calls: [{ s: "list_all_airports()[0]" }],
    results: ["RMS"],
    state: { TravelAPI: recorded.travelState() }
  }
  const somewhere = { ...oracle, tools: new Map([...oracle.tools, ["Nowhere", ["go"]] as const]) }

  it("are replayed when no call names a tool of a class that is missing", () => {
    assert.deepStrictEqual(Replay.sequence(somewhere, sequence).missing, [])
    assert.deepStrictEqual(differences(Replay.sequence(somewhere, sequence)), [])
  })

  it("are not implemented otherwise", () => {
    const going = { ...sequence, calls: [{ s: "list_all_airports()[go()]" }] }
    assert.deepStrictEqual(Replay.sequence(somewhere, going).missing, ["Nowhere"])
  })
})

describe("augmented errors", () => {
  it("agree with what the paper's augmentor says", () => {
    assert.deepStrictEqual(differences(Replay.augmented(oracle, recorded.fuzz, [recorded.augmented])), [])
  })

  it("differ in a word", () => {
    const otherwise = { ...recorded.augmented, augmented: "Error during execution: Invalid airport." }
    assert.deepStrictEqual(differences(Replay.augmented(oracle, recorded.fuzz, [otherwise])).map(([what]) => what), [
      "augmented text"
    ])
  })

  it("are explained where the fork is of an older version", () => {
    const ran = { ...recorded.augmented, augmented: "{\"travel_cost_list\": []}", augmented_fails: false }
    const comparison = Replay.augmented(oracle, recorded.fuzz, [ran])
    assert.deepStrictEqual(comparison.explained, { runs_in_fork: 1 })
    assert.strictEqual(comparison.skipped, 1)
  })
})

describe("a verdict of the checker", () => {
  it("agrees in verdict, words, attributes and irrelevance", () => {
    assert.deepStrictEqual(differences(Judgement.checked(oracle, recorded.checked)), [])
  })

  it("differs in each of them", () => {
    const otherwise = { ...recorded.checked, valid: true, diff_attrs: ["access_token"], irrelevance_valid: true }
    assert.deepStrictEqual(differences(Judgement.checked(oracle, otherwise)).map(([what]) => what), [
      "verdict",
      "irrelevance",
      "attributes"
    ])
  })

  it("is that of a process in which the model's instances and the ground truth's share objects", () => {
    const [turn] = recorded.entry.turns
    const posting = {
      ...recorded.entry,
      classes: ["TwitterAPI"],
      initialConfig: "{\"TwitterAPI\": {\"authenticated\": true}}",
      turns: [{ ...turn!, groundTruth: ["post_tweet('x')"] }]
    }
    const comparison = Judgement.checked({ ...oracle, entries: new Map([[posting.id, posting]]) }, {
      id: "check_1",
      entry: posting.id,
      kind: "alias_mention",
      decoded: [[["post_tweet('x')", "mention(0, ['@bob'])"]]],
      valid: false,
      error_type: "multi_turn:execution_response_mismatch",
      error_message: "Model response execution results so far does not contain all the ground truth response execution "
        + "results for turn 0.",
      missing_items: [
        "{\"id\": 0, \"username\": \"john\", \"content\": \"x\", \"tags\": [], \"mentions\": [\"@bob\"]}"
      ],
      irrelevance_valid: true,
      shared_dirty: ["post_tweet defaults"]
    })
    assert.deepStrictEqual(differences(comparison), [])
  })
})

describe("a conversation", () => {
  it("agrees step by step and in both rewards", () => {
    const comparison = Judgement.conversation(oracle, recorded.conversation)
    assert.deepStrictEqual(differences(comparison), [])
    assert.strictEqual(comparison.calls, 3)
  })

  it("differs in a reward and in a step", () => {
    const { rewards, steps } = recorded.conversation
    const otherwise = {
      ...recorded.conversation,
      steps: steps.map((step, i) => i === 2 ? { ...step, score: 1 } : step),
      rewards: { ...rewards, bfcl_reward: { ...rewards.bfcl_reward, score: 1 } }
    }
    assert.deepStrictEqual(differences(Judgement.conversation(oracle, otherwise)), [
      ["score", "1", "0"],
      ["progress reward", "1", "0"]
    ])
  })
})

describe("decoding", () => {
  it("is compared by value and by exception", () => {
    const official = { ok: ["f(a=1)"] }
    const paper = { err: "SyntaxError", msg: "invalid syntax (<unknown>, line 0)" }
    assert.deepStrictEqual(
      differences(decoded(1, { kind: "prompting", text: "[f(a=1)]", official, paper: official })),
      []
    )
    assert.deepStrictEqual(differences(decoded(1, { kind: "prompting", text: "[]", official: { ok: [] }, paper })), [])
    assert.deepStrictEqual(
      differences(decoded(1, { kind: "prompting", text: "[f(a=1)]", official: { ok: [] }, paper })).map(([what]) =>
        what
      ),
      ["official decoder", "paper's decoder"]
    )
  })

  it("covers the function-calling path and the paper's parser", () => {
    const call = "f(a=1.0)"
    assert.deepStrictEqual(
      differences(decoded(2, {
        kind: "tool_call",
        name: "f",
        arguments_json: "{\"a\": 1.0}",
        official_fc: { ok: [call] },
        paper_string: { ok: `[${call}]` },
        paper: { ok: [call] }
      })),
      []
    )
    assert.deepStrictEqual(
      differences(
        decoded(3, { kind: "paper_parse", text: "hi", paper: { ok: ["hi", "Error: Missing <think></think> tags"] } })
      ),
      []
    )
    assert.deepStrictEqual(
      differences(decoded(4, {
        kind: "paper_tool_calls",
        text: "{\"name\": \"f\"}",
        paper_string: { ok: "[f()]" },
        paper: { ok: ["f()"] }
      })),
      []
    )
  })
})
