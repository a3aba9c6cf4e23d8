/** `envtune validate`: whether a benchmark's ground truths are whole. */
import { Console, Effect, Option, Schema } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Parts } from "../parts.ts"
import { Unavailable } from "../refusal.ts"
import * as Flags from "./flags.ts"

export const validate = Command.make(
  "validate",
  {
    data: Flags.benchmark,
    workers: Flag.Int("workers").pipe(
      Flag.withSchema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 64 }))),
      Flag.withDescription("Worker threads, at most 64; one for each core when absent"),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    ),
    times: Flags.positive("times").pipe(
      Flag.withDefault(1),
      Flag.withDescription("How often each is played; a rate worth comparing takes some hundred times")
    )
  },
  Effect.fn(function*({ data, times, workers }) {
    const parts = yield* Parts
    const { broken, lines } = yield* parts.validate({ data: data ?? (yield* parts.cache), workers, times })
    yield* Effect.forEach(lines, (line) => Console.log(line), { discard: true })
    if (broken > 0) return yield* new Unavailable({ detail: `broken: ${broken}; see above` })
  })
).pipe(
  Command.withDescription(
    "Play every ground truth of a BFCL folder, check that it is accepted, and find what else is broken in the folder"
  ),
  Command.withExamples([
    { command: "envtune validate", description: "What `envtune data pull` brought" },
    { command: "envtune validate --data DIR --times 200 --workers 2", description: "How fast two cores are" }
  ])
)
