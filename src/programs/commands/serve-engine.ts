/** `envtune serve-engine`: the embedded engine as a Tinker server. */
import { Console, Effect, Schema } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Parts } from "../parts.ts"
import * as Flags from "./flags.ts"

const Port = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 }))

export const serveEngine = Command.make(
  "serve-engine",
  {
    weights: Flags.weights,
    host: Flag.String("host").pipe(
      Flag.withDefault("127.0.0.1"),
      Flag.withDescription("The address to listen at; there is no access control, so think before you give another")
    ),
    port: Flag.Int("port").pipe(
      Flag.withSchema(Port),
      Flag.withDefault(8000),
      Flag.withDescription("The port to listen at; 0 takes one that is free")
    ),
    checkpoints: Flags.path("checkpoints").pipe(
      Flag.withDefault("runs/served"),
      Flag.withDescription("The folder that clients' named weights are saved in, and found in by a later server")
    ),
    workers: Flags.workers
  },
  Effect.fn(function*(given) {
    const parts = yield* Parts
    return yield* parts.serve({ ...given, say: (line) => Console.log(line) })
  })
).pipe(
  Command.withDescription("Serve the embedded engine to Tinker clients: training and sampling on this machine"),
  Command.withExamples([
    { command: "envtune serve-engine", description: "At http://127.0.0.1:8000, as SkyRL's server would be" },
    { command: "envtune serve-engine --weights runs/mine/checkpoints/final --port 0", description: "A model of yours" }
  ])
)
