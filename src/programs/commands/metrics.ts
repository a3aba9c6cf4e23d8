/** `envtune metrics`: what a run measures, in the format of other tools. */
import { Console, Effect } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { writeTensorBoard } from "../metrics.ts"
import * as Flags from "./flags.ts"

export const metrics = Command.make(
  "metrics",
  {
    run: Argument.String("run").pipe(Argument.withDescription("The folder of a run; one that is on is followed")),
    tensorboard: Flags.path("tensorboard").pipe(
      Flag.withDescription("A folder for an event file of TensorBoard's; made when it is not there")
    )
  },
  Effect.fn(function*({ run, tensorboard }) {
    const { file, steps } = yield* writeTensorBoard(run, tensorboard)
    yield* Console.log(`${steps} steps in ${file}`)
  })
).pipe(
  Command.withDescription("Write what a run measures for TensorBoard, following it while it is on"),
  Command.withExamples([
    { command: "envtune metrics runs/mine --tensorboard board/mine", description: "Then: tensorboard --logdir board" }
  ])
)
