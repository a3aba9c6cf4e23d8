/** `envtune conformance`: whether the simulators and checkers do what the original ones did. */
import { Console, Effect } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Parts, Unavailable } from "../parts.ts"
import * as Flags from "./flags.ts"

export const conformance = Command.make(
  "conformance",
  {
    oracle: Flag.String("oracle").pipe(Flag.withDescription("A folder with recordings of the original environment")),
    data: Flags.benchmark
  },
  Effect.fn(function*({ data, oracle }) {
    const parts = yield* Parts
    const { agrees, lines } = yield* parts.conformance({ data: data ?? (yield* parts.cache), oracle })
    yield* Effect.forEach(lines, (line) => Console.log(line), { discard: true })
    if (!agrees) {
      return yield* new Unavailable({ detail: "this implementation disagrees with the recordings; see above" })
    }
  })
).pipe(
  Command.withDescription("Replay recordings of the original BFCL environment and compare, part by part"),
  Command.withExamples([{
    command: "envtune conformance --oracle DIR --data DIR",
    description: "Exit code 0 when all agree"
  }])
)
