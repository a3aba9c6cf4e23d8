#!/usr/bin/env node
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Config, Effect, Layer, Option, Stdio } from "effect"
import process from "node:process"
import * as Versions from "./layers/Versions.ts"
import { cli } from "./programs/cli.ts"

// Loaded when a command asks for it, so that --help and --version do not wait for simulators and an engine.
const parts = Layer.unwrap(Effect.map(Effect.promise(() => import("./programs/wiring.ts")), (wiring) => wiring.layer))

// Likewise, when there is an endpoint to send to.
const telemetry = Layer.unwrap(Effect.gen(function*() {
  const endpoint = yield* Config.option(Config.String("OTEL_EXPORTER_OTLP_ENDPOINT"))
  if (Option.isNone(endpoint)) return Layer.empty
  return (yield* Effect.promise(() => import("./layers/Telemetry.ts"))).layer
}))

// Whoever stops reading, as `head` does, does not stop a run.
process.stdout.on("error", () => undefined)

// Ctrl-C ends a run in order, once what must not be left halfway is done; a second one does not wait for that.
process.once("SIGINT", () => process.once("SIGINT", () => process.exit(130)))

Stdio.Stdio.use(({ args }) => Effect.flatMap(args, cli(parts, Versions.envtune))).pipe(
  Effect.provide([NodeServices.layer, telemetry]),
  NodeRuntime.runMain
)
