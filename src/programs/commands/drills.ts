/** `envtune drills`: what the built-in tasks are, by example. */
import { Console, Effect, Layer } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Augmentor from "../../domain/Augmentor.ts"
import { cellName } from "../../domain/Evaluation.ts"
import * as Seed from "../../domain/Seed.ts"
import type { Task } from "../../domain/Task.ts"
import { Tasks } from "../../domain/Tasks.ts"
import { Parts } from "../parts.ts"
import { rollout } from "../rollout.ts"
import * as Text from "../text.ts"
import * as Transcript from "../transcript.ts"
import * as Flags from "./flags.ts"

const counts = (tasks: ReadonlyArray<Task>): ReadonlyArray<string> => {
  const cells = new Map<string, number>()
  for (const task of tasks) cells.set(cellName(task), (cells.get(cellName(task)) ?? 0) + 1)
  const scenarios = new Set(tasks.map(({ scenario }) => scenario)).size
  return [
    ...Text.table([...cells].map(([name, count]) => [name, String(count)])),
    `${tasks.length} tasks of ${scenarios} scenarios`
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
    yield* Effect.gen(function*() {
      const { all } = yield* Tasks
      const shown = new Seed.Draws(Seed.derive(seed, "show")).shuffle(all).slice(0, show)
      const played = yield* Effect.forEach(shown, play)
      yield* Effect.forEach([...counts(all), ...played.flat()], (line) => Console.log(line), { discard: true })
    }).pipe(
      Effect.provide(Layer.mergeAll(world.tasks, Layer.provide(world.environment, Augmentor.layerNone), world.oracle))
    )
  })
).pipe(
  Command.withDescription("Count the built-in tasks and play some of them by their ground truth"),
  Command.withExamples([{
    command: "envtune drills --show 8 --seed 2",
    description: "Eight drills of another training set"
  }])
)
