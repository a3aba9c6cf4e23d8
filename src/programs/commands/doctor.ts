/** `envtune doctor`: whether a trainer's server does what a run would rely on. */
import { Config, Console, Effect, Option } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Name, presets } from "../../domain/tinker/ServerProfile.ts"
import { Parts } from "../parts.ts"
import { Unavailable } from "../refusal.ts"
import * as Flags from "./flags.ts"

export const doctor = Command.make(
  "doctor",
  {
    trainer: Flag.String("trainer").pipe(
      Flag.withDescription("Where the server is, without /api/v1; its key, if it wants one, is in TINKER_API_KEY")
    ),
    profile: Flag.Literals("profile", Name.literals).pipe(
      Flag.withDescription("What kind of server it is; found out where possible when absent"),
      Flag.optional
    ),
    baseModel: Flag.String("base-model").pipe(
      Flag.withDescription("The model to try, as the server calls it; its only one when absent"),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    ),
    rank: Flags.positive("rank").pipe(
      Flag.withDefault(8),
      Flag.withDescription("Of the adapters that are trained for the checks")
    )
  },
  Effect.fn(function*({ baseModel, profile, rank, trainer }) {
    const parts = yield* Parts
    const key = yield* Config.Redacted("TINKER_API_KEY").pipe(Config.option)
    const { healthy, lines } = yield* parts.doctor({
      url: trainer,
      apiKey: Option.getOrUndefined(key),
      profile: Option.getOrUndefined(Option.map(profile, (name) => presets[name])),
      baseModel,
      rank
    })
    yield* Effect.forEach(lines, (line) => Console.log(line), { discard: true })
    if (!healthy) {
      return yield* new Unavailable({ detail: "a run on this server would not do what it says; see above" })
    }
  })
).pipe(
  Command.withDescription("Try on scratch models whether a Tinker server computes what it is asked for"),
  Command.withExamples([
    { command: "envtune doctor --trainer http://127.0.0.1:8000", description: "Find out what it is" },
    {
      command: "envtune doctor --trainer http://127.0.0.1:8000 --profile skyrl-jax",
      description: "Exit code 0 when it is that"
    }
  ])
)
