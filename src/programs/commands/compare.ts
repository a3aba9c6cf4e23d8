/** `envtune compare`: whether one policy is better than another on the same tasks. */
import { Console, Effect, Option } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { Parts } from "../parts.ts"
import * as Tables from "../tables.ts"
import * as Flags from "./flags.ts"

const place =
  "result or score files, what score --json or evaluate --json printed, or a run; #NAME chooses a model in it"

export const compare = Command.make(
  "compare",
  {
    first: Argument.String("A").pipe(Argument.withDescription(`Outcomes of one policy: ${place}`)),
    second: Argument.String("B").pipe(Argument.withDescription("Outcomes of another one, likewise")),
    data: Flags.data.pipe(Flag.withDescription("The folder with BFCL's data, for result and score files")),
    split: Flag.String("split").pipe(
      Flag.withDescription(
        "Compare the test side of a split: by-scenario, seal, or a JSON file; everything when absent"
      ),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    ),
    mode: Flags.mode.pipe(
      Flag.withDescription(
        "How result files of both are read; for two that are read differently, compare what score --mode --json prints"
      )
    ),
    seed: Flags.seed.pipe(Flag.withDescription("Of the bootstrap")),
    json: Flags.json
  },
  Effect.fn(function*({ json, ...options }) {
    const { warnings, ...compared } = yield* (yield* Parts).compare(options)
    yield* Effect.forEach(warnings, (line) => Console.error(line), { discard: true })
    if (json) return yield* Console.log(JSON.stringify(compared))
    yield* Effect.forEach(Tables.paired(compared), (line) => Console.log(line), { discard: true })
  })
).pipe(
  Command.withDescription(
    "Compare two policies task by task: fixed and broken tasks, McNemar's exact p, an interval of the difference"
  ),
  Command.withExamples([
    {
      command: "envtune compare result/base result/tuned --data DIR --split by-scenario",
      description: "Two models on the held-out half"
    },
    { command: "envtune compare runs/mine#before runs/mine", description: "What a run changed" },
    { command: "envtune compare before.json after.json --json", description: "Two evaluations, for machines" }
  ])
)
