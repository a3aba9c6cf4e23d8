/**
 * What everything around the policy and the trainer costs: CPU per turn, a turn being one assistant message and what it
 * causes, over drills with a policy that knows its messages beforehand.
 */
import { Effect, FileSystem, Layer, Stream } from "effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Advance from "../src/domain/Advance.ts"
import { actionable } from "../src/domain/augment/Actionable.ts"
import * as Augmentor from "../src/domain/Augmentor.ts"
import type { Curriculum } from "../src/domain/Curriculum.ts"
import type { Vocabulary } from "../src/domain/drills/Vocabulary.ts"
import { Environment } from "../src/domain/Environment.ts"
import type { Policy } from "../src/domain/Policy.ts"
import type { StepReport } from "../src/domain/Report.ts"
import * as Seed from "../src/domain/Seed.ts"
import type { Task } from "../src/domain/Task.ts"
import { ofPart, Tasks } from "../src/domain/Tasks.ts"
import * as Base from "../src/layers/Base.ts"
import * as Drills from "../src/layers/Drills.ts"
import * as RunFolder from "../src/layers/RunFolder.ts"
import * as RunStoreMemory from "../src/layers/RunStoreMemory.ts"
import * as TrainerMemory from "../src/layers/TrainerMemory.ts"
import { positive } from "../src/programs/commands/flags.ts"
import * as Paper from "../src/programs/curricula/paper.ts"
import { rollout } from "../src/programs/rollout.ts"
import { tune } from "../src/programs/tune.ts"
import * as Figures from "./Figures.ts"
import { messageOf, policyRecorded, policyRendering, record, type Recorded } from "./Scripts.ts"

const environment = Layer.provide(Drills.environment, Augmentor.layer(actionable))

const groupSize = 8
const tasksPerStep = 32

/** The stage with all categories and hints, for a number of steps. */
const curriculum = (steps: number): Curriculum => {
  const { stages, ...rest } = Paper.drills(Drills.environment)
  return {
    ...rest,
    stages: stages.slice(2, 3).map((stage) => ({
      ...stage,
      advance: Advance.after(steps),
      settings: { ...stage.settings, groupSize, tasksPerStep, refillRounds: 0 }
    }))
  }
}

/** As many episodes as `steps` steps of the curriculum have. */
const seatsOf = (tasks: ReadonlyArray<Task>, steps: number, round: number) => {
  const draws = new Seed.Draws(Seed.derive("bench", round))
  return draws.sample(tasks, tasksPerStep * steps).flatMap((task) =>
    Array.from({ length: groupSize }, (_, member) => ({ task, seed: Seed.derive(round, task.id, member) }))
  )
}

type Seats = ReturnType<typeof seatsOf>

/** The episodes' messages without a rollout around them, one episode after the other; how many there are. */
const step = Effect.fnUntraced(function*(seats: Seats, recorded: Recorded) {
  const environment = yield* Environment
  let turns = 0
  for (const { seed, task } of seats) {
    const session = yield* Effect.scoped(environment.open(task, seed))
    for (const completion of recorded(task, Seed.derive(seed, "policy"))) {
      yield* session.step(messageOf(completion, seed))
      turns++
    }
  }
  return turns
})

const roll = (seats: Seats) =>
  Effect.map(
    Effect.forEach(seats, ({ seed, task }) => rollout(task, { seed, family: task.id }), { concurrency: 512 }),
    (episodes) => episodes.reduce((sum, { steps }) => sum + steps.length, 0)
  )

const turnsOf = ({ codes }: StepReport): number => Object.values(codes).reduce((sum, count) => sum + count, 0)

const tuned = (steps: number, seed: number) =>
  tune(curriculum(steps), { seed }).pipe(Stream.runFold(() => 0, (turns, report) => turns + turnsOf(report)))

const inFolder = Layer.unwrap(
  Effect.map(
    FileSystem.FileSystem.use((files) => files.makeTempDirectoryScoped()),
    (folder) => RunFolder.layer(`${folder}/run`)
  )
)

export interface Options {
  /** Steps of 256 episodes in a round. */
  readonly steps: number
  readonly rounds: number
}

/** The first rounds warm up and do not count. */
const warmUps = 2

/** Microseconds of CPU per turn of work that says how many turns it had: the median of some rounds. */
const perTurn = Effect.fnUntraced(function*<E, R>(
  rounds: number,
  work: (round: number) => Effect.Effect<number, E, R>
) {
  const values: Array<number> = []
  for (let round = 0; round < rounds + warmUps; round++) {
    let turns = 0
    const { cpu } = yield* Figures.spent(Effect.tap(work(round), (had) => Effect.sync(() => turns = had)))
    if (round >= warmUps) values.push(cpu * 1e6 / turns)
  }
  return Figures.median(values)
})

const measureAll = Effect.fnUntraced(function*(vocabulary: Vocabulary, { rounds, steps }: Options) {
  const { all } = yield* Tasks
  const tasks = ofPart(all, "train")
  const recorded = yield* record(tasks, vocabulary)
  const policy = policyRecorded(recorded)
  const rolling = (policy: Layer.Layer<Policy>) => (round: number) =>
    Effect.provide(roll(seatsOf(tasks, steps, round)), policy)
  const budget: Figures.Target = { of: "value", bound: "at most", value: 50 }
  const unit = "us of CPU / turn"
  const figures: ReadonlyArray<Figures.Figure> = [
    {
      name: "environment alone",
      unit,
      value: yield* perTurn(rounds, (round) => step(seatsOf(tasks, steps, round), recorded))
    },
    { name: "rollout", unit, value: yield* perTurn(rounds, rolling(policy)) },
    {
      name: "rollout with rendering and parsing of tokens",
      unit,
      value: yield* perTurn(rounds, rolling(policyRendering(tasks, vocabulary)))
    },
    {
      name: "tune, record in memory",
      unit,
      value: yield* perTurn(
        rounds,
        (round) => Effect.provide(tuned(steps, round), [policy, TrainerMemory.layer, RunStoreMemory.layer])
      ),
      target: budget
    },
    {
      name: "tune, record in a folder",
      unit,
      value: yield* perTurn(
        rounds,
        (round) => Effect.provide(tuned(steps, round), [policy, TrainerMemory.layer, inFolder])
      ),
      target: budget
    }
  ]
  return figures
})

export const measure = Effect.fnUntraced(function*(options: Options) {
  const { vocabulary } = yield* Base.read()
  const figures = yield* measureAll(vocabulary, options).pipe(
    Effect.provide([environment, Drills.tasks({ seed: 1 })])
  )
  const about =
    `drills, ${options.steps} steps of ${tasksPerStep} groups of ${groupSize} a round; without the policy and the trainer`
  const findings: Figures.Findings = { bench: "pipeline", about, figures }
  return findings
})

export const command = Command.make(
  "pipeline",
  {
    steps: positive("steps").pipe(Flag.withDefault(8), Flag.withDescription("Steps of 256 episodes in a round")),
    rounds: Figures.rounds(7),
    json: Figures.json
  },
  Effect.fnUntraced(function*(options) {
    yield* Figures.print(yield* measure(options), options)
  })
).pipe(Command.withDescription("Measures what the pipeline costs around a policy and a trainer"))
