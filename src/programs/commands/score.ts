/** `envtune score`: what result files are worth, by BFCL's own rules. */
import { Console, Effect, Option } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Scores from "../../domain/bfcl/Scores.ts"
import { Parts } from "../parts.ts"
import type { Gap } from "../score.ts"
import * as Tables from "../tables.ts"
import * as Flags from "./flags.ts"

const shown = 5

const gapLine = ({ missing, path }: Gap): string =>
  `${path} has no result of ${missing.length} entries: ${missing.slice(0, shown).join(", ")}${
    missing.length > shown ? ", ..." : ""
  }`

export const score = Command.make(
  "score",
  {
    data: Flags.benchmark,
    results: Flag.String("results").pipe(
      Flag.withDescription("A folder of result files: of models, DIR/<model>/multi_turn/..., or of one model")
    ),
    out: Flag.String("out").pipe(
      Flag.withDescription("Write score files and their table there, as the official scorer does, byte for byte"),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    ),
    mode: Flag.Literals("mode", ["fc", "prompting", "qwen"]).pipe(
      Flag.withDescription(
        "How steps are read: tool calls, Python text, or Qwen's <tool_call> tags; told from the files when absent"
      ),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    ),
    split: Flag.String("split").pipe(
      Flag.withDefault("all"),
      Flag.withDescription("Score the test side of a split: by-scenario, seal, all, or a JSON file { train, test }")
    ),
    json: Flags.json
  },
  Effect.fn(function*({ data, json, ...options }) {
    const parts = yield* Parts
    const { gaps, models } = yield* parts.score({ ...options, data: data ?? (yield* parts.cache) })
    yield* Effect.forEach(gaps, (gap) => Console.error(gapLine(gap)), { discard: true })
    if (json) return yield* Console.log(JSON.stringify(Scores.toJson(models)))
    const lines = models.flatMap((model, i) => [...i === 0 ? [] : [""], ...Tables.scores(model)])
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
