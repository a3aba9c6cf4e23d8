/** Benchmarks: `npm run bench` for all of them, `npm run bench -- environment --help` for one. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Option } from "effect"
import * as Command from "effect/cli/Command"
import * as Engine from "./engine.ts"
import * as Environment from "./environment.ts"
import * as Figures from "./Figures.ts"
import * as Http from "./http.ts"
import * as Memory from "./memory.ts"
import * as Pipeline from "./pipeline.ts"
import * as Simulation from "./simulation.ts"
import * as Validation from "./validation.ts"
import * as Viewer from "./viewer.ts"

/** Every benchmark in a size that takes seconds. */
const all = [
  Engine.measure({ model: "small", workers: 2, rounds: 2, simd: "plain", python: Option.none() }),
  Environment.measure({ data: Option.none(), original: Option.none(), rounds: 3 }),
  Http.measure({ rounds: 1, peer: Option.none() }),
  Memory.measure({ episodes: 2000 }),
  Pipeline.measure({ steps: 4, rounds: 5 }),
  Simulation.measure({ worlds: 10 }),
  Validation.measure({ data: Option.none(), workers: 2, rounds: 3 }),
  Viewer.measure({ episodes: 10_000 })
]

Command.make(
  "bench",
  { json: Figures.json },
  Effect.fnUntraced(function*(options) {
    for (const measure of all) yield* Figures.print(yield* measure, options)
  })
).pipe(
  Command.withDescription("Measures what the budgets of this project are about"),
  Command.withSubcommands([
    Engine.command,
    Environment.command,
    Http.command,
    Memory.command,
    Pipeline.command,
    Simulation.command,
    Validation.command,
    Viewer.command
  ]),
  Command.run({ version: "0" }),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
