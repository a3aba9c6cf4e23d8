/** `envtune drills`: what the built-in tasks are, by example. */
import { Console, Effect, Layer } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Augmentor from "../../domain/Augmentor.ts"
import type { Exercise } from "../../domain/drills/Drill.ts"
import { cellName } from "../../domain/Evaluation.ts"
import * as Seed from "../../domain/Seed.ts"
import type { Task } from "../../domain/Task.ts"
import { Parts } from "../parts.ts"
import { rollout } from "../rollout.ts"
import * as Text from "../text.ts"
import * as Transcript from "../transcript.ts"
import * as Flags from "./flags.ts"

const trapped = (some: ReadonlyArray<Exercise>): string =>
  Text.percent(some.filter(({ traps }) => traps.length > 0).length / some.length)

const counts = (exercises: ReadonlyArray<Exercise>): ReadonlyArray<string> => {
  const cells = Map.groupBy(exercises, ({ task }) => cellName(task))
  const scenarios = new Set(exercises.map(({ task }) => task.scenario)).size
  const kinds = Map.groupBy(exercises.flatMap(({ traps }) => traps), (trap) => trap)
  return [
    ...Text.table([
      ["", "tasks", "with a trap"],
      ...Array.from(cells, ([name, some]) => [name, String(some.length), trapped(some)])
    ]),
    `${exercises.length} tasks of ${scenarios} scenarios; ${trapped(exercises)} hold a trap: `
    + Array.from(kinds, ([trap, all]) => `${trap} ${all.length}`).join(", ")
  ]
}

/** Plays a task by its ground truth and tells what happened. */
const play = Effect.fnUntraced(function*(task: Task) {
  const episode = yield* rollout(task, {
    seed: 0,
    family: "drills",
    sampling: { temperature: 1, maxTokens: 1024 },
    maxSteps: 100
  })
  return ["", ...Transcript.lines(episode)]
})

export const drills = Command.make(
  "drills",
  {
    show: Flags.positive("show").pipe(
      Flag.withDefault(4),
      Flag.withDescription("Drills to play by their ground truth")
    ),
    seed: Flags.seed.pipe(Flag.withDescription("Of the generator of the training drills"))
  },
  Effect.fn(function*({ seed, show }) {
    const parts = yield* Parts
    const world = yield* parts.world({ data: undefined, seed })
    const exercises = parts.exercises(seed)
    const shown = new Seed.Draws(Seed.derive(seed, "show")).shuffle(exercises).slice(0, show)
    const played = yield* Effect.forEach(shown, ({ task }) => play(task)).pipe(
      Effect.provide(Layer.mergeAll(Layer.provide(world.environment, Augmentor.layerNone), world.oracle))
    )
    yield* Effect.forEach([...counts(exercises), ...played.flat()], (line) => Console.log(line), { discard: true })
  })
).pipe(
  Command.withDescription("Count the built-in tasks and play some of them by their ground truth"),
  Command.withExamples([{
    command: "envtune drills --show 8 --seed 2",
    description: "Eight drills of another training set"
  }])
)
