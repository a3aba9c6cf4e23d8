/**
 * `npm run live:sdk`: Tinker's own Python SDK, in the last version that speaks JSON and in the newest, against
 * `envtune serve-engine`. sdk.py is what it does.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, FileSystem } from "effect"
import * as Command from "effect/cli/Command"
import { fileURLToPath } from "node:url"
import * as Process from "./Process.ts"

const envtune = fileURLToPath(new URL("../../src/main.ts", import.meta.url))

/** Anything newer than 0.38.0 is for a later look: what changed last broke older servers. */
const versions = ["0.24.1", "0.38.0"]

const serving = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const checkpoints = yield* files.makeTempDirectoryScoped({ prefix: "envtune-" })
  return yield* Process.start(
    "node",
    [envtune, "serve-engine", "--port", "0", "--checkpoints", checkpoints],
    (line) => /^serving .* at (\S+)$/.exec(line)?.[1]
  )
})

Command.make(
  "live:sdk",
  { python: Process.python },
  Effect.fnUntraced(function*({ python }) {
    const url = yield* serving
    for (const version of versions) {
      const own = yield* Process.environment({ name: `tinker-${version}`, packages: [`tinker==${version}`], python })
      yield* Console.log((yield* Process.run(own, [Process.script("sdk.py"), url])).trim())
    }
  }, Effect.scoped)
).pipe(
  Command.withDescription("Tinker's SDK against envtune serve-engine"),
  Command.run({ version: "0" }),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
