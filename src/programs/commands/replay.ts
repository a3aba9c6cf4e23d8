/** `envtune replay`: call sequences in, results and states out. */
import { Console, Effect, Option } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Parts } from "../parts.ts"
import { Unavailable } from "../refusal.ts"
import { grouped } from "../text.ts"
import * as Flags from "./flags.ts"

export const replay = Command.make(
  "replay",
  {
    data: Flags.benchmark,
    input: Flags.path("in").pipe(
      Flag.withDescription(
        "JSON lines { \"id\"?, \"classes\": [name], \"initial_config\": {class: {...}} or \"config_from\": instance id, "
          + "\"long_context\": boolean, \"calls\": [\"cd(folder='x')\" or {\"name\", \"arguments\"}] }; .gz is decompressed"
      )
    ),
    out: Flags.path("out").pipe(
      Flag.withDescription(
        "A new file for JSON lines { \"id\", \"results\": [text], \"state\": {class: attributes} }, or \"load_error\" "
          + "where a configuration cannot be loaded; standard output when absent"
      ),
      Flag.optional
    )
  },
  Effect.fn(function*({ data, input, out }) {
    const parts = yield* Parts
    const { bad, calls, played } = yield* parts.replay({
      data: data ?? (yield* parts.cache),
      input,
      output: Option.getOrUndefined(out)
    })
    yield* Console.error(`${grouped(played)} sequences, ${grouped(calls)} calls`)
    if (bad > 0) return yield* new Unavailable({ detail: `${input}: lines that are no call sequence: ${bad}` })
  })
).pipe(
  Command.withDescription("Execute call sequences as BFCL does: every result, and the state at the end"),
  Command.withExamples([
    { command: "envtune replay --in calls.jsonl --out results.jsonl", description: "A file of them" },
    { command: "envtune replay --data DIR --in calls.jsonl.gz | head -1", description: "The first of them" }
  ])
)
