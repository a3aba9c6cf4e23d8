/**
 * The command tree. It needs a platform, which `main.ts` gives it, and the parts that commands
 * are assembled from.
 *
 * Whoever asks for something that cannot be had reads one sentence on stderr, and the exit code
 * is 1: everything typed as an error is the user's to know. A defect is ours, and shows its trace.
 */
import type { Layer } from "effect"
import { Console, Effect, References, Runtime, Schema } from "effect"
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import { ablate } from "./commands/ablate.ts"
import { compare } from "./commands/compare.ts"
import { conformance } from "./commands/conformance.ts"
import { data } from "./commands/data.ts"
import { doctor } from "./commands/doctor.ts"
import { drills } from "./commands/drills.ts"
import { evaluate } from "./commands/evaluate.ts"
import { hints } from "./commands/hints.ts"
import { metrics } from "./commands/metrics.ts"
import { pretrain } from "./commands/pretrain.ts"
import { replayEpisode } from "./commands/replay-episode.ts"
import { replay } from "./commands/replay.ts"
import { report } from "./commands/report.ts"
import { rescore } from "./commands/rescore.ts"
import { resume } from "./commands/resume.ts"
import { score } from "./commands/score.ts"
import { serveEngine } from "./commands/serve-engine.ts"
import { split } from "./commands/split.ts"
import { tune } from "./commands/tune.ts"
import { validate } from "./commands/validate.ts"
import { view } from "./commands/view.ts"
import type { Parts } from "./parts.ts"
import { oneLine } from "./text.ts"

/** Parts are made for the commands that need them, when they need them. */
const envtune = <E, R>(parts: Layer.Layer<Parts, E, R>) =>
  Command.make("envtune").pipe(
    Command.withDescription("Environment Tuning: train tool-using agents by tuning the environment they explore"),
    Command.withSubcommands([
      tune.pipe(Command.provide(parts)),
      resume.pipe(Command.provide(parts)),
      evaluate.pipe(Command.provide(parts)),
      score.pipe(Command.provide(parts)),
      compare.pipe(Command.provide(parts)),
      report,
      ablate.pipe(Command.provide(parts)),
      rescore,
      replayEpisode.pipe(Command.provide(parts)),
      view.pipe(Command.provide(parts)),
      metrics,
      drills.pipe(Command.provide(parts)),
      pretrain.pipe(Command.provide(parts)),
      serveEngine.pipe(Command.provide(parts)),
      split.pipe(Command.provide(parts)),
      conformance.pipe(Command.provide(parts)),
      hints.pipe(Command.provide(parts)),
      doctor.pipe(Command.provide(parts)),
      data.pipe(Command.provide(parts)),
      validate.pipe(Command.provide(parts)),
      replay.pipe(Command.provide(parts))
    ])
  )

/** What was wrong has been said: the process ends with code 1 and no further words. */
export class Told extends Schema.TaggedError<Told>()("Told", { message: Schema.String }) {
  override readonly [Runtime.errorReported] = false
}

const sentence = (error: Error): string => `envtune: ${oneLine(error.message)}`

/** A wrong invocation gets its sentence, and where to read more, instead of the whole help. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Console.error([...event.errors.map(sentence), `  see ${event.commandPath.join(" ")} --help`].join("\n"))
      : CliOutput.defaultPresenter.present(event)
}

/** Whatever a command fails with, in one sentence. What the command line itself gets wrong has been said already. */
const tell = (error: Error): Effect.Effect<never, CliError.CliError | Told> =>
  CliError.isCliError(error)
    ? Effect.fail(error)
    : Effect.andThen(Console.error(sentence(error)), Effect.fail(new Told({ message: error.message })))

/** Runs the command that the arguments name, with these parts. Logs go to stderr. */
export const cli = <E extends Error, R>(parts: Layer.Layer<Parts, E, R>, version: string) => {
  const command = Command.runWith(envtune(parts), { version })
  return (given: ReadonlyArray<string>) =>
    command(given).pipe(
      Effect.catch(tell),
      Effect.provideService(CliOutput.Presenter, presenter),
      Effect.provideService(References.LogToStderr, true)
    )
}
