import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Journal from "../../src/domain/Journal.ts"
import { ledgerBalances } from "../../src/domain/Report.ts"
import { attempts, simulate, type Simulated, type TrainedOn } from "./simulation.ts"

const reportsOf = ({ events }: Simulated) => events.flatMap((event) => event._tag === "StepDone" ? [event.report] : [])

const endOf = ({ events }: Simulated) => events.at(-1)

/** What each episode did while it was under way. */
const movesOf = ({ events }: Simulated): ReadonlyMap<string, string> => {
  const all = new Map<string, string>()
  for (const event of events) {
    if (event._tag !== "EpisodesMoved") continue
    for (const [task, members] of Object.entries(event.moves)) {
      for (const [member, moves] of members.split(",").entries()) {
        const id = Journal.episodeId(event.stageIndex, event.step, task, member)
        all.set(id, (all.get(id) ?? "") + moves)
      }
    }
  }
  return all
}

/** By one snapshot of the weights, which had not taken more than `most` steps since. */
const isSampledWithin = (most: number, { at, sampledBy }: TrainedOn): boolean => {
  const versions = new Set(sampledBy.flatMap((versions) => Array.from(versions)))
  const [version = Infinity] = versions
  return versions.size === 1 && version <= at && at - version <= most
}

/** Laws that hold for every run, whatever happens. */
const laws: Readonly<Record<string, (simulated: Simulated) => void>> = {
  "every attempted episode is trained, filtered or failed, once, and recorded under an id of its own": (simulated) => {
    const all = attempts(simulated)
    assert.strictEqual(new Set(all.map(({ id }) => id)).size, all.length)
    for (const { ledger, step } of reportsOf(simulated)) {
      assert.isTrue(ledgerBalances(ledger))
      const own = all.filter((attempted) => attempted.step === step)
      assert.strictEqual(own.length, ledger.attempted)
      assert.strictEqual(own.filter(({ fate }) => fate._tag === "Trained").length, ledger.trained)
    }
  },
  "no episode is in two batches, and what is trained on is what the record says": (simulated) => {
    const inBatches = simulated.trained.flatMap(({ batch }) =>
      batch.groups.flatMap(({ members }) =>
        members.map(({ episode }) => `${batch.step}/${episode.task.id}/${episode.seed}`)
      )
    )
    assert.strictEqual(new Set(inBatches).size, inBatches.length)
    const recorded = attempts(simulated)
      .filter(({ fate }) => fate._tag === "Trained")
      .map(({ seed, step, task }) => `${step}/${task.id}/${seed}`)
    assert.sameMembers(inBatches, recorded)
  },
  "a batch was sampled by one snapshot, which is not older than its bound, and the report says so": (simulated) => {
    const reports = reportsOf(simulated)
    for (const trained of simulated.trained) {
      const { batch } = trained
      assert.isAtMost(batch.staleness, simulated.world.settings.maxStaleness)
      assert.isTrue(isSampledWithin(batch.staleness, trained))
      const report = reports.find(({ step }) => step === batch.step)
      if (report !== undefined) assert.strictEqual(report.staleness ?? 0, batch.staleness)
    }
  },
  "no attempt outlives its deadline": ({ leases, world }) => {
    for (const { closed, opened } of leases) {
      assert.isAtMost(Math.round(closed - opened), world.settings.deadlineSeconds * 1000)
    }
  },
  "no episode is tried more often than it may be": (simulated) => {
    for (const { attempts: tried } of attempts(simulated)) {
      assert.isAtMost(tried, simulated.world.settings.retries + 1)
    }
  },
  "sessions are bounded, and all are closed": ({ mostOpen, open, world }) => {
    assert.strictEqual(open, 0)
    assert.isAtMost(mostOpen, world.settings.concurrency)
  },
  "the record says how the run ended": (simulated) => {
    const end = endOf(simulated)
    assert(end?._tag === "RunEnded")
    const steps = reportsOf(simulated).length
    if (end.outcome === "completed") assert.strictEqual(steps, 12)
    if (end.outcome === "failed") assert.include(end.detail, "it is gone")
    if (end.outcome === "interrupted") assert.isBelow(simulated.world.interruptedAt, Infinity)
  },
  "an interruption loses no step that was done": (simulated) => {
    const end = endOf(simulated)
    if (end?._tag !== "RunEnded" || end.outcome !== "interrupted") return
    const saved = simulated.events.findLast((event) => event._tag === "WeightsSaved")
    assert.strictEqual(saved?.step, reportsOf(simulated).length)
    assert.notStrictEqual(saved?.kind, "partial")
  },
  "what the journal says of an episode under way is what its record says in the end": (simulated) => {
    const moves = movesOf(simulated)
    for (const { attempts: begun, finished, id } of attempts(simulated)) {
      const all = moves.get(id) ?? ""
      const last = all.slice(all.lastIndexOf("(") + 1)
      assert.strictEqual(all.split("(").length - 1, begun)
      assert.strictEqual(last.at(-1), finished === undefined ? "x" : ")")
      if (finished === undefined) continue
      const { steps } = finished.episode
      assert.strictEqual(last.length - 1, steps.length)
      assert.strictEqual(last.split("|").length - 1, steps.filter(({ transition }) => transition.verdict).length)
    }
  },
  "what the journal notes can be written and read": ({ events }) => {
    const notes = events.filter(Schema.is(Journal.Noted))
    assert.isAbove(notes.length, 0)
    assert.deepStrictEqual(JSON.parse(JSON.stringify(notes)), notes)
  }
}

const seeds = Array.from({ length: 24 }, (_, seed) => seed)

describe("a simulated run", () => {
  it.effect("keeps every law in every world", () =>
    Effect.gen(function*() {
      const outcomes = new Set<string>()
      const causes = new Set<string>()
      /** By how many batches may be ahead: of how many the weights of one were at most, when it was trained on. */
      const oldest: Record<number, number> = {}
      let episodes = 0
      for (const seed of seeds) {
        const simulated = yield* simulate(seed)
        for (const [law, holds] of Object.entries(laws)) {
          try {
            holds(simulated)
          } catch (error) {
            throw new Error(`seed ${seed}: ${law}`, { cause: error })
          }
        }
        const { maxStaleness, optimization: { updatesPerBatch } } = simulated.world.settings
        for (const one of simulated.trained) {
          const ahead = maxStaleness / updatesPerBatch
          const age = [0, 1, 2].findIndex((batches) => isSampledWithin(batches * updatesPerBatch, one))
          oldest[ahead] = Math.max(oldest[ahead] ?? 0, age)
        }
        const end = endOf(simulated)
        if (end?._tag === "RunEnded") outcomes.add(end.outcome)
        for (const { fate } of attempts(simulated)) {
          episodes += 1
          causes.add(fate._tag === "Trained" ? "trained" : fate.cause)
        }
      }
      assert.sameMembers([...outcomes], ["completed", "failed", "interrupted"])
      assert.sameMembers([...causes], [
        "trained",
        "no_signal",
        "unscorable",
        "lone_member",
        "stage_over",
        "deadline",
        "PolicyUnavailable",
        "PolicyRefused",
        "SimulatorCrashed",
        "JudgeUnavailable"
      ])
      assert.isAbove(episodes, 5000)
      // A bound that is one less does not hold anywhere.
      assert.deepStrictEqual(oldest, { 0: 0, 1: 1, 2: 2 })
    }))

  it.effect("is the same again, to the millisecond", () =>
    Effect.gen(function*() {
      const [one, again] = [yield* simulate(5), yield* simulate(5)]
      assert.deepStrictEqual(reportsOf(again), reportsOf(one))
      assert.isAbove(reportsOf(one).length, 0)
    }))
})
