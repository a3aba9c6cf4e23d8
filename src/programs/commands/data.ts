/** `envtune data`: the benchmark's files. */
import { Console, Effect, Option } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Parts } from "../parts.ts"
import * as Flags from "./flags.ts"

const pull = Command.make(
  "pull",
  {
    from: Flags.path("from").pipe(
      Flag.withDescription(
        "The URL of BFCL's folder bfcl_eval; a local folder (a checkout, an installed package, a folder once pulled); "
          + "a wheel of bfcl-eval, local or at a URL; or pip, which downloads one. BFCL's public repository when absent"
      ),
      Flag.optional
    ),
    to: Flags.path("to").pipe(
      Flag.withDescription("The folder to fill; one in your cache when absent, which other commands look into"),
      Flag.optional
    )
  },
  Effect.fn(function*({ from, to }) {
    const parts = yield* Parts
    const folder = Option.isSome(to) ? to.value : yield* parts.cache
    yield* parts.pull({ from: Option.getOrUndefined(from), to: folder, say: (line) => Console.log(line) })
    yield* Console.log(`data  ${folder}`)
  })
).pipe(
  Command.withDescription("Bring BFCL's files into a folder, and check that they are the right ones"),
  Command.withExamples([
    { command: "envtune data pull", description: "From BFCL's repository into your cache" },
    { command: "envtune data pull --from pip --to bfcl", description: "From the Python package, by way of pip" },
    { command: "envtune data pull --from ~/gorilla --to bfcl", description: "From a checkout of the repository" }
  ])
)

export const data = Command.make("data").pipe(
  Command.withDescription("Bring the benchmark's files here"),
  Command.withSubcommands([pull])
)
