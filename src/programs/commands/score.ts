/** `envtune score`: what result files are worth, by BFCL's own rules. */
import { Console, Effect, Option } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Scores from "../../domain/bfcl/Scores.ts"
import { Parts } from "../parts.ts"
import * as Scored from "../scored.ts"
import * as Tables from "../tables.ts"
import * as Flags from "./flags.ts"

export const score = Command.make(
  "score",
  {
    data: Flags.benchmark,
    results: Flags.path("results").pipe(
      Flag.withDescription("A folder of result files: of models, DIR/<model>/multi_turn/..., or of one model")
    ),
    out: Flags.path("out").pipe(
      Flag.withDescription("Write score files and their table there, as the official scorer does, byte for byte"),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    ),
    mode: Flags.mode,
    split: Flag.String("split").pipe(
      Flag.withDefault("all"),
      Flag.withDescription("Score the test side of a split: by-scenario, seal, all, or a JSON file { train, test }")
    ),
    json: Flags.json
  },
  Effect.fn(function*({ data, json, ...options }) {
    const parts = yield* Parts
    const scoring = yield* parts.score({ ...options, data: data ?? (yield* parts.cache) })
    const { models } = scoring
    if (json) {
      const told = models.flatMap(({ model }) => Scored.warnings(scoring, model))
      yield* Effect.forEach(told, (line) => Console.error(line), { discard: true })
      return yield* Console.log(JSON.stringify(Scores.toJson(models)))
    }
    const lines = models.flatMap((model, i) => [
      ...i === 0 ? [] : [""],
      ...Tables.scores(model),
      ...Scored.notes(scoring, model)
    ])
    yield* Effect.forEach(lines, (line) => Console.log(line), { discard: true })
  })
).pipe(
  Command.withDescription("Score BFCL's result files, ours or the official runner's, as the official scorer does"),
  Command.withExamples([
    { command: "envtune score --data DIR --results result", description: "Accuracies with intervals, and why not" },
    {
      command: "envtune score --data DIR --results result --out score",
      description: "Also score files as the leaderboard has them"
    },
    {
      command: "envtune score --data DIR --results result --split by-scenario --json",
      description: "The held-out half, verdict by verdict"
    }
  ])
)
