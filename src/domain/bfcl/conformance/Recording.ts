/**
 * What was recorded from the original BFCL, one line a case: the shapes of the oracle's files.
 *
 * A text of more than 400 characters is kept apart, as `{ "$blob": id }`; `expand` puts such texts back.
 */
import { Schema } from "effect"

const Text = Schema.Union([Schema.String, Schema.Struct({ $blob: Schema.String })])
export type Text = typeof Text.Type

/** An instance's state in the oracle's encoding of Python values; compared as JSON, not decoded. */
const State = Schema.Unknown
/** Class name -> state. */
const States = Schema.Record(Schema.String, State)

const Call = Schema.Struct({
  /** The call as Python text. */
  s: Schema.String,
  /** The same call as the text of a JSON tool call; absent where it has none. */
  json: Schema.optionalKey(Schema.String)
})
export type Call = typeof Call.Type

/** The ground truth of an entry, played from its start. */
export const GroundTruth = Schema.Struct({
  id: Schema.String,
  involved_classes: Schema.Array(Schema.String),
  init: States,
  turns: Schema.Array(Schema.Struct({
    calls: Schema.Array(Schema.String),
    results: Schema.Array(Text),
    /** `"="` for a class that the turn left as it was. */
    state: States
  }))
})
export type GroundTruth = typeof GroundTruth.Type

/** Random calls on one class. The configuration is an entry's (`config_from`) or given as JSON text. */
export const Fuzz = Schema.Struct({
  id: Schema.String,
  class: Schema.String,
  long_context: Schema.Boolean,
  config_from: Schema.optionalKey(Schema.String),
  config_json: Schema.optionalKey(Schema.String),
  /** What the original said when it could not even load the configuration. */
  load_error: Schema.optionalKey(Schema.String),
  calls: Schema.Array(Call),
  results: Schema.Array(Text),
  state: State
})
export type Fuzz = typeof Fuzz.Type

/** Hand-written calls on several classes (`exec`, `tables`). */
export const Sequence = Schema.Struct({
  id: Schema.String,
  involved_classes: Schema.Array(Schema.String),
  long_context: Schema.Boolean,
  config_json: Schema.String,
  calls: Schema.Array(Call),
  results: Schema.Array(Text),
  state: States
})
export type Sequence = typeof Sequence.Type

/** A verdict of the multi-turn checker, and one of the irrelevance checker. */
export const Checked = Schema.Struct({
  id: Schema.String,
  entry: Schema.String,
  kind: Schema.String,
  decoded: Schema.Array(Schema.Array(Schema.Array(Schema.String))),
  valid: Schema.Boolean,
  error_type: Schema.optionalKey(Schema.String),
  error_message: Schema.optionalKey(Schema.String),
  /** Sorted by name. */
  diff_attrs: Schema.optionalKey(Schema.Array(Schema.String)),
  missing_items: Schema.optionalKey(Schema.Array(Text)),
  irrelevance_valid: Schema.Boolean,
  /** Objects that leaked between the instances of the model and of the ground truth. */
  shared_dirty: Schema.optionalKey(Schema.Array(Schema.String))
})
export type Checked = typeof Checked.Type

/** A value, or the exception that came instead. */
const Outcome = <S extends Schema.Codec<unknown, unknown>>(ok: S) =>
  Schema.Union([Schema.Struct({ ok }), Schema.Struct({ err: Schema.String, msg: Schema.String })])
const Calls = Outcome(Schema.Array(Schema.String))
const CallsText = Outcome(Schema.String)

/** How an output is decoded to call strings, by the official decoders and by the paper's. */
export const Decoded = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("prompting"), text: Schema.String, official: Calls, paper: Calls }),
  Schema.Struct({
    kind: Schema.Literal("tool_call"),
    name: Schema.String,
    arguments_json: Schema.String,
    official_fc: Calls,
    paper_string: CallsText,
    paper: Calls
  }),
  Schema.Struct({
    kind: Schema.Literal("paper_parse"),
    text: Schema.String,
    paper: Outcome(Schema.Tuple([Schema.String, Schema.String]))
  }),
  Schema.Struct({
    kind: Schema.Literal("paper_tool_calls"),
    text: Schema.String,
    paper_string: CallsText,
    paper: Calls
  })
])
export type Decoded = typeof Decoded.Type

const Reward = Schema.Struct({
  score: Schema.Finite,
  total_interaction_rounds: Schema.Finite,
  format_reward: Schema.Finite,
  tool_call_reward: Schema.Finite,
  is_tool_call: Schema.Finite
})

/** A conversation with the paper's interaction manager, step by step, and its rewards. */
export const Conversation = Schema.Struct({
  id: Schema.String,
  entry: Schema.String,
  steps: Schema.Array(Schema.Struct({
    assistant: Schema.String,
    terminate: Schema.Boolean,
    content: Text,
    score: Schema.Finite,
    turn_after: Schema.Finite
  })),
  rewards: Schema.Struct({ bfcl_reward: Reward, format_reward: Reward })
})
export type Conversation = typeof Conversation.Type

/** A failing call of a fuzz case, and what the paper's fork says in its place. */
export const Augmented = Schema.Struct({
  case: Schema.String,
  i: Schema.Int,
  class: Schema.String,
  call: Schema.String,
  standard: Text,
  augmented: Text,
  standard_fails: Schema.Boolean,
  augmented_fails: Schema.Boolean,
  same_state_before: Schema.Boolean
})
export type Augmented = typeof Augmented.Type

/** Results that the original itself does not reproduce: call `i` of a case. */
export const Nondeterministic = Schema.Struct({
  differences: Schema.Array(Schema.Struct({ case: Schema.String, i: Schema.Int }))
})

/** Blob id -> text. */
export const Blobs = Schema.Record(Schema.String, Schema.String)
export type Blobs = typeof Blobs.Type

/** A text, fetched where it is kept apart. */
export const textOf = (blobs: Blobs, text: Text): string =>
  typeof text === "string" ? text : blobs[text.$blob] ?? `(no blob ${text.$blob})`

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Every `{ "$blob": id }` within a JSON value replaced by its text. */
export const expand = (blobs: Blobs, value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((item) => expand(blobs, item))
  if (!isObject(value)) return value
  if (typeof value.$blob === "string") return textOf(blobs, { $blob: value.$blob })
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(blobs, item)]))
}
