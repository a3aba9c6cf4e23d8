/** Made-up recordings of an entry about travelling, as the oracle would have written them. */
import type {
  Augmented,
  Checked,
  Conversation,
  Fuzz,
  GroundTruth
} from "../../../../src/domain/bfcl/conformance/Recording.ts"
import type { Oracle } from "../../../../src/domain/bfcl/conformance/Replay.ts"
import type { Entry } from "../../../../src/domain/bfcl/Entry.ts"
import * as LongContext from "../../../../src/domain/bfcl/LongContext.ts"
import type { Json as Official } from "../../../../src/domain/bfcl/Scores.ts"
import { Dict } from "../../../../src/domain/python/Value.ts"

export const entry: Entry = {
  id: "multi_turn_base_3",
  category: "base",
  scenario: 3,
  classes: ["TravelAPI"],
  initialConfig: "{\"TravelAPI\": {\"access_token\": \"abc\"}}",
  turns: [
    {
      messages: [{ role: "user", content: "Set a budget of 250 dollars." }],
      revealed: [],
      groundTruth: ["set_budget_limit('abc', 250)"]
    },
    { messages: [{ role: "user", content: "Book something." }], revealed: [], groundTruth: [] }
  ],
  longContext: false
}

export const oracle: Oracle = {
  entries: new Map([[entry.id, entry]]),
  longContext: LongContext.make(new Dict()),
  blobs: { b1: "{\"budget_limit\": 250.0}" },
  nondeterministic: new Set(["fuzz_1#0"]),
  tools: new Map([["MathAPI", ["add"]], ["TravelAPI", ["list_all_airports", "set_budget_limit"]]])
}

/** TravelAPI's state at the start of `entry`, with changes. */
export const travelState = (changes: object = {}): Readonly<Record<string, unknown>> => ({
  _flight_cost_lookup: {},
  _random: { $random: { index: 624, next32: [4005903735, 621264111] } },
  credit_card_list: {},
  booking_record: {},
  access_token: "abc",
  token_type: null,
  token_expires_in: null,
  token_scope: null,
  user_first_name: null,
  user_last_name: null,
  budget_limit: null,
  long_context: false,
  ...changes
})

const limited = travelState({ budget_limit: { $float: "250.0" } })

export const groundTruth: GroundTruth = {
  id: entry.id,
  involved_classes: ["TravelAPI"],
  init: { TravelAPI: travelState() },
  turns: [
    { calls: ["set_budget_limit('abc', 250)"], results: [{ $blob: "b1" }], state: { TravelAPI: limited } },
    { calls: [], results: [], state: { TravelAPI: "=" } }
  ]
}

const setBudget = (limit: string) => ({
  s: `set_budget_limit(access_token='abc', budget_limit=${limit})`,
  json: `{"name": "set_budget_limit", "arguments": {"access_token": "abc", "budget_limit": ${limit}}}`
})

export const fuzz: Fuzz = {
  id: "fuzz_0",
  class: "TravelAPI",
  long_context: false,
  config_from: entry.id,
  calls: [setBudget("250"), { s: "list_all_airports(1)" }, {
    s: "get_flight_cost('RMS', 'x', 'd', 'e')"
  }],
  results: [
    "{\"budget_limit\": 250.0}",
    "Error during execution: TravelAPI.list_all_airports() takes 1 positional argument but 2 were given",
    "Error during execution: No available route for the given airports."
  ],
  state: limited
}

export const augmented: Augmented = {
  case: "fuzz_0",
  i: 2,
  class: "TravelAPI",
  call: "get_flight_cost('RMS', 'x', 'd', 'e')",
  standard: "Error during execution: No available route for the given airports.",
  augmented:
    "Error during execution: Invalid airport code(s): destination airport 'x'. Please use valid airport codes. " +
    "You can use 'list_all_airports' to get all available airports or 'get_nearest_airport_by_city' to find the correct " +
    "airport code for a city.",
  standard_fails: true,
  augmented_fails: true,
  same_state_before: true
}

export const checked: Checked = {
  id: "check_0",
  entry: entry.id,
  kind: "alter_arg",
  decoded: [[["set_budget_limit('abc', 251)"]], [["list_all_airports()"]]],
  valid: false,
  error_type: "multi_turn:instance_state_mismatch",
  error_message: "Model instance for TravelAPI does not match the state with ground truth instance.",
  diff_attrs: ["budget_limit"],
  irrelevance_valid: false
}

const reward = { total_interaction_rounds: 3, format_reward: 2 / 3, tool_call_reward: 1, is_tool_call: 1 }

export const conversation: Conversation = {
  id: "talk_0",
  entry: entry.id,
  steps: [
    {
      assistant: "no tags",
      terminate: false,
      content: "Error: Missing <think></think> tags",
      score: -3,
      turn_after: 0
    },
    {
      assistant: "<think>t</think><tool_call>{\"name\": \"travel_get_login_status\"}</tool_call>",
      terminate: false,
      content: "Here are the function's execution results. Execution results:[\"{\\\"status\\\": false}\"]\n If you " +
        "believe you have already fulfilled the user's request, please first outline your thought process in a " +
        "<think></think>pair, and then give a brief summary of the result in an <answer></answer> pair. Otherwise, you " +
        "should continue to call until fulfilling user's request.",
      score: -1,
      turn_after: 0
    },
    {
      assistant: "<think>t</think><answer>no</answer>",
      terminate: false,
      content: "QUESTION 1",
      score: 0,
      turn_after: 1
    }
  ],
  rewards: { bfcl_reward: { score: 0, ...reward }, format_reward: { score: 2 / 3 + 1, ...reward } }
}

/** A result file of a function-calling model, and what the official scorer says of it. */
export const result = {
  id: entry.id,
  result: [[[{ set_budget_limit: "{\"access_token\": \"abc\", \"budget_limit\": 251}" }], "Done."], [""]],
  input_token_count: [],
  output_token_count: [],
  latency: []
}

export const official: Official = {
  "some-model-FC": {
    multi_turn_base: {
      accuracy: 0,
      total: 1,
      entries: {
        [entry.id]: [
          "multi_turn:instance_state_mismatch",
          "Model instance for TravelAPI does not match the state with ground truth instance."
        ]
      }
    }
  }
}
