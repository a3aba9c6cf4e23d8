/**
 * A curriculum of your own: hints while the tools are new, then none.
 *
 *     npx envtune tune examples/curriculum.ts --minutes 5    trains
 *     npx tsx examples/curriculum.ts                         plays one step of each stage, and trains nothing
 */
import { runMain } from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer, Stream } from "effect"
import { Actionable, Advance, Augmentor, Curriculum, Drills, PolicyBabbling, Reward } from "../src/index.ts"
import { RunStoreMemory, TrainerMemory, tune } from "../src/index.ts"

const progress = Reward.layer(Reward.progress)

const settings: Curriculum.Overrides<Curriculum.Settings> = {
  tasksPerStep: 16,
  groupSize: 8,
  maxSteps: 40,
  sampling: { maxTokens: 32 },
  optimization: { learningRate: 6e-4, warmupSteps: 10, loss: { klCoefficient: 0 } }
}

const curriculum = Curriculum.make({
  name: "hints, then none",
  environment: Drills.environment,
  stages: [
    Curriculum.stage("with hints", {
      tasks: (task) => task.category === "base",
      services: Layer.merge(Augmentor.layer(Actionable.actionable), progress),
      advance: Advance.any(Advance.successAbove(0.8, { window: 5 }), Advance.after(100)),
      settings
    }),
    Curriculum.stage("on its own", {
      tasks: () => true,
      services: Layer.merge(Augmentor.layerNone, progress),
      advance: Advance.any(Advance.plateau({ window: 20, tolerance: 0 }), Advance.after(100)),
      settings
    })
  ]
})

export default curriculum

/** No time to train: every stage is over after its first step. The agent babbles, and the trainer only keeps count. */
export const main = tune(curriculum, { seed: 1, seconds: 0 }).pipe(
  Stream.runForEach(({ hints, ledger: { attempted, trained }, reward, stage }) =>
    Console.log(`${stage}: ${attempted} episodes, reward ${reward.mean.toFixed(2)}, ${trained} to learn from`, hints)
  ),
  Effect.provide([Drills.tasks({ seed: 1 }), PolicyBabbling.layer, TrainerMemory.layer, RunStoreMemory.layer])
)

if (import.meta.main) runMain(main)
