/**
 * Whether the paper's augmentor says what the paper's fork of BFCL was recorded to say.
 *
 * The fork differs from today's BFCL by its augmentation and by being older (spec: bfcl 7.3).
 * Where its text is not ours, the cause is one of the known differences between the two
 * versions, each with a condition of its own, or a mistake of ours.
 */
import type { FailedCall } from "../Augmentor.ts"
import { dumps } from "../python/Json.ts"
import { Dict } from "../python/Value.ts"

/** A call that failed in BFCL, in the fork, or in both; its texts in full. */
export interface Recorded {
  readonly call: string
  readonly standard: string
  readonly augmented: string
  readonly standardFails: boolean
  readonly augmentedFails: boolean
  /** Whether both had the same state before the call, as far as states were recorded. */
  readonly sameStateBefore: boolean
}

/** The same call here, after the same calls before it. */
export interface Replayed {
  /** Absent where the call ran. */
  readonly failed?: FailedCall
  /** The result in the words of the paper's augmentor. */
  readonly told: string
}

/** A known difference between today's BFCL and the fork, other than augmentation. */
export type Cause =
  /** The fork's tool takes other arguments, or there is none of that name. */
  | "other_signature"
  /** In the fork a wrong travel token counts down an expiry that may not be set. */
  | "token_countdown"
  /** The checks of the two meet an argument of a wrong type in another order. */
  | "argument_type"
  /** The fork's `comment` raises the text of its refusal, and only exceptions can be raised. */
  | "text_raised"
  /** Today's `cd` strips slashes from the end of a name, the fork's takes it for a path. */
  | "slashes_stripped"
  /** The fork returns the error that today's tool raises; the words agree. */
  | "returned_not_raised"
  /** The fork's tool succeeds where today's fails: `echo` makes files, `find` ignores its path. */
  | "runs_in_fork"
  /** Today's tool succeeds where the fork's fails, so there is no error to word. */
  | "fails_in_fork_only"
  /** The fork's text is the old upstream's, not an augmentation: `cat` without quotes, `rmdir: failed to remove`. */
  | "old_text"
  /** Earlier calls left the fork in another state, or in another directory, which its record does not show. */
  | "state"

export type Comparison =
  | "agreed"
  | { readonly explained: Cause }
  | { readonly disagreed: { readonly expected: string; readonly got: string } }

/** The name of a simulator's variable leaks into texts, and the fork builds it differently. */
const withoutInstances = (text: string): string => text.replace(/\b(?:_uuid)?\w+_instance\./g, "")

const toolOf = ({ call }: Recorded): string => /^\s*(\w+)/.exec(call)?.[1] ?? ""

const typeErrors = new RegExp(
  [
    "argument of type '\\w+' is not iterable",
    "has no attribute 'r?strip'",
    "unhashable type: '\\w+'",
    "requires string as left operand, not \\w+",
    "not supported between instances of '\\w+' and '\\w+'",
    "can only concatenate str",
    "could not convert string to float",
    "argument must be a string or a real number"
  ].join("|")
)

const unquoted = (text: string): string => text.replaceAll("'", "")

const raisedPrefix = "Error during execution: "

type Holds = (recorded: Recorded, replayed: Replayed) => boolean

/** The first condition that holds explains a difference; `state` explains what is left, and is not among them. */
const conditions: ReadonlyArray<readonly [cause: Cause, holds: Holds]> = [
  [
    "other_signature",
    (recorded) => ["book_flight", "get_booking_history", "withdraw_funds"].includes(toolOf(recorded))
  ],
  [
    "token_countdown",
    ({ augmented }) => augmented.endsWith("unsupported operand type(s) for -=: 'NoneType' and 'int'")
  ],
  ["text_raised", ({ augmented }) => augmented === `${raisedPrefix}exceptions must derive from BaseException`],
  ["argument_type", ({ augmented, standard }) => typeErrors.test(augmented) || typeErrors.test(standard)],
  [
    "slashes_stripped",
    (recorded) => toolOf(recorded) === "cd" && recorded.augmented.includes("/': Paths are not allowed.")
  ],
  [
    "returned_not_raised",
    ({ augmented }, { told }) =>
      told.startsWith(raisedPrefix) && augmented === dumps(Dict.of({ error: told.slice(raisedPrefix.length) }))
  ],
  [
    "old_text",
    (recorded) => toolOf(recorded) === "cat" && unquoted(recorded.standard) === unquoted(recorded.augmented)
  ],
  ["old_text", (recorded) => toolOf(recorded) === "rmdir" && recorded.augmented.includes("rmdir: failed to remove")],
  ["runs_in_fork", ({ augmentedFails }) => !augmentedFails],
  ["fails_in_fork_only", (_, { failed }) => failed === undefined]
]

const compare = (recorded: Recorded, replayed: Replayed, parted: boolean): Comparison => {
  const expected = withoutInstances(recorded.augmented)
  const got = withoutInstances(replayed.told)
  if (expected === got) return "agreed"
  const known = conditions.find(([, holds]) => holds(recorded, replayed))
  if (known !== undefined) return { explained: known[0] }
  return parted || !recorded.sameStateBefore ? { explained: "state" } : { disagreed: { expected, got } }
}

/**
 * Compares the recorded calls of one case, in order. Once a call has run in one of the two versions only, the two may
 * stand in different directories, which `sameStateBefore` does not tell.
 */
export const compareCase = (
  calls: ReadonlyArray<readonly [recorded: Recorded, replayed: Replayed]>
): ReadonlyArray<Comparison> => {
  let parted = false
  return calls.map(([recorded, replayed]) => {
    const comparison = compare(recorded, replayed, parted)
    parted ||= recorded.standardFails !== recorded.augmentedFails
    return comparison
  })
}
