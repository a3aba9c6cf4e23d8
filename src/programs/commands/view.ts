/** `envtune view`: recorded runs in a browser, live while they are on. */
import { Config, Console, Effect, Layer, Option, Redacted } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as LocalServer from "../../layers/LocalServer.ts"
import { address, viewer } from "../viewer.ts"

const port = 4117

export const view = Command.make(
  "view",
  {
    runs: Argument.String("run").pipe(
      Argument.withDescription("Folders of runs, finished or not; two of them can be compared"),
      Argument.between(1, 2)
    ),
    host: Flag.String("host").pipe(
      Flag.withDefault("127.0.0.1"),
      Flag.withDescription("Address to listen on; another one than this machine's own needs a token")
    ),
    port: Flag.Int("port").pipe(Flag.withDefault(port), Flag.withDescription("0 for any that is free")),
    token: Flag.Redacted("token").pipe(
      Flag.withFallbackConfig(Config.Redacted("ENVTUNE_TOKEN")),
      Flag.withDescription("What readers have to know; in ENVTUNE_TOKEN, no list of processes shows it"),
      Flag.optional
    )
  },
  Effect.fn(function*({ host, port, runs, token }) {
    const known = Option.getOrUndefined(Option.map(token, (secret) => Redacted.value(secret)))
    return yield* Effect.flatMap(address(known), (url) => Console.log(`${url}\nCtrl-C ends it`)).pipe(
      Layer.effectDiscard,
      Layer.provide(viewer({ runs, host, token: known })),
      Layer.provide(LocalServer.layer(host, port)),
      Layer.launch
    )
  })
).pipe(
  Command.withDescription("Show recorded runs in a browser, live while they are on"),
  Command.withExamples([
    { command: "envtune view runs/mine", description: "One run" },
    { command: "envtune view runs/before runs/after", description: "Two, to compare" }
  ])
)
