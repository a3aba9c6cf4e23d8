/** `npm run crash -- --kills 25`: runs that are killed and resumed are the run that was not. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { outgrow, survive } from "./survive.ts"

Command.make(
  "crash",
  {
    kills: Flag.Int("kills").pipe(Flag.withDefault(25), Flag.withDescription("Runs to kill")),
    seed: Flag.Int("seed").pipe(Flag.withDefault(0), Flag.withDescription("Of the moments at which they are killed"))
  },
  Effect.fnUntraced(function*({ kills, seed }) {
    yield* outgrow((sentence) => Console.log(sentence))
    yield* survive(kills, seed, (sentence) => Console.log(sentence))
    yield* Console.log(`${kills} of ${kills} killed runs ended as the undisturbed one`)
    const interruptions = Math.ceil(kills / 5)
    yield* survive(interruptions, seed, (sentence) => Console.log(sentence), "SIGINT")
    yield* Console.log(`${interruptions} of ${interruptions} interrupted runs did so, and did nothing twice`)
  }, Effect.scoped)
).pipe(
  Command.withDescription(
    "Kills and interrupts runs at random disk operations, resumes them, and compares them with one left alone"
  ),
  Command.run({ version: "0" }),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
