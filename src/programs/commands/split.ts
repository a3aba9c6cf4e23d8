/** `envtune split`: whether a split of the benchmark's tasks is fit to train and test on. */
import { Console, Effect } from "effect"
import * as Command from "effect/cli/Command"
import { Parts } from "../parts.ts"
import { Unavailable } from "../refusal.ts"
import * as Flags from "./flags.ts"

export const split = Command.make(
  "split",
  { data: Flags.benchmark, split: Flags.split },
  Effect.fn(function*({ data, split }) {
    const parts = yield* Parts
    const { leaks, lines } = yield* parts.split({ data: data ?? (yield* parts.cache), split })
    yield* Effect.forEach(lines, (line) => Console.log(line), { discard: true })
    if (leaks) return yield* new Unavailable({ detail: "what is tested was trained on; see above" })
  })
).pipe(
  Command.withDescription("Count both sides of a split of BFCL's tasks, and find what they have in common"),
  Command.withExamples([{
    command: "envtune split --data DIR --split mine.json",
    description: "Exit code 0 when train and test share no scenario"
  }])
)
