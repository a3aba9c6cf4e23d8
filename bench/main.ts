/** Benchmarks: `npm run bench -- engine`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import * as Command from "effect/cli/Command"
import { engine } from "./engine.ts"

Command.make("bench").pipe(
  Command.withDescription("Measures what the budgets of this project are about"),
  Command.withSubcommands([engine]),
  Command.run({ version: "0" }),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
