/** `envtune report`: a recorded run as one page. */
import { Console, Effect, Option } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { writeReport } from "../report.ts"
import * as Flags from "./flags.ts"

export const report = Command.make(
  "report",
  {
    run: Argument.String("run").pipe(Argument.withDescription("The folder of a run, finished or not")),
    out: Flags.path("out").pipe(
      Flag.withDescription("The page to write, over whatever is there; report.html in the run's folder when absent"),
      Flag.optional
    )
  },
  Effect.fn(function*({ out, run }) {
    yield* Console.log(yield* writeReport(run, Option.getOrUndefined(out)))
  })
).pipe(
  Command.withDescription("Write a run as one self-contained HTML page"),
  Command.withExamples([{ command: "envtune report runs/mine", description: "Writes runs/mine/report.html" }])
)
