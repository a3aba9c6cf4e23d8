/** A recorded run of drills to look at: half of its episodes play the ground truth, the others try what a page must survive. */
import { Effect, FileSystem, Layer } from "effect"
import * as Advance from "../../../src/domain/Advance.ts"
import { actionable } from "../../../src/domain/augment/Actionable.ts"
import * as Augmentor from "../../../src/domain/Augmentor.ts"
import * as Curriculum from "../../../src/domain/Curriculum.ts"
import { Policy } from "../../../src/domain/Policy.ts"
import * as Protocol from "../../../src/domain/Protocol.ts"
import * as Reward from "../../../src/domain/Reward.ts"
import * as Drills from "../../../src/layers/Drills.ts"
import * as EngineScripted from "../../../src/layers/EngineScripted.ts"
import * as PolicyOracle from "../../../src/layers/PolicyOracle.ts"
import * as RunFolder from "../../../src/layers/RunFolder.ts"
import * as TrainerMemory from "../../../src/layers/TrainerMemory.ts"
import { defaults } from "../../../src/programs/evaluate.ts"
import { run } from "../../../src/programs/run.ts"
import { renderer } from "../world.ts"

export const hostile = "</pre><script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"

/** A message as long as anything a broken model says. */
export const longest = `${hostile}${"all work and no play ".repeat(500_000)}`

/** Fails, says something hostile while it thinks, and answers with it; once at unreasonable length. */
const messages = (seed: number): ReadonlyArray<string> => [
  Protocol.call("cd", { folder: hostile }, hostile),
  seed % 16 === 1 ? longest : Protocol.answer(hostile, "I give up.")
]

const policy = Layer.effect(
  Policy,
  Effect.map(Policy, (oracle) =>
    Policy.of({
      open: (context) => {
        if (context.seed % 2 === 0) return oracle.open(context)
        const said = messages(context.seed)
        let at = 0
        return Effect.succeed({
          act: () =>
            Effect.sync(() => ({
              message: { role: "assistant" as const, content: said[at++] ?? Protocol.answer(hostile) },
              tokens: {
                prompt: Int32Array.of(1, 2),
                completion: Int32Array.of(295, 137),
                logprobs: Float32Array.of(-0.1, -2)
              },
              stop: "stop" as const
            }))
        })
      }
    }))
).pipe(Layer.provide(PolicyOracle.layer))

const stage = (name: string, steps: number, augment: Augmentor.Augment) =>
  Curriculum.stage(name, {
    tasks: ({ category }) => category === "base",
    services: Layer.merge(Augmentor.layer(augment), Reward.layer(Reward.progress)),
    advance: Advance.after(steps),
    settings: { tasksPerStep: 2, groupSize: 6, refillRounds: 0, maxSteps: 12 }
  })

const curriculum = Curriculum.make({
  name: "of <b>drills</b>",
  environment: Drills.environment,
  stages: [stage("with hints", 3, actionable), stage("on its own", 2, Augmentor.none)]
})

/** Records the run into `folder`. */
export const record = (folder: string, seed = 1) =>
  run(curriculum, {
    seed,
    evaluation: { ...defaults, parts: ["transfer"], sampling: { temperature: 1, maxTokens: 8 } },
    about: { versions: { envtune: "0.0.0" }, options: { note: hostile } },
    weights: (name) => ({ path: name, recorded: name })
  }).pipe(
    Effect.provide([
      RunFolder.layer(folder),
      TrainerMemory.layer,
      policy,
      EngineScripted.layer(() => [10]),
      renderer,
      Drills.tasks({ seed: 1 })
    ])
  )

/** The run in a folder of its own. */
export const recorded = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = `${yield* fs.makeTempDirectoryScoped()}/run`
  yield* record(folder)
  return folder
})
