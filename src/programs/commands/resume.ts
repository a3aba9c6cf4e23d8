/** `envtune resume`: a run that was cut short goes on as if it had not been. */
import { Console, Effect } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import { resume as resumeRun } from "../resume.ts"
import * as Flags from "./flags.ts"

export const resume = Command.make(
  "resume",
  {
    run: Argument.String("run").pipe(Argument.withDescription("The folder of a run that is not complete")),
    workers: Flags.workers,
    json: Flags.json
  },
  Effect.fn(function*({ json, run, workers }) {
    yield* resumeRun(run, { workers, json, say: (sentence) => Console.error(sentence) })
  })
).pipe(
  Command.withDescription(
    "Go on with a run from the last weights it saved, with the settings it began with; what had followed them is moved aside"
  ),
  Command.withExamples([
    { command: "envtune resume runs/mine", description: "After a crash, a reboot or Ctrl-C" }
  ])
)
