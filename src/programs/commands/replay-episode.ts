/** `envtune replay-episode`: whether a recorded episode comes out as it was recorded. */
import { Console, Effect } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { Unavailable } from "../refusal.ts"
import { type Difference, replayEpisode as replay } from "../replayEpisode.ts"
import { plural } from "../text.ts"
import * as Flags from "./flags.ts"

const lines = ({ at, recorded, replayed }: Difference): ReadonlyArray<string> => [
  at,
  `  recorded  ${recorded ?? "nothing"}`,
  `  replayed  ${replayed ?? "nothing"}`
]

export const replayEpisode = Command.make(
  "replay-episode",
  {
    run: Argument.String("run").pipe(Argument.withDescription("The folder of a run, finished or not")),
    id: Argument.String("id").pipe(
      Argument.withDescription("Of an episode that was finished, as episodes.jsonl.gz has it: stage/step/task/member")
    ),
    json: Flags.json
  },
  Effect.fn(function*({ id, json, run }) {
    const { calls, differences, record, verdicts } = yield* replay(run, id)
    const steps = record.finished?.steps.length ?? 0
    if (json) yield* Console.log(JSON.stringify({ id, steps, calls, verdicts, differences }))
    else {
      yield* Console.log(`${id}: ${steps} steps, ${calls} calls, ${verdicts} verdicts played again`)
      for (const line of differences.flatMap(lines)) yield* Console.log(line)
    }
    if (differences.length > 0) {
      const { length } = differences
      return yield* new Unavailable({ detail: `episode ${id} differs from its record in ${plural(length, "place")}` })
    }
    if (!json) yield* Console.log("all as recorded: messages, results, hints, verdicts, reward")
  })
).pipe(
  Command.withDescription("Execute an episode's calls again, and compare results and verdicts with the record"),
  Command.withExamples([
    { command: "envtune replay-episode runs/mine 2/41/drill_train_base_7/3", description: "One of a run's episodes" }
  ])
)
