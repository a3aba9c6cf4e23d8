/**
 * Whole runs in virtual time, with everything that goes wrong between a model, a simulator and a judge:
 * latency with a long tail, errors that pass and errors that do not, calls that never return, an engine that
 * is dead for a while, a trainer that breaks, a user who presses Ctrl-C. What happens is a function of the seed.
 */
import { Clock, Effect, Layer, Random, Ref } from "effect"
import { TestClock } from "effect/testing"
import * as Advance from "../../src/domain/Advance.ts"
import * as Curriculum from "../../src/domain/Curriculum.ts"
import { Environment, EnvironmentError, SimulatorCrashed } from "../../src/domain/Environment.ts"
import { type Player, Policy, PolicyError, PolicyRefused, PolicyUnavailable } from "../../src/domain/Policy.ts"
import * as Reward from "../../src/domain/Reward.ts"
import type { RunEvent } from "../../src/domain/RunStore.ts"
import * as Seed from "../../src/domain/Seed.ts"
import * as Tasks from "../../src/domain/Tasks.ts"
import { type Batch, EngineFailed, Trainer, TrainerError, updatesOf } from "../../src/domain/Trainer.ts"
import * as EngineScripted from "../../src/layers/EngineScripted.ts"
import * as EnvironmentToy from "../../src/layers/EnvironmentToy.ts"
import * as PolicyScripted from "../../src/layers/PolicyScripted.ts"
import * as RunStoreMemory from "../../src/layers/RunStoreMemory.ts"
import * as TrainerMemory from "../../src/layers/TrainerMemory.ts"
import { run } from "../../src/programs/run.ts"
import { hinting, renderer, task } from "./world.ts"

/** What goes wrong, and how often, in the world of a seed. */
export interface World {
  readonly seed: number
  /** Of calls of the policy; the rest answers. */
  readonly policy: { readonly unavailable: number; readonly refused: number; readonly hung: number }
  /** Of sessions that open, and of episodes that are scored. */
  readonly crashed: number
  readonly unscorable: number
  readonly judgeAway: number
  /** Milliseconds since the start in which nobody answers. */
  readonly dead: { readonly from: number; readonly to: number }
  /** The step whose update fails for good, and when a user interrupts; `Infinity` for never. */
  readonly breaksAt: number
  readonly interruptedAt: number
  readonly settings: Curriculum.Settings
}

/** One thing that was opened and closed. */
export interface Lease {
  readonly opened: number
  readonly closed: number
}

/** A batch, and how many updates had been made when it was trained on, and when the weights were there that sampled it. */
export interface TrainedOn {
  readonly batch: Batch
  readonly at: number
  /** By episode: of everything that was said in it. */
  readonly sampledBy: ReadonlyArray<ReadonlySet<number>>
}

export interface Simulated {
  readonly world: World
  readonly events: ReadonlyArray<RunEvent>
  readonly trained: ReadonlyArray<TrainedOn>
  readonly leases: ReadonlyArray<Lease>
  /** Sessions at once, at most, and when all was over. */
  readonly mostOpen: number
  readonly open: number
}

const stages = 2

export const worldOf = (seed: number): World => {
  const draws = new Seed.Draws(Seed.derive("world", seed))
  const upTo = (most: number) => draws.uniform() * most
  const updatesPerBatch = 1 + seed % 2
  const from = upTo(600_000)
  return {
    seed,
    policy: { unavailable: upTo(0.1), refused: upTo(0.02), hung: upTo(0.02) },
    crashed: upTo(0.1),
    unscorable: upTo(0.1),
    judgeAway: upTo(0.1),
    dead: { from, to: from + upTo(300_000) },
    breaksAt: draws.chance(0.2) ? draws.below(12) : Infinity,
    interruptedAt: draws.chance(0.2) ? upTo(600_000) : Infinity,
    settings: Curriculum.settings("simulation", {
      tasksPerStep: 4 + draws.below(12),
      groupSize: 2 + draws.below(6),
      concurrency: 1 + draws.below(64),
      refillRounds: draws.below(3),
      retries: draws.below(4),
      deadlineSeconds: 20 + draws.below(60),
      credit: draws.pick(["episode", "turn"]),
      optimization: { updatesPerBatch },
      maxStaleness: updatesPerBatch * draws.below(3)
    })
  }
}

const tasks = Array.from({ length: 24 }, (_, i) => task(`t${i}`, "train", i % 2 === 0 ? "base" : "long"))

const unavailable = new PolicyError({ reason: new PolicyUnavailable({ detail: "busy" }) })
const refused = new PolicyError({ reason: new PolicyRefused({ detail: "no" }) })

/** Everything that is provided to the run, and what it saw. */
const made = (world: World) => {
  const { seed } = world
  const roll = (...what: ReadonlyArray<string | number>) => Seed.uniform(Seed.derive(seed, ...what), 0)
  const leases: Array<Lease> = []
  const trained: Array<TrainedOn> = []
  const calls = new Map<number, number>()
  const sampledBy = new Map<number, Set<number>>()
  let open = 0
  let mostOpen = 0
  let updates = 0

  const scripted = PolicyScripted.layerEffect(Effect.fnUntraced(function*(conversation, context) {
    const call = calls.get(context.seed) ?? 0
    calls.set(context.seed, call + 1)
    const now = yield* Clock.currentTimeMillis
    if (now >= world.dead.from && now < world.dead.to) return yield* unavailable
    const fate = roll("policy", context.seed, call)
    // Pareto with shape 1.5: half of the calls take less than 0.8 s, one in a thousand 50 s.
    yield* Effect.sleep(500 * (1 - roll("latency", context.seed, call)) ** (-1 / 1.5))
    if (fate < world.policy.unavailable) return yield* unavailable
    if (fate < world.policy.unavailable + world.policy.refused) return yield* refused
    if (fate > 1 - world.policy.hung) return yield* Effect.never
    const asked = conversation.at(-1)?.content ?? ""
    if (conversation.length === 1 && fate < 0.5) return "call cd"
    return roll("answer", context.seed, conversation.length) < 0.6 ? asked.slice(-1) : "wrong"
  }))

  /** Notes by which weights everything is said. */
  const noted = ({ open }: Player, version: () => number): Player => ({
    open: (context) =>
      Effect.map(open(context), ({ act }) => ({
        act: (messages) =>
          Effect.suspend(() => {
            const versions = sampledBy.get(context.seed) ?? new Set()
            sampledBy.set(context.seed, versions.add(version()))
            return act(messages)
          })
      }))
  })
  const policy = Layer.effect(
    Policy,
    Effect.map(Policy, (policy) =>
      Policy.of({
        ...noted(policy, () => updates),
        snapshot: Effect.sync(() => {
          const version = updates
          return noted(policy, () => version)
        })
      }))
  ).pipe(Layer.provide(scripted))

  const leased = Effect.acquireRelease(
    Effect.map(Clock.currentTimeMillis, (opened) => {
      open += 1
      mostOpen = Math.max(mostOpen, open)
      return opened
    }),
    (opened) =>
      Effect.map(Clock.currentTimeMillis, (closed) => {
        open -= 1
        leases.push({ opened, closed })
      })
  )
  const environment = Layer.effect(
    Environment,
    Effect.map(Environment, (environment) =>
      Environment.of({
        open: Effect.fnUntraced(function*(opened, seed) {
          yield* leased
          const attempt = calls.get(seed) ?? 0
          calls.set(seed, attempt + 1)
          if (roll("open", seed, attempt) < world.crashed) {
            return yield* new EnvironmentError({
              reason: new SimulatorCrashed({ task: opened.id, cause: "out of memory" })
            })
          }
          return yield* environment.open(opened, seed)
        })
      }))
  ).pipe(Layer.provide(EnvironmentToy.layer))

  const reward = Layer.succeed(
    Reward.Reward,
    Reward.Reward.of({
      score: (episode) => {
        const attempt = calls.get(episode.seed) ?? 0
        calls.set(episode.seed, attempt + 1)
        if (roll("judge", episode.seed, attempt) < world.judgeAway) {
          return Effect.fail(new Reward.RewardError({ reason: new Reward.JudgeUnavailable({ detail: "away" }) }))
        }
        return Effect.succeed(
          roll("score", episode.seed) < world.unscorable ? Reward.unscorable("no judge") : Reward.progress(episode)
        )
      }
    })
  )

  const trainer = Layer.effect(
    Trainer,
    Effect.map(Trainer, (trainer) =>
      Trainer.of({
        step: Effect.fnUntraced(function*(batch) {
          const members = batch.groups.flatMap(({ members }) => members)
          trained.push({
            batch,
            at: updates,
            sampledBy: members.map(({ episode }) => sampledBy.get(Seed.derive(episode.seed, "policy")) ?? new Set())
          })
          // From a second, when sampling is what takes time, to two minutes.
          yield* Effect.sleep(1000 * 2 ** (7 * roll("update", batch.step)))
          if (batch.step >= world.breaksAt) {
            return yield* new TrainerError({ reason: new EngineFailed({ detail: "it is gone", retryable: false }) })
          }
          updates += updatesOf(batch.groups.length, batch.optimization)
          return yield* trainer.step(batch)
        })
      }))
  ).pipe(Layer.provide(TrainerMemory.layer))

  const curriculum = Curriculum.make({
    name: "simulated",
    environment,
    stages: Array.from({ length: stages }, (_, i) =>
      Curriculum.stage(`stage ${i}`, {
        tasks: () => true,
        services: Layer.merge(hinting, reward),
        advance: Advance.after(6),
        settings: world.settings
      }))
  })
  const services = Layer.mergeAll(
    policy,
    trainer,
    Tasks.layer(tasks, { source: "simulation" }),
    EngineScripted.layer(() => []),
    renderer
  )
  return { curriculum, services, seen: () => ({ leases, trained, mostOpen, open }) }
}

/** A whole run in the world of a seed, however long it takes in virtual time. */
export const simulate = Effect.fnUntraced(function*(seed: number) {
  const world = worldOf(seed)
  const { curriculum, seen, services } = made(world)
  const options = {
    seed,
    about: { versions: {}, options: {} },
    weights: (name: string) => ({ path: name, recorded: name })
  }
  const recorded = yield* RunStoreMemory.Recorded
  const fiber = yield* run(curriculum, options).pipe(
    Effect.provide(services),
    // Waits between attempts are jittered.
    Random.withSeed(seed),
    Effect.forkChild
  )
  for (let now = 0; fiber.pollUnsafe() === undefined; now += 60_000) {
    // It ends when the update under way does, which takes time, too.
    if (now >= world.interruptedAt) fiber.interruptUnsafe()
    yield* TestClock.adjust("1 minute")
  }
  const simulated: Simulated = { world, events: yield* Ref.get(recorded), ...seen() }
  return simulated
}, (simulating) => Effect.provide(simulating, [Layer.fresh(RunStoreMemory.layer), TestClock.layer()]))

/** Episodes that a simulated run attempted and recorded. */
export const attempts = ({ events }: Simulated) =>
  events.flatMap((event) => event._tag === "EpisodeAttempted" ? [event.attempted] : [])
