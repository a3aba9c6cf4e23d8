/**
 * One pipeline with a long queue, in a process of its own: `node --expose-gc queue.ts evaluate|tune EPISODES IN_FLIGHT`.
 *
 * As many episodes as may be in flight are opened and wait for their first message; then it is measured what everything
 * together takes, and they are played to the end. It prints `Measured` as a line of JSON.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, FileSystem, Latch, Layer, Schema, Stream } from "effect"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Advance from "../src/domain/Advance.ts"
import { actionable } from "../src/domain/augment/Actionable.ts"
import * as Augmentor from "../src/domain/Augmentor.ts"
import type { Curriculum } from "../src/domain/Curriculum.ts"
import { Policy } from "../src/domain/Policy.ts"
import { ofPart, Tasks } from "../src/domain/Tasks.ts"
import * as Base from "../src/layers/Base.ts"
import * as Drills from "../src/layers/Drills.ts"
import * as RunFolder from "../src/layers/RunFolder.ts"
import * as TrainerMemory from "../src/layers/TrainerMemory.ts"
import * as Paper from "../src/programs/curricula/paper.ts"
import { defaults, evaluate } from "../src/programs/evaluate.ts"
import { tune } from "../src/programs/tune.ts"
import * as Figures from "./Figures.ts"
import { Measured } from "./memory.ts"
import { policyRecorded, record } from "./Scripts.ts"

const encode = Schema.encodeEffect(Schema.fromJsonString(Measured))

const groupSize = 8

/** One step of so many episodes, in the stage with all categories and hints. */
const curriculum = (episodes: number, concurrency: number): Curriculum => {
  const { stages, ...rest } = Paper.drills(Drills.environment)
  return {
    ...rest,
    stages: stages.slice(2, 3).map((stage) => ({
      ...stage,
      advance: Advance.after(1),
      settings: { ...stage.settings, groupSize, tasksPerStep: episodes / groupSize, refillRounds: 0, concurrency }
    }))
  }
}

/** The policy behind a gate, which opens when `inFlight` episodes wait at it. */
const gated = (inFlight: number, atGate: Effect.Effect<void>) =>
  Layer.effect(
    Policy,
    Effect.gen(function*() {
      const policy = yield* Policy
      const gate = yield* Latch.make()
      let waiting = 0
      const arrive = Effect.suspend(() => {
        waiting += 1
        return waiting === inFlight ? Effect.andThen(atGate, gate.open) : gate.await
      })
      return Policy.of({
        open: (context) =>
          Effect.map(policy.open(context), ({ act }) => ({ act: (messages) => Effect.andThen(arrive, act(messages)) }))
      })
    })
  )

const inFolder = Layer.unwrap(
  Effect.map(
    FileSystem.FileSystem.use((files) => files.makeTempDirectoryScoped()),
    (folder) => RunFolder.layer(`${folder}/run`)
  )
)

const measure = Effect.fnUntraced(function*(pipeline: "evaluate" | "tune", episodes: number, inFlight: number) {
  const { vocabulary } = yield* Base.read()
  const { all } = yield* Tasks
  const tasks = ofPart(all, "train")
  const recorded = yield* record(tasks, vocabulary)
  const before = yield* Figures.inUse
  const resident = process.memoryUsage.rss()
  let queued = before
  const policy = Layer.provide(
    gated(
      inFlight,
      Effect.map(Figures.inUse, (bytes) => {
        queued = bytes
      })
    ),
    policyRecorded(recorded)
  )
  const samples = Math.ceil(episodes / tasks.length)
  if (pipeline === "evaluate") {
    const options = { ...defaults, parts: ["train"], samples, concurrency: inFlight } as const
    yield* Effect.provide(evaluate(options), policy)
  } else {
    const steps = tune(curriculum(episodes, inFlight), { seed: 1 })
    yield* Effect.provide(Stream.runDrain(steps), [policy, TrainerMemory.layer, inFolder])
  }
  return yield* encode({
    episodes: pipeline === "evaluate" ? samples * tasks.length : episodes,
    before,
    queued,
    resident,
    peak: process.resourceUsage().maxRSS * 1024
  })
})

Command.make(
  "queue",
  {
    pipeline: Argument.Literals("pipeline", ["evaluate", "tune"]),
    episodes: Argument.Int("episodes"),
    inFlight: Argument.Int("in-flight")
  },
  Effect.fnUntraced(function*({ episodes, inFlight, pipeline }) {
    yield* Console.log(yield* measure(pipeline, episodes, inFlight))
  })
).pipe(
  Command.withDescription("Measures what a queue of episodes takes of memory"),
  Command.run({ version: "0" }),
  Effect.provide([
    Layer.provide(Drills.environment, Augmentor.layer(actionable)),
    Drills.tasks({ seed: 1 }),
    NodeServices.layer
  ]),
  NodeRuntime.runMain
)
