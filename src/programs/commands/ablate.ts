/** `envtune ablate`: what hints, the progress reward and the curriculum are worth, by leaving each out. */
import { Console, Effect, Option, Schema } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { ablate as run, arms } from "../ablate.ts"
import * as Contrasts from "../contrasts.ts"
import { Unavailable } from "../refusal.ts"
import * as Flags from "./flags.ts"

const decodeSeed = Schema.decodeEffect(Schema.FiniteFromString.pipe(Schema.decodeTo(Schema.Natural)))

const seedsOf = (given: ReadonlyArray<string>) =>
  Effect.forEach(given.length === 0 ? ["1"] : [...new Set(given)], (text) =>
    Effect.mapError(
      decodeSeed(text),
      () => new Unavailable({ detail: `--seeds ${given.join(",")}: "${text}" is no whole number from 0 on` })
    ))

export const ablate = Command.make(
  "ablate",
  {
    seeds: Flags.list("seeds").pipe(Flag.withDescription("One training of every arm for each; 1 when absent")),
    arms: Flags.list("arms").pipe(
      Flag.withDescription(`Of ${arms.map(({ name }) => name).join(", ")}; all when absent, full always`)
    ),
    minutes: Flags.minutes.pipe(
      Flag.withDescription("Training time of one training at most; until its stages end when absent"),
      Flag.optional
    ),
    out: Flags.path("out").pipe(
      Flag.withDefault("runs/ablation"),
      Flag.withDescription("The folder of the trainings and the page; trainings that it holds are not repeated")
    ),
    weights: Flags.weights,
    workers: Flags.workers,
    json: Flags.json
  },
  Effect.fn(function*({ arms, json, minutes, out, seeds, weights, workers }) {
    const { files, result } = yield* run({
      arms,
      seeds: yield* seedsOf(seeds),
      minutes: Option.getOrUndefined(minutes),
      out,
      weights,
      workers,
      json,
      say: (sentence) => Console.error(sentence)
    })
    const lines = json
      ? [JSON.stringify({ _tag: "Ablated", ...files, contrasts: result.contrasts })]
      : [
        "",
        ...Contrasts.ablation(result),
        "",
        ...Contrasts.statements(result),
        "",
        `page  ${files.page}`,
        `json  ${files.json}`
      ]
    yield* Effect.forEach(lines, (line) => Console.log(line), { discard: true })
  })
).pipe(
  Command.withDescription(
    "Train with everything and with one part left out, on the drills, and say which differences are significant"
  ),
  Command.withExamples([
    { command: "envtune ablate", description: "All arms once: about half an hour on two cores" },
    { command: "envtune ablate --seeds 1,2,3", description: "Three times; what is finished is not trained again" },
    { command: "envtune ablate --arms no-augment --minutes 3 --out runs/hints", description: "One arm, in a hurry" }
  ])
)
