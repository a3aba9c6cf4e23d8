/**
 * A reward of your own: progress, less something for every call that failed on the way.
 *
 *     npx envtune tune examples/reward.ts --minutes 5    trains the paper's stages with it
 *     npx tsx examples/reward.ts                         scores a few episodes, turn by turn
 */
import { runMain } from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer } from "effect"
import { Augmentor, Drills, Episode, Paper, PolicyBabbling, Reward, rollout, Tasks } from "../src/index.ts"

/** Calls that failed, and those among them that had failed before, word for word. */
const failures: Reward.Rule = (episode) => {
  const turns = Array.from({ length: episode.turns }, (_, turn) => {
    const steps = episode.steps.filter((step) => step.turn === turn)
    const failed = Episode.outcomes({ ...episode, steps }).filter(({ ok }) => !ok)
    return { failed: failed.length, repeated: failed.length - new Set(failed.map(({ call }) => call)).size }
  })
  const sum = (term: "failed" | "repeated") => turns.reduce((total, turn) => total + turn[term], 0)
  const terms = { failed: sum("failed"), repeated: sum("repeated") }
  return Reward.scored(terms.failed + terms.repeated, terms, turns.map(({ failed, repeated }) => failed + repeated))
}

export const reward = Reward.weighted({ progress: [1, Reward.progress], failures: [-0.05, failures] })

export default Paper.drills(Drills.environment, { ...Paper.choices, reward })

export const main = Effect.gen(function*() {
  const { all } = yield* Tasks.Tasks
  for (const task of Tasks.ofPart(all, "train").slice(0, 8)) {
    const score = reward(yield* rollout(task, { seed: 1 }))
    yield* Console.log(`${task.id}  ${JSON.stringify(score)}`)
  }
}).pipe(Effect.provide([
  Drills.tasks({ seed: 1 }),
  Layer.provide(Drills.environment, Augmentor.layerNone),
  PolicyBabbling.layer
]))

if (import.meta.main) runMain(main)
