/** `envtune pretrain`: makes the base model that tuning starts from. */
import { Console, Effect } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Parts } from "../parts.ts"
import * as Flags from "./flags.ts"

export const pretrain = Command.make(
  "pretrain",
  {
    out: Flags.path("out").pipe(Flag.withDescription("Where to save the weights; must not exist")),
    seed: Flags.seed,
    workers: Flags.workers
  },
  Effect.fn(function*({ out, seed, workers }) {
    const parts = yield* Parts
    yield* parts.pretrain({ out, seed, workers, say: (line) => Console.log(line) })
    yield* Console.log(`weights  ${out}`)
  })
).pipe(
  Command.withDescription("Make the small base model for drills: it learns to speak, not to solve"),
  Command.withExamples([{ command: "envtune pretrain --out weights/base", description: "A base model of your own" }])
)
